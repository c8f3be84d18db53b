"""Reading answers: the Hub's own words, and the error that a failed request becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .errors import (
    AuthenticationError,
    HubError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TransportError,
    ValidationError,
)
from .steps import Answer, Failure, Operation, Outcome

__all__ = ["content_range", "error_of", "read_json", "unreadable", "words_of"]

_BY_STATUS: Mapping[int, tuple[type[HubError], str, str | None]] = {
    401: (
        AuthenticationError,
        "The Hub does not accept the token.",
        "Check that it is complete and has not expired; HubProvider(token=...) or "
        "KQH_PERSONAL_ACCESS_TOKEN sets it, HubProvider.local() needs none.",
    ),
    403: (
        PermissionDeniedError,
        "The token is good, but it does not give access to this.",
        "Check the organization (HubProvider(organization=...)) and the token's scopes.",
    ),
    404: (NotFoundError, "The Hub does not know this.", None),
    429: (
        RateLimitError,
        "The Hub takes no more requests for now.",
        "Wait and send fewer at once.",
    ),
}
_REFUSED = frozenset({400, 409, 410, 413, 415, 422})
_REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id", "request-id", "traceparent")


def error_of(operation: Operation[Any], outcome: Outcome) -> HubError:
    """Make the error that fits a request without success. It is made, not raised."""
    if isinstance(outcome, Failure):
        return TransportError(
            f"The Hub did not answer: {outcome.reason}.",
            hint="Check the network and the base URL (QHUB_QUANTUM_BASE_URL); HubProvider.local() needs neither.",
            operation=operation.name,
        )
    status = outcome.status
    kind: type[HubError]
    hint: str | None
    if operation.since is not None and status in (404, 405, 501):
        kind = NotFoundError
        message = f"This Hub has no {operation.name}: it is part of API {operation.since}."
        hint = f"Or there is no {operation.about}."
    elif status in _BY_STATUS:
        kind, message, hint = _BY_STATUS[status]
    elif status in _REFUSED:
        kind, message, hint = ValidationError, "The Hub refuses the request.", None
    elif status >= 500:
        kind, message, hint = ServerError, "The Hub failed.", "Try again later."
    else:
        kind, message, hint = (
            ServerError,
            f"The Hub answered with the unexpected status {status}.",
            None,
        )
    if operation.about and operation.since is None:
        message = f"{message[:-1]}: {operation.about}."
    return kind(
        message,
        hint=hint,
        operation=operation.name,
        status=status,
        request_id=request_id_of(outcome),
        hub_says=words_of(outcome),
    )


def read_json(operation_name: str, answer: Answer) -> Any:
    """Parse an answer's JSON.

    Raises:
        ServerError: The content is not JSON.
    """
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError) as problem:
        reason = str(problem)
    raise unreadable(operation_name, answer, reason)


def unreadable(operation_name: str, answer: Answer, reason: str) -> ServerError:
    """Make the error for an answer that is not what the API promises."""
    kind = answer.headers.get("content-type", "no content type")
    return ServerError(
        f"The Hub's answer cannot be read: {reason} ({len(answer.content)} bytes, {kind}).",
        hint="Check that the base URL is the Hub's, with its /quantum.",
        operation=operation_name,
        status=answer.status,
        request_id=request_id_of(answer),
    )


def words_of(answer: Answer) -> str | None:
    """The Hub's own words in an error answer: ``detail``, else ``title``, else ``message``, else the text."""
    text = answer.content[:4000].decode("utf-8", "replace").strip()
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None if text.startswith("<") else (text[:500] or None)
    if isinstance(document, dict):
        for key in ("detail", "title", "message", "error"):
            value = document.get(key)
            if isinstance(value, str) and value.strip():
                return value.strip()
            if value:
                return json.dumps(value)[:500]
        return None
    return document if isinstance(document, str) else text[:500] or None


def content_range(headers: Mapping[str, str]) -> tuple[int, int | None]:
    """First byte and total size by an answer's ``Content-Range`` (RFC 9110, 14.4); -1 where it says none."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("content-range", "").strip())
    if found is None:
        return -1, None
    return int(found[1]), int(found[2]) if found[2] != "*" else None


def request_id_of(answer: Answer) -> str | None:
    for name in _REQUEST_ID_HEADERS:
        if name in answer.headers:
            return answer.headers[name]
    return None
