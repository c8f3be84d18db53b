"""The simulated Hub does what it says: everything about the client's faults is judged by it."""

import json
import random
import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from pydantic import SecretStr

from shared_transport import operations
from shared_transport.client import HubClient
from shared_transport.errors import (
    NotFoundError,
    SubmissionUncertainError,
)
from shared_transport.models import SessionMode
from shared_transport.requests import JobRequest, SessionRequest
from shared_transport.settings import Settings
from shared_transport.steps import Answer, Failure, Send, Sleep
from tests.fault_hub import (
    AFTER_ACCEPT,
    BEFORE_ACCEPT,
    DOUBTS,
    KILLED_AFTER,
    KILLED_BEFORE,
    LATER,
    NO_DOUBT,
    REFUSED,
    FaultHub,
    ProcessKilled,
    RawFaultServer,
    World,
    answers,
    closes,
    hangs,
    in_turn,
    quick,
    resets,
    says,
    says_raw,
    serve,
)
from tests.quick.transport.tools import FAST


def request(token=None, **more):
    tags = ("mine",) if token is None else ("mine", f"qhub-token:{token}")
    return JobRequest(
        backend_id="aws.sim.sv1", shots=1, input={"qasm": "OPENQASM 3;"}, tags=tags, **more
    )


SESSION = SessionRequest(
    backend_id="ibm.qpu.fez",
    provider="IBM",
    mode=SessionMode.BATCH,
    metadata={"qhub_token": "s1", "a": 1},
)


def body_of(outcome):
    assert isinstance(outcome, Answer), outcome
    return json.loads(outcome.content)


def post(hub, token="t1", **more):
    return body_of(hub.send(operations.create_job(request(token, **more))))["id"]


def listed(hub, size=20, sort=("created_at,desc",)):
    """All that is listed, read page by page as pages say."""
    found, page = [], 0
    while True:
        document = body_of(hub.send(operations.search_jobs(page, size, sort)))
        found += document["content"]
        page += 1
        if not document["content"] or page == document.get("total_pages"):
            return found


# --- a Hub that works  ---


def test_a_job_runs_for_as_long_as_was_said():
    hub = FaultHub(World(queue_seconds=(1, 1), job_seconds=(2, 2)))
    job_id = post(hub)
    seen = []
    for _ in range(4):
        seen.append(hub.send(operations.get_job_status(job_id)))
        hub.sleep(1)
    words = [body_of(outcome)["status"] for outcome in seen]
    assert words == ["PENDING", "RUNNING", "RUNNING", "COMPLETED"]
    assert body_of(hub.send(operations.get_job_result(job_id))) == {"counts": {"00": 1}}
    assert hub.clock() == 4


def test_a_name_that_is_a_number_says_how_long():
    hub = FaultHub()
    post(hub, name="2.5")
    assert hub.jobs[0].ends == 2.5


def test_a_job_is_shown_as_the_contract_says():
    hub = FaultHub(World(clock_offset=3600))
    hub.sleep(10.7)
    job_id = post(hub)
    hub.sleep(5)
    outcome = hub.send(operations.get_job(job_id))
    shown = body_of(outcome)
    assert shown["created_at"] == "2026-01-01 01:00:10"
    assert shown["ended_at"] == "2026-01-01 01:00:11"
    assert shown["tags"] == ["mine", "qhub-token:t1"]
    assert "input" not in shown
    assert parsedate_to_datetime(outcome.headers["Date"]).timestamp() == int(hub.now()) + 3600
    assert operations.get_job(job_id).read(outcome).id == job_id
    assert body_of(hub.send(operations.get_job_input(job_id))) == {"qasm": "OPENQASM 3;"}


def test_results_of_what_has_not_ended_failed_or_is_not_there():
    hub = FaultHub(World(fails=1.0))
    job_id = post(hub)
    assert hub.send(operations.get_job_result(job_id)).status == 404
    hub.sleep(2)
    assert body_of(hub.send(operations.get_job_result(job_id)))["error"]["message"]
    assert body_of(hub.send(operations.get_job_status(job_id)))["status"] == "FAILED"
    assert hub.send(operations.get_job("nothing")).status == 404
    assert hub.send(operations.cancel_job("nothing")).status == 404


def test_cancelling():
    hub = FaultHub()
    first, second = post(hub, "a"), post(hub, "b")
    assert hub.send(operations.cancel_job(first)).status == 204
    hub.sleep(5)
    assert hub.send(operations.cancel_job(second)).status == 204
    assert [hub.status(job) for job in hub.jobs] == ["CANCELLED", "COMPLETED"]
    assert [job.alive for job in hub.jobs] == [False, True]
    assert hub.of_token("a") == []
    assert len(hub.of_token("a", stopped=True)) == 1


def test_sessions_and_workloads():
    hub = FaultHub()
    session_id = body_of(hub.send(operations.create_session(SESSION)))["id"]
    job_id = post(hub, session_id=session_id)
    assert hub.sessions[0].token == "s1"
    shown = body_of(hub.send(operations.get_session(session_id)))
    assert (shown["status"], shown["metadata"]) == ("OPEN", {"qhub_token": "s1", "a": 1})
    jobs = body_of(hub.send(operations.get_session_jobs(session_id)))
    assert [job["id"] for job in jobs] == [job_id]
    workloads = body_of(hub.send(operations.get_workloads()))["content"]
    assert {entry["type"]: entry["id"] for entry in workloads} == {
        "JOB": job_id,
        "SESSION": session_id,
    }
    assert all("metadata" not in entry and "tags" not in entry for entry in workloads)
    hub.send(operations.update_session_state(session_id, accept_jobs=False))
    drained = operations.create_job(request("t2", session_id=session_id))
    assert hub.send(drained).status == 409
    assert hub.send(operations.close_session(session_id)).status == 204
    assert body_of(hub.send(operations.get_session_status(session_id)))["status"] == "CLOSED"


def test_a_request_that_the_contract_does_not_describe_is_an_error_of_the_test():
    hub = FaultHub()
    with pytest.raises(AssertionError):
        hub.handle("GET", "/jobs", [("from", "0")], None)
    with pytest.raises(AssertionError):
        hub.handle("POST", "/jobs", [], b'{"shots": 1}')
    assert FaultHub(World(checks=False)).handle("POST", "/jobs", [], b"{}").status == 422


# --- lists  ---


def with_jobs(count=45, **world):
    hub = FaultHub(World(**world), seed=1)
    for number in range(count):
        post(hub, str(number))
        hub.sleep(1)
    return hub


def tokens(entries):
    return [int(entry["tags"][1].partition(":")[2]) for entry in entries]


@pytest.mark.parametrize("sort", ["created_at,desc", "created_at,asc"])
def test_the_order_is_the_hubs_own(sort):
    everything = list(range(45))
    assert tokens(listed(with_jobs(), sort=(sort,))) == everything[::-1]
    assert tokens(listed(with_jobs(order="oldest"), sort=(sort,))) == everything
    mixed = tokens(listed(with_jobs(order="random"), sort=(sort,)))
    assert sorted(mixed) == everything
    assert mixed not in (everything, everything[::-1])


def test_the_order_is_the_asked_one_only_where_that_is_said():
    hub = with_jobs(order="asked")
    assert tokens(listed(hub, sort=("createdAt,asc",))) == list(range(45))
    assert tokens(listed(hub, sort=("created_at,desc",))) == list(range(44, -1, -1))


def test_a_shuffled_list_is_another_one_each_time():
    hub = with_jobs(order="shuffled")
    first, second = (tokens(listed(hub, size=100)) for _ in range(2))
    assert sorted(first) == sorted(second)
    assert first != second


def test_pages_are_of_the_hubs_own_size():
    hub = with_jobs(page_size=7)
    document = body_of(hub.send(operations.search_jobs(6, 100)))
    assert {key: document[key] for key in ("page", "size", "total_elements", "total_pages")} == {
        "page": 6,
        "size": 7,
        "total_elements": 45,
        "total_pages": 7,
    }
    assert len(document["content"]) == 3
    hub = with_jobs(most_a_page=10, totals=False)
    document = body_of(hub.send(operations.search_jobs(0, 100)))
    assert (document["size"], len(document["content"])) == (10, 10)
    assert "total_pages" not in document
    assert len(listed(hub)) == 45


def test_a_job_may_be_listed_late_though_it_is_there():
    hub = FaultHub(World(listed_after=(5, 5)))
    job_id = post(hub)
    hub.sleep(4.9)
    assert listed(hub) == []
    assert hub.send(operations.get_job(job_id)).status == 200
    hub.sleep(0.2)
    assert [job["id"] for job in listed(hub)] == [job_id]


def test_how_late_is_drawn_by_the_seed():
    def delays(seed):
        hub = FaultHub(World(listed_after=(0, 5)), seed=seed)
        for number in range(50):
            post(hub, str(number))
        return [job.listed - job.created for job in hub.jobs]

    assert delays(1) == delays(1) != delays(2)
    assert 0 <= min(delays(1)) < 1
    assert 4 < max(delays(1)) <= 5


def test_dropped_tags_are_shown_nowhere_and_still_known_to_the_test():
    hub = FaultHub(World(drops_tags=True))
    answered = body_of(hub.send(operations.create_job(request("t1"))))
    shown = body_of(hub.send(operations.get_job(answered["id"])))
    assert answered["tags"] == shown["tags"] == listed(hub)[0]["tags"] == []
    assert len(hub.of_token("t1")) == 1
    session = body_of(hub.send(operations.create_session(SESSION)))
    assert session["metadata"] == {}


def test_jobs_from_before():
    hub = FaultHub()
    hub.populate(30, token="old")
    hub.populate(2)
    shown = listed(hub)
    assert len(shown) == 32
    assert shown[-1]["created_at"] == "2025-12-31 23:43:20"
    assert {job["status"] for job in shown} == {"COMPLETED"}
    assert hub.duplicates() == {}


# --- faults  ---


@pytest.mark.parametrize("name", [*DOUBTS, *LATER, *NO_DOUBT])
def test_a_fault_does_what_it_is_called(name):
    fault = {**DOUBTS, **LATER, **NO_DOUBT}[name]
    hub = FaultHub()
    hub.script("createJob", fault, None)
    outcome = hub.send(operations.create_job(request("t1")))
    assert hub.clock() == fault.seconds
    if fault.lost:
        assert outcome == Failure(fault.lost, sent=name != "refused")
    else:
        assert (
            outcome.status == int(name[:3]) if name[:3].isdigit() else outcome.status in (200, 201)
        )
        assert b'"id": "' not in outcome.content or not outcome.content.endswith(b"}")
    assert len(hub.jobs) == int(name in AFTER_ACCEPT)
    hub.settle()
    assert len(hub.jobs) == int(name in AFTER_ACCEPT or name in LATER)
    post(hub, "t1")
    assert set(hub.duplicates()) == ({"t1"} if name in AFTER_ACCEPT or name in LATER else set())
    assert [fault for _, _, fault in hub.faults] == [fault]


def test_every_doubt_is_on_one_side():
    assert all(not fault.arrives for fault in BEFORE_ACCEPT.values())
    assert all(fault.arrives for fault in AFTER_ACCEPT.values())
    assert len(DOUBTS) == len(BEFORE_ACCEPT) + len(AFTER_ACCEPT)


def test_what_is_executed_later_is_created_then():
    hub = FaultHub()
    hub.script("createJob", LATER["504, executed later"])
    hub.send(operations.create_job(request("t1")))
    assert hub.clock() == 5
    assert listed(hub) == []
    hub.sleep(10)
    assert [job["created_at"] for job in listed(hub)] == ["2026-01-01 00:00:07"]
    assert hub.jobs[0].created == 7


def test_retry_after_and_words():
    hub = FaultHub()
    hub.script("getJob", says(429, retry_after="7"), says(400, b'{"detail": "No."}'))
    outcome = hub.send(operations.get_job("x"))
    assert (outcome.status, outcome.headers["Retry-After"]) == (429, "7")
    assert body_of(hub.send(operations.get_job("x"))) == {"detail": "No."}
    assert hub.send(operations.get_job("x")).status == 404


@pytest.mark.parametrize("fault", [KILLED_BEFORE, KILLED_AFTER], ids=["before", "after"])
def test_the_process_dies_and_the_hub_lives_on(fault):
    hub = FaultHub()
    hub.script("createJob", fault)
    with pytest.raises(ProcessKilled):
        hub.send(operations.create_job(request("t1")))
    assert len(hub.of_token("t1")) == fault.arrives
    assert not issubclass(ProcessKilled, Exception)


def test_an_outage_lasts_as_long_as_it_was_said():
    hub = FaultHub()
    hub.outage(10, 20, says(503))
    hub.outage(30, 40)
    job_id = post(hub)
    seen = {}
    for second in range(0, 50, 5):
        outcome = hub.send(operations.get_job(job_id))
        seen[second] = outcome.status if isinstance(outcome, Answer) else outcome.sent
        hub.sleep(5)
    assert seen[5] == seen[20] == seen[25] == seen[40] == 200
    assert seen[10] == seen[15] == 503
    assert seen[30] is seen[35] is False


def test_chaos_is_seeded_and_of_the_named_operations():
    def play(seed):
        hub = FaultHub(seed=seed)
        hub.chaos(0.3, [*DOUBTS.values(), REFUSED], ["createJob"])
        for number in range(300):
            hub.send(operations.create_job(request(str(number))))
            hub.send(operations.search_jobs())
        return hub

    hub = play(5)
    assert 60 < len(hub.faults) < 120
    assert {name for _, name, _ in hub.faults} == {"createJob"}
    assert hub.faults == play(5).faults != play(6).faults
    assert hub.count("searchJobs") == 300
    assert len(hub.jobs) == 300 - sum(not fault.arrives for _, _, fault in hub.faults)


def test_latency_moves_the_clock_and_the_acceptance_lies_in_its_middle():
    hub = FaultHub(World(latency=(0.2, 0.2)))
    hub.sleep(1)
    post(hub)
    assert hub.clock() == pytest.approx(1.2)
    assert hub.jobs[0].created == pytest.approx(1.1)
    assert hub.requests == [(1.0, "createJob")]


def test_it_runs_steps_under_its_clock():
    def steps():
        outcome = yield Send(operations.create_job(request("t1")))
        yield Sleep(2.5)
        status = yield Send(operations.get_job_status(body_of(outcome)["id"]))
        return body_of(status)["status"]

    hub = FaultHub()
    assert hub.run(steps()) == "COMPLETED"
    assert hub.clock() == 2.5


def test_it_does_not_draw_from_anyone_elses_randomness():
    random.seed(1)
    before = random.getstate()
    with_jobs(5, order="shuffled", listed_after=(0, 5))
    assert random.getstate() == before


# --- on real sockets  ---


def get(server, path="/x", **options):
    return httpx.get(server.base_url + path, trust_env=False, timeout=2, **options)


def test_answers_by_path_and_method():
    behaviours = {
        "POST /x": answers(201, {"id": "j"}),
        "/x": answers(200, "text", content_type="text/plain", Retry_After="3"),
        "/turn": in_turn(answers(503), answers(200, [1])),
    }
    with RawFaultServer(behaviours) as server:
        assert httpx.post(server.base_url + "/x?a=1", content=b"abc").json() == {"id": "j"}
        response = get(server)
        assert (response.text, response.headers["Retry-After"]) == ("text", "3")
        assert [get(server, "/turn").status_code for _ in range(3)] == [503, 200, 200]
        assert get(server, "/other").status_code == 404
    first = server.requests[0]
    assert (first.method, first.path, first.params, first.body) == (
        "POST",
        "/x",
        [("a", "1")],
        b"abc",
    )


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 418, 499, 500, 503, 599])
def test_any_status_and_the_connection_stays(status):
    with RawFaultServer(answers(status)) as server, httpx.Client() as client:
        for _ in range(2):
            response = client.get(server.base_url + "/x")
            assert response.status_code == status
            assert "connection" not in response.headers


FAULTS = {
    "closed": (closes, httpx.RemoteProtocolError),
    "reset": (resets, httpx.ReadError),
    "cut off": (answers(200, b"abc", length=9), httpx.RemoteProtocolError),
    "no HTTP": (says_raw(b"banana\r\n\r\n"), httpx.RemoteProtocolError),
    "silent": (hangs, httpx.ReadTimeout),
}


@pytest.mark.parametrize(("behaviour", "error"), FAULTS.values(), ids=FAULTS)
def test_what_is_done_to_sockets_is_what_a_client_sees(behaviour, error):
    with RawFaultServer(behaviour) as server, pytest.raises(error):
        httpx.get(server.base_url + "/x", timeout=0.3)


def test_a_slow_body_comes_piece_by_piece():
    with RawFaultServer(answers(200, b"0123456789", piece=2, pause=0.02)) as server:
        started = time.monotonic()
        assert get(server).content == b"0123456789"
        assert time.monotonic() - started >= 0.08


def test_after_the_end_nobody_listens():
    with RawFaultServer(closes) as server:
        pass
    with pytest.raises(httpx.ConnectError):
        get(server)


def client_for(server, **settings):
    settings = {"retry": FAST, "settle_time": 0.0, "read_timeout": 0.3, **settings}
    return HubClient(Settings(server.base_url, SecretStr("t"), **settings))


def test_the_real_client_and_a_served_hub():
    hub = FaultHub(World(job_seconds=(0.05, 0.05)), real_time=True)
    with serve(hub) as server, client_for(server) as client:
        job = client.jobs.create(request())
        assert client.jobs.wait(job.id, timeout=10) == "COMPLETED"
        assert client.jobs.result(job.id) == {"counts": {"00": 1}}
        assert [entry.id for entry in client.jobs.list()] == [job.id]
        with pytest.raises(NotFoundError):
            client.jobs.get("nothing")
    assert hub.count("createJob") == 1


@pytest.mark.parametrize("name", DOUBTS)
def test_a_served_doubt_is_a_doubt_to_the_real_client(name):
    """Nothing is known of this Hub's tags: a lost job is found, anything else is said to be uncertain."""
    hub = FaultHub(real_time=True)
    hub.script("createJob", quick(DOUBTS[name]))
    with serve(hub) as server, client_for(server) as client:
        if name in AFTER_ACCEPT:
            assert client.jobs.create(request()).id == hub.jobs[0].id
        else:
            with pytest.raises(SubmissionUncertainError):
                client.jobs.create(request())
    assert hub.count("createJob") == 1
    assert hub.duplicates() == {}


def test_a_virtual_hub_is_not_served():
    with pytest.raises(ValueError, match="real time"), serve(FaultHub()):
        pass


def test_a_refused_port_is_had_from_a_server_that_ended():
    with RawFaultServer(closes) as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
