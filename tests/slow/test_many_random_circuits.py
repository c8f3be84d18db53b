"""The comparison of tests/quick/qiskit/test_random_circuits.py with more and larger circuits.

Up to 128 outcomes, 20,000 and 50,000 shots lie about 0.04 apart in total variation; the bound is twice that.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from qiskit_aer import AerSimulator

from qhub_qiskit import HubProvider
from tests.random_circuits import circuits, distance

SHOTS, REFERENCE_SHOTS = 20_000, 50_000
BOUND = 0.08


@pytest.mark.parametrize("name", ["aws.sim.sv1", "kipu.sim.qsim"])
def test_counts_are_those_of_aer(name, full):
    provider = HubProvider.local(seed=31)
    backend = provider.get_backend(name)
    aer = AerSimulator(seed_simulator=5)
    seen = 0

    @settings(max_examples=200 if full else 40, derandomize=True, deadline=None, database=None)
    @given(circuit=circuits(most_qubits=7, most_gates=60))
    def compare(circuit):
        nonlocal seen
        seen += 1
        reference = aer.run(circuit, shots=REFERENCE_SHOTS).result().get_counts()
        job = backend.run(circuit, shots=SHOTS)
        counts = job.result().get_counts()
        assert distance(counts, reference) < BOUND
        assert provider.job(job.job_id()).result().get_counts() == counts

    compare()
    assert seen >= (200 if full else 40)
