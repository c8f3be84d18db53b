"""What a fault is, and how its text is read. The syntax: see the package."""

from __future__ import annotations

import difflib
import enum
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from local_hub.faults.operations import OPERATIONS, Pattern, parse_pattern

SUMMARY = """\
faults: KIND[:REQUESTS][:OPTION=VALUE]...
  not handled:     429 500 502 503 504 [retry-after=S], drop, reset
  handled, but the answer is lost, cut off or late:
                   drop-after reset-after 500-after 502-after 503-after 504-after
                   truncate, delay:seconds=S
  new jobs:        slow-queue:seconds=S, late-listing:seconds=S
  requests:        createJob,getJob or GET /jobs/* or login; all of the API when left out
  options:         probability=P times=N skip=N seconds=S|A-B seed=N
  examples:        --fault 503:probability=0.2
                   --fault reset-after:createJob:times=1
                   --fault 'truncate:GET /jobs/*/result-stream:skip=1'
"""

_MOST_SECONDS = 86_400.0
_STATUSES = ("429", "500", "502", "503", "504")


class Moment(enum.Enum):
    """When a fault strikes."""

    BEFORE = "before the request is handled"
    AFTER = "when its answer is a success"
    BODY = "when its answer is a success with a body"
    DELAY = "when it is answered"
    NEW_JOB = "when a job is accepted"


KINDS = {
    **dict.fromkeys((*_STATUSES, "drop", "reset"), Moment.BEFORE),
    **dict.fromkeys([f"{status}-after" for status in _STATUSES if status != "429"], Moment.AFTER),
    **dict.fromkeys(("drop-after", "reset-after"), Moment.AFTER),
    "truncate": Moment.BODY,
    "delay": Moment.DELAY,
    "slow-queue": Moment.NEW_JOB,
    "late-listing": Moment.NEW_JOB,
}
_WITH_SECONDS = ("delay", "slow-queue", "late-listing")
_OPTIONS = ("probability", "times", "skip", "seconds", "retry-after", "seed")


@dataclass(frozen=True)
class Seconds:
    """A time, or the bounds between which one is drawn."""

    least: float
    most: float

    def draw(self, source: random.Random) -> float:
        """The time, or one between the bounds."""
        return self.least if self.least == self.most else source.uniform(self.least, self.most)

    def __str__(self) -> str:
        return f"{self.least:g}" if self.least == self.most else f"{self.least:g}-{self.most:g}"


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        text: As it was written.
        kind: One of `KINDS`.
        requests: What it strikes; empty for all of the API.
        probability: Of striking a request, from 0 to 1.
        times: How often it strikes; None for without end.
        skip: How many requests it lets pass first.
        seconds: How long, for those kinds that take time.
        retry_after: Seconds of the header, for statuses.
        seed: Of what is drawn; None for the Hub's.
    """

    text: str
    kind: str
    requests: tuple[Pattern, ...] = ()
    probability: float = 1.0
    times: int | None = None
    skip: int = 0
    seconds: Seconds | None = None
    retry_after: int | None = None
    seed: int | None = None

    @property
    def moment(self) -> Moment:
        """When it strikes."""
        return KINDS[self.kind]

    @property
    def status(self) -> int | None:
        """The status that it answers with; None for the other kinds."""
        word = self.kind.removesuffix("-after")
        return int(word) if word in _STATUSES else None

    def concerns(self, method: str, path: str) -> bool:
        """Whether a request is among those that it strikes."""
        return not self.requests or any(item.matches(method, path) for item in self.requests)


def parse_fault(text: str) -> Fault:
    """Read a fault.

    Raises:
        ValueError: It is none; the message names the part that is wrong and what may stand there.
    """
    kind, *parts = (part.strip() for part in text.split(":"))
    try:
        return _parse(text, kind, parts)
    except ValueError as error:
        raise ValueError(f"The fault {text!r} cannot be read: {error}.") from None


def parse_seconds(text: str) -> Seconds:
    """Read `0.2`, or `0.1-0.5`.

    Raises:
        ValueError: It is neither.
    """
    least, separator, most = text.strip().partition("-")
    try:
        bounds = Seconds(float(least), float(most if separator else least))
    except ValueError:
        bounds = Seconds(math.nan, math.nan)
    if not 0 <= bounds.least <= bounds.most <= _MOST_SECONDS:
        raise ValueError(
            f"{text!r} is no time: write seconds from 0 to {_MOST_SECONDS:g} such as 0.2, or two "
            "bounds such as 0.1-0.5"
        )
    return bounds


def _parse(text: str, kind: str, parts: list[str]) -> Fault:
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=3, cutoff=0.5) or list(KINDS)
        raise ValueError(f"{kind!r} is no kind of fault: use {' or '.join(near)}")
    named = [part for part in parts if "=" not in part]
    if len(named) > 1:
        raise ValueError(f"{named[1]!r} is no option: write it as NAME=VALUE, requests come once")
    requests = tuple(parse_pattern(item) for item in named[0].split(",")) if named else ()
    given = _options(part for part in parts if "=" in part)
    _check(kind, requests, given)
    seconds = given.get("seconds")
    default = "1" if kind == "429" else None
    retry_after = given.get("retry-after", default)
    times, seed = given.get("times"), given.get("seed")
    new_job = KINDS[kind] is Moment.NEW_JOB
    return Fault(
        text,
        kind,
        (OPERATIONS["createJob"],) if new_job else requests,
        probability=_probability(given.get("probability", "1")),
        times=None if times is None else _whole("times", times, 1),
        skip=_whole("skip", given.get("skip", "0"), 0),
        seconds=None if seconds is None else parse_seconds(seconds),
        retry_after=None if retry_after is None else _whole("retry-after", retry_after, 0),
        seed=None if seed is None else _whole("seed", seed, 0),
    )


def _options(parts: Iterable[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in parts:
        name, _, value = (word.strip() for word in part.partition("="))
        if name not in _OPTIONS:
            raise ValueError(f"{name!r} is no option: use {', '.join(_OPTIONS)}")
        if name in given:
            raise ValueError(f"{name} comes twice")
        given[name] = value
    return given


def _check(kind: str, requests: tuple[Pattern, ...], given: dict[str, str]) -> None:
    if kind in _WITH_SECONDS and "seconds" not in given:
        raise ValueError(f"{kind} needs a time: add seconds=2")
    if kind not in _WITH_SECONDS and "seconds" in given:
        raise ValueError(f"{kind} takes no seconds: leave it out, or use delay")
    if "retry-after" in given and not kind.startswith(_STATUSES):
        raise ValueError(f"{kind} has no answer to put retry-after into: leave it out")
    if KINDS[kind] is Moment.NEW_JOB and requests not in ((), (OPERATIONS["createJob"],)):
        raise ValueError(f"{kind} strikes new jobs only: leave {requests[0]} out")


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ValueError(f"probability is {text!r}: write a number from 0 to 1")
    return value


def _whole(name: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least):
        raise ValueError(f"{name} is {text!r}: write a whole number of at least {least}")
    return int(text)
