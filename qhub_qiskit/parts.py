"""The Hub's jobs behind a `HubJob`: opening one, and reading its result."""

from __future__ import annotations

import mmap
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from shared_transport import models
from shared_transport.bit_rows import Content
from shared_transport.bits import ClassicalMemory
from shared_transport.client import HubClient
from shared_transport.errors import HubError, ServerError
from shared_transport.job_calls import age_of

from .records import JobRecord, read_tags
from .results import Outcome, seed_of
from .systems import system_for
from .systems.base import Decoded, ResultText, Sent

__all__ = [
    "JobPart",
    "describe",
    "open_part",
    "outcomes_joined",
    "part_of",
    "read_outcomes",
    "shares_joined",
]

T = TypeVar("T")

# Above so many measured bits a result comes through a file: two bytes of text a bit, and more.
_BITS_IN_MEMORY = 1 << 21


@dataclass(frozen=True)
class JobPart:
    """One of the Hub's jobs behind a `HubJob`.

    Attributes:
        job: The job as the Hub described it last.
        params: The system's parameters that it was created with.
        shots: Shots of each circuit, or 0 where nobody told.
        record: What is known of it; None until it is read from its tags and its input.
        born: When it was created, in seconds of `time.time`.
        final: Whether `job` was read after its end.
    """

    job: models.Job
    params: Mapping[str, Any]
    shots: int
    record: JobRecord | None = None
    born: float = field(default_factory=time.time)
    final: bool = False

    @property
    def id(self) -> str:
        """The Hub's id of the job."""
        return self.job.id

    def read_record(self, client: HubClient) -> JobRecord:
        """What is known of the job; where it was opened by its id, by its tags and its input.

        Raises:
            ServerError: The input is not one of its format.
        """
        if self.record is None:
            record = _read_record(client, self.job)
            object.__setattr__(self, "record", record)  # read once; it does not change
            return record
        return self.record

    def failed(self, record: JobRecord, failure: HubError) -> list[Outcome]:
        """The outcome of each circuit where the job failed."""
        return [Outcome(circuit, failure, self.shots, 0) for circuit in record.circuits]


def open_part(client: HubClient, job_id: str) -> JobPart:
    """Open a job by its id.

    Raises:
        NotFoundError: There is none.
        ValidationError: No room reads its format.
    """
    return part_of(client.jobs.get(job_id), job_id)


def part_of(job: models.Job, job_id: str | None = None) -> JobPart:
    """A job that the Hub described, whoever created it.

    Raises:
        ValidationError: No room reads its format.
    """
    if not job.id and job_id:
        job = job.model_copy(update={"id": job_id})
    system_for(job.provider, [str(job.input_format)], job.backend_id or job.id)
    born = time.time() - age_of(job)
    return JobPart(job, job.input_params or {}, job.shots or 0, None, born, final=job.ended)


def describe(client: HubClient, part: JobPart, *, ended: bool) -> JobPart:
    """The part with what the Hub says now; of an ended job it is asked once."""
    if part.final:
        return part
    told = client.jobs.get(part.id)
    known = {
        name: getattr(part.job, name)
        for name in ("id", "backend_id", "provider", "input_format", "shots", "name")
        if not getattr(told, name)
    }
    return replace(part, job=told.model_copy(update=known), final=ended and told.ended)


def read_outcomes(client: HubClient, part: JobPart, status: str) -> list[Outcome]:
    """Download a completed job's result and read it, an outcome for each circuit.

    Raises:
        JobFailedError, JobCancelledError: It has none.
        ServerError: It cannot be read.
    """
    job, record = part.job, part.read_record(client)
    system = system_for(job.provider, [str(job.input_format)], job.backend_id or "")
    shots = record.shots or part.shots
    layouts = tuple(circuit.layout for circuit in record.circuits)
    seed = record.seed if record.seed is not None else seed_of(part.id, "draw")
    sent = Sent(layouts, part.params, shots, seed)
    bits = shots * sum(len(layout.measured) for layout in layouts if layout is not None)
    with _content(client, part.id, status, large=bits > _BITS_IN_MEMORY) as content:
        try:
            decoded = system.decode(ResultText(content), sent)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
            reason = f"{type(problem).__name__}: {problem}"
        else:
            if len(decoded) == len(record.circuits):
                return [
                    Outcome(circuit, one, shots, seed_of(part.id, position))
                    for position, (circuit, one) in enumerate(
                        zip(record.circuits, decoded, strict=True)
                    )
                ]
            reason = f"{len(decoded)} results for {len(record.circuits)} circuits"
    raise ServerError(
        f"The result of job {part.id} cannot be read ({reason}).",
        hint="It is not lost: client.jobs.result(id) gives it as it came.",
        operation="getJobResult",
        job_id=part.id,
    )


def shares_joined(
    parts: Sequence[tuple[tuple[int, int], Sequence[T]]], join: Callable[[Sequence[T]], T]
) -> list[T]:
    """Put together what belongs to the circuits whose shots were spread over several jobs.

    Args:
        parts: Of each job which share of the shots it holds, and something for each of its circuits.
        join: Makes one of the shares of one circuit.
    """
    groups: list[list[Sequence[T]]] = []
    before = -1
    for (number, _), items in parts:
        if number and number == before + 1:
            groups[-1].append(items)
        else:
            groups.append([items])
        before = number
    return [join(shares) for group in groups for shares in zip(*group, strict=True)]


def outcomes_joined(shares: Sequence[Outcome]) -> Outcome:
    """One circuit's outcome from those of its shares."""
    first = shares[0]
    if len(shares) == 1:
        return first
    shots = sum(share.shots for share in shares)
    failed = [share for share in shares if isinstance(share.decoded, HubError)]
    if failed:
        return replace(failed[0], shots=shots)
    decoded = [share.decoded for share in shares if isinstance(share.decoded, Decoded)]
    memories = [one.memory for one in decoded if one.memory is not None]
    if not memories:
        return first
    whole = replace(decoded[0], memory=ClassicalMemory.joined(memories))
    return replace(first, decoded=whole, shots=shots)


@contextmanager
def _content(client: HubClient, job_id: str, status: str, *, large: bool) -> Iterator[Content]:
    """A result's text: a large one lies in a file, so that it is never held twice."""
    if not large:
        yield client.jobs.result_bytes(job_id, status=status)
        return
    with tempfile.TemporaryDirectory(prefix="qhub-") as folder:
        path = client.jobs.result_to_file(job_id, Path(folder) / "result.json", status=status)
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            yield content


def _read_record(client: HubClient, job: models.Job) -> JobRecord:
    system = system_for(job.provider, [str(job.input_format)], job.backend_id or job.id)
    try:
        said = system.layouts(client.jobs.input(job.id))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
    else:
        return read_tags(job.tags, said, job_name=job.name)
    raise ServerError(
        f"The input of job {job.id} cannot be read as {job.input_format} ({reason}).",
        hint="client.jobs.input(id) and client.jobs.result(id) give both as they are.",
        operation="getJobInput",
        job_id=job.id,
    )
