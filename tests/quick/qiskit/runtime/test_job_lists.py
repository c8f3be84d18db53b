"""`service.jobs` with every filter, on a Hub whose jobs are all known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import EstimatorV2, SamplerV2, Session
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.noise_learner import NoiseLearner

from qhub_qiskit import HubProvider, HubRuntimeService
from qhub_qiskit.runtime.job import HubRuntimeJob
from tests.quick.qiskit.runtime.circuits import failing, flip
from tests.quick.qiskit.runtime.traffic import Traffic, recorded
from tests.quick.qiskit.runtime.trouble import Trouble


@dataclass
class History:
    """A Hub and its jobs of IBM's programs, oldest first, by what they are.

    Attributes:
        service: A service on it.
        every: The ids of all.
        kinds: Ids by kind.
        between: A time after the old ones and before all others; its second is nobody's.
        session_id: The session of some.
    """

    service: HubRuntimeService
    every: list[str]
    kinds: dict[str, list[str]]
    between: datetime
    session_id: str


def tagged(primitive: Any, *tags: str) -> Any:
    primitive.options.environment.job_tags = list(tags)
    return primitive


@pytest.fixture(scope="module")
def history() -> Iterator[History]:
    service = HubRuntimeService.local(seed=13, noise=False, workers=1)
    trouble = Trouble(service)
    every: list[str] = []
    kinds: dict[str, list[str]] = {}

    def note(job: Any, *words: str) -> None:
        every.append(job.job_id())
        for word in words:
            kinds.setdefault(word, []).append(job.job_id())

    fez, miami = service.backend("ibm_fez"), service.backend("ibm_miami")
    for number in range(6):
        job = tagged(SamplerV2(fez), "old", f"number {number}").run([flip(156)], shots=1)
        note(job, "fez", "sampler", "old")
    job.result()
    time.sleep(2.2)
    between = datetime.now(UTC) - timedelta(seconds=1.1)
    with Session(fez) as session:
        for _ in range(2):
            estimator = tagged(EstimatorV2(session), "new", "both")
            job = estimator.run([(QuantumCircuit(156), "I" * 155 + "Z")], precision=0.5)
            note(job, "fez", "estimator", "session", "new")
        job = tagged(SamplerV2(session), "new", "both").run([failing(156)], shots=1)
        note(job, "fez", "sampler", "session", "new", "failed")
    job.wait_for_final_state()
    assert job.errored()
    job = NoiseLearner(fez).run([QuantumCircuit(156)])
    note(job, "fez", "noise-learner")
    job.result()
    note(fez.run(flip(156), shots=1), "fez", "sampler", "run")
    one = QuantumCircuit(1)
    one.measure_all()
    HubProvider(client=service.client).get_backend("aws.sim.sv1").run(one, shots=1).result()
    trouble.fault("slow-queue:seconds=300")
    for number in range(2):
        job = tagged(SamplerV2(miami), "new", f"number {number}").run([flip(120)], shots=1)
        note(job, "miami", "sampler", "pending", "new")
    yield History(service, every, kinds, between, session.session_id)
    job.cancel()
    trouble.end()


def ids(jobs: list[HubRuntimeJob]) -> list[str]:
    return [job.job_id() for job in jobs]


def newest_first(listed: list[str]) -> list[str]:
    return listed[::-1]


def test_all_jobs_of_ibms_programs(history: History) -> None:
    assert len(history.every) == 13
    assert sorted(ids(history.service.jobs(limit=None))) == sorted(history.every)
    assert len(history.service.jobs()) == 10  # IBM's default


def test_the_newest_come_first(history: History) -> None:
    listed = history.service.jobs(limit=None)
    times = [job.creation_date for job in listed]
    assert times == sorted(times, reverse=True)
    assert set(ids(listed)[-6:]) == set(history.kinds["old"])


@pytest.mark.parametrize("order", [True, False])
@pytest.mark.parametrize(("skip", "limit"), [(0, 4), (3, 4), (11, 4), (20, 4), (2, None)])
def test_limit_and_skip(history: History, order: bool, skip: int, limit: int | None) -> None:
    whole = ids(history.service.jobs(limit=None, descending=order))
    end = None if limit is None else skip + limit
    assert ids(history.service.jobs(limit=limit, skip=skip, descending=order)) == whole[skip:end]


def test_the_oldest_first_is_the_other_way_round(history: History) -> None:
    """The Hub's times are whole seconds: jobs of the same one keep their order too."""
    down = ids(history.service.jobs(limit=None))
    assert ids(history.service.jobs(limit=None, descending=False)) == down[::-1]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"backend_name": "ibm_fez"}, "fez"),
        ({"backend_name": "ibm.qpu.miami"}, "miami"),
        ({"backend_name": "ibm_boston"}, None),
        ({"backend_name": "aws.sim.sv1"}, None),
        ({"backend_name": "nothing"}, None),
        ({"program_id": "sampler"}, "sampler"),
        ({"program_id": "estimator"}, "estimator"),
        ({"program_id": "noise-learner"}, "noise-learner"),
        ({"program_id": "executor"}, None),
        ({"pending": True}, "pending"),
        ({"job_tags": ["old"]}, "old"),
        ({"job_tags": ["new", "both"]}, "session"),
        ({"job_tags": ["new", "old"]}, None),
        ({"program_id": "sampler", "pending": True, "backend_name": "ibm_miami"}, "pending"),
        ({"include_mocks": True, "program_id": "estimator"}, "estimator"),
    ],
)
def test_filters(history: History, given: dict[str, Any], kind: str | None) -> None:
    found = ids(history.service.jobs(limit=None, **given))
    assert sorted(found) == sorted(history.kinds[kind] if kind else [])


def test_those_that_have_ended(history: History) -> None:
    found = ids(history.service.jobs(limit=None, pending=False))
    assert sorted(found) == sorted(set(history.every) - set(history.kinds["pending"]))


def test_those_of_a_session(history: History) -> None:
    found = history.service.jobs(session_id=history.session_id)
    assert sorted(ids(found)) == sorted(history.kinds["session"])
    assert {job.session_id for job in found} == {history.session_id}


def test_created_before_and_after(history: History) -> None:
    jobs = history.service.jobs
    old = history.kinds["old"]
    assert sorted(ids(jobs(limit=None, created_before=history.between))) == sorted(old)
    assert set(ids(jobs(limit=None, created_after=history.between))) == set(history.every) - set(
        old
    )
    both = {"created_after": history.between, "created_before": history.between}
    assert jobs(**both) == []
    exactly = jobs(limit=1)[0].creation_date  # the bounds themselves are inside
    assert jobs(limit=1, created_after=exactly, created_before=exactly) != []


def test_times_without_a_zone_are_local(history: History, tokyo: None) -> None:
    jobs = history.service.jobs
    wall = history.between.astimezone().replace(tzinfo=None)
    assert wall.hour == (history.between.hour + 9) % 24
    old = history.kinds["old"]
    assert sorted(ids(jobs(limit=None, created_before=wall))) == sorted(old)
    assert set(ids(jobs(limit=None, created_after=wall))) == set(history.every) - set(old)
    listed = jobs(limit=1)[0]
    assert listed.creation_date.utcoffset() == timedelta(hours=9)


def test_wrong_arguments(history: History) -> None:
    with pytest.raises(IBMInputValueError, match="tags"):
        history.service.jobs(job_tags="old")


def test_a_listed_job_is_whole(history: History) -> None:
    listed = {job.job_id(): job for job in history.service.jobs(limit=None)}
    job = listed[history.kinds["old"][2]]
    assert isinstance(job, HubRuntimeJob)
    assert job.primitive_id == "sampler"
    assert sorted(job.tags) == ["number 2", "old"]
    assert job.backend().name == "ibm.qpu.fez"
    assert job.session_id is None
    assert job.status() == "DONE"
    assert job.result()[0].data.c.get_counts() == {"1": 1}
    assert listed[history.kinds["failed"][0]].errored()
    assert listed[history.kinds["pending"][0]].status() == "QUEUED"


@pytest.fixture
def paged(history: History, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Traffic]]:
    """`jobs` with pages of three: fourteen jobs are five of them."""
    monkeypatch.setattr("shared_transport.job_calls.PAGE_SIZE", 3)
    with recorded(history.service) as (service, traffic):
        yield service.jobs, traffic
        traffic.assert_clean()


def test_reading_goes_through_all_pages(history: History, paged: tuple[Any, Traffic]) -> None:
    jobs, traffic = paged
    assert sorted(ids(jobs(limit=None))) == sorted(history.every)
    assert traffic.count("GET /jobs") == 5


def test_reading_stops_at_the_limit(paged: tuple[Any, Traffic]) -> None:
    jobs, traffic = paged
    assert len(jobs(limit=2)) == 2
    assert traffic.count("GET /jobs") == 1
    traffic.forget()
    assert len(jobs(limit=2, skip=4)) == 2
    assert traffic.count("GET /jobs") == 3  # one of the first seven is not IBM's


def test_reading_stops_at_created_after(history: History, paged: tuple[Any, Traffic]) -> None:
    jobs, traffic = paged
    found = jobs(limit=None, created_after=history.between)
    assert set(ids(found)) == set(history.every) - set(history.kinds["old"])
    assert (
        traffic.count("GET /jobs") == 3
    )  # seven, one that is not IBM's, and the first that is too old


def test_listing_asks_nothing_of_each_job(history: History, paged: tuple[Any, Traffic]) -> None:
    """Neither its backend nor, of the one that failed, why."""
    jobs, traffic = paged
    jobs(limit=None)
    assert traffic.count("GET /jobs/.+") == 0
    assert traffic.count("GET /backends.*") <= 2


@pytest.mark.parametrize("given", [{"limit": -1}, {"skip": -1}, {"limit": 2, "skip": -1}])
def test_numbers_below_0_are_refused(history: History, given: dict[str, int]) -> None:
    with pytest.raises(IBMInputValueError, match="at least 0, not -1"):
        history.service.jobs(**given)


@pytest.mark.parametrize("name", ["created_after", "created_before"])
def test_a_time_that_is_no_datetime(history: History, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} is a datetime, not '2025-01-01'"):
        history.service.jobs(**{name: "2025-01-01"})
