"""A Qiskit circuit as text, drawn by Qiskit, as far as somebody reads it."""

from __future__ import annotations

from qiskit.circuit import ControlFlowOp, QuantumCircuit, Qubit
from qiskit.exceptions import QiskitError

from local_hub.engines.base import Refused
from local_hub.engines.pictures.base import Drawing

_MOST_OPERATIONS = 400
_MOST_QUBITS = 64
_COLUMNS = 110


def drawn(circuit: QuantumCircuit, title: str = "") -> Drawing:
    """Draw a circuit. Wires that nothing acts on are left out.

    Raises:
        Refused: Qiskit cannot draw it.
    """
    shown, note = _head(circuit)
    try:
        text = shown.draw("text", fold=_COLUMNS, idle_wires=False, cregbundle=True).single_string()
    except (
        QiskitError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
    ) as error:
        raise Refused(f"Qiskit does not draw the circuit: {error}") from error
    return Drawing(title, text or "(no operation)", note)


def _head(circuit: QuantumCircuit) -> tuple[QuantumCircuit, str]:
    """The first operations of a circuit, on the first qubits that they use, and what is left out."""
    head = circuit.copy_empty_like()
    operations = 0
    qubits: set[Qubit] = set()
    for entry in circuit.data:
        wires = qubits.union(entry.qubits) if entry.name != "barrier" else qubits
        size = _size(entry.operation) if entry.is_control_flow() else 1
        if operations + size > _MOST_OPERATIONS or len(wires) > _MOST_QUBITS:
            break
        qubits, operations = wires, operations + size
        if entry.name != "barrier" or qubits.intersection(entry.qubits):
            head._append(entry)
    if len(head.data) == len(circuit.data):
        return circuit, ""
    return head, f"the first {len(head.data)} of {len(circuit.data)} operations are drawn."


def _size(operation: ControlFlowOp) -> int:
    return 1 + sum(
        _size(entry.operation) if entry.is_control_flow() else 1
        for block in operation.blocks
        for entry in block.data
    )
