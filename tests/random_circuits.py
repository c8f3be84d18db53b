"""Random circuits with random measurement maps, and how far two samples lie apart."""

from __future__ import annotations

from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

ONE_QUBIT = ("x", "y", "h", "s", "sdg", "t", "sx")
ROTATIONS = ("rx", "ry", "rz", "p")
TWO_QUBIT = ("cx", "cz", "cy", "swap")


@st.composite
def circuits(draw: st.DrawFn, most_qubits: int = 5, most_gates: int = 15) -> QuantumCircuit:
    """Up to four registers of up to three bits; bits may stay unwritten or be written twice."""
    width = draw(st.integers(1, most_qubits))
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    names = draw(st.permutations([f"r{i}" for i in range(len(sizes))]))
    registers = [ClassicalRegister(size, name) for size, name in zip(sizes, names, strict=True)]
    circuit = QuantumCircuit(QuantumRegister(width, "q"), *registers)
    qubit = st.integers(0, width - 1)
    angle = st.floats(-3.2, 3.2, allow_nan=False)
    for _ in range(draw(st.integers(0, most_gates))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            getattr(circuit, draw(st.sampled_from(ONE_QUBIT)))(draw(qubit))
        elif kind == 1:
            getattr(circuit, draw(st.sampled_from(ROTATIONS)))(draw(angle), draw(qubit))
        elif kind == 2 and width > 1:
            pair = draw(st.lists(qubit, min_size=2, max_size=2, unique=True))
            getattr(circuit, draw(st.sampled_from(TWO_QUBIT)))(*pair)
        elif kind == 3:
            circuit.barrier()
    bit = st.integers(0, circuit.num_clbits - 1)
    for source, into in draw(st.lists(st.tuples(qubit, bit), min_size=1, max_size=8)):
        circuit.measure(source, into)
    return circuit


def distance(some: dict[str, int], others: dict[str, int]) -> float:
    """Total variation distance of two samples, between 0 and 1."""
    total, reference = sum(some.values()), sum(others.values())
    keys = set(some) | set(others)
    return 0.5 * sum(abs(some.get(k, 0) / total - others.get(k, 0) / reference) for k in keys)
