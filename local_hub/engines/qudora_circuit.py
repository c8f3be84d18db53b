"""A circuit made ready for Aer: gates that Aer knows, and QUDORA's measurement, which resets its qubit."""

from __future__ import annotations

from qiskit.circuit import (
    Barrier,
    Clbit,
    Delay,
    Gate,
    IfElseOp,
    Instruction,
    Measure,
    QuantumCircuit,
    Qubit,
    Reset,
)
from qiskit.circuit.library import UnitaryGate, get_standard_gate_name_mapping
from qiskit_aer import AerSimulator

from local_hub.engines.base import Refused

_AER_NAMES = set(AerSimulator().configuration().basis_gates)
# By class, not by name: a program may define a gate of its own under any name.
_AER_GATES = {
    gate.base_class
    for name, gate in get_standard_gate_name_mapping().items()
    if name in _AER_NAMES and isinstance(gate, Gate)
}


def prepared_for_aer(circuit: QuantumCircuit, most_gates: int) -> QuantumCircuit:
    """Expand what Aer does not know, and reset each qubit that is used after its measurement.

    Args:
        circuit: As it was read.
        most_gates: How many operations this machine takes, after expansion.

    Raises:
        Refused: it measures nothing, or holds an operation that the backend does not take.
    """
    writer = _Writer(circuit.copy_empty_like(), most_gates)
    qubits = {bit: bit for bit in circuit.qubits}
    try:
        writer.copy_block(circuit, writer.target, qubits, inside=False)
    except RecursionError as error:
        raise Refused("The program's gates are defined by one another too deeply.") from error
    if not writer.measures:
        raise Refused("The program measures nothing: add a measurement.")
    return writer.target


class _Writer:
    def __init__(self, target: QuantumCircuit, most_gates: int) -> None:
        self.target = target
        self.measures = False
        self._left = most_gates
        self._most = most_gates

    def copy_block(
        self,
        source: QuantumCircuit,
        target: QuantumCircuit,
        qubits: dict[Qubit, Qubit],
        *,
        inside: bool,
    ) -> None:
        """Copy the operations of a circuit, or of a branch of `if`, which has the same bits.

        Args:
            source: Where from.
            target: Where to.
            qubits: The target's qubit of each of the source's.
            inside: Whether this is a branch: what comes after it is not known here, so that it resets at once.
        """
        # A reset that nothing follows would keep Aer from drawing all shots from one state.
        measured: set[Qubit] = set()
        for entry in source.data:
            operation = entry.operation
            own = [qubits[bit] for bit in entry.qubits]
            if isinstance(operation, Barrier | Delay):
                continue
            for qubit in measured.intersection(own):
                self._append(target, Reset(), [qubit])
                measured.discard(qubit)
            if isinstance(operation, Measure):
                self.measures = True
                self._append(target, operation, own, list(entry.clbits))
                if inside:
                    self._append(target, Reset(), own)
                else:
                    measured.update(own)
            elif isinstance(operation, IfElseOp):
                self._append_branches(operation, target, own, list(entry.clbits))
            elif isinstance(operation, Reset):
                self._append(target, operation, own)
            else:
                self._append_gate(operation, target, own)

    def _append_branches(
        self, operation: IfElseOp, target: QuantumCircuit, qubits: list[Qubit], clbits: list[Clbit]
    ) -> None:
        branches = []
        for block in operation.blocks:
            copy = block.copy_empty_like()
            self.copy_block(block, copy, {bit: bit for bit in block.qubits}, inside=True)
            branches.append(copy)
        self._append(target, operation.replace_blocks(branches), qubits, clbits)

    def _append_gate(
        self, operation: Instruction, target: QuantumCircuit, qubits: list[Qubit]
    ) -> None:
        known = operation.base_class in _AER_GATES and operation.name in _AER_NAMES
        if known or isinstance(operation, UnitaryGate):
            self._append(target, operation, qubits)
            return
        # Counted too: definitions of definitions of nothing would never end.
        self._count()
        definition = operation.definition
        if definition is None:
            raise Refused(
                f"`{operation.name}` is not supported: gates with a definition, measurements, `reset` and `if` are."
            )
        target.global_phase += definition.global_phase
        self.copy_block(
            definition, target, dict(zip(definition.qubits, qubits, strict=True)), inside=True
        )

    def _append(
        self,
        target: QuantumCircuit,
        operation: Instruction,
        qubits: list[Qubit],
        clbits: list[Clbit] | None = None,
    ) -> None:
        self._count()
        target.append(operation, qubits, clbits or [], copy=False)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused(
                f"The program expands to more than {self._most} gates, this machine's local limit: make it shorter."
            )
