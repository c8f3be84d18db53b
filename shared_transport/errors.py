"""The errors that this project raises, all of them below `HubError`.

    HubError
    ├── ConfigurationError          nothing was sent: a setting is missing or wrong
    │   └── MissingExtraError       an optional package is not installed
    ├── AuthenticationError         401: no token, or one that the Hub does not know
    ├── PermissionDeniedError       403
    ├── NotFoundError               404, and names that no backend or job has
    ├── ValidationError             400, 409, 410, 413, 415, 422, and what is refused before it is sent
    ├── RateLimitError              429
    ├── ServerError                 5xx, and answers that are not what the API promises
    ├── TransportError              no answer: connection refused, dropped, timed out
    ├── SubmissionUncertainError    a job was sent and nobody knows whether it arrived
    ├── WaitTimeoutError            the time given to a wait is over; the job goes on
    ├── JobFailedError              the job ended without a result
    ├── JobCancelledError
    └── ResultNotReadyError         the job has not ended

Each one carries what is known: the operation of the API, the HTTP status, the request id, the Hub's own
words and a hint. They pickle, and none holds a token or an httpx object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "AuthenticationError",
    "ConfigurationError",
    "HubError",
    "JobCancelledError",
    "JobFailedError",
    "MissingExtraError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResultNotReadyError",
    "ServerError",
    "SubmissionUncertainError",
    "TransportError",
    "ValidationError",
    "WaitTimeoutError",
]


class HubError(Exception):
    """Base of every error that this project raises.

    Attributes:
        message: What went wrong, in one sentence.
        hint: What to do about it, or None.
        operation: The API's operation id, such as ``createJob``, or None where nothing was sent.
        status: The HTTP status, or None where there was no answer.
        request_id: The id that the Hub gave the request, or None.
        hub_says: The Hub's own words, or None.
        job_id: The job concerned, or None.
        job: Of a list of circuits that was submitted in part: the plugin's job with those that were. Else None.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        hub_says: str | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.hub_says = hub_says
        self.job_id = job_id
        self.job: Any = None

    def __str__(self) -> str:
        parts = [self.message]
        if self.hub_says:
            parts.append(f"The Hub says: {self.hub_says}")
        if self.hint:
            parts.append(self.hint)
        facts = [
            f"{label} {value}"
            for label, value in (
                ("operation", self.operation),
                ("HTTP", self.status),
                ("request id", self.request_id),
            )
            if value is not None
        ]
        if facts:
            parts.append(f"({', '.join(facts)})")
        return " ".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, {**self.__dict__})


def _rebuild(kind: type[HubError], message: str, state: dict[str, Any]) -> HubError:
    error = kind.__new__(kind)
    super(HubError, error).__init__(message)
    error.__dict__.update(state)
    return error


class ConfigurationError(HubError):
    """A setting is missing or wrong; nothing was sent."""


class MissingExtraError(ConfigurationError, ImportError):
    """A feature needs packages that are not installed.

    Args:
        feature: What was asked for, as the start of a sentence.
        extra: The extra of ``qhub-plugins`` that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed.",
            hint=f"Install them: pip install 'qhub-plugins[{extra}]'",
        )
        self.extra = extra


class AuthenticationError(HubError):
    """The Hub does not accept the credentials (401), or there are none."""


class PermissionDeniedError(HubError):
    """The credentials are good, but not for this (403)."""


class NotFoundError(HubError):
    """No such backend, job or session (404)."""


class ValidationError(HubError, ValueError):
    """The request is not one that the Hub, the backend or this client can take."""


class RateLimitError(HubError):
    """Too many requests (429), and waiting as the Hub asked did not help."""


class ServerError(HubError):
    """The Hub failed (5xx) or answered something that is not its API."""


class TransportError(HubError, ConnectionError):
    """No answer: the connection was refused, dropped or timed out."""


class SubmissionUncertainError(HubError):
    """A job was sent and its answer was lost: it may or may not exist.

    Attributes:
        token: Marks the submission: the job, if it exists, has the tag ``qhub-token:<token>``.
    """

    def __init__(self, message: str, *, token: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.token = token


class WaitTimeoutError(HubError, TimeoutError):
    """The job had not ended when the given time was over. It goes on; ask again later."""


class JobFailedError(HubError):
    """The job ended as FAILED, ABORTED or DETACHED and has no result."""


class JobCancelledError(HubError):
    """The job was cancelled and has no result."""


class ResultNotReadyError(HubError):
    """The job has not ended yet, so there is no result yet."""


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """A hint for a word that is not known: what is spelled alike, or else this."""
    import difflib  # only where something is misspelled

    near = difflib.get_close_matches(word, list(known))
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else otherwise
