"""Tokens and service executions. A token itself is kept nowhere: only its SHA-256 is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from local_hub.records import now
from local_hub.store.database import Database
from local_hub.store.tables import service_executions, tokens


@dataclass(frozen=True)
class TokenRecord:
    """What a token stands for.

    Attributes:
        kind: `user`, `access`, `refresh` or `service_execution`.
        account: Whose it is.
        organizations: The organizations that its user may act for.
        service_execution: The service execution that it belongs to.
        expires_at: When it ends, in milliseconds; None for never.
    """

    kind: str
    account: str
    organizations: list[str] | None = None
    service_execution: str | None = None
    expires_at: int | None = None


class AccountStore:
    """All tokens but the Hub's own, and all service executions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_token(self, token: str, record: TokenRecord) -> None:
        """Store a token; durable when this returns."""
        values = {**vars(record), "hash": _hash(token)}

        undo = tokens.delete().where(tokens.c.hash == values["hash"])

        def write(connection: sa.Connection) -> None:
            connection.execute(
                tokens.delete().where(tokens.c.expires_at.is_not(None), tokens.c.expires_at < now())
            )
            connection.execute(tokens.insert(), values)

        await self._database.ask(write, lambda connection: _run(connection, undo))

    async def remove_token(self, token: str) -> None:
        """Forget a token; durable when this returns."""
        gone = tokens.delete().where(tokens.c.hash == _hash(token))
        await self._database.keep(lambda connection: _run(connection, gone))

    def token(self, token: str) -> TokenRecord | None:
        """What a token stands for; None for one that is unknown or has ended."""
        names = ("kind", "account", "organizations", "service_execution", "expires_at")
        found = sa.select(*(tokens.c[name] for name in names)).where(tokens.c.hash == _hash(token))
        row = next(iter(self._database.read(found)), None)
        if row is None or (row.expires_at is not None and row.expires_at < now()):
            return None
        return TokenRecord(**dict(row._mapping))

    async def add_service_execution(self, execution_id: str, account: str) -> None:
        """Store a service execution; durable when this returns."""
        new = service_executions.insert().values(id=execution_id, account=account, created_at=now())
        undo = service_executions.delete().where(service_executions.c.id == execution_id)
        await self._database.ask(
            lambda connection: _run(connection, new), lambda connection: _run(connection, undo)
        )

    def account_of(self, execution_id: str) -> str | None:
        """Whose a service execution is; None where there is none of this id."""
        found = sa.select(service_executions.c.account).where(
            service_executions.c.id == execution_id
        )
        rows = self._database.read(found)
        return rows[0].account if rows else None


def _run(connection: sa.Connection, statement: sa.Executable) -> None:
    connection.execute(statement)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
