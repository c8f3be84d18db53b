"""Programs of each kind as one: a circuit that the bridge can carry, and which qubits to measure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from numbers import Real
from typing import Any

import numpy as np
from braket.circuits import Circuit
from braket.circuits.measure import Measure
from braket.circuits.serialization import (
    IRType,
    OpenQASMSerializationProperties,
    QubitReferenceType,
    SerializableProgram,
)
from braket.ir.openqasm import Program

from qhub_braket.systems import Facts, RunOptions
from qhub_braket.systems.bridge_properties import capabilities_of
from qhub_braket.systems.kinds import CIRCUITS, not_run
from qhub_braket.systems.openqasm import bind_inputs, require_openqasm3, without_value
from qhub_braket.systems.rules import check_circuit
from shared_transport.errors import ValidationError

from .reading import read_openqasm

__all__ = ["BridgedProgram", "read_program"]

_MEMO = "bridge capabilities"
_BIT = re.compile(r"b\[(\d+)\] = ")


@dataclass(frozen=True)
class BridgedProgram:
    """A program that the bridge can carry.

    Attributes:
        circuit: What it does; its parameters are those of `inputs`.
        measured: The measured qubits, in Braket's order.
        source: The program as the user gave it, in OpenQASM.
        inputs: Values of its parameters.
        physical: Whether its qubits are the device's of the same number.
        verbatim: Whether its gates are to be executed as they are.
    """

    circuit: Circuit
    measured: tuple[int, ...]
    source: str
    inputs: Mapping[str, Any]
    physical: bool
    verbatim: bool


def read_program(task_specification: Any, options: RunOptions, device: Facts) -> BridgedProgram:
    """Read a program of any kind and hold it against the device.

    Raises:
        ValidationError: It is of a kind that is not supported, or what it does cannot be had from the device.
    """
    _check_shots(options, device)
    return _read(task_specification, options, device)


@singledispatch
def _read(task_specification: Any, options: RunOptions, device: Facts) -> BridgedProgram:
    raise not_run(task_specification, device.id, CIRCUITS)


@_read.register
def _(circuit: Circuit, options: RunOptions, device: Facts) -> BridgedProgram:
    _check(circuit, options, device)
    verbatim = circuit.qubits_frozen
    physical = options.disable_qubit_rewiring or verbatim
    kind = QubitReferenceType.PHYSICAL if physical else QubitReferenceType.VIRTUAL
    source = circuit.to_ir(
        ir_type=IRType.OPENQASM,
        serialization_properties=OpenQASMSerializationProperties(qubit_reference_type=kind),
    ).source
    names = sorted(parameter.name for parameter in circuit.parameters)
    missing = [name for name in names if name not in options.inputs]
    if missing:
        raise without_value(missing)
    inputs = {name: _number(name, options.inputs[name]) for name in names}
    return BridgedProgram(circuit, _measured(circuit), source, inputs, physical, verbatim)


@_read.register
def _(program: Program, options: RunOptions, device: Facts) -> BridgedProgram:
    inputs = {**(program.inputs or {}), **options.inputs}
    return _read_text(program.source, inputs, options, device)


@_read.register
def _(program: SerializableProgram, options: RunOptions, device: Facts) -> BridgedProgram:
    return _read_text(program.to_ir(ir_type=IRType.OPENQASM), options.inputs, options, device)


@_read.register
def _(source: str, options: RunOptions, device: Facts) -> BridgedProgram:
    return _read_text(source, options.inputs, options, device)


def _read_text(
    source: str, inputs: Mapping[str, Any], options: RunOptions, device: Facts
) -> BridgedProgram:
    require_openqasm3(source)
    read = read_openqasm(bind_inputs(source, inputs), device.id)
    circuit = read.circuit
    _check(circuit, options, device)
    verbatim = circuit.qubits_frozen
    physical = options.disable_qubit_rewiring or verbatim
    if read.physical and not physical:
        raise ValidationError(
            f"The program names physical qubits, and {device.id} would choose others for them.",
            hint="Give run(..., disable_qubit_rewiring=True), or declare a register and name its qubits.",
        )
    # A parameter's value is a number, a text of bits, or a truth value: `bind_inputs` made sure.
    declared = {name: _plain(value) for name, value in inputs.items() if _declares(source, name)}
    measured = read.measured or _measured(circuit)
    return BridgedProgram(circuit, measured, source, declared, physical, verbatim)


def _check_shots(options: RunOptions, device: Facts) -> None:
    if options.shots < 1:
        raise ValidationError(
            f"{device.id} does not take shots={options.shots}: it measures, and has no exact results to give.",
            hint="Give shots, such as shots=1000.",
        )


def _check(circuit: Circuit, options: RunOptions, device: Facts) -> None:
    # The rules are the bridge's own, whatever the device document says.
    if _MEMO not in device.memo:
        device.memo[_MEMO] = capabilities_of(device.backend)
    check_circuit(circuit, options, replace(device, capabilities=device.memo[_MEMO]))


def _measured(circuit: Circuit) -> tuple[int, ...]:
    """The measured qubits: in the order of the bits that they are written to; all, ascending, where none is named.

    Calls of `Circuit.measure` each begin with bit 0 again. Then the order is that of the calls.
    """
    written: list[tuple[int, int]] = []
    for instruction in circuit.instructions:
        if isinstance(instruction.operator, Measure):
            bit = _BIT.match(instruction.to_ir(ir_type=IRType.OPENQASM))
            written.append((int(bit[1]) if bit else 0, int(instruction.target[0])))
    if not written:
        return tuple(sorted(int(qubit) for qubit in circuit.qubits))
    if len({bit for bit, _ in written}) == len(written):
        written.sort()
    return tuple(qubit for _, qubit in written)


def _declares(source: str, name: str) -> bool:
    return re.search(rf"\binput\b[^;]*\b{re.escape(name)}\s*;", source) is not None


def _number(name: str, value: Any) -> float:
    value = _plain(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise ValidationError(
        f"The parameter {name!r} cannot be {value!r}.", hint="It takes one finite number."
    )


def _plain(value: Any) -> Any:
    """Numpy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else value
