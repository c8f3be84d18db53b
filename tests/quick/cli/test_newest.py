"""The newest entries of a list, in whatever order the Hub gives it: held against sorting all of it."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from qhub_cli.newest import newest
from shared_transport import operations
from shared_transport.models import Job
from shared_transport.steps import Answer, Send, run_steps

FIRST = datetime(2026, 11, 22, tzinfo=UTC)


class Listing:
    """A Hub that lists jobs in an order of its own.

    Attributes:
        pages: Numbers of the pages that it was asked for.
    """

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        self.jobs = jobs
        self.pages: list[int] = []

    def run(self, steps: Any) -> Any:
        return run_steps(steps, self.answer, lambda seconds: None)

    def answer(self, step: Send) -> Answer:
        asked = dict(step.operation.params)
        number, size = int(asked["page"]), int(asked["size"])
        self.pages.append(number)
        document = {
            "content": self.jobs[number * size : (number + 1) * size],
            "page": number,
            "size": size,
            "total_elements": len(self.jobs),
            "total_pages": -(-len(self.jobs) // size),
        }
        return Answer(200, {}, json.dumps(document).encode())


def job(number: int, second: int) -> dict[str, Any]:
    created = FIRST + timedelta(seconds=second)
    return {"id": f"{number}", "shots": number % 3, "created_at": f"{created:%Y-%m-%d %H:%M:%S}"}


def ordered(order: str, seconds: list[int]) -> list[dict[str, Any]]:
    jobs = [job(number, second) for number, second in enumerate(seconds)]
    jobs.sort(key=lambda one: one["created_at"], reverse=order == "falling")
    if order == "none":
        random.Random(7).shuffle(jobs)
    return jobs


# That a list has no order is seen where a page shows it.
@pytest.mark.parametrize(
    ("order", "size"),
    [*product(["falling", "rising"], [1, 3, 10]), ("none", 10), ("none", 20)],
)
@pytest.mark.parametrize("limit", [0, 1, 4, 50])
@pytest.mark.parametrize(
    "seconds",
    [list(range(25)), [n // 4 for n in range(25)], [5] * 25, [3] * 12 + [4] * 13, []],
    ids=["apart", "in fours", "all at once", "two seconds", "empty"],
)
@pytest.mark.parametrize("after", [None, 3])
def test_they_are_the_newest(order, size, limit, seconds, after):
    hub = Listing(ordered(order, seconds))
    since = None if after is None else FIRST + timedelta(seconds=after)

    def fits(one: Job) -> bool:
        return one.shots != 1

    found = newest(
        hub,
        lambda number: operations.search_jobs(number, size),
        fits,
        limit=limit,
        after=since,
    )
    wanted = sorted(
        (second for number, second in enumerate(seconds) if number % 3 != 1), reverse=True
    )
    wanted = [second for second in wanted if after is None or second >= after]
    times = [(one.created_at - FIRST).total_seconds() for one in found]
    assert times == wanted[: limit or None]
    assert len({one.id for one in found}) == len(found)
    assert all(map(fits, found))


@pytest.mark.parametrize(("order", "pages"), [("falling", [0, 1]), ("rising", [0, 99, 98])])
def test_no_more_pages_are_read_than_needed(order, pages):
    hub = Listing(ordered(order, list(range(1000))))
    found = newest(
        hub, lambda number: operations.search_jobs(number, 10), lambda one: True, limit=15
    )
    assert [one.created_at for one in found] == [
        FIRST + timedelta(seconds=second) for second in range(999, 984, -1)
    ]
    assert hub.pages == pages


def test_nothing_older_is_read_than_wanted():
    hub = Listing(ordered("falling", list(range(1000))))
    since = FIRST + timedelta(seconds=985)
    found = newest(
        hub,
        lambda number: operations.search_jobs(number, 10),
        lambda one: True,
        limit=0,
        after=since,
    )
    assert (len(found), hub.pages) == (15, [0, 1])
