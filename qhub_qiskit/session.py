"""`HubSession`: several jobs on one backend, which waits for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from shared_transport import models
from shared_transport.errors import ValidationError
from shared_transport.models import SdkProvider, SessionMode
from shared_transport.requests import SessionRequest

from .backend import HubBackend

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

    from .job import HubJob

__all__ = ["HubSession"]

_DURATION = re.compile(r"(?:(\d+)h)? *(?:(\d+)m)? *(?:(\d+)s)?")


class HubSession:
    """A session of a backend that has sessions.

    Leaving its context lets it run empty, also on an exception: it takes no more jobs, those it has go on.

        with HubSession(backend) as session:
            session.run(circuits)

    In a coroutine ``async with`` does the same, and the event loop goes on meanwhile.

    Args:
        backend: The backend.
        mode: ``dedicated`` has the backend's queue for itself, ``batch`` does not.
        max_time: Its longest life: seconds, or a text such as ``2h 30m 40s``. By default the Hub's.

    Raises:
        ValidationError: The backend has no sessions, or an argument makes no sense.
        SubmissionUncertainError: An answer was lost: a session may exist.
    """

    def __init__(
        self,
        backend: HubBackend,
        *,
        mode: Literal["dedicated", "batch"] = "dedicated",
        max_time: int | str | None = None,
    ) -> None:
        if not isinstance(backend, HubBackend):
            raise ValidationError(
                f"A session has a HubBackend, not {backend!r}.",
                hint="Give HubProvider().get_backend(id).",
            )
        if mode not in (SessionMode.DEDICATED, SessionMode.BATCH):
            raise ValidationError(f"mode is 'dedicated' or 'batch', not {mode!r}.")
        self._backend = backend
        request = SessionRequest(
            backend_id=backend.name,
            provider=backend.hub_backend.provider or "",
            mode=SessionMode(mode),
            ttl=_seconds(max_time),
            sdk_provider=SdkProvider.QISKIT,
        )
        try:
            self._id = backend.client.sessions.create(request).id
        except ValidationError as problem:
            if problem.hint is None:
                problem.hint = (
                    "A backend without sessions runs circuits all the same: backend.run(circuits)."
                )
            raise

    @classmethod
    def from_id(cls, session_id: str, backend: HubBackend) -> HubSession:
        """Open a session by its id.

        Raises:
            NotFoundError: The Hub has no such session.
            ValidationError: It is one of another backend.
        """
        described = backend.client.sessions.get(session_id)
        if described.backend_id not in (None, backend.name):
            raise ValidationError(
                f"The session {session_id} is one of {described.backend_id}, not of {backend.name}."
            )
        session = cls.__new__(cls)
        session._backend, session._id = backend, session_id
        return session

    @property
    def session_id(self) -> str:
        """The Hub's id of it."""
        return self._id

    @property
    def backend(self) -> HubBackend:
        """Its backend."""
        return self._backend

    def run(self, circuits: QuantumCircuit | Sequence[QuantumCircuit], **options: Any) -> HubJob:
        """Run circuits in the session. Arguments and errors as for `HubBackend.run`."""
        return self._backend.run(circuits, session=self, **options)

    def details(self) -> models.Session:
        """What the Hub says of it now: mode, times, and when it expires."""
        return self._backend.client.sessions.get(self._id)

    def status(self) -> str:
        """Its status by the Hub's word; one that is not known is that word."""
        return str(self._backend.client.sessions.status(self._id))

    def usage(self) -> float | None:
        """Seconds of execution of its jobs; None while the Hub tells none."""
        millis = self.details().usage_time_millis
        return None if millis is None else millis / 1000

    def close(self) -> None:
        """Let it run empty: it takes no more jobs, those it has go on."""
        self._backend.client.sessions.close(self._id)

    def cancel(self) -> None:
        """End it."""
        self._backend.client.sessions.cancel(self._id)

    def __enter__(self) -> HubSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.details().ended:
            self.close()

    async def __aenter__(self) -> HubSession:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import asyncio

        await asyncio.to_thread(self.__exit__, kind, problem, trace)

    def _repr_html_(self) -> str:
        from .display import session_html

        return session_html(self)

    def __repr__(self) -> str:
        return f"<HubSession {self._id!r} on {self._backend.name}>"


def _seconds(max_time: int | str | None) -> int | None:
    if max_time is None or isinstance(max_time, int):
        return max_time
    found = _DURATION.fullmatch(max_time.strip()) if isinstance(max_time, str) else None
    if found is None or not any(found.groups()):
        raise ValidationError(
            f"max_time={max_time!r} is no duration.",
            hint="Give whole seconds, or a text such as '1h 30m'.",
        )
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return 3600 * hours + 60 * minutes + seconds
