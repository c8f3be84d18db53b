"""The faults in force: which of them strike a request or a new job, and how often each has."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from local_hub.faults.operations import name_of
from local_hub.faults.spec import Fault, Moment, Seconds


class PlacedFault:
    """A fault in force.

    Attributes:
        id: Its name in the admin API.
        fault: What it does.
        seen: How many requests it has met, among those that it concerns.
        struck: How often it struck, by the id of the operation.
    """

    def __init__(self, number: int, fault: Fault, seed: int) -> None:
        self.id = str(number)
        self.fault = fault
        self.seen = 0
        self.struck: Counter[str] = Counter()
        own = seed if fault.seed is None else fault.seed
        self._random = random.Random(f"{own}:{number}:{fault.text}")

    @property
    def times(self) -> int:
        """How often it struck."""
        return self.struck.total()

    @property
    def spent(self) -> bool:
        """Whether it struck as often as it should."""
        return self.fault.times is not None and self.times >= self.fault.times

    def strikes(self, method: str, path: str) -> bool:
        """Whether it strikes this request, and count it."""
        fault = self.fault
        if self.spent or not fault.concerns(method, path):
            return False
        self.seen += 1
        if self.seen <= fault.skip or self._random.random() >= fault.probability:
            return False
        self.struck[name_of(method, path)] += 1
        return True

    def draw_seconds(self) -> float:
        """How long it lasts this time."""
        return 0.0 if self.fault.seconds is None else self.fault.seconds.draw(self._random)


class Faults:
    """All faults in force, and the latency. Without any, `idle` is true and nothing else is looked at.

    Attributes:
        idle: Whether no request is struck or delayed.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        latency: Seconds | None = None,
        *,
        seed: int | None = None,
        on_release: Callable[[], None] = lambda: None,
    ) -> None:
        """Put the first faults in force.

        Args:
            faults: They come in this order.
            latency: How much later every answer comes.
            seed: Of what is drawn.
            on_release: Called when jobs that had to wait may begin.
        """
        self._seed = seed or 0
        self._on_release = on_release
        self._held: dict[str, asyncio.TimerHandle] = {}
        self._unlisted: dict[str, asyncio.TimerHandle] = {}
        self._placed: dict[str, PlacedFault] = {}
        self._number = 0
        self._latency: Seconds | None = None
        self._latency_random = random.Random()
        self.idle = True
        self.latency = latency
        for fault in faults:
            self.add(fault)

    @property
    def latency(self) -> Seconds | None:
        """How much later every answer comes."""
        return self._latency

    @latency.setter
    def latency(self, wish: Seconds | None) -> None:
        self._latency = wish
        self._latency_random = random.Random(f"{self._seed}:latency")
        self._refresh()

    def add(self, fault: Fault) -> PlacedFault:
        """Put a fault in force, behind the others."""
        self._number += 1
        placed = PlacedFault(self._number, fault, self._seed)
        self._placed[placed.id] = placed
        self._refresh()
        return placed

    def all(self) -> list[PlacedFault]:
        """All of them, the spent ones too, in their order."""
        return list(self._placed.values())

    def get(self, fault_id: str) -> PlacedFault | None:
        """One of them, if there is such a one."""
        return self._placed.get(fault_id)

    def remove(self, fault_id: str) -> bool:
        """Take a fault back; jobs that it holds stay held. Returns whether there was one."""
        found = self._placed.pop(fault_id, None) is not None
        self._refresh()
        return found

    def reset(self) -> None:
        """Take back everything: faults, counters, latency; jobs that were held or hidden are so no longer."""
        self._placed.clear()
        self._number = 0
        self.latency = None
        for timer in (*self._held.values(), *self._unlisted.values()):
            timer.cancel()
        self._unlisted.clear()
        self._held.clear()
        self._on_release()

    def strike(self, method: str, path: str, *moments: Moment) -> PlacedFault | None:
        """The first fault of these moments that strikes a request, if one does."""
        return next(self._striking(method, path, *moments), None)

    def delay(self, method: str, path: str) -> float:
        """How many seconds later an answer comes."""
        latency = self._latency.draw(self._latency_random) if self._latency else 0.0
        late = self._striking(method, path, Moment.DELAY)
        return latency + sum(placed.draw_seconds() for placed in late)

    def new_job(self, job_id: str) -> None:
        """A job comes to be: hold it, or hide it, if it is struck."""
        if self.idle:
            return
        for placed in self._striking("POST", "/jobs", Moment.NEW_JOB):
            hold = placed.fault.kind == "slow-queue"
            self._keep(self._held if hold else self._unlisted, job_id, placed.draw_seconds())

    def may_begin(self, job_id: str) -> bool:
        """Whether a job need not wait."""
        return job_id not in self._held

    def unlisted(self) -> list[str]:
        """The jobs that lists leave out."""
        return list(self._unlisted)

    def _keep(self, kept: dict[str, asyncio.TimerHandle], job_id: str, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        before = kept.get(job_id)
        if before is not None:
            if before.when() >= loop.time() + seconds:
                return
            before.cancel()
        kept[job_id] = loop.call_later(seconds, self._let_go, kept, job_id)

    def _let_go(self, kept: dict[str, asyncio.TimerHandle], job_id: str) -> None:
        del kept[job_id]
        if kept is self._held:
            self._on_release()

    def _striking(self, method: str, path: str, *moments: Moment) -> Iterator[PlacedFault]:
        for placed in self.all():
            if placed.fault.moment in moments and placed.strikes(method, path):
                self._refresh()
                yield placed

    def _refresh(self) -> None:
        self.idle = self._latency is None and all(fault.spent for fault in self._placed.values())
