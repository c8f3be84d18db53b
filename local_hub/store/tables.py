"""The tables, and how records become rows and rows records."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from local_hub.records import JobRecord, Scope, SessionRecord, SessionStatus, Status

metadata = sa.MetaData()


class Json(sa.TypeDecorator[Any]):
    """Any JSON value as text of ASCII letters alone: PostgreSQL's own type takes neither NaN nor every string."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write a value."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Read a value."""
        return None if value is None else json.loads(value)


def _tags(name: str) -> sa.Table:
    """Which rows have a tag: what `tag_mark` makes of it, because a tag may be longer than an index takes."""
    return sa.Table(
        name,
        metadata,
        sa.Column("tag", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


# What this database is: one row. `opened` counts the Hubs that worked on it.
hub = sa.Table(
    "hub",
    metadata,
    sa.Column("layout", sa.Integer, nullable=False),
    sa.Column("opened", sa.Integer, nullable=False),
)
jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("service_execution", sa.String(36), nullable=False),
    sa.Column("session_id", sa.String(36), index=True),
    sa.Column("backend_id", sa.String(100), nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("input_format", sa.String(40), nullable=False),
    sa.Column("shots", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("name", Json),
    sa.Column("input_params", Json),
    sa.Column("tags", Json),
    sa.Column("sdk_provider", sa.String(20)),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Index("jobs_of_scope", "account", "service_execution", "created_at", "number"),
    sa.Index("jobs_by_id", "account", "service_execution", "id"),
    *(
        sa.Index(f"jobs_by_{name}", "account", "service_execution", name, "created_at", "number")
        for name in ("status", "backend_id", "provider")
    ),
)
job_tags = _tags("job_tags")
inputs = sa.Table(
    "inputs",
    metadata,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("body", sa.LargeBinary),
)
results = sa.Table(
    "results",
    metadata,
    sa.Column("job_id", sa.String(36), primary_key=True),
    sa.Column("body", sa.LargeBinary),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("service_execution", sa.String(36), nullable=False),
    sa.Column("backend_id", sa.String(100), nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("ttl", sa.BigInteger),
    sa.Column("tags", Json),
    sa.Column("metadata", Json),
    sa.Column("sdk_provider", sa.String(20)),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("usage", sa.BigInteger, nullable=False),
    sa.Index("sessions_of_scope", "account", "service_execution", "created_at", "number"),
)
session_tags = _tags("session_tags")
service_executions = sa.Table(
    "service_executions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("organizations", Json),
    sa.Column("service_execution", sa.String(36)),
    sa.Column("expires_at", sa.BigInteger),
)

_NOT_FIELDS = ("number", "account", "service_execution")


class _Scoped(Protocol):
    scope: Scope


def row_of(record: _Scoped) -> dict[str, Any]:
    """A record as the values of a row."""
    values = {
        name: value.value if isinstance(value, enum.Enum) else value
        for name, value in vars(record).items()
        if name != "scope"
    }
    scope = record.scope
    # No service execution is an empty text: behind a NULL PostgreSQL uses no index to sort.
    return {**values, "account": scope.account, "service_execution": scope.service_execution or ""}


def job_of(row: Any) -> JobRecord:
    """A row of `jobs` as a record."""
    values = _values(jobs, row)
    return JobRecord(**{**values, "status": Status(values["status"])})


def session_of(row: Any) -> SessionRecord:
    """A row of `sessions` as a record."""
    values = _values(sessions, row)
    return SessionRecord(**{**values, "status": SessionStatus(values["status"])})


def tag_mark(tag: str) -> str:
    """What stands for a tag in an index."""
    return hashlib.sha256(tag.encode()).hexdigest()[:32]


def add_tags(
    connection: sa.Connection,
    table: sa.Table,
    new: sa.CursorResult[Any],
    tags: Sequence[str] | None,
) -> None:
    """Let a row that was inserted be found by its tags."""
    key = new.inserted_primary_key
    if tags and key is not None:
        values = [{"tag": tag_mark(tag), "number": key[0]} for tag in tags]
        connection.execute(table.insert(), values)


def _values(table: sa.Table, row: Any) -> dict[str, Any]:
    values = {
        column.name: getattr(row, column.name)
        for column in table.columns
        if column.name not in _NOT_FIELDS
    }
    return {**values, "scope": Scope(row.account, row.service_execution or None)}
