"""Answers that are lost in the middle of a session: nothing is lost with them, and nothing is done twice."""

from __future__ import annotations

import re

import pytest
from qiskit_ibm_runtime import Batch, SamplerV2, Session
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from shared_transport import RetryPolicy, SubmissionUncertainError
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.trouble import Trouble

FLIP = flip(156)
# The job was accepted; its answer did not come.
ACCEPTED = ["drop-after", "reset-after", "502-after", "503-after", "504-after", "truncate"]
# Seconds in which a client looks for what may exist.
IMPATIENT = {
    "settle_time": 0.3,
    "retry": RetryPolicy(attempts=2, first_delay=0.01, deadline=0.5),
}
TOKEN = re.compile(r"qhub-token:([0-9a-f]{32})")


def counts(job: object) -> dict[str, int]:
    return job.result(timeout=60)[0].data.c.get_counts()


@pytest.mark.parametrize("fault", ACCEPTED)
@pytest.mark.parametrize("kind", [Session, Batch])
def test_an_accepted_job_is_found(trouble: Trouble, kind: type[Session], fault: str) -> None:
    before = set(trouble.jobs())
    with trouble.client() as (service, traffic), kind(service.backend("ibm_fez")) as session:
        placed = trouble.fault(f"{fault}:createJob:skip=1:times=2")
        sampler = SamplerV2(session)
        jobs = [sampler.run([FLIP], shots=number) for number in range(1, 6)]
        assert [counts(job) for job in jobs] == [{"1": number} for number in range(1, 6)]
        assert trouble.struck(placed) == 2
        assert traffic.count("POST /jobs") == 5  # none of them a second time
        hubs = service.client.sessions.jobs(session.session_id)
        ids = [job.job_id() for job in jobs]
        assert sorted(job.id for job in hubs) == sorted(ids) == sorted(set(ids))
        used = sum(job.usage() for job in jobs)
        assert session.usage() == pytest.approx(used, abs=1e-6)  # nothing was billed twice
    assert set(trouble.jobs()) - before == set(ids)
    assert session.status() == "Closed"


@pytest.mark.parametrize("fault", ["drop", "reset", "502", "504"])
def test_a_job_that_never_arrived_is_sent_again(trouble: Trouble, fault: str) -> None:
    """This Hub is known to give tags back: what it does not list after the settle time, it does not have."""
    before = set(trouble.jobs())
    with (
        trouble.client(settle_time=0.5) as (service, traffic),
        Session(service.backend("ibm_fez")) as session,
    ):
        sampler = SamplerV2(session)
        first = sampler.run([FLIP], shots=1)
        placed = trouble.fault(f"{fault}:createJob:times=1")
        second = sampler.run([FLIP], shots=2)
        assert [counts(first), counts(second)] == [{"1": 1}, {"1": 2}]
        assert trouble.struck(placed) == 1
        assert traffic.count("POST /jobs") == 3
        tokens = [TOKEN.search(" ".join(body["tags"])) for body in traffic.bodies]
        assert tokens[1][1] == tokens[2][1] != tokens[0][1]
        assert set(trouble.jobs()) - before == {first.job_id(), second.job_id()}


@pytest.mark.parametrize("fault", ["drop", "drop-after"])
def test_where_nobody_knows_ibms_error_names_the_token(trouble: Trouble, fault: str) -> None:
    """The Hub's list is out of reach as well. Later, whoever has the token finds the job, if there is one."""
    before = set(trouble.jobs())
    with trouble.client(**IMPATIENT) as (service, traffic):
        backend = service.backend("ibm_fez")
        trouble.fault(f"{fault}:createJob:times=1")
        outage = trouble.fault("503:searchJobs")
        with pytest.raises(IBMRuntimeError, match=TOKEN) as caught:
            SamplerV2(backend).run([FLIP], shots=7)
        assert type(caught.value) is IBMRuntimeError
        assert "may exist" in str(caught.value)
        assert traffic.count("POST /jobs") == 1
        tag, token = TOKEN.search(str(caught.value)).group(0, 1)
        assert tag in traffic.bodies[0]["tags"]
        cause = caught.value.__context__
        assert isinstance(cause, RequestsApiError)
        assert isinstance(cause.__cause__, SubmissionUncertainError)
        assert cause.__cause__.token == token
        trouble.remove(outage)
        found = service.jobs(job_tags=[tag])
        assert [counts(job) for job in found] == ([{"1": 7}] if fault == "drop-after" else [])
        assert [job.tags for job in found] in ([], [[]])  # the token is none of the user's
    assert set(trouble.jobs()) - before == {job.job_id() for job in found}


@pytest.mark.parametrize("fault", ["drop-after", "503-after"])
@pytest.mark.parametrize("kind", [Session, Batch])
def test_an_accepted_session_is_found(trouble: Trouble, kind: type[Session], fault: str) -> None:
    before = trouble.sessions()
    with trouble.client() as (service, traffic):
        placed = trouble.fault(f"{fault}:createSession:times=1")
        with kind(service.backend("ibm_fez")) as session:
            assert counts(SamplerV2().run([FLIP], shots=3)) == {"1": 3}
        assert trouble.struck(placed) == 1
        assert traffic.count("POST /sessions") == 1
    assert trouble.sessions() - before == {session.session_id}


def test_a_session_of_which_nobody_knows(trouble: Trouble) -> None:
    before = trouble.sessions()
    with trouble.client(**IMPATIENT) as (service, traffic):
        backend = service.backend("ibm_fez")
        trouble.fault("drop:createSession:times=1")
        outage = trouble.fault("503:getWorkloads")
        with pytest.raises(RequestsApiError, match=r"session.*may exist") as caught:
            Session(backend)
        assert isinstance(caught.value.__cause__, SubmissionUncertainError)
        assert caught.value.__cause__.token in str(caught.value)
        assert traffic.count("POST /sessions") == 1
        trouble.remove(outage)
    assert trouble.sessions() == before


@pytest.mark.parametrize(
    "fault",
    [
        "drop:getJobResult:times=2",
        "503:getJobResult:times=2",
        "truncate:getJobResult:times=1",
        "drop-after:getJobStatus:times=2",
        "503:getJobStatus:times=2",
        "drop:getJob:times=1",
    ],
)
def test_reading_is_repeated(trouble: Trouble, fault: str) -> None:
    with trouble.client() as (service, traffic):
        job = SamplerV2(service.backend("ibm_fez")).run([FLIP], shots=6)
        placed = trouble.fault(fault)
        assert counts(job) == {"1": 6}
        assert job.status() == "DONE"
        assert service.job(job.job_id()).status() == "DONE"
        assert trouble.struck(placed) > 0
        assert traffic.count("POST /jobs") == 1


@pytest.mark.parametrize("fault", ["drop-after", "drop", "503"])
def test_closing_cancelling_and_ending_are_repeated(trouble: Trouble, fault: str) -> None:
    with trouble.client() as (service, _):
        backend = service.backend("ibm_fez")
        trouble.fault("slow-queue:seconds=60:times=1")
        job = SamplerV2(backend).run([FLIP], shots=1)
        placed = trouble.fault(f"{fault}:cancelJob,closeSession,updateSessionState:times=1")
        job.cancel()
        assert job.status() == service.job(job.job_id()).status() == "CANCELLED"
        assert trouble.struck(placed) == 1
        for end in ("close", "cancel"):
            session = Session(backend)
            placed = trouble.fault(f"{fault}:closeSession,updateSessionState:times=1")
            getattr(session, end)()
            assert session.status() == "Closed"
            assert trouble.struck(placed) == 1
