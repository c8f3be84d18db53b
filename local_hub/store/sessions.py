"""Sessions."""

from __future__ import annotations

import sqlalchemy as sa

from local_hub.records import SessionRecord, SessionStatus
from local_hub.store.database import Database
from local_hub.store.tables import add_tags, row_of, session_of, session_tags, sessions

_FINAL = [status.value for status in SessionStatus if status.is_final]


class SessionStore:
    """All sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: SessionRecord) -> None:
        """Store a new session; it is durable when this returns."""
        values = row_of(record)
        this = sessions.c.id == record.id

        def write(connection: sa.Connection) -> None:
            new = connection.execute(sessions.insert(), values)
            add_tags(connection, session_tags, new, record.tags)

        def undo(connection: sa.Connection) -> None:
            number = sa.select(sessions.c.number).where(this).scalar_subquery()
            connection.execute(session_tags.delete().where(session_tags.c.number == number))
            connection.execute(sessions.delete().where(this))

        await self._database.ask(write, undo)

    async def update(self, record: SessionRecord) -> None:
        """Store what changed of a session, its usage apart; durable when this returns."""
        change = self._change(record)
        await self._database.keep(lambda connection: _run(connection, change))

    def note(self, record: SessionRecord) -> None:
        """Store what changed of a session. Nobody waits for it: a start finds out by itself."""
        self._database.note(self._change(record), "a session's state")

    def get(self, session_id: str) -> SessionRecord | None:
        """Read a session."""
        found = sa.select(sessions).where(sessions.c.id == session_id)
        rows = self._database.read(found)
        return session_of(rows[0]) if rows else None

    def open(self) -> list[SessionRecord]:
        """Read the sessions that are not closed."""
        found = sa.select(sessions).where(sessions.c.status.not_in(_FINAL))
        return [session_of(row) for row in self._database.read(found)]

    def _change(self, record: SessionRecord) -> sa.Update:
        return (
            sessions.update()
            .where(sessions.c.id == record.id, sessions.c.status.not_in(_FINAL))
            .values(
                status=record.status.value,
                started_at=record.started_at,
                closed_at=record.closed_at,
            )
        )


def _run(connection: sa.Connection, statement: sa.Executable) -> None:
    connection.execute(statement)
