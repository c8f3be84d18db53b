"""The operations within a service execution: of its owner, or with its own token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from local_hub.access import Access, Caller
from local_hub.api.common import PageNumber, PageSize, Sort, uuid_of
from local_hub.api.jobs import JobReads
from local_hub.api.sessions import SessionCalls
from local_hub.api.workloads import workload_page
from local_hub.records import Scope
from local_hub.schemas import Job, JobStatus, Page, Session, SessionState, Workload
from local_hub.store import Store


def service_executions(
    reads: JobReads, calls: SessionCalls, store: Store, access: Access
) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/service-executions/{execution_id}")
    page_of = workload_page(store)

    async def scope_of(
        execution_id: str, caller: Annotated[Caller, Depends(access.required)]
    ) -> Scope:
        return caller.service_execution(uuid_of(execution_id, "service execution"), store.accounts)

    Within = Annotated[Scope, Depends(scope_of)]

    @router.get("/workloads", response_model_exclude_none=True)
    async def get_workloads(
        scope: Within, page: PageNumber = 0, size: PageSize = 20, sort: Sort = None
    ) -> Page[Workload]:
        return page_of(scope, page, size, sort, {})

    @router.get("/jobs/{job_id}", response_model_exclude_none=True)
    async def get_job(job_id: str, scope: Within) -> Job:
        return Job.of(reads.find(job_id, scope))

    @router.delete("/jobs/{job_id}", status_code=204)
    async def cancel_job(job_id: str, scope: Within) -> Response:
        return await reads.cancel(job_id, scope)

    @router.get("/jobs/{job_id}/status")
    async def get_job_status(job_id: str, scope: Within) -> JobStatus:
        return JobStatus(status=reads.find(job_id, scope).status.value)

    @router.get("/jobs/{job_id}/result-stream")
    async def get_job_result_stream(job_id: str, request: Request, scope: Within) -> Response:
        return await reads.result_file(request, job_id, scope)

    @router.get("/jobs/{job_id}/input")
    async def get_job_input(job_id: str, scope: Within) -> Response:
        return await reads.input(job_id, scope)

    @router.get("/jobs/{job_id}/calibration")
    async def get_job_calibration(job_id: str, scope: Within) -> Response:
        return reads.calibration(job_id, scope)

    @router.patch("/sessions/{session_id}", response_model_exclude_none=True)
    async def update_session_state(session_id: str, request: Request, scope: Within) -> Session:
        return await calls.update(session_id, request, scope)

    @router.delete("/sessions/{session_id}", status_code=204)
    async def close_session(session_id: str, scope: Within) -> Response:
        return await calls.close(session_id, scope)

    @router.get("/sessions/{session_id}/status")
    async def get_session_status(session_id: str, scope: Within) -> SessionState:
        return SessionState(status=calls.get(session_id, scope).status)

    @router.get("/sessions/{session_id}/jobs", response_model_exclude_none=True)
    async def get_session_jobs(session_id: str, scope: Within) -> list[Job]:
        return calls.jobs(session_id, scope)

    return router
