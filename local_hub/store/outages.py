"""What can go wrong with a database for a while, told apart from what is a mistake."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from local_hub.problems import Problem

RETRY_AFTER = 2
"""Seconds that a client is asked to wait."""

_FULL = (
    "The disk of the Hub's {} is full, and nothing was stored: free some space, then send it again."
)
_LOST = "The Hub has lost its database and connects again by itself: send the request again soon."
# SQLite's result codes (sqlite.org/rescode.html) that are the surroundings' fault.
_SQLITE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
# PostgreSQL's classes of SQLSTATE (appendix A of its manual) that are the surroundings' fault: connections,
# transactions that have to be repeated, resources, an operator's intervention, the system.
_SQLSTATES = ("08", "40", "53", "57", "58")
_DISK_FULL = "53100"
_READ_ONLY = "25006"


class Unavailable(Problem):
    """The database cannot be used at the moment."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail, retry_after=RETRY_AFTER)


def lost() -> Unavailable:
    """The problem of a database that cannot be reached."""
    return Unavailable(503, _LOST)


def is_lost(error: sa.exc.DBAPIError) -> bool:
    """Whether the connection is gone, and with it the knowledge of whether a commit arrived."""
    if error.connection_invalidated:
        return True
    state = _sqlstate(error)
    return not isinstance(error.orig, sqlite3.Error) and (
        isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and state is None
    )


def problem_of(error: sa.exc.DBAPIError) -> Problem | None:
    """What to answer when a statement failed; None for what is a mistake of this program."""
    if isinstance(error.orig, sqlite3.Error):
        return _problem_of_sqlite(error.orig)
    if is_lost(error):
        return lost()
    if isinstance(error, sa.exc.DataError):
        return Problem(
            422, "A text of the request holds what the database cannot: remove NUL characters."
        )
    state = _sqlstate(error) or ""
    if state == _DISK_FULL:
        return Unavailable(507, _FULL.format("database"))
    if state.startswith(_SQLSTATES) or state == _READ_ONLY:
        return Unavailable(503, _cannot(error.orig))
    return None


def _problem_of_sqlite(error: sqlite3.Error) -> Unavailable | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return Unavailable(507, _FULL.format("state folder"))
    return Unavailable(503, _cannot(error)) if code in _SQLITE else None


def _cannot(error: object) -> str:
    reason = str(error).splitlines()[0].rstrip(".")
    return f"The Hub's database cannot store now, and nothing was stored ({reason}): mend that, then send it again."


def _sqlstate(error: sa.exc.DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
