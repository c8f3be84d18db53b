"""One worker process and the conversation with it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process

from local_hub import frames
from local_hub.engines.base import Refused

_log = logging.getLogger(__name__)


class JobFailed(Exception):
    """The simulation raised, or needed more memory than it may take."""


class WorkerDied(Exception):
    """The process ended before it answered."""


class WorkerMissing(Exception):
    """No process could be started, so the job never began."""


class Slot:
    """A worker process: started when first asked, started anew after it died, asked one thing at a time."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._process: Process | None = None
        self._starting: asyncio.Task[Process] | None = None
        self._loaded: set[str] = set()
        self._loading: set[str] = set()
        self._ticket = 0
        self._checked = -1
        self._kills = 0
        self._turn = asyncio.Lock()
        self._warming: set[asyncio.Task[None]] = set()

    def next_ticket(self) -> int:
        """Number the next job, so that a check and the run after it know each other."""
        self._ticket += 1
        return self._ticket

    def has_loaded(self, engine: str) -> bool:
        """Whether the process has the engine and waits for work."""
        return self._alive and engine in self._loaded and not self._turn.locked()

    def has_checked(self, ticket: int) -> bool:
        """Whether the process holds the input of this ticket."""
        return self._alive and self._checked == ticket

    def readiness(self, engine: str) -> int:
        """How soon it could run a job: 3 now, 2 after a load under way, 1 once it loads, 0 once it starts."""
        if not self._alive and self._starting is None:
            return 0
        if engine in self._loaded:
            return 2 if self._turn.locked() else 3
        return 2 if engine in self._loading else 1

    @property
    def is_blank(self) -> bool:
        """Whether it holds no engine."""
        return not self._loaded and not self._loading

    def warm(self, engine: str | None) -> None:
        """Start the process, and load an engine, in the background."""
        if engine is None or engine not in self._loading:
            task = asyncio.create_task(self._warm(engine))
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    async def ask(self, request: frames.Message) -> bytes:
        """Send a request and wait for its answer.

        Returns:
            The document that came with the answer, or nothing.

        Raises:
            Refused, JobFailed: the worker's answer.
            WorkerDied: the process ended before it answered.
            WorkerMissing: no process could be started.
        """
        async with self._turn:
            process = await self._started()
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(frames.pack(request))
                await process.stdin.drain()
            except ConnectionError:
                pass  # it died: reading says how
            while (frame := await frames.read_async(process.stdout)) is not None:
                answer, body = frame
                if answer["op"] == "loaded":
                    self._loaded.add(answer["engine"])
                    if request["op"] == "load":
                        return b""
                elif answer["op"] == "refused":
                    raise Refused(answer["message"])
                elif answer["op"] == "failed":
                    raise JobFailed(answer["message"])
                else:
                    self._checked = request["ticket"] if answer["op"] == "checked" else -1
                    return body
            raise WorkerDied(_epitaph(await process.wait()))

    def kill(self) -> None:
        """End the process at once; it is started anew when next asked."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        self._kills += 1
        self._forget()

    async def close(self) -> None:
        """End the process and wait until it is gone."""
        for task in self._warming:
            task.cancel()
        if self._starting is not None:
            await asyncio.wait({self._starting})
        process = self._process
        self.kill()
        if process is not None:
            await process.wait()

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _forget(self) -> None:
        self._process = None
        self._loaded, self._loading, self._checked = set(), set(), -1

    async def _warm(self, engine: str | None) -> None:
        kills = self._kills
        if engine is not None:
            self._loading.add(engine)
        try:
            if engine is None:
                await self._started()
            else:
                await self.ask({"op": "load", "engine": engine})
        except (JobFailed, WorkerDied, WorkerMissing) as error:
            if self._kills == kills:  # else it was ended from here: a job was cancelled
                _log.warning("a worker could not be made ready (%s): %s", engine, error)
        finally:
            self._loading.discard(engine or "")

    async def _started(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        if self._starting is None:
            self._forget()
            self._starting = asyncio.create_task(self._start())
        try:
            return await asyncio.shield(self._starting)
        finally:
            if self._starting is not None and self._starting.done():
                self._starting = None

    async def _start(self) -> Process:
        # -P as the server has it: a file in the user's folder must not stand in for a module of the same name.
        flags = ["-P"] if sys.flags.safe_path else []
        command = [sys.executable, *flags, "-m", "local_hub.worker", "--parent", str(os.getpid())]
        command += ["--memory-mb", str(self._memory_mb)]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE,
                stdout=PIPE,
                limit=2**20,
                # Ctrl-C is for the server, which ends its workers: one that is being loaded could not ignore it.
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerMissing(f"its process could not be started: {error.strerror}") from error
        return self._process


def _epitaph(code: int) -> str:
    if code >= 0:
        return f"its process ended with code {code}"
    try:
        return f"its process was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was killed by signal {-code}"
