"""IBM's Runtime on local Hubs, with the way to IBM closed, and what goes over the wire."""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.runtime.traffic import Traffic, recorded
from tests.quick.qiskit.runtime.trouble import Trouble

# What IBM calls deprecated, and what programs do today: the Hub runs the programs of these classes.
_IBMS_NEWS = (
    r"ignore:The (SamplerV2|EstimatorV2|NoiseLearner) class is deprecated:DeprecationWarning",
    r"ignore:Specifying (different )?'(shots|precision|measure_noise_learning):DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(*_IBMS_NEWS))


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Close the network but for this machine, and IBM's HTTP client altogether.

    What tries to leave is refused and noted: code that swallows the error is found out at the end. A test that tries
    it on purpose clears the list.
    """
    tried: list[str] = []

    def refuse(what: str) -> None:
        tried.append(what)
        raise OSError(f"the network is closed: {what}")

    def closed(name: str) -> Callable[..., Any]:
        plain = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, *rest: Any) -> Any:
            if self.family != socket.AF_UNIX and not _is_here(address[0]):
                refuse(f"{name} {address}")
            return plain(self, address, *rest)

        return guarded

    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *rest: Any, **more: Any) -> Any:
        if not _is_here(host):
            refuse(f"getaddrinfo {host}")
        return look_up(host, *rest, **more)

    def guarded_request(
        self: requests.Session, method: str, url: str, *rest: Any, **more: Any
    ) -> None:
        refuse(f"{method} {url}")

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setattr(socket.socket, "connect", closed("connect"))
    monkeypatch.setattr(socket.socket, "connect_ex", closed("connect_ex"))
    monkeypatch.setattr(requests.Session, "request", guarded_request)
    yield tried
    assert not tried, f"something left this machine: {tried}"


def _is_here(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def ideal() -> HubRuntimeService:
    """A service without noise."""
    return HubRuntimeService.local(seed=7, noise=False)


@pytest.fixture(scope="session")
def fez(ideal: HubRuntimeService) -> HubIBMBackend:
    return ideal.backend("ibm_fez")


@pytest.fixture(scope="session")
def noisy() -> HubRuntimeService:
    """A service with the devices' noise."""
    return HubRuntimeService.local(seed=7, noise=True)


@pytest.fixture(scope="session")
def slow() -> HubRuntimeService:
    """A service whose jobs last a second at least, and all of whose backends have sessions."""
    return HubRuntimeService.local(seed=7, noise=False, sessions=True, job_seconds=1.0)


@pytest.fixture
def slow_fez(slow: HubRuntimeService) -> HubIBMBackend:
    return slow.backend("ibm_fez")


@pytest.fixture(scope="session")
def _troubled() -> HubRuntimeService:
    return HubRuntimeService.local(seed=11, noise=False, workers=1)


@pytest.fixture
def trouble(_troubled: HubRuntimeService) -> Iterator[Trouble]:
    """A Hub of its own, that a test may bring into difficulties; they end with the test."""
    trouble = Trouble(_troubled)
    yield trouble
    trouble.end()


@pytest.fixture(scope="session")
def _recorded(ideal: HubRuntimeService) -> Iterator[tuple[HubIBMBackend, Traffic]]:
    with recorded(ideal) as (service, traffic):
        yield service.backend("ibm_fez"), traffic


@pytest.fixture
def watched_fez(
    _recorded: tuple[HubIBMBackend, Traffic],
) -> Iterator[tuple[HubIBMBackend, Traffic]]:
    """A backend on the same Hub as `ideal`, and every request of its client, held against the contract."""
    backend, traffic = _recorded
    assert backend.target is not None
    traffic.forget()
    yield backend, traffic
    traffic.assert_clean()


@pytest.fixture
def watched(
    watched_fez: tuple[HubIBMBackend, Traffic],
) -> tuple[HubRuntimeService, Traffic]:
    """The same, of a service that has read nothing yet."""
    backend, traffic = watched_fez
    return HubRuntimeService(client=backend.client), traffic


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is nine hours ahead of UTC."""
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    if before is None:
        monkeypatch.delenv("TZ")
    else:
        monkeypatch.setenv("TZ", before)
    time.tzset()
