"""The commands on sessions and workloads, against what the API itself says."""

from __future__ import annotations

from typing import Any

import pytest

from qhub_cli.hub_faults import HubFaults
from tests.quick.cli.conftest import Qhub, said
from tests.quick.local_hub.hub_process import BELL2, HubProcess


@pytest.fixture
def opened(hub: HubProcess) -> str:
    """A session with one job."""
    session_id = str(hub.session("kipu.sim.qsim")["id"])
    hub.wait(hub.submit("kipu.sim.qsim", BELL2, session_id=session_id))
    return session_id


def of_api(hub: HubProcess, session_id: str) -> Any:
    return said(hub.http.get(f"/sessions/{session_id}").json())


def test_the_list_is_the_apis(at_hub: Qhub, hub: HubProcess, opened: str) -> None:
    listed = at_hub.json("sessions", "--limit", "0")
    workloads = hub.listed("/workloads")
    known = {one["id"] for one in workloads if one["type"] == "SESSION"}
    assert {one["id"] for one in listed} == known
    (mine,) = (one for one in listed if one["id"] == opened)
    assert mine == of_api(hub, opened)
    (line,) = (line for line in at_hub.lines("sessions", "--limit", "0") if line[0] == opened)
    assert line == [opened, "kipu.sim.qsim", "ACTIVE", "batch", mine["created_at"]]


def test_filters(at_hub: Qhub, opened: str) -> None:
    assert opened in {
        one["id"] for one in at_hub.json("sessions", "--backend", "kipu.*", "--status", "active")
    }
    assert at_hub.json("sessions", "--backend", "ibm.*") == []
    assert "No session fits" in at_hub("sessions", "--status", "ABORTED").stderr


def test_a_page_of_a_session(at_hub: Qhub, hub: HubProcess, opened: str) -> None:
    jobs = said(hub.http.get(f"/sessions/{opened}/jobs").json())
    assert at_hub.json("session", opened) == {**of_api(hub, opened), "jobs": jobs}
    page = at_hub("session", opened).stdout
    assert f"Session     {opened}\n" in page
    assert jobs[0]["id"] in page


def test_closing_drains(at_hub: Qhub, hub: HubProcess, faults: HubFaults, opened: str) -> None:
    """IBM's word: it takes no more jobs, those that it has go on."""
    faults.slow_queue(2, times=1)
    waiting = hub.submit("kipu.sim.qsim", BELL2, session_id=opened)
    assert at_hub.json("session", opened, "--close")["status"] == "DRAINING"
    assert hub.post("kipu.sim.qsim", BELL2, session_id=opened).status_code in (409, 422)
    assert hub.wait(waiting) == "COMPLETED"
    hub.wait_for_session(opened, "CLOSED")


def test_cancelling_ends(at_hub: Qhub, hub: HubProcess, opened: str) -> None:
    done = at_hub("session", opened, "--cancel")
    assert of_api(hub, opened)["status"] == "CLOSED"
    assert "Status      CLOSED\n" in done.stdout
    assert "give one of" in at_hub("session", opened, "--cancel", "--close", code=2).stderr


def test_a_run_in_a_session(at_hub: Qhub, hub: HubProcess, opened: str, tmp_path) -> None:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL2)
    ran = at_hub.json("run", path, "-b", "kipu.sim.qsim", "--session", opened)
    assert said(hub.http.get(f"/jobs/{ran['job_id']}").json())["session_id"] == opened
    (line,) = (
        line for line in at_hub.lines("jobs", "--session", opened) if line[0] == ran["job_id"]
    )
    assert line[-1] == opened


def test_workloads_are_the_apis(at_hub: Qhub, hub: HubProcess, opened: str) -> None:
    known = {one["id"]: said(one) for one in hub.listed("/workloads")}
    assert {one["id"]: one for one in at_hub.json("workloads", "--limit", "0")} == known
    sessions = at_hub.json("workloads", "--type", "session", "--limit", "0")
    assert {one["id"] for one in sessions} == {
        key for key, one in known.items() if one["type"] == "SESSION"
    }
    given = ("--provider", "kipu", "--backend", "kipu.*", "--type", "JOB", "--status", "COMPLETED")
    assert {one["provider"] for one in at_hub.json("workloads", *given)} == {"KIPU"}
    assert "'job'" in at_hub("workloads", "--type", "other", code=2).stderr
    assert len(at_hub.lines("workloads", "--limit", "1")) == 1
