"""Jobs and sessions in one list. A session's jobs are listed too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from local_hub.records import Scope
from local_hub.store.counts import JobCounts, Shape, conditions
from local_hub.store.database import Database
from local_hub.store.pages import Order, Page, clauses, known, scope_values
from local_hub.store.tables import job_tags, jobs, session_tags, sessions, tag_mark

_SHARED = ("id", "backend_id", "provider", "status", "started_at", "created_at", "sdk_provider")
_KINDS = {
    "JOB": (jobs, jobs.c.ended_at, job_tags),
    "SESSION": (sessions, sessions.c.closed_at, session_tags),
}
# Up to so many rows a tag leads to are read and sorted; beyond, the newest rows are tried one after the other.
_FEW = 500


class WorkloadStore:
    """What somebody has asked for, jobs and sessions alike.

    Attributes:
        unlisted: Says which jobs lists leave out.
    """

    def __init__(self, database: Database, counts: JobCounts) -> None:
        self._database = database
        self._counts = counts
        self.unlisted: Callable[[], Sequence[str]] = tuple

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
        kinds = tuple(kind for kind in _KINDS if kind in filters.get("type", _KINDS))
        if not kinds:
            return Page([], 0)
        # No stored word has a NUL character, and PostgreSQL takes none.
        wanted = {
            name: [value for value in values if "\0" not in value]
            for name, values in filters.items()
            if name not in ("type", "tag")
        }
        if "tag" in filters:
            wanted["tag"] = [tag_mark(tag) for tag in filters["tag"]]
        if hidden := self.unlisted():
            wanted["hidden"] = list(hidden)
        shape = tuple(sorted(wanted))
        values: dict[str, Any] = {**scope_values(scope), **wanted}
        total = 0
        if "SESSION" in kinds:
            total = self._database.read(_sessions_counted(shape), values)[0][0]
        if "JOB" in kinds:
            total += self._counts.count(shape, values)
        first = page * size
        if first >= total:
            return Page([], total)
        bounds = {"size": size, "first": first, "until": first + size}
        found = _found(kinds, shape, known(order), total > _FEW)
        rows = self._database.read(found, {**values, **bounds})
        return Page([dict(row._mapping) for row in rows], total)


@lru_cache(maxsize=256)
def _sessions_counted(shape: Shape) -> sa.Select[Any]:
    mine = conditions(sessions, session_tags, shape)
    return sa.select(sa.func.count()).select_from(sessions).where(*mine)


@lru_cache(maxsize=256)
def _found(
    kinds: tuple[str, ...], shape: Shape, order: tuple[tuple[str, bool], ...], walks: bool
) -> sa.Select[Any]:
    """How to find a page.

    Of each kind no more than what the page and those before it can hold is read, by an index, before both are merged.
    """
    parts = []
    for kind in kinds:
        table, ended, tags = _KINDS[kind]
        columns = [
            *(table.c[name] for name in _SHARED),
            ended.label("ended_at"),
            sa.literal(kind).label("type"),
            table.c.number,
        ]
        part = sa.select(*columns).where(*conditions(table, tags, shape, walks=walks))
        part = part.order_by(*clauses(table.c, order)).limit(sa.bindparam("until"))
        parts.append(sa.select(part.subquery()))
    both = sa.union_all(*parts).subquery()
    found = sa.select(*(column for column in both.columns if column.name != "number"))
    found = found.order_by(*clauses(both.c, order))
    return found.limit(sa.bindparam("size")).offset(sa.bindparam("first"))
