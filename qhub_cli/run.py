"""Running one circuit through either plugin."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from shared_transport.client import HubClient
from shared_transport.errors import ValidationError, WaitTimeoutError

from .programs import Source, in_words_of_the_command, to_braket, to_circuit

if TYPE_CHECKING:
    from shared_transport.explanation import Explanation

__all__ = ["Run", "Submitted", "Wishes", "prepare", "run_source"]

# Braket's way to ask for an expectation, probabilities, samples.
_RESULT = re.compile(r"^\s*#pragma\s+braket\s+result\b", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """A circuit that was run.

    Attributes:
        name: The circuit's name.
        sdk: ``qiskit`` or ``braket``; it also says how the bits of `counts` are ordered.
        backend: The backend's id.
        hub: The Hub's address, or ``local``.
        job_id: The Hub's id of the job.
        shots_asked: Shots that were asked for.
        shots: Shots that came back.
        counts: Outcomes and how often each came: Qiskit's keys have bit 0 rightmost, Braket's have the
            first measured qubit leftmost.
        seconds: From the submission to the result.
        asks_for_more: Whether the text asks for result types too, whose values are in the job's result.
    """

    name: str
    sdk: str
    backend: str
    hub: str
    job_id: str
    shots_asked: int
    shots: int
    counts: Mapping[str, int]
    seconds: float
    asks_for_more: bool = False

    @property
    def embedded(self) -> bool:
        """Whether its Hub ends with the command, and the job with it."""
        return self.hub == "local"

    @property
    def outcome(self) -> str:
        """What came back, in a line."""
        came = f"{self.shots:,} shots in"
        if self.shots != self.shots_asked:
            came = f"{self.shots:,} of {self.shots_asked:,} shots came back, in"
        gone = " (gone with its Hub)" if self.embedded else ""
        return f"{came} {self.seconds:.2f} s, job {self.job_id}{gone}"


@dataclass(frozen=True)
class Wishes:
    """How a circuit is to be run.

    Attributes:
        backend_id: Where.
        sdk: ``qiskit`` or ``braket``.
        shots: How often.
        name: Name of the job; None for the file's.
        tags: Tags of the job.
        session: Id of the session that it runs in, or None.
    """

    backend_id: str
    sdk: str = "qiskit"
    shots: int = 1000
    name: str | None = None
    tags: tuple[str, ...] = ()
    session: str | None = None


@dataclass(frozen=True)
class Submitted:
    """A circuit on its way.

    Attributes:
        run: What is known of it: no counts yet.
        counts: Waits for them; it is given the seconds that this may take.
        started: When it was submitted, by the monotonic clock.
    """

    run: Run
    counts: Callable[[float | None], Mapping[str, int]]
    started: float

    def finish(self, timeout: float | None = None) -> Run:
        """Wait for the counts.

        Raises:
            WaitTimeoutError: The time is over; the job goes on, unless its Hub ends with the command.
            HubError: What else went wrong.
        """
        try:
            counts = dict(self.counts(timeout))
        except WaitTimeoutError as problem:
            if self.run.embedded:
                problem.hint = "It ended with its Hub: give a longer timeout, or start a Hub that stays: qhub local."
            raise
        seconds = time.monotonic() - self.started
        return replace(self.run, counts=counts, shots=sum(counts.values()), seconds=seconds)


def run_source(client: HubClient, source: Source, wishes: Wishes) -> Run:
    """Run a text that was read, and wait for its counts."""
    return prepare(client, source, wishes)().finish()


def prepare(client: HubClient, source: Source, wishes: Wishes) -> Callable[[], Submitted]:
    """Do all that can be done before anything is sent: parse, look the backend up, check, transpile.

    Returns:
        Submits it.

    Raises:
        HubError: The text is not correct, or the backend cannot run it.
    """
    ready = _through_braket if wishes.sdk == "braket" else _through_qiskit
    with in_words_of_the_command(source, wishes.backend_id):
        send = ready(client, source, wishes)

    def submit() -> Submitted:
        started = time.monotonic()
        with in_words_of_the_command(source, wishes.backend_id):
            job_id, counts = send()
        known = Run(
            name=source.path.stem,
            sdk=wishes.sdk,
            backend=wishes.backend_id,
            hub="local" if client.settings.runtime_file else client.settings.base_url,
            job_id=job_id,
            shots_asked=wishes.shots,
            shots=0,
            counts={},
            seconds=0.0,
            asks_for_more=wishes.sdk == "braket" and _RESULT.search(source.text) is not None,
        )
        return Submitted(known, counts, started)

    return submit


_Sent: TypeAlias = "tuple[str, Callable[[float | None], Mapping[str, int]]]"


def _through_qiskit(client: HubClient, source: Source, wishes: Wishes) -> Callable[[], _Sent]:
    from qhub_qiskit import HubProvider

    backend = HubProvider(client=client).get_backend(wishes.backend_id)
    told: Explanation = backend.explain(
        to_circuit(source), shots=wishes.shots, session=wishes.session
    )
    if not told.fits:
        raise ValidationError(told.why or f"It does not fit {wishes.backend_id}.", hint=told.hint)

    def send() -> _Sent:
        job = backend.run(
            told.circuit,
            shots=wishes.shots,
            name=wishes.name,
            tags=wishes.tags,
            session=wishes.session,
        )
        return job.job_id(), lambda timeout: job.result(timeout).get_counts()

    return send


def _through_braket(client: HubClient, source: Source, wishes: Wishes) -> Callable[[], _Sent]:
    from qhub_braket import HubProvider

    if wishes.session is not None:
        raise ValidationError(
            "Braket has no sessions.", hint="Leave --session out, or take --sdk qiskit."
        )
    if wishes.shots == 0:
        raise ValidationError(
            "Exact results are no counts: --shots 0 has none to show.",
            hint="Give --shots 1 or more, or run it from Python: device.run(program, shots=0).",
        )
    device = HubProvider(client=client).get_device(wishes.backend_id)
    text, qubits = to_braket(source)
    if qubits is not None:
        from qhub_braket.systems.rules import check_width

        most = client.backends.get(wishes.backend_id).configuration.qubit_count
        check_width(qubits, wishes.backend_id, most)

    def send() -> _Sent:
        name = wishes.name or source.path.stem
        task = device.run(text, shots=wishes.shots, name=name, tags=wishes.tags)

        def counts(timeout: float | None) -> Mapping[str, int]:
            found: Mapping[str, int] = task.result(timeout).measurement_counts
            return found

        return task.id, counts

    return send
