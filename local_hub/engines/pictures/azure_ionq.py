"""Azure IonQ: circuits in IonQ's JSON, drawn by Qiskit under IonQ's names of gates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qiskit.circuit import Gate, QuantumCircuit
from qiskit.circuit.library import (
    CSwapGate,
    CXGate,
    CZGate,
    HGate,
    SdgGate,
    SGate,
    SwapGate,
    TdgGate,
    TGate,
    XGate,
    YGate,
    ZGate,
)

from local_hub.engines import azure_ionq
from local_hub.engines.base import Task
from local_hub.engines.pictures.base import Drawing, preparing
from local_hub.engines.pictures.qiskit_text import drawn

_KNOWN = {
    "x": XGate(),
    "not": XGate(),
    "y": YGate(),
    "z": ZGate(),
    "h": HGate(),
    "s": SGate(),
    "si": SdgGate(),
    "t": TGate(),
    "ti": TdgGate(),
    "swap": SwapGate(),
}
_ONE_CONTROL = {
    "x": CXGate(),
    "not": CXGate(),
    "cnot": CXGate(),
    "z": CZGate(),
    "swap": CSwapGate(),
}


def draw(task: Task) -> Iterator[Drawing]:
    """Draw the circuit."""
    azure_ionq.prepare(task)  # it refuses what is no circuit
    circuit = QuantumCircuit(task.input["qubits"])
    for application in task.input["circuit"]:
        name = (application.get("gate") or application["type"]).lower()
        targets, controls = application["targets"], application.get("controls") or []
        together = name in ("swap", "xx", "yy", "zz", "pauliexp")
        for group in [targets] if together else [[target] for target in targets]:
            circuit.append(_gate(name, application, len(group), len(controls)), [*controls, *group])
    yield drawn(circuit)


def _gate(name: str, application: dict[str, Any], targets: int, controls: int) -> Gate:
    rotation = application.get("rotation")
    if rotation is None and not controls and name in _KNOWN:
        return _KNOWN[name]
    if rotation is None and controls == 1 and name in _ONE_CONTROL:
        return _ONE_CONTROL[name]
    parameters = [] if rotation is None else [float(rotation)]
    # A box over controls and targets, in this order: what it does is IonQ's word for it.
    return Gate(f"{'c' * controls}{name}", controls + targets, parameters)


prepare = preparing(draw)
