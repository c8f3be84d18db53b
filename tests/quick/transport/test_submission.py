"""A job is created once: what is in doubt is never sent twice, what certainly failed may be."""

import json
import logging
import pickle
import socket

import httpx
import pytest
from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.errors import (
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SubmissionUncertainError,
    TransportError,
    ValidationError,
)
from shared_transport.journal import Journal
from shared_transport.requests import JobRequest
from shared_transport.retry import RetryPolicy
from shared_transport.settings import Settings
from shared_transport.steps import Failure
from shared_transport.submission import Submitter
from shared_transport.tags import TOKEN_PREFIX, users_tags
from tests.quick.transport.tools import (
    FAST,
    SECRET,
    FaultServer,
    Stage,
    answer,
    client_of,
    closes,
    hangs,
    leaks,
    resets,
    says,
    whole_traceback,
)

REQUEST = JobRequest(backend_id="aws.sim.sv1", shots=1, input={"qasm": "x"}, tags=("mine",))
CREATED = answer(201, {"id": "j1", "status": "PENDING"})
REFUSED = Failure("refused", sent=False)


NOTHING = answer(
    200, {"content": [], "page": 0, "size": 100, "total_elements": 0, "total_pages": 0}
)


def play(outcomes, policy=RetryPolicy()):  # noqa: B008 - it is immutable
    """Posts are answered in turn; the Hub's list is empty."""
    stage = Stage()
    waiting = list(outcomes)
    submitter = Submitter(
        policy, Journal(None), clock=stage.clock, now=stage.clock, jitter=lambda: 0.5
    )

    def hub(operation):
        return waiting.pop(0) if operation.method == "POST" else NOTHING

    def run():
        try:
            return stage.run(submitter.job(REQUEST), hub)
        finally:
            assert waiting == []

    return stage, run


def posts(stage):
    return [operation for operation in stage.sent if operation.method == "POST"]


def tags_of(operation):
    return json.loads(operation.body)["tags"]


# --- as steps  ---


def test_it_is_posted_once_with_a_fresh_token_among_its_tags(caplog):
    tokens = set()
    for _ in range(3):
        stage, run = play([CREATED])
        with caplog.at_level(logging.INFO):
            assert run().id == "j1"
        (operation,) = stage.sent
        assert (operation.method, operation.path) == ("POST", "/jobs")
        mine, token = tags_of(operation)
        assert mine == "mine"
        assert token.startswith(TOKEN_PREFIX)
        assert users_tags([mine, token]) == ["mine"]
        tokens.add(token)
    assert len(tokens) == 3
    assert "j1" in caplog.text


DOUBTS = {
    "lost": Failure("lost", sent=True),
    "502": answer(502),
    "503": answer(503),
    "503 with Retry-After": answer(503, retry_after="1"),
    "504": answer(504),
    "no id": answer(201, {"status": "PENDING"}),
    "null id": answer(201, {"id": None}),
    "empty id": answer(201, {"id": ""}),
    "malformed": answer(201, b'{"id": "j'),
    "empty": answer(201),
    "204": answer(204),
    "html": answer(200, b"<html>"),
    "list": answer(200, [{"id": "j"}]),
}


@pytest.mark.parametrize("outcome", DOUBTS.values(), ids=DOUBTS)
def test_in_doubt_it_is_not_posted_again(outcome):
    stage, run = play([outcome])
    with pytest.raises(SubmissionUncertainError) as caught:
        run()
    error = caught.value
    assert len(posts(stage)) == 1
    assert TOKEN_PREFIX + error.token in tags_of(stage.sent[0])
    assert TOKEN_PREFIX + error.token in str(error)
    assert "aws.sim.sv1" in str(error)
    assert error.operation == "createJob"
    assert pickle.loads(pickle.dumps(error)).token == error.token


@pytest.mark.parametrize("status", [502, 503, 504, 201])
def test_a_doubt_says_what_is_known_of_the_answer(status):
    _, run = play([answer(status, {"detail": "Overloaded."}, x_request_id="r-9")])
    with pytest.raises(SubmissionUncertainError) as caught:
        run()
    assert (caught.value.status, caught.value.request_id) == (status, "r-9")


def test_an_odd_answer_with_an_id_is_no_doubt():
    _, run = play([answer(201, {"id": "j1", "status": 7, "shots": "many", "created_at": {}})])
    assert run().id == "j1"


def test_after_refusals_it_is_posted_again_with_the_same_token():
    stage, run = play([REFUSED, answer(429, retry_after="3"), answer(429), CREATED])
    assert run().id == "j1"
    assert len({operation.body for operation in stage.sent}) == 1
    assert stage.slept == pytest.approx([0.075, 3.0, 0.675])


def test_doubt_after_a_refusal_is_still_doubt():
    stage, run = play([REFUSED, answer(429), Failure("lost", sent=True)])
    with pytest.raises(SubmissionUncertainError):
        run()
    assert len(posts(stage)) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (422, ValidationError),
        (403, PermissionDeniedError),
        (500, ServerError),
    ],
)
def test_what_is_certain_is_said_at_once(status, kind):
    stage, run = play([answer(status, {"detail": "No."})])
    with pytest.raises(kind, match=r"a job for backend 'aws\.sim\.sv1'.*No\."):
        run()
    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("outcome", "kind"), [(REFUSED, TransportError), (answer(429), RateLimitError)], ids=str
)
def test_refusals_without_end_are_no_doubt_either(outcome, kind):
    _, run = play([outcome] * 3, RetryPolicy(attempts=3))
    with pytest.raises(kind) as caught:
        run()
    assert not isinstance(caught.value, SubmissionUncertainError)


# --- over HTTP  ---

LOST_ON_THE_WAY = {
    "closed": closes,
    "reset": resets,
    "timed out": hangs,
    "malformed": says(b"HTTP/1.1 banana\r\n\r\n"),
    "not HTTP": says(b"\x16\x03\x01\x00\x00"),
    "cut in the head": says(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "cut in the body": says(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"id": "j1"'),
    "cut in a chunk": says(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
    "badly packed": says(
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz"
    ),
    "503": says(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
    "no id": says(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"),
}


@pytest.mark.parametrize("behaviour", LOST_ON_THE_WAY.values(), ids=LOST_ON_THE_WAY)
def test_an_answer_lost_on_the_way_is_in_doubt(behaviour):
    with FaultServer(behaviour) as server:
        client = HubClient(
            Settings(
                server.base_url, SecretStr(SECRET), retry=FAST, read_timeout=0.15, settle_time=0.0
            )
        )
        with client, pytest.raises(SubmissionUncertainError) as caught:
            client.jobs.create(REQUEST)
    assert sum(request.startswith(b"POST") for request in server.requests) == 1
    assert caught.value.token.encode() in server.requests[0]
    assert SECRET not in whole_traceback(caught.value)


def test_a_refused_connection_is_tried_again_and_then_an_error():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    client = HubClient(Settings(f"http://127.0.0.1:{port}/quantum", SecretStr(SECRET), retry=FAST))
    with client, pytest.raises(TransportError, match="refused") as caught:
        client.jobs.create(REQUEST)
    assert not isinstance(caught.value, SubmissionUncertainError)
    assert leaks(caught.value) == []


@pytest.mark.parametrize("problem", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_certainly_did_not_arrive_is_posted_again(problem):
    calls = []

    def handler(request):
        calls.append(request.read())
        if len(calls) == 1:
            raise problem("no")
        return httpx.Response(201, json={"id": "j1"})

    assert client_of(handler).jobs.create(REQUEST).id == "j1"
    assert len(calls) == 2
    assert calls[0] == calls[1]


@pytest.mark.parametrize(
    "problem",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
        httpx.DecodingError,
        httpx.ProxyError,
    ],
)
def test_what_may_have_arrived_is_not(problem):
    calls = []

    def handler(request):
        if request.method == "POST":
            calls.append(1)
            raise problem("lost")
        return httpx.Response(200, json={"content": [], "total_pages": 0})

    with pytest.raises(SubmissionUncertainError, match="lost"):
        client_of(handler, settle_time=0.0).jobs.create(REQUEST)
    assert len(calls) == 1


def test_a_hub_that_asks_to_wait_gets_a_second_post():
    replies = [
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(201, json={"id": "j1"}),
    ]
    assert client_of(lambda request: replies.pop(0), retry=FAST).jobs.create(REQUEST).id == "j1"
    assert replies == []


def test_without_a_token_nothing_is_posted():
    client = client_of(lambda request: pytest.fail("it was sent"), token=None)
    with pytest.raises(Exception, match=r"HubProvider\.local\(\)"):
        client.jobs.create(REQUEST)
