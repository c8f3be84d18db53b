"""The Hub Quantum Workload API over HTTP. Knows no quantum SDK.

`HubClient` is the client; `Settings` says where the Hub is and who asks; every error is a `HubError`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .async_client import AsyncHubClient
    from .client import HubClient
    from .embedded import embedded_hub
    from .errors import (
        AuthenticationError,
        ConfigurationError,
        HubError,
        JobCancelledError,
        JobFailedError,
        MissingExtraError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        ResultNotReadyError,
        ServerError,
        SubmissionUncertainError,
        TransportError,
        ValidationError,
        WaitTimeoutError,
    )
    from .models import Backend, InputFormat, Job, JobStatus, Session
    from .requests import JobRequest, SessionRequest
    from .retry import RetryPolicy
    from .settings import Settings
    from .watcher import PollingSchedule

__all__ = [
    "AsyncHubClient",
    "AuthenticationError",
    "Backend",
    "ConfigurationError",
    "HubClient",
    "HubError",
    "InputFormat",
    "Job",
    "JobCancelledError",
    "JobFailedError",
    "JobRequest",
    "JobStatus",
    "MissingExtraError",
    "NotFoundError",
    "PermissionDeniedError",
    "PollingSchedule",
    "RateLimitError",
    "ResultNotReadyError",
    "RetryPolicy",
    "ServerError",
    "Session",
    "SessionRequest",
    "Settings",
    "SubmissionUncertainError",
    "TransportError",
    "ValidationError",
    "WaitTimeoutError",
    "embedded_hub",
]

_HOMES = {
    "AsyncHubClient": "async_client",
    "HubClient": "client",
    "embedded_hub": "embedded",
    "Settings": "settings",
    "RetryPolicy": "retry",
    "PollingSchedule": "watcher",
    **dict.fromkeys(("Backend", "InputFormat", "Job", "JobStatus", "Session"), "models"),
    **dict.fromkeys(("JobRequest", "SessionRequest"), "requests"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
