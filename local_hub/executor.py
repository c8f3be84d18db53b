"""Where jobs are computed: the interface, and this machine's processes behind it.

A job holds a lease on one place to compute. Locally that is a slot with a process of its own, so that killing it ends
exactly this job. A cluster takes over by handing out leases of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Protocol

from local_hub.engines.base import Task
from local_hub.frames import Message
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
        return WorkerLease(slot, slot.kill, partial(self._release, slot))

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


class Worker(Protocol):
    """What a lease asks: a slot of this machine, or a place of a cluster."""

    def next_ticket(self) -> int:
        """Number the next job."""

    def has_loaded(self, engine: str) -> bool:
        """Whether it has the engine and waits for work."""

    def has_checked(self, ticket: int) -> bool:
        """Whether it holds the input of this ticket."""

    async def ask(self, request: Message) -> bytes:
        """Send a request and wait for its answer."""


class WorkerLease:
    """A lease on a worker, wherever that is."""

    def __init__(
        self, worker: Worker, kill: Callable[[], None], release: Callable[[], None]
    ) -> None:
        """Take it.

        Args:
            worker: Who computes.
            kill: Ends the computation at once.
            release: Called once, when the worker is given back.
        """
        self._worker = worker
        self._kill = kill
        self._give_back = release
        self._held = True
        self._ticket = worker.next_ticket()

    def is_warm(self, engine: str) -> bool:
        """Whether the engine is loaded."""
        return self._worker.has_loaded(engine)

    async def check(self, engine: str, task: Task) -> None:
        """Read the task, and keep it for the run that follows."""
        await self._worker.ask(
            {"op": "check", "engine": engine, "ticket": self._ticket, "task": asdict(task)}
        )

    async def run(self, engine: str, task: Task, job_id: str, seed: int) -> bytes:
        """Compute; a task that was checked is not sent again."""
        request = {
            "op": "run",
            "engine": engine,
            "ticket": self._ticket,
            "job_id": job_id,
            "seed": seed,
        }
        if not self._worker.has_checked(self._ticket):
            request["task"] = asdict(task)
        return await self._worker.ask(request)

    def kill(self) -> None:
        """End the computation at once."""
        self._kill()

    def release(self) -> None:
        """Give the worker back."""
        if self._held:
            self._held = False
            self._give_back()
