"""`HubClient` over HTTP: what it sends, what it makes of answers; threads and forks share it."""

import json
import logging
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.errors import (
    AuthenticationError,
    ConfigurationError,
    HubError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    PermissionDeniedError,
    ResultNotReadyError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from shared_transport.job_calls import age_of
from shared_transport.models import Job
from shared_transport.requests import JobRequest
from shared_transport.retry import RetryPolicy
from shared_transport.settings import Settings
from shared_transport.watcher import PollingSchedule
from tests.quick.transport.tools import (
    FAST,
    SECRET,
    FaultServer,
    client_of,
    closes,
    leaks,
    says,
    whole_traceback,
)

REQUEST = JobRequest(backend_id="b", shots=1, input={"qasm": "x"})
ROOT = Path(__file__).parents[3]


class Hub:
    """Answers by path; everything else is 404. An answer is a status and JSON or bytes."""

    def __init__(self, **answers):
        self.answers = answers
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        path = request.url.path.removeprefix("/quantum")
        status, body = self.answers.get(path, (404, {"detail": "Nothing here."}))
        return httpx.Response(
            status, content=body if isinstance(body, bytes) else json.dumps(body).encode()
        )

    def paths(self):
        return [request.url.path for request in self.requests]


def job_hub(word, result=None, status=200):
    answers = {"/jobs/j1/status": (200, {"status": word})}
    if result is not None:
        answers["/jobs/j1/result"] = (status, result)
    return Hub(**answers)


# --- what is sent  ---


def test_a_request_is_the_one_of_the_api():
    hub = Hub(**{"/jobs": (201, {"id": "j1"})})
    client_of(hub, organization="org-1").jobs.create(REQUEST)
    (request,) = hub.requests
    assert (request.method, str(request.url)) == ("POST", "https://hub.test/quantum/jobs")
    assert request.headers["X-OrganizationId"] == "org-1"
    assert request.headers["Content-Type"] == request.headers["Accept"] == "application/json"
    assert json.loads(request.content)["backend_id"] == "b"


def test_the_token_travels_in_its_header_alone():
    hub = Hub(**{"/jobs": (201, {"id": "j1"})})
    client_of(hub).jobs.create(REQUEST)
    (request,) = hub.requests
    assert [name for name, value in request.headers.items() if SECRET in value] == ["x-auth-token"]
    assert SECRET not in str(request.url) + request.content.decode()


def test_without_an_organization_there_is_no_header():
    hub = Hub(**{"/backends": (200, [])})
    client_of(hub).backends.list()
    assert "X-OrganizationId" not in hub.requests[0].headers
    assert "Content-Type" not in hub.requests[0].headers


def test_parameters_are_sent():
    hub = Hub(
        **{"/jobs": (200, {}), "/backends": (200, []), "/backends/least-busy": (200, {"id": "b"})}
    )
    client = client_of(hub)
    client.jobs.page(2, 50, sort=["created_at,desc", "id"])
    client.backends.list(provider="AWS")
    client.backends.least_busy("IBM", min_qubits=5)
    assert [
        str(request.url).removeprefix("https://hub.test/quantum") for request in hub.requests
    ] == [
        "/jobs?page=2&size=50&sort=created_at%2Cdesc&sort=id",
        "/backends?provider=AWS",
        "/backends/least-busy?provider=IBM&minQubits=5",
    ]


@pytest.mark.parametrize("odd", ["a/b", "a?b=c", "a#b", "../x", "a%2Fb", "\u00e9 \u4e2d"])
def test_an_odd_id_stays_one_part_of_the_path(odd):
    hub = Hub()
    with pytest.raises(NotFoundError):
        client_of(hub).jobs.get(odd)
    (request,) = hub.requests
    assert httpx.URL(str(request.url)).raw_path.count(b"/") == 3
    assert request.url.path == f"/quantum/jobs/{odd}"


# --- who asks  ---


def test_backends_can_be_listed_without_a_token():
    hub = Hub(**{"/backends": (200, [{"id": "b"}])})
    assert [backend.id for backend in client_of(hub, token=None).backends.list()] == ["b"]
    assert "X-Auth-Token" not in hub.requests[0].headers


@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.jobs.get("j1"),
        lambda client: client.jobs.cancel("j1"),
        lambda client: client.jobs.create(REQUEST),
        lambda client: client.jobs.wait("j1"),
        lambda client: client.jobs.result("j1"),
        lambda client: client.backends.config("b"),
    ],
)
def test_without_a_token_the_way_out_is_said_and_nothing_is_sent(act):
    hub = Hub()
    with pytest.raises(
        AuthenticationError, match=r"There is no token.*KQH_PERSONAL_ACCESS_TOKEN.*local\(\)"
    ):
        act(client_of(hub, token=None))
    assert hub.requests == []


def test_a_hub_that_wants_a_token_is_not_said_to_refuse_one_that_was_never_given():
    hub = Hub(**{"/backends/b": (401, {"title": "Unauthorized"})})
    with pytest.raises(AuthenticationError, match="There is no token"):
        client_of(hub, token=None).backends.get("b")


def test_a_wrong_token_says_where_to_look():
    hub = Hub(**{"/jobs/j1": (401, {"title": "Unauthorized"})})
    with pytest.raises(
        AuthenticationError, match=r"does not accept the token.*Unauthorized"
    ) as caught:
        client_of(hub).jobs.get("j1")
    assert (caught.value.status, caught.value.operation) == (401, "getJob")
    assert len(hub.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", ["https://evil.test/", "http://hub.test/quantum/x", "/quantum/elsewhere"]
)
def test_no_redirect_is_followed(status, place):
    requests = []

    def handler(request):
        requests.append(request)
        return httpx.Response(status, headers={"Location": place})

    client = client_of(handler)
    with pytest.raises(ServerError, match=str(status)):
        client.jobs.get("j1")
    with pytest.raises(ServerError, match=str(status)):
        client.jobs.create(REQUEST)
    assert [request.url.host for request in requests] == ["hub.test"] * 2


# --- faults  ---


def over_http(server, token=SECRET, **settings):
    return HubClient(Settings(server.base_url, SecretStr(token), retry=FAST, **settings))


def test_an_unreachable_hub_is_named_with_the_way_out():
    with FaultServer(closes) as server:
        pass
    with pytest.raises(
        TransportError, match=r"refused.*127\.0\.0\.1.*QHUB_QUANTUM_BASE_URL"
    ) as caught:
        over_http(server).backends.list()
    assert caught.value.operation == "getBackends"
    assert SECRET not in whole_traceback(caught.value)


def test_a_get_survives_dropped_connections():
    whole = says(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"id": "j1"}')
    behaviours = [closes, says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), whole]
    with (
        FaultServer(lambda connection: behaviours.pop(0)(connection)) as server,
        over_http(server) as client,
    ):
        assert client.jobs.get("j1").id == "j1"
    assert len(server.requests) == 3
    assert all(SECRET.encode() in request for request in server.requests)


def test_nothing_logs_the_token(caplog):
    whole = says(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"id": "j1"}')
    behaviours = [closes, whole]
    caplog.set_level(logging.DEBUG)
    with (
        FaultServer(lambda connection: behaviours.pop(0)(connection)) as server,
        over_http(server) as client,
    ):
        client.jobs.get("j1")
    assert "operation=getJob method=GET path=/jobs/j1 outcome=200" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "bad", [{"organization": "\u00e4"}, {"organization": "a\nb"}, {"token": "t0k\u00e9n"}]
)
def test_headers_that_cannot_be_sent_are_a_configuration_error(bad):
    """Whatever way the settings were made."""
    with FaultServer(closes) as server, pytest.raises(ConfigurationError):
        over_http(server, **bad).jobs.get("j1")


def test_a_token_that_cannot_be_sent_is_not_shown():
    """h11 quotes the header that it refuses."""
    with FaultServer(closes) as server, pytest.raises(HubError) as caught:
        over_http(server, token=f"{SECRET}\n").jobs.get("j1")
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_an_id_too_long_for_an_address_is_a_clear_error():
    with pytest.raises(HubError):
        client_of(Hub()).jobs.get("x" * 70_000)


FAULTS = {
    "401": lambda request: httpx.Response(401),
    "404": lambda request: httpx.Response(404, json={"detail": "No."}),
    "503": lambda request: httpx.Response(503),
    "302": lambda request: httpx.Response(302, headers={"Location": "https://evil.test"}),
    "html": lambda request: httpx.Response(200, html="<p>Log in</p>"),
    "cut": lambda request: httpx.Response(200, content=b'{"id": "j'),
}


@pytest.mark.parametrize("handler", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.jobs.get("j1"),
        lambda client: client.jobs.create(REQUEST),
        lambda client: client.backends.list(),
    ],
    ids=["get", "create", "list"],
)
def test_no_error_of_the_hub_shows_the_token_even_with_locals(handler, act):
    with pytest.raises(HubError) as caught:
        act(client_of(handler))
    assert SECRET not in str(caught.value) + repr(caught.value) + whole_traceback(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError, httpx.InvalidURL])
def test_whatever_breaks_a_request_finds_the_token_in_no_frame_of_ours(problem):
    """Ctrl-C above all; ``rich`` and error reporters print the locals of every frame."""

    def handler(request):
        raise problem("broken")

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it becomes
        client_of(handler).jobs.get("j1")
    assert leaks(caught.value) == []


def test_a_repr_shows_the_hub_and_no_token():
    client = client_of(Hub())
    assert repr(client) == "HubClient('https://hub.test/quantum')"
    assert SECRET not in repr(vars(client))


# --- lists  ---


def paged(sizes, *, drop=()):
    """A Hub with pages of its own size, whatever was asked."""

    def handler(request):
        number = int(request.url.params["page"])
        start = sum(sizes[:number])
        content = (
            [{"id": f"j{start + i}"} for i in range(sizes[number])] if number < len(sizes) else []
        )
        page = {"content": content, "page": number, "size": 20, "total_elements": sum(sizes)}
        page["total_pages"] = len(sizes)
        return httpx.Response(
            200, json={key: value for key, value in page.items() if key not in drop}
        )

    return client_of(handler)


def test_all_pages_are_read_as_they_are_needed():
    assert [job.id for job in paged([20, 20, 7]).jobs.list()] == [f"j{i}" for i in range(47)]
    assert next(iter(paged([20, 20, 7]).jobs.list())).id == "j0"
    assert list(paged([0]).jobs.list()) == []
    assert list(paged([]).jobs.list()) == []


@pytest.mark.parametrize(
    "drop", [["total_pages"], ["total_pages", "total_elements", "size", "page"]]
)
def test_nothing_is_lost_where_a_page_says_less(drop):
    """Nothing is guaranteed present: without a number of pages the list goes on to an empty one."""
    assert [job.id for job in paged([20, 20, 7], drop=drop).jobs.list()] == [
        f"j{i}" for i in range(47)
    ]


# --- results  ---


@pytest.mark.parametrize("word", ["PENDING", "RUNNING", "CANCELLING", "UNKNOWN", "TELEPORTING"])
def test_before_the_end_there_is_no_result(word):
    hub = job_hub(word)
    with pytest.raises(ResultNotReadyError, match=f"j1.*{word}") as caught:
        client_of(hub).jobs.result("j1")
    assert caught.value.job_id == "j1"
    assert hub.paths() == ["/quantum/jobs/j1/status"]


@pytest.mark.parametrize("document", [{"counts": {"00": 5}}, [1, 2], None, 3.5, "text", True])
def test_any_json_is_a_result(document):
    client = client_of(job_hub("COMPLETED", document if document is not None else b"null"))
    assert client.jobs.result("j1") == document
    assert json.loads(client.jobs.result_bytes("j1")) == document


def test_a_known_end_is_not_asked_for_again():
    hub = job_hub("COMPLETED", {})
    client_of(hub).jobs.result("j1", status="COMPLETED")
    assert hub.paths() == ["/quantum/jobs/j1/result"]


@pytest.mark.parametrize(
    ("document", "words", "code"),
    [
        (
            {"error": {"message": "Out of qubits.", "code": "E42", "details": {}}},
            "Out of qubits.",
            "E42",
        ),
        ({"error": {"message": "Out of qubits."}}, "Out of qubits.", None),
        ({"error": "Out of qubits."}, "Out of qubits.", None),
        ({"error": {}}, None, None),
        ({"error": None}, None, None),
        ([], None, None),
        (b"<html>", None, None),
    ],
    ids=str,
)
def test_a_failed_job_says_why(document, words, code):
    client = client_of(job_hub("FAILED", document))
    with pytest.raises(JobFailedError, match="j1") as caught:
        client.jobs.result("j1")
    assert caught.value.job_id == "j1"
    if words:
        assert caught.value.hub_says == words
    if code:
        assert code in str(caught.value)


@pytest.mark.parametrize("status", [404, 500, 403])
def test_a_failed_job_has_failed_even_where_its_reason_cannot_be_read(status):
    client = client_of(job_hub("FAILED", {"detail": "No."}, status=status))
    with pytest.raises(JobFailedError, match="j1"):
        client.jobs.result("j1")


def test_a_cancelled_job_is_said_to_be():
    with pytest.raises(JobCancelledError, match="j1") as caught:
        client_of(job_hub("CANCELLED")).jobs.result("j1")
    assert caught.value.job_id == "j1"


@pytest.mark.parametrize("word", ["ABORTED", "DETACHED"])
def test_other_ends_have_no_result_either(word):
    with pytest.raises(JobFailedError, match=word):
        client_of(job_hub(word)).jobs.result("j1")


def test_an_unknown_job_is_not_found():
    with pytest.raises(NotFoundError, match="j9"):
        client_of(Hub()).jobs.result("j9")


@pytest.mark.parametrize("content", [b"", b'{"counts": {"00', b"<html></html>", b"\xff"])
def test_a_result_that_is_no_json_is_a_server_error(content):
    with pytest.raises(ServerError, match=f"{len(content)} bytes") as caught:
        client_of(job_hub("COMPLETED", content)).jobs.result("j1")
    assert caught.value.operation == "getJobResult"


# --- the rest of the operations  ---


def test_the_reads_and_cancel():
    hub = Hub(
        **{
            "/backends/b": (200, {"id": "b"}),
            "/backends/b/status": (200, {"status": "ONLINE"}),
            "/backends/b/config": (200, {"anything": 1}),
            "/backends/b/calibration": (204, b""),
            "/jobs/j1": (200, {"id": "j1"}),
            "/jobs/j1/status": (200, {"status": "RUNNING"}),
            "/jobs/j1/input": (200, {"qasm": "x"}),
            "/jobs/j1/calibration": (204, b""),
        }
    )
    client = client_of(hub)
    assert client.backends.get("b").id == "b"
    assert client.backends.status("b").status == "ONLINE"
    assert client.backends.config("b") == {"anything": 1}
    assert client.backends.calibration("b") is None
    assert client.jobs.get("j1").id == "j1"
    assert client.jobs.status("j1") == "RUNNING"
    assert client.jobs.input("j1") == {"qasm": "x"}
    assert client.jobs.calibration("j1") is None
    assert client.jobs.cancel("j1") is None
    assert hub.requests[-1].method == "DELETE"


def test_wait():
    words = ["PENDING", "RUNNING", "COMPLETED"]
    client = client_of(lambda request: httpx.Response(200, json={"status": words.pop(0)}))
    seen = []
    assert client.jobs.wait("j1", on_status=seen.append) == "COMPLETED"
    assert seen == ["PENDING", "RUNNING", "COMPLETED"]
    with pytest.raises(WaitTimeoutError):
        client_of(job_hub("RUNNING")).jobs.wait("j1", timeout=0.02)


def test_a_qpu_far_away_is_not_hurried_and_one_on_this_machine_is():
    schedule = PollingSchedule(patient_first_look=0.05, first_looks=(0.0001,))
    far = job_hub("RUNNING")
    with pytest.raises(WaitTimeoutError):
        client_of(far, polling=schedule).jobs.wait("j1", timeout=0.02, qpu=True)
    assert len(far.requests) == 1
    words = ["RUNNING", "COMPLETED"]
    near = client_of(
        lambda request: httpx.Response(200, json={"status": words.pop(0)}),
        polling=PollingSchedule(patient_first_look=60.0),
        base_url="http://127.0.0.1/quantum",
    )
    assert near.jobs.wait("j1", timeout=50.0, qpu=True) == "COMPLETED"
    assert words == []


def test_an_age_is_never_negative():
    assert age_of(Job()) == 0.0
    assert age_of(Job.model_validate({"created_at": "2999-01-01 00:00:00"})) == 0.0
    assert age_of(Job.model_validate({"created_at": "2020-01-01 00:00:00"})) > 1e6


# --- pickles, threads, forks  ---


def test_a_pickle_of_a_client_holds_no_token_and_finds_it_again(monkeypatch):
    client = client_of(Hub(), organization="org")
    text = pickle.dumps(client)
    assert SECRET.encode() not in text
    assert pickle.loads(text).settings.token is None
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", "again")
    again = pickle.loads(text)
    assert again.settings.token.get_secret_value() == "again"
    assert (again.settings.base_url, again.settings.organization) == (
        client.settings.base_url,
        "org",
    )
    assert again.jobs._client is again


def test_a_closed_client_opens_again():
    client = client_of(Hub(**{"/jobs/j1": (200, {"id": "j1"})}))
    with client:
        assert client.jobs.get("j1").id == "j1"
    client.close()
    assert client.jobs.get("j1").id == "j1"


class Echo(BaseHTTPRequestHandler):
    """Answers with the last part of the path as the id, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"id": self.path.rpartition("/")[2]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def echo():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/quantum"
        server.shutdown()
        thread.join()


def test_threads_share_a_client(echo):
    with HubClient(Settings(echo, SecretStr(SECRET))) as client, ThreadPoolExecutor(8) as pool:
        names = [f"j{i}" for i in range(120)]
        assert [job.id for job in pool.map(client.jobs.get, names)] == names


FORK = """
import os, sys
from pydantic import SecretStr
from shared_transport import HubClient, Settings

client = HubClient(Settings(sys.argv[1], SecretStr("x")))
assert client.jobs.get("before").id == "before"
held = client._lock                       # another thread may hold it at that moment
held.acquire()
child = os.fork()
if child == 0:
    ok = all(client.jobs.get(f"child{i}").id == f"child{i}" for i in range(20))
    os._exit(0 if ok else 1)
held.release()
ok = all(client.jobs.get(f"parent{i}").id == f"parent{i}" for i in range(20))
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert client.jobs.get("after").id == "after"
print("parent", ok, "child", status)
"""


def test_a_forked_child_shares_a_client(echo):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", FORK, echo],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.strip() == "parent True child 0", done.stderr


def test_retries_are_those_of_the_settings():
    hub = Hub(**{"/jobs/j1": (503, {})})
    with pytest.raises(ServerError):
        client_of(hub, retry=RetryPolicy(attempts=2, first_delay=0.0)).jobs.get("j1")
    assert len(hub.requests) == 2


def test_a_hub_that_quotes_the_token_does_not_put_it_into_an_error():
    client = client_of(lambda request: httpx.Response(403, json={"detail": f"not {SECRET}!"}))
    with client, pytest.raises(PermissionDeniedError) as caught:
        client.backends.list()
    assert caught.value.hub_says == "not ***!"
