"""Workloads and their filters; parts of results; jobs of a stated duration; calibrations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import BELL2, BELL3, HubProcess

SV1, QSIM = "aws.sim.sv1", "kipu.sim.qsim"


@pytest.fixture(scope="module")
def made() -> Iterator[tuple[HubProcess, dict[str, str]]]:
    """A Hub with two jobs and a session, and their ids."""
    hub = HubProcess("--seed", "7", "--workers", "1", "--sessions", "all")
    ids = {"qsim": hub.submit(QSIM, BELL2, tags=["x", 'a"%_b'])}
    hub.wait(ids["qsim"])
    ids["session"] = hub.session(SV1, tags=["x"])["id"]
    ids["sv1"] = hub.submit(SV1, BELL3, session_id=ids["session"], tags=["y"])
    hub.wait(ids["sv1"])
    yield hub, ids
    assert hub.close() == 0


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["sv1", "session", "qsim"]),
        ("type=JOB", ["sv1", "qsim"]),
        ("type=SESSION", ["session"]),
        ("type=SESSION&type=JOB", ["sv1", "session", "qsim"]),
        ("status=COMPLETED", ["sv1", "qsim"]),
        ("provider=KIPU", ["qsim"]),
        ("backendId=aws.sim.sv1", ["sv1", "session"]),
        ("tag=x", ["session", "qsim"]),
        ("tag=x&tag=y&type=JOB", ["sv1", "qsim"]),
        ("tag=a%22%25_b", ["qsim"]),
        ("tag=a", []),
        ("sort=created_at,asc&sort=id", ["qsim", "session", "sv1"]),
        ("size=2&page=1", ["qsim"]),
        ("something=new", ["sv1", "session", "qsim"]),
    ],
)
def test_workloads(made: tuple[HubProcess, dict[str, str]], query: str, names: list[str]) -> None:
    hub, ids = made
    page = hub.http.get(f"/workloads?{query}").json()
    conforms(page, component("PageResponseWorkloadResponse"))
    found: list[Any] = [row["id"] for row in page["content"]]
    wanted = [ids[name] for name in names]
    # What was made within the same millisecond has no order of its own.
    assert sorted(found) == sorted(wanted)
    assert found[-1:] == wanted[-1:]


def test_a_part_of_a_result(made: tuple[HubProcess, dict[str, str]]) -> None:
    hub, ids = made
    path = f"/jobs/{ids['qsim']}/result-stream"
    whole = hub.http.get(path)
    size = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    tag = whole.headers["etag"]
    for asked, begin, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, size),
        ("bytes=-4", size - 4, size),
        (f"bytes=3-{size + 100}", 3, size),
        (f"bytes=-{size + 100}", 0, size),
    ):
        answer = hub.http.get(path, headers={"Range": asked, "If-Range": tag})
        assert answer.status_code == 206
        assert answer.content == whole.content[begin:end]
        assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"


@pytest.mark.parametrize("asked", ["bytes=", "bytes=-", "bytes=5-3", "lines=0-1", "bytes=0-1,3-4"])
def test_a_range_that_is_none_is_passed_over(
    made: tuple[HubProcess, dict[str, str]], asked: str
) -> None:
    hub, ids = made
    path = f"/jobs/{ids['qsim']}/result-stream"
    answer = hub.http.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, hub.http.get(path).content)


def test_a_part_of_something_else_is_the_whole(made: tuple[HubProcess, dict[str, str]]) -> None:
    hub, ids = made
    headers = {"Range": "bytes=5-", "If-Range": '"another"'}
    assert hub.http.get(f"/jobs/{ids['qsim']}/result-stream", headers=headers).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=100000-", "bytes=-0"])
def test_a_part_that_is_not_there(made: tuple[HubProcess, dict[str, str]], asked: str) -> None:
    hub, ids = made
    answer = hub.http.get(f"/jobs/{ids['qsim']}/result-stream", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"].startswith("bytes */")


def test_jobs_of_a_stated_duration_do_not_occupy_the_worker() -> None:
    hub = HubProcess("--seed", "7", "--workers", "1", "--job-seconds", "1.5")
    hub.wait(hub.submit(QSIM, BELL2))
    began = time.monotonic()
    ids = [hub.submit(QSIM, BELL2) for _ in range(40)]
    assert {hub.wait(job_id) for job_id in ids} == {"COMPLETED"}
    # One after the other they would take a minute.
    assert time.monotonic() - began < 30
    for job_id in ids:
        assert hub.http.get(f"/jobs/{job_id}").json()["runtime"] >= 1500
    waiting = hub.submit(QSIM, BELL2)
    hub.wait(waiting, "RUNNING")
    hub.http.delete(f"/jobs/{waiting}")
    assert hub.http.get(f"/jobs/{waiting}").json()["status"] == "CANCELLED"
    assert hub.http.get(f"/jobs/{waiting}/result").status_code == 404
    assert hub.close() == 0
