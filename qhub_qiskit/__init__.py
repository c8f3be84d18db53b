"""Qiskit's face of the Hub.

from qhub_qiskit import HubProvider

backend = HubProvider.local().get_backend("kipu.sim.qsim")
counts = backend.run(transpile(circuit, backend), shots=1000).result().get_counts()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend import HubBackend, StaleTargetWarning
    from .estimator import HubEstimator
    from .job import HubJob
    from .provider import HubProvider
    from .runtime.service import HubRuntimeService
    from .sampler import HubSampler
    from .session import HubSession

__all__ = [
    "HubBackend",
    "HubEstimator",
    "HubJob",
    "HubProvider",
    "HubRuntimeService",
    "HubSampler",
    "HubSession",
    "StaleTargetWarning",
]

_HOMES = {
    "HubBackend": "backend",
    "HubEstimator": "estimator",
    "HubJob": "job",
    "HubProvider": "provider",
    "HubRuntimeService": "runtime.service",
    "HubSampler": "sampler",
    "HubSession": "session",
    "StaleTargetWarning": "backend",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name != "HubProvider":
        from shared_transport.extras import require_extra

        require_extra(f"qhub_qiskit.{name}", "qiskit", "qiskit.circuit")
        if name == "HubRuntimeService":
            require_extra(f"qhub_qiskit.{name}", "runtime", "qiskit_ibm_runtime")
    from shared_transport.loading import without_collection

    with without_collection():
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
