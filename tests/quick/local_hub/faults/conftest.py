"""A local Hub whose faults end with each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.quick.local_hub.hub_process import HubProcess


@pytest.fixture(scope="session")
def shared() -> Iterator[HubProcess]:
    process = HubProcess("--seed", "7", "--workers", "1")
    yield process
    assert process.close() == 0


@pytest.fixture
def hub(shared: HubProcess) -> Iterator[HubProcess]:
    """A Hub without faults, and without those that a test adds after it."""
    yield shared
    assert shared.http.post("/admin/reset").status_code == 204
