"""`HubQuantumTaskBatch`: several tasks that were created together."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from braket.tasks.quantum_task import TaskResult
from braket.tasks.quantum_task_batch import QuantumTaskBatch

from shared_transport.client import HubClient
from shared_transport.errors import (
    HubError,
    JobCancelledError,
    JobFailedError,
    ValidationError,
    WaitTimeoutError,
)
from shared_transport.parallel import at_once

from .display import bar, batch_html
from .job_waits import JobWaits
from .plans import Plan, submit
from .run_options import whole
from .task import HubQuantumTask

__all__ = ["HubQuantumTaskBatch", "Submission"]

_log = logging.getLogger(__name__)
_AT_ONCE = 10
_WITHOUT_RESULT = (JobFailedError, JobCancelledError, WaitTimeoutError)


class HubQuantumTaskBatch(QuantumTaskBatch):
    """Tasks in the order of their programs. Each one is a job of its own on the Hub.

    Args:
        tasks: The tasks.
        submission: How they were created, so that one can be created again; None for tasks that were opened.
    """

    def __init__(
        self, tasks: Sequence[HubQuantumTask], submission: Submission | None = None
    ) -> None:
        self._tasks = list(tasks)
        self._submission = submission
        self._results: list[TaskResult | None] | None = None
        self._unsuccessful: set[str] = set()

    @property
    def tasks(self) -> list[HubQuantumTask]:
        """The tasks; after a retry the new ones stand in the place of those that had no result."""
        return list(self._tasks)

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self._tasks)

    @property
    def unfinished(self) -> set[str]:
        """The ids of the tasks that have not ended, asked now."""
        states = at_once(lambda task: task.state(), self._tasks, self._connections)
        ended = HubQuantumTask.TERMINAL_STATES
        for task, state in zip(self._tasks, states, strict=True):
            if state in HubQuantumTask.NO_RESULT_TERMINAL_STATES:
                self._unsuccessful.add(task.id)
        return {t.id for t, state in zip(self._tasks, states, strict=True) if state not in ended}

    @property
    def unsuccessful(self) -> set[str]:
        """The ids of the tasks that failed, were cancelled or not waited for long enough, as far as they were seen."""
        return set(self._unsuccessful)

    def results(
        self,
        fail_unsuccessful: bool = False,
        max_retries: int = 0,
        use_cached_value: bool = True,
    ) -> list[TaskResult | None]:
        """Wait for all tasks and give their results in the order of the programs.

        Args:
            fail_unsuccessful: Raise if a task has no result.
            max_retries: How often tasks without a result are created anew. Unlike Braket's own batches, which
                try three times, by default never: a retry runs a task again, and buys it again.
            use_cached_value: Give the results of the last call, if there was one; else they are read anew.

        Returns:
            The results. None for a task that failed, was cancelled, or had not ended when its
            ``poll_timeout_seconds`` were over; the reason is logged, and ``batch.tasks[i].result()`` raises it.

        Raises:
            JobFailedError: A task has no result, and `fail_unsuccessful` was asked for; the others keep theirs.
            ValidationError: `max_retries` is no number from 0.
            HubError: The Hub could not be asked.
        """
        retries = whole(max_retries)
        if retries is None or retries < 0:
            raise ValidationError(
                f"max_retries has to be a whole number from 0, not {max_retries!r}."
            )
        if self._results is None or not use_cached_value:
            self._results = self._read(self._tasks)
        for _ in range(retries):
            if not self._unsuccessful:
                break
            self.retry_unsuccessful_tasks()
        if fail_unsuccessful and self._unsuccessful:
            tried = f" after {max_retries} retries" if max_retries else ""
            raise JobFailedError(
                f"{len(self._unsuccessful)} of {self.size} tasks have no result{tried}: "
                f"{', '.join(sorted(self._unsuccessful))}.",
                hint="HubQuantumTask(id).result() says why; results() gives the others.",
            )
        return list(self._results)

    def retry_unsuccessful_tasks(self) -> bool:
        """Create the tasks without a result anew, and wait for them. A retry buys again: each is a new job.

        A task that was only not waited for long enough goes on on the Hub, and may end there too.

        Returns:
            Whether all of them have a result now.

        Raises:
            ValidationError: `results` was not called yet, or the tasks were opened, not created.
            HubError: A task could not be created; those that were are in the batch.
        """
        if self._results is None:
            raise ValidationError(
                "There is nothing to retry yet.", hint="Call batch.results() first."
            )
        missing = [place for place, result in enumerate(self._results) if result is None]
        if not missing:
            return True
        if self._submission is None:
            raise ValidationError(
                "These tasks cannot be created again: only their ids are known.",
                hint="Run the programs again with device.run_batch.",
            )
        tasks = self._submission.create(missing)
        for place, task in zip(missing, tasks, strict=True):
            self._tasks[place] = task
        self._unsuccessful.clear()
        for place, result in zip(missing, self._read(tasks), strict=True):
            self._results[place] = result
        return not self._unsuccessful

    def __await__(self) -> Generator[Any, None, list[TaskResult | None]]:
        return asyncio.to_thread(self.results).__await__()

    def __repr__(self) -> str:
        return f"HubQuantumTaskBatch({self._tasks!r})"

    def _repr_html_(self) -> str:
        return batch_html(self)

    @property
    def _connections(self) -> int:
        return self._submission.connections if self._submission is not None else _AT_ONCE

    def _read(self, tasks: Sequence[HubQuantumTask]) -> list[TaskResult | None]:
        """Wait for tasks, all watched together, and read each result while the others go on."""
        started = time.monotonic()
        with ExitStack() as watching, ThreadPoolExecutor(self._connections) as pool:
            waits = [watching.enter_context(task.waits()) for task in tasks]
            watching.enter_context(bar(waits))
            reading: list[Future[TaskResult | None]] = []
            try:
                for task, wait in zip(tasks, waits, strict=True):
                    problem = _await_end(task, wait, started)
                    reading.append(pool.submit(_result_of, task, problem))
            except BaseException:
                pool.shutdown(cancel_futures=True)  # Ctrl-C is not kept waiting
                raise
            results = [future.result() for future in reading]
        for task, result in zip(tasks, results, strict=True):
            if result is None:
                self._unsuccessful.add(task.id)
            else:
                self._unsuccessful.discard(task.id)
        return results


@dataclass(frozen=True)
class Submission:
    """How the tasks of a batch are created.

    Attributes:
        client: The Hub.
        plans: A plan a task.
        waiting: How each task waits.
        connections: How many requests are sent at once.
        max_parallel: How many tasks may be on the Hub at once, or None for all.
    """

    client: HubClient
    plans: tuple[Plan, ...]
    waiting: Mapping[str, Any]
    connections: int
    max_parallel: int | None

    def create(self, which: Sequence[int] | None = None) -> list[HubQuantumTask]:
        """Create the tasks.

        Args:
            which: Only those in these places.

        Raises:
            HubError: One could not be created; no further one is begun. The batch of those that were is the
                error's ``job``.
        """
        plans = self.plans if which is None else [self.plans[place] for place in which]
        stopped = threading.Event()
        free = threading.Semaphore(self.max_parallel or len(plans) or 1)

        def create(planned: Plan) -> HubQuantumTask | HubError | None:
            if stopped.is_set():
                free.release()
                return None
            try:
                task = submit(self.client, planned, self.waiting)
            except HubError as problem:
                stopped.set()
                free.release()
                return problem
            if self.max_parallel is not None:
                watching.enter_context(task.waits()).when_ended(free.release)
            return task

        with (
            ExitStack() as watching,
            ThreadPoolExecutor(self.connections, thread_name_prefix="qhub-submit") as pool,
        ):
            creating = []
            try:
                for planned in plans:
                    free.acquire()
                    creating.append(pool.submit(create, planned))
                outcomes = [future.result() for future in creating]
            except BaseException:
                stopped.set()  # Ctrl-C creates no more
                raise
        tasks = [outcome for outcome in outcomes if isinstance(outcome, HubQuantumTask)]
        for outcome in outcomes:
            if isinstance(outcome, HubError):
                if tasks:
                    outcome.job = HubQuantumTaskBatch(tasks)
                    names = ", ".join(task.id for task in tasks)
                    outcome.add_note(f"Created nevertheless: {names}")
                raise outcome
        return tasks


def _await_end(task: HubQuantumTask, wait: JobWaits, started: float) -> WaitTimeoutError | None:
    """Wait for one task, at most so long after the start as it shall wait."""
    patience = task.poll_timeout_seconds
    left = None if patience is None else max(0.0, started + patience - time.monotonic())
    try:
        wait.wait(left)
    except WaitTimeoutError as problem:
        return problem
    return None


def _result_of(task: HubQuantumTask, late: WaitTimeoutError | None) -> TaskResult | None:
    """A task's result; None, and a line in the log, for one without."""
    try:
        if late is not None:
            raise late
        return task.result()
    except _WITHOUT_RESULT as problem:
        _log.warning("task %s has no result: %s", task.id, problem)
    return None
