"""Jobs, inputs and results, durable.

One thread writes. It commits whatever has gathered meanwhile as one transaction: many clients share the cost of a
durable commit, and the event loop never waits for the disk. SQLite runs in WAL mode with synchronous=FULL: what is
committed survives a power cut. Results are kept as the bytes that are served.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from local_hub.records import JobRecord, Status

_log = logging.getLogger(__name__)

_metadata = sa.MetaData()
_jobs = sa.Table(
    "jobs",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("backend_id", sa.String(100), nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("input_format", sa.String(40), nullable=False),
    sa.Column("shots", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("name", sa.Text),
    sa.Column("input_params", sa.JSON(none_as_null=True)),
    sa.Column("tags", sa.JSON(none_as_null=True)),
    sa.Column("sdk_provider", sa.String(20)),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
)
_inputs = sa.Table(
    "inputs",
    _metadata,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("body", sa.LargeBinary),
)
_results = sa.Table(
    "results",
    _metadata,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("body", sa.LargeBinary),
)
_FIELDS = [column for column in _jobs.columns if column.name != "number"]
_UNFINISHED = (Status.PENDING.value, Status.RUNNING.value)
_SORTABLE = {"created_at": _jobs.c.created_at, "createdAt": _jobs.c.created_at, "id": _jobs.c.id}

_Write = Callable[[sa.Connection], None]
_Item = tuple[_Write, asyncio.Future[None]]


class Store:
    """The local Hub's memory."""

    def __init__(self, url: str) -> None:
        """Open the database.

        Args:
            url: SQLAlchemy's URL of the database; its tables are made when missing.
        """
        self._engine = sa.create_engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _durable)
        _metadata.create_all(self._engine)
        self._reader = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="store", daemon=True)
        self._thread.start()

    async def add(self, record: JobRecord, input_body: bytes) -> None:
        """Store a new job; it is durable when this returns."""
        values = {column.name: getattr(record, column.name) for column in _FIELDS}

        def write(connection: sa.Connection) -> None:
            connection.execute(_jobs.insert(), values)
            connection.execute(_inputs.insert(), {"job_id": record.id, "body": input_body})

        await self._write(write)

    def note_started(self, record: JobRecord) -> None:
        """Store that a job runs. Nobody waits for it: a job that is lost while it runs is run again anyway."""
        job_id, started_at = record.id, record.started_at
        change = _jobs.update().where(_jobs.c.id == job_id, _jobs.c.status == Status.PENDING.value)
        values = {"status": Status.RUNNING.value, "started_at": started_at}
        future = self._write(lambda connection: _run(connection, change.values(values)))
        future.add_done_callback(_report)

    async def finish(self, record: JobRecord, result: bytes | None) -> None:
        """Store a job's final state and its one result; durable when this returns."""
        values = {
            "status": record.status.value,
            "started_at": record.started_at,
            "ended_at": record.ended_at,
        }
        job_id = record.id

        def write(connection: sa.Connection) -> None:
            this = (_jobs.c.id == job_id, _jobs.c.status.in_(_UNFINISHED))
            ended = connection.execute(_jobs.update().where(*this).values(values)).rowcount
            if ended and result is not None:
                connection.execute(_results.insert(), {"job_id": job_id, "body": result})

        await self._write(write)

    def get(self, job_id: str) -> JobRecord | None:
        """Read a job."""
        row = self._reader.execute(sa.select(*_FIELDS).where(_jobs.c.id == job_id)).first()
        return _record(row) if row else None

    async def result(self, job_id: str) -> bytes | None:
        """Read a job's result document, as it was stored."""
        return await asyncio.to_thread(self._body, _results, job_id)

    async def input(self, job_id: str) -> bytes | None:
        """Read a job's input, as JSON."""
        return await asyncio.to_thread(self._body, _inputs, job_id)

    def page(
        self, page: int, size: int, order: Iterable[tuple[str, bool]]
    ) -> tuple[list[JobRecord], int]:
        """Read one page of all jobs.

        Args:
            page: Which page, from 0.
            size: Jobs a page.
            order: Names to sort by and whether descending; names that are not known are passed over. Newest first
                where nothing else decides.

        Returns:
            The page's jobs, and how many jobs there are in all.
        """
        known = [(_SORTABLE[name], down) for name, down in order if name in _SORTABLE]
        clauses = [column.desc() if down else column.asc() for column, down in known]
        newest_first = (_jobs.c.created_at.desc(), _jobs.c.number.desc())
        total = self._reader.execute(sa.select(sa.func.count()).select_from(_jobs)).scalar_one()
        if page * size >= total:
            return [], total
        ordered = sa.select(*_FIELDS).order_by(*clauses, *newest_first)
        rows = self._reader.execute(ordered.limit(size).offset(page * size)).all()
        return [_record(row) for row in rows], total

    def unfinished(self) -> list[tuple[JobRecord, bytes]]:
        """Read the jobs that have not ended, oldest first, with their inputs."""
        found = sa.select(*_FIELDS, _inputs.c.body).join(_inputs, _inputs.c.job_id == _jobs.c.id)
        rows = self._reader.execute(
            found.where(_jobs.c.status.in_(_UNFINISHED)).order_by(_jobs.c.number)
        ).all()
        return [(_record(row), bytes(row.body)) for row in rows]

    def times_seen(self, fingerprint: str) -> int:
        """Count the jobs with a fingerprint."""
        seen = sa.select(sa.func.count()).where(_jobs.c.fingerprint == fingerprint)
        return int(self._reader.execute(seen).scalar_one())

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._queue.put(None)
        self._thread.join()
        self._reader.close()
        self._engine.dispose()

    def _body(self, table: sa.Table, job_id: str) -> bytes | None:
        with self._engine.connect() as connection:
            body = connection.execute(
                sa.select(table.c.body).where(table.c.job_id == job_id)
            ).scalar()
        return None if body is None else bytes(body)

    def _write(self, write: _Write) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((write, future))
        return future

    def _write_all(self) -> None:
        with self._engine.connect() as connection:
            while (first := self._queue.get()) is not None:
                batch, more = [first], True
                while not self._queue.empty():
                    item = self._queue.get()
                    if item is None:
                        more = False
                        break
                    batch.append(item)
                self._commit(connection, batch)
                if not more:
                    return

    def _commit(self, connection: sa.Connection, batch: list[_Item]) -> None:
        try:
            with connection.begin():
                for write, _ in batch:
                    write(connection)
        except Exception as error:  # noqa: BLE001 - whoever waits for the write gets it
            if len(batch) == 1:
                _settle(batch[0][1], error)
                return
            # One of them is at fault: each on its own, so that only that one fails.
            for item in batch:
                self._commit(connection, [item])
            return
        for _, future in batch:
            _settle(future, None)


def _durable(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        _log.debug("the event loop closed before a write was reported")


def _report(future: asyncio.Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _log.error("a job's start could not be stored: %s", error)


def _run(connection: sa.Connection, statement: sa.Update) -> None:
    connection.execute(statement)


def _record(row: Any) -> JobRecord:
    values = {column.name: getattr(row, column.name) for column in _FIELDS}
    return JobRecord(**{**values, "status": Status(values["status"])})
