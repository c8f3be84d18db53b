"""OpenQASM 2 read strictly, and flattened to matrices on at most two qubits.

The matrices are Qiskit's own, so relative phases are those of `Statevector.from_instruction`; gates on three qubits and
more, and gates that a program defines, are expanded by their definitions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import qasm2
from qiskit.circuit import ControlFlowOp, Instruction, QuantumCircuit

from local_hub.engines.base import Refused

Matrix = NDArray[np.complex128]

_REGISTER = re.compile(r"\b([qc])reg\s+\w+\s*\[\s*(\d+)\s*\]")
_MOST_CLASSICAL_BITS = 10_000
# Qiskit's parser panics on whole numbers beyond 64 bits.
_HUGE = re.compile(r"(?<![\w.])\d{19,}(?![\w.])", re.ASCII)
# A gate can be defined by gates that are defined by gates; each level may double the circuit.
_MOST_GATES = 5_000_000


@dataclass
class FlatProgram:
    """A program as matrices and terminal measurements.

    Attributes:
        num_qubits: Qubits declared, idle ones included.
        gates: A unitary and its targets, the first target being the most significant bit of the matrix's index.
        measurements: Classical bit -> qubit; the last measurement into a bit counts.
        global_phase: What the definitions leave over, in radians.
        late: Why it cannot be sampled at the end, if a gate follows a measurement.
    """

    num_qubits: int
    gates: list[tuple[Matrix, tuple[int, ...]]] = field(default_factory=list)
    measurements: dict[int, int] = field(default_factory=dict)
    global_phase: float = 0.0
    late: str | None = None

    def check_samplable(self) -> None:
        """Refuse what cannot be sampled at the end.

        Raises:
            Refused: nothing is measured, or a qubit is used after its measurement.
        """
        if self.late is not None:
            raise Refused(self.late)
        if not self.measurements:
            raise Refused(
                "The program measures nothing: add `measure q -> c;`, or use mode statevector."
            )


def read(source: str, qubit_count: int, backend_id: str) -> QuantumCircuit:
    """Parse OpenQASM 2. `qelib1.inc` is the only file that can be included.

    Raises:
        Refused: it is not OpenQASM 2, or declares more qubits than the device has.
    """
    declared = {"q": 0, "c": 0}
    for kind, size in _REGISTER.findall(source):
        declared[kind] += int(size[:12])
    if declared["q"] > qubit_count:
        raise Refused(
            f"The program declares {declared['q']} qubits; {backend_id} has {qubit_count}."
        )
    if declared["c"] > _MOST_CLASSICAL_BITS:
        raise Refused(
            f"The program declares {declared['c']} classical bits; at most {_MOST_CLASSICAL_BITS} are taken."
        )
    if (huge := _HUGE.search(source)) is not None:
        line = source.count("\n", 0, huge.start()) + 1
        raise Refused(f"Line {line}: a whole number of {len(huge[0])} digits is too large.")
    try:
        circuit = qasm2.loads(
            source,
            include_path=(),
            custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
            custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
        )
    except qasm2.QASM2ParseError as error:
        text = str(error).strip("\"'")
        raise Refused(f"The program is not OpenQASM 2 (line,column): {text}") from error
    except RecursionError as error:
        raise Refused("The program is nested too deeply.") from error
    if not circuit.num_qubits:
        raise Refused("The program declares no qubit: add `qreg q[1];`.")
    if circuit.num_qubits > qubit_count:
        raise Refused(
            f"The program declares {circuit.num_qubits} qubits; {backend_id} has {qubit_count}."
        )
    return circuit


def flatten(circuit: QuantumCircuit) -> FlatProgram:
    """Expand a circuit.

    Raises:
        Refused: it holds a reset, a condition, a delay or an opaque gate.
    """
    flat = FlatProgram(circuit.num_qubits, global_phase=float(circuit.global_phase))
    expander = _Expander(flat)
    qubit_index = {bit: index for index, bit in enumerate(circuit.qubits)}
    clbit_index = {bit: index for index, bit in enumerate(circuit.clbits)}
    measured: set[int] = set()
    for entry in circuit.data:
        operation = entry.operation
        targets = tuple(qubit_index[bit] for bit in entry.qubits)
        name = operation.name
        if name == "barrier":
            continue
        if name == "measure":
            flat.measurements[clbit_index[entry.clbits[0]]] = targets[0]
            measured.add(targets[0])
            continue
        late = measured.intersection(targets)
        if late and flat.late is None:
            flat.late = (
                f"gate `{name}` acts on qubit {min(late)} after it was measured: "
                "qsim samples measurements at the end of the circuit only."
            )
        expander.add(operation, targets)
    return flat


class _Expander:
    def __init__(self, flat: FlatProgram) -> None:
        self._flat = flat
        self._matrices: dict[tuple[Any, ...], Matrix] = {}

    def add(self, operation: Instruction, targets: tuple[int, ...]) -> None:
        name = operation.name
        if isinstance(operation, ControlFlowOp):
            raise Refused("`if` is not supported: qsim has no classical control.")
        if name in ("reset", "delay"):
            raise Refused(f"`{name}` (qubit {targets[0]}) is not supported by qsim.")
        if len(targets) <= 2:
            matrix = self._matrix(operation, len(targets))
            if matrix is not None:
                if len(self._flat.gates) >= _MOST_GATES:
                    raise Refused(f"The program expands to more than {_MOST_GATES} gates.")
                self._flat.gates.append((matrix, targets))
                return
        definition = operation.definition
        if definition is None:
            raise Refused(f"gate `{name}` is opaque: it has no definition to simulate.")
        self._flat.global_phase += float(definition.global_phase)
        index = {bit: position for position, bit in enumerate(definition.qubits)}
        for entry in definition.data:
            if entry.operation.name != "barrier":
                self.add(entry.operation, tuple(targets[index[bit]] for bit in entry.qubits))

    def _matrix(self, operation: Instruction, width: int) -> Matrix | None:
        """The unitary with the first target most significant; Qiskit's own has it least significant."""
        try:
            key = (operation.name, *(float(value) for value in operation.params))
        except TypeError:
            return None
        known = self._matrices.get(key)
        if known is not None:
            return known
        if not hasattr(operation, "__array__"):
            return None
        matrix: Matrix = np.asarray(operation.to_matrix(), dtype=np.complex128)
        if width == 2:
            matrix = np.ascontiguousarray(
                matrix.reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
            )
        self._matrices[key] = matrix
        return matrix
