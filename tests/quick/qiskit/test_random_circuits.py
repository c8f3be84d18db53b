"""Random circuits with random measurement maps, against Aer.

For K equally likely outcomes, two samples of n and m shots lie about sqrt(K (1/n + 1/m) / (2 pi)) apart in
total variation: 0.04 for 32 outcomes, 4,000 and 20,000 shots. The bound is twice that. Everything is seeded:
the examples (derandomize), Aer, and the local Hub's jobs.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from qiskit_aer import AerSimulator

from tests.random_circuits import circuits, distance

SHOTS, REFERENCE_SHOTS = 4_000, 20_000
BOUND = 0.08


@settings(
    max_examples=20,
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
