"""What can happen to one request."""

from __future__ import annotations

from dataclasses import dataclass, replace


class ProcessKilled(BaseException):
    """Comes out of `FaultHub.send` where the client's process dies; the Hub lives on."""


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    Attributes:
        arrives: Whether the Hub executes it.
        status: The status of the answer; None for what the Hub itself answers.
        lost: Why there is no answer, or None where there is one.
        sent: Of a request without an answer: False where it certainly did not leave.
        seconds: How long it takes until the client knows.
        later: How long after that the Hub executes what arrived, as behind a slow gateway.
        retry_after: The answer's ``Retry-After``.
        body: The answer's content instead of the Hub's own.
        no_id: The answer is the Hub's own without the id.
        kills: The client's process dies instead of getting an answer.
    """

    arrives: bool
    status: int | None = None
    lost: str | None = None
    sent: bool = True
    seconds: float = 0.0
    later: float = 0.0
    retry_after: str | None = None
    body: bytes | None = None
    no_id: bool = False
    kills: bool = False


WORKS = Fault(arrives=True)
REFUSED = Fault(arrives=False, lost="connection refused", sent=False)
# What leaves a client in doubt, by whether the request was executed.
BEFORE_ACCEPT = {
    "closed before accept": Fault(arrives=False, lost="connection closed"),
    "reset before accept": Fault(arrives=False, lost="connection reset"),
    "read time-out before accept": Fault(arrives=False, lost="read time-out", seconds=60.0),
    "502 before accept": Fault(arrives=False, status=502),
    "503 before accept": Fault(arrives=False, status=503),
    "504 before accept": Fault(arrives=False, status=504, seconds=30.0),
    "2xx without an id before accept": Fault(arrives=False, status=200, body=b"{}"),
}
AFTER_ACCEPT = {
    "closed after accept": Fault(arrives=True, lost="connection closed"),
    "reset after accept": Fault(arrives=True, lost="connection reset"),
    "read time-out after accept": Fault(arrives=True, lost="read time-out", seconds=60.0),
    "502 after accept": Fault(arrives=True, status=502),
    "503 after accept": Fault(arrives=True, status=503),
    "504 after accept": Fault(arrives=True, status=504, seconds=30.0),
    "2xx without an id": Fault(arrives=True, no_id=True),
    "2xx cut off": Fault(arrives=True, status=201, body=b'{"id": "'),
}
LATER = {
    "504, executed later": Fault(arrives=True, status=504, seconds=5.0, later=2.0),
    "reset, executed later": Fault(arrives=True, lost="connection reset", later=2.0),
}
KILLED_BEFORE = Fault(arrives=False, kills=True)
KILLED_AFTER = Fault(arrives=True, kills=True)
NO_DOUBT = {
    "refused": REFUSED,
    "429": Fault(arrives=False, status=429),
    "429 with Retry-After": Fault(arrives=False, status=429, retry_after="2"),
}
DOUBTS = {**BEFORE_ACCEPT, **AFTER_ACCEPT}


def says(status: int, body: bytes | None = None, *, retry_after: str | None = None) -> Fault:
    """The Hub does nothing and answers this."""
    return Fault(arrives=False, status=status, body=body, retry_after=retry_after)


def quick(fault: Fault) -> Fault:
    """The same fault without its own time, for a Hub in real time."""
    return replace(fault, seconds=0.0)
