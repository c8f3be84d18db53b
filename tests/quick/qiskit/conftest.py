"""The embedded Hub, once for all tests of this folder."""

from __future__ import annotations

import pytest

from qhub_qiskit import HubBackend, HubProvider

BACKENDS = ("aws.sim.sv1", "kipu.sim.qsim")


@pytest.fixture(scope="session")
def provider() -> HubProvider:
    return HubProvider.local(seed=7)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, provider: HubProvider) -> HubBackend:
    return provider.get_backend(request.param)


@pytest.fixture
def qsim(provider: HubProvider) -> HubBackend:
    return provider.get_backend("kipu.sim.qsim")


@pytest.fixture
def sv1(provider: HubProvider) -> HubBackend:
    return provider.get_backend("aws.sim.sv1")
