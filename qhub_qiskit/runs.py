"""One call of `run`: which jobs it makes, and creating them."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared_transport.client import HubClient
from shared_transport.errors import ValidationError
from shared_transport.models import Backend, Job, SdkProvider
from shared_transport.parallel import create_jobs
from shared_transport.requests import JobRequest

from .circuits import Program
from .options import RunOptions
from .parts import JobPart
from .records import CircuitRecord, JobRecord, Place, write_tags
from .systems.base import Device, Encoded, System

__all__ = ["Labels", "PlannedJob", "plan", "shares_of", "submit"]


@dataclass(frozen=True)
class Labels:
    """What the user calls the jobs.

    Attributes:
        name: Their name; None for that of the first circuit.
        tags: Their tags.
        session_id: Their session, or None.
    """

    name: str | None
    tags: tuple[str, ...]
    session_id: str | None


@dataclass(frozen=True)
class PlannedJob:
    """A job that is about to be created.

    Attributes:
        request: What is sent.
        record: What its result needs to know.
        shots: Shots of each of its circuits.
    """

    request: JobRequest
    record: JobRecord
    shots: int


def plan(
    system: System[Any],
    device: Device,
    programs: Sequence[Program],
    options: RunOptions,
    shares: Sequence[int],
    labels: Labels,
) -> list[PlannedJob]:
    """Encode circuits as jobs, in their order: as many circuits in each as it takes.

    Args:
        system: The backend's room.
        device: What the Hub says of the backend.
        programs: The circuits.
        options: The options of `run`.
        shares: The shots, in shares that one job takes; usually a single one.
        labels: What the user calls the jobs.

    Raises:
        ValidationError: A circuit cannot be executed.
    """
    size = system.circuits_per_job(device, max(shares))
    chunks = [programs[i : i + size] for i in range(0, len(programs), size)]
    of = len(chunks) * len(shares)
    run = secrets.token_hex(6)
    jobs: list[PlannedJob] = []
    for chunk in chunks:
        for number, shots in enumerate(shares):
            chosen = options.changed(shots=shots)
            encoded = system.encode(chunk, chosen, device)
            record = JobRecord(
                _circuits(chunk, encoded),
                memory=options.memory,
                shots=shots,
                seed=options.seed_simulator,
                share=(number, len(shares)),
                place=Place(run, len(jobs), of) if of > 1 else None,
            )
            name = labels.name if labels.name is not None else chunk[0].name
            jobs.append(
                PlannedJob(_request(system, device, encoded, record, name, labels), record, shots)
            )
    return jobs


def shares_of(shots: int, most: int, *, split: bool, backend: str) -> list[int]:
    """Shots in shares of at most `most`, as equal as can be.

    Raises:
        ValidationError: There are too many for one job, and splitting was not asked for.
    """
    if shots <= most:
        return [shots]
    jobs = math.ceil(shots / most)
    if not split:
        raise ValidationError(
            f"{backend} takes at most {most} shots a job, not {shots}.",
            hint=f"Give split_shots=True: it takes {jobs} jobs, whose results are summed.",
        )
    least, larger = divmod(shots, jobs)
    return [least + 1] * larger + [least] * (jobs - larger)


def submit(client: HubClient, backend: Backend, planned: Sequence[PlannedJob]) -> list[JobPart]:
    """Create the jobs, several at once.

    Raises:
        HubError: One could not be created. Those that were are its ``job``, as parts; after the first
            failure no further one is begun.
    """
    jobs, problem = create_jobs(client, [one.request for one in planned])
    parts = [
        JobPart(
            _completed(job, one.request, backend),
            one.request.input_params or {},
            one.shots,
            record=one.record,
        )
        for job, one in zip(jobs, planned, strict=True)
        if job is not None
    ]
    if problem is not None:
        problem.job = parts or None
        raise problem
    return parts


def _circuits(programs: Sequence[Program], encoded: Encoded) -> tuple[CircuitRecord, ...]:
    headers: Sequence[Mapping[str, Any]] = encoded.headers or [{}] * len(programs)
    return tuple(
        CircuitRecord(layout, program.name, program.metadata, {**program.header, **header})
        for program, layout, header in zip(programs, encoded.layouts, headers, strict=True)
    )


def _request(
    system: System[Any],
    device: Device,
    encoded: Encoded,
    record: JobRecord,
    name: str,
    labels: Labels,
) -> JobRequest:
    said = encoded.said if encoded.said is not None else system.layouts(encoded.input)
    ours = write_tags(record, said, job_name=name, job_shots=encoded.shots, headers=encoded.headers)
    return JobRequest(
        backend_id=device.backend.id,
        shots=encoded.shots,
        input=encoded.input,
        input_format=encoded.input_format or system.input_format,
        input_params=encoded.params or None,
        name=name,
        tags=(*labels.tags, *ours),
        session_id=labels.session_id,
        sdk_provider=SdkProvider.QISKIT,
    )


def _completed(job: Job, request: JobRequest, backend: Backend) -> Job:
    """The Hub's answer, completed by what was asked for: nothing in an answer is guaranteed."""
    known = {
        "backend_id": request.backend_id,
        "provider": backend.provider,
        "input_format": request.input_format,
        "shots": request.shots,
        "name": request.name,
    }
    return job.model_copy(update={k: v for k, v in known.items() if getattr(job, k) is None})
