"""AWS gate model: a program as OpenQASM 3 in Braket's dialect, a Braket task result back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import singledispatch
from itertools import starmap
from typing import Any

import numpy as np
from braket.circuits import Circuit
from braket.circuits.serialization import (
    IRType,
    OpenQASMSerializationProperties,
    QubitReferenceType,
)
from braket.ir.openqasm import Program
from braket.task_result import GateModelTaskResult
from braket.tasks import GateModelQuantumTaskResult
from numpy.typing import NDArray
from pydantic.v1 import ValidationError as SchemaError

from shared_transport.errors import ServerError, ValidationError
from shared_transport.models import InputFormat, Job

from . import Encoded, Facts, RunOptions
from .openqasm import bind_inputs, require_openqasm3
from .rules import check_circuit, check_program

__all__ = ["decode", "encode"]

SUPPORTED = "braket.circuits.Circuit, braket.ir.openqasm.Program, and a string of OpenQASM 3"


def encode(task_specification: Any, options: RunOptions, device: Facts) -> Encoded:
    """Turn a program into a job's input.

    Raises:
        ValidationError: It is of a kind that is not supported, or the device does not run it.
    """
    text = _openqasm(task_specification, options, device)
    params = {"disable_qubit_rewiring": True} if options.disable_qubit_rewiring else None
    return Encoded({"qasm": text}, InputFormat.BRAKET_OPEN_QASM_V3, params)


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
    properties = (
        OpenQASMSerializationProperties(qubit_reference_type=QubitReferenceType.PHYSICAL)
        if options.disable_qubit_rewiring
        else None
    )
    program = circuit.to_ir(ir_type=IRType.OPENQASM, serialization_properties=properties)
    # Bound in the text: Circuit.make_bound_circuit forgets an instruction's control qubits and power.
    return bind_inputs(program.source, options.inputs)


@_openqasm.register
def _(program: Program, options: RunOptions, device: Facts) -> str:
    return _checked(program.source, {**(program.inputs or {}), **options.inputs}, options, device)


@_openqasm.register
def _(source: str, options: RunOptions, device: Facts) -> str:
    return _checked(source, options.inputs, options, device)


def _checked(source: str, inputs: Mapping[str, Any], options: RunOptions, device: Facts) -> str:
    check_program(options, device)
    require_openqasm3(source)
    return bind_inputs(source, inputs)


def decode(content: bytes, job: Job) -> GateModelQuantumTaskResult:
    """Turn a result document into Braket's result.

    Values, counts and probabilities are Braket's own computation. Only the measurements, which may be many,
    pass its bit-by-bit validation by: they become one array.

    Raises:
        ServerError: The document is not a Braket task result.
    """
    try:
        return _result(json.loads(content))
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


def _result(document: Any) -> GateModelQuantumTaskResult:
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    measurements = _bits(document.pop("measurements", None))
    result = GateModelTaskResult.parse_obj(document)
    GateModelQuantumTaskResult.cast_result_types(result)
    _cast_density_matrices(result)
    result.measurements = measurements
    return GateModelQuantumTaskResult.from_object(result)


class _Measurements:
    """An array of bits where Braket expects lists: true if there are any, an array when asked."""

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self._bits = bits

    def __bool__(self) -> bool:
        return bool(self._bits.size)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self._bits.astype(dtype if dtype is not None else self._bits.dtype)


def _bits(measurements: Any) -> _Measurements | None:
    """Measurements as an array of shape (shots, qubits).

    Raises:
        ValueError: They are not rows of bits of one length.
    """
    if not measurements:
        return None
    wide = np.array(measurements, dtype=np.int64)
    if wide.ndim != 2 or ((wide != 0) & (wide != 1)).any():
        raise ValueError("its measurements are not rows of bits")
    return _Measurements(wide.astype(np.uint8))


def _cast_density_matrices(result: GateModelTaskResult) -> None:
    """Make complex arrays of density matrices. Braket's own cast knows the other complex result types."""
    for entry in result.resultTypes or ():
        if entry.type.type == "densitymatrix":
            entry.value = np.array([list(starmap(complex, row)) for row in entry.value])
