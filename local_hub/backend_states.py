"""The states that the admin API gives backends: ONLINE when nobody says otherwise, and again after a restart.

What they mean is said by the API's description of `BackendStateInfo`: a PAUSED backend accepts jobs and processes none;
an OFFLINE one accepts none either; a RETIRED one is gone for good. UNKNOWN says nothing about the backend, which goes
on as if it were ONLINE. Jobs that run when a state changes run to their end; those that wait go on waiting until the
backend is ONLINE again, and can be cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from local_hub.problems import Problem

State = Literal["UNKNOWN", "ONLINE", "PAUSED", "OFFLINE", "RETIRED"]

_PROCESSING = ("UNKNOWN", "ONLINE")
_REASONS = {
    "OFFLINE": "wait until it is ONLINE, or use another backend",
    "RETIRED": "use another backend",
}


class BackendStates:
    """The states of all backends."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        """Set every backend ONLINE.

        Args:
            on_change: Called when a backend may process jobs that it did not before.
        """
        self._on_change = on_change
        self._states: dict[str, State] = {}
        self._availabilities: dict[str, list[dict[str, Any]]] = {}

    def get(self, backend_id: str) -> State:
        """A backend's state."""
        return self._states.get(backend_id, "ONLINE")

    def set(
        self, backend_id: str, state: State, availability: list[dict[str, Any]] | None = None
    ) -> None:
        """Change a backend's state.

        Args:
            backend_id: The backend.
            state: Its state from now on.
            availability: What `availability` says from now on; None for the catalog's words.
        """
        self._states[backend_id] = state
        self._availabilities.pop(backend_id, None)
        if availability is not None:
            self._availabilities[backend_id] = availability
        self._on_change()

    def reset(self) -> None:
        """Set every backend ONLINE."""
        self._states.clear()
        self._availabilities.clear()
        self._on_change()

    def check(self, backend_id: str) -> None:
        """Whether a backend accepts a job.

        Raises:
            Problem: 409, it is OFFLINE or RETIRED.
        """
        state = self.get(backend_id)
        if state in _REASONS:
            raise Problem(409, f"{backend_id} is {state} and takes no jobs: {_REASONS[state]}.")

    def is_processing(self, backend_id: str) -> bool:
        """Whether a backend processes the jobs that wait for it."""
        return self._states.get(backend_id, "ONLINE") in _PROCESSING

    def availability(self, backend_id: str) -> dict[str, Any]:
        """What a backend's document says of its windows instead of the catalog; an empty dict for the latter's words.

        An OFFLINE or RETIRED backend has none.
        """
        if backend_id in self._availabilities:
            return {"availability": self._availabilities[backend_id]}
        return {"availability": []} if self.get(backend_id) in _REASONS else {}
