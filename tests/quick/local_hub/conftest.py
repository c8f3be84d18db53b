"""The local Hubs that the tests share; those of their end start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.quick.local_hub.hub_process import HubProcess


@pytest.fixture(scope="session")
def hub() -> Iterator[HubProcess]:
    """An embedded Hub with a seed and one worker."""
    process = HubProcess("--seed", "7", "--workers", "1")
    yield process
    assert process.close() == 0


@pytest.fixture(scope="session")
def ideal_hub() -> Iterator[HubProcess]:
    """The same without noise."""
    process = HubProcess("--seed", "7", "--workers", "1", "--ideal")
    yield process
    assert process.close() == 0
