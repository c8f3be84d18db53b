"""The database: one thread writes, everybody reads.

The thread commits whatever has gathered meanwhile as one transaction: many clients share the cost of a durable commit,
and the event loop never waits for the disk. SQLite runs in WAL mode with synchronous=FULL: what is committed survives
a power cut.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from local_hub.store import tables

_log = logging.getLogger(__name__)

Write = Callable[[sa.Connection], None]
_Item = tuple[Write, asyncio.Future[None]]


class Database:
    """A connection to read with, and a thread that writes."""

    def __init__(self, url: str) -> None:
        """Open the database.

        Args:
            url: SQLAlchemy's URL of the database; its tables are made when missing.
        """
        self.engine = sa.create_engine(url)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _durable)
        tables.metadata.create_all(self.engine)
        self.reader = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="store", daemon=True)
        self._thread.start()

    def write(self, write: Write) -> asyncio.Future[None]:
        """Write something; it is durable when the future is done, and an error is the future's."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((write, future))
        return future

    def note(self, statement: sa.Executable, what: str) -> None:
        """Write something that nobody waits for; an error is logged."""

        def report(future: asyncio.Future[None]) -> None:
            if not future.cancelled() and (error := future.exception()) is not None:
                _log.error("%s could not be stored: %s", what, error)

        def execute(connection: sa.Connection) -> None:
            connection.execute(statement)

        self.write(execute).add_done_callback(report)

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._queue.put(None)
        self._thread.join()
        self.reader.close()
        self.engine.dispose()

    def _write_all(self) -> None:
        with self.engine.connect() as connection:
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
