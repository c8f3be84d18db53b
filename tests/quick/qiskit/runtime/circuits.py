"""Circuits in a device's own gates, and what exact simulation says of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import CZGate, RXGate, RZGate, RZZGate, SXGate, XGate
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector
from qiskit.transpiler import Target

__all__ = ["Native", "assert_counts_fit", "assert_values_fit", "failing", "flip", "random_native"]

# Standard errors that a value may be off: once in 500 million values.
SIGMA = 6.0


@dataclass(frozen=True)
class Native:
    """A circuit on some qubits of a device, and the same on those qubits alone.

    Attributes:
        circuit: As wide as the device.
        compact: As wide as there are qubits: its qubit k is ``qubits[k]``.
        qubits: The device's qubits.
    """

    circuit: QuantumCircuit
    compact: QuantumCircuit
    qubits: tuple[int, ...]

    def measured(self, order: list[int], *sizes: int) -> QuantumCircuit:
        """The circuit, measured: classical bit c holds the compact qubit ``order[c]``.

        Args:
            order: One qubit for each classical bit.
            *sizes: Sizes of the registers a, b, ...; by default one of all.
        """
        names = itertools.islice("abcdef", len(sizes) or 1)
        registers = [
            ClassicalRegister(size, name)
            for size, name in zip(sizes or [len(order)], names, strict=True)
        ]
        circuit = self.circuit.copy()
        circuit.add_register(*registers)
        circuit.measure([self.qubits[place] for place in order], circuit.clbits)
        return circuit

    def probabilities(self, order: list[int]) -> dict[str, float]:
        """The exact distribution of the classical bits of `measured`, the last bit leftmost."""
        found: dict[str, float] = {}
        for state, probability in enumerate(Statevector(self.compact).probabilities()):
            key = "".join(str(state >> place & 1) for place in reversed(order))
            found[key] = found.get(key, 0.0) + float(probability)
        return found

    def observable(self, label: str) -> SparsePauliOp:
        """A Pauli on the compact qubits, placed on the device's."""
        return SparsePauliOp(label).apply_layout(list(self.qubits), self.circuit.num_qubits)

    def value(self, label: str) -> float:
        """The exact expectation value of a Pauli on the compact qubits."""
        return float(np.real(Statevector(self.compact).expectation_value(Pauli(label))))


def random_native(target: Target, seed: int, size: int = 4, gates: int = 40) -> Native:
    """Random gates of a target, with random angles, on random qubits that lie together."""
    rng = np.random.default_rng(seed)
    pairs = list(target["cz"])
    inside = [int(rng.integers(target.num_qubits))]
    while len(inside) < size:
        border = [b for a, b in pairs if a in inside and b not in inside]
        border += [a for a, b in pairs if b in inside and a not in inside]
        if not border:  # it works alone
            inside = [int(rng.integers(target.num_qubits))]
            continue
        inside.append(int(rng.choice(border)))
    here = [pair for pair in pairs if set(pair) <= set(inside)]
    single = [XGate(), SXGate()]
    circuit, compact = QuantumCircuit(target.num_qubits), QuantumCircuit(size)
    for _ in range(gates):
        kind = rng.integers(4)
        angle = float(rng.uniform(-math.pi, math.pi))
        if kind == 0:
            gate, qubits = CZGate(), here[rng.integers(len(here))]
            if "rzz" in target.operation_names and rng.integers(2):
                gate = RZZGate(abs(angle) / 2)  # what a device takes: 0 to pi/2
        else:
            turns = [RZGate(angle), *([RXGate(angle)] if "rx" in target.operation_names else [])]
            choice = [*single, *turns, *turns]
            gate, qubits = choice[rng.integers(len(choice))], (int(rng.choice(inside)),)
        circuit.append(gate, qubits)
        compact.append(gate, [inside.index(qubit) for qubit in qubits])
    return Native(circuit, compact, tuple(inside))


def flip(width: int, *, excited: tuple[int, ...] = (0,), bits: int = 1) -> QuantumCircuit:
    """Some qubits are excited; bit k holds qubit k. Every shot is the same."""
    circuit = QuantumCircuit(width, name="flip")
    circuit.add_register(ClassicalRegister(bits, "c"))
    for qubit in excited:
        circuit.x(qubit)
    circuit.measure(range(bits), range(bits))
    return circuit


def failing(width: int) -> tuple[QuantumCircuit, list[float]]:
    """A PUB that the local Hub accepts and cannot simulate: at this angle its 60 qubits are no Clifford circuit."""
    circuit = QuantumCircuit(width, 60)
    angle = Parameter("angle")
    for qubit in range(60):
        circuit.sx(qubit)
        circuit.rz(angle, qubit)
        circuit.sx(qubit)
    circuit.measure(range(60), range(60))
    return circuit, [0.3]


def assert_counts_fit(counts: dict[str, int], exact: dict[str, float], shots: int) -> None:
    """Each outcome came as often as it should, within 6 standard errors and 12 counts.

    The 12 are for outcomes so rare that they follow no bell curve (Bernstein's bound: once in 10 million).
    """
    assert sum(counts.values()) == shots
    for key in {*counts, *exact}:
        probability = exact.get(key, 0.0)
        seen = counts.get(key, 0)
        if probability < 1e-12:
            assert seen == 0, f"{key} cannot be"
        error = math.sqrt(shots * probability * max(0.0, 1 - probability))
        assert abs(seen - shots * probability) <= SIGMA * error + 12, key


def assert_values_fit(
    values: NDArray[np.float64], exact: NDArray[np.float64] | list[float], shots: int
) -> None:
    """Values of Paulis by so many shots each lie within 6 standard errors of the exact ones."""
    truth = np.asarray(exact)
    error = np.sqrt(np.clip(1 - truth**2, 0, None) / shots)
    assert np.all(np.abs(values - truth) <= SIGMA * error + 1e-9), (values, truth, error)
