"""One worker on the cluster and the conversation with it, as `slot` has it with one on this machine."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Protocol

from local_hub import frames
from local_hub.engines.base import Refused
from local_hub.slot import JobFailed, WorkerDied, WorkerMissing

_log = logging.getLogger(__name__)


class Send(Protocol):
    """How a place's messages reach the gateway."""

    def __call__(self, message: frames.Message, body: bytes = b"") -> None:
        """Send a message without waiting."""


class Place:
    """A worker: asked one thing at a time; once it is lost it stays lost, and another one takes its place.

    Attributes:
        number: Its number, never given again.
        leased: Whether a job holds it.
    """

    def __init__(self, number: int, send: Send) -> None:
        self.number = number
        self.leased = False
        self._send = send
        self._started = asyncio.Event()
        self._lost: WorkerDied | WorkerMissing | None = None
        self._loaded: set[str] = set()
        self._loading: set[str] = set()
        self._ticket = 0
        self._checked = -1
        self._asked = 0
        self._answer: asyncio.Future[bytes] | None = None
        self._turn = asyncio.Lock()
        self._warming: set[asyncio.Task[None]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether it was started."""
        return self._started.is_set()

    @property
    def is_lost(self) -> bool:
        """Whether it is gone, or could not start."""
        return self._lost is not None

    @property
    def is_free(self) -> bool:
        """Whether a job may have it; one that could not start tells the job why."""
        return not self.leased and (self.is_ready or self.is_lost)

    @property
    def is_blank(self) -> bool:
        """Whether it holds no engine."""
        return not self._loaded and not self._loading

    def next_ticket(self) -> int:
        """Number the next job, so that a check and the run after it know each other."""
        self._ticket += 1
        return self._ticket

    def has_loaded(self, engine: str) -> bool:
        """Whether the worker has the engine and waits for work."""
        return not self.is_lost and engine in self._loaded and not self._turn.locked()

    def has_checked(self, ticket: int) -> bool:
        """Whether the worker holds the input of this ticket."""
        return not self.is_lost and self._checked == ticket

    def readiness(self, engine: str) -> int:
        """How soon it could run a job: 3 now, 2 after a load under way, 1 once it loads, 0 never."""
        if self.is_lost:
            return 0
        if engine in self._loaded:
            return 2 if self._turn.locked() else 3
        return 2 if engine in self._loading else 1

    def warm(self, engine: str | None) -> None:
        """Load an engine in the background, as soon as it is started."""
        if engine is not None and engine not in self._loading:
            self._loading.add(engine)
            task = asyncio.create_task(self._warm(engine))
            self._warming.add(task)
            task.add_done_callback(self._warming.discard)

    async def ask(self, request: frames.Message) -> bytes:
        """Send a request and wait for its answer.

        Returns:
            The document that came with the answer, or nothing.

        Raises:
            Refused, JobFailed: the worker's answer.
            WorkerDied: the place was lost before it answered.
            WorkerMissing: it could not be started.
        """
        async with self._turn:
            answers = io.BytesIO(await self._exchange(request))
        while (frame := frames.read(answers)) is not None:
            answer, body = frame
            if answer["op"] == "loaded":
                self._loaded.add(answer["engine"])
            elif answer["op"] == "refused":
                raise Refused(answer["message"])
            elif answer["op"] == "failed":
                raise JobFailed(answer["message"])
            else:
                self._checked = request["ticket"] if answer["op"] == "checked" else -1
                return body
        return b""

    def ready(self) -> None:
        """Note that it was started."""
        self._started.set()

    def answer(self, number: int, frames_: bytes) -> None:
        """Hand an answer over; one that nobody waits for any more is dropped."""
        if number == self._asked and self._answer is not None and not self._answer.done():
            self._answer.set_result(frames_)

    def lose(self, text: str) -> None:
        """Note that it is gone, and why."""
        if self._lost is None:
            self._lost = WorkerDied(text) if self.is_ready else WorkerMissing(text)
        self._started.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self._lost)

    async def _exchange(self, request: frames.Message) -> bytes:
        await self._started.wait()
        if self._lost is not None:
            raise self._lost
        self._asked += 1
        self._answer = asyncio.get_running_loop().create_future()
        load = request["op"] == "load"
        self._send(
            {"op": "ask", "place": self.number, "ask": self._asked, "load": load},
            frames.pack(request),
        )
        return await self._answer

    async def _warm(self, engine: str) -> None:
        try:
            await self.ask({"op": "load", "engine": engine})
        except (JobFailed, WorkerDied, WorkerMissing) as error:
            _log.warning("engine %s could not be loaded ahead: %s", engine, error)
        finally:
            self._loading.discard(engine)
