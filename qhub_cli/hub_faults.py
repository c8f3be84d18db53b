"""Making the local Hub fail on purpose: its admin API as a small object. Behind the fixture `hub_faults`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from shared_transport.settings import Settings

__all__ = ["HubFaults", "Strikes"]


@dataclass(frozen=True)
class Strikes:
    """How often a fault has struck.

    Attributes:
        seen: Requests that it met, among those that it concerns.
        struck: How many of them it struck.
        operations: The same by operation of the API, such as ``{"createJob": 1}``.
    """

    seen: int
    struck: int
    operations: dict[str, int]


class HubFaults:
    """Faults of one local Hub.

    Each method that adds a fault takes the operations that it strikes (``"createJob"``, or a method and a path such as
    ``"GET /jobs/*"``; without any, all of the API) and options: ``times``, ``skip``, ``probability``, ``seed``. Each
    returns the fault's id, for `strikes` and `remove`.

    Example:
        ``hub_faults.reset_after("createJob", times=1)``

    Raises:
        ValueError: The Hub refuses a fault, a latency or a state; the message is the Hub's.
    """

    def __init__(self, settings: Settings) -> None:
        """Set up; nothing is sent yet.

        Args:
            settings: Where the Hub is; the token has to be its own.
        """
        self._settings = settings
        self._http: httpx.Client | None = None

    def add(self, text: str) -> str:
        """Add a fault by its text, such as ``503:createJob:probability=0.2``. `qhub local --help` has the syntax."""
        return str(self._call("POST", "/faults", {"fault": text})["id"])

    def status(self, status: int, *operations: str, **options: float) -> str:
        """Answer 429, 500, 502, 503 or 504, and handle nothing. Also takes ``retry_after`` (seconds)."""
        return self._add(f"{status}", operations, options)

    def status_after(self, status: int, *operations: str, **options: float) -> str:
        """Handle the request, then answer 500, 502, 503 or 504 all the same."""
        return self._add(f"{status}-after", operations, options)

    def drop(self, *operations: str, **options: float) -> str:
        """Close the connection before the request is handled."""
        return self._add("drop", operations, options)

    def reset(self, *operations: str, **options: float) -> str:
        """Reset the connection before the request is handled."""
        return self._add("reset", operations, options)

    def drop_after(self, *operations: str, **options: float) -> str:
        """Handle the request, then close the connection without an answer."""
        return self._add("drop-after", operations, options)

    def reset_after(self, *operations: str, **options: float) -> str:
        """Handle the request, then reset the connection without an answer."""
        return self._add("reset-after", operations, options)

    def truncate(self, *operations: str, **options: float) -> str:
        """Close the connection after half of the body."""
        return self._add("truncate", operations, options)

    def delay(self, seconds: float | str, *operations: str, **options: float) -> str:
        """Answer later; ``"0.1-0.5"`` draws from between the bounds."""
        return self._add("delay", operations, {"seconds": seconds, **options})

    def slow_queue(self, seconds: float | str, **options: float) -> str:
        """Let new jobs begin after so many seconds at the earliest."""
        return self._add("slow-queue", (), {"seconds": seconds, **options})

    def late_listing(self, seconds: float | str, **options: float) -> str:
        """Leave new jobs out of lists for so many seconds; by its id each is found at once."""
        return self._add("late-listing", (), {"seconds": seconds, **options})

    def latency(self, seconds: float | str | None) -> None:
        """Let every answer come later; None for no latency."""
        self._call("PUT", "/latency", {"seconds": seconds})

    def backend(
        self, backend_id: str, status: str, availability: list[dict[str, str]] | None = None
    ) -> None:
        """Make a backend ONLINE, PAUSED (takes jobs, runs none), OFFLINE, RETIRED (takes none) or UNKNOWN."""
        wish: dict[str, Any] = {"status": status}
        if availability is not None:
            wish["availability"] = availability
        self._call("PUT", f"/backends/{backend_id}", wish)

    def strikes(self, fault_id: str) -> Strikes:
        """How often a fault has struck.

        Raises:
            ValueError: There is no such fault.
        """
        for found in self._call("GET", "/faults")["faults"]:
            if found["id"] == fault_id:
                return Strikes(found["seen"], found["struck"], found["struck_operations"])
        raise ValueError(f"There is no fault {fault_id!r}.")

    def remove(self, fault_id: str) -> None:
        """Take one fault back."""
        self._call("DELETE", f"/faults/{fault_id}")

    def clear(self) -> None:
        """Take back everything: faults, latency, states of backends; jobs that were held go on."""
        self._call("POST", "/reset")

    def close(self) -> None:
        """Close the connection; the faults stay."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _add(self, kind: str, operations: tuple[str, ...], options: dict[str, Any]) -> str:
        requests = [",".join(operations)] if operations else []
        written = [f"{name.replace('_', '-')}={value}" for name, value in options.items()]
        return self.add(":".join([kind, *requests, *written]))

    def _call(self, method: str, path: str, document: dict[str, Any] | None = None) -> Any:
        if self._http is None:
            import httpx

            token = self._settings.token
            assert token is not None, "a local Hub has a token"
            self._http = httpx.Client(
                base_url=f"{self._settings.base_url}/admin",
                headers={"X-Auth-Token": token.get_secret_value()},
                trust_env=False,
                timeout=30,
            )
        answer = self._http.request(method, path, json=document)
        if answer.is_error:
            raise ValueError(answer.json()["detail"])
        return answer.json() if answer.content else None
