"""How many jobs a list has in all, without counting the same ones again.

A job that has ended never changes. So all that are numbered below the first unfinished one are counted once for each
question, and from then on only those behind them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from local_hub.records import Status
from local_hub.store.database import Database
from local_hub.store.tables import job_tags, jobs

UNFINISHED = (Status.PENDING.value, Status.RUNNING.value)

_REMEMBERED = 1000
# `+ 0`: by the status's index. PostgreSQL would walk through all numbers to find the least that fits.
_unfinished = sa.select(sa.func.min(jobs.c.number + 0)).where(jobs.c.status.in_(UNFINISHED))
_last = sa.select(sa.func.coalesce(sa.func.max(jobs.c.number), 0)).scalar_subquery()
_BOUNDS = sa.select(
    sa.func.coalesce(_unfinished.scalar_subquery() - 1, _last).label("settled"),
    _last.label("last"),
)

Shape = tuple[str, ...]
"""The names of the conditions besides the scope."""


class JobCounts:
    """Counts jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Of each question the number up to which it is settled, and how many there are up to it.
        self._settled: OrderedDict[Any, tuple[int, int]] = OrderedDict()

    def count(self, shape: Shape, values: Mapping[str, Any]) -> int:
        """Count the jobs that fulfil the conditions.

        Args:
            shape: Which conditions.
            values: Their values.
        """
        if "hidden" in shape:  # for a while only
            return self._read(shape, values, 0, None)
        key = (shape, *(_hashable(values[name]) for name in sorted(values)))
        bounds = self._database.read(_BOUNDS)[0]
        settled, last = int(bounds.settled), int(bounds.last)
        known, total = self._settled.get(key, (0, 0))
        if settled > known:
            total += self._read(shape, values, known, settled)
            known = settled
            self._settled[key] = known, total
            if len(self._settled) > _REMEMBERED:
                self._settled.popitem(last=False)
        if key in self._settled:
            self._settled.move_to_end(key)
        return total + (self._read(shape, values, known, None) if last > known else 0)

    def _read(self, shape: Shape, values: Mapping[str, Any], above: int, until: int | None) -> int:
        counted = _counted(shape, above > 0, until is not None)
        bounds = {"above": above} if above else {}
        if until is not None:
            bounds["until"] = until
        return int(self._database.read(counted, {**values, **bounds})[0][0])


def conditions(
    table: sa.Table, tags: sa.Table, shape: Shape, *, walks: bool = False
) -> list[sa.ColumnElement[bool]]:
    """The conditions on rows of a table.

    Args:
        table: Of jobs or sessions.
        tags: The table of its tags.
        shape: Which conditions.
        walks: Whether rows are met in an order that is given, each to be tested; else a tag finds them.
    """
    finds_by_tag = "tag" in shape and not walks
    found = [_scope(table, by_index=not finds_by_tag)]
    for name in shape:
        values: sa.BindParameter[Any] = sa.bindparam(name, expanding=True)
        if name == "hidden":
            found.append(table.c.id.not_in(values))
        elif name != "tag":
            found.append(table.c[name].in_(values))
        elif finds_by_tag:
            found.append(table.c.number.in_(sa.select(tags.c.number).where(tags.c.tag.in_(values))))
        else:
            mine = tags.c.number == table.c.number
            found.append(sa.exists().where(tags.c.tag.in_(values), mine).correlate(table))
    return found


def _scope(table: sa.Table, *, by_index: bool) -> sa.ColumnElement[bool]:
    account: sa.ColumnElement[Any] = table.c.account
    execution: sa.ColumnElement[Any] = table.c.service_execution
    if not by_index:  # an expression, so that no planner takes all jobs of an account for few
        account, execution = account.concat(""), execution.concat("")
    return sa.and_(
        account == sa.bindparam("account"), execution == sa.bindparam("service_execution")
    )


@lru_cache(maxsize=256)
def _counted(shape: Shape, above: bool, until: bool) -> sa.Select[Any]:
    counted = sa.select(sa.func.count()).select_from(jobs)
    if above:  # few: they are met by number
        mine = [_scope(jobs, by_index=False)]
        mine += conditions(jobs, job_tags, shape, walks=True)[1:]
        counted = counted.where(jobs.c.number > sa.bindparam("above"), *mine)
    else:
        counted = counted.where(*conditions(jobs, job_tags, shape))
    return counted.where(jobs.c.number <= sa.bindparam("until")) if until else counted


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
