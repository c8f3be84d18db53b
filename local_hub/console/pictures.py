"""Pictures of jobs: drawn by a worker that nobody else needs now."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from local_hub.admission import task_of
from local_hub.catalog import Catalog
from local_hub.engines import engine_name, picture_engine
from local_hub.engines.base import Refused, Task
from local_hub.executor import Lease
from local_hub.lifecycle import Lifecycle
from local_hub.problems import Problem
from local_hub.records import JobRecord
from local_hub.settings import Settings
from local_hub.slot import JobFailed, WorkerDied, WorkerMissing
from local_hub.store import Store

_PATIENCE = 2.0  # seconds that a request waits for a worker, and that a job waits for a drawing one
_LONGEST = 20.0  # seconds that a picture may take, with the time to load what draws it
_LOOKS = 0.05  # seconds
_LARGEST_RESULT = 32 * 2**20  # bytes


class Pictures:
    """Draws one job at a time, and never where a job could run instead."""

    def __init__(
        self, settings: Settings, catalog: Catalog, lifecycle: Lifecycle, store: Store
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._lifecycle = lifecycle
        self._store = store
        self._turn = asyncio.Lock()

    async def of(self, record: JobRecord) -> bytes:
        """Draw a job's circuits and its result, if it has one.

        Returns:
            The document of `local_hub.engines.pictures`, as JSON.

        Raises:
            Problem: 404, its backend or its input is gone; 422, it cannot be drawn; 503, no worker is idle.
        """
        task = await self._task(record)
        engine = engine_name(record.provider, record.input_format)
        until = time.monotonic() + _PATIENCE
        try:
            await asyncio.wait_for(self._turn.acquire(), _PATIENCE)
        except TimeoutError:
            raise Problem(
                503, "Another picture is being drawn; ask again.", retry_after=1
            ) from None
        try:
            lease = await self._lease(engine, until)
            try:
                drawing = lease.run(picture_engine(engine), task, record.id, 0)
                return await self._watched(asyncio.ensure_future(drawing), lease)
            finally:
                lease.release()
        finally:
            self._turn.release()

    async def _task(self, record: JobRecord) -> Task:
        backend = self._catalog.get(record.backend_id)
        body = await self._store.jobs.input(record.id)
        if backend is None or body is None:
            raise Problem(404, f"There is no input of a job {record.id} any more.")
        job = task_of(backend, record, body, self._settings)
        result = await self._store.jobs.result(record.id)
        notes = []
        if result is not None and len(result) > _LARGEST_RESULT:
            size, most = len(result) // 2**20, _LARGEST_RESULT // 2**20
            notes.append(f"The result has {size} MB; histograms are made of up to {most} MB.")
            result = None
        text = None if result is None else result.decode()
        return replace(job, input={"job": job.input, "result": text, "notes": notes})

    async def _lease(self, engine: str, until: float) -> Lease:
        while (lease := self._lifecycle.spare(engine)) is None:
            if time.monotonic() > until:
                raise Problem(503, "No worker is idle; ask again.", retry_after=1)
            await asyncio.sleep(_LOOKS)
        return lease

    async def _watched(self, drawing: asyncio.Future[bytes], lease: Lease) -> bytes:
        """Wait for a drawing; end it when it takes too long, or when a job has waited for its worker."""
        until = time.monotonic() + _LONGEST
        waiting_since: float | None = None
        try:
            while not (await asyncio.wait({drawing}, timeout=_LOOKS))[0]:
                now = time.monotonic()
                if not self._lifecycle.has_waiting:
                    waiting_since = None
                elif waiting_since is None:
                    waiting_since = now
                elif now - waiting_since > _PATIENCE:
                    raise Problem(503, "A job needs the worker; ask again.", retry_after=1)
                if now > until:
                    raise Problem(
                        422,
                        f"The job is too large to draw: it took more than {_LONGEST:g} seconds.",
                    )
            return drawing.result()
        except (Refused, JobFailed, WorkerDied) as error:
            raise Problem(422, f"The job cannot be drawn: {error}") from None
        except WorkerMissing as error:
            raise Problem(503, f"No worker can draw: {error}; ask again.", retry_after=1) from None
        finally:
            if not drawing.done():
                lease.kill()
                drawing.cancel()
