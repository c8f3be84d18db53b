"""Program sets on the bridge: one job where a backend takes several PUBs (IBM, IQM, QUDORA), else one each.

Expected values are those of Amazon's local simulator; bounds are six standard errors.
"""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter
from braket.circuits.observables import X, Y, Z
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program
from braket.program_sets import CircuitBinding, ProgramSet
from braket.tasks import ProgramSetQuantumTaskResult
from braket.tracking import Tracker

import qhub_qiskit
from qhub_braket import HubDevice, HubProvider
from shared_transport.tags import TOTAL_LENGTH
from tests.quick.braket.test_bridge import random_circuit

pytestmark = pytest.mark.usefixtures("quiet")

SHOTS = 1000
ANGLES = [0.4, 1.3, 2.6]
TURNED = Circuit().rx(3, FreeParameter("theta")).ry(1, 0.4).cnot(3, 1)
SUM = 2.0 * X(3) @ Z(1) - 0.5 * Z(3) @ Z(1) + 1.5 * Y(3)
TEXT = "OPENQASM 3.0; input float a; bit[2] b; qubit[3] q; rx(a) q[2]; b[0] = measure q[2]; b[1] = measure q[0];"
JOBS = {
    "ibm.qpu.fez": 1,
    "iqm.qpu.garnet": 1,
    "qudora.sim.xg1": 2,  # whose jobs take 10,000 shots in all
    "kipu.sim.qsim": 14,
    "azure.ionq.simulator": 14,
}


def everything() -> ProgramSet:
    """Nine, two, one and two executables."""
    return ProgramSet(
        [
            CircuitBinding(TURNED, {"theta": ANGLES}, SUM),
            CircuitBinding(TURNED, {"theta": [0.7]}, [Z(1), Z(3) @ X(1)]),
            Circuit().x(4).cnot(4, 9).i(2).measure([2, 9]),
            Program(source=TEXT, inputs={"a": [0.0, math.pi]}),
        ],
        shots_per_executable=SHOTS,
    )


def exact(theta: float, observable: object) -> float:
    circuit = TURNED.make_bound_circuit({"theta": theta}).expectation(observable)
    return float(LocalSimulator().run(circuit, shots=0).result().values[0])


@pytest.fixture(params=JOBS)
def bridged(request: pytest.FixtureRequest, ideal: HubProvider) -> HubDevice:
    return ideal.get_device(request.param)


def test_every_kind_of_entry(bridged: HubDevice, ideal: HubProvider) -> None:
    with Tracker() as tracker:
        task = bridged.run(everything(), tags=["mine"])
    assert len(task.id.split(",")) == JOBS[bridged.arn]
    told = tracker.quantum_tasks_statistics()[bridged.arn]
    assert told == {"shots": 14 * SHOTS, "tasks": {"CREATED": 1}}
    result = task.result()
    assert isinstance(result, ProgramSetQuantumTaskResult)
    assert [len(entry) for entry in result.entries] == [9, 2, 1, 2]
    sums, listed, crossed, flipped = result.entries
    error = 6 / math.sqrt(SHOTS)
    for number, angle in enumerate(ANGLES):
        wanted = sum(
            factor * exact(angle, term)
            for factor, term in ((2.0, X(3) @ Z(1)), (-0.5, Z(3) @ Z(1)), (1.5, Y(3)))
        )
        assert sums.expectation(number) == pytest.approx(wanted, abs=4 * error)
    values = [entry.expectation for entry in listed.entries]
    wanted = [exact(0.7, Z(1)), exact(0.7, Z(3) @ X(1))]
    np.testing.assert_allclose(values, wanted, atol=error)
    assert crossed.entries[0].measured_qubits == [2, 9]
    assert crossed.entries[0].counts == {"01": SHOTS}
    assert [entry.counts for entry in flipped.entries] == [{"00": SHOTS}, {"10": SHOTS}]
    assert [entry.inputs for entry in flipped.entries] == [{"a": 0.0}, {"a": math.pi}]
    metadata = task.metadata()
    assert metadata["shots"] == 14 * SHOTS
    assert metadata["tags"] == ["mine"]
    assert result.task_metadata.successfulShots == 14 * SHOTS
    explained = bridged.explain(everything())
    assert explained.shots == 14 * SHOTS
    assert len(explained.requests) == JOBS[bridged.arn]

    again = ideal.task(task.id).result()
    assert [len(entry) for entry in again.entries] == [9, 2, 1, 2]
    for here, there in zip(result.entries, again.entries, strict=True):
        for mine, theirs in zip(here.entries, there.entries, strict=True):
            assert mine.counts == theirs.counts
            assert mine.measured_qubits == theirs.measured_qubits
            np.testing.assert_array_equal(mine.measurements, theirs.measurements)
    assert "input float a;" in again.entries[3].entries[0].program
    assert ideal.task(task.id).metadata()["shots"] == 14 * SHOTS
    assert pickle.loads(pickle.dumps(task)).result().entries[0].expectation(1) == (
        sums.expectation(1)
    )


@pytest.mark.parametrize("id", ["ibm.qpu.fez", "iqm.qpu.garnet", "qudora.sim.xg1"])
def test_qiskit_opens_the_same_job_with_the_same_words(ideal: HubProvider, id: str) -> None:
    circuits = [random_circuit(seed, [7, 2, 4], gates=3).measure([7, 2]) for seed in (1, 2)]
    task = ideal.get_device(id).run(ProgramSet(circuits, 200))
    counts = qhub_qiskit.HubProvider(client=ideal.client).job(task.id).result().get_counts()
    assert counts == [dict(entry.entries[0].counts) for entry in task.result().entries]


def test_a_set_of_one_and_a_batch_of_sets(ideal: HubProvider) -> None:
    device = ideal.get_device("ibm.qpu.miami")
    sets = [ProgramSet([Circuit().x(0)], 5), ProgramSet([Circuit().x(0), Circuit().i(0)], 7)]
    first, second = device.run_batch(sets).results()
    assert [entry.entries[0].counts for entry in first.entries] == [{"1": 5}]
    assert [entry.entries[0].counts for entry in second.entries] == [{"1": 7}, {"0": 7}]


def test_as_many_in_a_job_as_its_tags_can_tell_of(ideal: HubProvider) -> None:
    """Programs that differ in everything: first their texts stay behind, then they are spread over several jobs."""
    rng = np.random.default_rng(3)
    device = ideal.get_device("ibm.qpu.miami")
    programs, words = [], []
    for _ in range(60):
        qubits = [int(qubit) for qubit in rng.permutation(10_000)[:40]]
        flipped = rng.integers(0, 2, 40)
        circuit = Circuit()
        for qubit, flip in zip(qubits, flipped, strict=True):
            circuit = circuit.x(qubit) if flip else circuit.i(qubit)
        programs.append(circuit.measure(qubits))
        words.append("".join(map(str, flipped)))
    task = device.run(ProgramSet(programs, 3))
    jobs = task.id.split(",")
    assert 1 < len(jobs) < 60
    for job in jobs:
        tags = ideal.client.jobs.get(job).tags
        assert sum(len(tag) for tag in tags if tag.startswith("qhub:")) <= TOTAL_LENGTH
    result = ideal.task(task.id).result()
    assert [dict(entry.entries[0].counts) for entry in result.entries] == [
        {word: 3} for word in words
    ]
    assert "too long" in result.entries[0].entries[0].program
