"""Measuring Pauli terms: which can be measured together, the circuits for it, and their values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import transpile
from qiskit.circuit import ClassicalRegister, QuantumCircuit
from qiskit.quantum_info import PauliList

from shared_transport.errors import ValidationError

from .backend import HubBackend

__all__ = ["Basis", "Measuring", "Term", "bases_for"]

# Qiskit's alphabet of observables: Paulis, and projectors on their eigenstates with the eigenvalue 1 or -1.
_AXES = {"X": "X", "Y": "Y", "Z": "Z", "0": "Z", "1": "Z", "+": "X", "-": "X", "r": "Y", "l": "Y"}
_PROJECTS_ON = {"0": 0, "+": 0, "r": 0, "1": 1, "-": 1, "l": 1}


@dataclass(frozen=True)
class Term:
    """A product of single-qubit observables.

    Attributes:
        factors: Qubit and letter of each factor that is not the identity, by ascending qubit.
    """

    factors: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, label: str) -> Term:
        """Read a label, whose rightmost letter is that of qubit 0.

        >>> Term.of("IZX").factors
        ((0, 'X'), (1, 'Z'))
        """
        return cls(tuple((q, letter) for q, letter in enumerate(reversed(label)) if letter != "I"))

    @property
    def is_identity(self) -> bool:
        """Whether nothing has to be measured."""
        return not self.factors


@dataclass(frozen=True)
class Basis:
    """An axis for each measured qubit.

    Attributes:
        axes: Qubit and axis (X, Y or Z), by ascending qubit; the i-th is measured into classical bit i.
    """

    axes: tuple[tuple[int, str], ...]

    def values(self, term: Term, words: NDArray[np.uint8]) -> NDArray[np.float64]:
        """A term's value for each packed word of the classical memory: 1 or -1, or 0 where a projector misses."""
        place = {qubit: i for i, (qubit, _) in enumerate(self.axes)}
        width = words.shape[1]
        signs, care, hit = (np.zeros(width, np.uint8) for _ in range(3))
        for qubit, letter in term.factors:
            byte, bit = width - 1 - place[qubit] // 8, 1 << (place[qubit] % 8)
            if letter in _PROJECTS_ON:
                care[byte] |= bit
                hit[byte] |= bit * _PROJECTS_ON[letter]
            else:
                signs[byte] |= bit
        odd = np.bitwise_count(words & signs).sum(axis=1) & 1
        hits = ((words & care) == hit).all(axis=1)
        return np.where(hits, 1.0 - 2.0 * odd, 0.0)


def bases_for(terms: Iterable[Term]) -> list[tuple[Basis, list[Term]]]:
    """Terms grouped so that those of a group commute qubit by qubit, with the basis that measures each group."""
    listed = list(terms)
    if not listed:
        return []
    width = 1 + max(qubit for term in listed for qubit, _ in term.factors)
    axes = [{qubit: _AXES[letter] for qubit, letter in term.factors} for term in listed]
    labels = ["".join(one.get(q, "I") for q in reversed(range(width))) for one in axes]
    by_label: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        by_label.setdefault(label, []).append(number)
    groups = []
    for group in PauliList(list(by_label)).group_commuting(qubit_wise=True):
        numbers = [number for label in group.to_labels() for number in by_label[label]]
        together: dict[int, str] = {}
        for number in numbers:
            together.update(axes[number])
        groups.append((Basis(tuple(sorted(together.items()))), [listed[n] for n in numbers]))
    return groups


class Measuring:
    """Puts rotations and measurements behind circuits, in a backend's own gates.

    Args:
        backend: The backend. The rotations are translated for its target, once for each basis.
    """

    def __init__(self, backend: HubBackend) -> None:
        self._backend = backend
        self._endings: dict[tuple[int, Basis], QuantumCircuit] = {}

    def measured(self, circuit: QuantumCircuit, basis: Basis) -> QuantumCircuit:
        """A copy of a circuit that ends with a measurement in a basis.

        Raises:
            ValidationError: An observable has more qubits than the circuit.
        """
        beyond = [qubit for qubit, _ in basis.axes if qubit >= circuit.num_qubits]
        if beyond:
            raise ValidationError(
                f"An observable acts on qubit {beyond[0]}; the circuit has {circuit.num_qubits} qubits.",
                hint="Give observables of the circuit's width: observable.apply_layout(circuit.layout).",
            )
        key = (circuit.num_qubits, basis)
        if key not in self._endings:
            self._endings[key] = self._ending(circuit.num_qubits, basis)
        ending = self._endings[key]
        if circuit.num_clbits:
            circuit = _without_clbits(circuit)
        whole = circuit.copy_empty_like()
        whole.add_register(*ending.cregs)
        whole.compose(circuit, range(circuit.num_qubits), inplace=True)
        whole.compose(ending, range(circuit.num_qubits), whole.clbits, inplace=True)
        return whole

    def _ending(self, width: int, basis: Basis) -> QuantumCircuit:
        register = ClassicalRegister(len(basis.axes), "meas")
        ending = QuantumCircuit(width)
        ending.add_register(register)
        for bit, (qubit, axis) in enumerate(basis.axes):
            if axis == "Y":
                ending.sdg(qubit)
            if axis != "Z":
                ending.h(qubit)
            ending.measure(qubit, register[bit])
        if all(axis == "Z" for _, axis in basis.axes):
            return ending
        placed = transpile(ending, self._backend, initial_layout=range(width), optimization_level=1)
        return _narrowed(placed, width)


def _without_clbits(circuit: QuantumCircuit) -> QuantumCircuit:
    """A circuit that uses none of its classical bits, without them."""
    bare = QuantumCircuit(list(circuit.qubits), name=circuit.name, metadata=circuit.metadata)
    bare.global_phase = circuit.global_phase
    bare.add_register(*circuit.qregs)
    for instruction in circuit.data:
        bare.append(instruction)
    return bare


def _narrowed(circuit: QuantumCircuit, width: int) -> QuantumCircuit:
    """The same circuit without the idle qubits that a transpiler added behind the first `width`."""
    narrow = QuantumCircuit(width)
    narrow.add_register(*circuit.cregs)
    number = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    for instruction in circuit.data:
        qubits = [number[qubit] for qubit in instruction.qubits]
        if max(qubits) < width:
            narrow.append(instruction.operation, qubits, instruction.clbits)
    return narrow
