"""The requests that a fault can name: the API's operations by their ids, and methods with paths."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cached_property

LOGIN = "login"

_BACKENDS = {
    "": {"GET": "getBackends"},
    "/least-busy": {"GET": "getLeastBusyBackend"},
    "/*": {"GET": "getBackend"},
    "/*/status": {"GET": "getBackendStatus"},
    "/*/config": {"GET": "getBackendConfig"},
    "/*/calibration": {"GET": "getBackendCalibration"},
}
_JOBS = {
    "": {"GET": "searchJobs", "POST": "createJob"},
    "/*": {"GET": "getJob", "DELETE": "cancelJob"},
    "/*/status": {"GET": "getJobStatus"},
    "/*/result": {"GET": "getJobResult"},
    "/*/result-stream": {"GET": "getJobResultStream"},
    "/*/input": {"GET": "getJobInput"},
    "/*/calibration": {"GET": "getJobCalibration"},
}
_SESSIONS = {
    "": {"POST": "createSession"},
    "/*": {"GET": "getSession", "PATCH": "updateSessionState", "DELETE": "closeSession"},
    "/*/status": {"GET": "getSessionStatus"},
    "/*/jobs": {"GET": "getSessionJobs"},
}
_WITHIN_SERVICE_EXECUTION = {
    "/workloads": {"GET": "getServiceExecutionWorkloads"},
    "/jobs/*": {"GET": "getServiceExecutionJob", "DELETE": "cancelServiceExecutionJob"},
    "/jobs/*/status": {"GET": "getServiceExecutionJobStatus"},
    "/jobs/*/result-stream": {"GET": "getServiceExecutionJobResultStream"},
    "/jobs/*/input": {"GET": "getServiceExecutionJobInput"},
    "/jobs/*/calibration": {"GET": "getServiceExecutionJobCalibration"},
    "/sessions/*": {
        "PATCH": "updateServiceExecutionSessionState",
        "DELETE": "closeServiceExecutionSession",
    },
    "/sessions/*/status": {"GET": "getServiceExecutionSessionStatus"},
    "/sessions/*/jobs": {"GET": "getServiceExecutionSessionJobs"},
}
_GROUPS = {
    "/backends": _BACKENDS,
    "/jobs": _JOBS,
    "/sessions": _SESSIONS,
    "/service-executions/*": _WITHIN_SERVICE_EXECUTION,
    "": {"/workloads": {"GET": "getWorkloads"}, "/oauth/token": {"POST": LOGIN}},
}


@dataclass(frozen=True)
class Pattern:
    """Requests, as a fault's text names them.

    Attributes:
        method: The method; None for any.
        path: The path below `/quantum`, `*` for any one part of it; None for any.
        name: The id of the operation, where it was named so.
    """

    method: str | None
    path: str | None
    name: str | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one of these."""
        if self.method not in (None, method):
            return False
        return self._expression is None or self._expression.fullmatch(path) is not None

    @cached_property
    def _expression(self) -> re.Pattern[str] | None:
        if self.path is None:
            return None
        text = "/".join("[^/]+" if part == "*" else re.escape(part) for part in _parts(self.path))
        # `least-busy` is an operation of its own, not the id of a backend.
        return re.compile(f"(?!/backends/least-busy$){text}" if "*" in self.path else text)

    def __str__(self) -> str:
        return self.name or f"{self.method or ''} {self.path or ''}".strip()


OPERATIONS = {
    name: Pattern(method, group + path, name)
    for group, paths in _GROUPS.items()
    for path, methods in paths.items()
    for method, name in methods.items()
}
"""All operations of the API, and the login, by their ids."""

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_BY_PATH = re.compile(r"(?:([A-Z]+)\s*)?(/\S*)?")


def parse_pattern(text: str) -> Pattern:
    """Read the name of an operation, or a method and a path.

    Raises:
        ValueError: It is neither.
    """
    text = text.strip()
    if text in OPERATIONS:
        return OPERATIONS[text]
    found = _BY_PATH.fullmatch(text)
    if found and any(found.groups()) and found[1] in (None, *_METHODS):
        path = found[2] and re.sub(r"\{[^/}]*\}", "*", found[2].removeprefix("/quantum"))
        return Pattern(found[1], path)
    near = difflib.get_close_matches(text, OPERATIONS, n=3, cutoff=0.5) or ["createJob"]
    raise ValueError(
        f"{text!r} names no operation of the API: use {' or '.join(near)}, or a method and a path "
        "such as GET /jobs/*"
    )


def name_of(method: str, path: str) -> str:
    """The id of a request's operation; its method and path where it is none of the API's."""
    for name, pattern in OPERATIONS.items():
        if pattern.matches(method, path):
            return name
    return f"{method} {path}"


def _parts(path: str) -> list[str]:
    return path.split("/")
