"""Faults that take time: latency, delayed answers, slow queues, jobs that are listed late."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.quick.local_hub.faults.raw import BELL_JOB, QSIM, add, jobs_now, raw, struck
from tests.quick.local_hub.hub_process import BELL2, HubProcess


def test_latency_delays_every_answer(hub: HubProcess) -> None:
    assert hub.http.put("/admin/latency", json={"seconds": 0.2}).json()["latency"] == "0.2"
    for method, path, status in (("GET", "/backends", 200), ("GET", "/jobs/5", 404)):
        begin = time.monotonic()
        assert raw(hub, method, path).status == status
        assert time.monotonic() - begin >= 0.2
    begin = time.monotonic()
    add(hub, "503:times=1")  # the admin API is not delayed; an answer by a fault is
    assert time.monotonic() - begin < 0.15
    begin = time.monotonic()
    assert raw(hub, "GET", "/backends").status == 503
    assert time.monotonic() - begin >= 0.2


def test_latency_between_bounds(hub: HubProcess) -> None:
    assert hub.http.put("/admin/latency", json={"seconds": "0.02-0.1"}).status_code == 200
    begin = time.monotonic()
    for _ in range(5):
        raw(hub, "GET", "/backends")
    assert time.monotonic() - begin >= 0.1
    assert hub.http.put("/admin/latency", json={"seconds": None}).json()["latency"] is None


def test_a_delayed_answer_is_of_a_request_that_was_handled_at_once(hub: HubProcess) -> None:
    before = jobs_now(hub)
    add(hub, "delay:createJob:seconds=30:times=1")
    with pytest.raises(httpx.ReadTimeout):
        hub.http.post("/jobs", json=BELL_JOB, timeout=0.3)
    assert jobs_now(hub) == before + 1


def test_a_job_waits_in_a_slow_queue(hub: HubProcess) -> None:
    fault = add(hub, "slow-queue:seconds=600:times=1")
    slow, quick = hub.submit(QSIM, BELL2), hub.submit(QSIM, BELL2)
    assert hub.wait(quick) == "COMPLETED"  # it does not wait for the one before it
    assert hub.http.get(f"/jobs/{slow}/status").json() == {"status": "PENDING"}
    assert hub.http.get(f"/backends/{QSIM}/status").json()["queue_size"] == 1
    assert hub.http.get(f"/backends/{QSIM}").json()["queue_size"] == 1
    assert struck(hub, fault) == {"createJob": 1}
    hub.http.delete(f"/admin/faults/{fault}")  # it strikes no other job; this one stays held
    assert hub.wait(hub.submit(QSIM, BELL2)) == "COMPLETED"
    assert hub.http.get(f"/jobs/{slow}/status").json() == {"status": "PENDING"}


def test_a_job_begins_when_its_time_in_the_slow_queue_is_over(hub: HubProcess) -> None:
    add(hub, "slow-queue:seconds=0.5")
    begin = time.monotonic()
    job_id = hub.submit(QSIM, BELL2)
    assert hub.wait(job_id, "RUNNING", "COMPLETED") in ("RUNNING", "COMPLETED")
    assert time.monotonic() - begin >= 0.5
    assert hub.wait(job_id) == "COMPLETED"


def test_a_job_in_a_slow_queue_can_be_cancelled(hub: HubProcess) -> None:
    add(hub, "slow-queue:seconds=60")
    job_id = hub.submit(QSIM, BELL2)
    assert hub.http.delete(f"/jobs/{job_id}").status_code == 204
    assert hub.wait(job_id) == "CANCELLED"


def test_a_job_appears_late_in_the_lists(hub: HubProcess) -> None:
    before = jobs_now(hub)
    add(hub, "late-listing:seconds=0.8:times=1")
    begin = time.monotonic()
    job_id = hub.submit(QSIM, BELL2)
    assert hub.http.get(f"/jobs/{job_id}").json()["id"] == job_id

    def listed(path: str) -> bool:
        return job_id in {row["id"] for row in hub.http.get(path).json()["content"]}

    assert not listed("/jobs")
    assert not listed("/workloads")
    assert jobs_now(hub) == before
    assert time.monotonic() - begin < 0.8
    while not listed("/jobs"):
        assert time.monotonic() - begin < 5
    assert time.monotonic() - begin >= 0.8
    assert listed("/workloads")
    assert jobs_now(hub) == before + 1
    assert hub.wait(job_id) == "COMPLETED"


def test_a_reset_frees_jobs_that_are_held_or_hidden(hub: HubProcess) -> None:
    add(hub, "slow-queue:seconds=600")
    add(hub, "late-listing:seconds=600")
    before = jobs_now(hub)
    job_id = hub.submit(QSIM, BELL2)
    assert jobs_now(hub) == before
    hub.http.post("/admin/reset")
    assert jobs_now(hub) == before + 1
    assert hub.wait(job_id) == "COMPLETED"
