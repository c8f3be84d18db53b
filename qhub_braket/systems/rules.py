"""What a gate-model device refuses of a circuit, said before anything is sent.

The rules are the device's own: the action properties of its Braket capabilities document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from braket.circuits import Circuit, Instruction, Noise, Observable
from braket.circuits.compiler_directive import CompilerDirective
from braket.circuits.compiler_directives import EndVerbatimBox, StartVerbatimBox
from braket.circuits.gates import Unitary
from braket.circuits.measure import Measure

from shared_transport.errors import ValidationError

from . import Facts, RunOptions
from .names import plain
from .physical_rules import PhysicalRules

__all__ = ["check_circuit", "check_program", "check_width"]

_OPENQASM = "braket.ir.openqasm.program"


def check_circuit(circuit: Circuit, options: RunOptions, device: Facts) -> None:
    """Hold a circuit against a device.

    Raises:
        ValidationError: The device does not run it; the error names what, and the way out.
    """
    check_program(options, device)
    _check_size(circuit, device)
    action = _action(device)
    instructions = circuit.instructions  # Braket sorts them each time
    result_types = circuit.result_types
    _check_shots(instructions, result_types, options.shots)
    if action is not None:
        _check_instructions(circuit, instructions, options, action, device)
        for result_type in result_types:
            _check_result_type(result_type, options.shots, action, device)
    if options.shots and not circuit.observables_simultaneously_measurable:
        raise ValidationError(
            "The circuit's observables cannot be measured simultaneously.",
            hint="Run it once for each of them, or with shots=0 where the device is exact.",
        )


def check_width(qubits: int | None, device_id: str, most: int | None) -> None:
    """Hold the number of qubits that a program uses against a device; None where either is unknown.

    Raises:
        ValidationError: The device has fewer.
    """
    if qubits is not None and most is not None and qubits > most:
        raise ValidationError(
            f"The circuit uses {qubits} qubits; {device_id} has {most}.",
            hint="Use fewer qubits or a larger device.",
        )


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
    if not circuit.qubit_count:
        raise ValidationError(
            "The circuit has no qubit.", hint="Apply at least one gate, such as circuit.i(0)."
        )
    check_width(circuit.qubit_count, device.id, device.qubit_count)


def _check_shots(
    instructions: Sequence[Instruction], result_types: Sequence[Any], shots: int
) -> None:
    if shots == 0 and not result_types:
        measured = any(isinstance(item.operator, Measure) for item in instructions)
        what = "measures its qubits" if measured else "asks for no result type"
        raise ValidationError(
            f"shots=0 means exact results, and the circuit {what}.",
            hint="Give shots, such as shots=1000, or ask for a result type instead of measuring, such as "
            "circuit.probability().",
        )


def _check_instructions(
    circuit: Circuit,
    instructions: Sequence[Instruction],
    options: RunOptions,
    action: Any,
    device: Facts,
) -> None:
    operations = frozenset(map(plain, action.supportedOperations))
    pragmas = frozenset(map(plain, action.supportedPragmas or ()))
    modifiers = frozenset(entry.name for entry in action.supportedModifiers or ())
    physical, frozen = None, circuit.qubits_frozen
    if frozen or options.disable_qubit_rewiring:
        physical = PhysicalRules.of(device, action)
        physical.check_qubits([int(qubit) for qubit in circuit.qubits])
    in_box = False
    for instruction in instructions:
        operator = instruction.operator
        if isinstance(operator, Measure):
            continue
        if isinstance(operator, CompilerDirective):
            # A barrier says how to compile; it is no operation and stands in no device's list.
            if isinstance(operator, (StartVerbatimBox, EndVerbatimBox)):
                if not any("verbatim" in pragma for pragma in pragmas):
                    raise _not_offered(instruction, action, device)
                in_box = isinstance(operator, StartVerbatimBox)
            continue
        if in_box and physical is not None:
            physical.check_native(instruction)
            continue
        if frozen and physical is not None:
            physical.check_outside(instruction)
        if not _is_offered(instruction, operations, pragmas):
            raise _not_offered(instruction, action, device)
        _check_modifiers(instruction, modifiers, device)


def _check_modifiers(instruction: Instruction, modifiers: Collection[str], device: Facts) -> None:
    used = ""
    if instruction.control and "ctrl" not in modifiers:
        used = "control qubits"
    elif instruction.power != 1 and "pow" not in modifiers:
        used = "a power"
    if used:
        qubits = [int(qubit) for qubit in instruction.target]
        raise ValidationError(
            f"{device.id} does not run {instruction.operator.name} on qubits {qubits} with {used}.",
            hint="Write it with gates that the device has, such as cnot.",
        )


def _is_offered(
    instruction: Instruction, operations: Collection[str], pragmas: Collection[str]
) -> bool:
    operator = instruction.operator
    name = plain(operator.name)
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
    _check_observable(getattr(result_type, "observable", None), name, device)
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
    offered_observables = {plain(word) for word in limits.observables}
    for observable in _factors(getattr(result_type, "observable", None)):
        if plain(observable.name) not in offered_observables:
            raise ValidationError(
                f"{device.id} does not measure the observable {observable.name} for {name}.",
                hint=f"It measures {', '.join(sorted(limits.observables))}.",
            )


def _check_observable(observable: Observable | None, wanted: str, device: Facts) -> None:
    """Refuse what no device's result pragma says, and Braket's own computation from shots does not know."""
    if observable is None:
        return
    if getattr(observable, "summands", None) is not None:
        raise ValidationError(
            f"{device.id} does not measure a sum of observables for {wanted}.",
            hint="Ask for a result type for each of its terms, and add the values up.",
        )
    if observable.coefficient != 1:
        raise ValidationError(
            f"{device.id} does not measure an observable with the coefficient {observable.coefficient:g} for "
            f"{wanted}.",
            hint="Ask for the observable without it, and multiply the value.",
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
