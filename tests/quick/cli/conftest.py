"""A local Hub for the command, and the command as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from qhub_cli.hub_faults import HubFaults
from qhub_cli.main import app
from shared_transport import Settings
from tests.quick.local_hub.hub_process import HubProcess

QHUB = str(Path(sys.executable).with_name("qhub"))


@dataclass
class Qhub:
    """Runs `qhub` in an environment that is nobody's.

    Attributes:
        environment: What it is run with: no token, no config file, no keyring.
        apart: Whether it is a process of its own; else the SDKs are loaded once for all calls.
    """

    environment: dict[str, str] = field(default_factory=dict)
    apart: bool = True

    def __call__(
        self, *arguments: object, code: int = 0, stdin: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it, and require this exit code."""
        run = self.process if self.apart else self._here
        done = run([*map(str, arguments)], stdin, {**self.environment, **variables})
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def process(
        self, arguments: list[str], stdin: str | None, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run it in a process of its own."""
        return subprocess.run(
            [QHUB, *arguments],
            capture_output=True,
            text=True,
            input=stdin,
            env=environment,
            timeout=90,
        )

    def started(self, *arguments: object) -> subprocess.Popen[str]:
        """Start it in a process of its own, to be read while it runs."""
        return subprocess.Popen(
            [QHUB, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program where the command would run."""
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=self.environment
        )

    def _here(
        self, arguments: list[str], stdin: str | None, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        every = {name: environment.get(name) for name in {*os.environ, *environment}}
        hooks = sys.excepthook, warnings.showwarning
        try:
            done = CliRunner().invoke(app, arguments, input=stdin, env=every)
        finally:
            sys.excepthook, warnings.showwarning = hooks
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def json(self, *arguments: object, **variables: str) -> Any:
        """What it prints with --json."""
        return json.loads(self(*arguments, "--json", **variables).stdout)

    def lines(self, *arguments: object) -> list[list[str]]:
        """The words of each line that it prints, below the headings."""
        return [line.split() for line in self(*arguments).stdout.splitlines()[1:]]

    def refused(self, code: int, *arguments: object, **variables: str) -> str:
        """The error of a call that fails with this exit code and prints nothing else."""
        done = self(*arguments, code=code, **variables)
        assert done.stdout == ""
        return done.stderr


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nobody's environment: no token, no config file, no journal of somebody's, no keyring."""
    dropped = ("TOKEN", "PYTHONUNBUFFERED", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not any(word in name for word in dropped) and not name.startswith(("QHUB", "KQH", "XDG"))
    }
    home = {name: str(tmp_path / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    return {
        **kept,
        **home,
        "HOME": str(tmp_path),
        "COLUMNS": "80",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@pytest.fixture
def qhub(environment: dict[str, str]) -> Qhub:
    """`qhub` of somebody who has no Hub."""
    return Qhub(environment)


@pytest.fixture(scope="package")
def hub() -> Iterator[HubProcess]:
    """A local Hub that all tests here share: each looks only at what it made itself."""
    process = HubProcess(
        *("--seed", "7", "--workers", "2", "--sessions", "all", "--user", "ann:pass:word")
    )
    yield process
    assert process.close() == 0


@pytest.fixture
def at_hub(environment: dict[str, str], hub: HubProcess) -> Qhub:
    """`qhub` of somebody who has that Hub's token in the environment; not a process of its own."""
    return Qhub({**environment, **place_of(hub)}, apart=False)


@pytest.fixture
def apart(at_hub: Qhub) -> Qhub:
    """The same as a process of its own."""
    return replace(at_hub, apart=True)


@pytest.fixture(scope="package")
def hasty_hub() -> Iterator[HubProcess]:
    """A Hub where a job that takes half a second fails."""
    process = HubProcess("--workers", "1", "--job-time-limit", "0.5")
    yield process
    assert process.close() == 0


@pytest.fixture
def at_hasty_hub(environment: dict[str, str], hasty_hub: HubProcess) -> Qhub:
    """`qhub` of somebody who has that Hub's token in the environment."""
    return Qhub({**environment, **place_of(hasty_hub)}, apart=False)


@pytest.fixture
def faults(hub: HubProcess) -> Iterator[HubFaults]:
    """Makes that Hub fail, and mends it after the test."""
    settings = Settings(base_url=hub.info["base_url"], token=SecretStr(hub.info["token"]))
    with closing(HubFaults(settings)) as board:
        yield board
        board.clear()


def place_of(hub: HubProcess) -> dict[str, str]:
    """The variables that say where a Hub is, and give its token."""
    return {
        "QHUB_QUANTUM_BASE_URL": hub.info["base_url"],
        "KQH_PERSONAL_ACCESS_TOKEN": hub.info["token"],
    }


def said(document: Any) -> Any:
    """A document of the API as the command gives it: its times of ``YYYY-MM-DD HH:MM:SS`` in ISO 8601."""
    if isinstance(document, dict):
        return {
            name: f"{value.replace(' ', 'T')}Z"
            if name.endswith("_at") and isinstance(value, str) and " " in value
            else said(value)
            for name, value in document.items()
        }
    if isinstance(document, list):
        return [said(part) for part in document]
    return document
