"""A team's Hub: its state in a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash import Crash
from tests.quick.local_hub.hub_process import BELL2, BELL3, LONG3, HubProcess
from tests.system.postgresql import PASSWORD, QUOTED, Cluster

SV1 = "aws.sim.sv1"
QSIM = "kipu.sim.qsim"
FEZ = "ibm.qpu.fez"

Start = Callable[..., HubProcess]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    one = Cluster()
    yield one
    one.remove()


@pytest.fixture
def url(cluster: Cluster) -> str:
    return cluster.create(uuid.uuid4().hex)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Hubs, each with a state folder of its own; what they log is kept in files."""
    hubs: list[HubProcess] = []

    def begin(*options: str) -> HubProcess:
        log = tmp_path / f"log-{len(hubs)}"
        hubs.append(HubProcess("--workers", "2", *options, log=log))
        return hubs[-1]

    yield begin
    for hub in hubs:
        if hub.process.poll() is None:
            assert hub.close() == 0
    for log in tmp_path.glob("log-*"):
        text = log.read_text()
        assert PASSWORD not in text
        assert QUOTED not in text


def test_the_whole_life(url: str, start: Start, cluster: Cluster) -> None:
    first = start("--database", url, "--sessions", QSIM, "--user", "ada:lovelace")
    assert QUOTED not in str(first.info)
    assert PASSWORD not in str(first.info)
    done = first.submit(SV1, BELL3, 50, name="with ü and \u2028", tags=["a", "b"])
    assert first.wait(done) == "COMPLETED"
    result = first.http.get(f"/jobs/{done}/result").json()
    assert len(result["measurements"]) == 50
    assert {tuple(shot) for shot in result["measurements"]} == {(0, 0), (1, 1)}
    assert first.http.get(f"/jobs/{done}").json()["name"] == "with ü and \u2028"
    failed = first.submit(QSIM, "OPENQASM 2.0;\nqreg q[1];\n", tags=["b" * 1000])
    assert first.wait(failed) == "FAILED"
    session = first.session(QSIM, mode="dedicated", tags=["b"], metadata={"a": [1, None]})
    within = first.submit(QSIM, BELL2, session_id=session["id"])
    assert first.wait(within) == "COMPLETED"
    (listed,) = first.http.get(f"/sessions/{session['id']}/jobs").json()
    assert listed["id"] == within
    cancelled = first.submit(SV1, LONG3)
    assert first.http.delete(f"/jobs/{cancelled}").status_code == 204

    def found(**filters: object) -> set[str]:
        content = first.http.get("/workloads", params=filters).json()["content"]
        return {row["id"] for row in content}

    everything = {done, failed, within, cancelled, session["id"]}
    assert found() == everything
    assert found(type="SESSION") == {session["id"]}
    assert found(tag="b") == {done, session["id"]}
    assert found(tag="b" * 1000) == {failed}
    assert found(tag=["a", "b"], type="JOB") == {done}
    assert found(status=["FAILED", "CANCELLED"]) == {failed, cancelled}
    assert found(backendId=QSIM, provider="KIPU") == {failed, within, session["id"]}
    assert first.http.get("/workloads", params={"status": "\0"}).status_code < 500
    newest = [job["id"] for job in first.http.get("/jobs").json()["content"]]
    assert newest == [cancelled, within, failed, done]
    by_id = first.http.get("/workloads", params={"sort": "id,desc", "size": 2, "page": 1}).json()
    assert [row["id"] for row in by_id["content"]] == sorted(everything, reverse=True)[2:4]
    assert by_id["total_elements"] == 5

    user = first.http.post("/admin/users", json={"name": "u" * 100}).json()["token"]
    with first.with_token(user) as http:
        assert http.get("/jobs").json()["total_elements"] == 0
    bad = first.http.post("/admin/users", json={"name": "\0"})
    assert bad.status_code == 422, bad.text
    login = {"grant_type": "password", "client_id": "x", "username": "ada", "password": "lovelace"}
    tokens = first.anonymous.post("/oauth/token", data=login).json()

    running = first.submit(SV1, LONG3)
    first.wait(running, "RUNNING")
    first.process.kill()
    first.process.wait(10)
    second = start("--database", url, "--token", "another", "--sessions", QSIM)
    assert second.http.get(f"/jobs/{done}/result").json() == result
    assert second.http.get(f"/sessions/{session['id']}").json()["usage_time_millis"] > 0
    assert second.wait(running, "RUNNING") == "RUNNING"
    assert second.http.delete(f"/jobs/{running}").status_code == 204
    with second.with_token(tokens["access_token"]) as http:
        assert http.get("/jobs").status_code == 200
    assert second.http.delete(f"/sessions/{session['id']}").status_code == 204


def test_two_hubs_on_one_database(url: str, start: Start) -> None:
    first = start("--database", url)
    second = HubProcess("--database", url)
    assert "in use by another local Hub" in second.info["error"]
    assert PASSWORD not in second.info["error"]
    assert second.process.wait(10) == 1
    assert first.run(SV1, BELL3)
    assert first.close() == 0
    third = start("--database", url)
    assert third.http.get("/jobs").json()["total_elements"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace(QUOTED, "wrong-s3cret"), "password authentication failed"),
        (lambda url: url.rsplit("/", 1)[0] + "/none", '"none" does not exist'),
        (lambda url: url.replace("postgresql:", "mysql:"), "write it as postgresql://"),
        (lambda url: url.replace(QUOTED, PASSWORD), "write it as postgresql://"),
        (lambda url: url.replace(QUOTED, "s3cret?a"), "write it as postgresql://"),
        (lambda url: url.replace(QUOTED + "@", "s3cret:"), "write it as postgresql://"),
        (lambda url: url.rsplit("/", 1)[0], "names no database"),
    ],
)
def test_a_database_that_cannot_be_used(
    url: str, change: Callable[[str], str], words: str, tmp_path: Path
) -> None:
    hub = HubProcess("--database", change(url), log=tmp_path / "log")
    assert words in hub.info["error"]
    assert hub.process.wait(10) == 1
    for secret in ("s3cret", QUOTED):
        assert secret not in hub.info["error"] + (tmp_path / "log").read_text()


def test_a_database_of_another_layout(url: str, cluster: Cluster, start: Start) -> None:
    start("--database", url).close()
    with cluster.connect(url.rsplit("/", 1)[1]) as connection:
        connection.execute("UPDATE hub SET layout = 99")
    hub = HubProcess("--database", url)
    assert "layout 99" in hub.info["error"]
    assert "name another state folder or database" in hub.info["error"]
    assert hub.process.wait(10) == 1


def test_a_lost_database(url: str, cluster: Cluster, start: Start) -> None:
    hub = start("--database", url)
    before = hub.submit(SV1, BELL3)
    assert hub.wait(before) == "COMPLETED"
    ends_meanwhile = hub.submit(
        SV1, "OPENQASM 3.0;\nqubit[2] q;\nfor int i in [0:9000] { h q[0]; }\n"
    )
    hub.wait(ends_meanwhile, "RUNNING")
    lives_on = hub.submit(SV1, LONG3)
    hub.wait(lives_on, "RUNNING")
    cluster.stop()
    try:
        for request in (
            lambda: hub.post(SV1, BELL3),
            lambda: hub.http.get("/jobs"),
            lambda: hub.http.get("/workloads"),
            lambda: hub.http.get(f"/jobs/{before}/result"),
            lambda: hub.http.post("/admin/users", json={"name": "ada"}),
            lambda: hub.http.post("/admin/service-executions"),
            lambda: hub.http.delete(f"/jobs/{lives_on}"),
            lambda: hub.with_token("other").get("/jobs"),
        ):
            answer = request()
            assert answer.status_code == 503, answer.text
            assert "database" in answer.json()["detail"]
            assert answer.headers["Retry-After"] == "2"
        time.sleep(2)
    finally:
        cluster.start()
    hub.wait_until_served("/jobs")
    assert hub.wait(ends_meanwhile) == "COMPLETED"
    assert hub.wait(lives_on) == "CANCELLED"
    assert len(hub.run(SV1, BELL3)["measurements"]) == 100
    assert hub.http.get("/jobs").json()["total_elements"] == 4
    hub.process.kill()
    hub.process.wait(10)
    again = start("--database", url)
    assert again.http.get("/jobs").json()["total_elements"] == 4
    assert len(again.http.get(f"/jobs/{ends_meanwhile}/result").json()["measurements"]) == 100


def test_connections_that_are_cut_under_load(url: str, cluster: Cluster, start: Start) -> None:
    hub = start("--database", url)
    hub.run(SV1, BELL3)
    ends = time.monotonic() + 6

    def send(_: int) -> tuple[list[str], int]:
        accepted, refused = [], 0
        with hub.with_token(hub.info["token"]) as http:
            while time.monotonic() < ends:
                body = {"backend_id": SV1, "shots": 10, "input": {"qasm": BELL3}}
                answer = http.post("/jobs", json=body)
                assert answer.status_code in (201, 503), answer.text
                if answer.status_code == 201:
                    accepted.append(answer.json()["id"])
                else:
                    refused += 1
                    time.sleep(0.05)
        return accepted, refused

    def cut() -> None:
        name = url.rsplit("/", 1)[1]
        with cluster.connect() as connection:
            while time.monotonic() < ends:
                time.sleep(0.7)
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )

    with ThreadPoolExecutor(5) as pool:
        cutting = pool.submit(cut)
        answers = list(pool.map(send, range(4)))
        cutting.result()
    accepted = [job_id for ids, _ in answers for job_id in ids]
    assert len(accepted) == len(set(accepted)) > 20
    assert sum(refused for _, refused in answers) > 0
    hub.wait_until_served("/jobs")
    assert {hub.wait(job_id) for job_id in accepted} == {"COMPLETED"}
    # What was answered with 503 was not stored.
    assert hub.http.get("/jobs").json()["total_elements"] == len(accepted) + 1
    with cluster.connect(url.rsplit("/", 1)[1]) as connection:
        (documents,) = connection.execute("SELECT count(*) FROM results").fetchone()
    assert documents == len(accepted) + 1


def test_a_database_that_another_hub_took_meanwhile(
    url: str, cluster: Cluster, start: Start
) -> None:
    first = start("--database", url)
    first.run(SV1, BELL3)
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        with cluster.connect() as connection:
            name = url.rsplit("/", 1)[1]
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        second = start("--database", url)
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    assert first.post(SV1, BELL3).status_code == 503
    time.sleep(1)
    assert "another Hub" in first.post(SV1, BELL3).json()["detail"]
    assert second.run(SV1, BELL3)
    assert second.http.get("/jobs").json()["total_elements"] == 2
    assert second.close() == 0
    assert "start this one again" in _until_detail(first, "start this one again")


def _until_detail(hub: HubProcess, words: str) -> str:
    end = time.monotonic() + 10
    while words not in (detail := str(hub.post(SV1, BELL3).json()["detail"])):
        assert time.monotonic() < end, detail
        time.sleep(0.1)
    return detail


def test_every_accepted_job_is_accounted_for(
    url: str, cluster: Cluster, tmp_path: Path, full: bool
) -> None:
    name = url.rsplit("/", 1)[1]
    crash = Crash(tmp_path, ["--ideal", "--database", url], seed=11)
    crash.run(kills=12 if full else 3)
    with cluster.connect(name) as connection:
        crash.check(lambda query: connection.execute(query).fetchall())
