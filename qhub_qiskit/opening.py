"""Which class a backend of the Hub is."""

from __future__ import annotations

from importlib.util import find_spec

from shared_transport.client import HubClient
from shared_transport.models import Backend

from .backend import HubBackend

__all__ = ["open_backend"]


def open_backend(client: HubClient, described: Backend, *, provider: object = None) -> HubBackend:
    """A backend as Qiskit sees it: one of IBM's as an `IBMBackend` too, where qiskit_ibm_runtime is installed.

    Args:
        client: The Hub.
        described: What it says of the backend.
        provider: The provider that it was asked of.

    Raises:
        ValidationError: Qiskit circuits cannot run on it.
    """
    backend = HubBackend(client, described, provider=provider)
    if not backend.runs_programs or find_spec("qiskit_ibm_runtime") is None:
        return backend
    from .runtime.backend import HubIBMBackend
    from .runtime.service import HubRuntimeService

    return HubIBMBackend(HubRuntimeService(client=client), described, provider=provider)
