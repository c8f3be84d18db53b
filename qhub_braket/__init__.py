"""Braket's face of the Hub.

    from qhub_braket import HubProvider
    device = HubProvider.local().get_device("aws.sim.sv1")
    task = device.run(circuit, shots=1000)
    task.result().measurement_counts

`import qhub_braket` alone loads no SDK; what needs amazon-braket-sdk loads it at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batch import HubQuantumTaskBatch
    from .device import HubDevice
    from .provider import HubProvider
    from .task import HubQuantumTask

__all__ = ["HubDevice", "HubProvider", "HubQuantumTask", "HubQuantumTaskBatch"]

_HOMES = {
    "HubProvider": "provider",
    "HubDevice": "device",
    "HubQuantumTask": "task",
    "HubQuantumTaskBatch": "batch",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name != "HubProvider":
        from shared_transport.extras import require_extra

        # `braket` alone proves nothing: several distributions share that namespace.
        require_extra(f"qhub_braket.{name}", "braket", "braket.devices")
    from shared_transport.loading import without_collection

    with without_collection():
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
