"""AWS gate model: a program as OpenQASM 3 in Braket's dialect, a Braket task result back.

Several programs are one job where a backend takes them so (API 3.3): a list of texts, and a program set's result.
"""

from __future__ import annotations

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

from shared_transport.errors import ServerError, ValidationError
from shared_transport.models import InputFormat, Job

from . import Encoded, Facts, RunOptions
from .aws_results import read_document
from .openqasm import bind_inputs, require_openqasm3
from .rules import check_circuit, check_program

__all__ = ["decode", "encode", "joined"]

SUPPORTED = (
    "braket.circuits.Circuit, braket.program_sets.ProgramSet, braket.ir.openqasm.Program and ProgramSet, other "
    "programs that Braket writes as OpenQASM, and a string of OpenQASM 3"
)
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


def joined(programs: Sequence[Encoded]) -> Encoded:
    """Make one job's input of several programs."""
    texts = [program.input["qasm"] for program in programs]
    params = next((program.input_params for program in programs if program.input_params), None)
    return Encoded({"qasm": texts}, InputFormat.BRAKET_OPEN_QASM_V3, params)


@singledispatch
def _openqasm(task_specification: Any, options: RunOptions, device: Facts) -> str:
    kind = type(task_specification)
    raise ValidationError(
        f"{device.id} does not run a {kind.__module__}.{kind.__qualname__}.",
        hint=f"It runs {SUPPORTED}.",
    )


@_openqasm.register
def _(circuit: Circuit, options: RunOptions, device: Facts) -> str:
    check_circuit(circuit, options, device)
    program = circuit.to_ir(
        ir_type=IRType.OPENQASM,
        serialization_properties=_PHYSICAL if options.disable_qubit_rewiring else None,
    )
    # Bound in the text: Circuit.make_bound_circuit forgets an instruction's control qubits and power.
    return bind_inputs(program.source, options.inputs)


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


def decode(content: bytes, job: Job) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Turn a result document into Braket's result.

    Raises:
        ServerError: The document is not a Braket task result.
    """
    try:
        return read_document(content)
    except SchemaError as problem:
        fields = [
            "/".join(map(str, error["loc"])) + ": " + error["msg"] for error in problem.errors()
        ]
        reason = "; ".join(fields[:3])
    except (ValueError, TypeError, AttributeError, LookupError) as problem:
        # Braket's own computation raises whatever Python does over values that do not fit together.
        reason = " ".join(map(str, problem.args)).rstrip(".")
    raise ServerError(
        f"The result of job {job.id} is not a Braket task result: {reason}.", job_id=job.id
    )
