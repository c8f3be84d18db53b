"""What a piece of work asks of whoever executes it: send this, sleep that long.

Work of several steps is a generator of `Send` and `Sleep`. It does no I/O itself, so that a synchronous and
an asynchronous driver run the same work, and a test runs it under a clock of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Generic, TypeAlias, TypeVar

__all__ = [
    "Answer",
    "Failure",
    "Operation",
    "Outcome",
    "Send",
    "Sleep",
    "Steps",
    "run_steps",
    "run_steps_async",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Failure:
    """A request without an answer.

    Attributes:
        reason: What happened, in words that are safe to show.
        sent: False where it is certain that the Hub received nothing (connection refused, unknown host).
    """

    reason: str
    sent: bool


Outcome: TypeAlias = "Answer | Failure"


@dataclass(frozen=True)
class Operation(Generic[T]):
    """One operation of the API as a description; it does nothing by itself.

    Attributes:
        name: The API's operation id.
        method: The HTTP method.
        path: The path below the base URL, already quoted.
        read: Turns a successful answer into a value.
        params: Query parameters, repeatable.
        body: The JSON body, or None.
        needs_token: False for the reads that work without credentials.
        about: What the operation is about, for error messages, such as ``backend 'x'``.
        since: The version of the API that brought it, where a Hub may not have it; else None.
    """

    name: str
    method: str
    path: str
    read: Callable[[Answer], T]
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    needs_token: bool = True
    about: str | None = None
    since: str | None = None

    @property
    def repeatable(self) -> bool:
        """True where sending twice does no more than sending once."""
        return self.method != "POST"


@dataclass(frozen=True)
class Send:
    """Send this operation once and give back its `Outcome`."""

    operation: Operation[Any]


@dataclass(frozen=True)
class Save:
    """Send this operation once and write what comes to a file; give back its `Outcome` without content.

    Attributes:
        operation: The operation.
        file: Where a successful answer's content goes, as it comes.
        offset: How many bytes the file has already. Above 0, the rest is asked for; a Hub that sends
            everything anew makes the file begin anew.
    """

    operation: Operation[Any]
    file: BinaryIO
    offset: int = 0


@dataclass(frozen=True)
class Sleep:
    """Do nothing for this many seconds."""

    seconds: float


Steps: TypeAlias = Generator["Send | Save | Sleep", Any, T]


def run_steps(
    steps: Steps[T],
    send: Callable[[Send | Save], Outcome],
    sleep: Callable[[float], object],
) -> T:
    """Run a generator of steps to its end, synchronously."""
    try:
        step = next(steps)
        while True:
            if isinstance(step, Sleep):
                sleep(step.seconds)
                step = next(steps)
            else:
                step = steps.send(send(step))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def run_steps_async(
    steps: Steps[T],
    send: Callable[[Send | Save], Awaitable[Outcome]],
    sleep: Callable[[float], Awaitable[object]],
) -> T:
    """Run a generator of steps to its end in the running event loop, which goes on meanwhile."""
    try:
        step = next(steps)
        while True:
            if isinstance(step, Sleep):
                await sleep(step.seconds)
                step = next(steps)
            else:
                step = steps.send(await send(step))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
