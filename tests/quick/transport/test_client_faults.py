"""`HubClient` over HTTP when something fails: clear errors, and none that shows the token."""

import logging

import httpx
import pytest
from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.errors import (
    ConfigurationError,
    HubError,
    PermissionDeniedError,
    ServerError,
    TransportError,
)
from shared_transport.retry import RetryPolicy
from shared_transport.settings import Settings
from tests.quick.transport.tools import (
    FAST,
    REQUEST,
    SECRET,
    FaultServer,
    Hub,
    client_of,
    closes,
    leaks,
    says,
    whole_traceback,
)


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
