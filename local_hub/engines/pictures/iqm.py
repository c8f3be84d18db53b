"""IQM: native circuits, drawn by Qiskit with the device's names of qubits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qiskit.circuit import (
    Barrier,
    ClassicalRegister,
    Delay,
    Gate,
    QuantumCircuit,
    QuantumRegister,
    Reset,
)
from qiskit.circuit.library import CZGate

from local_hub.engines.base import Task
from local_hub.engines.iqm_circuit import Architecture, Circuit, Operation
from local_hub.engines.pictures.base import Drawing, preparing
from local_hub.engines.pictures.qiskit_text import drawn


def draw(task: Task) -> Iterator[Drawing]:
    """Draw each circuit of the batch."""
    architecture = Architecture(task.backend_id)
    mapping = _mapping(task)
    for number, document in enumerate(task.input["circuits"]):
        circuit = architecture.read(document, mapping, task.limits["measured_bits"])
        yield drawn(_as_qiskit(circuit, architecture), f"Circuit {number} ({document['name']})")


def _mapping(task: Task) -> Mapping[str, str] | None:
    given = task.input.get("qubit_mapping") or task.params.get("qubit_mapping")
    if given is None or isinstance(given, dict):
        return given
    return {entry["logical_name"]: entry["physical_name"] for entry in given}


def _as_qiskit(circuit: Circuit, architecture: Architecture) -> QuantumCircuit:
    registers = {qubit: QuantumRegister(1, architecture.qubits[qubit]) for qubit in circuit.qubits}
    picture = QuantumCircuit(*registers.values(), ClassicalRegister(circuit.bits, "bits"))
    for operation in circuit.operations:
        qubits = [registers[qubit][0] for qubit in operation.qubits]
        if operation.name == "measure":
            picture.measure(qubits, list(operation.bits))
        else:
            _append(picture, operation, qubits)
    return picture


def _append(picture: QuantumCircuit, operation: Operation, qubits: list[object]) -> None:
    if operation.name == "cz":
        picture.append(CZGate(), qubits)
    elif operation.name == "barrier":
        picture.append(Barrier(len(qubits)), qubits)
    elif operation.name in ("reset", "delay"):
        for qubit in qubits:
            one = Reset() if operation.name == "reset" else Delay(operation.seconds, "s")
            picture.append(one, [qubit])
    else:
        # The bit that a `cc_prx` reads is told by its name: the drawing has no such wire.
        name = "prx" if operation.name == "prx" else f"prx if bits[{operation.bits[0]}]"
        picture.append(Gate(name, 1, [operation.angle, operation.phase]), qubits)


prepare = preparing(draw)
