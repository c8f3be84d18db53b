"""AWS gate model: a program as OpenQASM 3 in Braket's dialect, a Braket task result back.

Several programs are one job where a backend takes them so (API 3.3): a list of texts, and a program set's result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

from braket.circuits import Circuit
from braket.circuits.serialization import (
    IRType,
    OpenQASMSerializationProperties,
    QubitReferenceType,
    SerializableProgram,
)
from braket.ir.openqasm import Program
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult
from pydantic.v1 import ValidationError as SchemaError

from qhub_braket.run_options import limits_of
from shared_transport.errors import ServerError, ValidationError
from shared_transport.models import InputFormat, Job

from . import Encoded, Facts, JobInput, RunOptions
from .aws_results import read_document
from .kinds import CIRCUITS, not_run
from .openqasm import bind_inputs, require_openqasm3
from .rules import check_circuit, check_program
from .schemas import told_by_schema

__all__ = ["decode", "encode", "joined", "per_job"]

# As Python writes what is no finite number; a name may look so too.
_NO_NUMBER = re.compile(r"\b(?:nan|inf)\b")
_VERBATIM = re.compile(r"^\s*#pragma\s+braket\s+verbatim\b", re.MULTILINE)
_PHYSICAL = OpenQASMSerializationProperties(qubit_reference_type=QubitReferenceType.PHYSICAL)


def encode(task_specification: Any, options: RunOptions, device: Facts) -> Encoded:
    """Turn a program into a job's input.

    Raises:
        ValidationError: It is of a kind that is not supported, or the device does not run it.
    """
    text = _openqasm(task_specification, options, device)
    # A verbatim box names the device's own qubits, whatever the option says.
    fixed = options.disable_qubit_rewiring or _VERBATIM.search(text)
    params = {"disable_qubit_rewiring": True} if fixed else None
    return Encoded({"qasm": text}, InputFormat.BRAKET_OPEN_QASM_V3, params)


def per_job(device: Facts, shots: int) -> int:
    """How many programs of so many shots one job takes, which counts the shots of all.

    That is ``max_pubs_per_job`` (1 if the Hub says nothing), and not more than a job's shots allow.
    """
    configuration = device.backend.configuration
    totals = configuration.total_shots_range
    limit = totals.max if totals is not None else limits_of(device.backend)[1]
    most = configuration.max_pubs_per_job or 1
    return most if limit is None else max(1, min(most, limit // shots))


def joined(programs: Sequence[Encoded], shots: int) -> Encoded:
    """Make one job's input of several programs."""
    texts = [program.input["qasm"] for program in programs]
    params = next((program.input_params for program in programs if program.input_params), None)
    return Encoded({"qasm": texts}, InputFormat.BRAKET_OPEN_QASM_V3, params)


@singledispatch
def _openqasm(task_specification: Any, options: RunOptions, device: Facts) -> str:
    raise not_run(task_specification, device.id, CIRCUITS)


@_openqasm.register
def _(circuit: Circuit, options: RunOptions, device: Facts) -> str:
    check_circuit(circuit, options, device)
    program = circuit.to_ir(
        ir_type=IRType.OPENQASM,
        serialization_properties=_PHYSICAL if options.disable_qubit_rewiring else None,
    )
    if _NO_NUMBER.search(program.source):
        _check_finite(circuit)
    # Bound in the text: Circuit.make_bound_circuit forgets an instruction's control qubits and power.
    return bind_inputs(program.source, options.inputs)


def _check_finite(circuit: Circuit) -> None:
    """That every parameter is a finite number, or free."""
    for instruction in circuit.instructions:
        for value in getattr(instruction.operator, "parameters", ()):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValidationError(
                    f"A parameter of {instruction.operator.name} on qubits {list(map(int, instruction.target))} is "
                    f"{value}.",
                    hint="Give finite numbers.",
                )


@_openqasm.register
def _(program: Program, options: RunOptions, device: Facts) -> str:
    return _checked(program.source, {**(program.inputs or {}), **options.inputs}, options, device)


@_openqasm.register
def _(program: SerializableProgram, options: RunOptions, device: Facts) -> str:
    return _checked(program.to_ir(ir_type=IRType.OPENQASM), options.inputs, options, device)


@_openqasm.register
def _(source: str, options: RunOptions, device: Facts) -> str:
    return _checked(source, options.inputs, options, device)


def _checked(source: str, inputs: Mapping[str, Any], options: RunOptions, device: Facts) -> str:
    check_program(options, device)
    require_openqasm3(source)
    return bind_inputs(source, inputs)


def decode(
    content: bytes, job: Job, job_input: JobInput | None = None
) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Turn a result document into Braket's result. It says everything: the job's input is not asked for.

    Raises:
        ServerError: The document is not a Braket task result.
    """
    try:
        return read_document(content)
    except SchemaError as problem:
        reason = told_by_schema(problem)
    except (ValueError, TypeError, AttributeError, LookupError) as problem:
        # Braket's own computation raises whatever Python does over values that do not fit together.
        reason = " ".join(map(str, problem.args)).rstrip(".")
    raise ServerError(
        f"The result of job {job.id} is not a Braket task result: {reason}.", job_id=job.id
    )
