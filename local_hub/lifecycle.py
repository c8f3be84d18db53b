"""Who may run when: queues, runs, second runs, cancellation, and what is left over from the last start."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field

from local_hub.admission import Admission, task_of
from local_hub.catalog import Catalog
from local_hub.engines import engine_name
from local_hub.engines.base import Refused, Task
from local_hub.executor import Executor, Lease
from local_hub.failures import failure_document
from local_hub.identity import JobIds, fingerprint, simulation_seed
from local_hub.problems import Problem
from local_hub.records import JobRecord, Status, now
from local_hub.settings import Settings
from local_hub.slot import JobFailed, WorkerDied
from local_hub.store import Store

_log = logging.getLogger(__name__)

_RUNS = 2  # a job whose worker dies runs once more
_WAITS_REMEMBERED = 20
_PRESTART_AFTER = 0.05  # seconds


@dataclass
class _Active:
    """A job that has not ended."""

    record: JobRecord
    task: Task
    engine: str
    runs: int = 0
    lease: Lease | None = None
    work: asyncio.Task[None] | None = None
    cancelled: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Lifecycle:
    """The jobs that have not ended, in memory; the store has them all."""

    def __init__(self, settings: Settings, catalog: Catalog, store: Store) -> None:
        self._settings = settings
        self._catalog = catalog
        self._store = store
        self._ids = JobIds(settings.seed, store.times_seen)
        self._executor: Executor | None = None
        self._active: dict[str, _Active] = {}
        self._queue: deque[_Active] = deque()
        self._waits: dict[str, deque[int]] = {}
        self._closing = False

    def start(self, executor: Executor) -> None:
        """Begin to compute, first of all what the last start left unfinished."""
        self._executor = executor
        for record, input_body in self._store.unfinished():
            backend = self._catalog.get(record.backend_id)
            if backend is None:
                _log.warning(
                    "job %s waits for backend %s, which is not in the catalog",
                    record.id,
                    record.backend_id,
                )
                continue
            record.status, record.started_at = Status.PENDING, None
            task = task_of(backend, record, input_body, self._settings)
            self._enqueue(_Active(record, task, engine_name(record.provider, record.input_format)))
        self.dispatch()
        asyncio.get_running_loop().call_later(_PRESTART_AFTER, self._prestart)

    async def close(self) -> None:
        """Stop computing. Jobs that have not ended stay so in the store."""
        self._closing = True
        works = [job.work for job in self._active.values() if job.work is not None]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        if self._executor is not None:
            await self._executor.close()

    def expect(self, backend_id: str) -> None:
        """Load a backend's engine ahead: somebody looks at it, so a job may follow."""
        backend = self._catalog.get(backend_id)
        if backend is not None and self._executor is not None and not self._closing:
            self._executor.warm(engine_name(backend.provider, backend.input_formats[0]))

    def queue_size(self, backend_id: str) -> int:
        """How many jobs wait for a backend."""
        return sum(job.record.backend_id == backend_id for job in self._queue)

    def queue_average(self, backend_id: str) -> int:
        """How many seconds the last jobs of a backend waited."""
        waits = self._waits.get(backend_id)
        return round(sum(waits) / len(waits) / 1000) if waits else 0

    def get(self, job_id: str) -> JobRecord | None:
        """A job as it is now."""
        job = self._active.get(job_id)
        return job.record if job else self._store.get(job_id)

    def current(self, record: JobRecord) -> JobRecord:
        """A stored job as it is now."""
        job = self._active.get(record.id)
        return job.record if job else record

    async def submit(self, admission: Admission) -> JobRecord:
        """Accept a job; it is stored when this returns.

        While a warm worker is free, its verdict on the input is awaited for a moment.

        Raises:
            Problem: 422, the worker refused the input. Nothing is stored.
        """
        assert self._executor is not None
        lease = None if self._queue else self._executor.lease(admission.engine)
        check: asyncio.Task[None] | None = None
        try:
            if lease is not None and lease.is_warm(admission.engine):
                check = asyncio.create_task(lease.check(admission.engine, admission.task))
                await asyncio.wait({check}, timeout=self._settings.check_wait)
                if check.done() and isinstance(error := check.exception(), Refused | JobFailed):
                    raise Problem(422, str(error))
            job = _Active(self._record(admission), admission.task, admission.engine)
            self._active[job.record.id] = job
            try:
                await self._store.add(job.record, admission.input_body)
            except BaseException:
                del self._active[job.record.id]
                raise
        except BaseException:
            if lease is not None:
                if check is not None and not check.done():
                    lease.kill()
                    check.cancel()
                lease.release()
            raise
        if lease is None:
            self._queue.append(job)
            self.dispatch()
        else:
            self._begin(job, lease, check)
        return job.record

    async def cancel(self, job_id: str) -> bool:
        """End a job, wherever it is; one that has ended is left as it is.

        Returns:
            Whether there is such a job.
        """
        job = self._active.get(job_id)
        if job is None:
            return self._store.get(job_id) is not None
        job.cancelled = True
        if job in self._queue:
            self._queue.remove(job)
            await self._end(job, Status.CANCELLED, None)
        elif job.lease is not None and job.work is not None:
            lease = job.lease
            lease.kill()
            job.work.cancel()
            await asyncio.wait({job.work})
            if job.lease is not None:  # it was stopped before its first step
                lease.release()
                await self._end(job, Status.CANCELLED, None)
        await job.ended.wait()
        return True

    def dispatch(self) -> None:
        """Give free workers to the jobs that have waited longest."""
        while self._queue and self._executor is not None and not self._closing:
            lease = self._executor.lease(self._queue[0].engine)
            if lease is None:
                return
            self._begin(self._queue.popleft(), lease, None)

    def _prestart(self) -> None:
        """Start one worker ahead of the first job, when the server answers already."""
        if self._executor is not None and not self._closing:
            self._executor.warm()

    def _record(self, admission: Admission) -> JobRecord:
        request, task = admission.request, admission.task
        mark = fingerprint(
            task.backend_id, admission.input_format, task.input, task.params, task.shots
        )
        tags = None if request.tags is None else list(dict.fromkeys(request.tags))
        return JobRecord(
            id=self._ids.next(mark),
            backend_id=task.backend_id,
            provider=admission.backend.provider,
            input_format=admission.input_format,
            shots=task.shots,
            fingerprint=mark,
            created_at=now(),
            name=request.name,
            input_params=request.input_params,
            tags=tags,
            sdk_provider=request.sdk_provider or "CLIENT",
        )

    def _enqueue(self, job: _Active) -> None:
        self._active[job.record.id] = job
        self._queue.append(job)

    def _begin(self, job: _Active, lease: Lease, check: asyncio.Task[None] | None) -> None:
        job.lease = lease
        job.work = asyncio.create_task(self._work(job, lease, check))

    async def _work(self, job: _Active, lease: Lease, check: asyncio.Task[None] | None) -> None:
        record = job.record
        job.runs += 1
        record.status, record.started_at = Status.RUNNING, now()
        self._waits.setdefault(record.backend_id, deque(maxlen=_WAITS_REMEMBERED)).append(
            record.started_at - record.created_at
        )
        self._store.note_started(record)
        limit = self._settings.job_time_limit
        status, result = Status.FAILED, b""
        try:
            async with asyncio.timeout(limit):
                if check is not None:
                    await check
                result = await lease.run(
                    job.engine, job.task, record.id, simulation_seed(record.id)
                )
            status = Status.COMPLETED
        except (Refused, JobFailed) as error:
            result = failure_document(
                "refused" if isinstance(error, Refused) else "failed", str(error)
            )
        except TimeoutError:
            lease.kill()
            result = failure_document(
                "time_limit", f"The job ran longer than its limit of {limit:g} seconds."
            )
        except WorkerDied as error:
            if job.runs < _RUNS and not job.cancelled:
                _log.warning("job %s runs once more: %s", record.id, error)
                record.status, record.started_at = Status.PENDING, None
                job.lease = job.work = None
                self._queue.appendleft(job)
                lease.release()
                return
            result = failure_document(
                "worker_died", f"The job was run {job.runs} times, and each time {error}."
            )
        except asyncio.CancelledError:
            lease.kill()
            if not job.cancelled:  # the server ends; the job is run again at its next start
                raise
        job.lease = None
        lease.release()
        if job.cancelled and status is not Status.COMPLETED:
            await self._end(job, Status.CANCELLED, None)
        else:
            await self._end(job, status, result)

    async def _end(self, job: _Active, status: Status, result: bytes | None) -> None:
        final = JobRecord(**{**vars(job.record), "status": status, "ended_at": now()})
        try:
            await self._store.finish(final, result)
        finally:
            self._active.pop(final.id, None)
            job.ended.set()
