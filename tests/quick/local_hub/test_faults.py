"""Every fault does what its text says, seen from a raw socket; and the project's own client survives it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from local_hub.faults.board import Faults
from local_hub.faults.middleware import FaultMiddleware
from local_hub.faults.operations import LOGIN, OPERATIONS, name_of
from local_hub.faults.spec import KINDS, Moment, parse_fault
from shared_transport import HubClient, JobRequest, RetryPolicy, ServerError, Settings
from tests.quick.local_hub.hub_process import BELL2, ROOT, HubProcess

QSIM = "kipu.sim.qsim"
BELL_JOB = {"backend_id": QSIM, "shots": 10, "input": {"qasm": BELL2}}
CONTRACT = json.loads((ROOT / "tests/contract/contract.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shared() -> Iterator[HubProcess]:
    process = HubProcess("--seed", "7", "--workers", "1")
    yield process
    assert process.close() == 0


@pytest.fixture
def hub(shared: HubProcess) -> Iterator[HubProcess]:
    """A Hub without faults, and without those that a test adds after it."""
    yield shared
    assert shared.http.post("/admin/reset").status_code == 204


@dataclass
class Raw:
    """What came back on a socket.

    Attributes:
        status: The status; None where nothing came.
        end: `complete`, or how the connection ended before that: `closed` or `reset`.
    """

    status: int | None
    headers: dict[str, str]
    body: bytes
    end: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def raw(hub: HubProcess, method: str, path: str, document: Any = None) -> Raw:
    """Send a request on a connection of its own and read until the answer or the connection ends."""
    body = b"" if document is None else json.dumps(document).encode()
    host, port = urlsplit(hub.info["base_url"]).hostname, urlsplit(hub.info["base_url"]).port
    lines = [
        f"{method} /quantum{path} HTTP/1.1",
        f"Host: {host}",
        f"X-Auth-Token: {hub.info['token']}",
        f"Content-Length: {len(body)}",
    ]
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        got, end = b"", "complete"
        while not _is_whole(got):
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                end = "reset"
                break
            if not piece:
                end = "closed"
                break
            got += piece
    if not got:
        return Raw(None, {}, b"", end)
    status, headers, content = _parts(got)
    return Raw(status, headers, content, end)


def _is_whole(got: bytes) -> bool:
    if b"\r\n\r\n" not in got:
        return False
    _, headers, content = _parts(got)
    return len(content) >= int(headers.get("content-length", "0"))


def _parts(got: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, content = got.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, content


def add(hub: HubProcess, text: str) -> str:
    answer = hub.http.post("/admin/faults", json={"fault": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def struck(hub: HubProcess, fault_id: str) -> dict[str, int]:
    listed = hub.http.get("/admin/faults").json()["faults"]
    (found,) = (fault for fault in listed if fault["id"] == fault_id)
    assert sum(found["struck_operations"].values()) == found["struck"]
    return dict(found["struck_operations"])


def jobs_now(hub: HubProcess) -> int:
    return int(hub.http.get("/jobs", params={"size": 1}).json()["total_elements"])


# --- the text of a fault


def test_the_operations_are_those_of_the_contract() -> None:
    methods = ("get", "post", "put", "patch", "delete")
    expected = {
        item[method]["operationId"]: (method.upper(), path)
        for path, item in CONTRACT["paths"].items()
        for method in methods
        if method in item
    }
    assert set(OPERATIONS) == {*expected, LOGIN}
    for name, (method, template) in expected.items():
        path = template.replace("{", "").replace("}", "")
        assert name_of(method, path) == name
    assert name_of("POST", "/oauth/token") == LOGIN
    assert name_of("GET", "/nowhere") == "GET /nowhere"


@pytest.mark.parametrize(
    ("text", "method", "path", "expected"),
    [
        ("503", "GET", "/jobs", True),
        ("503:createJob", "POST", "/jobs", True),
        ("503:createJob", "GET", "/jobs", False),
        ("503:getJob,cancelJob", "DELETE", "/jobs/5", True),
        ("503:GET /jobs/*", "GET", "/jobs/5", True),
        ("503:GET /jobs/*", "GET", "/jobs/5/status", False),
        ("503:GET /quantum/jobs/{id}/status", "GET", "/jobs/5/status", True),
        ("503:/jobs/*", "DELETE", "/jobs/5", True),
        ("503:DELETE", "DELETE", "/sessions/5", True),
        ("503:DELETE", "GET", "/sessions/5", False),
        ("503:getBackend", "GET", "/backends/least-busy", False),
        ("503:getLeastBusyBackend", "GET", "/backends/least-busy", True),
        ("503:GET /jobs/*.x", "GET", "/jobs/5", False),
    ],
)
def test_which_requests_a_text_means(text: str, method: str, path: str, expected: bool) -> None:
    assert parse_fault(text).concerns(method, path) is expected


def test_what_a_text_says() -> None:
    fault = parse_fault("late-listing : seconds=0.5-2 : times=3 : skip=1 : probability=.5 : seed=9")
    assert (fault.kind, fault.moment, str(fault.requests[0])) == (
        "late-listing",
        Moment.NEW_JOB,
        "createJob",
    )
    assert (fault.times, fault.skip, fault.probability, fault.seed) == (3, 1, 0.5, 9)
    assert str(fault.seconds) == "0.5-2"
    assert [parse_fault(kind).retry_after for kind in ("429", "503", "503:retry-after=7")] == [
        1,
        None,
        7,
    ]
    for kind in KINDS:
        needs = kind in ("delay", "slow-queue", "late-listing")
        assert parse_fault(f"{kind}:seconds=1" if needs else kind).kind == kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no kind of fault: use"),
        ("reset-afer", "use reset-after"),
        ("418", "'418' is no kind of fault"),
        ("503:creatJob", "use createJob"),
        ("503:", "'' names no operation"),
        ("503:FETCH /jobs", "names no operation"),
        ("503:createJob:getJob", "'getJob' is no option"),
        ("503:chance=2", "'chance' is no option: use probability"),
        ("503:times=1:times=2", "times comes twice"),
        ("503:times=0", "times is '0': write a whole number of at least 1"),
        ("503:times=-1", "times is '-1'"),
        ("503:times=1.5", "times is '1.5'"),
        ("503:skip=x", "skip is 'x'"),
        ("503:probability=1.2", "probability is '1.2': write a number from 0 to 1"),
        ("503:probability=nan", "probability is 'nan'"),
        ("503:seconds=1", "503 takes no seconds"),
        ("delay", "delay needs a time: add seconds=2"),
        ("delay:seconds=2-1", "'2-1' is no time"),
        ("delay:seconds=inf", "'inf' is no time"),
        ("delay:seconds=-1", "'-1' is no time"),
        ("drop:retry-after=1", "drop has no answer"),
        ("slow-queue:getJob:seconds=1", "slow-queue strikes new jobs only: leave getJob out"),
    ],
)
def test_a_wrong_text_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="cannot be read") as caught:
        parse_fault(text)
    assert words in str(caught.value)


def test_what_is_drawn_follows_from_the_seed() -> None:
    def drawn(seed: int | None, text: str = "503:probability=0.5") -> list[bool]:
        faults = Faults([parse_fault(text)], seed=seed)
        return [faults.strike("GET", "/jobs", Moment.BEFORE) is not None for _ in range(200)]

    first = drawn(7)
    assert first == drawn(7) != drawn(8)
    assert drawn(None) == drawn(0)
    assert drawn(7, "503:probability=0.5:seed=3") == drawn(8, "503:probability=0.5:seed=3")
    # 200 throws of a fair coin: 60 to 140 heads but for one run in a hundred million.
    assert 60 <= sum(first) <= 140
    assert not any(drawn(7, "503:probability=0"))
    assert all(drawn(7, "503:probability=1"))


def test_without_faults_a_request_passes_untouched() -> None:
    """The same callables go on: the way without faults has no wrapper in it."""
    passed: list[tuple[Scope, Receive, Send]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append((scope, receive, send))

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    faults = Faults([parse_fault("503:createJob:times=1")])
    middleware = FaultMiddleware(app, faults, "/quantum")
    admin = {"type": "http", "method": "POST", "path": "/quantum/admin/faults"}
    console = {"type": "http", "method": "GET", "path": "/"}
    for scope in (admin, console):
        asyncio.run(middleware(scope, receive, send))
    assert faults.strike("POST", "/jobs", Moment.BEFORE) is not None
    assert faults.idle
    api = {"type": "http", "method": "POST", "path": "/quantum/jobs"}
    asyncio.run(middleware(api, receive, send))
    assert [entry[0] for entry in passed] == [admin, console, api]
    assert all(entry[1] is receive and entry[2] is send for entry in passed)


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


# --- time


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


# --- the command line


def test_faults_and_latency_of_the_command_line() -> None:
    process = HubProcess(
        *("--latency", "0.1", "--fault", "503:getBackends:times=1"),
        *("--fault", "reset:GET /jobs/*:times=1", "--workers", "1"),
    )
    begin = time.monotonic()
    answers = [raw(process, "GET", path) for path in ("/backends", "/backends", "/jobs/5")]
    assert [answer.status for answer in answers] == [503, 200, None]
    assert answers[2].end == "reset"
    assert time.monotonic() - begin >= 0.2
    assert process.http.get("/admin/faults").json()["latency"] == "0.1"
    assert process.close() == 0


# --- the project's own client


def client_of(hub: HubProcess, **settings: Any) -> HubClient:
    quick = RetryPolicy(attempts=5, first_delay=0.02, deadline=20)
    own = Settings.of_runtime_file(hub.info["runtime_file"])
    return HubClient(replace(own, retry=quick, **{"settle_time": 0.6, **settings}))


def submit(client: HubClient, tag: str) -> str:
    request = JobRequest(backend_id=QSIM, shots=10, input={"qasm": BELL2}, tags=(tag,))
    return str(client.jobs.create(request).id)


def jobs_with(client: HubClient, tag: str) -> list[str]:
    return [str(job.id) for job in client.jobs.list() if tag in (job.tags or ())]


@pytest.mark.parametrize(
    "fault",
    [
        "429:createJob:times=2",
        "503:createJob:times=1",
        "drop:createJob:times=1",
        "reset:createJob:times=1",
        "drop-after:createJob:times=1",
        "reset-after:createJob:times=1",
        "503-after:createJob:times=1",
        "truncate:createJob:times=1",
        "reset-after:createJob:times=1 late-listing:seconds=0.3:times=1",
        "reset-after:createJob:times=1 503:searchJobs:times=2",
        "drop:createJob:times=1 drop-after:createJob:times=1",
    ],
)
def test_a_job_is_created_exactly_once(
    hub: HubProcess, fault: str, request: pytest.FixtureRequest
) -> None:
    tag = request.node.name[:100]
    with client_of(hub) as client:
        submit(client, "the Hub gives tags back")
        placed = [add(hub, text) for text in fault.split()]
        job_id = submit(client, tag)
        assert all(struck(hub, one) for one in placed)
        assert client.jobs.wait(job_id) == "COMPLETED"
        assert jobs_with(client, tag) == [job_id]


def test_a_500_is_the_hubs_word_that_there_is_no_job(hub: HubProcess) -> None:
    with client_of(hub) as client:
        fault = add(hub, "500:createJob:times=1")
        with pytest.raises(ServerError, match="by the fault 500:createJob:times=1"):
            submit(client, "failed")
        assert struck(hub, fault) == {"createJob": 1}
        assert jobs_with(client, "failed") == []


def test_a_result_that_breaks_off_again_and_again_is_whole_in_the_end(
    hub: HubProcess, tmp_path: Path
) -> None:
    with client_of(hub) as client:
        job_id = submit(client, "download")
        client.jobs.wait(job_id)
        whole = hub.http.get(f"/jobs/{job_id}/result").content
        fault = add(hub, "truncate:getJobResultStream:times=3")
        client.jobs.result_to_file(job_id, tmp_path / "result.json")
        assert (tmp_path / "result.json").read_bytes() == whole
        assert struck(hub, fault) == {"getJobResultStream": 3}


def test_a_wait_outlives_faults(hub: HubProcess) -> None:
    with client_of(hub) as client:
        add(hub, "slow-queue:seconds=0.5:times=1")
        job_id = submit(client, "wait")
        add(hub, "reset:GET:probability=0.3")
        add(hub, "503:GET:probability=0.3")
        assert client.jobs.wait(job_id, timeout=30) == "COMPLETED"
