from collections.abc import Iterator

import pytest

from qhub_braket import HubDevice, HubProvider


@pytest.fixture(scope="session")
def provider() -> Iterator[HubProvider]:
    provider = HubProvider.local(seed=7)
    yield provider
    provider.client.close()


@pytest.fixture(scope="session")
def device(provider: HubProvider) -> HubDevice:
    return provider.get_device("aws.sim.sv1")
