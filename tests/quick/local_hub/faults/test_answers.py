"""Faults that a request or its answer meets do what their texts say, seen from a raw socket."""

from __future__ import annotations

import pytest

from tests.quick.local_hub.faults.raw import BELL_JOB, QSIM, add, jobs_now, raw, struck
from tests.quick.local_hub.hub_process import BELL2, HubProcess

# --- faults that a request meets before it is handled


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_instead_of_an_answer(hub: HubProcess, status: int) -> None:
    before = jobs_now(hub)
    fault = add(hub, f"{status}:createJob:times=2:retry-after=3")
    for _ in range(2):
        answer = raw(hub, "POST", "/jobs", BELL_JOB)
        assert (answer.status, answer.end) == (status, "complete")
        assert answer.headers["retry-after"] == "3"
        assert f"by the fault {status}:createJob" in answer.json["detail"]
    assert jobs_now(hub) == before
    assert raw(hub, "POST", "/jobs", BELL_JOB).status == 201
    assert struck(hub, fault) == {"createJob": 2}


def test_only_429_says_by_itself_when_to_come_back(hub: HubProcess) -> None:
    add(hub, "429:getBackends:times=1")
    add(hub, "503:getBackends:times=1")
    assert raw(hub, "GET", "/backends").headers["retry-after"] == "1"
    assert "retry-after" not in raw(hub, "GET", "/backends").headers


@pytest.mark.parametrize(("kind", "end"), [("drop", "closed"), ("reset", "reset")])
@pytest.mark.parametrize("size", [0, 1_000_000])
def test_a_connection_ends_before_the_request_is_handled(
    hub: HubProcess, kind: str, end: str, size: int
) -> None:
    """A large body too: what the server has not read would turn a close into a reset."""
    before = jobs_now(hub)
    fault = add(hub, f"{kind}:createJob:times=1")
    answer = raw(hub, "POST", "/jobs", {**BELL_JOB, "name": "x" * size})
    assert (answer.status, answer.end) == (None, end)
    assert jobs_now(hub) == before
    assert struck(hub, fault) == {"createJob": 1}
    assert raw(hub, "GET", "/backends").status == 200


def test_which_requests_pass_and_which_do_not(hub: HubProcess) -> None:
    fault = add(hub, "500:GET /backends/*,getBackends:skip=1:times=2")
    paths = ["/backends", "/jobs", "/backends", f"/backends/{QSIM}", "/backends"]
    assert [raw(hub, "GET", path).status for path in paths] == [200, 200, 500, 500, 200]
    assert struck(hub, fault) == {"getBackends": 1, "getBackend": 1}


def test_a_probability_gives_the_same_run_again(hub: HubProcess) -> None:
    def run() -> list[int]:
        hub.http.post("/admin/reset")
        add(hub, "503:getBackends:probability=0.5")
        return [hub.http.get("/backends").status_code for _ in range(24)]

    first = run()
    assert first == run()
    assert {200, 503} == set(first)


# --- faults that an answer meets


@pytest.mark.parametrize(("kind", "end"), [("drop-after", "closed"), ("reset-after", "reset")])
def test_a_connection_ends_after_the_job_was_accepted(hub: HubProcess, kind: str, end: str) -> None:
    before = jobs_now(hub)
    fault = add(hub, f"{kind}:createJob:times=1")
    refused = raw(hub, "POST", "/jobs", {**BELL_JOB, "shots": 0})
    assert refused.status == 422  # nothing was accepted: this is not what the fault waits for
    answer = raw(hub, "POST", "/jobs", BELL_JOB)
    assert (answer.status, answer.end) == (None, end)
    assert jobs_now(hub) == before + 1
    job_id = hub.http.get("/jobs", params={"size": 1}).json()["content"][0]["id"]
    assert hub.wait(job_id) == "COMPLETED"
    assert struck(hub, fault) == {"createJob": 1}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateway_fails_after_the_job_was_accepted(hub: HubProcess, status: int) -> None:
    before = jobs_now(hub)
    add(hub, f"{status}-after:createJob:times=1")
    answer = raw(hub, "POST", "/jobs", BELL_JOB)
    assert (answer.status, answer.end) == (status, "complete")
    assert set(answer.json) == {"detail"}
    assert jobs_now(hub) == before + 1


@pytest.mark.parametrize("path", ["/result", "/result-stream", ""])
def test_a_body_is_cut_off_in_the_middle(hub: HubProcess, path: str) -> None:
    job_id = hub.submit(QSIM, BELL2)
    hub.wait(job_id)
    whole = hub.http.get(f"/jobs/{job_id}{path}").content
    fault = add(hub, "truncate:/jobs/*,/jobs/*/result,/jobs/*/result-stream:times=1")
    answer = raw(hub, "GET", f"/jobs/{job_id}{path}")
    assert (answer.status, answer.end) == (200, "closed")
    assert int(answer.headers["content-length"]) == len(whole)
    assert answer.body == whole[: len(whole) // 2]
    assert sum(struck(hub, fault).values()) == 1
    assert raw(hub, "GET", f"/jobs/{job_id}{path}").body == whole


def test_an_answer_without_a_body_and_a_refusal_are_not_cut_off(hub: HubProcess) -> None:
    job_id = hub.submit(QSIM, BELL2)
    fault = add(hub, "truncate:DELETE,getJob:times=1")
    for method, path, status in (("DELETE", job_id, 204), ("GET", "5", 404)):
        answer = raw(hub, method, f"/jobs/{path}")
        assert (answer.status, answer.end) == (status, "complete")
    assert struck(hub, fault) == {}
