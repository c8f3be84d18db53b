"""The pytest plugin: a local Hub with real simulators for the tests of what you build on it.

It is there as soon as `qhub-plugins` is installed, and does nothing until a test asks for one of its fixtures:

- `local_hub` (once a session; once a worker with pytest-xdist): a Hub is started; the fixture is its
  `shared_transport.Settings`;
- `hub_client`: a `shared_transport.HubClient` of it, closed after the test. `HubProvider(client=hub_client)` of either
  plugin takes it;
- `hub_faults`: makes the Hub fail on purpose (`qhub_cli.hub_faults.HubFaults`). Everything is taken back after the
  test, also after one that failed.

Options, each also as an ini entry (`hub_seed`, `hub_workers`, `hub_noise`):

- `--hub-seed N`: job ids and results follow from it; `random` for fresh ones. By default 0, so that a run repeats;
- `--hub-workers N`: jobs at a time; by default 1;
- `--hub-noise`: quantum computers with their noise. By default without, so that tests can state exact outcomes.

pytest loads this module at every start, so nothing but pytest is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shared_transport.client import HubClient
    from shared_transport.settings import Settings

    from .hub_faults import HubFaults

_RANDOM = "random"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the ini entries of the same names."""
    group = parser.getgroup("hub", "local quantum Hub")
    seed = f"job ids and results of the fixture local_hub follow from N; or {_RANDOM} (default: 0)"
    workers = "jobs that the fixture local_hub runs at a time (default: 1)"
    noise = "simulate quantum computers with their noise (default: without)"
    group.addoption("--hub-seed", metavar="N", help=seed)
    group.addoption("--hub-workers", metavar="N", help=workers)
    group.addoption("--hub-noise", action="store_true", default=None, help=noise)
    parser.addini("hub_seed", seed, default="0")
    parser.addini("hub_workers", workers, default="1")
    parser.addini("hub_noise", noise, type="bool", default=False)


@pytest.fixture(scope="session")
def local_hub(pytestconfig: pytest.Config) -> Settings:
    """A Hub on this machine with real simulators: where it is, and its token. It ends with the process."""
    from shared_transport.embedded import embedded_hub

    seed = _wish(pytestconfig, "hub_seed")
    return embedded_hub(
        seed=None if seed == _RANDOM else _whole("hub_seed", seed, 0),
        workers=_whole("hub_workers", _wish(pytestconfig, "hub_workers"), 1),
        noise=bool(_wish(pytestconfig, "hub_noise")),
    )


@pytest.fixture
def hub_client(local_hub: Settings) -> Iterator[HubClient]:
    """A client of the fixture local_hub."""
    from shared_transport.client import HubClient

    with HubClient(local_hub) as client:
        yield client


@pytest.fixture
def hub_faults(local_hub: Settings) -> Iterator[HubFaults]:
    """Makes the fixture local_hub fail on purpose; everything is taken back after the test."""
    from .hub_faults import HubFaults

    faults = HubFaults(local_hub)
    faults.clear()
    try:
        yield faults
    finally:
        faults.clear()
        faults.close()


def _wish(config: pytest.Config, name: str) -> object:
    """The command line's word, else the ini file's."""
    given = config.getoption(name)
    return config.getini(name) if given is None else given


def _whole(name: str, text: object, least: int) -> int:
    word = str(text)
    if not (word.isascii() and word.isdigit() and int(word) >= least):
        raise pytest.UsageError(f"{name} is {word!r}: write a whole number of at least {least}.")
    return int(word)
