"""Who waits: a queue for each backend, and which of all waiting jobs is next."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar


class Waiting(Protocol):
    """What a queue has to know of a job."""

    @property
    def backend_id(self) -> str:
        """The backend it waits for."""


_T = TypeVar("_T", bound=Waiting)


class Queues(Generic[_T]):
    """The jobs that wait. First come, first served, as far as the backends allow it."""

    def __init__(self, may_run: Callable[[_T], bool], is_open: Callable[[str], bool]) -> None:
        """Set up empty queues.

        Args:
            may_run: Whether a job's backend takes this job now; a dedicated session may have it to itself.
            is_open: Whether a backend takes any job now.
        """
        self._may_run = may_run
        self._is_open = is_open
        self._queues: dict[str, deque[tuple[int, _T]]] = {}
        self._behind = itertools.count()
        self._ahead = itertools.count(-1, -1)

    def add(self, job: _T) -> None:
        """Let a job wait behind all others."""
        self._queue(job).append((next(self._behind), job))

    def add_first(self, job: _T) -> None:
        """Let a job wait before all others."""
        self._queue(job).appendleft((next(self._ahead), job))

    def remove(self, job: _T) -> bool:
        """Take a job out. Returns whether it waited."""
        queue = self._queue(job)
        for entry in queue:
            if entry[1] is job:
                queue.remove(entry)
                return True
        return False

    def next(self) -> _T | None:
        """The job that has waited longest of those that may run; it goes on waiting until it is removed."""
        first = min(self._heads(), key=lambda entry: entry[0], default=None)
        return first[1] if first else None

    def size(self, backend_id: str) -> int:
        """How many jobs wait for a backend."""
        return len(self._queues.get(backend_id, ()))

    def _queue(self, job: _T) -> deque[tuple[int, _T]]:
        return self._queues.setdefault(job.backend_id, deque())

    def _heads(self) -> Iterator[tuple[int, _T]]:
        for backend_id, queue in self._queues.items():
            if queue and self._is_open(backend_id):
                entry = next((entry for entry in queue if self._may_run(entry[1])), None)
                if entry is not None:
                    yield entry
