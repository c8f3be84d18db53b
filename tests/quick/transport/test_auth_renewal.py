"""When a client logs in and renews its token, for all its threads and tasks at once; endpoints that fail."""

import asyncio
import threading

import httpx
import pytest

from shared_transport import AsyncHubClient
from shared_transport.errors import AuthenticationError, TransportError
from shared_transport.oauth import OAuthPassword
from tests.quick.transport.login import HUB, LOGIN, World, client_of, settings_of
from tests.quick.transport.test_every_operation import bell


def refusal(status=400, error="invalid_grant"):
    return httpx.Response(status, json={"error": error})


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
