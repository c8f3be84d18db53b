"""What the local Hub keeps. Times are milliseconds since 1970, UTC."""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scope:
    """What a request may see and make: the things of one account, or of one service execution of it.

    Attributes:
        account: A user or an organization.
        service_execution: The id of a service execution; None for what belongs to none.
    """

    account: str
    service_execution: str | None = None


class Status(enum.StrEnum):
    """The lifecycle of a job, in the API's words. CANCELLING is never stored: a restart would not go on cancelling.

    The API's UNKNOWN is for a provider that has not reported a state: here the Hub always knows.
    """

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    ABORTED = "ABORTED"

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self not in (Status.PENDING, Status.RUNNING, Status.CANCELLING)


@dataclass
class JobRecord:
    """What is known of a job, its input and result apart."""

    id: str
    scope: Scope
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
    session_id: str | None = None
    started_at: int | None = None
    ended_at: int | None = None

    @property
    def milliseconds(self) -> int:
        """How long it ran, if it has ended; 0 for a job that never began."""
        if self.started_at is None or self.ended_at is None:
            return 0
        return self.ended_at - self.started_at


class SessionStatus(enum.StrEnum):
    """The lifecycle of a session here."""

    OPEN = "OPEN"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DRAINING = "DRAINING"
    CLOSED = "CLOSED"
    ABORTED = "ABORTED"

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self in (SessionStatus.CLOSED, SessionStatus.ABORTED)


@dataclass
class SessionRecord:
    """What is known of a session.

    Attributes:
        ttl: Seconds until it closes by itself; None for never.
        started_at: When its first job began.
        usage: Milliseconds that its jobs ran.
    """

    id: str
    scope: Scope
    backend_id: str
    provider: str
    mode: str
    created_at: int
    status: SessionStatus = SessionStatus.OPEN
    ttl: int | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    sdk_provider: str | None = None
    started_at: int | None = None
    closed_at: int | None = None
    usage: int = 0

    @property
    def expires_at(self) -> int | None:
        """When it closes by itself."""
        return None if self.ttl is None else self.created_at + 1000 * self.ttl


def now() -> int:
    """The time in milliseconds."""
    return time.time_ns() // 1_000_000
