"""The embedded Hub, once for all tests of this folder, and its backends that several modules use."""

from __future__ import annotations

import pytest

from qhub_qiskit import HubBackend, HubProvider
from shared_transport import progress

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


@pytest.fixture
def altair(provider: HubProvider) -> HubBackend:
    return provider.get_backend("quandela.sim.altair")


@pytest.fixture
def xg1(provider: HubProvider) -> HubBackend:
    return provider.get_backend("qudora.sim.xg1")


@pytest.fixture(scope="session")
def ideal() -> HubProvider:
    """A Hub whose quantum computers have no noise."""
    return HubProvider.local(seed=7, noise=False)


@pytest.fixture(scope="session")
def fez(ideal: HubProvider) -> HubBackend:
    return ideal.get_backend("ibm.qpu.fez")


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody asked for bars, and soon."""
    monkeypatch.setenv("QHUB_PROGRESS", "1")
    monkeypatch.setattr(progress, "PATIENCE", 0.2)
    monkeypatch.setattr(progress, "PAUSE", 0.05)
