"""What a job gave, as the plugins read it: counts of each of its circuits, and what is no count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from shared_transport.client import HubClient
    from shared_transport.models import Job

__all__ = ["ORDERS", "Expectations", "Histogram", "Outcomes", "read_outcomes"]

# How the bits of an outcome are ordered, by the SDK that reads it.
ORDERS = {
    "qiskit": "Qiskit's order: bit 0 rightmost.",
    "braket": "Braket's order: the first measured qubit leftmost.",
}
_MOST_NUMBERS = 8


@dataclass(frozen=True)
class Histogram:
    """How often each outcome came.

    Attributes:
        title: What was counted.
        counts: By outcome.
        order: How the bits of an outcome are ordered, in a sentence; None where they are no bits.
    """

    title: str
    counts: Mapping[str, int]
    order: str | None = None


@dataclass(frozen=True)
class Expectations:
    """Expectation values of one PUB, in the order of its arrays.

    Attributes:
        title: Which PUB.
        evs: The values.
        stds: Their standard errors.
    """

    title: str
    evs: list[float]
    stds: list[float]

    def text(self) -> str:
        """The first ones, in a line."""
        pairs = list(zip(self.evs, self.stds, strict=True))
        shown = ", ".join(f"{value:.4f} ± {error:.4f}" for value, error in pairs[:_MOST_NUMBERS])
        more = f", and {len(pairs) - _MOST_NUMBERS} more" if len(pairs) > _MOST_NUMBERS else ""
        return f"{self.title}: {shown}{more}"


@dataclass(frozen=True)
class Outcomes:
    """What a job gave.

    Attributes:
        histograms: One for each circuit that was counted.
        expectations: One for each PUB of an estimator.
        notes: What else there is to say, and why there is nothing.
    """

    histograms: list[Histogram] = field(default_factory=list)
    expectations: list[Expectations] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


Outcome: TypeAlias = Histogram | Expectations | str


def read_outcomes(client: HubClient, job: Job) -> Outcomes:
    """Read a job that has ended. What cannot be read is a note, not an error."""
    from shared_transport.errors import HubError

    read = _reader(job)
    found = Outcomes()
    try:
        for one in read(client, job):
            if isinstance(one, Histogram):
                found.histograms.append(one)
            elif isinstance(one, Expectations):
                found.expectations.append(one)
            else:
                found.notes.append(one)
    except HubError as problem:
        found.notes.append(f"{problem}")
    return found


def _reader(job: Job) -> Callable[[HubClient, Job], Iterator[Outcome]]:
    if job.status != "COMPLETED":
        return _of_no_result
    if job.input_format == "BRAKET_AHS_PROGRAM":
        return _of_atoms
    program = (job.input_params or {}).get("program_id", "sampler")
    if job.input_format == "QISKIT_QPY" and program != "sampler":
        return _of_runtime
    # Whoever wrote a job knows its outcomes as their SDK prints them.
    return _of_braket if job.sdk_provider == "BRAKET" else _of_circuits


def _of_no_result(client: HubClient, job: Job) -> Iterator[Outcome]:
    """Nothing: asking for the result gives the error that says why."""
    client.jobs.result_bytes(job.id, status=job.status)
    yield from ()


def _of_circuits(client: HubClient, job: Job) -> Iterator[Outcome]:
    from qhub_qiskit import HubProvider

    result = HubProvider(client=client).job(job.id).result()
    for number, experiment in enumerate(result.results):
        title = f"Outcomes of {experiment.header['name']}, {experiment.shots} shots"
        data = experiment.data.to_dict()
        if "counts" in data:
            yield Histogram(title, result.get_counts(number), ORDERS["qiskit"])
        elif "photon_counts" in data:
            yield Histogram(title, data["photon_counts"])
        else:
            yield f"The result has no counts but {', '.join(data) or 'nothing'}: qhub result {job.id}"


def _of_braket(client: HubClient, job: Job) -> Iterator[Outcome]:
    from qhub_braket import HubProvider

    result: Any = HubProvider(client=client).task(job.id).result()
    name = job.name or job.id
    if hasattr(result, "entries"):  # a program set: each program, with each of its inputs
        each = [one.counts for entry in result.entries for one in entry.entries]
        titles = [f"Outcomes of {name}, {number}" for number in range(len(each))]
    else:
        each, titles = [result.measurement_counts], [f"Outcomes of {name}"]
    for title, counts in zip(titles, each, strict=True):
        if counts:
            shots = sum(counts.values())
            yield Histogram(f"{title}, {shots} shots", dict(counts), ORDERS["braket"])
        else:
            yield f"The result has no counts: qhub result {job.id}"


def _of_atoms(client: HubClient, job: Job) -> Iterator[Outcome]:
    from qhub_braket import HubProvider

    counts = HubProvider(client=client).task(job.id).result().get_counts()
    title = "Atoms: e is an empty site, g the ground state, r the Rydberg state"
    yield Histogram(title, dict(counts))


def _of_runtime(client: HubClient, job: Job) -> Iterator[Outcome]:
    """The numbers of IBM's estimator; other programs' results are for programs."""
    import numpy as np

    from qhub_qiskit import HubRuntimeService

    result: Any = HubRuntimeService(client=client).job(job.id).result()
    if (job.input_params or {}).get("program_id") != "estimator":
        yield f"A {type(result).__name__}, for programs: qhub result {job.id}"
        return
    for number, pub in enumerate(result):
        evs, stds = (np.ravel(array).tolist() for array in (pub.data.evs, pub.data.stds))
        yield Expectations(f"Expectation values of PUB {number}", evs, stds)
