"""`HubQuantumTask`: a job of the Hub as a Braket quantum task."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from braket.tasks import QuantumTask
from braket.tasks.quantum_task import TaskResult

from shared_transport.client import HubClient
from shared_transport.errors import JobFailedError, ValidationError
from shared_transport.job_calls import age_of
from shared_transport.models import Job, JobStatus, is_terminal
from shared_transport.tags import users_tags
from shared_transport.watcher import PollingSchedule

from .systems import System, system_of_backend, system_of_job

__all__ = ["HubQuantumTask", "seconds"]

_WORDS = {
    JobStatus.UNKNOWN: "CREATED",
    JobStatus.PENDING: "QUEUED",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.CANCELLING: "CANCELLING",
    JobStatus.COMPLETED: "COMPLETED",
    JobStatus.FAILED: "FAILED",
    JobStatus.ABORTED: "FAILED",
    JobStatus.DETACHED: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
}


class HubQuantumTask(QuantumTask):
    """A quantum task on the Hub, created anywhere: its id is enough to open it in any process.

    It can be awaited, and it pickles (the client within it without its token).

    Args:
        task_id: The Hub's job id.
        client: The client to ask; by default one from environment and config file.
        poll_timeout_seconds: How long `result` waits if it is not told; None for as long as it takes.
        poll_interval_seconds: Seconds between two looks at the task; by default they follow its age.
        qpu: Whether it runs on a QPU: one that is not on this machine is not hurried.

    Raises:
        ValidationError: An argument makes no sense.
    """

    def __init__(
        self,
        task_id: str,
        client: HubClient | None = None,
        *,
        poll_timeout_seconds: float | None = None,
        poll_interval_seconds: float | None = None,
        qpu: bool = False,
    ) -> None:
        if not isinstance(task_id, str) or not task_id:
            raise ValidationError(f"A task id is a text, not {task_id!r}.")
        self._id = task_id
        self._client = client if client is not None else HubClient()
        self._poll_timeout = seconds("poll_timeout_seconds", poll_timeout_seconds)
        self._poll_interval = seconds("poll_interval_seconds", poll_interval_seconds)
        self._qpu = qpu
        self._created_at: float | None = None
        self._job: Job | None = None
        self._status: JobStatus | str | None = None
        self._result: TaskResult | None = None
        self._future: asyncio.Task[TaskResult] | None = None

    @classmethod
    def of_job(cls, job: Job, client: HubClient, **waiting: Any) -> HubQuantumTask:
        """The task of a job that was created just now. `waiting` are the constructor's keywords."""
        task = cls(job.id, client, **waiting)
        task._job = job
        task._status = job.status
        task._created_at = time.monotonic()
        return task

    @property
    def id(self) -> str:
        """The Hub's job id."""
        return self._id

    def state(self, use_cached_value: bool = False) -> str:
        """The state in Braket's words: CREATED, QUEUED, RUNNING, COMPLETED, FAILED, CANCELLING, CANCELLED.

        A status that this version does not know is given as the Hub says it.

        Args:
            use_cached_value: Take the last one seen, if there is one, instead of asking the Hub.
        """
        if self._status is None or not (use_cached_value or is_terminal(self._status)):
            self._status = self._client.jobs.status(self._id)
        return _word(self._status)

    def metadata(self, use_cached_value: bool = False) -> dict[str, Any]:
        """What the Hub knows of the task.

        Args:
            use_cached_value: Take what was read last, if there is something, instead of asking the Hub.

        Returns:
            Under the names of Braket's own metadata: ``quantumTaskArn`` (the Hub's job id), ``status``,
            ``deviceArn`` (the Hub's backend id), ``shots``, ``createdAt``, ``startedAt``, ``endedAt``
            (aware datetimes), ``tags`` (a list of texts), ``name``, and for a failed task
            ``failureReason``; under ``hub`` the Hub's whole answer. What is unknown is absent.
        """
        job = self._job if use_cached_value and self._job is not None else self._read_job()
        known = {
            "quantumTaskArn": self._id,
            "status": _word(job.status) if job.status is not None else None,
            "deviceArn": job.backend_id,
            "shots": job.shots,
            "createdAt": job.created_at,
            "startedAt": job.started_at,
            "endedAt": job.ended_at,
            "tags": users_tags(job.tags),
            "name": job.name,
            "failureReason": self._failure_reason(job),
            "hub": job.model_dump(mode="json", exclude_none=True),
        }
        return {name: value for name, value in known.items() if value is not None}

    def cancel(self) -> None:
        """Ask the Hub to cancel the task. One that has ended stays as it is.

        Whoever waits for it gets `JobCancelledError` once the Hub has done so.
        """
        self._client.jobs.cancel(self._id)

    def result(self, timeout: float | None = None) -> TaskResult:
        """Wait for the task's end and give its result; later calls give the same object.

        It blocks this thread, inside a running event loop too: there, rather ``await task``. Unlike Braket's
        own tasks, which give None for a task without a result, it raises: a result that is not there must
        not look like one.

        Args:
            timeout: Seconds to wait; by default ``poll_timeout_seconds``, else as long as it takes.

        Returns:
            For gate-model tasks a `GateModelQuantumTaskResult`, with measurements of shape
            (shots, measured qubits).

        Raises:
            JobFailedError: The task failed; the error has the Hub's reason.
            JobCancelledError: It was cancelled.
            WaitTimeoutError: The time is over; the task goes on.
        """
        if self._result is None:
            if not is_terminal(self._status):
                timeout = timeout if timeout is not None else self._poll_timeout
                self._status = self._client.jobs.wait(self._id, timeout=timeout, **self._how())
            self._fetch()
        return self._result

    def async_result(self) -> asyncio.Task[TaskResult]:
        """The result as an `asyncio.Task` of the running event loop; it fails as `result` does.

        Outside of a running loop the task belongs to the thread's current loop, as Braket has it, and starts
        when that loop runs. Cancelling it ends the waiting, not the quantum task.
        """
        loop = _loop()
        future = self._future
        if future is None or future.cancelled() or future.get_loop() is not loop:
            future = self._future = loop.create_task(self._wait())
        return future

    def __await__(self) -> Generator[Any, None, TaskResult]:
        return self._wait().__await__()

    def __eq__(self, other: object) -> bool:
        return self._id == other._id if isinstance(other, HubQuantumTask) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._id)

    def __repr__(self) -> str:
        return f"HubQuantumTask({self._id!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_future": None, "_created_at": None}

    async def _wait(self) -> TaskResult:
        if self._result is None:
            if not is_terminal(self._status):
                timeout = self._poll_timeout
                self._status = await self._client.jobs.wait_async(
                    self._id, timeout=timeout, **self._how()
                )
            await asyncio.to_thread(self._fetch)
        return self._result

    def _how(self) -> dict[str, Any]:
        schedule = _schedule(self._client.settings.polling, self._poll_interval)
        return {"age": self._age(), "qpu": self._qpu, "schedule": schedule}

    def _age(self) -> float:
        """The task's age in seconds; 0 if it is not known."""
        if self._created_at is not None:
            return time.monotonic() - self._created_at
        return age_of(self._job) if self._job is not None else 0.0

    def _fetch(self) -> None:
        content = self._client.jobs.result_bytes(self._id, status=self._status)
        job = self._job
        if job is None or job.input_format is None or job.provider is None:
            job = self._read_job()
        self._result = self._system(job).decode(content, job)

    def _system(self, job: Job) -> System:
        if job.input_format is None and job.backend_id is not None:
            return system_of_backend(self._client.backends.get(job.backend_id))
        return system_of_job(job)

    def _read_job(self) -> Job:
        self._job = self._client.jobs.get(self._id)
        if self._job.status is not None:
            self._status = self._job.status
        return self._job

    def _failure_reason(self, job: Job) -> str | None:
        if job.status is None or _word(job.status) != "FAILED":
            return None
        try:
            self._client.jobs.result_bytes(self._id, status=job.status)
        except JobFailedError as problem:
            return problem.hub_says or problem.message
        return None


def _word(status: JobStatus | str) -> str:
    return _WORDS[status] if isinstance(status, JobStatus) else status


def seconds(name: str, value: Any) -> float | None:
    """A number of seconds above 0, or None, as it was given.

    Raises:
        ValidationError: It is neither; the error names the option.
    """
    if value is None or (isinstance(value, (int, float)) and value > 0):
        return value
    raise ValidationError(f"{name} has to be a number of seconds above 0, not {value!r}.")


def _schedule(usual: PollingSchedule, interval: float | None) -> PollingSchedule:
    if interval is None:
        return usual
    return replace(
        usual, first_looks=(interval,), share=0.0, plus=interval, ceiling=interval, jitter=0.0
    )


def _loop() -> asyncio.AbstractEventLoop:
    """The running loop, else the thread's current one, else a new one that becomes current."""
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
