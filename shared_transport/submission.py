"""Creating a job, as steps: never twice, and never silently lost.

Each submission carries a fresh token among its tags. Whether a POST arrived is in doubt after a time-out, a
lost connection, 502, 503, 504, or an answer without an id: then this client does not send it again, and the
error names the token. A refused connection and 429 are no doubt: nothing was created, so it is sent again.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable

from . import operations
from .answers import error_of, request_id_of, words_of
from .errors import HubError, SubmissionUncertainError
from .models import Job, JobRequest
from .retry import RetryPolicy
from .steps import Answer, Failure, Outcome, Send, Sleep, Steps
from .tags import token_tag

__all__ = ["submit"]

_log = logging.getLogger(__name__)


def submit(
    request: JobRequest,
    policy: RetryPolicy,
    *,
    clock: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] = random.random,
) -> Steps[Job]:
    """Create a job.

    Returns:
        The job as the Hub describes it; its id is there.

    Raises:
        SubmissionUncertainError: Nobody knows whether the job exists; the error has its token.
        HubError: The job certainly does not exist.
    """
    token = uuid.uuid4().hex
    tagged = request.model_copy(update={"tags": (*request.tags, token_tag(token))})
    operation = operations.create_job(tagged)
    started = clock()
    attempt = 0
    while True:
        attempt += 1
        outcome: Outcome = yield Send(operation)
        if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
            try:
                job = operation.read(outcome)
            except HubError:
                job = Job()
            if job.id:
                _log.info("job %s created on %s", job.id, request.backend_id)
                return job
            raise _uncertain(request, token, "its answer has no job id", outcome)
        elapsed = clock() - started
        wait = policy.delay(attempt, outcome, repeatable=False, elapsed=elapsed, jitter=jitter())
        if wait is not None:
            yield Sleep(wait)
            continue
        if isinstance(outcome, Failure):
            if not outcome.sent:
                raise error_of(operation, outcome)
            raise _uncertain(request, token, outcome.reason)
        if outcome.status in (502, 503, 504):
            raise _uncertain(request, token, words_of(outcome) or f"HTTP {outcome.status}", outcome)
        raise error_of(operation, outcome)


def _uncertain(
    request: JobRequest, token: str, reason: str, answer: Answer | None = None
) -> SubmissionUncertainError:
    return SubmissionUncertainError(
        f"A job was sent to {request.backend_id} and its answer was lost ({reason}): "
        "it may exist, so it was not sent again.",
        token=token,
        hint=f"If it exists, it carries the tag {token_tag(token)!r}: look among your newest jobs "
        "before you send it again.",
        operation="createJob",
        status=answer.status if answer else None,
        request_id=request_id_of(answer) if answer else None,
    )
