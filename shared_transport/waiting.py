"""The watcher of `HubClient`: a thread that looks at all jobs that are waited for."""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from .errors import HubError
from .models import JobStatus
from .steps import Outcome, Save, Send
from .watcher import PollingSchedule, Watch

if TYPE_CHECKING:
    import asyncio

__all__ = ["Waits", "Watcher", "call", "settle"]

_log = logging.getLogger(__name__)
Status: TypeAlias = "JobStatus | str"
OnStatus: TypeAlias = "Callable[[Status], object]"
CALLBACK_THREADS = 4
AnyFuture = TypeVar("AnyFuture", "Future[Status]", "asyncio.Future[Status]")
Callback = TypeVar("Callback")


class Waits(Generic[AnyFuture, Callback]):
    """Who waits for which job: what both watchers keep, each in its own kind of future."""

    _watch: Watch

    def __init__(self) -> None:
        self._futures: dict[str, list[AnyFuture]] = {}
        self._callbacks: dict[AnyFuture, Callback] = {}

    def status(self, job_id: str) -> Status | None:
        """What was read last of a job that is waited for."""
        job = self._watch.jobs.get(job_id)
        return job.status if job is not None else None

    def _forget(self, job_id: str, future: AnyFuture) -> bool:
        """Wait no longer on behalf of a future: whether nobody waits for the job any more."""
        self._callbacks.pop(future, None)
        waiting = self._futures.get(job_id, [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._futures.pop(job_id, None)
            self._watch.remove(job_id)
        return not waiting


class Watcher(Waits["Future[Status]", "_InOrder"]):
    """One daemon thread for all jobs in flight: started at the first wait, ended when nothing is waited for.

    Callbacks run in a small pool; what they raise is logged.

    Args:
        send: Performs a request.
    """

    def __init__(self, send: Callable[[Send | Save], Outcome]) -> None:
        super().__init__()
        self._send = send
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
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
            if self._forget(job_id, future):
                self._changed.notify_all()

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
                    settle(future, outcome)
                else:  # after the callbacks before it
                    callback.then(functools.partial(settle, future, outcome))

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
        self.then(functools.partial(call, self._callback, status))

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


def settle(future: Future[Status] | asyncio.Future[Status], outcome: Status | Exception) -> None:
    """End a wait with a status or an error, unless it has ended."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def call(callback: OnStatus, status: Status) -> None:
    """Call a user's callback. What it raises is logged."""
    try:
        callback(status)
    except Exception:  # noqa: BLE001 - it is the user's, and must not end the watch
        _log.exception("a callback of a wait raised")
