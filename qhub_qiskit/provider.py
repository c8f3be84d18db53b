"""`HubProvider`: the way in."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.embedded import embedded_hub
from shared_transport.errors import NotFoundError, ValidationError
from shared_transport.extras import require_extra
from shared_transport.settings import Settings

if TYPE_CHECKING:
    from .backend import HubBackend
    from .job import HubJob

__all__ = ["HubProvider"]


class HubProvider:
    """The Hub's backends and jobs for Qiskit.

    Args:
        token: The token; else the environment and the config file.
        organization: The organization's id; likewise.
        base_url: The Hub's address; else ``QHUB_QUANTUM_BASE_URL``, else the public Hub.
        allow_http: Accept plain http to another machine.
        client: A client to use instead of the other arguments.

    Attributes:
        client: The `HubClient`, for the API itself.
    """

    def __init__(
        self,
        token: str | SecretStr | None = None,
        *,
        organization: str | None = None,
        base_url: str | None = None,
        allow_http: bool | None = None,
        client: HubClient | None = None,
    ) -> None:
        self.client = client or HubClient(
            Settings.resolve(
                token=token, organization=organization, base_url=base_url, allow_http=allow_http
            )
        )

    @classmethod
    def local(
        cls,
        *,
        seed: int | None = None,
        state: str | Path | None = None,
        workers: int | None = None,
    ) -> HubProvider:
        """The embedded Hub of this process, with real simulators; no account is needed.

        Args:
            seed: Makes job ids and results reproducible.
            state: Folder that keeps jobs beyond the process; else a temporary one.
            workers: Number of worker processes; else one a core.

        Raises:
            MissingExtraError: The extra ``local`` is not installed.
        """
        return cls(client=HubClient(embedded_hub(seed=seed, state=state, workers=workers)))

    def backends(self) -> list[HubBackend]:
        """The backends that Qiskit circuits can run on."""
        HubBackend = _backend_class()
        usable = []
        for described in self.client.backends.list():
            try:
                usable.append(HubBackend(self.client, described, provider=self))
            except ValidationError:
                continue  # no room serves its input formats: get_backend(id) says so
        return usable

    def get_backend(self, name: str) -> HubBackend:
        """One backend by its id.

        Raises:
            NotFoundError: The Hub has none of this id; the error offers the nearest ones.
            ValidationError: Qiskit circuits cannot run on it.
        """
        HubBackend = _backend_class()
        try:
            described = self.client.backends.get(name)
        except NotFoundError as problem:
            error = problem
        else:
            return HubBackend(self.client, described, provider=self)
        ids = sorted(backend.id for backend in self.client.backends.list())
        close = difflib.get_close_matches(name, ids, 3) or ids
        error.hint = f"Did you mean {' or '.join(map(repr, close))}?" if close else None
        error.message = f"The Hub has no backend {name!r}."
        error.hub_says = None
        raise error

    def job(self, job_id: str) -> HubJob:
        """Open a job by its id, in any process, whoever created it.

        Raises:
            NotFoundError: The Hub has no such job.
        """
        _backend_class()
        from .job import HubJob

        return HubJob.open(self.client, job_id)

    def __repr__(self) -> str:
        return f"<HubProvider {self.client.settings.base_url}>"


def _backend_class() -> type[HubBackend]:
    require_extra("Qiskit's face of the Hub", "qiskit", "qiskit.circuit")
    from .backend import HubBackend

    return HubBackend
