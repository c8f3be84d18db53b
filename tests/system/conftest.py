"""How large these suites are: CI_SCALE=small or full."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(scope="session")
def full() -> bool:
    scale = os.environ.get("CI_SCALE", "small")
    assert scale in ("small", "full")
    return scale == "full"
