import logging
from collections.abc import Iterator
from typing import Any

import pytest

from qhub_braket import HubDevice, HubProvider


@pytest.fixture(scope="session")
def provider() -> Iterator[HubProvider]:
    provider = HubProvider.local(seed=7)
    yield provider
    provider.client.close()


@pytest.fixture(scope="session")
def ideal() -> Iterator[HubProvider]:
    """A Hub whose quantum computers have no noise."""
    provider = HubProvider.local(seed=7, noise=False)
    yield provider
    provider.client.close()


@pytest.fixture(scope="session")
def device(provider: HubProvider) -> HubDevice:
    return provider.get_device("aws.sim.sv1")


@pytest.fixture(scope="session")
def kipu(ideal: HubProvider) -> HubDevice:
    return ideal.get_device("kipu.sim.qsim")


@pytest.fixture
def untouched(provider: HubProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reaches the Hub as a job."""

    def create(request: Any) -> None:
        raise AssertionError(f"a job was sent: {request}")

    monkeypatch.setattr(provider.client.jobs, "create", create)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged at warning level: for tests of what goes well."""
    caplog.set_level(logging.WARNING)
    yield
    loud = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not loud, loud
