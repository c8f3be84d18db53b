"""The operations on jobs, for both clients."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from . import operations
from .answers import read_json
from .errors import WaitTimeoutError
from .groups import AsyncGroup, Group, SyncGroup, both, listed
from .listing import NEWEST_FIRST, PAGE_SIZE
from .models import Calibration, Job, JobStatus, Page, is_terminal
from .requests import JobRequest
from .results import fetch_result, save_result
from .steps import Answer, Operation, Outcome, Send, Steps
from .submission import Submitter

if TYPE_CHECKING:
    from .async_client import AsyncHubClient
    from .client import HubClient
    from .settings import Settings
    from .watcher import PollingSchedule

__all__ = ["AsyncJobs", "Jobs", "age_of"]

Status: TypeAlias = "JobStatus | str"
OnStatus: TypeAlias = "Callable[[Status], object]"


class _JobCalls(Group):
    """What both clients do with jobs, as steps."""

    _submitter: Submitter

    @both
    def create(self, request: JobRequest, *, token: str | None = None) -> Steps[Job]:
        """Create a job, exactly once: see `shared_transport.submission`.

        Args:
            request: The job.
            token: A token of your own: the same one never creates a second job, also in another run of the
                program. By default a fresh one.

        Raises:
            SubmissionUncertainError: Nobody knows whether the job exists; the error has the token.
            ValidationError: The Hub refuses it.
        """
        return self._submitter.job(request, token)

    @both
    def page(self, page: int = 0, size: int = 20, sort: Sequence[str] = ()) -> Steps[Page[Job]]:
        """One page of jobs, counted from zero. Its order is not to be relied on."""
        return self._execute(operations.search_jobs(page, size, sort))

    @listed
    def list(
        self, *, service_execution_id: str | None = None, newest_first: bool = False
    ) -> Callable[[int], Operation[Page[Job]]]:
        """All jobs, page by page as they are needed.

        Args:
            service_execution_id: Only those of this service execution.
            newest_first: Ask for this order; not every Hub heeds it.
        """
        return lambda number: operations.search_jobs(
            number,
            PAGE_SIZE,
            NEWEST_FIRST if newest_first else (),
            service_execution_id=service_execution_id,
        )

    @both
    def get(self, job_id: str) -> Steps[Job]:
        """What the Hub knows of a job.

        Raises:
            NotFoundError: There is none of this id.
        """
        return self._execute(operations.get_job(job_id))

    @both
    def status(self, job_id: str) -> Steps[Status]:
        """A job's status; a word that this client does not know stays that word."""
        return self._execute(operations.get_job_status(job_id))

    @both
    def input(self, job_id: str) -> Steps[dict[str, Any]]:
        """A job's input as it was sent."""
        return self._execute(operations.get_job_input(job_id))

    @both
    def calibration(self, job_id: str) -> Steps[Calibration | None]:
        """The backend's calibration when the job was executed. None if there is none."""
        return self._execute(operations.get_job_calibration(job_id))

    @both
    def cancel(self, job_id: str) -> Steps[None]:
        """Ask for a job's cancellation. One that has ended stays as it is."""
        return self._execute(operations.cancel_job(job_id))

    @both
    def result(self, job_id: str, *, status: Status | None = None) -> Steps[Any]:
        """The result document of a completed job.

        Args:
            job_id: The job.
            status: Its terminal status where it is known; else it is asked for.

        Raises:
            ResultNotReadyError: The job has not ended.
            JobFailedError: It ended without a result; the error has the Hub's reason.
            JobCancelledError: It was cancelled.
        """
        answer = yield from fetch_result(job_id, status, self._retry)
        return read_json("getJobResult", answer)

    @both
    def result_bytes(self, job_id: str, *, status: Status | None = None) -> Steps[bytes]:
        """The same as `result`, as the JSON text that came, unparsed."""
        answer = yield from fetch_result(job_id, status, self._retry)
        return answer.content

    @both
    def result_to_file(
        self, job_id: str, path: str | Path, *, status: Status | None = None
    ) -> Steps[Path]:
        """Write the result document to a file as it comes, never holding it in memory.

        The file appears under its name once it is whole. A download that breaks off goes on where it was.

        Raises:
            ResultNotReadyError, JobFailedError, JobCancelledError: As `result`.
            OSError: The file cannot be written.
        """
        return save_result(job_id, Path(path), status, self._retry)

    @both
    def input_normalized(self, job_id: str) -> Steps[Any]:
        """A job's input in the Hub's neutral form (API 3.3).

        Raises:
            NotFoundError: This Hub has no such read.
        """
        return self._execute(operations.get_job_input_normalized(job_id))

    @both
    def result_normalized(self, job_id: str) -> Steps[Any]:
        """A job's result in the Hub's neutral form (API 3.3). Errors as `input_normalized`."""
        return self._execute(operations.get_job_result_normalized(job_id))

    @both
    def result_normalized_memory(self, job_id: str) -> Steps[Any]:
        """The outcome of each shot in the Hub's neutral form (API 3.3). Errors as `input_normalized`."""
        return self._execute(operations.get_job_result_normalized_memory(job_id))


class Jobs(_JobCalls, SyncGroup):
    """The jobs of whoever the token belongs to."""

    def __init__(self, client: HubClient) -> None:
        super().__init__(client, client.settings.retry)
        self._hub = client
        self._submitter = client.submitter

    def future(
        self,
        job_id: str,
        *,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
        schedule: PollingSchedule | None = None,
    ) -> concurrent.futures.Future[Status]:
        """A job's end as a future of its terminal status. All waits share one thread.

        Args:
            job_id: The job.
            age: Its age in seconds: 0 for one created just now.
            qpu: Whether it runs on a QPU: one that is not on this machine is not hurried.
            on_status: Called in another thread with each status that is read; what it raises is logged.
            schedule: When to look; by default the client's settings say.
        """
        how = _how(self._hub.settings, age, qpu, on_status, schedule)
        return self._hub.watcher.future(job_id, **how)

    def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
        schedule: PollingSchedule | None = None,
    ) -> Status:
        """Wait until a job has ended.

        Args:
            job_id: The job.
            timeout: Seconds, or None for as long as it takes. An outage ends no wait.
            age: As for `future`.
            qpu: As for `future`.
            on_status: As for `future`.
            schedule: As for `future`.

        Returns:
            The terminal status.

        Raises:
            WaitTimeoutError: The time is over; the job goes on.
            HubError: The job cannot be looked at (401, 403, 404).
        """
        future = self.future(job_id, age=age, qpu=qpu, on_status=on_status, schedule=schedule)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            seen = self._hub.watcher.status(job_id)
        finally:
            self._hub.watcher.release(job_id, future)
        if seen is None:
            seen = self._hub.run(_one_look(job_id))
        if seen is not None and is_terminal(seen):
            return seen
        raise _too_long(job_id, timeout, seen)

    async def wait_async(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        schedule: PollingSchedule | None = None,
    ) -> Status:
        """The same as `wait` for a running event loop, which goes on meanwhile."""
        future = self.future(job_id, age=age, qpu=qpu, schedule=schedule)
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            seen = self._hub.watcher.status(job_id)
        finally:
            self._hub.watcher.release(job_id, future)
        raise _too_long(job_id, timeout, seen)

    def as_completed(
        self,
        job_ids: Iterable[str],
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
    ) -> Iterator[tuple[str, Status]]:
        """Job ids and their terminal statuses in the order in which the jobs end.

        Args:
            job_ids: The jobs.
            timeout: Seconds for all of them, or None for as long as it takes.
            age: As for `future`, of the youngest.
            qpu: As for `future`.
            on_status: As for `future`, for each of the jobs.

        Raises:
            WaitTimeoutError: The time is over; the other jobs go on.
        """
        how: dict[str, Any] = {"age": age, "qpu": qpu, "on_status": on_status}
        waiting = {self.future(job_id, **how): job_id for job_id in dict.fromkeys(job_ids)}
        try:
            for future in concurrent.futures.as_completed(list(waiting), timeout):
                yield waiting.pop(future), future.result()
            return
        except concurrent.futures.TimeoutError:
            left = list(waiting.values())
        finally:
            for future, job_id in waiting.items():
                self._hub.watcher.release(job_id, future)
        raise _too_long(f"{left[0]} and {len(left) - 1} others", timeout)

    def wait_all(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> dict[str, Status]:
        """Wait until all jobs have ended, and give their terminal statuses. Errors as `as_completed`."""
        return dict(self.as_completed(job_ids, timeout=timeout))


class AsyncJobs(_JobCalls, AsyncGroup):
    """The jobs of whoever the token belongs to, to be awaited."""

    def __init__(self, client: AsyncHubClient) -> None:
        super().__init__(client, client.settings.retry)
        self._hub = client
        self._submitter = client.submitter

    def future(
        self,
        job_id: str,
        *,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
    ) -> asyncio.Future[Status]:
        """A job's end as a future of the running event loop. Arguments as for `Jobs.future`."""
        how = _how(self._hub.settings, age, qpu, on_status, None)
        return self._hub.watcher.future(job_id, **how)

    async def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
    ) -> Status:
        """Wait until a job has ended. Arguments and errors as for `Jobs.wait`."""
        future = self.future(job_id, age=age, qpu=qpu, on_status=on_status)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            seen = self._hub.watcher.status(job_id)
        finally:
            self._hub.watcher.release(job_id, future)
        if seen is None:
            seen = await self._hub.run(_one_look(job_id))
        if seen is not None and is_terminal(seen):
            return seen
        raise _too_long(job_id, timeout, seen)

    async def as_completed(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> AsyncIterator[tuple[str, Status]]:
        """As `Jobs.as_completed`."""
        waiting = {self.future(job_id): job_id for job_id in dict.fromkeys(job_ids)}
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while waiting:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                done, _ = await asyncio.wait(
                    waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    others = list(waiting.values())
                    raise _too_long(f"{others[0]} and {len(others) - 1} others", timeout)
                for future in done:
                    yield waiting.pop(future), future.result()
        finally:
            for future, job_id in waiting.items():
                self._hub.watcher.release(job_id, future)

    async def wait_all(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> dict[str, Status]:
        """As `Jobs.wait_all`."""
        return {
            job_id: status async for job_id, status in self.as_completed(job_ids, timeout=timeout)
        }


def age_of(job: Job) -> float:
    """A job's age in seconds by its ``created_at``, at least 0 whatever the clocks say."""
    if job.created_at is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - job.created_at).total_seconds())


def _how(
    settings: Settings,
    age: float,
    qpu: bool,
    on_status: OnStatus | None,
    schedule: PollingSchedule | None,
) -> dict[str, Any]:
    return {
        "schedule": schedule or settings.polling,
        "age": age,
        "patient": qpu and not settings.loopback,
        "on_status": on_status,
    }


def _one_look(job_id: str) -> Steps[Status | None]:
    """A job's status by one request, for a wait that was too short for any; None if it cannot be had."""
    operation = operations.get_job_status(job_id)
    outcome: Outcome = yield Send(operation)
    if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
        return operation.read(outcome)
    return None


def _too_long(job_id: str, timeout: float | None, seen: Status | None = None) -> WaitTimeoutError:
    status = f" (its status is {seen})" if seen is not None else ""
    return WaitTimeoutError(
        f"Job {job_id} had not ended after {timeout:g} s{status}.",
        hint="It goes on: wait again, or give a longer timeout.",
        job_id=job_id,
    )
