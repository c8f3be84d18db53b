"""Who may run when: queues, runs, second runs, cancellation, and what is left over from the last start."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from dataclasses import dataclass, field

from local_hub.admission import Admission, task_of
from local_hub.backend_states import BackendStates
from local_hub.catalog import Catalog
from local_hub.engines import engine_name
from local_hub.engines.base import Refused, Task
from local_hub.executor import Executor, Lease
from local_hub.failures import failure_document
from local_hub.faults.board import Faults
from local_hub.identity import JobIds, fingerprint, simulation_seed
from local_hub.problems import Problem
from local_hub.queues import Queues
from local_hub.records import JobRecord, Scope, Status, now
from local_hub.sessions import Sessions
from local_hub.settings import Settings
from local_hub.slot import JobFailed, WorkerDied, WorkerMissing
from local_hub.store.jobs import JobStore

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

    @property
    def id(self) -> str:
        """Its id."""
        return self.record.id

    @property
    def backend_id(self) -> str:
        """The backend it is for."""
        return self.record.backend_id


class Lifecycle:
    """The jobs that have not ended, in memory; the store has them all."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        store: JobStore,
        sessions: Sessions,
        states: BackendStates,
        faults: Faults,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._store = store
        self._sessions = sessions
        self._states = states
        self._faults = faults
        self._ids = JobIds(settings.seed, store.times_seen, store.has)
        self._executor: Executor | None = None
        self._active: dict[str, _Active] = {}
        self._queues: Queues[_Active] = Queues(self._may_run, self._is_open)
        # How many jobs each backend runs.
        self._running: Counter[str] = Counter()
        self._waits: dict[str, deque[int]] = {}
        # Ends of jobs that nobody waits for: a task lives as long as somebody holds it.
        self._abandoned: set[asyncio.Task[None]] = set()
        self._closing = False

    def start(self, executor: Executor) -> None:
        """Begin to compute, first of all what the last start left unfinished."""
        self._executor = executor
        self._sessions.start()
        for record, input_body in self._store.unfinished():
            backend = self._catalog.get(record.backend_id)
            if backend is None:
                self._abandon(record)
                continue
            record.status, record.started_at = Status.PENDING, None
            task = task_of(backend, record, input_body, self._settings)
            job = _Active(record, task, engine_name(record.provider, record.input_format))
            self._active[record.id] = job
            self._sessions.joined(record)
            self._queues.add(job)
        self._sessions.settle()
        self.dispatch()
        asyncio.get_running_loop().call_later(_PRESTART_AFTER, self._prestart)

    async def close(self) -> None:
        """Stop computing. Jobs that have not ended stay so in the store."""
        self._closing = True
        self._sessions.stop()
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

    def spare(self, engine: str) -> Lease | None:
        """A place to compute that no job waits for."""
        free = self._executor is not None and not self._closing and not self.has_waiting
        return self._executor.lease(engine) if self._executor is not None and free else None

    @property
    def has_waiting(self) -> bool:
        """Whether a job waits for nothing but a worker."""
        return self._queues.next() is not None

    def queue_size(self, backend_id: str) -> int:
        """How many jobs wait for a backend."""
        return self._queues.size(backend_id)

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

    async def submit(self, admission: Admission, scope: Scope) -> JobRecord:
        """Accept a job; it is stored when this returns.

        While a warm worker is free, its verdict on the input is awaited for a moment.

        Raises:
            Problem: 422, the worker refused the input; 404, 409 or 422, its session does not take it; 409, its backend
                takes none. Nothing is stored.
        """
        assert self._executor is not None
        self._states.check(admission.backend.id)
        self._check_session(admission, scope)
        lease = None if self._queues.next() else self._executor.lease(admission.engine)
        check: asyncio.Task[None] | None = None
        try:
            if lease is not None and lease.is_warm(admission.engine):
                check = asyncio.create_task(lease.check(admission.engine, admission.task))
                await asyncio.wait({check}, timeout=self._settings.check_wait)
                if check.done() and isinstance(error := check.exception(), Refused | JobFailed):
                    raise Problem(422, str(error))
            self._check_session(admission, scope)
            job = _Active(self._record(admission, scope), admission.task, admission.engine)
            await self._accept(job, admission.input_body)
        except BaseException:
            _give_back(lease, check)
            raise
        if lease is not None and self._is_open(job.backend_id) and self._may_run(job):
            self._begin(job, lease, check)
        else:
            self._queues.add(job)
            _give_back(lease, check)
            self.dispatch()
        return job.record

    async def cancel(self, job_id: str) -> None:
        """End a job, wherever it is; one that has ended is left as it is."""
        job = self._active.get(job_id)
        if job is None:
            return
        job.cancelled = True
        if self._queues.remove(job):
            job.record.status = Status.CANCELLING
            await self._end(job, Status.CANCELLED, None)
        elif job.work is not None:
            job.record.status = Status.CANCELLING
            if job.lease is not None:
                job.lease.kill()
            job.work.cancel()
            await asyncio.wait({job.work})
            if job.id in self._active:  # it was stopped before its first step
                await self._leave(job, Status.CANCELLED, None)
        await job.ended.wait()

    def dispatch(self) -> None:
        """Give free workers to the jobs that have waited longest."""
        while self._executor is not None and not self._closing:
            job = self._queues.next()
            lease = self._executor.lease(job.engine) if job else None
            if job is None or lease is None:
                return
            self._queues.remove(job)
            self._begin(job, lease, None)

    def _is_open(self, backend_id: str) -> bool:
        """Whether a backend takes a job now: a device runs one at a time, a simulator as many as there are workers."""
        backend = self._catalog.get(backend_id)
        if not self._states.is_processing(backend_id):
            return False
        return backend is None or not backend.is_device or not self._running[backend_id]

    def _may_run(self, job: _Active) -> bool:
        """Whether neither a session nor a fault makes a job wait."""
        return self._sessions.may_run(job.record) and self._faults.may_begin(job.id)

    def _check_session(self, admission: Admission, scope: Scope) -> None:
        session_id = admission.request.session_id
        if session_id is not None:
            self._sessions.check(session_id, scope, admission.backend.id)

    async def _accept(self, job: _Active, input_body: bytes) -> None:
        self._active[job.id] = job
        self._sessions.joined(job.record)
        self._faults.new_job(job.id)
        try:
            await self._store.add(job.record, input_body)
        except BaseException:
            del self._active[job.id]
            self._sessions.ended(job.record)
            raise

    def _prestart(self) -> None:
        """Start one worker ahead of the first job, when the server answers already."""
        if self._executor is not None and not self._closing:
            self._executor.warm()

    def _record(self, admission: Admission, scope: Scope) -> JobRecord:
        request, task = admission.request, admission.task
        mark = fingerprint(
            task.backend_id, admission.input_format, task.input, task.params, task.shots
        )
        tags = None if request.tags is None else list(dict.fromkeys(request.tags))
        return JobRecord(
            id=self._ids.next(mark),
            scope=scope,
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
            session_id=request.session_id,
        )

    def _begin(self, job: _Active, lease: Lease, check: asyncio.Task[None] | None) -> None:
        job.lease = lease
        self._running[job.backend_id] += 1
        job.work = asyncio.create_task(self._work(job, lease, check))

    async def _work(self, job: _Active, lease: Lease, check: asyncio.Task[None] | None) -> None:
        record = job.record
        job.runs += 1
        record.status, record.started_at = Status.RUNNING, now()
        self._waits.setdefault(record.backend_id, deque(maxlen=_WAITS_REMEMBERED)).append(
            record.started_at - record.created_at
        )
        self._sessions.started(record)
        self._store.note_started(record)
        status, result = Status.CANCELLED, None
        try:
            status, result = await self._compute(job, lease, check)
            if job.lease is not None:
                job.lease = None
                lease.release()
            if status is Status.ABORTED:
                record.started_at = None
            else:
                await asyncio.sleep(self._seconds_left(record))
        except WorkerDied as error:
            _log.warning("job %s runs once more: %s", record.id, error)
            record.status, record.started_at = Status.PENDING, None
            job.lease = job.work = None
            self._running[job.backend_id] -= 1
            self._queues.add_first(job)
            lease.release()
            return
        except asyncio.CancelledError:
            lease.kill()
            if not job.cancelled:  # the server ends; the job is run again at its next start
                raise
            status, result = Status.CANCELLED, None
        await self._leave(job, status, result)

    async def _compute(
        self, job: _Active, lease: Lease, check: asyncio.Task[None] | None
    ) -> tuple[Status, bytes]:
        """Simulate.

        Raises:
            WorkerDied: The process died, and the job may run once more.
        """
        limit = self._settings.job_time_limit
        asked = job.task.params.get("max_execution_time")
        try:
            async with asyncio.timeout(limit if asked is None else min(asked, limit)):
                if check is not None:
                    await check
                seed = simulation_seed(job.id)
                return Status.COMPLETED, await lease.run(job.engine, job.task, job.id, seed)
        except (Refused, JobFailed) as error:
            code = "refused" if isinstance(error, Refused) else "failed"
            return Status.FAILED, failure_document(code, str(error))
        except TimeoutError:
            lease.kill()
            if asked is not None and asked < limit:
                return Status.CANCELLED, b""
            text = f"The job ran longer than its limit of {limit:g} seconds."
            return Status.FAILED, failure_document("time_limit", text)
        except WorkerDied as error:
            if job.cancelled:
                return Status.CANCELLED, b""
            if job.runs < _RUNS:
                raise
            text = f"The job was run {job.runs} times, and each time {error}."
            return Status.FAILED, failure_document("worker_died", text)
        except WorkerMissing as error:
            if job.runs > 1:
                text = f"The job was run once, and could not be run again: {error}."
                return Status.FAILED, failure_document("worker_died", text)
            return Status.ABORTED, failure_document("aborted", f"The job never began: {error}.")

    def _abandon(self, record: JobRecord) -> None:
        """End a job of the last start whose backend is no longer in the catalog."""
        status = Status.ABORTED if record.started_at is None else Status.FAILED
        final = JobRecord(**{**vars(record), "status": status, "ended_at": now()})
        text = f"This Hub has no backend {record.backend_id} any more."
        ending = asyncio.create_task(self._store.finish(final, failure_document("aborted", text)))
        self._abandoned.add(ending)
        ending.add_done_callback(self._abandoned.discard)

    def _seconds_left(self, record: JobRecord) -> float:
        """How long a job goes on after its simulation, where jobs have a stated duration."""
        assert record.started_at is not None
        duration = self._settings.job_seconds
        if duration is None:
            return 0.0
        # Both times are cut to milliseconds: one more, lest the job seems to have ended before its time.
        return max(0.0, duration + 0.001 - (now() - record.started_at) / 1000)

    async def _leave(self, job: _Active, status: Status, result: bytes | None) -> None:
        """Give back what a job that ran holds, and end it. From here on it is too late to cancel it."""
        job.work = None
        if job.lease is not None:
            lease, job.lease = job.lease, None
            lease.release()
        await self._end(job, status, result)
        self._running[job.backend_id] -= 1
        self.dispatch()

    async def _end(self, job: _Active, status: Status, result: bytes | None) -> None:
        final = JobRecord(**{**vars(job.record), "status": status, "ended_at": now()})
        try:
            await self._store.finish(final, result if status is not Status.CANCELLED else None)
        finally:
            self._active.pop(final.id, None)
            self._sessions.ended(final)
            job.ended.set()


def _give_back(lease: Lease | None, check: asyncio.Task[None] | None) -> None:
    if lease is not None:
        if check is not None and not check.done():
            lease.kill()
            check.cancel()
        lease.release()
