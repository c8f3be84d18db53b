"""Jobs, inputs and results. Results are kept as the bytes that are served."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from local_hub.records import JobRecord, Scope, Status
from local_hub.store.database import Database
from local_hub.store.pages import Order, Page, read_page
from local_hub.store.tables import inputs, job_of, jobs, of_scope, results, row_of

_UNFINISHED = (Status.PENDING.value, Status.RUNNING.value)


class JobStore:
    """All jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: JobRecord, input_body: bytes) -> None:
        """Store a new job; it is durable when this returns."""
        values = row_of(record)

        def write(connection: sa.Connection) -> None:
            connection.execute(jobs.insert(), values)
            connection.execute(inputs.insert(), {"job_id": record.id, "body": input_body})

        await self._database.write(write)

    def note_started(self, record: JobRecord) -> None:
        """Store that a job runs. Nobody waits for it: a job that is lost while it runs is run again anyway."""
        change = jobs.update().where(jobs.c.id == record.id, jobs.c.status == Status.PENDING.value)
        values = {"status": Status.RUNNING.value, "started_at": record.started_at}
        self._database.note(change.values(values), "a job's start")

    async def finish(self, record: JobRecord, result: bytes | None) -> None:
        """Store a job's final state and its one result; durable when this returns."""
        values = {
            "status": record.status.value,
            "started_at": record.started_at,
            "ended_at": record.ended_at,
        }
        job_id = record.id

        def write(connection: sa.Connection) -> None:
            this = (jobs.c.id == job_id, jobs.c.status.in_(_UNFINISHED))
            ended = connection.execute(jobs.update().where(*this).values(values)).rowcount
            if ended and result is not None:
                connection.execute(results.insert(), {"job_id": job_id, "body": result})

        await self._database.write(write)

    def get(self, job_id: str) -> JobRecord | None:
        """Read a job."""
        row = self._database.reader.execute(sa.select(jobs).where(jobs.c.id == job_id)).first()
        return job_of(row) if row else None

    async def result(self, job_id: str) -> bytes | None:
        """Read a job's result document, as it was stored."""
        return await asyncio.to_thread(self._body, results, job_id)

    async def input(self, job_id: str) -> bytes | None:
        """Read a job's input, as JSON."""
        return await asyncio.to_thread(self._body, inputs, job_id)

    def page(self, scope: Scope, page: int, size: int, order: Order) -> Page[JobRecord]:
        """Read one page of a scope's jobs; newest first where the order does not decide."""
        found = sa.select(jobs).where(of_scope(jobs, scope))
        newest_first = (jobs.c.created_at.desc(), jobs.c.number.desc())
        return read_page(self._database, found, page, size, order, newest_first, job_of)

    def of_session(self, session_id: str) -> list[JobRecord]:
        """Read a session's jobs, oldest first."""
        found = sa.select(jobs).where(jobs.c.session_id == session_id).order_by(jobs.c.number)
        return [job_of(row) for row in self._database.reader.execute(found).all()]

    def unfinished(self) -> list[tuple[JobRecord, bytes]]:
        """Read the jobs that have not ended, oldest first, with their inputs."""
        found = sa.select(jobs, inputs.c.body).join(inputs, inputs.c.job_id == jobs.c.id)
        rows = self._database.reader.execute(
            found.where(jobs.c.status.in_(_UNFINISHED)).order_by(jobs.c.number)
        ).all()
        return [(job_of(row), bytes(row.body)) for row in rows]

    def times_seen(self, fingerprint: str) -> int:
        """Count the jobs with a fingerprint."""
        seen = sa.select(sa.func.count()).where(jobs.c.fingerprint == fingerprint)
        return int(self._database.reader.execute(seen).scalar_one())

    def _body(self, table: sa.Table, job_id: str) -> bytes | None:
        with self._database.engine.connect() as connection:
            body = connection.execute(
                sa.select(table.c.body).where(table.c.job_id == job_id)
            ).scalar()
        return None if body is None else bytes(body)
