"""Lists of circuits and split shots: one `HubJob`, however many jobs of the Hub stand behind it."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.providers import JobStatus

from qhub_qiskit import HubBackend, HubProvider
from shared_transport import HubClient, HubError, ValidationError
from shared_transport.models import JobStatus as HubStatus
from shared_transport.requests import JobRequest


def rotated(angle: float, name: str) -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name=name, metadata={"angle": angle})
    circuit.ry(angle, 0)
    circuit.measure([0, 1], [1, 0])
    return circuit


def narrow(backend: HubBackend, *, most: int, pubs: int | None = None) -> HubBackend:
    """The same backend as if it took fewer shots."""
    configuration = backend.hub_backend.configuration
    few = configuration.shots_range.model_copy(update={"max": most})
    changed = configuration.model_copy(update={"shots_range": few, "max_pubs_per_job": pubs})
    return HubBackend(
        backend.client, backend.hub_backend.model_copy(update={"configuration": changed})
    )


def test_too_many_shots_say_how_many_jobs_it_would_take(backend):
    few = narrow(backend, most=100)
    with pytest.raises(ValidationError, match=r"at most 100 shots.*split_shots=True.*3 jobs"):
        few.run(rotated(1.0, "a"), shots=250)


def test_split_shots_are_summed_here_and_where_the_job_is_opened_again(backend, provider):
    few = narrow(backend, most=100)
    circuits = [rotated(1.0, "a"), rotated(0.0, "b")]
    job = few.run(circuits, shots=250, split_shots=True, memory=True)
    assert len(job.job_id().split(",")) == 6
    result = job.result()
    assert [one.header["name"] for one in result.results] == ["a", "b"]
    assert [one.shots for one in result.results] == [250, 250]
    assert result.get_counts(1) == {"00": 250}
    assert Counter(result.get_memory(0)) == result.get_counts(0)
    # The chance of "10" is sin(0.5)^2 = 0.23: 250 shots give 57 on average, and 6 standard errors are 40.
    assert 17 < result.get_counts(0)["10"] < 98
    again = provider.job(job.job_id()).result()
    assert again.get_counts() == result.get_counts()
    assert again.get_memory(0) == result.get_memory(0)
    assert job.statuses() == [JobStatus.DONE, JobStatus.DONE]
    jobs = [client_job.shots for client_job in job.hub_jobs()]
    assert jobs == [84, 83, 83] * 2


def test_names_metadata_and_usage_of_a_list(backend, provider):
    start = datetime.now(UTC) - timedelta(seconds=2)
    job = backend.run([rotated(a, f"at {a}") for a in (0.0, 1.0, 3.0)], shots=20, tags=["mine"])
    result = job.result()
    for one, angle in zip(result.results, (0.0, 1.0, 3.0), strict=True):
        assert one.header["name"] == f"at {angle}"
        assert one.header["metadata"] == {"angle": angle}
    assert job.tags() == ["mine"]
    assert job.usage() > 0
    times = job.time_per_step()
    assert (
        start <= times["CREATED"] == job.creation_date() <= times["RUNNING"] <= times["COMPLETED"]
    )
    assert job.error_message() is None
    assert job.queue_position() is None
    assert job.session_id() is None
    assert job.calibration() is None
    assert len(job.input()) == 3
    assert "qasm" in provider.job(job.job_id().split(",")[1]).input()


def test_a_circuit_of_a_list_opens_by_itself(backend, provider):
    job = backend.run([rotated(0.0, "a"), rotated(1.0, "b")], shots=100, memory=True)
    whole = job.result()
    one = provider.job(job.job_id().split(",")[1]).result()
    assert one.get_counts() == whole.get_counts(1)
    assert one.get_memory() == whole.get_memory(1)
    assert one.results[0].header["name"] == "b"


def test_a_pickled_list_goes_on(backend):
    job = backend.run([rotated(0.0, "a"), rotated(1.0, "b")], shots=50)
    copy = pickle.loads(pickle.dumps(job))
    assert copy.result().get_counts() == job.result().get_counts()
    assert pickle.loads(pickle.dumps(job)).result().get_counts() == job.result().get_counts()


def test_where_the_third_circuit_cannot_be_sent_the_error_has_those_that_were(backend, monkeypatch):
    numbers = itertools.count()
    create = backend.client.jobs.create

    def third_fails(request: JobRequest):
        if next(numbers) == 2:
            raise HubError("out of paper")
        return create(request)

    monkeypatch.setattr(backend.client.jobs, "create", third_fails)
    with pytest.raises(HubError, match="out of paper") as caught:
        backend.run([rotated(0.0, f"{i}") for i in range(40)], shots=10)
    sent = caught.value.job
    result = sent.result()
    assert 2 <= len(result.results) < 40
    counts = result.get_counts()
    assert all(one == {"00": 10} for one in counts)


def test_a_partial_result_of_a_list_with_a_cancelled_circuit():
    provider = HubProvider.local(seed=31, workers=1, job_seconds=0.3)
    backend = provider.get_backend("aws.sim.sv1")
    job = backend.run([rotated(0.0, f"{i}") for i in range(4)], shots=10)
    last = job.job_id().split(",")[-1]
    provider.client.jobs.cancel(last)
    job.wait_for_final_state()
    assert job.statuses() == [JobStatus.DONE] * 3 + [JobStatus.CANCELLED]
    assert job.status() is JobStatus.CANCELLED
    with pytest.raises(HubError, match=last):
        job.result()
    partial = job.result(partial=True)
    assert [one.success for one in partial.results] == [True, True, True, False]
    assert partial.get_counts(0) == {"00": 10}
    assert HubStatus.CANCELLED in {one.status for one in job.hub_jobs()}


def test_packed_data_looks_like_qiskits_own(backend):
    result = backend.run(rotated(1.0, "a"), shots=300, memory=True).result()
    data = result.results[0].data
    plain = type(result).from_dict(result.to_dict())
    assert plain.get_counts() == result.get_counts()
    assert plain.get_memory() == result.get_memory()
    assert set(data.to_dict()) == {"counts", "memory"}
    assert data.counts is data.counts
    assert "counts=" in repr(data)
    again = pickle.loads(pickle.dumps(result))
    assert again.get_memory() == result.get_memory()
    with pytest.raises(AttributeError, match="no 'snapshots'"):
        _ = data.snapshots


def test_a_large_result_comes_through_a_file(provider):
    """Two million measured bits and more: the same words as a small job's would be."""
    sv1 = provider.get_backend("aws.sim.sv1")
    circuit = QuantumCircuit(24, 25)
    for qubit in range(0, 24, 2):
        circuit.x(qubit)
    circuit.h(23)
    circuit.measure(range(24), range(1, 25))
    job = sv1.run(circuit, shots=100_000, memory=True)
    result = job.result()
    counts = result.get_counts()
    assert sum(counts.values()) == 100_000
    words = {word[1:] for word in counts}
    assert words == {"".join("1" if (q % 2 == 0) else "0" for q in reversed(range(23))) + "0"}
    assert len(result.get_memory()) == 100_000


@pytest.mark.parametrize("level", [1])
def test_transpiled_lists(backend, level):
    circuits = transpile([rotated(3.1, "a"), rotated(0.0, "b")], backend, optimization_level=level)
    assert len(backend.run(circuits, shots=10).result().results) == 2


def test_clients_are_public(backend):
    assert isinstance(backend.client, HubClient)
