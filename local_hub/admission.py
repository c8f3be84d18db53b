"""What the server itself checks of a new job: schema, format, shots, parameters. Workers read the circuits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from local_hub.catalog import Backend, Catalog
from local_hub.engines import engine_name
from local_hub.engines.base import Task
from local_hub.inputs import load_input
from local_hub.inputs.base import Strict
from local_hub.problems import Problem, brief, sentence
from local_hub.records import JobRecord
from local_hub.schemas import CreateJob
from local_hub.settings import Settings

_MOST_ERROR_NAMES = 5


@dataclass(frozen=True)
class Admission:
    """A job that the server has nothing to say against."""

    request: CreateJob
    backend: Backend
    input_format: str
    engine: str
    task: Task
    input_body: bytes


def admit(body: bytes, catalog: Catalog, settings: Settings) -> Admission:
    """Check a createJob body.

    Args:
        body: The body as it came.
        catalog: The backends there are.
        settings: How this Hub runs.

    Raises:
        Problem: 422 for a body that is not as it should be, 404 for an unknown backend.
    """
    try:
        request = CreateJob.model_validate_json(body)
    except ValidationError as error:
        raise Problem(422, sentence(_first(error))) from None
    backend = find_backend(catalog, request.backend_id)
    if request.session_id is not None and not settings.has_sessions(backend.id, backend.provider):
        raise Problem(422, f"`session_id`: {backend.id} has no sessions; leave the field out.")
    input_format = _format(request, backend)
    engine = engine_name(backend.provider, input_format)
    _check_shots(request.shots, backend)
    models = load_input(engine)
    given = _input(request, models.Input)
    params_given = _validated(models.Params, request.input_params or {}, "input_params")
    for part in (given, params_given):
        _check_qubits(part.declared_qubits(), backend)
    job_input, params = (
        given.model_dump(exclude_none=True),
        params_given.model_dump(exclude_none=True),
    )
    task = _task(backend, input_format, job_input, params, request.shots, settings)
    return Admission(request, backend, input_format, engine, task, _text(job_input))


def find_backend(catalog: Catalog, backend_id: str) -> Backend:
    """Look a backend up.

    Raises:
        Problem: 404, offering the nearest ids.
    """
    backend = catalog.get(backend_id)
    if backend is None:
        meant = catalog.meant(backend_id)
        raise Problem(404, f"There is no backend {brief(backend_id)!r}. {meant}")
    return backend


def task_of(backend: Backend, record: JobRecord, input_body: bytes, settings: Settings) -> Task:
    """Make the task of a job that was admitted before and comes from the store."""
    params = record.input_params or {}
    return _task(
        backend, record.input_format, json.loads(input_body), params, record.shots, settings
    )


def _task(
    backend: Backend,
    input_format: str,
    job_input: dict[str, Any],
    params: dict[str, Any],
    shots: int,
    settings: Settings,
) -> Task:
    return Task(
        backend.id,
        input_format,
        job_input,
        params,
        shots,
        backend.qubit_count,
        backend.limits,
        settings.workers,
        settings.noise,
    )


def _format(request: CreateJob, backend: Backend) -> str:
    supported = backend.input_formats
    if request.input_format is None:
        return supported[0]
    if request.input_format not in supported:
        ways = " or ".join(supported)
        raise Problem(
            422, f"`input_format` {request.input_format} is not taken by {backend.id}: use {ways}."
        )
    return request.input_format


def _check_shots(shots: int, backend: Backend) -> None:
    least, most = backend.shots_range
    if not least <= shots <= most:
        raise Problem(422, f"`shots` is {brief(shots)}; {backend.id} takes {least} to {most}.")


def _check_qubits(declared: tuple[str, int] | None, backend: Backend) -> None:
    if declared is not None and declared[1] > backend.qubit_count:
        field, count = declared
        raise Problem(
            422,
            f"`{field}` asks for {brief(count)} qubits; {backend.id} has {backend.qubit_count} qubits.",
        )


def _input(request: CreateJob, model: type[Strict]) -> Strict:
    """The input as an object. A bare program is its `qasm`; a discriminator that some clients send is dropped."""
    given = {"qasm": request.input} if isinstance(request.input, str) else dict(request.input)
    given.pop("backendId", None)
    return _validated(model, given, "input")


def _text(job_input: dict[str, Any]) -> bytes:
    """The input as it is kept. What Python reads and JSON does not know is refused."""
    try:
        return json.dumps(job_input, allow_nan=False).encode()
    except ValueError:
        raise Problem(
            422, "`input` has NaN, Infinity or a number beyond 1.8e308: use finite ones."
        ) from None


def _validated(model: type[Strict], given: dict[str, Any], where: str) -> Strict:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = _first(error)
        text = sentence(first, where=where)
        if first["type"] == "extra_forbidden":
            known = ", ".join(f"`{name}`" for name in list(model.model_fields)[:_MOST_ERROR_NAMES])
            text = text.removesuffix("remove it.") + f"use {known}, or remove it."
        raise Problem(422, text) from None


def _first(error: ValidationError) -> Any:
    return error.errors(include_url=False, include_context=False, include_input=False)[0]
