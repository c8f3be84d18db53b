"""The operations on jobs that both clients have, as steps, and what their waits have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from . import operations
from .answers import read_json
from .errors import WaitTimeoutError
from .groups import Group, both, listed
from .listing import NEWEST_FIRST, PAGE_SIZE
from .models import Calibration, Job, JobStatus, Page
from .requests import JobRequest
from .results import fetch_result, save_result
from .steps import Answer, Operation, Outcome, Send, Steps
from .submission import Submitter

if TYPE_CHECKING:
    from .settings import Settings
    from .watcher import PollingSchedule

__all__ = ["JobCalls", "OnStatus", "Status", "age_of", "how_to_wait", "one_look", "too_long"]

Status: TypeAlias = "JobStatus | str"
OnStatus: TypeAlias = "Callable[[Status], object]"


class JobCalls(Group):
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


def age_of(job: Job) -> float:
    """A job's age in seconds by its ``created_at``, at least 0 whatever the clocks say."""
    if job.created_at is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - job.created_at).total_seconds())


def how_to_wait(
    settings: Settings,
    age: float,
    qpu: bool,
    on_status: OnStatus | None,
    schedule: PollingSchedule | None,
) -> dict[str, Any]:
    """Arguments of a watcher's `future`."""
    return {
        "schedule": schedule or settings.polling,
        "age": age,
        "patient": qpu and not settings.loopback,
        "on_status": on_status,
    }


def one_look(job_id: str) -> Steps[Status | None]:
    """A job's status by one request, for a wait that was too short for any; None if it cannot be had."""
    operation = operations.get_job_status(job_id)
    outcome: Outcome = yield Send(operation)
    if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
        return operation.read(outcome)
    return None


def too_long(job_id: str, timeout: float | None, seen: Status | None = None) -> WaitTimeoutError:
    """The error of a wait that is over before the job is."""
    status = f" (its status is {seen})" if seen is not None else ""
    return WaitTimeoutError(
        f"Job {job_id} had not ended after {timeout:g} s{status}.",
        hint="It goes on: wait again, or give a longer timeout.",
        job_id=job_id,
    )
