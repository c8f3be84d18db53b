"""What is known of queues, in the shape of Braket's own answers, whose module would load Amazon's client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["QueueDepth", "QueuePosition"]


@dataclass(frozen=True)
class QueueDepth:
    """How many tasks wait.

    Attributes:
        quantum_tasks: Waiting tasks by kind, ``Normal`` and ``Priority``; of the latter the Hub has none. Numbers are
            texts.
        jobs: Waiting hybrid jobs; the Hub has none.
    """

    quantum_tasks: Mapping[str, str]
    jobs: str = "0"


@dataclass(frozen=True)
class QueuePosition:
    """Where a task stands.

    Attributes:
        queue_type: The Hub knows ``Normal`` alone.
        queue_position: How many tasks stand before it, as a text; None where that is not known.
        message: Why it is not known.
    """

    queue_type: str = "Normal"
    queue_position: str | None = None
    message: str | None = None
