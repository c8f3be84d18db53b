"""What runs on a node of the cluster: an actor, and below it a worker process like those of this machine.

The worker is a process of its own so that its memory limit binds the job alone and not Ray's threads, and that what a
library does to stdout, signals and the environment stays there. The kernel ends it with its actor.
"""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import subprocess
import sys
from importlib import metadata
from typing import BinaryIO, cast

from local_hub import frames
from local_hub.settings import default_memory_limit

_FINAL = ("checked", "done", "refused", "failed")


def installed_version() -> str:
    """The version of this project that is installed here."""
    return metadata.version("qhub-plugins")


class Worker:
    """An actor that owns one worker process and ends with it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    async def open(self, version: str, memory_mb: int | None) -> None:
        """Start the process.

        Args:
            version: The Hub's version of this project.
            memory_mb: Memory that a job may take, in MB; 0 for no limit, None for 3/4 of the node's.

        Raises:
            RuntimeError: another version is installed here.
        """
        if version != installed_version():
            raise RuntimeError(
                f"node {platform.node()} has version {installed_version()} of qhub-plugins "
                f"and the Hub has {version}; install the same"
            )
        limit = default_memory_limit() if memory_mb is None else memory_mb
        flags = ["-P"] if sys.flags.safe_path else []
        command = [sys.executable, *flags, "-m", "local_hub.worker", "--parent", str(os.getpid())]
        # Here, in the event loop's thread and in no helper: the kernel ends the process with the thread that made it.
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it takes a millisecond
            [*command, "--memory-mb", str(limit)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    async def ask(self, request: bytes, *, load: bool) -> bytes | None:
        """Pass a request on.

        Args:
            request: The request's frame.
            load: Whether it only loads an engine.

        Returns:
            The frames of the answer; None when the process ended, which `ended` tells more of.
        """
        return await asyncio.to_thread(self._exchange, request, load)

    async def ended(self) -> str:
        """Wait until the process has ended, and say how."""
        assert self._process is not None
        code = await asyncio.to_thread(self._process.wait)
        if code >= 0:
            return f"its process on node {platform.node()} ended with code {code}"
        known = {number.value: number.name for number in signal.Signals}
        name = known.get(-code, f"signal {-code}")
        return f"its process on node {platform.node()} was killed by {name}"

    def _exchange(self, request: bytes, load: bool) -> bytes | None:
        assert self._process is not None
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        answers = b""
        while (frame := frames.read(cast(BinaryIO, self._process.stdout))) is not None:
            answers += frames.pack(*frame)
            if frame[0]["op"] in _FINAL or load:
                return answers
        return None
