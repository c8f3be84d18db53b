"""Jobs and sessions in one list. A session's jobs are listed too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from local_hub.records import Scope
from local_hub.store.database import Database
from local_hub.store.pages import Order, Page, read_page
from local_hub.store.tables import jobs, of_scope, sessions

_SHARED = ("id", "backend_id", "provider", "status", "started_at", "created_at", "sdk_provider")


class WorkloadStore:
    """What somebody has asked for, jobs and sessions alike."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        scope: Scope,
        page: int,
        size: int,
        order: Order,
        filters: Mapping[str, Sequence[str]],
    ) -> Page[dict[str, Any]]:
        """Read one page of a scope's workloads; newest first where the order does not decide.

        Args:
            scope: Whose.
            page: Which page, from 0.
            size: Rows a page.
            order: How to sort.
            filters: For `type`, `status`, `provider`, `backend_id` and `tag` the values that are let through.
        """
        both = sa.union_all(
            _rows(jobs, "JOB", jobs.c.ended_at, scope),
            _rows(sessions, "SESSION", sessions.c.closed_at, scope),
        ).subquery()
        columns = [column for column in both.columns if column.name not in ("number", "tags")]
        found = sa.select(*columns)
        for name, values in filters.items():
            if name == "tag":
                found = found.where(sa.or_(*(_has_tag(both.c.tags, value) for value in values)))
            else:
                found = found.where(both.c[name].in_(values))
        newest_first = (both.c.created_at.desc(), both.c.number.desc())
        return read_page(
            self._database, found, page, size, order, newest_first, lambda row: dict(row._mapping)
        )


def _rows(table: sa.Table, kind: str, ended: sa.Column[Any], scope: Scope) -> sa.Select[Any]:
    shared = [table.c[name] for name in _SHARED]
    # As text, so that one condition finds a tag in SQLite and in PostgreSQL alike.
    tags = sa.cast(table.c.tags, sa.Text).label("tags")
    kind_column = sa.literal(kind).label("type")
    return sa.select(*shared, ended.label("ended_at"), kind_column, table.c.number, tags).where(
        of_scope(table, scope)
    )


def _has_tag(tags: sa.ColumnElement[str], tag: str) -> sa.ColumnElement[bool]:
    return tags.contains(json.dumps(tag), autoescape=True)
