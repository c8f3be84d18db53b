"""Pages of lists: zero-based, sorted as asked where the name is known, else newest first.

Statements are composed once for each shape of a question: composing one costs more than running it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

import sqlalchemy as sa

from local_hub.records import Scope
from local_hub.store.counts import JobCounts, Shape, conditions
from local_hub.store.database import Database
from local_hub.store.tables import job_tags, jobs

Order: TypeAlias = Sequence[tuple[str, bool]]
"""Names to sort by, and whether descending; names that are not known are passed over."""

_SORTABLE = {"created_at": "created_at", "createdAt": "created_at", "id": "id"}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Page(Generic[_T]):
    """One page.

    Attributes:
        content: What is on it.
        total: How many there are on all pages.
    """

    content: list[_T]
    total: int


def job_page(
    database: Database,
    counts: JobCounts,
    scope: Scope,
    page: int,
    size: int,
    order: Order,
    hidden: Sequence[str],
    read: Callable[[Any], _T],
) -> Page[_T]:
    """Read one page of a scope's jobs.

    Args:
        database: Where to look.
        counts: Counts them.
        scope: Whose.
        page: Which page, from 0.
        size: Rows a page.
        order: How to sort.
        hidden: Ids of jobs that are left out.
        read: Makes a record of a row.
    """
    shape: Shape = ("hidden",) if hidden else ()
    values = {**scope_values(scope), **({"hidden": hidden} if hidden else {})}
    total = counts.count(shape, values)
    if page * size >= total:
        return Page([], total)
    bounds = {"size": size, "first": page * size}
    rows = database.read(_found(shape, known(order)), {**values, **bounds})
    return Page([read(row) for row in rows], total)


def known(order: Order) -> tuple[tuple[str, bool], ...]:
    """What of an order counts: the columns that are known, each once."""
    columns: dict[str, bool] = {}
    for name, down in order:
        if name in _SORTABLE:
            columns.setdefault(_SORTABLE[name], down)
    return tuple(columns.items())


def clauses(columns: Any, order: tuple[tuple[str, bool], ...]) -> list[sa.ColumnElement[Any]]:
    """An order as SQL, newest first where it does not decide."""
    asked = [columns[name].desc() if down else columns[name].asc() for name, down in order]
    names = {name for name, _ in order}
    if "id" in names:  # it decides
        return asked
    down = order[0][1] if order else True
    rest = [] if "created_at" in names else [columns["created_at"].desc()]
    # In the direction of the column before it, so that one index gives both.
    return [*asked, *rest, columns["number"].desc() if down else columns["number"].asc()]


def scope_values(scope: Scope) -> dict[str, Any]:
    """The values of a scope's conditions."""
    return {"account": scope.account, "service_execution": scope.service_execution or ""}


@lru_cache(maxsize=64)
def _found(shape: Shape, order: tuple[tuple[str, bool], ...]) -> sa.Select[Any]:
    mine = conditions(jobs, job_tags, shape)
    found = sa.select(jobs).where(*mine).order_by(*clauses(jobs.c, order))
    return found.limit(sa.bindparam("size")).offset(sa.bindparam("first"))
