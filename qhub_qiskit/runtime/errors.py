"""The errors of IBM's Runtime on the Hub, each of them one of ours and one of IBM's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMRuntimeError

from shared_transport.errors import HubError

__all__ = ["HubRequestError", "NotOnHubError", "asked", "refuse"]

T = TypeVar("T")


class HubRequestError(HubError, RequestsApiError):
    """A request to the Hub that failed, as IBM's own classes expect it of their client: they translate it.

    Attributes:
        status_code: The HTTP status; -1 where there was none.
    """

    def __init__(self, message: str, *, status_code: int = -1, **facts: Any) -> None:
        HubError.__init__(self, message, **facts)
        self.status_code = status_code


class NotOnHubError(HubError, IBMRuntimeError):
    """Something of IBM's service that the Hub has no answer for."""


def asked(call: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
    """Call the Hub.

    Raises:
        NotOnHubError: As it was raised.
        HubRequestError: What went wrong, in all that is known of it; the error of the transport is its cause.
    """
    try:
        return call(*arguments, **keywords)
    except NotOnHubError:
        raise
    except HubError as problem:
        cause = problem
    message = cause.message + (f" The Hub says: {cause.hub_says}" if cause.hub_says else "")
    raise HubRequestError(
        message,
        status_code=cause.status if cause.status is not None else -1,
        hint=cause.hint,
        operation=cause.operation,
        status=cause.status,
        request_id=cause.request_id,
        job_id=cause.job_id,
    ) from cause


def refuse(what: str, instead: str) -> NoReturn:
    """Say that the Hub has no answer for something.

    Raises:
        NotOnHubError: Always.
    """
    raise NotOnHubError(f"The Hub has no {what}.", hint=instead)
