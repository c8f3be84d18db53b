"""The tables, and how records become rows and rows records."""

from __future__ import annotations

import enum
from typing import Any, Protocol

import sqlalchemy as sa

from local_hub.records import JobRecord, Scope, SessionRecord, SessionStatus, Status

metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("account", sa.String(200), nullable=False),
    sa.Column("service_execution", sa.String(36)),
    sa.Column("session_id", sa.String(36), index=True),
    sa.Column("backend_id", sa.String(100), nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("input_format", sa.String(40), nullable=False),
    sa.Column("shots", sa.BigInteger, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("name", sa.Text),
    sa.Column("input_params", sa.JSON(none_as_null=True)),
    sa.Column("tags", sa.JSON(none_as_null=True)),
    sa.Column("sdk_provider", sa.String(20)),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Index("jobs_of_scope", "account", "service_execution", "created_at"),
)
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
    sa.Column("account", sa.String(200), nullable=False),
    sa.Column("service_execution", sa.String(36)),
    sa.Column("backend_id", sa.String(100), nullable=False),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.String(12), nullable=False, index=True),
    sa.Column("ttl", sa.BigInteger),
    sa.Column("tags", sa.JSON(none_as_null=True)),
    sa.Column("metadata", sa.JSON(none_as_null=True)),
    sa.Column("sdk_provider", sa.String(20)),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("usage", sa.BigInteger, nullable=False),
    sa.Index("sessions_of_scope", "account", "service_execution", "created_at"),
)
service_executions = sa.Table(
    "service_executions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("account", sa.String(200), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("account", sa.String(200), nullable=False),
    sa.Column("organizations", sa.JSON(none_as_null=True)),
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
    return {**values, "account": scope.account, "service_execution": scope.service_execution}


def job_of(row: Any) -> JobRecord:
    """A row of `jobs` as a record."""
    values = _values(jobs, row)
    return JobRecord(**{**values, "status": Status(values["status"])})


def session_of(row: Any) -> SessionRecord:
    """A row of `sessions` as a record."""
    values = _values(sessions, row)
    return SessionRecord(**{**values, "status": SessionStatus(values["status"])})


def of_scope(table: sa.Table, scope: Scope) -> sa.ColumnElement[bool]:
    """The condition that a row belongs to a scope."""
    execution = table.c.service_execution
    belongs = (
        execution.is_(None)
        if scope.service_execution is None
        else execution == scope.service_execution
    )
    return sa.and_(table.c.account == scope.account, belongs)


def _values(table: sa.Table, row: Any) -> dict[str, Any]:
    values = {
        column.name: getattr(row, column.name)
        for column in table.columns
        if column.name not in _NOT_FIELDS
    }
    return {**values, "scope": Scope(row.account, row.service_execution)}
