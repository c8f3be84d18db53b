"""The operations on jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from shared_transport.models import Calibration, Job, JobStatus, JobStatusAnswer, Page
from shared_transport.requests import JobRequest
from shared_transport.steps import Answer, Operation

from .describe import (
    as_it_came,
    model_of,
    model_or_none,
    nothing,
    object_of,
    query,
    segment,
    value_of,
)

T = TypeVar("T")


def create_job(request: JobRequest) -> Operation[Job]:
    """``POST /jobs``: create a job."""
    name = "createJob"
    about = f"a job for backend {request.backend_id!r}"
    return Operation(
        name, "POST", "/jobs", model_of(name, Job), body=request.to_json(), about=about
    )


def search_jobs(
    page: int = 0,
    size: int = 20,
    sort: Sequence[str] = (),
    service_execution_id: str | None = None,
) -> Operation[Page[Job]]:
    """``GET /jobs``: one page of jobs. The order of the answer is not to be relied on."""
    name = "searchJobs"
    params = query(page=page, size=size, sort=sort, serviceExecutionId=service_execution_id)
    return Operation(name, "GET", "/jobs", model_of(name, Page[Job]), params)


def get_job(job_id: str) -> Operation[Job]:
    """``GET /jobs/{id}``: what the Hub knows of a job."""
    return _of("getJob", job_id, "", model_of("getJob", Job))


def get_job_status(job_id: str) -> Operation[JobStatus | str]:
    """``GET /jobs/{id}/status``: its status alone."""
    answered = model_of("getJobStatus", JobStatusAnswer)
    return _of("getJobStatus", job_id, "/status", lambda a: answered(a).status or JobStatus.UNKNOWN)


def get_job_result(job_id: str) -> Operation[Answer]:
    """``GET /jobs/{id}/result``: the result document as it came; 404 until the job has ended."""
    return _of("getJobResult", job_id, "/result", as_it_came)


def get_job_result_stream(job_id: str) -> Operation[Answer]:
    """``GET /jobs/{id}/result-stream``: the same document as a file."""
    return _of("getJobResultStream", job_id, "/result-stream", as_it_came)


def get_job_input(job_id: str) -> Operation[dict[str, Any]]:
    """``GET /jobs/{id}/input``: the input as it was sent."""
    return _of("getJobInput", job_id, "/input", object_of("getJobInput"))


def get_job_calibration(job_id: str) -> Operation[Calibration | None]:
    """``GET /jobs/{id}/calibration``: the calibration at execution. None if there is none."""
    name = "getJobCalibration"
    return _of(name, job_id, "/calibration", model_or_none(name, Calibration))


def cancel_job(job_id: str) -> Operation[None]:
    """``DELETE /jobs/{id}``: ask for its cancellation."""
    return _of("cancelJob", job_id, "", nothing, method="DELETE")


def get_job_input_normalized(job_id: str) -> Operation[Any]:
    """``GET /jobs/{id}/input/normalized`` (API 3.3): the input in the Hub's neutral form."""
    name = "getJobInputNormalized"
    return _of(name, job_id, "/input/normalized", value_of(name), since="3.3")


def get_job_result_normalized(job_id: str) -> Operation[Any]:
    """``GET /jobs/{id}/result/normalized`` (API 3.3): the result in the Hub's neutral form."""
    name = "getJobResultNormalized"
    return _of(name, job_id, "/result/normalized", value_of(name), since="3.3")


def get_job_result_normalized_memory(job_id: str) -> Operation[Any]:
    """``GET /jobs/{id}/result/normalized/memory`` (API 3.3): the outcome of each shot."""
    name = "getJobResultNormalizedMemory"
    return _of(name, job_id, "/result/normalized/memory", value_of(name), since="3.3")


def _of(
    name: str,
    job_id: str,
    tail: str,
    read: Callable[[Answer], T],
    *,
    method: str = "GET",
    since: str | None = None,
) -> Operation[T]:
    path = f"/jobs/{segment('job id', job_id)}{tail}"
    return Operation(name, method, path, read, about=f"job {job_id}", since=since)
