"""AWS analog: a program of atoms in a field in, Braket's result of its shots out.

Braket's own IR prints decimals as texts; the API takes numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import singledispatch
from typing import Any

import numpy as np
from braket.ahs import AnalogHamiltonianSimulation
from braket.ir.ahs import Program
from braket.task_result import AnalogHamiltonianSimulationTaskResult
from braket.tasks import AnalogHamiltonianSimulationQuantumTaskResult
from braket.tasks.analog_hamiltonian_simulation_quantum_task_result import (
    AnalogHamiltonianSimulationShotStatus,
    ShotResult,
)
from numpy.typing import NDArray
from pydantic.v1 import ValidationError as SchemaError

from shared_transport.errors import ServerError, ValidationError
from shared_transport.models import InputFormat, Job

from . import Encoded, Facts, JobInput, RunOptions
from .analog_rules import check_program
from .kinds import ATOMS, not_run
from .schemas import told_by_schema

__all__ = ["decode", "encode"]

PROGRAM_SETS = False


def encode(task_specification: Any, options: RunOptions, device: Facts) -> Encoded:
    """Turn a program into a job's input.

    Raises:
        ValidationError: It is of a kind that is not supported, or the device does not run it.
    """
    program = _numbers(_program(task_specification, device))
    for name, given in (
        ("inputs", options.inputs),
        ("disable_qubit_rewiring", options.disable_qubit_rewiring),
    ):
        if given:
            raise ValidationError(
                f"A program of atoms does not honour {name}.",
                hint="Leave it out: it means circuits.",
            )
    paradigm = getattr(device.capabilities, "paradigm", None)
    check_program(program, paradigm, device.id)
    return Encoded({"ahs_program": program}, InputFormat.BRAKET_AHS_PROGRAM)


@singledispatch
def _program(task_specification: Any, device: Facts) -> Program:
    raise not_run(task_specification, device.id, ATOMS)


@_program.register
def _(program: Program, device: Facts) -> Program:
    return program


@_program.register
def _(simulation: AnalogHamiltonianSimulation, device: Facts) -> Program:
    try:
        return simulation.to_ir()
    except SchemaError as problem:
        reason = told_by_schema(problem)
    except TypeError as problem:
        reason = str(problem)
    raise ValidationError(f"The program cannot be written in Braket's IR: {reason}.")


def _numbers(program: Program) -> dict[str, Any]:
    """A program as the API has it."""
    register, hamiltonian = program.setup.ahs_register, program.hamiltonian
    written: dict[str, Any] = {
        "drivingFields": [
            {name: _field(getattr(field, name)) for name in ("amplitude", "phase", "detuning")}
            for field in hamiltonian.drivingFields
        ]
    }
    if hamiltonian.localDetuning:
        written["localDetuning"] = [
            {"magnitude": _field(shift.magnitude)} for shift in hamiltonian.localDetuning
        ]
    sites = [[float(value) for value in site] for site in register.sites]
    filling = [int(filled) for filled in register.filling]
    return {
        "setup": {"ahs_register": {"sites": sites, "filling": filling}},
        "hamiltonian": written,
    }


def _field(field: Any) -> dict[str, Any]:
    series, pattern = field.time_series, field.pattern
    return {
        "time_series": {
            "values": [float(value) for value in series.values],
            "times": [float(time) for time in series.times],
        },
        "pattern": pattern if isinstance(pattern, str) else [float(value) for value in pattern],
    }


def decode(
    content: bytes, job: Job, job_input: JobInput | None = None
) -> AnalogHamiltonianSimulationQuantumTaskResult:
    """Turn a result document into Braket's result. It says everything: the job's input is not asked for.

    Only the shots pass Braket's bit-by-bit validation by.

    Raises:
        ServerError: The document is not a Braket result of atoms.
    """
    try:
        return _read(json.loads(content))
    except SchemaError as problem:
        first = problem.errors()[0]
        reason = "/".join(map(str, first["loc"])) + ": " + first["msg"]
    except (ValueError, TypeError, AttributeError, LookupError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
    raise ServerError(
        f"The result of job {job.id} is not a Braket task result: {reason}.", job_id=job.id
    )


def _read(document: Any) -> AnalogHamiltonianSimulationQuantumTaskResult:
    shots = document.pop("measurements", None)
    result = AnalogHamiltonianSimulationTaskResult.parse_obj({**document, "measurements": None})
    return AnalogHamiltonianSimulationQuantumTaskResult(
        task_metadata=result.taskMetadata,
        additional_metadata=result.additionalMetadata,
        measurements=None if shots is None else [_shot(shot) for shot in shots],
    )


def _shot(shot: Mapping[str, Any]) -> ShotResult:
    status = AnalogHamiltonianSimulationShotStatus(shot["shotMetadata"]["shotStatus"])
    outcome = shot["shotResult"]
    return ShotResult(
        status, _sequence(outcome.get("preSequence")), _sequence(outcome.get("postSequence"))
    )


def _sequence(bits: Any) -> NDArray[Any] | None:
    if not bits:
        return None
    sequence = np.array(bits)
    if sequence.ndim != 1 or sequence.dtype.kind != "i" or not set(bits) <= {0, 1}:
        raise ValueError("a sequence is not bits")
    return sequence
