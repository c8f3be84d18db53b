"""Pages of lists: zero-based, sorted as asked where the name is known, else newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import sqlalchemy as sa

from local_hub.store.database import Database

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


def read_page(
    database: Database,
    found: sa.Select[Any],
    page: int,
    size: int,
    order: Order,
    otherwise: Iterable[sa.ColumnElement[Any]],
    read: Callable[[Any], _T],
) -> Page[_T]:
    """Read one page of what a selection finds.

    Args:
        database: Where to look.
        found: The selection, unsorted.
        page: Which page, from 0.
        size: Rows a page.
        order: How to sort.
        otherwise: The order of what `order` leaves equal.
        read: Makes a record of a row.
    """
    counted = sa.select(sa.func.count()).select_from(found.subquery())
    total = database.reader.execute(counted).scalar_one()
    if page * size >= total:
        return Page([], total)
    columns = found.selected_columns
    clauses = [
        columns[_SORTABLE[name]].desc() if down else columns[_SORTABLE[name]].asc()
        for name, down in order
        if name in _SORTABLE
    ]
    rows = database.reader.execute(
        found.order_by(*clauses, *otherwise).limit(size).offset(page * size)
    )
    return Page([read(row) for row in rows], total)
