"""Circuits that are not in the device's instruction set.

IBM's service refuses them, and its client does before; the Hub's own sample jobs are such circuits all the same. So
one that was plainly never transpiled (fewer qubits than the device, no layout, gates that are not the device's) is
transpiled here, and the result says so. What went through a transpiler is held against the device as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ControlFlowOp
from qiskit.exceptions import QiskitError

from local_hub.engines.base import Refused
from local_hub.engines.ibm_device import FREE, Device

_SEED = 1


@dataclass(frozen=True)
class Fitted:
    """A circuit that the device takes.

    Attributes:
        circuit: The circuit.
        places: Where its first qubits came from: the circuit that was sent had qubit i where this has `places[i]`. None
            if it is as it was sent.
    """

    circuit: QuantumCircuit
    places: tuple[int, ...] | None

    def moved(self, observables: Any) -> Any:
        """Observables of the circuit that was sent, as those of this one; nested lists keep their shape."""
        if self.places is None:
            return observables
        if isinstance(observables, list):
            return [self.moved(entry) for entry in observables]
        if isinstance(observables, str):
            return self._label(observables)
        if isinstance(observables, dict):
            return {self._label(label): weight for label, weight in observables.items()}
        return observables

    def _label(self, label: str) -> str:
        if self.places is None or len(label) != len(self.places):
            return label  # the PUB's own check names it
        letters = ["I"] * self.circuit.num_qubits
        for place, letter in zip(self.places, reversed(label), strict=True):
            letters[-1 - place] = letter
        return "".join(letters)


def fitted(circuit: QuantumCircuit, device: Device, where: str) -> Fitted:
    """Transpile a circuit that was never transpiled; check any.

    Raises:
        Refused: the device does not take it.
    """
    foreign = _foreign(circuit, device)
    if not foreign or circuit.layout is not None or circuit.num_qubits >= device.target.num_qubits:
        device.check(circuit, where)
        return Fitted(circuit, None)
    try:
        placed = transpile(
            circuit, target=device.target, optimization_level=1, seed_transpiler=_SEED
        )
    except QiskitError as error:
        raise Refused(
            f"`{where}` cannot be written in {device.id}'s instructions: {error.message}"
        ) from error
    device.check(placed, where)
    return Fitted(placed, tuple(placed.layout.final_index_layout()))


def without_final_measurements(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without the measurements that nothing follows but barriers; the same object if there are none."""
    last: dict[Any, int] = {}
    for number, instruction in enumerate(circuit.data):
        if instruction.operation.name != "barrier":
            last.update(dict.fromkeys(instruction.qubits, number))
    final = {
        number
        for number, instruction in enumerate(circuit.data)
        if instruction.operation.name == "measure" and last[instruction.qubits[0]] == number
    }
    if not final or any(isinstance(item.operation, ControlFlowOp) for item in circuit.data):
        return circuit
    kept = circuit.copy_empty_like()
    for number, instruction in enumerate(circuit.data):
        if number not in final:
            kept.append(instruction)
    return kept


def _foreign(circuit: QuantumCircuit, device: Device) -> bool:
    """Whether it has gates, not control flow, that are none of the device's."""
    names = {
        instruction.operation.name
        for instruction in circuit.data
        if not isinstance(instruction.operation, ControlFlowOp)
    }
    return bool(names - FREE - set(device.target.operation_names))
