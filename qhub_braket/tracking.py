"""Braket's cost tracker: it is told of the Hub's tasks, and counts them and their shots.

What they cost it cannot know: it looks prices up in Amazon's list by the name of an AWS device. So the Hub's devices
are none of those to it, and `Tracker.qpu_tasks_cost` and `simulator_tasks_cost` leave them out.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["created", "ended", "seen"]


class _WithoutPrice(str):
    """A device's id. The tracker looks for ``qpu`` and ``simulator`` in it to tell which price list it is in."""

    def __contains__(self, part: object) -> bool:
        return False


def created(task_id: str, shots: int, device_id: str) -> None:
    """A task was created."""
    if events := _events():
        _tell(events._TaskCreationEvent(task_id, shots, False, _WithoutPrice(device_id)))


def seen(task_id: str, state: str) -> None:
    """A task was looked at."""
    if events := _events():
        _tell(events._TaskStatusEvent(task_id, state))


def ended(task_id: str, state: str) -> None:
    """A task has ended. How long it took is left out: Amazon bills by that, the Hub by its own rules."""
    if events := _events():
        _tell(events._TaskCompletionEvent(task_id, None, state))


def _events() -> Any:
    """The module of Braket's events. Without the tracker's module loaded, nobody can be tracking."""
    if not sys.modules.get("braket.tracking.tracking_context"):
        return None
    from braket.tracking import tracking_events

    return tracking_events


def _tell(event: Any) -> None:
    from braket.tracking.tracking_context import broadcast_event

    broadcast_event(event)
