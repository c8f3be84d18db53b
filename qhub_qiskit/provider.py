"""`HubProvider`: the way to the Hub's backends for users of Qiskit."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from shared_transport.errors import ValidationError
from shared_transport.extras import require_extra
from shared_transport.provider import ProviderBase

if TYPE_CHECKING:
    from .backend import HubBackend
    from .job import HubJob

__all__ = ["HubProvider"]

_log = logging.getLogger(__name__)


class HubProvider(ProviderBase):
    """The Hub's backends and jobs, for users of Qiskit. `ProviderBase` tells how one is made."""

    def backends(self) -> list[HubBackend]:
        """The backends that Qiskit circuits can run on. Works without a token."""
        require_extra("A Qiskit backend", "qiskit", "qiskit.circuit")
        from .backend import HubBackend

        usable = []
        for described in self.client.backends.list():
            try:
                usable.append(HubBackend(self.client, described, provider=self))
            except ValidationError as problem:
                _log.debug("left out: %s", problem)
        return usable

    def get_backend(self, name: str) -> HubBackend:
        """A backend by its Hub id, such as ``kipu.sim.qsim``.

        Raises:
            NotFoundError: The Hub has none of this id; the error offers the nearest ones.
            ValidationError: Qiskit circuits cannot run on it.
            MissingExtraError: Qiskit is not installed.
        """
        require_extra("A Qiskit backend", "qiskit", "qiskit.circuit")
        from .backend import HubBackend

        return HubBackend(self.client, self._describe(name), provider=self)

    def job(self, job_id: str) -> HubJob:
        """Open a job by its id, in any process, whoever created it.

        Raises:
            NotFoundError: The Hub has no such job.
            MissingExtraError: Qiskit is not installed.
        """
        require_extra("A Qiskit job", "qiskit", "qiskit.circuit")
        from .job import HubJob

        return HubJob.open(self.client, job_id)
