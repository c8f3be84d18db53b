"""The watcher of `AsyncHubClient`: a task of the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .steps import Outcome, Save, Send, Steps, run_steps_async
from .waiting import OnStatus, Status, Waits, call, settle
from .watcher import PollingSchedule, Watch

__all__ = ["AsyncWatcher"]


class AsyncWatcher(Waits["asyncio.Future[Status]", OnStatus]):
    """The same as a task of the caller's event loop, for the clients that are awaited.

    Args:
        send: Performs a request.
    """

    def __init__(self, send: Callable[[Send | Save], Awaitable[Outcome]]) -> None:
        self._send = send
        self._begin_anew(None)

    def _begin_anew(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Forget what was waited for in an event loop that is no more."""
        super().__init__()
        self._loop = loop
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._watch = Watch(self._on_status, self._on_end)

    def future(
        self,
        job_id: str,
        schedule: PollingSchedule,
        *,
        age: float = 0.0,
        patient: bool = False,
        on_status: OnStatus | None = None,
    ) -> asyncio.Future[Status]:
        """As `Watcher.future`, for the running event loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin_anew(loop)
        future: asyncio.Future[Status] = loop.create_future()
        self._futures.setdefault(job_id, []).append(future)
        if on_status is not None:
            self._callbacks[future] = on_status
        self._watch.add(job_id, schedule, age=age, patient=patient)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="qhub-watcher")
        self._changed.set()
        return future

    def release(self, job_id: str, future: asyncio.Future[Status]) -> None:
        """Wait no longer on behalf of this future."""
        future.cancel()
        if self._forget(job_id, future):
            self._changed.set()

    def stop(self) -> None:
        """End the task; whoever waits is cancelled."""
        if self._task is not None:
            self._task.cancel()
        for job_id, futures in list(self._futures.items()):
            for future in list(futures):
                self.release(job_id, future)

    async def _run(self) -> None:
        try:
            while self._watch.jobs:
                steps: Steps[None] = self._watch.steps()
                await run_steps_async(steps, self._send, self._nap)
        except Exception as problem:  # noqa: BLE001 - it ends every wait, not this task
            # What made looking impossible, such as missing credentials.
            for job_id in list(self._watch.jobs):
                self._watch.remove(job_id)
                self._on_end(job_id, problem)

    async def _nap(self, seconds: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._changed.wait()
        except TimeoutError:
            return

    def _on_status(self, job_id: str, status: Status) -> None:
        for future in self._futures.get(job_id, ()):
            callback = self._callbacks.get(future)
            if callback is not None:
                asyncio.get_running_loop().call_soon(call, callback, status)

    def _on_end(self, job_id: str, outcome: Status | Exception) -> None:
        for future in self._futures.pop(job_id, []):
            self._callbacks.pop(future, None)
            settle(future, outcome)
