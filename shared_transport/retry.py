"""When to send again, and after how long: a pure function of the attempt and its outcome."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from .answers import error_of
from .steps import Answer, Failure, Operation, Outcome, Send, Sleep, Steps

__all__ = ["RetryPolicy", "with_retries"]

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How patiently a request is repeated.

    Attributes:
        attempts: How often a request is sent at the most.
        first_delay: Seconds before the second attempt; each later delay is three times as long.
        ceiling: The longest delay in seconds.
        retry_after_limit: A ``Retry-After`` beyond this many seconds is not waited for.
        deadline: Seconds for all attempts of one request together.
    """

    attempts: int = 5
    first_delay: float = 0.1
    ceiling: float = 10.0
    retry_after_limit: float = 60.0
    deadline: float = 120.0

    def delay(
        self, attempt: int, outcome: Outcome, *, repeatable: bool, elapsed: float, jitter: float
    ) -> float | None:
        """Say how long to wait before the next attempt.

        Args:
            attempt: How many attempts there were, from 1.
            outcome: How the last one went.
            repeatable: Whether the operation may be sent again although the Hub may have got it. What is
                not repeatable is sent again only where the Hub certainly did nothing: a refused
                connection, or 429.
            elapsed: Seconds since the first attempt.
            jitter: A random number in [0, 1).

        Returns:
            Seconds, or None to stop.
        """
        if attempt >= self.attempts:
            return None
        if isinstance(outcome, Failure):
            again = repeatable or not outcome.sent
        else:
            again = _passes(outcome.status) and (repeatable or outcome.status == 429)
        if not again:
            return None
        wait = min(self.ceiling, self.first_delay * 3.0 ** (attempt - 1)) * (0.5 + 0.5 * jitter)
        asked = retry_after(outcome) if isinstance(outcome, Answer) else None
        if asked is not None:
            if asked > self.retry_after_limit:
                return None
            wait = max(wait, asked)
        return wait if elapsed + wait <= self.deadline else None


def _passes(status: int) -> bool:
    """Whether a status may be gone at the next attempt."""
    return status in (408, 429) or (status >= 500 and status not in (501, 505))


def _was_done(operation: Operation[T], answer: Answer) -> bool:
    """Whether there is nothing left to cancel: the attempt whose answer was lost did it."""
    return operation.method == "DELETE" and answer.status in (409, 410)


def _may_have_arrived(outcome: Outcome) -> bool:
    return outcome.sent if isinstance(outcome, Failure) else outcome.status not in (408, 429)


def retry_after(answer: Answer) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, 10.2.3). None where absent or unreadable."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def with_retries(
    operation: Operation[T],
    policy: RetryPolicy,
    *,
    clock: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] = random.random,
) -> Steps[T]:
    """Send an operation as often as the policy allows and read its answer.

    Raises:
        HubError: the one that fits the last outcome.
    """
    started = clock()
    attempt = 0
    arrived = False
    while True:
        attempt += 1
        outcome: Outcome = yield Send(operation)
        if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
            return operation.read(outcome)
        if arrived and isinstance(outcome, Answer) and _was_done(operation, outcome):
            return operation.read(outcome)
        arrived = arrived or _may_have_arrived(outcome)
        wait = policy.delay(
            attempt,
            outcome,
            repeatable=operation.repeatable,
            elapsed=clock() - started,
            jitter=jitter(),
        )
        if wait is None:
            raise error_of(operation, outcome)
        yield Sleep(wait)
