"""Every fault of the simulated Hub does what it is called, under a clock of the Hub's own."""

import pytest

from shared_transport import operations
from shared_transport.steps import Answer, Failure, Send, Sleep
from tests.fault_hub import (
    AFTER_ACCEPT,
    BEFORE_ACCEPT,
    DOUBTS,
    KILLED_AFTER,
    KILLED_BEFORE,
    LATER,
    NO_DOUBT,
    REFUSED,
    FaultHub,
    ProcessKilled,
    World,
    says,
)
from tests.quick.transport.fault_hub_calls import body_of, listed, post, request


@pytest.mark.parametrize("name", [*DOUBTS, *LATER, *NO_DOUBT])
def test_a_fault_does_what_it_is_called(name):
    fault = {**DOUBTS, **LATER, **NO_DOUBT}[name]
    hub = FaultHub()
    hub.script("createJob", fault, None)
    outcome = hub.send(operations.create_job(request("t1")))
    assert hub.clock() == fault.seconds
    if fault.lost:
        assert outcome == Failure(fault.lost, sent=name != "refused")
    else:
        assert (
            outcome.status == int(name[:3]) if name[:3].isdigit() else outcome.status in (200, 201)
        )
        assert b'"id": "' not in outcome.content or not outcome.content.endswith(b"}")
    assert len(hub.jobs) == int(name in AFTER_ACCEPT)
    hub.settle()
    assert len(hub.jobs) == int(name in AFTER_ACCEPT or name in LATER)
    post(hub, "t1")
    assert set(hub.duplicates()) == ({"t1"} if name in AFTER_ACCEPT or name in LATER else set())
    assert [fault for _, _, fault in hub.faults] == [fault]


def test_every_doubt_is_on_one_side():
    assert all(not fault.arrives for fault in BEFORE_ACCEPT.values())
    assert all(fault.arrives for fault in AFTER_ACCEPT.values())
    assert len(DOUBTS) == len(BEFORE_ACCEPT) + len(AFTER_ACCEPT)


def test_what_is_executed_later_is_created_then():
    hub = FaultHub()
    hub.script("createJob", LATER["504, executed later"])
    hub.send(operations.create_job(request("t1")))
    assert hub.clock() == 5
    assert listed(hub) == []
    hub.sleep(10)
    assert [job["created_at"] for job in listed(hub)] == ["2026-01-01 00:00:07"]
    assert hub.jobs[0].created == 7


def test_retry_after_and_words():
    hub = FaultHub()
    hub.script("getJob", says(429, retry_after="7"), says(400, b'{"detail": "No."}'))
    outcome = hub.send(operations.get_job("x"))
    assert (outcome.status, outcome.headers["Retry-After"]) == (429, "7")
    assert body_of(hub.send(operations.get_job("x"))) == {"detail": "No."}
    assert hub.send(operations.get_job("x")).status == 404


@pytest.mark.parametrize("fault", [KILLED_BEFORE, KILLED_AFTER], ids=["before", "after"])
def test_the_process_dies_and_the_hub_lives_on(fault):
    hub = FaultHub()
    hub.script("createJob", fault)
    with pytest.raises(ProcessKilled):
        hub.send(operations.create_job(request("t1")))
    assert len(hub.of_token("t1")) == fault.arrives
    assert not issubclass(ProcessKilled, Exception)


def test_an_outage_lasts_as_long_as_it_was_said():
    hub = FaultHub()
    hub.outage(10, 20, says(503))
    hub.outage(30, 40)
    job_id = post(hub)
    seen = {}
    for second in range(0, 50, 5):
        outcome = hub.send(operations.get_job(job_id))
        seen[second] = outcome.status if isinstance(outcome, Answer) else outcome.sent
        hub.sleep(5)
    assert seen[5] == seen[20] == seen[25] == seen[40] == 200
    assert seen[10] == seen[15] == 503
    assert seen[30] is seen[35] is False


def test_chaos_is_seeded_and_of_the_named_operations():
    def play(seed):
        hub = FaultHub(seed=seed)
        hub.chaos(0.3, [*DOUBTS.values(), REFUSED], ["createJob"])
        for number in range(300):
            hub.send(operations.create_job(request(str(number))))
            hub.send(operations.search_jobs())
        return hub

    hub = play(5)
    assert 60 < len(hub.faults) < 120
    assert {name for _, name, _ in hub.faults} == {"createJob"}
    assert hub.faults == play(5).faults != play(6).faults
    assert hub.count("searchJobs") == 300
    assert len(hub.jobs) == 300 - sum(not fault.arrives for _, _, fault in hub.faults)


def test_latency_moves_the_clock_and_the_acceptance_lies_in_its_middle():
    hub = FaultHub(World(latency=(0.2, 0.2)))
    hub.sleep(1)
    post(hub)
    assert hub.clock() == pytest.approx(1.2)
    assert hub.jobs[0].created == pytest.approx(1.1)
    assert hub.requests == [(1.0, "createJob")]


def test_it_runs_steps_under_its_clock():
    def steps():
        outcome = yield Send(operations.create_job(request("t1")))
        yield Sleep(2.5)
        status = yield Send(operations.get_job_status(body_of(outcome)["id"]))
        return body_of(status)["status"]

    hub = FaultHub()
    assert hub.run(steps()) == "COMPLETED"
    assert hub.clock() == 2.5
