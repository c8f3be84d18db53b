"""The options of the local Hub."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_hub.faults.spec import Fault, Seconds


def default_memory_limit() -> int:
    """Three quarters of this machine's memory, in MB; 0, no limit, where it cannot be told."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4 // 2**20
    except (AttributeError, ValueError, OSError):
        return 0


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster that computes instead of this machine.

    Attributes:
        address: HOST:PORT of its head.
        workers: Jobs that run at the same time at most; None for as many as it has CPUs.
        memory_limit: MB that a job may take, 0 for no limit; None for 3/4 of its node's memory.
    """

    address: str
    workers: int | None = None
    memory_limit: int | None = None


@dataclass(frozen=True)
class Settings:
    """How a local Hub runs.

    Attributes:
        token: What clients must send.
        state: Folder of the database and the runtime file.
        database: PostgreSQL's URL; None for SQLite in the state folder.
        workers: Jobs that run at the same time.
        seed: Makes job ids and results repeatable; None for random ones.
        job_time_limit: Seconds that a job may run.
        job_memory_limit: MB that a job may take beyond what its worker has loaded; 0 for no limit.
        max_body: Bytes that a request's body may have.
        check_wait: Seconds that POST /jobs waits for a worker's verdict on the input.
        job_seconds: Seconds that every job lasts at least; None for as long as its simulation.
        sessions: Backends that have sessions besides IBM's, or `all`.
        session_idle_limit: Seconds without a job until a session is INACTIVE.
        users: Names and passwords of those who may log in.
        token_seconds: Seconds until an access token ends.
        noise: Whether QPUs are simulated with the noise of their calibration.
        cluster: What computes instead of this machine, if anything.
        latency: How much later every answer comes.
        faults: What goes wrong on purpose, from the start.
    """

    token: str
    state: Path
    database: str | None = field(default=None, repr=False)  # it may hold a password
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    seed: int | None = None
    job_time_limit: float = 900.0
    job_memory_limit: int = field(default_factory=default_memory_limit)
    max_body: int = 64 * 2**20
    check_wait: float = 1.0
    job_seconds: float | None = None
    sessions: frozenset[str] = frozenset()
    session_idle_limit: float = 60.0
    users: Mapping[str, str] = field(default_factory=dict)
    token_seconds: int = 300
    noise: bool = True
    cluster: Cluster | None = None
    latency: Seconds | None = None
    faults: tuple[Fault, ...] = ()

    def has_sessions(self, backend_id: str, provider: str) -> bool:
        """Whether a backend has sessions."""
        return provider == "IBM" or bool(self.sessions & {backend_id, "all"})
