"""The API, served: backends and jobs, below `/quantum`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from local_hub import problems
from local_hub.admission import admit, find_backend
from local_hub.auth import Authentication
from local_hub.catalog import Backend, Catalog
from local_hub.executor import LocalExecutor
from local_hub.lifecycle import Lifecycle
from local_hub.problems import Problem
from local_hub.records import JobRecord, Status
from local_hub.schemas import BackendState, Job, JobPage, JobStatus
from local_hub.settings import Settings
from local_hub.store import Store

PREFIX = "/quantum"
_LARGEST_PAGE = 100
_LARGE_BODY = (
    2**20
)  # from here on a body is read by a thread, so that others are answered meanwhile


def create_app(settings: Settings) -> FastAPI:
    """Build the application. Its lifespan opens the store, starts the workers and ends them."""
    catalog = Catalog()
    store = Store(f"sqlite:///{settings.state / 'hub.sqlite'}")
    lifecycle = Lifecycle(settings, catalog, store)
    auth = Authentication(settings.token)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        lifecycle.start(
            LocalExecutor(settings.workers, settings.job_memory_limit, lifecycle.dispatch)
        )
        yield
        await lifecycle.close()
        store.close()

    app = FastAPI(title="Local Hub", openapi_url=None, lifespan=lifespan)
    problems.install(app)
    app.include_router(_backends(catalog, lifecycle, auth), prefix=PREFIX)
    app.include_router(
        _jobs(settings, catalog, lifecycle, store),
        prefix=PREFIX,
        dependencies=[Depends(auth.required)],
    )
    return app


def _backends(catalog: Catalog, lifecycle: Lifecycle, auth: Authentication) -> APIRouter:
    router = APIRouter()
    known = Depends(auth.optional)
    required = Depends(auth.required)

    def view(backend: Backend, full: bool) -> dict[str, Any]:
        if full:
            return {**backend.document, "queue_size": lifecycle.queue_size(backend.id)}
        public = {key: value for key, value in backend.document.items() if key != "availability"}
        return {**public, "has_calibration": False}

    @router.get("/backends")
    async def get_backends(
        provider: str | None = None, onlyPlanqkSdk: bool = False, full: bool = known
    ) -> list[dict[str, Any]]:
        found = [
            backend for backend in catalog.all() if provider is None or backend.provider == provider
        ]
        if onlyPlanqkSdk:
            found = [
                backend
                for backend in found
                if "PLANQK" in backend.document["documentation"].get("sdks", [])
            ]
        return [view(backend, full) for backend in found]

    @router.get("/backends/least-busy", dependencies=[required])
    async def get_least_busy(provider: str, minQubits: int = 0) -> dict[str, Any]:
        if provider != "IBM":
            raise Problem(400, f"`provider` {provider} is not supported here: only IBM is.")
        found = [
            item
            for item in catalog.all()
            if item.provider == provider and item.qubit_count >= minQubits
        ]
        if not found:
            raise Problem(
                404, f"There is no backend of {provider} with at least {minQubits} qubits."
            )
        return view(min(found, key=lambda item: lifecycle.queue_size(item.id)), True)

    @router.get("/backends/{backend_id}")
    async def get_backend(backend_id: str, full: bool = known) -> dict[str, Any]:
        backend = find_backend(catalog, backend_id)
        if full:
            lifecycle.expect(backend_id)
        return view(backend, full)

    @router.get("/backends/{backend_id}/status", response_model_exclude_none=True)
    async def get_backend_status(backend_id: str, full: bool = known) -> BackendState:
        find_backend(catalog, backend_id)
        if not full:
            return BackendState(status="ONLINE")
        average, waiting = lifecycle.queue_average(backend_id), lifecycle.queue_size(backend_id)
        return BackendState(status="ONLINE", queue_avg_time=average, queue_size=waiting)

    @router.get("/backends/{backend_id}/config", dependencies=[required])
    async def get_backend_config(backend_id: str) -> Response:
        backend = find_backend(catalog, backend_id)
        lifecycle.expect(backend_id)
        return _json(backend.config)

    @router.get("/backends/{backend_id}/calibration", dependencies=[required])
    async def get_backend_calibration(
        backend_id: str, effectiveAt: datetime | None = None
    ) -> Response:
        find_backend(catalog, backend_id)
        return Response(status_code=204)

    return router


def _jobs(settings: Settings, catalog: Catalog, lifecycle: Lifecycle, store: Store) -> APIRouter:
    router = APIRouter(prefix="/jobs")

    def find(job_id: str) -> JobRecord:
        record = lifecycle.get(_job_id(job_id))
        if record is None:
            raise Problem(404, f"There is no job {job_id}.")
        return record

    async def document(job_id: str) -> bytes:
        record = find(job_id)
        if record.status in (Status.COMPLETED, Status.FAILED):
            body = await store.result(record.id)
            if body is not None:
                return body
        raise Problem(
            404,
            f"There is no result of a job {job_id}; a job has one when it is COMPLETED or FAILED.",
        )

    @router.post("", status_code=201, response_model_exclude_none=True)
    async def create_job(request: Request) -> Job:
        body = await _body(request, settings.max_body)
        if len(body) < _LARGE_BODY:
            admission = admit(body, catalog, settings)
        else:
            admission = await asyncio.to_thread(admit, body, catalog, settings)
        return Job.of(await lifecycle.submit(admission))

    @router.get("", response_model_exclude_none=True)
    async def search_jobs(
        page: Annotated[int, Query(ge=0)] = 0,
        size: Annotated[int, Query(ge=1)] = 20,
        sort: Annotated[list[str] | None, Query()] = None,
        serviceExecutionId: uuid.UUID | None = None,
    ) -> JobPage:
        size = min(size, _LARGEST_PAGE)
        if serviceExecutionId is not None:  # no job here belongs to a service execution
            return JobPage(content=[], page=page, size=size, total_elements=0, total_pages=0)
        order = [
            (name, way.lower() == "desc")
            for name, _, way in (text.partition(",") for text in sort or [])
        ]
        records, total = store.page(page, size, order)
        content = [Job.of(lifecycle.current(record)) for record in records]
        return JobPage(
            content=content,
            page=page,
            size=size,
            total_elements=total,
            total_pages=-(-total // size),
        )

    @router.get("/{job_id}", response_model_exclude_none=True)
    async def get_job(job_id: str) -> Job:
        return Job.of(find(job_id))

    @router.delete("/{job_id}", status_code=204)
    async def cancel_job(job_id: str) -> Response:
        if not await lifecycle.cancel(_job_id(job_id)):
            raise Problem(404, f"There is no job {job_id}.")
        return Response(status_code=204)

    @router.get("/{job_id}/status")
    async def get_job_status(job_id: str) -> JobStatus:
        return JobStatus(status=find(job_id).status.value)

    @router.get("/{job_id}/result")
    async def get_job_result(job_id: str) -> Response:
        return _json(await document(job_id))

    @router.get("/{job_id}/result-stream")
    async def get_job_result_stream(job_id: str) -> Response:
        body = await document(job_id)
        name = f'attachment; filename="{_job_id(job_id)}.json"'
        return Response(
            body, media_type="application/octet-stream", headers={"Content-Disposition": name}
        )

    @router.get("/{job_id}/input")
    async def get_job_input(job_id: str) -> Response:
        body = await store.input(find(job_id).id)
        if body is None:
            raise Problem(404, f"There is no input of a job {job_id}.")
        return _json(body)

    @router.get("/{job_id}/calibration")
    async def get_job_calibration(job_id: str) -> Response:
        find(job_id)
        return Response(status_code=204)

    return router


def _job_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Problem(404, f"There is no job {text!r}: a job's id is a UUID.") from None


async def _body(request: Request, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Problem(
                422,
                f"The body has more than {limit} bytes, this Hub's limit: make the input smaller.",
            )
        parts.append(part)
    return b"".join(parts)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
