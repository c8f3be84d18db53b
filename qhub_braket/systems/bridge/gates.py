"""Braket's gates as Qiskit's: a circuit of the one as a circuit of the other.

Gates of the same matrix take each other's place, the global phase included; any other goes by its matrix.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from braket.circuits import Circuit, Instruction
from braket.circuits import Gate as BraketGate
from braket.circuits.compiler_directives import Barrier
from numpy.typing import NDArray
from qiskit.circuit import ClassicalRegister, Gate, QuantumCircuit, QuantumRegister
from qiskit.circuit.library import (
    CCXGate,
    CPhaseGate,
    CSwapGate,
    CSXGate,
    CXGate,
    CYGate,
    CZGate,
    ECRGate,
    HGate,
    IGate,
    PhaseGate,
    RGate,
    RXGate,
    RXXGate,
    RYGate,
    RYYGate,
    RZGate,
    RZZGate,
    SdgGate,
    SGate,
    SwapGate,
    SXdgGate,
    SXGate,
    TdgGate,
    TGate,
    UGate,
    UnitaryGate,
    XGate,
    YGate,
    ZGate,
    iSwapGate,
)
from scipy.linalg import fractional_matrix_power  # type: ignore[import-untyped]  # SciPy has no types

from shared_transport.errors import ValidationError

__all__ = ["to_qiskit"]

# By Braket's name, the gate of the same matrix, parameters and order of qubits.
_SAME: Mapping[str, type[Gate]] = {
    "I": IGate, "H": HGate, "X": XGate, "Y": YGate, "Z": ZGate, "S": SGate, "Si": SdgGate, "T": TGate,
    "Ti": TdgGate, "V": SXGate, "Vi": SXdgGate, "Rx": RXGate, "Ry": RYGate, "Rz": RZGate,
    "PhaseShift": PhaseGate, "U": UGate, "PRx": RGate, "CNot": CXGate, "CY": CYGate, "CZ": CZGate,
    "CV": CSXGate, "CPhaseShift": CPhaseGate, "Swap": SwapGate, "ISwap": iSwapGate, "ECR": ECRGate,
    "XX": RXXGate, "YY": RYYGate, "ZZ": RZZGate, "CCNot": CCXGate, "CSwap": CSwapGate,
}  # fmt: skip


def to_qiskit(
    circuit: Circuit,
    inputs: Mapping[str, Any],
    measured: Sequence[int],
    place: Mapping[int, int],
    width: int,
) -> QuantumCircuit:
    """Write a Braket circuit as a Qiskit circuit that measures at its end.

    Args:
        circuit: The circuit. Its result types' observables are brought to the basis that is measured.
        inputs: Values of its parameters.
        measured: The qubits to measure. The last one is classical bit 0: so Qiskit's words, whose bit 0 stands
            rightmost, are Braket's.
        place: Qiskit's number of each of Braket's qubits.
        width: Number of Qiskit's qubits.

    Raises:
        ValidationError: A parameter is no finite number.
    """
    written = QuantumCircuit(
        QuantumRegister(width, "q"), ClassicalRegister(len(measured), "b"), name="circuit"
    )
    for instruction in (*circuit.instructions, *circuit.basis_rotation_instructions):
        operator = instruction.operator
        if isinstance(operator, BraketGate):
            _add_gate(written, instruction, inputs, place)
        elif isinstance(operator, Barrier):
            on = [place[int(qubit)] for qubit in instruction.target or circuit.qubits]
            written.barrier(on)
    for bit, qubit in enumerate(reversed(measured)):
        written.measure(place[qubit], bit)
    return written


def _add_gate(
    written: QuantumCircuit,
    instruction: Instruction,
    inputs: Mapping[str, Any],
    place: Mapping[int, int],
) -> None:
    operator = instruction.operator
    angles: list[float] = []
    if getattr(operator, "parameters", ()):
        operator = _bound(instruction, inputs)
        angles = list(map(float, operator.parameters))
    targets = [place[int(qubit)] for qubit in instruction.target]
    controls = [place[int(qubit)] for qubit in instruction.control]
    states = [int(state) for state in instruction.control_state]
    power = instruction.power
    if not targets:
        phase = float(np.angle(_power(operator.to_matrix(), power)[0, 0]))
        if not controls:
            written.global_phase += phase
            return
        # On the state of all controls: a phase of the last one, controlled by the others.
        *controls, last = controls
        *states, state = states
        turned = np.diag([1, np.exp(1j * phase)] if state else [np.exp(1j * phase), 1])
        gate: Gate = UnitaryGate(turned)
        targets = [last]
    elif power == 1 and operator.name in _SAME:
        gate = _SAME[operator.name](*angles)
    else:
        gate = UnitaryGate(_power(operator.to_matrix(), power))
        targets.reverse()  # Braket's matrices have their first qubit as the most significant one
    if controls:
        state_of_all = sum(state << place for place, state in enumerate(states))
        gate = gate.control(len(controls), ctrl_state=state_of_all, annotated=True)
    written.append(gate, [*controls, *targets])


def _power(matrix: NDArray[Any], power: float) -> NDArray[Any]:
    """A power of a matrix, by the same branch as Braket's simulator takes."""
    if power == 1:
        return matrix
    if int(power) == power:
        return np.linalg.matrix_power(matrix, int(power))
    whole: NDArray[Any] = fractional_matrix_power(matrix, power)
    return whole


def _bound(instruction: Instruction, inputs: Mapping[str, Any]) -> BraketGate:
    """The gate with its parameters' values."""
    operator = instruction.operator
    try:
        bound = operator.bind_values(**inputs)
        finite = all(math.isfinite(float(angle)) for angle in bound.parameters)
    except (TypeError, ValueError):
        finite = False
    if finite:
        return bound
    qubits = [int(qubit) for qubit in instruction.target]
    raise ValidationError(
        f"A parameter of {operator.name} on qubits {qubits} does not become a finite number with the inputs "
        f"{dict(inputs)}.",
        hint="Give real numbers for which each of the circuit's expressions has a value.",
    )
