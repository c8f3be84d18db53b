"""The table that every benchmark prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table. A figure without a limit is there to be read."""

    what: str
    measured: float
    limit: float | None
    unit: str

    @property
    def within(self) -> bool:
        return self.limit is None or self.measured <= self.limit


@dataclass(frozen=True)
class Rate(Row):
    """A figure that has to be at least its limit."""

    @property
    def within(self) -> bool:
        return self.limit is None or self.measured >= self.limit


def show(rows: Sequence[Row], *, as_json: bool) -> int:
    """Print the rows. Returns the exit status: 1 if one is not within its limit."""
    if as_json:
        print(json.dumps([{**asdict(row), "within": row.within} for row in rows], indent=2))
    else:
        print(_table(rows))
    return 0 if all(row.within for row in rows) else 1


def _table(rows: Sequence[Row]) -> str:
    cells = [("what", "measured", "limit", "within")]
    for row in rows:
        numbers = [_text(value, row.unit) for value in (row.measured, row.limit)]
        told = "" if row.limit is None else "yes" if row.within else "NO"
        cells.append((row.what, numbers[0], numbers[1], told))
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = [
        f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}".rstrip()
        for a, b, c, d in cells
    ]
    lines.insert(1, "-" * (sum(widths) + 6))
    return "\n".join(lines)


def _text(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}".strip()
