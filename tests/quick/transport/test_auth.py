"""The login by OAuth 2: against the local Hub, and against endpoints that fail, under an injected clock."""

import asyncio
import logging
import pickle
import threading
import traceback
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from shared_transport import AsyncHubClient, HubClient, Settings
from shared_transport.auth import ApiKey, auth_of
from shared_transport.errors import AuthenticationError, TransportError
from shared_transport.oauth import OAuthPassword
from tests.quick.local_hub.hub_process import BELL2, HubProcess
from tests.quick.transport.test_every_operation import bell
from tests.quick.transport.tools import FAST, leaks

PASSWORD = "pass:w0rd Nobody-May-See"
HUB, LOGIN = "https://hub.test/quantum", "https://login.test/realms/token"


class World:
    """A Hub and its token endpoint as one transport, under a clock of its own.

    It accepts the tokens that it gave for as long as it said. `script` has what the endpoint answers first.
    """

    def __init__(self, life=300, *script):
        self.now = 1000.0
        self.life = life
        self.script = list(script)
        self.grants = []
        self.valid = {}
        self.hub_requests = []
        self.lock = threading.Lock()

    def clock(self):
        return self.now

    def __call__(self, request):
        with self.lock:
            return self.token(request) if request.url.host == "login.test" else self.hub(request)

    def token(self, request):
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        self.grants.append(form["grant_type"])
        assert request.method == "POST"
        assert "authorization" not in request.headers
        assert form["client_id"] == "my-app"
        if self.script:
            given = self.script.pop(0)
            if isinstance(given, Exception):
                raise given
            return given
        right = form.get("username") == "ann" and form.get("password") == PASSWORD
        if form["grant_type"] == "password" and not right:
            words = f"not {form.get('password')}"
            refusal = {"error": "invalid_grant", "error_description": words}
            return httpx.Response(401, json=refusal)
        number = len(self.grants)
        self.valid[f"Bearer access-{number}"] = self.now + self.life
        return httpx.Response(
            200,
            json={
                "access_token": f"access-{number}",
                "token_type": "bearer",
                "expires_in": self.life,
                "refresh_token": f"refresh-{number}",
            },
        )

    def hub(self, request):
        sent = request.headers.get("authorization")
        self.hub_requests.append(sent)
        assert "x-auth-token" not in request.headers
        if self.valid.get(sent, 0) <= self.now:
            return httpx.Response(401, json={"detail": "No."})
        return httpx.Response(200, json=[{"id": "a"}])

    async def awaited(self, request):
        await asyncio.sleep(0)
        return self(request)


def settings_of(password=PASSWORD, **others):
    return Settings(
        HUB,
        username="ann",
        password=SecretStr(password),
        client_id="my-app",
        token_url=LOGIN,
        retry=FAST,
        journal=None,
        **others,
    )


def client_of(world, password=PASSWORD):
    """A client of a world, its login under the world's clock."""
    settings = settings_of(password)
    client = HubClient(settings, transport=httpx.MockTransport(world))
    client._auth = OAuthPassword(httpx.URL(HUB), settings.login, clock=world.clock)
    return client


def refusal(status=400, error="invalid_grant"):
    return httpx.Response(status, json={"error": error})


# --- against the local Hub


@pytest.fixture(scope="module")
def hub():
    process = HubProcess(
        *("--seed", "7", "--workers", "1", "--user", f"ann:{PASSWORD}"),
        *("--token-seconds", "1", "--job-seconds", "2.5"),
    )
    yield process
    assert process.close() == 0


@pytest.fixture
def login(hub, monkeypatch):
    monkeypatch.setenv("QHUB_USERNAME", "ann")
    monkeypatch.setenv("QHUB_PASSWORD", PASSWORD)
    monkeypatch.setenv("QHUB_CLIENT_ID", "my-app")
    monkeypatch.setenv("QHUB_TOKEN_URL", hub.info["token_url"])
    return Settings.resolve(base_url=hub.info["base_url"], journal=False)


def test_a_job_that_outlives_its_token(hub, login):
    with HubClient(login) as client:
        job = client.jobs.create(bell())
        assert client.jobs.wait(job.id, timeout=60) == "COMPLETED"
        assert client.jobs.input(job.id) == {"qasm": BELL2}
    assert hub.http.get(f"/jobs/{job.id}").status_code == 404, "it is Ann's, not the owner's"


def test_a_job_that_outlives_its_token_awaited(login):
    async def main():
        async with AsyncHubClient(login) as client:
            job = await client.jobs.create(bell())
            assert await client.jobs.wait(job.id, timeout=60) == "COMPLETED"

    asyncio.run(main())


def test_a_pickled_client_logs_in_again(login):
    with HubClient(login) as client:
        job = client.jobs.create(bell())
        again = pickle.loads(pickle.dumps(client))
        assert PASSWORD.encode() not in pickle.dumps(client)
        with again:
            assert again.jobs.get(job.id).id == job.id


def test_a_wrong_password_says_what_to_check(hub, login, monkeypatch):
    monkeypatch.setenv("QHUB_PASSWORD", "wrong")
    with (
        HubClient(Settings.resolve(base_url=hub.info["base_url"], journal=False)) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.jobs.page()
    assert "QHUB_PASSWORD" in str(caught.value)
    assert "invalid_grant" in str(caught.value)
    assert caught.value.operation == "searchJobs"


# --- when it logs in


def test_one_login_serves_many_requests():
    world = World()
    with client_of(world) as client:
        for _ in range(5):
            assert client.backends.list()[0].id == "a"
    assert world.grants == ["password"]
    assert world.hub_requests == ["Bearer access-1"] * 5


@pytest.mark.parametrize(("life", "renewed_after"), [(300, 270), (40, 32), (10, 8)])
def test_a_token_is_renewed_before_its_end(life, renewed_after):
    world = World(life)
    with client_of(world) as client:
        client.backends.list()
        world.now += renewed_after - 0.5
        client.backends.list()
        assert world.grants == ["password"]
        world.now += 1
        client.backends.list()
    assert world.grants == ["password", "refresh_token"]
    assert world.hub_requests[-1] == "Bearer access-2"


def test_a_401_renews_once():
    world = World()
    with client_of(world) as client:
        client.backends.list()
        world.valid.clear()
        client.backends.list()
        assert world.grants == ["password", "refresh_token"]
    assert world.hub_requests == ["Bearer access-1", "Bearer access-1", "Bearer access-2"]


def test_a_second_401_stands():
    world = World(life=0.0)
    with client_of(world) as client, pytest.raises(AuthenticationError) as caught:
        client.backends.list()
    assert caught.value.status == 401
    assert len(world.hub_requests) == 2


def test_a_refused_refresh_token_means_the_password_again():
    world = World(100)
    with client_of(world) as client:
        client.backends.list()
        world.now += 99
        world.script = [refusal()]
        client.backends.list()
    assert world.grants == ["password", "refresh_token", "password"]


def test_a_failing_endpoint_leaves_a_good_token_in_use():
    world = World(300)
    with client_of(world) as client:
        client.backends.list()
        world.now += 275
        world.script = [httpx.Response(503)]
        client.backends.list()
        assert world.hub_requests[-1] == "Bearer access-1"
        client.backends.list()
        assert world.grants == ["password", "refresh_token"], "it is not asked at every request"
        world.now += 6
        client.backends.list()
    assert world.hub_requests[-1] == "Bearer access-3"


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(302, headers={"Location": "https://elsewhere.test"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"access_token": 5}),
        httpx.Response(200, json={"access_token": "line\nbreak"}),
        httpx.Response(200, json={"access_token": "a", "token_type": "mac"}),
        httpx.Response(200, json={"access_token": "a", "expires_in": "soon"}),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.ConnectError("nobody there"),
        httpx.ReadTimeout("too slow"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_endpoint_in_trouble_is_asked_again(trouble):
    world = World(300, trouble)
    with client_of(world) as client:
        assert client.backends.list()[0].id == "a"
    assert world.grants == ["password", "password"]


@pytest.mark.parametrize(
    "trouble",
    [httpx.Response(503), httpx.ConnectError("nobody there"), httpx.ReadTimeout("too slow")],
    ids=["503", "refused", "slow"],
)
def test_a_job_whose_login_failed_was_certainly_not_sent(trouble):
    world = World(300, *[trouble] * 20)
    with client_of(world) as client, pytest.raises(TransportError) as caught:
        client.jobs.create(bell())
    assert type(caught.value) is TransportError
    assert "login" in str(caught.value)
    assert LOGIN in str(caught.value)
    assert world.hub_requests == []


def test_a_wrong_password_is_tried_once_for_all_who_wait():
    world = World()
    client = client_of(world, "wrong")
    errors = []
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        try:
            client.backends.list()
        except AuthenticationError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 8
    assert len({id(error) for error in errors}) == 8, "each thread has an error of its own"
    assert len(world.grants) <= 8
    assert world.hub_requests == []


def test_twenty_threads_share_one_renewal():
    world = World(100)
    client = client_of(world)
    client.backends.list()
    world.now += 99
    barrier = threading.Barrier(20)
    seen = []

    def ask():
        barrier.wait()
        seen.append(client.backends.list()[0].id)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["a"] * 20
    assert world.grants == ["password", "refresh_token"]


def test_twenty_tasks_share_one_renewal():
    world = World(100)

    async def main():
        client = AsyncHubClient(settings_of(), transport=httpx.MockTransport(world.awaited))
        client._auth = OAuthPassword(httpx.URL(HUB), client.settings.login, clock=world.clock)
        await asyncio.gather(*[client.backends.list() for _ in range(20)])
        assert world.grants == ["password"]
        world.now += 99
        await asyncio.gather(*[client.backends.list() for _ in range(20)])
        await client.aclose()

    asyncio.run(main())
    assert world.grants == ["password", "refresh_token"]


def test_the_login_goes_on_after_a_task_was_cancelled_in_it():
    world = World(100)

    async def main():
        started = asyncio.Event()

        async def slow(request):
            if request.url.host == "login.test" and not started.is_set():
                started.set()
                await asyncio.sleep(3600)
            return world(request)

        client = AsyncHubClient(settings_of(), transport=httpx.MockTransport(slow))
        first = asyncio.create_task(client.backends.list())
        await started.wait()
        second = asyncio.create_task(client.backends.list())
        await asyncio.sleep(0)
        first.cancel()
        assert (await second)[0].id == "a"
        with pytest.raises(asyncio.CancelledError):
            await first
        await client.aclose()

    asyncio.run(main())


# --- where secrets are not


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


# --- a token or a login


def test_a_token_wins_over_a_login_of_the_environment(monkeypatch):
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", "a-token")
    monkeypatch.setenv("QHUB_USERNAME", "ann")
    monkeypatch.setenv("QHUB_PASSWORD", PASSWORD)
    monkeypatch.setenv("QHUB_CLIENT_ID", "my-app")
    settings = Settings.resolve(base_url=HUB)
    assert settings.token.get_secret_value() == "a-token"
    assert type(auth_of(settings)) is ApiKey
    monkeypatch.delenv("KQH_PERSONAL_ACCESS_TOKEN")
    assert type(auth_of(Settings.resolve(base_url=HUB))) is OAuthPassword
