"""A local Hub, and somebody at a terminal whose Hub it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from qhub_cli.hub_faults import HubFaults
from shared_transport import Settings
from tests.quick.local_hub.hub_process import BELL2, HubProcess

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    process = HubProcess("--seed", "7", "--workers", "2", "--sessions", "all")
    yield process
    assert process.close() == 0


@pytest.fixture
def faults(hub: HubProcess) -> Iterator[HubFaults]:
    board = HubFaults(Settings(base_url=hub.info["base_url"], token=SecretStr(hub.info["token"])))
    yield board
    board.clear()
    board.close()


@pytest.fixture
def environment(hub: HubProcess, tmp_path: Path) -> dict[str, str]:
    """Somebody at a terminal whose Hub is that one; nothing of this machine's user."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "QHUB_QUANTUM_BASE_URL": hub.info["base_url"],
        "KQH_PERSONAL_ACCESS_TOKEN": hub.info["token"],
    }


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL2)
    return path
