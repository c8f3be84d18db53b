"""The database: one thread writes, everybody reads.

SQLite runs in WAL mode with synchronous=FULL: what is committed survives a power cut. PostgreSQL's default is the same.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

from local_hub.problems import Problem
from local_hub.store.opening import Claim, make_engine, place_of
from local_hub.store.outages import Unavailable, is_lost, lost, problem_of
from local_hub.store.writer import Item, Write, Writer

_log = logging.getLogger(__name__)

_PATIENCE = 2.0  # seconds that a request waits for a database in trouble
_T = TypeVar("_T")

Values: TypeAlias = dict[str, Any] | None
"""The values of a statement's parameters."""


class Database:
    """A connection to read with, and a thread that writes."""

    def __init__(self, database: str | None, state: Path) -> None:
        """Open the database; its tables are made when missing.

        Args:
            database: PostgreSQL's URL; None for SQLite in the state folder.
            state: The state folder.

        Raises:
            CannotOpen: It cannot be used, or another Hub uses it.
        """
        url, place = place_of(database, state)
        self.engine = make_engine(url)
        claim = Claim(self.engine, place)
        connection = claim.first()
        self._reader: sa.Connection | None = None
        self._reading = threading.Lock()
        self._renew()
        self._writer = Writer(claim, connection, self._return)
        self._going_on: set[asyncio.Future[Any]] = set()

    @property
    def trouble(self) -> Unavailable | None:
        """Why nothing can be stored now; None when all is well."""
        return self._writer.trouble

    def read(self, statement: sa.Executable, values: Values = None) -> Sequence[sa.Row[Any]]:
        """Read at once, in the event loop: for what an index finds.

        Raises:
            Unavailable: The database cannot be reached.
        """
        if self._writer.is_lost:
            raise lost()
        with self._reading:
            if self._reader is None:
                self._renew()
            assert self._reader is not None
            try:
                return self._reader.execute(statement, values).all()
            except sa.exc.DBAPIError as error:
                if is_lost(error):
                    _drop(self._reader)
                    self._reader = None
                    self._put(_nothing, None)  # the writer finds out about its own connection
                raise (problem_of(error) or error) from None

    async def read_large(
        self, statement: sa.Executable, values: Values = None
    ) -> Sequence[sa.Row[Any]]:
        """Read in a thread: for documents, which may be large. Raises as `read` does."""
        return await asyncio.to_thread(self._read_apart, statement, values)

    def ask(self, write: Write, undo: Write) -> asyncio.Future[None]:
        """Write what a request asks for. It is durable when the future is done; else the error is the future's.

        Args:
            write: What to do in a transaction.
            undo: What takes it back, should its commit be in doubt.
        """
        return self._put(write, undo) if self.trouble is None else _refused(self.trouble)

    def keep(self, write: Write) -> asyncio.Future[None]:
        """Write what has happened, however long that takes. It is durable when the future is done.

        Args:
            write: What to do in a transaction; doing it twice must be the same as doing it once.
        """
        return self._put(write, None)

    def note(self, statement: sa.Executable, what: str, values: Values = None) -> None:
        """Write something that nobody waits for; an error is logged."""

        def report(future: asyncio.Future[None]) -> None:
            if not future.cancelled() and (error := future.exception()) is not None:
                _log.error("%s could not be stored: %s", what, error)

        def execute(connection: sa.Connection) -> None:
            connection.execute(statement, values)

        self.keep(execute).add_done_callback(report)

    async def patiently(self, work: Awaitable[_T]) -> _T:
        """Wait for something that ends in the database, but not as long as the database may be away: it goes on then.

        Raises:
            Unavailable: It goes on, and will be stored later.
        """
        future = asyncio.ensure_future(work)
        while not (await asyncio.wait({future}, timeout=_PATIENCE))[0]:
            if (trouble := self.trouble) is not None:
                self._going_on.add(future)
                future.add_done_callback(self._ended)
                raise Unavailable(
                    trouble.status, f"This is under way, but not stored yet. {trouble.detail}"
                )
        return future.result()

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._writer.close()
        with self._reading:
            if self._reader is not None:
                self._reader.close()
        self.engine.dispose()

    def _put(self, write: Write, undo: Write | None) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.put(Item(write, future, undo))
        return future

    def _read_apart(self, statement: sa.Executable, values: Values) -> Sequence[sa.Row[Any]]:
        if self._writer.is_lost:
            raise lost()
        for attempt in (1, 2):
            try:
                with self.engine.connect() as connection:
                    return connection.execute(statement, values).all()
            except sa.exc.DBAPIError as error:
                # The first may be one of the pool that died long ago.
                if attempt == 2 or not is_lost(error):
                    raise (problem_of(error) or error) from None
        raise AssertionError

    def _return(self) -> None:
        with self._reading:
            if self._reader is not None:
                _drop(self._reader)
            self._renew()

    def _renew(self) -> None:
        """Connect for reading."""
        try:
            self._reader = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except sa.exc.DBAPIError as error:
            raise (problem_of(error) or error) from None

    def _ended(self, future: asyncio.Future[Any]) -> None:
        self._going_on.discard(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            level = logging.WARNING if isinstance(error, Problem) else logging.ERROR
            _log.log(level, "what went on after its request ended failed: %s", error)


def _refused(trouble: Unavailable) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(trouble)
    return future


def _nothing(connection: sa.Connection) -> None:
    connection.execute(sa.select(1))


def _drop(connection: sa.Connection) -> None:
    connection.invalidate()
    connection.close()
