"""Where the password and the tokens of a login are not: other addresses, errors, logs, pickles."""

import logging
import pickle
import traceback

import httpx
import pytest

from shared_transport import HubClient
from shared_transport.auth import auth_of
from shared_transport.errors import AuthenticationError, TransportError
from tests.quick.transport.login import PASSWORD, World, client_of, settings_of
from tests.quick.transport.tools import leaks


def test_other_addresses_get_no_token():
    world = World()
    auth = auth_of(settings_of())
    seen = []

    def answer(request):
        seen.append(dict(request.headers))
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        for url in ("https://elsewhere.test/quantum", "http://hub.test/quantum"):
            http.get(url, auth=auth)
    assert world.grants == []
    assert not any("authorization" in headers for headers in seen)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_with_the_token(status):
    asked = []

    def answer(request):
        asked.append(request.url.host)
        if request.url.host == "login.test":
            return httpx.Response(200, json={"access_token": "access-1", "expires_in": 300})
        return httpx.Response(status, headers={"Location": "https://elsewhere.test/quantum"})

    client = HubClient(settings_of(), transport=httpx.MockTransport(answer))
    with client, pytest.raises(Exception, match=str(status)):
        client.backends.list()
    assert asked == ["login.test", "hub.test"]


def locals_of(error):
    """All local variables of the frames that hang on an error, those of this file apart."""
    frames, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        if one is not None:
            waiting += [one.__cause__, one.__context__]
            frames += [frame for frame, _ in traceback.walk_tb(one.__traceback__)]
    values = [
        value
        for frame in frames
        if frame.f_code.co_filename != __file__
        for value in frame.f_locals.values()
    ]
    requests = [value for value in values if isinstance(value, httpx.Request)]
    return repr(values) + repr([(request.headers.raw, request.content) for request in requests])


@pytest.mark.parametrize("password", [PASSWORD, "wrong Nobody-May-See"])
def test_secrets_are_shown_nowhere(password, caplog):
    caplog.set_level(logging.DEBUG)
    settings = settings_of(password)
    world = World(300, *([httpx.Response(503)] * 20 if password == PASSWORD else []))
    client = HubClient(settings, transport=httpx.MockTransport(world))
    with client, pytest.raises((AuthenticationError, TransportError)) as caught:
        client.backends.list()
    error = caught.value
    for text in (
        str(error) + repr(error) + locals_of(error),
        repr(settings) + repr(client) + repr(client._auth) + str(vars(settings)),
        caplog.text,
    ):
        assert password not in text
        assert "Nobody-May-See" not in text
    assert leaks(error, password) == []
    assert b"Nobody-May-See" not in pickle.dumps(settings) + pickle.dumps(error)
    with pytest.raises(TypeError, match="pickle Settings"):
        pickle.dumps(client._auth)


def test_tokens_are_in_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    with client_of(World()) as client:
        client.backends.list()
    assert "operation=getBackends" in caplog.text
    assert "access-1" not in caplog.text
    assert "refresh-1" not in caplog.text
