"""The watchers of both clients: a thread that looks at all jobs that are waited for, or a task that does."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from .errors import HubError
from .models import JobStatus
from .steps import Outcome, Save, Send, Steps, run_steps_async
from .watcher import PollingSchedule, Watch

__all__ = ["AsyncWatcher", "Watcher"]

_log = logging.getLogger(__name__)
Status: TypeAlias = "JobStatus | str"
OnStatus: TypeAlias = "Callable[[Status], object]"
CALLBACK_THREADS = 4


class Watcher:
    """One daemon thread for all jobs in flight: started at the first wait, ended when nothing is waited for.

    Callbacks run in a small pool; what they raise is logged.

    Args:
        send: Performs a request.
    """

    def __init__(self, send: Callable[[Send | Save], Outcome]) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._futures: dict[str, list[Future[Status]]] = {}
        self._callbacks: dict[Future[Status], _InOrder] = {}
        self._ended: list[tuple[str, Status | HubError]] = []
        self._pool: ThreadPoolExecutor | None = None
        self._watch = Watch(self._on_status, lambda *end: self._ended.append(end))

    def future(
        self,
        job_id: str,
        schedule: PollingSchedule,
        *,
        age: float = 0.0,
        patient: bool = False,
        on_status: OnStatus | None = None,
    ) -> Future[Status]:
        """The end of a job as a future of its terminal status, or of the error that ended the wait."""
        future: Future[Status] = Future()
        with self._changed:
            self._futures.setdefault(job_id, []).append(future)
            if on_status is not None:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(CALLBACK_THREADS, "qhub-callback")
                self._callbacks[future] = _InOrder(self._pool, on_status)
            self._watch.add(job_id, schedule, age=age, patient=patient)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="qhub-watcher", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return future

    def release(self, job_id: str, future: Future[Status]) -> None:
        """Wait no longer on behalf of this future."""
        future.cancel()
        with self._changed:
            self._callbacks.pop(future, None)
            waiting = self._futures.get(job_id, [])
            if future in waiting:
                waiting.remove(future)
            if not waiting:
                self._futures.pop(job_id, None)
                self._watch.remove(job_id)
                self._changed.notify_all()

    def status(self, job_id: str) -> Status | None:
        """What was read last of a job that is waited for."""
        job = self._watch.jobs.get(job_id)
        return job.status if job is not None else None

    def _run(self) -> None:
        steps = self._watch.steps()
        outcome: Outcome | None = None
        while True:
            with self._changed:
                try:
                    step = steps.send(outcome)
                except StopIteration:
                    if not self._watch.jobs:
                        self._thread = None
                        ended, self._ended = self._ended, []
                        break
                    steps, outcome = self._watch.steps(), None
                    continue
                ended, self._ended = self._ended, []
                if not isinstance(step, (Send, Save)) and not ended:
                    self._changed.wait(max(0.0, step.seconds))
            self._deliver(ended)
            outcome = None
            if isinstance(step, (Send, Save)):
                try:
                    outcome = self._send(step)
                except BaseException as problem:
                    self._give_up(problem)
                    if not isinstance(problem, Exception):
                        raise
                    return
        self._deliver(ended)

    def _give_up(self, problem: BaseException) -> None:
        """End every wait with what made looking impossible, such as missing credentials."""
        with self._changed:
            futures = [future for waiting in self._futures.values() for future in waiting]
            self._futures.clear()
            self._callbacks.clear()
            self._watch.jobs.clear()
            self._thread = None
        for future in futures:
            if not future.done():
                future.set_exception(problem)

    def _deliver(self, ended: list[tuple[str, Status | HubError]]) -> None:
        for job_id, outcome in ended:
            with self._changed:
                futures = self._futures.pop(job_id, [])
                callbacks = [self._callbacks.pop(future, None) for future in futures]
            for future, callback in zip(futures, callbacks, strict=True):
                if callback is None:
                    _settle(future, outcome)
                else:  # after the callbacks before it
                    callback.then(functools.partial(_settle, future, outcome))

    def _on_status(self, job_id: str, status: Status) -> None:
        for future in self._futures.get(job_id, ()):
            if (callback := self._callbacks.get(future)) is not None:
                callback.call(status)


class _InOrder:
    """Calls one callback in a pool, one call after the other."""

    def __init__(self, pool: ThreadPoolExecutor, callback: OnStatus) -> None:
        self._pool = pool
        self._callback = callback
        self._waiting: deque[Callable[[], object]] = deque()
        self._busy = False
        self._lock = threading.Lock()

    def call(self, status: Status) -> None:
        self.then(functools.partial(_call, self._callback, status))

    def then(self, action: Callable[[], object]) -> None:
        with self._lock:
            self._waiting.append(action)
            if self._busy:
                return
            self._busy = True
        self._pool.submit(self._drain)

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                action = self._waiting.popleft()
            action()


class AsyncWatcher:
    """The same as a task of the caller's event loop, for the clients that are awaited.

    Args:
        send: Performs a request.
    """

    def __init__(self, send: Callable[[Send | Save], Awaitable[Outcome]]) -> None:
        self._send = send
        self._begin_anew(None)

    def _begin_anew(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Forget what was waited for in an event loop that is no more."""
        self._loop = loop
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._futures: dict[str, list[asyncio.Future[Status]]] = {}
        self._callbacks: dict[asyncio.Future[Status], OnStatus] = {}
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
        self._callbacks.pop(future, None)
        waiting = self._futures.get(job_id, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._futures.pop(job_id, None)
            self._watch.remove(job_id)
            self._changed.set()

    def status(self, job_id: str) -> Status | None:
        """What was read last of a job that is waited for."""
        job = self._watch.jobs.get(job_id)
        return job.status if job is not None else None

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
        except Exception as problem:  # noqa: BLE001 - whoever waits gets it
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
                asyncio.get_running_loop().call_soon(_call, callback, status)

    def _on_end(self, job_id: str, outcome: Status | Exception) -> None:
        for future in self._futures.pop(job_id, []):
            self._callbacks.pop(future, None)
            _settle(future, outcome)


def _settle(future: Future[Status] | asyncio.Future[Status], outcome: Status | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _call(callback: OnStatus, status: Status) -> None:
    try:
        callback(status)
    except Exception:  # noqa: BLE001 - it is the user's, and must not end the watch
        _log.exception("a callback of a wait raised")
