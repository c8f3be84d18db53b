"""A job as the local Hub keeps it."""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass
from typing import Any


class Status(enum.StrEnum):
    """The lifecycle of a job here. The API knows more states; this Hub has no use for them yet."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self not in (Status.PENDING, Status.RUNNING)


@dataclass
class JobRecord:
    """What is known of a job, its input and result apart. Times are milliseconds since 1970, UTC."""

    id: str
    backend_id: str
    provider: str
    input_format: str
    shots: int
    fingerprint: str
    created_at: int
    status: Status = Status.PENDING
    name: str | None = None
    input_params: dict[str, Any] | None = None
    tags: list[str] | None = None
    sdk_provider: str | None = None
    started_at: int | None = None
    ended_at: int | None = None


def now() -> int:
    """The time in milliseconds."""
    return time.time_ns() // 1_000_000
