"""The newest entries of a list of the Hub, whose order the API does not promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

from shared_transport.listing import Entry, scan

if TYPE_CHECKING:
    from shared_transport.client import HubClient
    from shared_transport.models import Page
    from shared_transport.steps import Answer, Operation

__all__ = ["newest"]

T = TypeVar("T", bound=Entry)

_ALL = 1 << 30
_NEVER = datetime.min.replace(tzinfo=UTC)


def newest(
    client: HubClient,
    page_of: Callable[[int], Operation[Page[T]]],
    fits: Callable[[T], bool],
    *,
    limit: int,
    after: datetime | None = None,
) -> list[T]:
    """Read as much of a list as is needed.

    Args:
        client: The Hub.
        page_of: The operation that reads a page, asking for the newest first.
        fits: Which entries are wanted.
        limit: How many; 0 for all of them.
        after: None that is older than this is wanted.

    Returns:
        The newest that fit, the newest first.

    Raises:
        HubError: A page cannot be read.
    """
    found = _Found(fits, limit)

    def too_old(when: datetime, answer: Answer) -> bool:
        return after is not None and when < after

    client.run(scan(page_of, found.visit, most_pages=_ALL, too_old=too_old))
    return found.newest(after)


class _Found(Generic[T]):
    """Pages as they are read: the first, then those towards older entries as far as there is an order."""

    def __init__(self, fits: Callable[[T], bool], limit: int) -> None:
        self._fits = fits
        self._limit = limit
        self._pages: list[Sequence[T]] = []

    def visit(self, entries: Sequence[T], answer: Answer) -> bool:
        """Take a page.

        Returns:
            Whether there are enough, and what was not read is certainly older.
        """
        self._pages.append(entries)
        if not self._limit:
            return False
        first, *others = self._pages
        if _falls([entry for page in self._pages for entry in page]):
            return self._count(self._pages) >= self._limit
        # A list that rises was read at its end after its first page; what comes is older, but for that page.
        backwards = [entry for page in others for entry in reversed(page)]
        return _falls([*backwards, *reversed(first)]) and self._count(others) >= self._limit

    def newest(self, after: datetime | None) -> list[T]:
        """What was found; an entry that two pages have counts once."""
        fitting = {
            entry.id: entry
            for page in self._pages
            for entry in page
            if self._fits(entry) and (after is None or _time(entry) >= after)
        }
        ordered = sorted(fitting.values(), key=_time, reverse=True)
        return ordered[: self._limit or None]

    def _count(self, pages: Sequence[Sequence[T]]) -> int:
        return sum(self._fits(entry) for page in pages for entry in page)


def _falls(entries: Sequence[Entry]) -> bool:
    """Whether the newest comes first; of entries that are all of one time nobody knows."""
    times = [_time(entry) for entry in entries]
    return len(set(times)) > 1 and all(a >= b for a, b in pairwise(times))


def _time(entry: Entry) -> datetime:
    return entry.created_at or _NEVER
