"""Every status and every broken answer has its error class, with both clients."""

import asyncio
import inspect

import httpx
import pytest
from pydantic import SecretStr

from shared_transport import AsyncHubClient, HubClient, JobRequest
from shared_transport.errors import (
    AuthenticationError,
    HubError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SubmissionUncertainError,
    TransportError,
    ValidationError,
)
from shared_transport.retry import RetryPolicy
from shared_transport.settings import Settings
from tests.fault_hub import (
    AFTER_ACCEPT,
    DOUBTS,
    FaultHub,
    RawFaultServer,
    World,
    answers,
    closes,
    hangs,
    in_turn,
    quick,
    resets,
    says_raw,
    serve,
)

POLICY = RetryPolicy(attempts=3, first_delay=0.0001, deadline=5.0)
REQUEST = JobRequest(backend_id="aws.sim.sv1", shots=1, input={"qasm": "x"})
CLIENTS = pytest.mark.parametrize("kind", [HubClient, AsyncHubClient])

REFUSED = {400, 409, 410, 413, 415, 422}
KNOWN = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    429: RateLimitError,
    **dict.fromkeys(REFUSED, ValidationError),
}
# What may pass by itself: the client asks again.
PASSING = {408, 429} | set(range(500, 600)) - {501, 505}
# Whether the Hub took the job cannot be known.
UNCERTAIN = {408, 502, 503, 504}


def call(kind, act, base_url="https://hub.test/quantum", *, transport=None, **settings):
    """Do the same with either client: `act` gets it and gives a value or what is awaited for it."""
    settings = {"retry": POLICY, "settle_time": 0.0, "read_timeout": 5.0, **settings}
    chosen = Settings(base_url, SecretStr("a-token-of-mine"), **settings)
    if kind is HubClient:
        with HubClient(chosen, transport=transport) as client:
            return act(client)

    async def run():
        async with AsyncHubClient(chosen, transport=transport) as client:
            value = act(client)
            return await value if inspect.isawaitable(value) else value

    return asyncio.run(run())


def error(kind, act, base_url="https://hub.test/quantum", **settings):
    with pytest.raises(HubError) as caught:
        call(kind, act, base_url, **settings)
    return caught.value


def create(client):
    return client.jobs.create(REQUEST)


def get(client):
    return client.jobs.get("j")


@CLIENTS
@pytest.mark.parametrize("status", range(400, 600))
def test_get(kind, status):
    asked = []

    def hub(request):
        asked.append(request)
        return httpx.Response(status, json={"detail": "the Hub's words"})

    problem = error(kind, get, transport=httpx.MockTransport(hub))
    assert type(problem) is KNOWN.get(status, ServerError)
    assert problem.status == status
    assert problem.operation == "getJob"
    assert "the Hub's words" in str(problem)
    assert len(asked) == (3 if status in PASSING else 1)


@CLIENTS
@pytest.mark.parametrize("status", range(400, 600))
def test_post(kind, status):
    posts = []

    def hub(request):
        if request.method == "GET":
            return httpx.Response(200, json={"content": [], "total_elements": 0, "total_pages": 0})
        posts.append(request)
        return httpx.Response(status, json={"detail": "the Hub's words"})

    problem = error(kind, create, transport=httpx.MockTransport(hub))
    if status in UNCERTAIN:
        assert type(problem) is SubmissionUncertainError
        assert problem.token in posts[0].content.decode()
        assert problem.token in str(problem)
    else:
        assert type(problem) is KNOWN.get(status, ServerError)
        assert problem.status == status
        assert "the Hub's words" in str(problem)
    # Nothing is sent twice but what the Hub certainly did not take.
    assert len(posts) == (3 if status == 429 else 1)


BROKEN = {
    "malformed JSON": (answers(200, b'{"id": "j'), ServerError),
    "not UTF-8": (answers(200, b'{"id": "\xff\xfe"}'), ServerError),
    "another content type": (answers(200, b"<html>", content_type="text/html"), ServerError),
    "no content type": (answers(200, b"nothing", content_type=None), ServerError),
    "another document": (answers(200, b"[1, 2]"), ServerError),
    "empty": (answers(200), ServerError),
    "nested too deep": (answers(200, b"[" * 200_000), ServerError),
    "cut off": (answers(200, b'{"id"', length=99), TransportError),
    "cut off in its head": (says_raw(b"HTTP/1.1 200 OK\r\nContent-"), TransportError),
    "no HTTP": (says_raw(b"banana\r\n\r\n"), TransportError),
    "packed wrongly": (answers(200, b"banana", Content_Encoding="gzip"), TransportError),
    "too slow": (answers(200, b'{"id": "j"}', piece=1, pause=0.6), TransportError),
    "silent": (hangs, TransportError),
    "closed": (closes, TransportError),
    "reset": (resets, TransportError),
    "redirect": (answers(302, Location="http://127.0.0.1:1/"), ServerError),
}


@CLIENTS
@pytest.mark.parametrize(("behaviour", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_to_a_get(kind, behaviour, expected):
    with RawFaultServer(behaviour) as server:
        problem = error(kind, get, server.base_url, read_timeout=0.2)
        assert type(problem) is expected
        assert problem.operation == "getJob"
        # An answer that cannot be read would come again; one that did not come may come.
        assert len(server.requests) == (3 if expected is TransportError else 1)


@CLIENTS
@pytest.mark.parametrize("behaviour", [value for value, _ in BROKEN.values()], ids=list(BROKEN))
def test_a_broken_answer_to_a_post_is_looked_up(kind, behaviour):
    listed = answers(200, {"content": [], "total_elements": 0, "total_pages": 0})
    with RawFaultServer({"POST /jobs": behaviour, "GET /jobs": listed}) as server:
        problem = error(kind, create, server.base_url, read_timeout=0.2)
        posts = [request for request in server.requests if request.method == "POST"]
        assert len(posts) == 1
        if behaviour is BROKEN["redirect"][0]:
            assert type(problem) is ServerError
        else:
            assert type(problem) is SubmissionUncertainError


@CLIENTS
def test_a_slow_answer_in_time_is_an_answer(kind):
    body = b'{"id": "j", "status": "RUNNING"}'
    with RawFaultServer(answers(200, body, piece=4, pause=0.03)) as server:
        assert call(kind, get, server.base_url, read_timeout=2.0).status == "RUNNING"


@CLIENTS
@pytest.mark.parametrize("name", [name for name in BROKEN if BROKEN[name][1] is TransportError])
def test_a_get_outlasts_a_broken_connection(kind, name):
    behaviour = in_turn(BROKEN[name][0], answers(200, {"id": "j", "status": "RUNNING"}))
    with RawFaultServer(behaviour) as server:
        assert call(kind, get, server.base_url, read_timeout=0.2).status == "RUNNING"


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", DOUBTS)
def test_a_served_doubt_with_the_awaited_client(name, known):
    """What arrived is found. What did not is sent again on a Hub known to echo tags, else said to be uncertain."""
    hub = FaultHub(World(listed_after=(0.05, 0.15)), real_time=True)
    hub.script("createJob", *([None] if known else []), quick(DOUBTS[name]))

    async def twice(client):
        first = await create(client) if known else None
        return first, await create(client)

    with serve(hub) as server:
        patience = {"settle_time": 0.3, "read_timeout": 0.3}
        if known or name in AFTER_ACCEPT:
            first, job = call(AsyncHubClient, twice, server.base_url, **patience)
            assert [entry.id for entry in hub.jobs] == ([first.id] if first else []) + [job.id]
        else:
            problem = error(AsyncHubClient, twice, server.base_url, **patience)
            assert type(problem) is SubmissionUncertainError
            assert hub.jobs == []
    assert hub.duplicates() == {}
