"""What has to hold after every fault: submissions and waits against a seeded `FaultHub`, judged by what it knows.

The quick tests take a few seeds of each, the slow ones a hundred.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from shared_transport.errors import HubError, SubmissionUncertainError
from shared_transport.journal import Journal
from shared_transport.models import SessionMode
from shared_transport.requests import JobRequest, SessionRequest
from shared_transport.retry import RetryPolicy
from shared_transport.submission import Submitter
from shared_transport.watcher import PollingSchedule, Watch
from tests.fault_hub import (
    AFTER_ACCEPT,
    DOUBTS,
    KILLED_AFTER,
    KILLED_BEFORE,
    LATER,
    NO_DOUBT,
    REFUSED,
    TERMINAL,
    FaultHub,
    ProcessKilled,
    World,
    says,
)

KINDS = ("job", "session")
OPERATION = {"job": "createJob", "session": "createSession"}
REQUEST: dict[str, Any] = {
    "job": JobRequest(backend_id="aws.sim.sv1", shots=1, input={"qasm": "x"}),
    "session": SessionRequest(backend_id="ibm.qpu.fez", provider="IBM", mode=SessionMode.BATCH),
}
# What a Hub answers while it is out of order, and what a network does.
TROUBLE = (
    REFUSED,
    *DOUBTS.values(),
    says(500),
    says(429),
    says(429, retry_after="3"),
    says(408),
    says(200, b"<html>log in</html>"),
    says(200, b'{"status": '),
    says(200, b""),
)


def world_of(seed: int, **fixed: Any) -> World:
    """A Hub of some kind: how late and in which order it lists, whose clock is right, how large its pages are."""
    chance = random.Random(f"world {seed}")
    drawn: dict[str, Any] = {
        "latency": (0.0, chance.choice([0.0, 0.05, 0.5])),
        "listed_after": (0.0, chance.choice([0.0, 1.0, 5.0])),
        "order": chance.choice(["newest", "oldest", "random", "asked"]),
        "page_size": chance.choice([None, 7, 20, 50]),
        "totals": chance.random() < 0.8,
        "clock_offset": chance.choice([0.0, -3600.0, 3600.0, 40.0]),
        "date": chance.random() < 0.8,
    }
    return World(**{**drawn, **fixed})


def hub_of(seed: int, **fixed: Any) -> FaultHub:
    """Such a Hub with jobs from before, those of somebody else."""
    hub = FaultHub(world_of(seed, **fixed), seed=seed)
    hub.populate(random.Random(f"before {seed}").choice([0, 1, 30, 120]))
    hub.sleep(100.0)
    return hub


def submitter_of(hub: FaultHub, journal: Path | None = None) -> Submitter:
    """A client's submitter under the Hub's clock."""
    return Submitter(
        RetryPolicy(),
        Journal(journal, now=hub.now),
        clock=hub.clock,
        now=hub.now,
        jitter=hub.random.random,
    )


def submit(hub: FaultHub, submitter: Submitter, kind: str, token: str | None = None) -> str:
    """Submit one; its id."""
    steps = getattr(submitter, kind)(REQUEST[kind], token)
    return str(hub.run(steps).id)


def judge(hub: FaultHub, kind: str, identifier: str) -> None:
    """The submission gave the one that exists, and there is no other."""
    hub.settle()
    entries = hub.jobs if kind == "job" else hub.sessions
    (entry,) = [entry for entry in entries if entry.id == identifier]
    assert entry.alive, "what was given was cancelled"
    assert entry.token is not None
    assert [one.id for one in hub.of_token(entry.token, kind=kind)] == [identifier]
    assert hub.duplicates(kind) == {}


def one_doubt(kind: str, name: str, seed: int) -> None:
    """Any doubt on a Hub that is known to echo tags: no duplicate and no loss."""
    hub = hub_of(seed)
    submitter = submitter_of(hub)
    judge(hub, kind, submit(hub, submitter, kind))
    hub.script(OPERATION[kind], {**DOUBTS, **LATER}[name])
    judge(hub, kind, submit(hub, submitter, kind))
    posts = hub.count(OPERATION[kind]) - 1
    assert posts == (1 if name in (*AFTER_ACCEPT, *LATER) else 2)


def uncertain(hub: FaultHub, kind: str) -> SubmissionUncertainError:
    """The typed error of a submission that nobody can know of."""
    with pytest.raises(SubmissionUncertainError) as caught:
        submit(hub, submitter_of(hub), kind, token="mine")
    return caught.value


def one_doubt_on_an_unknown_hub(kind: str, name: str, seed: int) -> None:
    """The first submission of all: what arrived is found, what did not is never sent a second time."""
    hub = hub_of(seed)
    hub.script(OPERATION[kind], DOUBTS[name])
    if name in AFTER_ACCEPT:
        judge(hub, kind, submit(hub, submitter_of(hub), kind, token="mine"))
    else:
        assert uncertain(hub, kind).token == "mine"
        hub.settle()
        assert hub.of_token("mine", kind=kind) == []
    assert hub.count(OPERATION[kind]) == 1


def one_doubt_without_tags(kind: str, name: str, seed: int) -> None:
    """A Hub that forgets tags: the typed error with the token, never a second job."""
    hub = hub_of(seed, drops_tags=True)
    hub.script(OPERATION[kind], DOUBTS[name])
    error = uncertain(hub, kind)
    assert error.token == "mine"
    assert "mine" in str(error)
    hub.settle()
    assert hub.count(OPERATION[kind]) == 1
    assert len(hub.of_token("mine", kind=kind)) == (1 if name in AFTER_ACCEPT else 0)


def one_without_doubt(kind: str, name: str, seed: int) -> None:
    """A refused connection and 429: sent again at once, no list is read."""
    hub = hub_of(seed)
    hub.script(OPERATION[kind], *[NO_DOUBT[name]] * 2)
    judge(hub, kind, submit(hub, submitter_of(hub), kind))
    assert hub.count(OPERATION[kind]) == 3
    assert hub.count("searchJobs") == hub.count("getWorkloads") == 0


def one_death(kind: str, seed: int, folder: Path, *, arrives: bool) -> None:
    """The process dies between POST and answer; the script runs again with its token and its journal."""
    hub = hub_of(seed)
    journal = folder / f"{kind}-{seed}-{arrives}.jsonl"
    before = submitter_of(hub, journal)
    submit(hub, before, kind)
    hub.script(OPERATION[kind], KILLED_AFTER if arrives else KILLED_BEFORE)
    with pytest.raises(ProcessKilled):
        submit(hub, before, kind, token="mine")
    hub.sleep(hub.random.choice([0.0, 0.5, 30.0]))
    again = submitter_of(hub, journal)
    # What the script made before it died is among the newest: this Hub echoes tokens.
    identifier = submit(hub, again, kind, token="mine")
    judge(hub, kind, identifier)
    assert submit(hub, submitter_of(hub, journal), kind, token="mine") == identifier
    assert len(hub.of_token("mine", kind=kind, stopped=True)) == 1


def one_storm(kind: str, seed: int) -> None:
    """Everything fails now and then, the list too: no duplicate, and nothing is lost without the typed error."""
    hub = hub_of(seed)
    submitter = submitter_of(hub)
    judge(hub, kind, submit(hub, submitter, kind))
    hub.chaos(0.35, TROUBLE)
    given, lost = [], []
    for number in range(10):
        token = f"storm-{number}"
        try:
            given.append((token, submit(hub, submitter, kind, token=token)))
        except SubmissionUncertainError as error:
            lost.append(error.token)
        except HubError:
            # The policy's patience is over, and the list says that nothing is there.
            hub.settle()
            assert hub.of_token(token, kind=kind) == []
    hub.settle()
    assert hub.duplicates(kind) == {}
    for token, identifier in given:
        assert [one.id for one in hub.of_token(token, kind=kind)] == [identifier]
    for token in lost:
        assert len(hub.of_token(token, kind=kind)) <= 1


def one_wait(seed: int, jobs: int) -> None:
    """Waits for jobs through faults, an outage and a sleeping laptop: each end is noticed once, rightly, and soon."""
    chance = random.Random(f"wait {seed}")
    slow = {"job_seconds": (0.1, 200.0), "queue_seconds": (0.0, 20.0), "fails": 0.2}
    hub = hub_of(seed, **slow, checks=False)
    submitter = submitter_of(hub)
    ids = [submit(hub, submitter, "job") for _ in range(jobs)]
    trouble = chance.choice([0.0, 0.3, 0.7])
    hub.chaos(trouble, TROUBLE)
    outage = hub.clock() + chance.uniform(0, 100), chance.uniform(0, 600)
    hub.outage(outage[0], sum(outage), chance.choice(TROUBLE))
    suspends = {chance.randrange(5, 50): chance.uniform(10, 100_000) for _ in range(2)}
    ends: dict[str, tuple[float, Any]] = {}
    seen: dict[str, list[Any]] = {}

    def on_end(job_id: str, outcome: Any) -> None:
        assert job_id not in ends, "it ended twice"
        ends[job_id] = hub.clock(), outcome

    def on_status(job_id: str, status: Any) -> None:
        seen.setdefault(job_id, []).append(status)

    schedule = PollingSchedule()
    watch = Watch(on_status, on_end, clock=hub.clock, chance=chance.random)
    for job_id in ids:
        watch.add(job_id, schedule)
    before = len(hub.requests)
    lost_time = outage[1] + sum(suspends.values())
    steps = 0
    plain_sleep = hub.sleep

    def sleep(seconds: float) -> None:
        nonlocal steps
        steps += 1
        plain_sleep(seconds + suspends.pop(steps, 0.0))

    hub.sleep = sleep  # type: ignore[method-assign]
    hub.run(watch.steps())
    hub.sleep = plain_sleep  # type: ignore[method-assign]
    by_id = {job.id: job for job in hub.jobs}
    assert set(ends) == set(ids)
    for job_id, (noticed, outcome) in ends.items():
        job = by_id[job_id]
        assert outcome == hub.status(job)
        assert outcome in TERMINAL
        assert seen[job_id][-1] == outcome
        assert job.ends is not None
        delay = noticed - job.ends
        assert delay >= 0
        met = [fault for when, _, fault in hub.faults if job.ends - 60 <= when <= noticed]
        # Each fault costs its own time and at most one pause of the schedule.
        for_faults = sum(fault.seconds + schedule.ceiling for fault in met)
        assert delay <= schedule.ceiling + for_faults + lost_time
    assert len(hub.requests) - before < 200 + 60 * jobs
