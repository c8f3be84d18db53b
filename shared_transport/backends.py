"""The operations on backends, for both clients."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from . import operations
from .groups import AsyncGroup, Group, SyncGroup, both
from .models import Backend, BackendStateInfo, Calibration
from .steps import Steps

__all__ = ["AsyncBackends", "Backends"]


class _BackendCalls(Group):
    """What both clients do with backends, as steps."""

    @both
    def list(self, *, provider: str | None = None) -> Steps[list[Backend]]:
        """All backends, or those of one provider. Works without a token, in a reduced view."""
        return self._execute(operations.get_backends(provider))

    @both
    def get(self, backend_id: str) -> Steps[Backend]:
        """One backend.

        Raises:
            NotFoundError: The Hub has none of this id.
        """
        return self._execute(operations.get_backend(backend_id))

    @both
    def status(self, backend_id: str) -> Steps[BackendStateInfo]:
        """Whether a backend runs, and its queue."""
        return self._execute(operations.get_backend_status(backend_id))

    @both
    def config(self, backend_id: str) -> Steps[dict[str, Any]]:
        """A backend's device document, in the vendor's own form."""
        return self._execute(operations.get_backend_config(backend_id))

    @both
    def calibration(
        self, backend_id: str, *, effective_at: datetime | None = None
    ) -> Steps[Calibration | None]:
        """A backend's calibration: the newest, or the one effective at a time. None if there is none."""
        return self._execute(operations.get_backend_calibration(backend_id, effective_at))

    @both
    def least_busy(self, provider: str, *, min_qubits: int | None = None) -> Steps[Backend]:
        """The least busy backend of a provider. The Hub answers this for IBM only."""
        return self._execute(operations.get_least_busy_backend(provider, min_qubits))

    @both
    def calibration_history(self, backend_id: str) -> Steps[Any]:
        """A backend's earlier calibrations (API 3.3).

        Raises:
            NotFoundError: This Hub has no such read.
        """
        return self._execute(operations.get_backend_calibration_history(backend_id))


class Backends(_BackendCalls, SyncGroup):
    """The Hub's backends."""


class AsyncBackends(_BackendCalls, AsyncGroup):
    """The Hub's backends, to be awaited."""
