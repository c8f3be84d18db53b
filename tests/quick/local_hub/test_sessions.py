"""Sessions: their states, who may use them, what they do to the queue, and that they survive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import BELL2, BELL3, HubProcess

SV1, QSIM = "aws.sim.sv1", "kipu.sim.qsim"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """A Hub whose qsim has sessions, and whose jobs last half a second."""
    process = HubProcess(
        *("--seed", "7", "--workers", "1", "--sessions", QSIM),
        *("--job-seconds", "0.5", "--session-idle-limit", "0.3"),
    )
    yield process
    assert process.close() == 0


def get(hub: HubProcess, session_id: str) -> dict[str, Any]:
    session: dict[str, Any] = hub.http.get(f"/sessions/{session_id}").json()
    conforms(session, component("Session"))
    return session


def test_a_session_is_what_was_asked_for(hub: HubProcess) -> None:
    session = hub.session(
        QSIM, mode="dedicated", ttl=3600, tags=["a", "b", "a"], metadata={"k": [1]}
    )
    conforms(session, component("Session"))
    assert session == get(hub, session["id"])
    wanted = {
        "backend_id": QSIM,
        "provider": "KIPU",
        "status": "OPEN",
        "mode": "dedicated",
        "tags": ["a", "b"],
        "metadata": {"k": [1]},
        "sdk_provider": "CLIENT",
        "usage_time_millis": 0,
        "final": False,
    }
    assert wanted.items() <= session.items()
    assert "expires_at" in session
    assert "closed_at" not in session
    status = hub.http.get(f"/sessions/{session['id']}/status").json()
    conforms(status, component("SessionStatusResponse"))
    assert hub.http.get(f"/sessions/{session['id']}/jobs").json() == []


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"backend_id": SV1, "provider": "AWS"}, 422, [SV1, "no sessions"]),
        ({"backend_id": "kipu.sim.qsin"}, 404, [QSIM]),
        ({"provider": "AWS"}, 422, ["`provider`", "KIPU"]),
        ({"provider": None}, 422, ["`provider`"]),
        ({"mode": "fast"}, 422, ["`mode`", "dedicated"]),
        ({"ttl": 0}, 422, ["`ttl`"]),
        ({"metadata": 5}, 422, ["`metadata`"]),
    ],
)
def test_what_is_no_session_is_refused(
    hub: HubProcess, change: dict[str, Any], status: int, words: list[str]
) -> None:
    body = {"backend_id": QSIM, "provider": "KIPU", "mode": "batch", **change}
    answer = hub.http.post("/sessions", json=body)
    assert answer.status_code == status
    for word in words:
        assert word in answer.json()["detail"]


def test_states_of_a_session(hub: HubProcess) -> None:
    session_id = hub.session(QSIM)["id"]
    job_id = hub.submit(QSIM, BELL2, session_id=session_id)
    hub.wait(job_id, "RUNNING")
    session = get(hub, session_id)
    assert (session["status"], session["final"]) == ("ACTIVE", False)
    job = hub.http.get(f"/jobs/{job_id}").json()
    conforms(job, component("Job"))
    assert job["session_id"] == session_id
    hub.wait(job_id)
    hub.wait_for_session(session_id, "INACTIVE")
    second = hub.submit(QSIM, BELL2, session_id=session_id)
    hub.wait_for_session(session_id, "ACTIVE")
    patched = hub.http.patch(f"/sessions/{session_id}", json={"accept_jobs": False})
    conforms(patched.json(), component("Session"))
    assert patched.json()["status"] == "DRAINING"
    refused = hub.post(QSIM, BELL2, session_id=session_id)
    assert refused.status_code == 409
    assert "DRAINING" in refused.json()["detail"]
    reopened = hub.http.patch(f"/sessions/{session_id}", json={"accept_jobs": True})
    assert reopened.json()["status"] == "ACTIVE"
    hub.http.patch(f"/sessions/{session_id}", json={"accept_jobs": False})
    assert hub.wait(second) == "COMPLETED"
    hub.wait_for_session(session_id, "CLOSED")
    closed = get(hub, session_id)
    assert closed["final"] is True
    assert closed["created_at"] <= closed["started_at"] <= closed["closed_at"]
    assert closed["usage_time_millis"] >= 1000
    jobs = hub.http.get(f"/sessions/{session_id}/jobs").json()
    assert [job["id"] for job in jobs] == [job_id, second]
    for job in jobs:
        conforms(job, component("Job"))
    assert hub.post(QSIM, BELL2, session_id=session_id).status_code == 409
    assert hub.http.patch(f"/sessions/{session_id}", json={"accept_jobs": True}).status_code == 422


def test_closing_lets_jobs_complete_and_may_be_repeated(hub: HubProcess) -> None:
    session_id = hub.session(QSIM, mode="dedicated")["id"]
    jobs = [hub.submit(QSIM, BELL2, session_id=session_id) for _ in range(2)]
    for _ in range(2):
        answer = hub.http.delete(f"/sessions/{session_id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert get(hub, session_id)["status"] == "CLOSED"
    assert [hub.wait(job_id) for job_id in jobs] == ["COMPLETED", "COMPLETED"]


def test_an_empty_session_that_takes_no_jobs_is_closed(hub: HubProcess) -> None:
    session_id = hub.session(QSIM)["id"]
    answer = hub.http.patch(f"/sessions/{session_id}", json={"accept_jobs": False})
    assert answer.json()["status"] == "CLOSED"


def test_a_session_ends_with_its_time_to_live(hub: HubProcess) -> None:
    session_id = hub.session(QSIM, ttl=1)["id"]
    hub.wait_for_session(session_id, "CLOSED")
    assert hub.post(QSIM, BELL2, session_id=session_id).status_code == 409


def test_a_dedicated_session_has_the_backend_to_itself(hub: HubProcess) -> None:
    session_id = hub.session(QSIM, mode="dedicated")["id"]
    first = hub.submit(QSIM, BELL2, session_id=session_id)
    hub.wait(first, "RUNNING")
    outside = hub.submit(QSIM, BELL2)
    elsewhere = hub.submit(SV1, BELL3)
    second = hub.submit(QSIM, BELL2, session_id=session_id)
    hub.wait(second)
    assert hub.http.get(f"/jobs/{outside}/status").json()["status"] == "PENDING"
    assert hub.http.get(f"/backends/{QSIM}/status").json()["queue_size"] == 1
    hub.http.delete(f"/sessions/{session_id}")
    assert hub.wait(outside) == "COMPLETED"
    assert hub.wait(elsewhere) == "COMPLETED"


def test_a_batch_does_not(hub: HubProcess) -> None:
    session_id = hub.session(QSIM, mode="batch")["id"]
    hub.wait(hub.submit(QSIM, BELL2, session_id=session_id), "RUNNING")
    outside = hub.submit(QSIM, BELL2)
    hub.wait(outside)
    hub.http.delete(f"/sessions/{session_id}")


def test_an_idle_dedicated_session_gives_the_backend_back(hub: HubProcess) -> None:
    session_id = hub.session(QSIM, mode="dedicated")["id"]
    hub.wait(hub.submit(QSIM, BELL2, session_id=session_id), "RUNNING")
    outside = hub.submit(QSIM, BELL2)
    assert hub.wait(outside) == "COMPLETED"
    assert get(hub, session_id)["status"] == "INACTIVE"
    hub.http.delete(f"/sessions/{session_id}")


def test_a_cancelled_job_leaves_its_session(hub: HubProcess) -> None:
    session_id = hub.session(QSIM)["id"]
    job_id = hub.submit(QSIM, BELL2, session_id=session_id)
    hub.http.delete(f"/jobs/{job_id}")
    assert hub.http.get(f"/jobs/{job_id}/status").json()["status"] == "CANCELLED"
    answer = hub.http.patch(f"/sessions/{session_id}", json={"accept_jobs": False})
    assert answer.json()["status"] == "CLOSED"


def test_a_job_names_a_session_of_its_backend(hub: HubProcess) -> None:
    session_id = hub.session(QSIM)["id"]
    other = hub.post(SV1, BELL3, session_id=session_id)
    assert (other.status_code, SV1 in other.json()["detail"]) == (422, True)
    assert hub.post(QSIM, BELL2, session_id=UNKNOWN).status_code == 404


@pytest.mark.parametrize("session_id", [UNKNOWN, "5"])
def test_unknown_sessions(hub: HubProcess, session_id: str) -> None:
    path = f"/sessions/{session_id}"
    answers = [hub.http.get(path), hub.http.get(f"{path}/status"), hub.http.get(f"{path}/jobs")]
    answers += [hub.http.delete(path), hub.http.patch(path, json={"accept_jobs": True})]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert all(session_id in answer.json()["detail"] for answer in answers)


def test_a_change_of_state_says_what_to_change(hub: HubProcess) -> None:
    session_id = hub.session(QSIM)["id"]
    for body in ({}, {"accept_jobs": "no"}, []):
        assert hub.http.patch(f"/sessions/{session_id}", json=body).status_code == 422


def test_sessions_survive_a_kill(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--sessions", "all", "--job-seconds", "0.4")
    first = HubProcess(*options, "--token", "kept")
    session_id = first.session(QSIM, mode="dedicated", ttl=3600, metadata={"k": 1})["id"]
    draining = first.session(SV1)["id"]
    jobs = [
        first.submit(QSIM, BELL2, session_id=session_id),
        first.submit(SV1, BELL3, session_id=draining),
    ]
    first.http.patch(f"/sessions/{draining}", json={"accept_jobs": False})
    first.process.kill()
    first.process.wait()
    second = HubProcess(*options, "--token", "kept")
    assert [second.wait(job_id) for job_id in jobs] == ["COMPLETED", "COMPLETED"]
    second.wait_for_session(draining, "CLOSED")
    assert get(second, session_id)["metadata"] == {"k": 1}
    assert second.run(QSIM, BELL2, session_id=session_id)["counts"]
    assert len(second.http.get(f"/sessions/{session_id}/jobs").json()) == 2
    assert second.close() == 0


def test_a_session_that_never_began_is_aborted_by_a_hub_without_sessions(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path), "--token", "kept", "--job-seconds", "0.2")
    first = HubProcess(*options, "--sessions", "all")
    idle, begun, ended = (first.session(QSIM)["id"] for _ in range(3))
    job_id = first.submit(QSIM, BELL2, session_id=begun)
    first.wait(job_id, "RUNNING")
    first.http.delete(f"/sessions/{ended}")
    first.process.kill()
    first.process.wait()
    second = HubProcess(*options)
    assert second.wait(job_id) == "COMPLETED"  # what was accepted goes on
    found = {name: get(second, name) for name in (idle, begun, ended)}
    assert [found[name]["status"] for name in (idle, begun, ended)] == [
        *("ABORTED", "CLOSED", "CLOSED"),
    ]
    assert [found[name]["final"] for name in (idle, begun, ended)] == [True, True, True]
    assert [found[name]["final_not_aborted"] for name in (idle, begun, ended)] == [
        *(False, True, True),
    ]
    assert "started_at" not in found[idle]
    changed = second.http.patch(f"/sessions/{idle}", json={"accept_jobs": True})
    assert (changed.status_code, "ABORTED" in changed.json()["detail"]) == (422, True)
    unchanged = second.http.patch(f"/sessions/{idle}", json={"accept_jobs": False})
    assert unchanged.json()["status"] == "ABORTED"
    assert second.http.delete(f"/sessions/{idle}").status_code == 204
    assert get(second, idle) == found[idle]
    listed = second.http.get("/workloads?type=SESSION&status=ABORTED").json()["content"]
    assert [row["id"] for row in listed] == [idle]
    assert second.close() == 0
    third = HubProcess(*options, "--sessions", "all")  # an end is an end
    assert get(third, idle)["status"] == "ABORTED"
    assert third.post(QSIM, BELL2, session_id=idle).status_code == 409
    assert third.close() == 0
