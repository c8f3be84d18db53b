"""Jobs, inputs and results. Results are kept as the bytes that are served."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from local_hub.records import JobRecord, Scope, Status
from local_hub.store.counts import UNFINISHED, JobCounts
from local_hub.store.database import Database
from local_hub.store.pages import Order, Page, job_page
from local_hub.store.tables import (
    add_tags,
    inputs,
    job_of,
    job_tags,
    jobs,
    results,
    row_of,
    sessions,
)

# Built once: composing a statement costs more than running it.
_ADD, _ADD_INPUT, _ADD_RESULT = jobs.insert(), inputs.insert(), results.insert()
_GET = sa.select(jobs).where(jobs.c.id == sa.bindparam("this"))
_OF_SESSION = (
    sa.select(jobs).where(jobs.c.session_id == sa.bindparam("this")).order_by(jobs.c.number)
)
_TIMES_SEEN = sa.select(sa.func.count()).where(jobs.c.fingerprint == sa.bindparam("this"))
_INPUT = sa.select(inputs.c.body).where(inputs.c.job_id == sa.bindparam("this"))
_RESULT = sa.select(results.c.body).where(results.c.job_id == sa.bindparam("this"))
_ADD_USAGE = (
    sessions.update()
    .where(sessions.c.id == sa.bindparam("this"))
    .values(usage=sessions.c.usage + sa.bindparam("more"))
)
_START = (
    jobs.update()
    .where(jobs.c.id == sa.bindparam("this"), jobs.c.status == Status.PENDING.value)
    .values(status=Status.RUNNING.value, started_at=sa.bindparam("begun"))
)
_FINISH = (
    jobs.update()
    .where(jobs.c.id == sa.bindparam("this"), jobs.c.status.in_(UNFINISHED))
    .values(
        status=sa.bindparam("final"),
        started_at=sa.bindparam("begun"),
        ended_at=sa.bindparam("end"),
    )
)


class JobStore:
    """All jobs.

    Attributes:
        unlisted: Says which jobs lists leave out.
    """

    def __init__(self, database: Database, counts: JobCounts) -> None:
        self._database = database
        self._counts = counts
        self.unlisted: Callable[[], Sequence[str]] = tuple

    async def add(self, record: JobRecord, input_body: bytes) -> None:
        """Store a new job; it is durable when this returns."""
        values = row_of(record)

        def write(connection: sa.Connection) -> None:
            new = connection.execute(_ADD, values)
            add_tags(connection, job_tags, new, record.tags)
            connection.execute(_ADD_INPUT, {"job_id": record.id, "body": input_body})

        def undo(connection: sa.Connection) -> None:
            number = sa.select(jobs.c.number).where(jobs.c.id == record.id).scalar_subquery()
            connection.execute(job_tags.delete().where(job_tags.c.number == number))
            connection.execute(inputs.delete().where(inputs.c.job_id == record.id))
            connection.execute(jobs.delete().where(jobs.c.id == record.id))

        await self._database.ask(write, undo)

    def note_started(self, record: JobRecord) -> None:
        """Store that a job runs. Nobody waits for it: a job that is lost while it runs is run again anyway."""
        values = {"this": record.id, "begun": record.started_at}
        self._database.note(_START, "a job's start", values)

    async def finish(self, record: JobRecord, result: bytes | None) -> None:
        """Store a job's final state, its one result and its session's usage; durable when this returns."""
        values = {
            "this": record.id,
            "final": record.status.value,
            "begun": record.started_at,
            "end": record.ended_at,
        }
        job_id, session_id = record.id, record.session_id
        usage = record.milliseconds

        def write(connection: sa.Connection) -> None:
            ended = connection.execute(_FINISH, values).rowcount
            if ended and result is not None:
                connection.execute(_ADD_RESULT, {"job_id": job_id, "body": result})
            if ended and session_id is not None:
                connection.execute(_ADD_USAGE, {"this": session_id, "more": usage})

        await self._database.keep(write)

    def get(self, job_id: str) -> JobRecord | None:
        """Read a job."""
        rows = self._database.read(_GET, {"this": job_id})
        return job_of(rows[0]) if rows else None

    def has(self, job_id: str) -> bool:
        """Whether there is a job of this id."""
        return self.get(job_id) is not None

    async def result(self, job_id: str) -> bytes | None:
        """Read a job's result document, as it was stored."""
        return await self._body(_RESULT, job_id)

    async def input(self, job_id: str) -> bytes | None:
        """Read a job's input, as JSON."""
        return await self._body(_INPUT, job_id)

    def page(self, scope: Scope, page: int, size: int, order: Order) -> Page[JobRecord]:
        """Read one page of a scope's jobs; newest first where the order does not decide."""
        hidden = self.unlisted()
        return job_page(self._database, self._counts, scope, page, size, order, hidden, job_of)

    def of_session(self, session_id: str) -> list[JobRecord]:
        """Read a session's jobs, oldest first."""
        hidden = set(self.unlisted())
        rows = self._database.read(_OF_SESSION, {"this": session_id})
        return [job_of(row) for row in rows if row.id not in hidden]

    def unfinished(self) -> list[tuple[JobRecord, bytes]]:
        """Read the jobs that have not ended, oldest first, with their inputs."""
        found = sa.select(jobs, inputs.c.body).join(inputs, inputs.c.job_id == jobs.c.id)
        rows = self._database.read(
            found.where(jobs.c.status.in_(UNFINISHED)).order_by(jobs.c.number)
        )
        return [(job_of(row), bytes(row.body)) for row in rows]

    def times_seen(self, fingerprint: str) -> int:
        """Count the jobs with a fingerprint."""
        return int(self._database.read(_TIMES_SEEN, {"this": fingerprint})[0][0])

    async def _body(self, found: sa.Select[tuple[bytes]], job_id: str) -> bytes | None:
        rows = await self._database.read_large(found, {"this": job_id})
        return bytes(rows[0].body) if rows else None
