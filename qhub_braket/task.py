"""`HubQuantumTask`: one or several jobs of the Hub as a Braket quantum task."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from braket.tasks import QuantumTask
from braket.tasks.quantum_task import TaskResult

from shared_transport.client import HubClient
from shared_transport.errors import HubError, ServerError, ValidationError
from shared_transport.models import Job
from shared_transport.parallel import at_once
from shared_transport.tags import unpack, users_tags

from . import tracking
from .display import bar, task_html
from .job_waits import JobWaits
from .queue_info import QueuePosition
from .task_jobs import TaskJob, least_finished, word_of

if TYPE_CHECKING:
    from .device import HubDevice

__all__ = ["SEPARATOR", "SIZES", "TOTAL_SHOTS", "HubQuantumTask", "seconds"]

SEPARATOR = ","
# Under this name a job's tags say how many executables each entry of its program set has.
SIZES = "program_set"
# And under this one all shots of its executables, where the job's own are those of each.
TOTAL_SHOTS = "total_shots"


class HubQuantumTask(QuantumTask):
    """A quantum task on the Hub, created anywhere: its id is enough to open it in any process.

    It can be awaited, and it pickles (the client within it without its token). Behind a program set there may be
    several jobs of the Hub: the id then has theirs, joined by commas, in the order of the executables.

    Args:
        task_id: The Hub's job id.
        client: The client to ask; by default that of the device, else one from environment and config file.
        device: The device that it runs on. Not needed; with it, a QPU is known as one.
        poll_timeout_seconds: How long `result` waits if it is not told; None for as long as it takes.
        poll_interval_seconds: Seconds between two looks at the task; by default they follow its age.
        qpu: Whether it runs on a QPU: one that is not on this machine is not hurried.

    Raises:
        ValidationError: An argument makes no sense.
    """

    NO_RESULT_TERMINAL_STATES: ClassVar[frozenset[str]] = frozenset({"FAILED", "CANCELLED"})
    RESULTS_READY_STATES: ClassVar[frozenset[str]] = frozenset({"COMPLETED"})
    TERMINAL_STATES: ClassVar[frozenset[str]] = NO_RESULT_TERMINAL_STATES | RESULTS_READY_STATES

    def __init__(
        self,
        task_id: str,
        client: HubClient | None = None,
        *,
        device: HubDevice | None = None,
        poll_timeout_seconds: float | None = None,
        poll_interval_seconds: float | None = None,
        qpu: bool = False,
    ) -> None:
        ids = task_id.split(SEPARATOR) if isinstance(task_id, str) else []
        if not ids or not all(ids):
            raise ValidationError(f"A task id is a text, not {task_id!r}.")
        if client is None:
            client = device.client if device is not None else HubClient()
        self._id = task_id
        self._client = client
        self._jobs = [TaskJob(one, client) for one in ids]
        self._poll_timeout = seconds("poll_timeout_seconds", poll_timeout_seconds)
        self._poll_interval = seconds("poll_interval_seconds", poll_interval_seconds)
        self._qpu = qpu or (device is not None and device.type == "QPU")
        self._program_set: Any = None
        self._result: TaskResult | None = None
        self._future: asyncio.Task[TaskResult] | None = None

    @classmethod
    def of_jobs(
        cls, jobs: Sequence[Job], client: HubClient, program_set: Any = None, **waiting: Any
    ) -> HubQuantumTask:
        """The task of jobs that were created just now. `waiting` are the constructor's keywords."""
        task = cls(SEPARATOR.join(job.id for job in jobs), client, **waiting)
        task._jobs = [TaskJob.new(job, client) for job in jobs]
        task._program_set = program_set
        return task

    @property
    def id(self) -> str:
        """The Hub's job id."""
        return self._id

    @property
    def poll_timeout_seconds(self) -> float | None:
        """How long `result` waits if it is not told; None for as long as it takes."""
        return self._poll_timeout

    def state(self, use_cached_value: bool = False) -> str:
        """The state in Braket's words: CREATED, QUEUED, RUNNING, COMPLETED, FAILED, CANCELLING, CANCELLED.

        A status that this version does not know is given as the Hub says it. Of several jobs it is that of the
        least finished one.

        Args:
            use_cached_value: Take the last one seen, if there is one, instead of asking the Hub.
        """
        state = least_finished(at_once(lambda job: job.state(use_cached_value), self._jobs))
        tracking.seen(self._id, state)
        return state

    def metadata(self, use_cached_value: bool = False) -> dict[str, Any]:
        """What the Hub knows of the task.

        Args:
            use_cached_value: Take what was read last, if there is something, instead of asking the Hub.

        Returns:
            Under the names of Braket's own metadata: ``quantumTaskArn`` (the Hub's job id), ``status``,
            ``deviceArn`` (the Hub's backend id), ``shots``, ``createdAt``, ``startedAt``, ``endedAt``
            (aware datetimes), ``tags`` (a list of texts), ``name``, and for a failed task
            ``failureReason``; under ``hub`` the Hub's whole answer, of several jobs a list. What is unknown is
            absent.
        """
        jobs = at_once(lambda job: job.described(use_cached_value), self._jobs)
        words = [word_of(job.status) for job in jobs if job.status is not None]
        created = [job.created_at for job in jobs if job.created_at]
        started = [job.started_at for job in jobs if job.started_at]
        ended = [job.ended_at for job in jobs if job.ended_at]
        told = [unpack(job.tags).get(TOTAL_SHOTS, job.shots) for job in jobs]
        shots = [number for number in told if isinstance(number, int)]
        reasons = at_once(lambda job: job.failure_reason(), self._jobs)
        dumps = [job.model_dump(mode="json", exclude_none=True) for job in jobs]
        known = {
            "quantumTaskArn": self._id,
            "status": least_finished(words) if len(words) == len(jobs) else None,
            "deviceArn": jobs[0].backend_id,
            "shots": sum(shots) if len(shots) == len(jobs) else None,
            "createdAt": min(created, default=None),
            "startedAt": min(started, default=None),
            "endedAt": max(ended) if len(ended) == len(jobs) else None,
            "tags": list(dict.fromkeys(tag for job in jobs for tag in users_tags(job.tags))),
            "name": jobs[0].name,
            "failureReason": "\n".join(reason for reason in reasons if reason) or None,
            "hub": dumps[0] if len(dumps) == 1 else dumps,
        }
        if known["status"] is not None:
            tracking.seen(self._id, str(known["status"]))
        return {name: value for name, value in known.items() if value is not None}

    def queue_position(self) -> QueuePosition:
        """How many tasks stand before it, where the Hub says so; else why that is not known."""
        state = least_finished([self.metadata().get("status", "CREATED")])
        if state not in ("CREATED", "QUEUED"):
            return QueuePosition(message=f"The task is {state}: it does not wait.")
        told = [(job.job.model_extra or {}).get("queue_position") for job in self._jobs if job.job]
        places = [place for place in told if isinstance(place, int)]
        if not places:
            return QueuePosition(message="The Hub does not say where a task stands.")
        return QueuePosition(queue_position=str(max(places)))

    def cancel(self) -> None:
        """Ask the Hub to cancel the task. One that has ended stays as it is.

        Whoever waits for it gets `JobCancelledError` once the Hub has done so.

        Raises:
            HubError: The Hub does not cancel it; of several jobs, the others were cancelled all the same.
        """

        def cancel(job: TaskJob) -> HubError | None:
            try:
                self._client.jobs.cancel(job.id)
            except HubError as problem:
                return problem
            return None

        # One that cannot be cancelled keeps no other one running.
        problems = at_once(cancel, self._jobs)
        tracking.seen(self._id, "CANCELLING")
        for problem in filter(None, problems):
            raise problem

    def result(self, timeout: float | None = None) -> TaskResult:
        """Wait for the task's end and give its result; later calls give the same object.

        It blocks this thread, inside a running event loop too: there, rather ``await task``. Unlike Braket's
        own tasks, which give None for a task without a result, it raises: a result that is not there must
        not look like one.

        Args:
            timeout: Seconds to wait; by default ``poll_timeout_seconds``, else as long as it takes.

        Returns:
            A `GateModelQuantumTaskResult`, with measurements of shape (shots, measured qubits); for a program of
            atoms an `AnalogHamiltonianSimulationQuantumTaskResult`; for a program set a
            `ProgramSetQuantumTaskResult`. Where a program set was opened by its id, its entries have the programs
            that ran, with the inputs written in; its observables are known only where it was created. A job of another
            client has its classical bits as columns, bit 0 first; several circuits are a program set's result.

        Raises:
            JobFailedError: The task, or one of its jobs, failed; the error has the Hub's reason.
            JobCancelledError: It was cancelled.
            ValidationError: Another client's job gave something else than measured bits; the error says what reads it.
            WaitTimeoutError: The time is over; the task goes on.
        """
        if self._result is None:
            with self.waits() as waits, bar([waits]):
                waits.wait(timeout if timeout is not None else self._poll_timeout)
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

    def _repr_html_(self) -> str:
        return task_html(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_future": None}

    def waits(self) -> JobWaits:
        """The wait for its end, for those who wait for many tasks at once."""
        return JobWaits(self._client, self._jobs, interval=self._poll_interval, qpu=self._qpu)

    def _fetch(self) -> TaskResult:
        """Download and read the results of the jobs, all of which have ended."""
        ends = [word_of(job.status) for job in self._jobs if job.status is not None]
        tracking.ended(self._id, least_finished(ends))
        self._result = self._whole(at_once(lambda job: job.result(), self._jobs))
        return self._result

    async def _wait(self) -> TaskResult:
        if self._result is None:
            with self.waits() as waits, bar([waits]):
                await waits.wait_async(self._poll_timeout)
            await asyncio.to_thread(self._fetch)
        return self._result

    def _whole(self, results: Sequence[Any]) -> TaskResult:
        """The result of the task from those of its jobs."""
        first = self._jobs[0].job
        sizes = unpack(first.tags).get(SIZES) if first is not None else None
        if self._program_set is None and len(results) == 1 and sizes is None:
            return results[0]
        from .program_set_results import assembled, is_executable
        from .program_sets import entries_of

        if self._program_set is None and len(results) == 1 and is_executable(results[0], sizes):
            return results[0]
        entries = entries_of(self._program_set) if self._program_set is not None else None
        device = (first.backend_id if first is not None else None) or "unknown"
        try:
            return assembled(
                results, entries, sizes, self._program_set, id=self._id, deviceId=device
            )
        except ValueError as problem:
            reason = str(problem)
        raise ServerError(
            f"The results of task {self._id} do not make a program set: {reason}.", job_id=self._id
        )


def seconds(name: str, value: Any) -> float | None:
    """A number of seconds above 0, or None, as it was given.

    Raises:
        ValidationError: It is neither; the error names the option.
    """
    if value is None or (isinstance(value, (int, float)) and value > 0):
        return value
    raise ValidationError(f"{name} has to be a number of seconds above 0, not {value!r}.")


def _loop() -> asyncio.AbstractEventLoop:
    """The running loop, else the thread's current one, else a new one that becomes current."""
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
