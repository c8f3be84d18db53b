"""The login by OAuth 2 against the local Hub, as the environment sets it; a token wins over it."""

import asyncio
import pickle

import pytest

from shared_transport import AsyncHubClient, HubClient, Settings
from shared_transport.auth import ApiKey, auth_of
from shared_transport.errors import AuthenticationError
from shared_transport.oauth import OAuthPassword
from tests.quick.local_hub.hub_process import BELL2, HubProcess
from tests.quick.transport.login import HUB, PASSWORD
from tests.quick.transport.test_every_operation import bell


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
