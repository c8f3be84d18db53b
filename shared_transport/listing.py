"""Reading a paged list from its newest end, whatever order the Hub gives it in.

The API promises no order, and its sort is not to be relied on: newest first is asked for, and where the first
page shows another order, that is followed instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from .answers import error_of, unreadable
from .models import Page
from .steps import Answer, Operation, Outcome, Send, Steps

__all__ = ["NEWEST_FIRST", "PAGE_SIZE", "Entry", "scan"]

PAGE_SIZE = 100
NEWEST_FIRST = ("created_at,desc",)


class Entry(Protocol):
    """Something that is listed."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def created_at(self) -> datetime | None:
        """When it was created, by the Hub's clock."""


T = TypeVar("T")


def scan(
    page_of: Callable[[int], Operation[Page[T]]],
    visit: Callable[[Sequence[T], Answer], bool],
    *,
    most_pages: int,
    too_old: Callable[[datetime, Answer], bool] = lambda when, answer: False,
) -> Steps[bool]:
    """Show pages to `visit` until it has enough: newest entries first as far as the list's order allows.

    Args:
        page_of: The operation that reads a page, counted from zero.
        visit: Is given a page's entries and the answer that they came in; says whether it has enough.
        most_pages: How many pages are read at the most.
        too_old: Whether nothing before this time is wanted. It ends the reading of a list that was in order
            so far.

    Returns:
        Whether `visit` had enough, or all that is not too old was read; False where `most_pages` ended it.

    Raises:
        HubError: A page could not be read.
    """
    answer, first = yield from _read(page_of(0))
    if visit(first.content, answer):
        return True
    total = first.total_pages
    if not first.content or total == 1:
        return True
    order = _Order(first.content)
    numbers: Iterable[int]
    read = 1
    last_was_read = False
    if order.holds and order.falls is None and total is not None:
        # All of one second: the list's other end tells whether it holds older or newer entries.
        if read == most_pages:
            return False
        answer, page = yield from _read(page_of(total - 1))
        read, last_was_read = read + 1, True
        if visit(page.content, answer):
            return True
        order.compare_ends(first.content, page.content)
    if order.falls and too_old(_oldest(first.content), answer):
        return True
    if total is None:
        numbers = iter(range(1, 1 << 30))
    elif order.rises:
        numbers = range(total - (2 if last_was_read else 1), 0, -1)
    else:
        numbers = range(1, total - (1 if last_was_read else 0))
    for number in numbers:
        if read == most_pages:
            return False
        answer, page = yield from _read(page_of(number))
        read += 1
        if visit(page.content, answer):
            return True
        if not page.content and total is None:
            return True
        order.add(page.content)
        # A rising list is read from its end; without a known end it is read whole.
        towards_older = order.falls or (order.rises and total is not None)
        if order.holds and towards_older and too_old(_oldest(page.content), answer):
            return True
    return True


class _Order:
    """Whether a list falls (newest first) or rises, as far as its pages were read."""

    def __init__(self, entries: Sequence[Any]) -> None:
        self.falls: bool | None = None
        self.holds = True
        self._check(entries, None)

    @property
    def rises(self) -> bool:
        return self.falls is False

    def add(self, entries: Sequence[Any]) -> None:
        """A further page: of a falling list the next one, of a rising one the one before."""
        self._check(entries, self.falls)

    def compare_ends(self, first: Sequence[Any], last: Sequence[Any]) -> None:
        """Settle the direction of a list whose first page is of one second, by its last page."""
        if first and last and first[0].created_at and last[-1].created_at:
            ends = first[0].created_at, last[-1].created_at
            self.falls = None if ends[0] == ends[1] else ends[0] > ends[1]

    def _check(self, entries: Sequence[Any], expected: bool | None) -> None:
        times = [entry.created_at for entry in entries]
        known = [when for when in times if when is not None]
        if len(known) < len(times):
            self.holds = False
        pairs = list(itertools.pairwise(known))
        falls, rises = any(a > b for a, b in pairs), any(a < b for a, b in pairs)
        if falls and rises:
            self.holds = False
        elif falls or rises:
            if expected is not None and expected is not falls:
                self.holds = False
            if self.falls is None:
                self.falls = falls
        if not self.holds:
            self.falls = None


def _oldest(entries: Sequence[Any]) -> datetime:
    """The time of the oldest entry; the far future where none tells one."""
    latest = datetime.max.replace(tzinfo=UTC)
    return min((entry.created_at or latest for entry in entries), default=latest)


def _read(operation: Operation[Page[T]]) -> Steps[tuple[Answer, Page[T]]]:
    outcome: Outcome = yield Send(operation)
    if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
        page = operation.read(outcome)
        if not page.model_fields_set:
            # Something answered in the Hub's place: taken for an empty list, it would mean that nothing is there.
            raise unreadable(operation.name, outcome, "it is no page of a list")
        return outcome, page
    raise error_of(operation, outcome)
