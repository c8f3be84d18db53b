"""IBM's `Session` and `Batch`, unmodified."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from qiskit_ibm_runtime import Batch, EstimatorV2, SamplerV2, Session
from qiskit_ibm_runtime.exceptions import (
    IBMInputValueError,
    IBMRuntimeError,
    RuntimeJobTimeoutError,
)
from qiskit_ibm_runtime.noise_learner import NoiseLearner

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic

KINDS = [(Session, "dedicated"), (Batch, "batch")]
FLIP = flip(156)


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)


@pytest.mark.parametrize(("kind", "mode"), KINDS)
def test_jobs_run_in_it(fez: HubIBMBackend, kind: type[Session], mode: str) -> None:
    with kind(backend=fez) as session:
        assert session.backend() == "ibm.qpu.fez"
        assert session.service is fez.service
        assert session.status() == "Pending"
        sampled = SamplerV2(mode=session).run([FLIP], shots=5)
        flips = FLIP.remove_final_measurements(inplace=False)
        estimated = EstimatorV2(mode=session).run([(flips, "I" * 155 + "Z")])
        learned = NoiseLearner(mode=session).run([flips])
        assert sampled.result()[0].data.c.get_counts() == {"1": 5}
        assert estimated.result()[0].data.evs == pytest.approx(-1)
        assert len(learned.result()) == 0
        jobs = [sampled, estimated, learned]
        assert {job.session_id for job in jobs} == {session.session_id}
        assert session.status() == "In progress, accepting new jobs"
        assert session.details()["mode"] == mode
    assert session.status() == "Closed"
    listed = fez.service.jobs(session_id=session.session_id)
    assert {job.job_id() for job in listed} == {job.job_id() for job in jobs}


@pytest.mark.parametrize("kind", [Session, Batch])
def test_the_context_is_the_mode_of_primitives_without_one(
    fez: HubIBMBackend, kind: type[Session]
) -> None:
    with kind(fez) as session:
        inside = SamplerV2().run([FLIP], shots=1)
        same = SamplerV2(mode=fez).run([FLIP], shots=1)
    outside = SamplerV2(mode=fez).run([FLIP], shots=1)
    assert inside.session_id == same.session_id == session.session_id
    assert outside.session_id is None
    for job in (inside, same, outside):
        assert job.result()[0].data.c.get_counts() == {"1": 1}
    with pytest.raises(ValueError, match="must be specified"):
        SamplerV2()


def test_details(slow_fez: HubIBMBackend) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    with Session(slow_fez, max_time="1h 1m") as session:
        new = session.details()
        job = SamplerV2(session).run([FLIP], shots=1)
        until(job.running)
        running = session.details()
        job.result()
        done = session.details()
    closed = session.details()
    assert {one["id"] for one in (new, running, done, closed)} == {session.session_id}
    assert {one["backend_name"] for one in (new, running, done, closed)} == {"ibm.qpu.fez"}
    assert {one["max_time"] for one in (new, running, done, closed)} == {3660}
    assert [one["state"] for one in (new, running, done, closed)] == [
        "open", "active", "active", "closed",
    ]  # fmt: skip
    assert [one["accepting_jobs"] for one in (new, running, done, closed)] == [
        True, True, True, False,
    ]  # fmt: skip
    assert new["started_at"] is new["last_job_started"] is new["closed_at"] is None
    assert running["last_job_completed"] is None
    times = [
        datetime.fromisoformat(closed[name])
        for name in ("started_at", "last_job_started", "last_job_completed", "closed_at")
    ]
    assert before <= times[0] <= times[1] < times[2] <= times[3] <= datetime.now(UTC)
    assert new["usage_time"] == 0
    assert 1.0 <= closed["usage_time"] < 10
    assert session.usage() == closed["usage_time"] == pytest.approx(job.usage(), abs=0.01)


@pytest.mark.parametrize("kind", [Session, Batch])
def test_closing_lets_it_run_empty(slow_fez: HubIBMBackend, kind: type[Session]) -> None:
    session = kind(slow_fez)
    jobs = [SamplerV2(session).run([FLIP], shots=1) for _ in range(2)]
    until(jobs[0].running)
    session.close()
    assert session.status() == "In progress, not accepting new jobs"
    assert not session.details()["accepting_jobs"]
    with pytest.raises(IBMRuntimeError, match="session is closed"):
        SamplerV2(session).run([FLIP])
    assert [job.result()[0].data.c.get_counts() for job in jobs] == [{"1": 1}] * 2
    until(lambda: session.status() == "Closed", 2)


@pytest.mark.parametrize("kind", [Session, Batch])
def test_cancelling_ends_it(slow_fez: HubIBMBackend, kind: type[Session]) -> None:
    session = kind(slow_fez)
    job = SamplerV2(session).run([FLIP], shots=1)
    until(job.running)
    session.cancel()
    assert session.status() == "Closed"
    assert job.status() == "RUNNING"  # the API: what was accepted goes on
    with pytest.raises(IBMRuntimeError, match="session is closed"):
        SamplerV2(session).run([FLIP])
    assert job.result()[0].data.c.get_counts() == {"1": 1}


@pytest.mark.parametrize("kind", [Session, Batch])
def test_leaving_by_an_exception_lets_it_run_empty(
    slow_fez: HubIBMBackend, kind: type[Session]
) -> None:
    jobs = []

    def fails() -> None:
        with kind(slow_fez) as session:
            jobs.append(SamplerV2().run([FLIP], shots=1))
            until(jobs[0].running)
            jobs.append(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    job, session = jobs
    assert session.status() == "In progress, not accepting new jobs"
    assert job.result()[0].data.c.get_counts() == {"1": 1}
    with pytest.raises(ValueError, match="must be specified"):  # nothing of the context is left
        SamplerV2()


@pytest.mark.parametrize(("kind", "mode"), KINDS)
def test_it_is_opened_by_its_id(
    ideal: HubRuntimeService, fez: HubIBMBackend, kind: type[Session], mode: str
) -> None:
    first = kind(fez, max_time=600)
    again = kind.from_id(first.session_id, ideal)
    assert isinstance(again, kind)
    assert again.session_id == first.session_id
    assert again.details() == first.details()
    assert again.backend() == "ibm.qpu.fez"
    job = SamplerV2(again).run([FLIP], shots=3)
    assert job.result()[0].data.c.get_counts() == {"1": 3}
    assert job.session_id == first.session_id
    other = Batch if kind is Session else Session
    with pytest.raises(IBMInputValueError, match=f"execution mode {mode}"):
        other.from_id(first.session_id, ideal)
    again.close()
    assert first.status() == "Closed"
    with pytest.raises(IBMRuntimeError, match="session is closed"):
        SamplerV2(kind.from_id(first.session_id, ideal)).run([FLIP])


def test_fractional_gates_of_a_session_that_is_opened(
    ideal: HubRuntimeService, fez: HubIBMBackend
) -> None:
    session = Session(fez)
    again = Session.from_id(session.session_id, ideal, use_fractional_gates=True)
    assert "rzz" in again._backend.configuration().basis_gates
    session.cancel()


@pytest.mark.parametrize("session_id", ["00000000-0000-0000-0000-000000000000", "nonsense"])
def test_there_is_no_such_session(ideal: HubRuntimeService, session_id: str) -> None:
    with pytest.raises(IBMInputValueError, match=f"Session not found.*{session_id}"):
        Session.from_id(session_id, ideal)


@pytest.mark.parametrize("kind", [Session, Batch])
def test_it_expires(slow_fez: HubIBMBackend, kind: type[Session]) -> None:
    session = kind(slow_fez, max_time=2)
    job = SamplerV2(session).run([FLIP], shots=1)
    assert session.details()["max_time"] == 2
    until(lambda: session.status() == "Closed", 4)
    with pytest.raises(IBMRuntimeError, match=r"Failed to run program.*CLOSED") as caught:
        SamplerV2(session).run([FLIP])
    assert type(caught.value) is IBMRuntimeError
    assert job.result()[0].data.c.get_counts() == {"1": 1}
    session.close()  # nothing is left to close
    session.cancel()
    assert session.status() == "Closed"


def test_it_was_ended_elsewhere(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    session = Session(fez)
    ideal.client.sessions.cancel(session.session_id)
    with pytest.raises(IBMRuntimeError, match="CLOSED"):
        SamplerV2(session).run([FLIP])
    with session:  # leaving one that has ended is no error
        pass


def test_two_backends(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    miami = ideal.backend("ibm_miami")
    with Session(fez), pytest.raises(ValueError, match="different from the session backend"):
        SamplerV2(mode=miami)
    with Batch(miami) as batch:
        assert batch.backend() == "ibm.qpu.miami"
        counts = SamplerV2().run([flip(120)], shots=2).result()[0].data.c.get_counts()
        assert counts == {"1": 2}


def test_a_dedicated_session_has_the_backend_to_itself(fez: HubIBMBackend) -> None:
    with closing(Session(fez)) as session:
        SamplerV2(session).run([FLIP], shots=1).result()
        waiting = SamplerV2(fez).run([FLIP], shots=1)
        with pytest.raises(RuntimeJobTimeoutError):
            waiting.result(timeout=0.3)
        assert waiting.status() == "QUEUED"
        inside = SamplerV2(session).run([FLIP], shots=2)
        assert inside.result()[0].data.c.get_counts() == {"1": 2}
    assert waiting.result()[0].data.c.get_counts() == {"1": 1}


def test_a_batch_shares_the_backend(fez: HubIBMBackend) -> None:
    with closing(Batch(fez)) as batch:
        SamplerV2(batch).run([FLIP], shots=1).result()
        job = SamplerV2(fez).run([FLIP], shots=1)
        assert job.result(timeout=20)[0].data.c.get_counts() == {"1": 1}


def test_threads_share_a_session(fez: HubIBMBackend) -> None:
    with Batch(fez) as batch:
        sampler = SamplerV2(batch)
        with ThreadPoolExecutor(8) as pool:
            jobs = list(pool.map(lambda shots: sampler.run([FLIP], shots=shots), range(1, 9)))
            counts = list(pool.map(lambda job: job.result()[0].data.c.get_counts(), jobs))
    assert counts == [{"1": shots} for shots in range(1, 9)]
    assert len({job.job_id() for job in jobs}) == 8
    assert {job.session_id for job in jobs} == {batch.session_id}


@pytest.mark.parametrize(("kind", "mode"), KINDS)
def test_what_is_sent(
    watched: tuple[HubRuntimeService, Traffic], kind: type[Session], mode: str
) -> None:
    service, traffic = watched
    backend = service.backend("ibm_fez")
    traffic.forget()
    with kind(backend, max_time=90) as session:
        SamplerV2().run([FLIP], shots=1).result()
    assert traffic.count("POST /sessions") == 1
    assert traffic.count("POST /jobs") == 1
    assert traffic.bodies[0]["session_id"] == session.session_id
    assert traffic.count(f"PATCH /sessions/{session.session_id}.*") == 1
    assert traffic.count("DELETE .*") == 0
    hubs = service.client.sessions.get(session.session_id)
    assert (hubs.mode, hubs.sdk_provider, hubs.provider) == (mode, "QISKIT", "IBM")
    assert hubs.expires_at - hubs.created_at == timedelta(seconds=90)
