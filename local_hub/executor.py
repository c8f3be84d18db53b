"""Where jobs are computed: the interface, and this machine's processes behind it.

A job holds a lease on one place to compute. Locally that is a slot with a process of its own, so that killing it ends
exactly this job. A cluster takes over by handing out leases of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from local_hub.engines.base import Task
from local_hub.slot import Slot


class Lease(Protocol):
    """A place to compute that is held by one job."""

    def is_warm(self, engine: str) -> bool:
        """Whether the engine is loaded, so that a check answers within milliseconds."""

    async def check(self, engine: str, task: Task) -> None:
        """Read the task and hold it against the device's rules.

        Raises:
            Refused: the device does not take it.
            JobFailed: reading it failed.
            WorkerDied: the process ended meanwhile.
        """

    async def run(self, engine: str, task: Task, job_id: str, seed: int) -> bytes:
        """Compute, and return the result document as JSON. Raises as `check` does."""

    def kill(self) -> None:
        """End the computation at once; `run` then raises WorkerDied."""

    def release(self) -> None:
        """Give the place back."""


class Executor(Protocol):
    """Something that computes jobs."""

    def lease(self, engine: str) -> Lease | None:
        """Take a free place, preferably one that has loaded the engine; None when all are taken."""

    def warm(self, engine: str | None = None) -> None:
        """Expect a job soon: start a process if none runs, and load the engine if one is named."""

    async def close(self) -> None:
        """End all computations."""


class LocalExecutor:
    """Processes on this machine: at most one job each, started when first needed, used again and again."""

    def __init__(self, slots: int, memory_mb: int, on_free: Callable[[], None]) -> None:
        """Set the slots up; no process starts yet.

        Args:
            slots: How many jobs run at the same time.
            memory_mb: Memory that a job may take, in MB; 0 for no limit.
            on_free: Called whenever a place becomes free.
        """
        self._slots = [Slot(memory_mb) for _ in range(slots)]
        self._leased: set[Slot] = set()
        self._on_free = on_free

    def lease(self, engine: str) -> Lease | None:
        """Take a free slot: one with the engine loaded, else one that loads it, else one that runs, else a new one."""
        free = [slot for slot in self._slots if slot not in self._leased]
        if not free:
            return None
        slot = max(free, key=lambda slot: slot.readiness(engine))
        self._leased.add(slot)
        return _SlotLease(slot, self._release)

    def warm(self, engine: str | None = None) -> None:
        """Start one process, and load the engine in it while no job needs it; in a blank one if there is one."""
        free = [slot for slot in self._slots if slot not in self._leased]
        if not free or (engine and max(slot.readiness(engine) for slot in self._slots) > 1):
            return
        max(free, key=lambda slot: (slot.is_blank, slot.readiness(engine or ""))).warm(engine)

    async def close(self) -> None:
        """Kill all processes and wait until they are gone."""
        await asyncio.gather(*(slot.close() for slot in self._slots))

    def _release(self, slot: Slot) -> None:
        self._leased.discard(slot)
        self._on_free()


class _SlotLease:
    def __init__(self, slot: Slot, release: Callable[[Slot], None]) -> None:
        self._slot = slot
        self._give_back = release
        self._held = True
        self._ticket = slot.next_ticket()

    def is_warm(self, engine: str) -> bool:
        return self._slot.has_loaded(engine)

    async def check(self, engine: str, task: Task) -> None:
        await self._slot.ask(
            {"op": "check", "engine": engine, "ticket": self._ticket, "task": asdict(task)}
        )

    async def run(self, engine: str, task: Task, job_id: str, seed: int) -> bytes:
        request = {
            "op": "run",
            "engine": engine,
            "ticket": self._ticket,
            "job_id": job_id,
            "seed": seed,
        }
        if not self._slot.has_checked(self._ticket):
            request["task"] = asdict(task)
        return await self._slot.ask(request)

    def kill(self) -> None:
        self._slot.kill()

    def release(self) -> None:
        if self._held:
            self._held = False
            self._give_back(self._slot)
