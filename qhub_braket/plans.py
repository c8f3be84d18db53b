"""One call of `run`: the jobs that a program makes, and creating them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared_transport.client import HubClient
from shared_transport.errors import ValidationError
from shared_transport.models import Job, SdkProvider
from shared_transport.parallel import create_jobs
from shared_transport.requests import JobRequest
from shared_transport.tags import pack, unpack, users_tags

from . import tracking
from .program_sets import entries_of, executables_of, is_program_set
from .run_options import shots_of, tags_of, whole
from .systems import Encoded, Facts, RunOptions, SetSystem, System, takes_sets
from .task import SIZES, TOTAL_SHOTS, HubQuantumTask

__all__ = ["Plan", "plan", "submit"]


@dataclass(frozen=True)
class Plan:
    """A task that is about to be created.

    Attributes:
        requests: Its jobs, in the order of what they run.
        shots: The shots of all that they run.
        provider: The backend's provider by the Hub's word.
        program_set: What is run, if it is a program set.
    """

    requests: tuple[JobRequest, ...]
    shots: int
    provider: str | None
    program_set: Any = None


def plan(
    system: System,
    device: Facts,
    program: Any,
    shots: Any,
    inputs: Mapping[str, Any],
    options: Mapping[str, Any],
    of_the_system: Mapping[str, Any],
) -> Plan:
    """Encode a program as the jobs that it needs: one, or for a program set as many as the backend asks for.

    Args:
        system: The backend's room.
        device: What is known of the backend.
        program: The program.
        shots: As given to `run`.
        inputs: Values of its parameters.
        options: The keywords of `run`.
        of_the_system: Those of them that only this system knows.

    Raises:
        ValidationError: The device does not run it.
    """
    provider = device.backend.provider
    rewiring = bool(options.get("disable_qubit_rewiring"))
    if is_program_set(program) and takes_sets(system):
        if inputs:
            raise ValidationError(
                "A program set does not take inputs.",
                hint="Its programs have theirs: CircuitBinding(circuit, input_sets=...).",
            )
        encoded, each, sizes = _set(system, device, program, shots, rewiring, of_the_system)
        jobs = _requests(system, device, encoded, each, sizes, options)
        return Plan(jobs, each * sum(sizes), provider, program)
    run_options = RunOptions(shots_of(device.backend, shots), inputs, rewiring, of_the_system)
    one = system.encode(program, run_options, device)
    request = _request(device, one, run_options.shots, one.tags, options)
    return Plan((request,), run_options.shots, provider)


def submit(client: HubClient, planned: Plan, waiting: Mapping[str, Any]) -> HubQuantumTask:
    """Create the jobs of a task.

    Args:
        client: The Hub.
        planned: The task.
        waiting: How it waits, as keywords of `HubQuantumTask`.

    Raises:
        HubError: One could not be created. A task of those that were is the error's ``job``; after the first
            failure no further one is begun.
    """
    requests = planned.requests
    created, problem = create_jobs(client, requests)
    jobs = [
        _completed(job, request, planned.provider)
        for job, request in zip(created, requests, strict=True)
        if job is not None
    ]
    if problem is not None:
        if jobs:
            problem.job = HubQuantumTask.of_jobs(jobs, client, **waiting)
            problem.add_note(f"Created nevertheless: {problem.job.id}")
        raise problem
    task = HubQuantumTask.of_jobs(jobs, client, planned.program_set, **waiting)
    tracking.created(task.id, planned.shots, requests[0].backend_id)
    return task


def _set(
    system: System,
    device: Facts,
    program_set: Any,
    shots: Any,
    rewiring: bool,
    of_the_system: Mapping[str, Any],
) -> tuple[list[Encoded], int, list[int]]:
    """The executables of a set encoded, the shots of each, and how many each entry has."""
    entries = entries_of(program_set)
    sizes = [len(entry.inputs) for entry in entries]
    each = _shots_of_each(device, program_set, shots, sum(sizes))
    encoded = [
        system.encode(run, RunOptions(each, inputs, rewiring, of_the_system), device)
        for run, inputs in executables_of(entries)
    ]
    return encoded, each, sizes


def _shots_of_each(device: Facts, program_set: Any, shots: Any, executables: int) -> int:
    """The shots of an executable. As on Amazon's devices, `shots` is the total of the set.

    Raises:
        ValidationError: Nobody says, both say and differ, or the total cannot be shared equally.
    """
    own = getattr(program_set, "shots_per_executable", None)
    if shots is None:
        if not own:
            raise ValidationError(
                "The program set has no shots.",
                hint=f"Give them: ProgramSet(..., shots_per_executable=100), or run(..., shots=N) with the "
                f"total, a multiple of its {executables} executables.",
            )
        return shots_of(device.backend, own)
    total = whole(shots)
    if total is None:
        return shots_of(device.backend, shots)
    each, rest = divmod(total, executables)
    if rest or each < 1:
        raise ValidationError(
            f"shots={total} cannot be shared by {executables} executables.",
            hint="Of a program set, shots is the total: a multiple of the number of executables.",
        )
    if own and own != each:
        raise ValidationError(
            f"shots={total} means {each} shots an executable; the program set says {own}.",
            hint=f"Leave shots out, or give shots={own * executables}.",
        )
    return shots_of(device.backend, each)


def _requests(
    system: System,
    device: Facts,
    encoded: list[Encoded],
    each: int,
    sizes: list[int],
    options: Mapping[str, Any],
) -> tuple[JobRequest, ...]:
    """The jobs of a set: as many executables in each as the backend takes."""
    jobs = [(one, each) for one in encoded]
    if isinstance(system, SetSystem) and (most := system.per_job(device, each)) > 1:
        jobs = _joined(system, encoded, each, most)
    return tuple(
        _request(
            device,
            job,
            total if job.shots is None else job.shots,
            _with_sizes(job, sizes, total),
            options,
        )
        for job, total in jobs
    )


def _joined(
    system: SetSystem, encoded: Sequence[Encoded], each: int, most: int
) -> list[tuple[Encoded, int]]:
    """Jobs of at most so many executables, each with all its shots; of fewer where the room cannot join as many."""
    jobs: list[tuple[Encoded, int]] = []
    start = 0
    while start < len(encoded):
        chunk = encoded[start : start + most]
        while (job := system.joined(chunk, each)) is None:
            chunk = chunk[: len(chunk) // 2]
        jobs.append((job, each * len(chunk)))
        start += len(chunk)
    return jobs


def _with_sizes(encoded: Encoded, sizes: list[int], total: int) -> tuple[str, ...]:
    """A job's tags, with the sizes of the set's entries and all shots of a job that does not say them, if they fit."""
    further: dict[str, Any] = {SIZES: sizes}
    if encoded.shots is not None:
        further[TOTAL_SHOTS] = total
    packed = pack({**unpack(encoded.tags), **further})
    return encoded.tags if packed is None else (*users_tags(encoded.tags), *packed)


def _request(
    device: Facts, encoded: Encoded, shots: int, tags: tuple[str, ...], options: Mapping[str, Any]
) -> JobRequest:
    return JobRequest(
        backend_id=device.id,
        shots=shots,
        input=encoded.input,
        input_format=encoded.input_format,
        input_params=encoded.input_params,
        name=options.get("name"),
        tags=(*tags_of(options.get("tags")), *tags),
        sdk_provider=SdkProvider.BRAKET,
    )


def _completed(job: Job, request: JobRequest, provider: str | None) -> Job:
    """The Hub's answer, completed by what was asked for: nothing in an answer is guaranteed."""
    known = {
        "backend_id": request.backend_id,
        "provider": provider,
        "input_format": request.input_format,
        "shots": request.shots,
        "name": request.name,
        "tags": list(request.tags),
    }
    missing = {name: value for name, value in known.items() if not getattr(job, name)}
    return job.model_copy(update=missing) if missing else job
