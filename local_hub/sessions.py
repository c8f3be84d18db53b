"""Sessions: what they are for, who may use them, and how they end.

OPEN until the first job begins; ACTIVE from then on; INACTIVE when it had no job for a while; DRAINING when it takes
no more jobs and has some; CLOSED after that, after `closeSession`, and when its time to live is over; ABORTED when it
never began and cannot any more: the Hub came up again without the backend, or without sessions for it. Jobs that were
accepted go on in each case. A dedicated session has its backend to itself while it is ACTIVE or DRAINING. (Source: the
API's description of createSession, closeSession, updateSessionState and of Session's status and mode.)
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from local_hub.admission import find_backend
from local_hub.catalog import Catalog
from local_hub.problems import Problem
from local_hub.records import JobRecord, Scope, SessionRecord, SessionStatus, now
from local_hub.schemas import CreateSession
from local_hub.settings import Settings
from local_hub.store.sessions import SessionStore


@dataclass
class _Open:
    """A session that is not closed."""

    record: SessionRecord
    jobs: set[str] = field(default_factory=set)
    idle: asyncio.TimerHandle | None = None
    end: asyncio.TimerHandle | None = None


class Sessions:
    """The sessions that are not closed, in memory; the store has them all."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        store: SessionStore,
        on_release: Callable[[], None],
    ) -> None:
        """Set up without sessions.

        Args:
            settings: How this Hub runs.
            catalog: The backends there are.
            store: Where sessions are kept.
            on_release: Called when a session gives a backend back.
        """
        self._settings = settings
        self._catalog = catalog
        self._store = store
        self._on_release = on_release
        self._open: dict[str, _Open] = {}
        # Which dedicated session has a backend to itself.
        self._holders: dict[str, str] = {}

    def start(self) -> None:
        """Take up the sessions that the last start left open. Their jobs come with `joined`."""
        for record in self._store.open():
            if self._can_be(record):
                self._admit(record)
            else:
                self._abandon(record)

    def _can_be(self, record: SessionRecord) -> bool:
        backend = self._catalog.get(record.backend_id)
        return backend is not None and self._settings.has_sessions(backend.id, backend.provider)

    def _abandon(self, record: SessionRecord) -> None:
        """End a session that this Hub has no place for. One that never began was not really created."""
        begun = record.started_at is not None
        record.status = SessionStatus.CLOSED if begun else SessionStatus.ABORTED
        record.closed_at = now()
        self._store.note(record)

    def settle(self) -> None:
        """Close what was draining at the last start and has no job left."""
        for session in list(self._open.values()):
            if session.record.status is SessionStatus.DRAINING and not session.jobs:
                self._close(session)

    async def create(self, request: CreateSession, scope: Scope) -> SessionRecord:
        """Make a session; it is stored when this returns.

        Raises:
            Problem: 404 for an unknown backend, 422 for one without sessions or of another provider.
        """
        backend = find_backend(self._catalog, request.backend_id)
        if request.provider != backend.provider:
            raise Problem(
                422,
                f"`provider` is {request.provider}; {backend.id} is offered by {backend.provider}.",
            )
        if not self._settings.has_sessions(backend.id, backend.provider):
            raise Problem(422, f"{backend.id} has no sessions: send its jobs without `session_id`.")
        record = SessionRecord(
            id=str(uuid.uuid4()),
            scope=scope,
            backend_id=backend.id,
            provider=backend.provider,
            mode=request.mode,
            created_at=now(),
            ttl=request.ttl,
            tags=None if request.tags is None else list(dict.fromkeys(request.tags)),
            metadata=request.metadata,
            sdk_provider=request.sdk_provider or "CLIENT",
        )
        await self._store.add(record)
        self._admit(record)
        return record

    def find(self, session_id: str, scope: Scope) -> SessionRecord:
        """A session as it is now.

        Raises:
            Problem: 404, there is none of this id in the scope.
        """
        session = self._open.get(session_id)
        record = session.record if session else self._store.get(session_id)
        if record is None or record.scope != scope:
            raise Problem(404, f"There is no session {session_id}.")
        return record

    def check(self, session_id: str, scope: Scope, backend_id: str) -> None:
        """Whether a session takes a job.

        Raises:
            Problem: 404 for an unknown session, 422 for one of another backend, 409 for one that takes no more jobs.
        """
        record = self.find(session_id, scope)
        if record.backend_id != backend_id:
            raise Problem(
                422,
                f"`session_id`: session {session_id} is of {record.backend_id}, not of {backend_id}.",
            )
        if record.status.is_final or record.status is SessionStatus.DRAINING:
            raise Problem(
                409,
                f"Session {session_id} is {record.status} and takes no more jobs: create another session.",
            )

    async def accept_jobs(self, session_id: str, scope: Scope, accept: bool) -> SessionRecord:
        """Let a session run empty, or take jobs again.

        Raises:
            Problem: 404 for an unknown session, 422 for one that has ended.
        """
        record = self.find(session_id, scope)
        session = self._open.get(session_id)
        if session is None:
            if accept:
                raise Problem(
                    422, f"Session {session_id} is {record.status}: create another session."
                )
            return record
        if not accept and not session.jobs:
            self._close(session)
        elif not accept:
            record.status = SessionStatus.DRAINING
        elif record.status is SessionStatus.DRAINING:
            record.status = (
                SessionStatus.OPEN if record.started_at is None else SessionStatus.ACTIVE
            )
        await self._store.update(record)
        return record

    async def close(self, session_id: str, scope: Scope) -> None:
        """End a session. The jobs that it has go on; a closed one stays as it is.

        Raises:
            Problem: 404 for an unknown session.
        """
        record = self.find(session_id, scope)
        session = self._open.get(session_id)
        if session is not None:
            self._close(session)
            await self._store.update(record)

    def may_run(self, job: JobRecord) -> bool:
        """Whether no other session has the job's backend to itself."""
        return self._holders.get(job.backend_id) in (None, job.session_id)

    def joined(self, job: JobRecord) -> None:
        """A session's job was accepted."""
        session = self._session_of(job)
        if session is not None:
            session.jobs.add(job.id)
            self._busy(session)

    def started(self, job: JobRecord) -> None:
        """A session's job began to run."""
        session = self._session_of(job)
        if session is None:
            return
        record = session.record
        record.started_at = record.started_at or job.started_at
        if record.status is not SessionStatus.DRAINING:
            record.status = SessionStatus.ACTIVE
        if record.mode == "dedicated":
            self._holders.setdefault(record.backend_id, record.id)
        self._store.note(record)

    def ended(self, job: JobRecord) -> None:
        """A session's job ended."""
        if job.session_id is None:
            return
        session = self._open.get(job.session_id)
        if session is None:
            return
        # The store adds the same when it stores the job's end.
        session.record.usage += job.milliseconds
        session.jobs.discard(job.id)
        if not session.jobs:
            if session.record.status is SessionStatus.DRAINING:
                self._close(session)
            else:
                self._idle(session)
        self._store.note(session.record)

    def stop(self) -> None:
        """Forget all timers."""
        for session in self._open.values():
            for timer in (session.idle, session.end):
                if timer is not None:
                    timer.cancel()

    def _session_of(self, job: JobRecord) -> _Open | None:
        return None if job.session_id is None else self._open.get(job.session_id)

    def _admit(self, record: SessionRecord) -> None:
        session = self._open[record.id] = _Open(record)
        if record.expires_at is not None:
            seconds = max(0.0, (record.expires_at - now()) / 1000)
            loop = asyncio.get_running_loop()
            session.end = loop.call_later(seconds, self._expire, session)

    def _expire(self, session: _Open) -> None:
        self._close(session)
        self._store.note(session.record)

    def _busy(self, session: _Open) -> None:
        if session.idle is not None:
            session.idle.cancel()
            session.idle = None

    def _idle(self, session: _Open) -> None:
        def inactive() -> None:
            session.record.status = SessionStatus.INACTIVE
            self._release(session)
            self._store.note(session.record)

        loop = asyncio.get_running_loop()
        session.idle = loop.call_later(self._settings.session_idle_limit, inactive)

    def _close(self, session: _Open) -> None:
        self._busy(session)
        if session.end is not None:
            session.end.cancel()
        record = session.record
        record.status, record.closed_at = SessionStatus.CLOSED, now()
        self._open.pop(record.id, None)
        self._release(session)

    def _release(self, session: _Open) -> None:
        backend_id = session.record.backend_id
        if self._holders.get(backend_id) == session.record.id:
            del self._holders[backend_id]
            self._on_release()
