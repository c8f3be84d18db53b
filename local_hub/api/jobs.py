"""The operations on jobs."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from local_hub.access import Access, Caller
from local_hub.admission import admit
from local_hub.api.common import (
    PageNumber,
    PageSize,
    Sort,
    body_of,
    file_of,
    json_document,
    order_of,
    size_of,
    uuid_of,
)
from local_hub.catalog import Catalog
from local_hub.lifecycle import Lifecycle
from local_hub.problems import Problem
from local_hub.records import JobRecord, Scope, Status
from local_hub.schemas import Job, JobStatus, Page
from local_hub.settings import Settings
from local_hub.store import Store

# From here on a body is read by a thread, so that others are answered meanwhile.
_LARGE_BODY = 2**20


class JobReads:
    """What is asked of one job, by its owner or within a service execution."""

    def __init__(self, catalog: Catalog, lifecycle: Lifecycle, store: Store) -> None:
        self._catalog = catalog
        self._lifecycle = lifecycle
        self._store = store

    def find(self, job_id: str, scope: Scope) -> JobRecord:
        """A job as it is now.

        Raises:
            Problem: 404, there is none of this id in the scope.
        """
        record = self._lifecycle.get(uuid_of(job_id, "job"))
        if record is None or record.scope != scope:
            raise Problem(404, f"There is no job {job_id}.")
        return record

    async def result(self, job_id: str, scope: Scope) -> bytes:
        """A job's result document.

        Raises:
            Problem: 404, there is no such job, or it has no result.
        """
        record = self.find(job_id, scope)
        if record.status in (Status.COMPLETED, Status.FAILED):
            body = await self._store.jobs.result(record.id)
            if body is not None:
                return body
        reason = ""
        if record.status is Status.ABORTED:
            # It never began, so it has no result; what is kept in its place says why.
            body = await self._store.jobs.result(record.id)
            reason = f" It is ABORTED: {json.loads(body)['error']['message']}" if body else ""
        raise Problem(
            404,
            f"There is no result of a job {job_id}; a job has one when it is COMPLETED or FAILED.{reason}",
        )

    async def result_file(self, request: Request, job_id: str, scope: Scope) -> Response:
        """A job's result document as a file."""
        body = await self.result(job_id, scope)
        return file_of(request, uuid_of(job_id, "job"), body)

    async def input(self, job_id: str, scope: Scope) -> Response:
        """A job's input."""
        body = await self._store.jobs.input(self.find(job_id, scope).id)
        if body is None:
            raise Problem(404, f"There is no input of a job {job_id}.")
        return json_document(body)

    def calibration(self, job_id: str, scope: Scope) -> Response:
        """The calibration that held when a job began; when it was made, for one that has not begun."""
        record = self.find(job_id, scope)
        backend = self._catalog.get(record.backend_id)
        moment = datetime.fromtimestamp((record.started_at or record.created_at) / 1000, UTC)
        found = backend.calibration(moment) if backend else None
        return json_document(found.body if found else None)

    async def cancel(self, job_id: str, scope: Scope) -> Response:
        """End a job."""
        await self._store.patiently(self._lifecycle.cancel(self.find(job_id, scope).id))
        return Response(status_code=204)


def jobs(
    settings: Settings,
    catalog: Catalog,
    lifecycle: Lifecycle,
    reads: JobReads,
    store: Store,
    access: Access,
) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/jobs")
    By = Annotated[Caller, Depends(access.required)]

    @router.post("", status_code=201, response_model_exclude_none=True)
    async def create_job(request: Request, caller: By) -> Job:
        body = await body_of(request, settings.max_body)
        if len(body) < _LARGE_BODY:
            admission = admit(body, catalog, settings)
        else:
            admission = await asyncio.to_thread(admit, body, catalog, settings)
        return Job.of(await lifecycle.submit(admission, caller.scope))

    @router.get("", response_model_exclude_none=True)
    async def search_jobs(
        caller: By,
        page: PageNumber = 0,
        size: PageSize = 20,
        sort: Sort = None,
        serviceExecutionId: uuid.UUID | None = None,
    ) -> Page[Job]:
        scope = caller.scope
        if serviceExecutionId is not None:
            scope = caller.service_execution(str(serviceExecutionId), store.accounts)
        size = size_of(size)
        found = store.jobs.page(scope, page, size, order_of(sort))
        content = [Job.of(lifecycle.current(record)) for record in found.content]
        return Page[Job].of(content, page, size, found.total)

    @router.get("/{job_id}", response_model_exclude_none=True)
    async def get_job(job_id: str, caller: By) -> Job:
        return Job.of(reads.find(job_id, caller.scope))

    @router.delete("/{job_id}", status_code=204)
    async def cancel_job(job_id: str, caller: By) -> Response:
        return await reads.cancel(job_id, caller.scope)

    @router.get("/{job_id}/status")
    async def get_job_status(job_id: str, caller: By) -> JobStatus:
        return JobStatus(status=reads.find(job_id, caller.scope).status.value)

    @router.get("/{job_id}/result")
    async def get_job_result(job_id: str, caller: By) -> Response:
        return json_document(await reads.result(job_id, caller.scope))

    @router.get("/{job_id}/result-stream")
    async def get_job_result_stream(job_id: str, request: Request, caller: By) -> Response:
        return await reads.result_file(request, job_id, caller.scope)

    @router.get("/{job_id}/input")
    async def get_job_input(job_id: str, caller: By) -> Response:
        return await reads.input(job_id, caller.scope)

    @router.get("/{job_id}/calibration")
    async def get_job_calibration(job_id: str, caller: By) -> Response:
        return reads.calibration(job_id, caller.scope)

    return router
