"""The operations of the Hub API, one small function each, without I/O.

A function describes a request and how its answer is read; `HubClient` executes it. Names follow the API's
operation ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from .answers import read_json, unreadable
from .errors import ValidationError
from .models import (
    Backend,
    BackendStateInfo,
    Calibration,
    Job,
    JobRequest,
    JobStatus,
    JobStatusAnswer,
    Page,
)
from .steps import Answer, Operation

__all__ = [
    "cancel_job",
    "create_job",
    "get_backend",
    "get_backend_calibration",
    "get_backend_config",
    "get_backend_status",
    "get_backends",
    "get_job",
    "get_job_calibration",
    "get_job_input",
    "get_job_result",
    "get_job_status",
    "get_least_busy_backend",
    "search_jobs",
]

M = TypeVar("M", bound=BaseModel)


# --- backends ---------------------------------------------------------------------------------------------


def get_backends(
    provider: str | None = None, only_planqk_sdk: bool | None = None
) -> Operation[list[Backend]]:
    """``GET /backends``: all backends. Works without a token, in a reduced view."""
    params = _params(provider=provider, onlyPlanqkSdk=only_planqk_sdk)
    return Operation(
        "getBackends", "GET", "/backends", _list("getBackends", Backend), params, needs_token=False
    )


def get_backend(backend_id: str) -> Operation[Backend]:
    """``GET /backends/{id}``: one backend."""
    return _about_backend("getBackend", backend_id, "", _model("getBackend", Backend))


def get_backend_status(backend_id: str) -> Operation[BackendStateInfo]:
    """``GET /backends/{id}/status``: whether it runs, and its queue."""
    read = _model("getBackendStatus", BackendStateInfo)
    return _about_backend("getBackendStatus", backend_id, "/status", read)


def get_backend_config(backend_id: str) -> Operation[dict[str, Any]]:
    """``GET /backends/{id}/config``: the device document in the vendor's own form."""
    read = _object("getBackendConfig")
    return _about_backend("getBackendConfig", backend_id, "/config", read, needs_token=True)


def get_backend_calibration(
    backend_id: str, effective_at: datetime | None = None
) -> Operation[Calibration | None]:
    """``GET /backends/{id}/calibration``: the newest, or the one effective at a time. None if there is none."""
    read = _model_or_none("getBackendCalibration", Calibration)
    params = _params(effectiveAt=_rfc3339(effective_at) if effective_at else None)
    return _about_backend(
        "getBackendCalibration", backend_id, "/calibration", read, params, needs_token=True
    )


def get_least_busy_backend(provider: str, min_qubits: int | None = None) -> Operation[Backend]:
    """``GET /backends/least-busy``: of IBM's backends; other providers are refused by the Hub (400)."""
    params = _params(provider=provider, minQubits=min_qubits)
    name = "getLeastBusyBackend"
    return Operation(
        name, "GET", "/backends/least-busy", _model(name, Backend), params, needs_token=False
    )


# --- jobs -------------------------------------------------------------------------------------------------


def create_job(request: JobRequest) -> Operation[Job]:
    """``POST /jobs``: create a job."""
    return Operation(
        "createJob",
        "POST",
        "/jobs",
        _model("createJob", Job),
        body=request.to_json(),
        about=f"a job for backend {request.backend_id!r}",
    )


def search_jobs(
    page: int = 0,
    size: int = 20,
    sort: Sequence[str] = (),
    service_execution_id: str | None = None,
) -> Operation[Page[Job]]:
    """``GET /jobs``: one page of jobs. The order of the answer is not to be relied on."""
    params = _params(page=page, size=size, sort=sort, serviceExecutionId=service_execution_id)
    return Operation("searchJobs", "GET", "/jobs", _model("searchJobs", Page[Job]), params)


def get_job(job_id: str) -> Operation[Job]:
    """``GET /jobs/{id}``: what the Hub knows of a job."""
    return _about_job("getJob", job_id, "", _model("getJob", Job))


def get_job_status(job_id: str) -> Operation[JobStatus | str]:
    """``GET /jobs/{id}/status``: its status alone."""
    model = _model("getJobStatus", JobStatusAnswer)
    return _about_job(
        "getJobStatus", job_id, "/status", lambda answer: model(answer).status or JobStatus.UNKNOWN
    )


def get_job_result(job_id: str) -> Operation[Answer]:
    """``GET /jobs/{id}/result``: the result document as it came; 404 until the job has ended."""
    return _about_job("getJobResult", job_id, "/result", lambda answer: answer)


def get_job_input(job_id: str) -> Operation[dict[str, Any]]:
    """``GET /jobs/{id}/input``: the input as it was sent."""
    return _about_job("getJobInput", job_id, "/input", _object("getJobInput"))


def get_job_calibration(job_id: str) -> Operation[Calibration | None]:
    """``GET /jobs/{id}/calibration``: the calibration at execution. None if there is none."""
    read = _model_or_none("getJobCalibration", Calibration)
    return _about_job("getJobCalibration", job_id, "/calibration", read)


def cancel_job(job_id: str) -> Operation[None]:
    """``DELETE /jobs/{id}``: ask for its cancellation."""
    return _about_job("cancelJob", job_id, "", lambda answer: None, method="DELETE")


# --- how paths, parameters and answers are made and read -----------------------------------------------------

T = TypeVar("T")


def _about_backend(
    name: str,
    backend_id: str,
    tail: str,
    read: Callable[[Answer], T],
    params: tuple[tuple[str, str], ...] = (),
    *,
    needs_token: bool = False,
) -> Operation[T]:
    path = f"/backends/{_part('backend id', backend_id)}{tail}"
    return Operation(
        name, "GET", path, read, params, needs_token=needs_token, about=f"backend {backend_id!r}"
    )


def _about_job(
    name: str, job_id: str, tail: str, read: Callable[[Answer], T], *, method: str = "GET"
) -> Operation[T]:
    path = f"/jobs/{_part('job id', job_id)}{tail}"
    return Operation(name, method, path, read, about=f"job {job_id}")


def _part(what: str, value: str) -> str:
    """One part of a path. An empty one or dots would be normalized into another path on the way."""
    if value in ("", ".", "..") or len(value) > 1000:
        raise ValidationError(f"{value[:50]!r} is not a {what}.")
    return quote(value, safe="")


def _params(**values: str | int | bool | Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        if value is None:
            continue
        if isinstance(value, bool):
            pairs.append((key, "true" if value else "false"))
        elif isinstance(value, (str, int)):
            pairs.append((key, str(value)))
        else:
            pairs.extend((key, item) for item in value)
    return tuple(pairs)


def _rfc3339(when: datetime) -> str:
    if when.tzinfo is None:
        raise ValueError("effective_at needs a time zone, such as datetime.now(timezone.utc)")
    return when.isoformat()


def _object(name: str) -> Callable[[Answer], dict[str, Any]]:
    def read(answer: Answer) -> dict[str, Any]:
        document = read_json(name, answer)
        if not isinstance(document, dict):
            raise unreadable(name, answer, f"an object was expected, not {type(document).__name__}")
        return document

    return read


def _model(name: str, kind: type[M]) -> Callable[[Answer], M]:
    def read(answer: Answer) -> M:
        try:
            return kind.model_validate_json(answer.content)
        except PydanticError as problem:
            reason = problem.errors(include_input=False, include_url=False)[0]["msg"]
        raise unreadable(name, answer, reason)

    return read


def _model_or_none(name: str, kind: type[M]) -> Callable[[Answer], M | None]:
    model = _model(name, kind)
    return lambda answer: None if answer.status == 204 or not answer.content else model(answer)


def _list(name: str, kind: type[M]) -> Callable[[Answer], list[M]]:
    def read(answer: Answer) -> list[M]:
        document = read_json(name, answer)
        if not isinstance(document, list):
            raise unreadable(name, answer, f"a list was expected, not {type(document).__name__}")
        return [kind.model_validate(item) for item in document if isinstance(item, dict)]

    return read
