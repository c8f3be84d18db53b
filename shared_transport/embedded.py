"""The embedded Hub: a child process of this one, started when first needed.

`local_hub` is never imported; it is started as ``python -m local_hub --embedded``. The child binds a free
port of the loopback interface, reports address and token as one line on its standard output, and ends when
its standard input closes: when this process closes it or dies, in whatever way.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .extras import require_extra
from .settings import Settings

__all__ = ["embedded_hub", "require_local_hub"]

START_LIMIT = 60.0
_hubs: dict[tuple[str, ...], _EmbeddedHub] = {}
_lock = threading.Lock()


def embedded_hub(
    *,
    seed: int | None = None,
    state: str | Path | None = None,
    workers: int | None = None,
    sessions: bool = False,
    job_seconds: float | None = None,
    noise: bool = True,
) -> Settings:
    """Settings of the embedded Hub of this process, which is started if it does not run.

    There is one for each combination of arguments, shared by all who ask in this process. A forked child
    starts its own.

    Args:
        seed: Makes ids and results reproducible; None for random ones.
        state: Folder that keeps jobs beyond the process; None for a temporary one.
        workers: Number of worker processes; None for one a core.
        sessions: Give every backend sessions; else those have them that have them on the Hub.
        job_seconds: Seconds that every job lasts at least; None for as long as its simulation.
        noise: Simulate quantum computers with their noise.

    Raises:
        MissingExtraError: The packages of the extra ``local`` are not installed.
        ConfigurationError: It does not start; the error has its words.
    """
    if state is not None:
        state = Path(state).resolve()
    options: list[str] = []
    for name, value in (
        ("seed", seed),
        ("state", state),
        ("workers", workers),
        ("sessions", "all" if sessions else None),
        ("job-seconds", job_seconds),
    ):
        if value is not None:
            options += [f"--{name}", str(value)]
    if not noise:
        options.append("--ideal")
    key = tuple(options)
    with _lock:
        hub = _hubs.get(key)
        if hub is None or not hub.running:
            hub = _hubs[key] = _start(options)
        return hub.settings


@dataclass
class _EmbeddedHub:
    process: subprocess.Popen[bytes]
    settings: Settings
    pid: int = field(default_factory=os.getpid)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        _end(self.process)


def require_local_hub() -> None:
    """Make sure that a Hub can be started on this machine.

    Raises:
        MissingExtraError: The packages of the extra ``local`` are not installed.
    """
    needed = ("fastapi", "uvicorn", "sqlalchemy", "qsimcirq", "qiskit_aer", "perceval")
    require_extra("The local Hub", "local", *needed)


def _start(options: list[str]) -> _EmbeddedHub:
    require_local_hub()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "local_hub", "--embedded", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        # Its own session, so that Ctrl-C in a terminal ends the user's wait and not the Hub.
        start_new_session=True,
        env=_environment(),
    )
    try:
        report = _first_line(process)
    except BaseException:
        # Ctrl-C: nobody waits for the Hub any more, nor for its end.
        threading.Thread(target=_end, args=(process,), name="qhub-end", daemon=True).start()
        raise
    settings = None
    if "error" not in report:
        try:
            settings = Settings.of_runtime_file(report["runtime_file"])
        except (KeyError, TypeError, ConfigurationError):
            report = {"error": "what it said names no readable runtime file"}
    if settings is not None:
        return _EmbeddedHub(process, settings)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    raise ConfigurationError(f"The local Hub does not start: {report['error']}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the child's input, and wait until it has ended in good order."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _environment() -> dict[str, str]:
    """This process's environment, with its import path: the child finds the same packages."""
    own = str(Path(__file__).resolve().parent.parent)
    path = [own, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    deadline = time.monotonic() + START_LIMIT
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not text.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return {"error": f"it said nothing for {START_LIMIT:g} s"}
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                return {"error": "it ended before it was ready; what it wrote stands above"}
            text += piece
    try:
        report = json.loads(text)
    except ValueError:
        report = None
    if not isinstance(report, dict):
        first = text.split(b"\n", 1)[0]  # the first line only: the one with the token may follow
        return {"error": f"it said {first[:200]!r}"}
    return report


def _stop_all() -> None:
    with _lock:
        hubs = [hub for hub in _hubs.values() if hub.pid == os.getpid()]
        _hubs.clear()
    try:
        for hub in hubs:
            hub.stop()
    except KeyboardInterrupt:
        return  # nobody waits for them: this process ends, and they with it


def _forget_after_fork() -> None:
    """In a forked child: let go of the parent's Hub, so that it still ends with the parent."""
    global _lock
    _lock = threading.Lock()
    for hub in _hubs.values():
        for pipe in (hub.process.stdin, hub.process.stdout):
            if pipe is not None:
                pipe.close()
        # It is not this process's child: nobody here may wait for it or complain that it still runs.
        hub.process.returncode = 0
    _hubs.clear()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
