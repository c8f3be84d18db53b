"""The operations of a service execution: those on jobs, sessions and workloads, within it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from shared_transport.models import (
    Calibration,
    Job,
    JobStatus,
    Page,
    Session,
    SessionStatus,
    Workload,
)
from shared_transport.steps import Answer, Operation

from . import jobs, sessions, workloads
from .describe import segment

T = TypeVar("T")


def get_service_execution_job(service_execution_id: str, job_id: str) -> Operation[Job]:
    """``GET .../jobs/{jobId}``: what the Hub knows of a job."""
    return _within(service_execution_id, jobs.get_job(job_id))


def get_service_execution_job_status(
    service_execution_id: str, job_id: str
) -> Operation[JobStatus | str]:
    """``GET .../jobs/{jobId}/status``: its status alone."""
    return _within(service_execution_id, jobs.get_job_status(job_id))


def get_service_execution_job_input(
    service_execution_id: str, job_id: str
) -> Operation[dict[str, Any]]:
    """``GET .../jobs/{jobId}/input``: the input as it was sent."""
    return _within(service_execution_id, jobs.get_job_input(job_id))


def get_service_execution_job_result_stream(
    service_execution_id: str, job_id: str
) -> Operation[Answer]:
    """``GET .../jobs/{jobId}/result-stream``: the only way to a result inside a service execution."""
    return _within(service_execution_id, jobs.get_job_result_stream(job_id))


def get_service_execution_job_calibration(
    service_execution_id: str, job_id: str
) -> Operation[Calibration | None]:
    """``GET .../jobs/{jobId}/calibration``: the calibration at execution. None if there is none."""
    return _within(service_execution_id, jobs.get_job_calibration(job_id))


def cancel_service_execution_job(service_execution_id: str, job_id: str) -> Operation[None]:
    """``DELETE .../jobs/{jobId}``: ask for its cancellation."""
    return _within(service_execution_id, jobs.cancel_job(job_id))


def get_service_execution_session(service_execution_id: str, session_id: str) -> Operation[Session]:
    """``GET .../sessions/{sessionId}`` (API 3.3): what the Hub knows of a session."""
    return replace(_within(service_execution_id, sessions.get_session(session_id)), since="3.3")


def get_service_execution_session_status(
    service_execution_id: str, session_id: str
) -> Operation[SessionStatus | str]:
    """``GET .../sessions/{sessionId}/status``: its status alone."""
    return _within(service_execution_id, sessions.get_session_status(session_id))


def get_service_execution_session_jobs(
    service_execution_id: str, session_id: str
) -> Operation[list[Job]]:
    """``GET .../sessions/{sessionId}/jobs``: its jobs."""
    return _within(service_execution_id, sessions.get_session_jobs(session_id))


def update_service_execution_session_state(
    service_execution_id: str, session_id: str, *, accept_jobs: bool
) -> Operation[Session]:
    """``PATCH .../sessions/{sessionId}``: whether it takes further jobs."""
    plain = sessions.update_session_state(session_id, accept_jobs=accept_jobs)
    return _within(service_execution_id, plain)


def close_service_execution_session(service_execution_id: str, session_id: str) -> Operation[None]:
    """``DELETE .../sessions/{sessionId}``: end it."""
    return _within(service_execution_id, sessions.close_session(session_id))


def get_service_execution_workloads(
    service_execution_id: str, page: int = 0, size: int = 20, sort: Sequence[str] = ()
) -> Operation[Page[Workload]]:
    """``GET .../workloads``: one page of its jobs and sessions."""
    return _within(service_execution_id, workloads.get_workloads(page, size, sort))


def _within(service_execution_id: str, operation: Operation[T]) -> Operation[T]:
    """The same operation below a service execution: ``getJob`` is ``getServiceExecutionJob`` there."""
    verb, rest = re.fullmatch(r"([a-z]+)(.*)", operation.name).groups()  # type: ignore[union-attr]
    place = f"/service-executions/{segment('service execution id', service_execution_id)}"
    about = operation.about or "workloads"
    return replace(
        operation,
        name=f"{verb}ServiceExecution{rest}",
        path=place + operation.path,
        about=f"{about} of service execution {service_execution_id}",
    )
