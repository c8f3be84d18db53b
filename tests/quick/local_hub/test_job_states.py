"""The rarer states of a job: CANCELLING while it is being cancelled, ABORTED when it could not even begin."""

from __future__ import annotations

import os
import sqlite3
import sys
import sysconfig
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import BELL2, LONG3, HubProcess, gone

SV1, QSIM = "aws.sim.sv1", "kipu.sim.qsim"


def job(hub: HubProcess, job_id: str) -> dict[str, Any]:
    document: dict[str, Any] = hub.http.get(f"/jobs/{job_id}").json()
    conforms(document, component("Job"))
    return document


def test_a_cancellation_that_takes_its_time_is_cancelling(tmp_path: Path) -> None:
    hub = HubProcess("--workers", "1", "--state", str(tmp_path))
    running = hub.submit(SV1, LONG3)
    hub.wait(running, "RUNNING")
    waiting = hub.submit(SV1, LONG3)
    # Somebody else writes into the database: the Hub cannot store any end meanwhile.
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda path: answers.append(hub.http.delete(path).status_code),
            args=(f"/jobs/{job_id}",),
        )
        for job_id in (running, waiting)
    ]
    for thread in threads:
        thread.start()
    for job_id in (running, waiting):
        assert hub.wait(job_id, "CANCELLING") == "CANCELLING"
        assert hub.http.get(f"/jobs/{job_id}/result").status_code == 404
    assert answers == []
    other.execute("ROLLBACK")
    other.close()
    for thread in threads:
        thread.join()
    assert answers == [204, 204]
    assert {job(hub, job_id)["status"] for job_id in (running, waiting)} == {"CANCELLED"}
    assert hub.close() == 0


@pytest.mark.parametrize(("begun", "state"), [(False, "ABORTED"), (True, "FAILED")])
def test_a_job_whose_backend_is_gone_ends(tmp_path: Path, begun: bool, state: str) -> None:
    hub = HubProcess("--workers", "1", "--state", str(tmp_path), "--token", "kept")
    first = hub.submit(SV1, LONG3)
    hub.wait(first, "RUNNING")
    job_id = first if begun else hub.submit(SV1, LONG3)
    end = time.monotonic() + 10
    while begun and not job(hub, job_id).get("started_at"):
        assert time.monotonic() < end
    time.sleep(0.3)  # the start is stored a moment later
    hub.process.kill()
    hub.process.wait()
    with sqlite3.connect(tmp_path / "hub.sqlite") as store:
        store.execute("UPDATE jobs SET backend_id = 'aws.sim.gone' WHERE id = ?", (job_id,))
    hub = HubProcess("--workers", "1", "--state", str(tmp_path), "--token", "kept")
    assert hub.wait(job_id, state) == state
    result = hub.http.get(f"/jobs/{job_id}/result")
    assert result.status_code == (200 if begun else 404)
    assert "aws.sim.gone" in result.text
    assert hub.http.delete(f"/jobs/{job_id}").status_code == 204
    assert job(hub, job_id)["status"] == state
    assert hub.close() == 0


def test_a_job_for_which_no_worker_starts_is_aborted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A Hub whose Python disappears under it, as an upgrade of the system makes it do.
    python, real = tmp_path / "python", os.path.realpath(sys.executable)
    python.symlink_to(real)
    monkeypatch.setattr(sys, "executable", str(python))
    packages = sysconfig.get_path("purelib")
    monkeypatch.setenv("PYTHONPATH", packages)
    hub = HubProcess("--workers", "1")
    assert len(hub.run(QSIM, BELL2)["counts"]) > 0
    python.unlink()
    (worker,) = hub.workers()
    worker.kill()
    assert gone([worker.pid])
    # This one may have been given to the dead worker before the server knew; then it did begin.
    assert hub.wait(hub.submit(QSIM, BELL2), "ABORTED", "FAILED") in ("ABORTED", "FAILED")
    job_id = hub.submit(QSIM, BELL2)
    assert hub.wait(job_id, "ABORTED", "COMPLETED", "FAILED") == "ABORTED"
    found = job(hub, job_id)
    assert "started_at" not in found
    assert found["runtime"] == 0
    result = hub.http.get(f"/jobs/{job_id}/result")
    assert result.status_code == 404
    assert "could not be started" in result.json()["detail"]
    origin = hub.info["base_url"].removesuffix("/quantum")
    picture = hub.http.get(f"{origin}/console/jobs/{job_id}/picture")
    assert (picture.status_code, picture.headers["retry-after"]) == (503, "1")
    assert "could not be started" in picture.json()["detail"]
    python.symlink_to(real)
    assert len(hub.run(QSIM, BELL2)["counts"]) > 0
    assert hub.close() == 0
