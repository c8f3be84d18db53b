"""What becomes of a job: its states, its end, its second run, its repetition."""

from __future__ import annotations

import os
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.quick.local_hub.hub_process import BELL3, LONG3, HubProcess

SV1 = "aws.sim.sv1"


def test_cancelling_a_running_and_a_pending_job(hub: HubProcess) -> None:
    running = hub.submit(SV1, LONG3)
    hub.wait(running, "RUNNING")
    pending = hub.submit(SV1, BELL3)
    assert hub.http.get(f"/jobs/{pending}/status").json() == {"status": "PENDING"}
    assert hub.http.get(f"/backends/{SV1}/status").json()["queue_size"] == 1
    for job_id in (running, pending):
        assert hub.http.get(f"/jobs/{job_id}/result").status_code == 404
    assert hub.http.delete(f"/jobs/{pending}").status_code == 204
    assert hub.http.get(f"/jobs/{pending}/status").json() == {"status": "CANCELLED"}
    assert hub.http.get(f"/jobs/{running}/status").json() == {"status": "RUNNING"}
    assert hub.http.delete(f"/jobs/{running}").status_code == 204
    assert hub.http.get(f"/jobs/{running}/status").json() == {"status": "CANCELLED"}
    for job_id in (running, pending):
        assert hub.http.get(f"/jobs/{job_id}/result").status_code == 404
        assert hub.http.get(f"/jobs/{job_id}").json()["ended_at"]
    assert len(hub.run(SV1, BELL3)["measurements"]) == 100


def test_cancelling_a_finished_job_changes_nothing(hub: HubProcess) -> None:
    job_id = hub.submit(SV1, BELL3)
    hub.wait(job_id)
    before = hub.http.get(f"/jobs/{job_id}").json()
    assert hub.http.delete(f"/jobs/{job_id}").status_code == 204
    assert hub.http.get(f"/jobs/{job_id}").json() == before
    assert hub.http.get(f"/jobs/{job_id}/result").status_code == 200


def test_a_warm_worker_refuses_at_once_and_a_busy_one_later(hub: HubProcess) -> None:
    bad = "OPENQASM 3.0;\nqubit[2] q;\nreset q[0];\n"
    hub.run(SV1, BELL3)
    at_once = hub.post(SV1, bad)
    assert at_once.status_code == 422
    running = hub.submit(SV1, LONG3)
    hub.wait(running, "RUNNING")
    later = hub.submit(SV1, bad)
    hub.http.delete(f"/jobs/{running}")
    assert hub.wait(later) == "FAILED"
    error = hub.http.get(f"/jobs/{later}/result").json()["error"]
    assert error["message"] == at_once.json()["detail"]
    assert "Line 3" in error["message"]


def test_a_job_whose_worker_is_killed_runs_once_more(hub: HubProcess) -> None:
    job_id = hub.submit(SV1, LONG3)
    hub.wait(job_id, "RUNNING")
    (first,) = hub.workers()
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    hub.wait(job_id, "RUNNING")
    while not (workers := hub.workers()) or workers[0].pid == first.pid:
        pass
    assert hub.http.get(f"/jobs/{job_id}/status").json() == {"status": "RUNNING"}
    os.kill(workers[0].pid, signal.SIGKILL)
    assert hub.wait(job_id) == "FAILED"
    error = hub.http.get(f"/jobs/{job_id}/result").json()["error"]
    assert "SIGKILL" in error["message"]
    assert "2 times" in error["message"]
    assert len(hub.run(SV1, BELL3)["measurements"]) == 100


def test_a_job_above_the_time_limit_fails() -> None:
    hub = HubProcess("--workers", "1", "--job-time-limit", "0.2")
    try:
        job_id = hub.submit(SV1, LONG3)
        assert hub.wait(job_id) == "FAILED"
        message = hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"]
        assert "0.2 seconds" in message
    finally:
        hub.close()


def test_a_job_above_the_memory_limit_fails() -> None:
    hub = HubProcess("--workers", "1", "--job-memory-limit", "100")
    try:
        job_id = hub.submit(SV1, "OPENQASM 3.0;\nqubit[24] q;\nh q;\n", 1)
        assert hub.wait(job_id) == "FAILED"
        error = hub.http.get(f"/jobs/{job_id}/result").json()["error"]
        assert "100 MB" in error["message"]
        assert sum(hub.run(SV1, BELL3)["measurements"][0]) in (0, 2)
    finally:
        hub.close()


def test_the_same_seed_gives_the_same_ids_and_results(hub: HubProcess) -> None:
    twin = HubProcess("--seed", "7", "--workers", "1")
    try:
        twin.run(SV1, BELL3, 50)  # other jobs in between do not matter
        for shots in (301, 301, 302):
            ids = [one.submit(SV1, BELL3, shots, name=str(one.process.pid)) for one in (hub, twin)]
            assert ids[0] == ids[1]
            assert uuid.UUID(ids[0]).version == 4
            results = []
            for one in (hub, twin):
                assert one.wait(ids[0]) == "COMPLETED"
                results.append(one.http.get(f"/jobs/{ids[0]}/result").json()["measurements"])
            assert results[0] == results[1]
    finally:
        twin.close()


def test_equal_jobs_have_their_own_ids_and_samples(hub: HubProcess) -> None:
    documents = [hub.run(SV1, BELL3, 400) for _ in range(2)]
    assert documents[0]["taskMetadata"]["id"] != documents[1]["taskMetadata"]["id"]
    assert documents[0]["measurements"] != documents[1]["measurements"]


def test_a_restart_keeps_what_ended_and_runs_what_did_not(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = HubProcess("--workers", "1", "--state", state)
    done = first.submit(SV1, BELL3, 20)
    first.wait(done)
    result = first.http.get(f"/jobs/{done}/result").content
    running = first.submit(SV1, LONG3)
    first.wait(running, "RUNNING")
    waiting = first.submit(SV1, BELL3, 30)
    first.process.kill()
    first.process.wait(10)
    second = HubProcess("--workers", "2", "--state", state)
    try:
        assert second.http.get(f"/jobs/{done}/result").content == result
        assert second.wait(waiting) == "COMPLETED"
        assert second.wait(running, "RUNNING") == "RUNNING"
        assert second.http.delete(f"/jobs/{running}").status_code == 204
        ids = {job["id"] for job in second.http.get("/jobs").json()["content"]}
        assert ids == {done, running, waiting}
        third = HubProcess("--state", state)
        assert "in use" in third.info["error"]
        assert third.process.wait(10) == 1
    finally:
        second.close()


def test_many_clients_lose_no_job(hub: HubProcess) -> None:
    hub.run(SV1, BELL3)

    def send(_: int) -> str:
        headers = {"X-Auth-Token": hub.info["token"]}
        with httpx.Client(base_url=hub.info["base_url"], headers=headers, timeout=60) as client:
            body = {"backend_id": SV1, "shots": 10, "input": {"qasm": BELL3}}
            return str(client.post("/jobs", json=body).json()["id"])

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(send, range(60)))
    assert len(set(ids)) == 60
    assert {hub.wait(job_id) for job_id in ids} == {"COMPLETED"}
