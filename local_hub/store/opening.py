"""How a database is opened: which kinds there are, one Hub at a time, and the layout that this Hub reads."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from local_hub.store import tables

LAYOUT = 1
"""The version of the tables. A change of `tables.py` raises it: there are no migrations yet."""

_SCHEMES = ("postgresql", "postgres")
_HOW = "write it as postgresql://USER@HOST:PORT/NAME"
_CONNECT = {
    "connect_timeout": 5,
    "application_name": "local_hub",
    # A server that is gone without a word is noticed within some ten seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# The first of the two numbers of our advisory lock; the second stands for the schema.
_LOCK = 1_215_652_140
_SECONDS_FOR_LOCK = 5.0  # a Hub that was killed a moment ago may have a commit under way


class CannotOpen(OSError):
    """A database that a Hub cannot start with. The message holds no password."""


class Taken(Exception):
    """Another Hub has the database."""


class Claim:
    """This Hub's right to write, which one connection holds.

    In PostgreSQL it is an advisory lock, which ends with the connection. SQLite needs none: the state folder is locked.
    """

    def __init__(self, engine: sa.Engine, place: str) -> None:
        """Prepare to take it.

        Args:
            engine: The database.
            place: Its name in errors.
        """
        self._engine = engine
        self._place = place
        self._opened: int | None = None

    def first(self) -> sa.Connection:
        """Connect, take the database, and make its tables when it has none.

        Raises:
            CannotOpen: It is another Hub's, of another layout, or cannot be reached.
        """
        try:
            connection = self._engine.connect()
            try:
                self._wait_for_lock(connection)
                with connection.begin():
                    self._check_layout(connection)
                    self._opened = self._count(connection) + 1
                    connection.execute(tables.hub.update().values(opened=self._opened))
            except BaseException:
                connection.close()
                raise
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            reason = " ".join(str(getattr(error, "orig", error)).split())
            raise CannotOpen(f"{self._place} cannot be used: {reason}") from None
        return connection

    def again(self) -> sa.Connection:
        """Connect anew after the connection was lost.

        Raises:
            Taken: Another Hub has the database, or had it meanwhile.
            sqlalchemy.exc.DBAPIError: It cannot be reached yet.
        """
        connection = self._engine.connect()
        try:
            with connection.begin():
                if not _lock(connection):
                    raise Taken("it is held by another connection")
                if self._count(connection) != self._opened:
                    raise Taken("another Hub has worked on it meanwhile: start this one again")
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        return connection

    def _wait_for_lock(self, connection: sa.Connection) -> None:
        end = time.monotonic() + _SECONDS_FOR_LOCK
        while True:
            with connection.begin():
                if _lock(connection):
                    return
            if time.monotonic() > end:
                raise CannotOpen(
                    f"{self._place} is in use by another local Hub: end that one, or name another database"
                )
            time.sleep(0.1)

    def _check_layout(self, connection: sa.Connection) -> None:
        known = set(sa.inspect(connection).get_table_names())
        layout, is_new = None, not known & set(tables.metadata.tables)
        if "hub" in known:
            layout = connection.execute(sa.select(tables.hub.c.layout)).scalar()
            is_new = layout is None  # whoever made it was killed before it was done
        if is_new:
            # This one first: it tells an unfinished database from one of another layout.
            tables.hub.create(connection, checkfirst=True)
            tables.metadata.create_all(connection)
            connection.execute(tables.hub.insert().values(layout=LAYOUT, opened=0))
        elif layout != LAYOUT:
            found = "no layout version" if layout is None else f"layout {layout}"
            raise CannotOpen(
                f"{self._place} was written by another version of the local Hub ({found}; this one reads layout "
                f"{LAYOUT}): use that version, or name another state folder or database, or remove this one"
            )

    def _count(self, connection: sa.Connection) -> int:
        return int(connection.execute(sa.select(tables.hub.c.opened)).scalar_one())


def place_of(database: str | None, state: Path) -> tuple[sa.URL, str]:
    """The URL of the database, and its name in errors.

    Args:
        database: What `--database` says; None for SQLite in the state folder.
        state: The state folder.

    Raises:
        CannotOpen: It is no URL of PostgreSQL. The message does not repeat it: it may hold a password.
    """
    if database is None:
        path = state / "hub.sqlite"
        return sa.URL.create("sqlite", database=str(path)), f"the database {path}"
    user = database.partition("://")[2].rpartition("@")[0]
    if any(
        character in user for character in "/?#@"
    ):  # part of the password would be taken for the host
        raise CannotOpen(
            f"--database: {_HOW}, and / ? # @ in a user or password as %2F %3F %23 %40"
        )
    try:
        url = sa.make_url(database)
    except (sa.exc.ArgumentError, ValueError):
        raise CannotOpen(f"--database is no URL: {_HOW}") from None
    if url.drivername not in _SCHEMES:
        raise CannotOpen(f"--database is of a kind that the local Hub does not know: {_HOW}")
    if not url.database:
        raise CannotOpen(f"--database names no database: {_HOW}")
    host = url.host or url.query.get("host") or "this machine"
    return url.set(
        drivername="postgresql+psycopg"
    ), f"the PostgreSQL database {url.database} at {host}"


def make_engine(url: sa.URL) -> sa.Engine:
    """The engine of a database. Errors repeat no values: they may be secret.

    Raises:
        CannotOpen: PostgreSQL's driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, hide_parameters=True)
        sa.event.listen(engine, "connect", _durable)
        return engine
    try:
        return sa.create_engine(url, hide_parameters=True, connect_args=_CONNECT)
    except ModuleNotFoundError:
        raise CannotOpen(
            "--database needs PostgreSQL's driver: pip install 'qhub-plugins[team]'"
        ) from None


def _durable(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lock(connection: sa.Connection) -> bool:
    """Take the database for this connection. SQLite's is taken with the state folder."""
    if connection.dialect.name == "sqlite":
        return True
    of_schema = sa.func.hashtext(sa.func.current_schema())
    return bool(
        connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK, of_schema))).scalar()
    )
