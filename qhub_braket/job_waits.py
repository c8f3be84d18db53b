"""Waiting for the end of several jobs of the Hub at once: the client's watcher looks at all of them together."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from shared_transport.client import HubClient
from shared_transport.errors import WaitTimeoutError
from shared_transport.job_calls import one_look, too_long
from shared_transport.models import is_terminal

from .task_jobs import TaskJob

__all__ = ["JobWaits"]


class JobWaits:
    """The wait for the end of the jobs that have not ended; as a context, for as long as somebody waits.

    Args:
        client: The Hub.
        jobs: The jobs; their status is set once they have ended.
        interval: Seconds between two looks; None for the client's own schedule.
        qpu: Whether they run on a QPU.
    """

    def __init__(
        self, client: HubClient, jobs: Sequence[TaskJob], *, interval: float | None, qpu: bool
    ) -> None:
        self._client = client
        self._jobs = [job for job in jobs if not job.ended]
        self._interval = interval
        self._qpu = qpu
        self._futures: list[Future[Any]] = []

    def __enter__(self) -> Self:
        schedule = self._client.settings.polling
        if (pause := self._interval) is not None:
            schedule = replace(
                schedule, first_looks=(pause,), share=0.0, plus=pause, ceiling=pause, jitter=0.0
            )
        for job in self._jobs:
            future = self._client.jobs.future(job.id, age=job.age, qpu=self._qpu, schedule=schedule)
            self._futures.append(future)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for job, future in zip(self._jobs, self._futures, strict=False):
            self._client.watcher.release(job.id, future)

    def wait(self, timeout: float | None) -> None:
        """Block until all have ended.

        Raises:
            WaitTimeoutError: The time in seconds is over; they go on.
            HubError: A job cannot be looked at.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        for job, future in zip(self._jobs, self._futures, strict=True):
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                job.status = future.result(left)
            except TimeoutError:
                late = self._too_long(job, timeout)
            else:
                continue
            if late is not None:
                raise late

    def when_ended(self, action: Callable[[], object]) -> None:
        """Call something once, when all have ended or nobody waits any more."""
        left = len(self._futures)
        lock = threading.Lock()

        def count(future: Future[Any]) -> None:
            nonlocal left
            with lock:
                left -= 1
                last = left == 0
            if last:
                action()

        if not left:
            action()
        for future in self._futures:
            future.add_done_callback(count)

    async def wait_async(self, timeout: float | None) -> None:
        """The same as `wait` for a running event loop, which goes on meanwhile."""
        try:
            async with asyncio.timeout(timeout):
                for job, future in zip(self._jobs, self._futures, strict=True):
                    job.status = await asyncio.wrap_future(future)
            return
        except TimeoutError:
            pending = next((job for job in self._jobs if not job.ended), self._jobs[-1])
        raise too_long(pending.id, timeout, self._client.watcher.status(pending.id))

    def _too_long(self, job: TaskJob, timeout: float | None) -> WaitTimeoutError | None:
        """The error of a wait that is over, or None if a last look shows that the job has ended."""
        seen = self._client.watcher.status(job.id)
        if seen is None:
            seen = self._client.run(one_look(job.id))
        if is_terminal(seen):
            job.status = seen
            return None
        return too_long(job.id, timeout, seen)
