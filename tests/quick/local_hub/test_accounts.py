"""Who sees what: users, organizations, service executions, and the login."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import BELL2, HubProcess

QSIM = "kipu.sim.qsim"
BELL_JOB = {"backend_id": QSIM, "shots": 10, "input": {"qasm": BELL2}}
SESSION = {"backend_id": QSIM, "provider": "KIPU", "mode": "batch"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """A Hub with sessions, and with a user whose password has a colon."""
    process = HubProcess(
        *("--seed", "7", "--workers", "1", "--sessions", "all"),
        *("--user", "ann:pass:word", "--user", "bob:other", "--token-seconds", "1"),
    )
    yield process
    assert process.close() == 0


def login(hub: HubProcess, **form: str) -> httpx.Response:
    return httpx.post(hub.info["token_url"], data={"client_id": "any", **form})


def password(hub: HubProcess, name: str = "ann", word: str = "pass:word") -> httpx.Response:
    return login(hub, grant_type="password", username=name, password=word)


def service_execution(hub: HubProcess) -> tuple[str, httpx.Client]:
    answer = hub.http.post("/admin/service-executions")
    assert answer.status_code == 201
    return answer.json()["id"], hub.with_token(answer.json()["token"])


def user(hub: HubProcess, name: str, *organizations: str) -> str:
    answer = hub.http.post("/admin/users", json={"name": name, "organizations": organizations})
    assert answer.status_code == 201
    return str(answer.json()["token"])


# --- users and organizations


def test_users_do_not_see_each_other(hub: HubProcess) -> None:
    carl, dora = (hub.with_token(user(hub, name)) for name in ("carl", "dora"))
    job_id = carl.post("/jobs", json=BELL_JOB).json()["id"]
    session_id = carl.post("/sessions", json=SESSION).json()["id"]
    for path in (f"/jobs/{job_id}", f"/sessions/{session_id}"):
        assert carl.get(path).status_code == 200
        for other in (dora, hub.http):
            assert other.get(path).status_code == 404
            assert other.delete(path).status_code == 404
    for path in ("/jobs", "/workloads"):
        assert carl.get(path).json()["total_elements"] > 0
        assert dora.get(path).json()["content"] == []
    joining = {**BELL_JOB, "session_id": session_id}
    assert dora.post("/jobs", json=joining).status_code == 404


def test_members_share_an_organization(hub: HubProcess) -> None:
    eve_token, finn_token = user(hub, "eve", "physics"), user(hub, "finn", "physics", "art")
    eve = hub.with_token(eve_token, **{"X-OrganizationId": "physics"})
    job_id = eve.post("/jobs", json=BELL_JOB).json()["id"]
    for organization, status in (("physics", 200), ("art", 404), ("law", 403)):
        finn = hub.with_token(finn_token, **{"X-OrganizationId": organization})
        assert finn.get(f"/jobs/{job_id}").status_code == status
    assert hub.with_token(eve_token).get(f"/jobs/{job_id}").status_code == 404


def test_two_tokens_of_different_users_are_refused(hub: HubProcess) -> None:
    both = {"Authorization": f"Bearer {user(hub, 'gil')}"}
    assert hub.http.get("/jobs", headers=both).status_code == 401


def test_the_admin_api_is_the_owners(hub: HubProcess) -> None:
    gil = hub.with_token(user(hub, "gil"))
    assert gil.post("/admin/service-executions").status_code == 403
    assert gil.post("/admin/users", json={"name": "hal"}).status_code == 403
    assert hub.anonymous.post("/admin/users", json={"name": "hal"}).status_code == 401
    assert hub.http.post("/admin/users", json={"name": ""}).status_code == 422


# --- service executions


def test_what_is_made_with_its_token_belongs_to_a_service_execution(hub: HubProcess) -> None:
    execution_id, inside = service_execution(hub)
    job_id = inside.post("/jobs", json=BELL_JOB).json()["id"]
    session_id = inside.post("/sessions", json=SESSION).json()["id"]
    joined = inside.post("/jobs", json={**BELL_JOB, "session_id": session_id}).json()["id"]
    base = f"/service-executions/{execution_id}"
    for http in (inside, hub.http):
        end = time.monotonic() + 30
        while (answer := http.get(f"{base}/jobs/{joined}/status").json()) != {
            "status": "COMPLETED"
        }:
            conforms(answer, component("JobStatusResponse"))
            assert time.monotonic() < end
        job = http.get(f"{base}/jobs/{job_id}").json()
        conforms(job, component("Job"))
        assert job["id"] == job_id
        assert http.get(f"{base}/jobs/{job_id}/input").json() == BELL_JOB["input"]
        result = http.get(f"{base}/jobs/{joined}/result-stream")
        assert sum(result.json()["counts"].values()) == 10
        assert http.get(f"{base}/jobs/{job_id}/calibration").status_code == 204
        assert http.get(f"{base}/jobs/{job_id}/result").status_code == 404
        page = http.get(f"{base}/workloads").json()
        conforms(page, component("PageResponseWorkloadResponse"))
        kinds = {row["id"]: row["type"] for row in page["content"]}
        assert kinds == {job_id: "JOB", session_id: "SESSION", joined: "JOB"}
        listed = http.get("/jobs", params={"serviceExecutionId": execution_id}).json()
        assert {job["id"] for job in listed["content"]} == {job_id, joined}
        status = http.get(f"{base}/sessions/{session_id}/status").json()
        conforms(status, component("SessionStatusResponse"))
        jobs = http.get(f"{base}/sessions/{session_id}/jobs").json()
        assert [job["id"] for job in jobs] == [joined]
    assert hub.http.get(f"/jobs/{job_id}").status_code == 404
    assert job_id not in {job["id"] for job in hub.http.get("/jobs").json()["content"]}
    closed = inside.patch(f"{base}/sessions/{session_id}", json={"accept_jobs": False})
    conforms(closed.json(), component("Session"))
    assert closed.json()["status"] == "CLOSED"
    assert hub.http.delete(f"{base}/sessions/{session_id}").status_code == 204
    assert hub.http.delete(f"{base}/jobs/{job_id}").status_code == 204


def test_service_executions_are_closed_to_others(hub: HubProcess) -> None:
    execution_id, inside = service_execution(hub)
    other_id, other = service_execution(hub)
    job_id = inside.post("/jobs", json=BELL_JOB).json()["id"]
    stranger = hub.with_token(user(hub, "ida"))
    for http in (other, stranger):
        for path in (f"jobs/{job_id}", "workloads"):
            assert http.get(f"/service-executions/{execution_id}/{path}").status_code == 404
    assert other.get(f"/service-executions/{other_id}/jobs/{job_id}").status_code == 404
    assert other.get(f"/jobs/{job_id}").status_code == 404
    own = hub.http.post("/jobs", json=BELL_JOB).json()["id"]
    assert inside.get(f"/jobs/{own}").status_code == 404
    for unknown in (UNKNOWN, "5"):
        answer = hub.http.get(f"/service-executions/{unknown}/workloads")
        assert (answer.status_code, unknown in answer.json()["detail"]) == (404, True)


def test_workloads_of_a_service_execution_by_filter(hub: HubProcess) -> None:
    execution_id, inside = service_execution(hub)
    job_id = inside.post("/jobs", json=BELL_JOB).json()["id"]
    page = hub.http.get("/workloads", params={"serviceExecutionId": execution_id}).json()
    assert [row["id"] for row in page["content"]] == [job_id]


# --- the login


def test_a_login_gives_tokens_that_work_for_a_while(hub: HubProcess) -> None:
    answer = password(hub)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 1)
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    assert hub.anonymous.get("/jobs", headers=bearer).status_code == 200
    end = time.monotonic() + 20
    while hub.anonymous.get("/jobs", headers=bearer).status_code != 401:
        assert time.monotonic() < end
    renewed = login(hub, grant_type="refresh_token", refresh_token=given["refresh_token"]).json()
    bearer = {"Authorization": f"Bearer {renewed['access_token']}"}
    assert hub.anonymous.get("/jobs", headers=bearer).status_code == 200
    again = login(hub, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_who_logs_in_again_sees_the_same_jobs(hub: HubProcess) -> None:
    tokens = [password(hub, "bob", "other").json()["access_token"] for _ in range(2)]
    first, second = (hub.with_token(token) for token in tokens)
    job_id = first.post("/jobs", json=BELL_JOB).json()["id"]
    assert second.get(f"/jobs/{job_id}").status_code == 200
    ann = hub.with_token(password(hub).json()["access_token"])
    assert ann.get(f"/jobs/{job_id}").status_code == 404


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": "ann", "password": "wrong"}, "invalid_grant"),
        ({"grant_type": "password", "username": "zoe", "password": ""}, "invalid_grant"),
        ({"grant_type": "password"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password", "client_id": ""}, "invalid_request"),
    ],
)
def test_a_login_is_refused(hub: HubProcess, form: dict[str, str], error: str) -> None:
    answer = login(hub, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_refresh_token_is_no_access_token(hub: HubProcess) -> None:
    refresh = password(hub).json()["refresh_token"]
    assert hub.with_token(refresh).get("/jobs").status_code == 401
