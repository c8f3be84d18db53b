"""Dynamic circuits on QUDORA's simulator: its measurement resets the qubit, and circuits must not notice."""

from __future__ import annotations

import re

import pytest
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend
from shared_transport import ValidationError
from tests.quick.qiskit.dynamic_circuits import (
    DYNAMIC,
    measured_three_times,
    random_dynamic,
    reset_midway,
    used_after_measurement,
)
from tests.random_circuits import distance


@pytest.mark.parametrize("make", DYNAMIC, ids=lambda make: make.__name__)
def test_dynamic_circuits_mean_what_they_mean_in_aer(xg1, provider, make):
    circuit = make()
    aer = AerSimulator().run(circuit, shots=20, memory=True).result()
    assert len(aer.get_counts()) == 1  # the test is of no use otherwise
    job = xg1.run(circuit, shots=20, memory=True)
    for result in (job.result(), provider.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        assert result.get_memory() == aer.get_memory()
        for field in ("creg_sizes", "memory_slots"):
            assert result.results[0].header[field] == aer.results[0].header[field]


def test_random_dynamic_circuits_are_those_of_aer(xg1):
    made = [random_dynamic(seed) for seed in range(12)]
    aer = AerSimulator(seed_simulator=5).run(made, shots=20_000).result()
    here = [xg1.run(circuit, shots=4_000).result() for circuit in made]
    for position, result in enumerate(here):
        # 16 outcomes lie 0.028 apart on average (see test_random_circuits), and the worst of 12 below 0.06.
        assert distance(result.get_counts(), aer.get_counts(position)) < 0.06, position


def test_without_if_there_is_no_measurement_midway(xg1):
    configuration = xg1.hub_backend.configuration.model_copy(update={"instructions": ["reset"]})
    less = HubBackend(
        xg1.client, xg1.hub_backend.model_copy(update={"configuration": configuration})
    )
    assert "if_else" not in less.operation_names
    with pytest.raises(ValidationError, match=r"mid-circuit measurement: 'cx'"):
        less.run(used_after_measurement(), shots=10)


def test_a_qubit_is_brought_back_only_where_its_state_matters(xg1):
    text = xg1.encode(reset_midway()).input["qasm"]
    assert "if" not in text.split("stdgates.inc")[1]
    text = xg1.encode(measured_three_times()).input["qasm"]
    assert len(re.findall(r"if \(c\[\d\]\) \{ x q\[0\]; \}", text)) == 2
