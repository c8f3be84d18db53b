"""What kind of Hub it is, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class World:
    """How this Hub behaves when nothing fails. Pairs are bounds of what is drawn by the seed.

    Attributes:
        latency: Seconds that a request takes, half of them on the way there.
        listed_after: Seconds after which an accepted job or session appears in lists.
        order: ``newest`` or ``oldest`` first, ``random`` (one order that stays), ``shuffled`` (another one at
            each request), or ``asked``: by ``sort``, newest first without one.
        page_size: Its own page size, whatever is asked; None for the asked one ...
        most_a_page: ... up to this many.
        totals: Whether pages tell their number.
        drops_tags: Tags are accepted and forgotten, and so are a session's metadata.
        clock_offset: Seconds by which the server's clock is ahead of the client's.
        date: Whether answers have a ``Date``.
        queue_seconds: How long a job waits.
        job_seconds: How long it then runs; a request's ``name`` that is a number says it for that job.
        fails: The share of the jobs that fail.
        checks: Whether each request has to be one that the contract describes.
    """

    latency: tuple[float, float] = (0.0, 0.0)
    listed_after: tuple[float, float] = (0.0, 0.0)
    order: str = "newest"
    page_size: int | None = None
    most_a_page: int = 1000
    totals: bool = True
    drops_tags: bool = False
    clock_offset: float = 0.0
    date: bool = True
    queue_seconds: tuple[float, float] = (0.0, 0.0)
    job_seconds: tuple[float, float] = (1.0, 1.0)
    fails: float = 0.0
    checks: bool = True

    def __post_init__(self) -> None:
        if self.order not in ("newest", "oldest", "random", "shuffled", "asked"):
            raise ValueError(f"no such order: {self.order}")


@dataclass
class Entry:
    """A job or a session as it really is. Times are by the client's clock.

    Attributes:
        id: Its id.
        kind: ``job`` or ``session``.
        body: What was posted.
        token: The submission token it carries, or None.
        created: When it was accepted.
        listed: From when on lists show it.
        starts: When it starts to run.
        ends: When it ends, or None for a session.
        fails: Whether it fails.
        stopped: When it was cancelled or closed.
        key: Its place in a random order.
    """

    id: str
    kind: str
    body: dict[str, Any]
    token: str | None
    created: float
    listed: float
    starts: float
    ends: float | None
    fails: bool
    key: float
    stopped: float | None = None
    accepts_jobs: bool = True

    @property
    def alive(self) -> bool:
        """Whether nobody stopped it."""
        return self.stopped is None
