"""The simulated Hub as one that works: jobs, results, sessions and workloads, as the contract has them."""

from email.utils import parsedate_to_datetime

import pytest

from shared_transport import operations
from tests.fault_hub import FaultHub, World
from tests.quick.transport.fault_hub_calls import SESSION, body_of, post, request


def test_a_job_runs_for_as_long_as_was_said():
    hub = FaultHub(World(queue_seconds=(1, 1), job_seconds=(2, 2)))
    job_id = post(hub)
    seen = []
    for _ in range(4):
        seen.append(hub.send(operations.get_job_status(job_id)))
        hub.sleep(1)
    words = [body_of(outcome)["status"] for outcome in seen]
    assert words == ["PENDING", "RUNNING", "RUNNING", "COMPLETED"]
    assert body_of(hub.send(operations.get_job_result(job_id))) == {"counts": {"00": 1}}
    assert hub.clock() == 4


def test_a_name_that_is_a_number_says_how_long():
    hub = FaultHub()
    post(hub, name="2.5")
    assert hub.jobs[0].ends == 2.5


def test_a_job_is_shown_as_the_contract_says():
    hub = FaultHub(World(clock_offset=3600))
    hub.sleep(10.7)
    job_id = post(hub)
    hub.sleep(5)
    outcome = hub.send(operations.get_job(job_id))
    shown = body_of(outcome)
    assert shown["created_at"] == "2026-01-01 01:00:10"
    assert shown["ended_at"] == "2026-01-01 01:00:11"
    assert shown["tags"] == ["mine", "qhub-token:t1"]
    assert "input" not in shown
    assert parsedate_to_datetime(outcome.headers["Date"]).timestamp() == int(hub.now()) + 3600
    assert operations.get_job(job_id).read(outcome).id == job_id
    assert body_of(hub.send(operations.get_job_input(job_id))) == {"qasm": "OPENQASM 3;"}


def test_results_of_what_has_not_ended_failed_or_is_not_there():
    hub = FaultHub(World(fails=1.0))
    job_id = post(hub)
    assert hub.send(operations.get_job_result(job_id)).status == 404
    hub.sleep(2)
    assert body_of(hub.send(operations.get_job_result(job_id)))["error"]["message"]
    assert body_of(hub.send(operations.get_job_status(job_id)))["status"] == "FAILED"
    assert hub.send(operations.get_job("nothing")).status == 404
    assert hub.send(operations.cancel_job("nothing")).status == 404


def test_cancelling():
    hub = FaultHub()
    first, second = post(hub, "a"), post(hub, "b")
    assert hub.send(operations.cancel_job(first)).status == 204
    hub.sleep(5)
    assert hub.send(operations.cancel_job(second)).status == 204
    assert [hub.status(job) for job in hub.jobs] == ["CANCELLED", "COMPLETED"]
    assert [job.alive for job in hub.jobs] == [False, True]
    assert hub.of_token("a") == []
    assert len(hub.of_token("a", stopped=True)) == 1


def test_sessions_and_workloads():
    hub = FaultHub()
    session_id = body_of(hub.send(operations.create_session(SESSION)))["id"]
    job_id = post(hub, session_id=session_id)
    assert hub.sessions[0].token == "s1"
    shown = body_of(hub.send(operations.get_session(session_id)))
    assert (shown["status"], shown["metadata"]) == ("OPEN", {"qhub_token": "s1", "a": 1})
    jobs = body_of(hub.send(operations.get_session_jobs(session_id)))
    assert [job["id"] for job in jobs] == [job_id]
    workloads = body_of(hub.send(operations.get_workloads()))["content"]
    assert {entry["type"]: entry["id"] for entry in workloads} == {
        "JOB": job_id,
        "SESSION": session_id,
    }
    assert all("metadata" not in entry and "tags" not in entry for entry in workloads)
    hub.send(operations.update_session_state(session_id, accept_jobs=False))
    drained = operations.create_job(request("t2", session_id=session_id))
    assert hub.send(drained).status == 409
    assert hub.send(operations.close_session(session_id)).status == 204
    assert body_of(hub.send(operations.get_session_status(session_id)))["status"] == "CLOSED"


def test_a_request_that_the_contract_does_not_describe_is_an_error_of_the_test():
    hub = FaultHub()
    with pytest.raises(AssertionError):
        hub.handle("GET", "/jobs", [("from", "0")], None)
    with pytest.raises(AssertionError):
        hub.handle("POST", "/jobs", [], b'{"shots": 1}')
    assert FaultHub(World(checks=False)).handle("POST", "/jobs", [], b"{}").status == 422
