"""Many bodies with something wrong in them, for every system."""

from __future__ import annotations

import pytest

from tests.quick.local_hub.hub_process import BELL3, HubProcess
from tests.quick.local_hub.mutations import bombard

pytestmark = pytest.mark.timeout(1200)


def test_many_bodies_with_something_wrong(full: bool) -> None:
    hub = HubProcess("--seed", "7", "--workers", "1", "--sessions", "all")
    try:
        for seed in range(12 if full else 2):
            bombard(hub, 300, seed, patience=15)
        assert hub.run("aws.sim.sv1", BELL3)["measurements"]
        assert len(hub.workers()) == 1
    finally:
        assert hub.close() == 0
