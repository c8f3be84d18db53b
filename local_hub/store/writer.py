"""The thread that writes.

It commits whatever has gathered meanwhile as one transaction: many clients share the cost of a durable commit, and the
event loop never waits for the disk.

A write is either *asked*, by a request that is told when it fails, or *kept*: what has happened already and must be
stored, however long the database is away. Kept writes wait in their order until they are stored; until then nothing
that is asked is taken. A commit whose answer was lost may have arrived: a kept write gives the same when it is done
twice, and an asked one comes with what undoes it, which is done before anybody can read again.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from local_hub.problems import Problem
from local_hub.store.opening import Claim, Taken
from local_hub.store.outages import Unavailable, is_lost, lost, problem_of

_log = logging.getLogger(__name__)

_PAUSE = 0.25  # seconds between two attempts to get on
_SECONDS_TO_CLOSE = 3.0

Write = Callable[[sa.Connection], None]


@dataclass(frozen=True)
class Item:
    """A write that waits.

    Attributes:
        write: What to do in a transaction.
        future: Who is told.
        undo: What takes an asked write back; None for a kept one.
    """

    write: Write
    future: asyncio.Future[None]
    undo: Write | None


class Writer:
    """The one connection that writes, and its thread."""

    def __init__(
        self, claim: Claim, connection: sa.Connection, on_return: Callable[[], None]
    ) -> None:
        """Start.

        Args:
            claim: The right to write.
            connection: The connection that holds it.
            on_return: Called in the thread when the database is back, before it is used.
        """
        self._claim = claim
        self._connection: sa.Connection | None = connection
        self._on_return = on_return
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._kept: deque[Item] = deque()
        self._undo: list[Write] = []
        self._closing_since: float | None = None
        self.trouble: Unavailable | None = None
        """Why nothing can be stored now."""
        self.is_lost = False
        """Whether the database cannot be reached."""
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Let a write wait for its turn."""
        self._queue.put(item)

    def close(self) -> None:
        """Store what waits, for some seconds if need be, and end the connection."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch = self._gather()
            if self.trouble is not None and not self._recover():
                for item in batch:
                    self._refuse(item)
            else:
                self._commit(batch)
            if self._closing_since is not None and self._queue.empty() and self._is_done():
                break
        if self._connection is not None:
            self._connection.close()

    def _gather(self) -> list[Item]:
        """Wait for the next write, and take those that wait behind it; a short while only when there is trouble."""
        batch: list[Item] = []
        try:
            item = self._queue.get(timeout=None if self.trouble is None else _PAUSE)
            while True:
                if item is None:
                    self._closing_since = time.monotonic()
                else:
                    batch.append(item)
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch

    def _is_done(self) -> bool:
        assert self._closing_since is not None
        if not self._kept:
            return True
        if time.monotonic() - self._closing_since < _SECONDS_TO_CLOSE:
            return False
        _log.error(
            "%d changes could not be stored; jobs whose end is among them run again at the next start",
            len(self._kept),
        )
        return True

    def _commit(self, batch: list[Item]) -> None:
        if not batch:
            return
        if self.trouble is not None:  # since an earlier write of the same batch
            for item in batch:
                self._refuse(item)
            return
        try:
            self._write([item.write for item in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits for the write gets it
            gone = isinstance(error, sa.exc.DBAPIError) and is_lost(error)
            if gone:
                self._lose(batch)
            elif len(batch) > 1:
                # One of them is at fault: each on its own, so that only that one fails.
                for item in batch:
                    self._commit([item])
            else:
                self._fail(batch[0], error)
            return
        for item in batch:
            _settle(item.future, None)

    def _write(self, writes: list[Write]) -> None:
        assert self._connection is not None
        with self._connection.begin():
            for write in writes:
                write(self._connection)

    def _fail(self, item: Item, error: Exception) -> None:
        problem = problem_of(error) if isinstance(error, sa.exc.DBAPIError) else None
        if not isinstance(problem, Unavailable):
            _settle(item.future, problem or error)
        elif item.undo is not None:
            _settle(item.future, problem)
        else:
            _log.error("what has happened cannot be stored and is kept: %s", problem)
            self._kept.append(item)
            self.trouble = problem

    def _lose(self, batch: list[Item]) -> None:
        _log.error("the connection to the database was lost")
        self.is_lost, self.trouble = True, lost()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        for item in batch:
            if item.undo is not None:
                self._undo.append(item.undo)
            self._refuse(item)

    def _refuse(self, item: Item) -> None:
        if item.undo is None:
            self._kept.append(item)
        else:
            _settle(item.future, self.trouble)

    def _recover(self) -> bool:
        """Try to get on, and then tell those whose kept writes are stored: they find the database without trouble."""
        told: list[tuple[asyncio.Future[None], Exception | None]] = []
        try:
            return self._get_on(told)
        finally:
            for future, error in told:
                _settle(future, error)

    def _get_on(self, told: list[tuple[asyncio.Future[None], Exception | None]]) -> bool:
        """Connect, take back what is in doubt, store what was kept."""
        try:
            if self._connection is None:
                self._connection = self._claim.again()
            if self._undo:
                self._write(self._undo)
                self._undo.clear()
            while self._kept:
                told.append(self._write_first_kept())
            if self.is_lost:
                self._on_return()
                _log.warning("the database is back")
        except Unavailable as problem:
            self.trouble = problem
            return False
        except Taken as taken:
            self._say(f"The Hub has lost its database to another Hub: {taken}.")
            return False
        except sa.exc.DBAPIError as error:
            reason = problem_of(error)
            if is_lost(error) and self._connection is not None:
                self._lose([])
            elif isinstance(reason, Unavailable):
                self.trouble = reason
            else:
                self._say(
                    f"The Hub's database failed ({type(error.orig).__name__}); the log says how."
                )
                _log.error("the database failed: %s", error)
            return False
        self.is_lost, self.trouble = False, None
        return True

    def _write_first_kept(self) -> tuple[asyncio.Future[None], Exception | None]:
        item = self._kept[0]
        failed: Exception | None = None
        try:
            self._write([item.write])
        except sa.exc.DBAPIError as error:
            if isinstance(problem_of(error), Unavailable):
                raise
            failed = error
        self._kept.popleft()
        return item.future, failed

    def _say(self, text: str) -> None:
        if self.trouble is None or self.trouble.detail != text:
            self.trouble = Unavailable(503, text)
            _log.error("%s", text)


def _settle(future: asyncio.Future[None], error: Problem | Exception | None) -> None:
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
