"""A job's result, as steps: the document, or the error that says why there is none."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import IO, Any

from . import operations
from .answers import content_range, error_of
from .errors import (
    HubError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    ResultNotReadyError,
)
from .models import JobStatus, is_terminal
from .retry import RetryPolicy, with_retries
from .steps import Answer, Outcome, Save, Sleep, Steps

__all__ = ["fetch_result", "save_result"]

# A job may be COMPLETED a moment before its result can be read: seconds between the attempts.
_UNTIL_IT_IS_THERE = (0.1, 0.5, 2.0)


def fetch_result(job_id: str, status: JobStatus | str | None, retry: RetryPolicy) -> Steps[Answer]:
    """The result document as it came.

    Args:
        job_id: The job.
        status: Its status where it is known; else it is asked for.
        retry: How patiently.

    Raises:
        ResultNotReadyError: The job has not ended.
        JobFailedError, JobCancelledError: It ended without a result.
    """
    yield from _require_result(job_id, status, retry)
    operation = operations.get_job_result(job_id)
    for pause in (*_UNTIL_IT_IS_THERE, None):
        try:
            return (yield from with_retries(operation, retry))
        except NotFoundError:
            if pause is None:
                break
        yield Sleep(pause)
    raise _not_ready(job_id, JobStatus.COMPLETED)


def save_result(
    job_id: str, path: Path, status: JobStatus | str | None, retry: RetryPolicy
) -> Steps[Path]:
    """Write the result document to a file as it comes, and give it its name once it is whole.

    A download that breaks off goes on where it broke off, if the Hub can do that (206).

    Raises:
        OSError: The file cannot be written.
        HubError: As `fetch_result`, or the Hub does not answer.
    """
    yield from _require_result(job_id, status, retry)
    operation = operations.get_job_result_stream(job_id)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            attempt = furthest = 0
            while True:
                attempt += 1
                before = file.tell()
                outcome: Outcome = yield Save(operation, file, before)
                if isinstance(outcome, Answer) and _is_whole(outcome, before, file.tell()):
                    break
                if file.tell() > furthest:
                    attempt, furthest = 1, file.tell()  # it moved: the patience begins anew
                wait = _until_the_rest(outcome, before, file, attempt, retry)
                if wait is None:
                    missing = isinstance(outcome, Answer) and outcome.status == 404
                    raise (
                        _not_ready(job_id, JobStatus.COMPLETED)
                        if missing
                        else error_of(operation, outcome)
                    )
                yield Sleep(wait)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return path


def _is_whole(answer: Answer, before: int, after: int) -> bool:
    """Whether a file is complete after an answer."""
    if answer.status == 206:
        start, total = content_range(answer.headers)
        return start == before and total in (None, after)
    return answer.status == 200


def _until_the_rest(
    outcome: Outcome, before: int, file: IO[bytes], attempt: int, retry: RetryPolicy
) -> float | None:
    """Seconds until the rest of a file is asked for, or None to give up."""
    status = outcome.status if isinstance(outcome, Answer) else None
    if status == 404:
        return _UNTIL_IT_IS_THERE[attempt - 1] if attempt <= len(_UNTIL_IT_IS_THERE) else None
    if status == 206 and file.tell() > before:
        return 0.0
    if status in (206, 416) and before and attempt < retry.attempts:
        # Another part than the asked one, or the Hub has none: all of it anew.
        file.seek(0)
        file.truncate()
        return 0.0
    return retry.delay(attempt, outcome, repeatable=True, elapsed=0.0, jitter=1.0)


def _require_result(job_id: str, status: JobStatus | str | None, retry: RetryPolicy) -> Steps[None]:
    if status is None:
        status = yield from with_retries(operations.get_job_status(job_id), retry)
    if status == JobStatus.CANCELLED:
        raise JobCancelledError(f"Job {job_id} was cancelled.", job_id=job_id)
    if status == JobStatus.FAILED:
        failure = yield from _failure(job_id, retry)
        raise failure
    if is_terminal(status) and status != JobStatus.COMPLETED:
        raise JobFailedError(f"Job {job_id} ended as {status} and has no result.", job_id=job_id)
    if not is_terminal(status):
        raise _not_ready(job_id, status)


def _not_ready(job_id: str, status: JobStatus | str) -> ResultNotReadyError:
    return ResultNotReadyError(
        f"Job {job_id} has no result yet (its status is {status}).",
        hint="Wait for its end first."
        if not is_terminal(status)
        else "The Hub has not stored it yet; ask again.",
        job_id=job_id,
    )


def _failure(job_id: str, retry: RetryPolicy) -> Steps[JobFailedError]:
    try:
        answer = yield from with_retries(operations.get_job_result(job_id), retry)
        document: Any = json.loads(answer.content)
    except (ValueError, RecursionError, HubError):
        document = {}
    error = document.get("error") if isinstance(document, dict) else None
    error = error if isinstance(error, dict) else {"message": error}
    code = f" [{error['code']}]" if error.get("code") else ""
    return JobFailedError(
        f"Job {job_id} failed{code}.",
        hub_says=str(error.get("message") or "no reason given"),
        job_id=job_id,
    )
