"""Jobs: waiting, lists, cancellation, failure, and opening a job again elsewhere."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
import textwrap

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.providers import JobStatus

from qhub_qiskit import HubProvider
from shared_transport import (
    InputFormat,
    JobCancelledError,
    JobFailedError,
    JobRequest,
    NotFoundError,
    ResultNotReadyError,
    WaitTimeoutError,
)
from shared_transport import JobStatus as HubStatus


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def slow() -> QuantumCircuit:
    """Some seconds of work on this machine, whatever machine it is."""
    circuit = QuantumCircuit(22, 22)
    for layer in range(150):
        for qubit in range(22):
            circuit.rx(0.1 + layer + qubit, qubit)
        for qubit in range(21):
            circuit.cx(qubit, qubit + 1)
    circuit.measure(range(22), range(22))
    return circuit


@pytest.fixture
def slow_job(sv1):
    job = sv1.run(slow(), shots=10)
    yield job
    job.cancel()


def test_a_bell_pair(backend):
    job = backend.run(bell(), shots=500)
    counts = job.result(timeout=60).get_counts()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500
    assert job.status() is JobStatus.DONE
    assert job.done()
    assert job.in_final_state()
    assert job.backend() is backend
    assert job.result() is job.result()


def test_a_long_job_times_out_runs_on_and_is_cancelled(slow_job):
    with pytest.raises(WaitTimeoutError, match="It goes on"):
        slow_job.result(timeout=0.05)
    assert slow_job.status() in (JobStatus.QUEUED, JobStatus.RUNNING)
    assert slow_job.cancel() is True
    with pytest.raises(JobCancelledError, match=slow_job.job_id()):
        slow_job.result(timeout=30)
    assert slow_job.status() is JobStatus.CANCELLED
    assert slow_job.cancelled()
    assert slow_job.cancel() is False


def test_no_result_before_the_end(slow_job, provider):
    with pytest.raises(ResultNotReadyError):
        provider.client.jobs.result(slow_job.job_id())


def test_callback_sees_the_states(sv1):
    seen = []
    job = sv1.run(bell(), shots=10)
    job.wait_for_final_state(callback=lambda job_id, status, it: seen.append((job_id, status, it)))
    assert seen[-1] == (job.job_id(), JobStatus.DONE, job)


def test_a_job_can_be_awaited_beside_others(backend):
    async def main():
        jobs = [backend.run(bell(), shots=50) for _ in range(3)]
        return await asyncio.gather(*jobs)

    for result in asyncio.run(main()):
        assert sum(result.get_counts().values()) == 50


def test_result_inside_a_running_loop(backend):
    async def main():
        return backend.run(bell(), shots=50).result()

    assert sum(asyncio.run(main()).get_counts().values()) == 50


def test_a_list_is_one_job(backend):
    flipped = QuantumCircuit(1, 1, name="flipped")
    flipped.x(0)
    flipped.measure(0, 0)
    job = backend.run([flipped, bell(), flipped], shots=30)
    result = job.result()
    assert len(job.job_id().split(",")) == 3
    assert result.get_counts(0) == {"1": 30}
    assert set(result.get_counts(1)) <= {"00", "11"}
    assert result.get_counts(2) == {"1": 30}


def test_memory_is_there_when_asked_for_and_agrees_with_the_counts(backend, provider):
    job = backend.run(bell(), shots=200, memory=True)
    memory = job.result().get_memory()
    counts = job.result().get_counts()
    assert {word: memory.count(word) for word in set(memory)} == counts
    assert provider.job(job.job_id()).result().get_memory() == memory
    without = backend.run(bell(), shots=200).result()
    assert "memory" not in without.data()


def test_only_counts_are_said_to_be_shuffled(qsim, sv1):
    for backend, note in ((qsim, "shuffled counts"), (sv1, None)):
        result = backend.run(bell(), shots=20, memory=True).result()
        assert result.results[0].header.get("memory") == note


def test_names_tags_and_what_the_hub_knows(backend, provider):
    job = backend.run(bell(), shots=10, name="mine", tags=["a", "b", "a"])
    job.result()
    (described,) = job.hub_jobs()
    assert described.name == "mine"
    assert {"a", "b"} <= set(described.tags)
    assert described.status == HubStatus.COMPLETED
    assert described.created_at <= described.started_at <= described.ended_at
    assert described.created_at.tzinfo is not None
    assert provider.job(job.job_id()).result().results[0].header["name"] == "bell"


def test_hubs_of_the_same_seed_agree(backend):
    """Equal inputs differ by how often they came to a Hub, not by its workers or the time of day."""
    circuit = bell()
    circuit.name = f"seeded on {backend.name}"
    counts = []
    for workers in (1, 2):
        hub = HubProvider.local(seed=23, workers=workers).get_backend(backend.name)
        jobs = [hub.run(circuit, shots=1000) for _ in range(2)]
        counts.append([job.result().get_counts() for job in jobs])
    assert counts[0] == counts[1]
    assert counts[0][0] != counts[0][1]


def test_another_process_reads_the_same_counts(backend, provider):
    circuit = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(2, "a"), ClassicalRegister(2, "b")
    )
    circuit.ry(0.7, 0)
    circuit.ry(1.9, 1)
    circuit.measure([0, 1, 2], [3, 0, 1])
    job = backend.run([circuit, bell()], shots=300, memory=True)
    here = [job.result().get_counts(), job.result().get_memory(0)]
    script = """
        import sys
        from qhub_qiskit import HubProvider
        result = HubProvider().job(sys.argv[1]).result()
        print([result.get_counts(), result.get_memory(0)])
    """
    settings = provider.client.settings
    there = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), job.job_id()],
        env={
            **os.environ,
            "QHUB_QUANTUM_BASE_URL": settings.base_url,
            "KQH_PERSONAL_ACCESS_TOKEN": settings.token.get_secret_value(),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == str(here)


def test_pickles_open_in_another_process_without_holding_the_token(backend, provider, tmp_path):
    job = backend.run(bell(), shots=100)
    pickled = pickle.dumps((job, backend))
    assert provider.client.settings.token.get_secret_value().encode() not in pickled
    path = tmp_path / "job.pickle"
    path.write_bytes(pickled)
    script = """
        import pickle, sys
        job, backend = pickle.load(open(sys.argv[1], "rb"))
        print(job.result().get_counts(), backend.name, backend.run is not None, backend.num_qubits)
    """
    there = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    counts = job.result().get_counts()
    assert there.stdout.strip() == f"{counts} {backend.name} True {backend.num_qubits}"


def test_copies_of_a_backend_are_itself(backend):
    assert copy.copy(backend) is backend
    assert copy.deepcopy({"backend": backend})["backend"] is backend


def test_a_failed_job_says_why_and_a_partial_result_marks_it():
    """While the only worker is busy, a wrong input is accepted unread, and fails once it is read."""
    provider = HubProvider.local(seed=23, workers=1)
    sv1 = provider.get_backend("aws.sim.sv1")
    good = sv1.run(bell(), shots=10)
    good.result()
    busy = sv1.run(slow(), shots=10)
    wrong = JobRequest(
        backend_id="aws.sim.sv1",
        shots=10,
        input={"qasm": "OPENQASM 3.0; bit[1] b; qubit[1] q; nosuchgate q[0]; b[0] = measure q[0];"},
        input_format=InputFormat.BRAKET_OPEN_QASM_V3,
    )
    broken = provider.client.jobs.create(wrong)
    busy.cancel()
    job = provider.job(f"{good.job_id()},{broken.id}")
    with pytest.raises(JobFailedError, match="nosuchgate") as caught:
        job.result(timeout=60)
    assert caught.value.job_id == broken.id
    assert job.status() is JobStatus.ERROR
    partial = job.result(partial=True)
    assert [experiment.success for experiment in partial.results] == [True, False]
    assert "nosuchgate" in partial.results[1].status
    assert partial.success is False
    assert sum(partial.get_counts(0).values()) == 10


def test_unknown_job(provider):
    with pytest.raises(NotFoundError, match="00000000-0000-0000-0000-000000000000"):
        provider.job("00000000-0000-0000-0000-000000000000")
