"""What a gate-model device refuses of a circuit, said before anything is sent.

The rules are the device's own: the action properties of its Braket capabilities document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from braket.circuits import Circuit, Instruction, Noise, Observable
from braket.circuits.circuit_helpers import validate_circuit_and_shots
from braket.circuits.compiler_directive import CompilerDirective
from braket.circuits.gates import Unitary
from braket.circuits.measure import Measure

from shared_transport.errors import ValidationError

from . import Facts, RunOptions

__all__ = ["check_circuit", "check_program"]

_OPENQASM = "braket.ir.openqasm.program"


def check_circuit(circuit: Circuit, options: RunOptions, device: Facts) -> None:
    """Hold a circuit against a device.

    Raises:
        ValidationError: The device does not run it; the error names what, and the way out.
    """
    check_program(options, device)
    _check_size(circuit, device)
    _check_shots(circuit, options.shots)
    action = _action(device)
    if action is not None:
        operations = frozenset(map(_plain, action.supportedOperations))
        pragmas = frozenset(map(_plain, action.supportedPragmas or ()))
        for instruction in circuit.instructions:
            if not _is_offered(instruction, operations, pragmas):
                raise _not_offered(instruction, action, device)
        for result_type in circuit.result_types:
            _check_result_type(result_type, options.shots, action, device)
    try:
        validate_circuit_and_shots(circuit, options.shots)
    except ValueError as problem:
        reason = str(problem)
    else:
        return
    raise ValidationError(f"{device.id} cannot run the circuit: {reason}.")


def check_program(options: RunOptions, device: Facts) -> None:
    """Hold the options of a run against a device, whatever the program.

    Raises:
        ValidationError: The device does not honour an option.
    """
    action = _action(device)
    if (
        options.disable_qubit_rewiring
        and action is not None
        and not action.disabledQubitRewiringSupported
    ):
        raise ValidationError(
            f"{device.id} does not honour disable_qubit_rewiring.",
            hint="Leave it out: only QPUs have physical qubits to keep to.",
        )


def _action(device: Facts) -> Any:
    """The device's rules for OpenQASM programs, or None where it states none."""
    actions: dict[Any, Any] = getattr(device.capabilities, "action", None) or {}
    return actions.get(_OPENQASM)


def _check_size(circuit: Circuit, device: Facts) -> None:
    if device.qubit_count is not None and circuit.qubit_count > device.qubit_count:
        raise ValidationError(
            f"The circuit uses {circuit.qubit_count} qubits; {device.id} has {device.qubit_count}.",
            hint="Use fewer qubits or a larger device.",
        )


def _check_shots(circuit: Circuit, shots: int) -> None:
    if shots == 0 and not circuit.result_types and circuit.instructions:
        measured = any(isinstance(item.operator, Measure) for item in circuit.instructions)
        what = "measures its qubits" if measured else "asks for no result type"
        raise ValidationError(
            f"shots=0 means exact results, and the circuit {what}.",
            hint="Give shots, such as shots=1000, or ask for a result type instead of measuring, such as "
            "circuit.probability().",
        )


def _is_offered(
    instruction: Instruction, operations: Collection[str], pragmas: Collection[str]
) -> bool:
    operator = instruction.operator
    name = _plain(operator.name)
    if isinstance(operator, Measure):
        return True
    if isinstance(operator, CompilerDirective):
        # A barrier says how to compile; it is no operation and stands in no device's list.
        return "verbatim" not in name or any("verbatim" in pragma for pragma in pragmas)
    if isinstance(operator, Noise):
        return f"braketnoise{name}" in pragmas or name in operations
    if isinstance(operator, Unitary) and "braketunitarymatrix" in pragmas:
        return True
    return name in operations


def _not_offered(instruction: Instruction, action: Any, device: Facts) -> ValidationError:
    qubits = [int(qubit) for qubit in instruction.target]
    where = f" on qubits {qubits}" if qubits else ""
    return ValidationError(
        f"{device.id} does not run {instruction.operator.name}{where}.",
        hint=f"It runs {', '.join(sorted(action.supportedOperations))}.",
    )


def _check_result_type(result_type: Any, shots: int, action: Any, device: Facts) -> None:
    known = {entry.name: entry for entry in action.supportedResultTypes or ()}
    name = result_type.name
    if name == "AdjointGradient" or name not in known:
        offered = ", ".join(sorted(set(known) - {"AdjointGradient"})) or "none"
        raise ValidationError(
            f"{device.id} does not give the result type {name} through the Hub.",
            hint=f"It gives {offered}.",
        )
    limits = known[name]
    if limits.maxShots == 0 and shots > 0:
        raise ValidationError(
            f"Result type {name} is exact and cannot be had with shots={shots}.",
            hint="Give shots=0, or ask for a result type that is sampled, such as circuit.probability().",
        )
    if limits.minShots is not None and shots < limits.minShots:
        raise ValidationError(
            f"Result type {name} needs at least {limits.minShots} shots on {device.id}, not {shots}."
        )
    if limits.observables is None:
        return
    offered_observables = {_plain(word) for word in limits.observables}
    for observable in _factors(getattr(result_type, "observable", None)):
        if _plain(observable.name) not in offered_observables:
            raise ValidationError(
                f"{device.id} does not measure the observable {observable.name} for {name}.",
                hint=f"It measures {', '.join(sorted(limits.observables))}.",
            )


def _factors(observable: Observable | None) -> Iterator[Observable]:
    if observable is None:
        return
    parts = getattr(observable, "factors", None) or getattr(observable, "summands", None)
    if parts is None:
        yield observable
        return
    for part in parts:
        yield from _factors(part)


def _plain(name: str) -> str:
    """A name as it compares: devices write ``phase_flip``, Braket's classes ``PhaseFlip``."""
    return name.lower().replace("_", "")
