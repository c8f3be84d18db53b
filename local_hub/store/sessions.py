"""Sessions."""

from __future__ import annotations

import sqlalchemy as sa

from local_hub.records import SessionRecord, SessionStatus
from local_hub.store.database import Database
from local_hub.store.tables import row_of, session_of, sessions


class SessionStore:
    """All sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: SessionRecord) -> None:
        """Store a new session; it is durable when this returns."""
        values = row_of(record)
        new = sessions.insert().values(values)
        await self._database.write(lambda connection: _run(connection, new))

    async def update(self, record: SessionRecord) -> None:
        """Store what changed of a session; durable when this returns."""
        change = self._change(record)
        await self._database.write(lambda connection: _run(connection, change))

    def note(self, record: SessionRecord) -> None:
        """Store what changed of a session. Nobody waits for it: a start finds out by itself."""
        self._database.note(self._change(record), "a session's state")

    def note_usage(self, session_id: str, milliseconds: int) -> None:
        """Add to the usage of a session that is closed and whose jobs go on."""
        change = sessions.update().where(sessions.c.id == session_id)
        self._database.note(
            change.values(usage=sessions.c.usage + milliseconds), "a session's usage"
        )

    def get(self, session_id: str) -> SessionRecord | None:
        """Read a session."""
        found = sa.select(sessions).where(sessions.c.id == session_id)
        row = self._database.reader.execute(found).first()
        return session_of(row) if row else None

    def open(self) -> list[SessionRecord]:
        """Read the sessions that are not closed."""
        found = sa.select(sessions).where(sessions.c.status != SessionStatus.CLOSED.value)
        return [session_of(row) for row in self._database.reader.execute(found).all()]

    def _change(self, record: SessionRecord) -> sa.Update:
        return (
            sessions.update()
            .where(sessions.c.id == record.id, sessions.c.status != SessionStatus.CLOSED.value)
            .values(
                status=record.status.value,
                started_at=record.started_at,
                closed_at=record.closed_at,
                usage=record.usage,
            )
        )


def _run(connection: sa.Connection, statement: sa.Executable) -> None:
    connection.execute(statement)
