"""Random circuits with random measurement maps, against Aer.

For K equally likely outcomes, two samples of n and m shots lie about sqrt(K (1/n + 1/m) / (2 pi)) apart in
total variation: 0.04 for 32 outcomes, 4,000 and 20,000 shots. The bound is twice that. Everything is seeded:
the examples (derandomize), Aer, and the local Hub's jobs.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator

SHOTS, REFERENCE_SHOTS = 4_000, 20_000
BOUND = 0.08
EXAMPLES = 200 if os.environ.get("CI_SCALE") == "full" else 20

ONE_QUBIT = ("x", "y", "h", "s", "sdg", "t", "sx")
ROTATIONS = ("rx", "ry", "rz", "p")
TWO_QUBIT = ("cx", "cz", "cy", "swap")


@st.composite
def circuits(draw: st.DrawFn) -> QuantumCircuit:
    width = draw(st.integers(1, 5))
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    names = draw(st.permutations([f"r{i}" for i in range(len(sizes))]))
    registers = [ClassicalRegister(size, name) for size, name in zip(sizes, names, strict=True)]
    circuit = QuantumCircuit(QuantumRegister(width, "q"), *registers)
    qubit = st.integers(0, width - 1)
    angle = st.floats(-3.2, 3.2, allow_nan=False)
    for _ in range(draw(st.integers(0, 15))):
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
    total, reference = sum(some.values()), sum(others.values())
    keys = set(some) | set(others)
    return 0.5 * sum(abs(some.get(k, 0) / total - others.get(k, 0) / reference) for k in keys)


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(circuit=circuits())
def test_counts_are_those_of_aer(backend, circuit):
    aer = AerSimulator(seed_simulator=11).run(circuit, shots=REFERENCE_SHOTS).result().get_counts()
    here = backend.run(circuit, shots=SHOTS).result().get_counts()
    assert sum(here.values()) == SHOTS
    likely = {key for key, count in aer.items() if count > 0.01 * REFERENCE_SHOTS}
    assert likely <= set(here)
    assert {key for key, count in here.items() if count > 0.01 * SHOTS} <= set(aer)
    assert distance(here, aer) < BOUND
