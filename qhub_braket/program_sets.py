"""Program sets: the executables that one stands for, in the order in which Braket counts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from braket.circuits import Circuit
from braket.circuits.serialization import IRType
from braket.ir.openqasm import Program
from braket.ir.openqasm import ProgramSet as ProgramSetIR
from braket.program_sets import CircuitBinding, ProgramSet

from shared_transport.errors import ValidationError

from .systems.kinds import kind_of

__all__ = ["SetEntry", "entries_of", "executables_of", "is_program_set"]


@dataclass(frozen=True)
class SetEntry:
    """One entry of a set: a program and the inputs that it runs with.

    Attributes:
        run: What is encoded: a circuit, or a program without inputs.
        program: The program with its lists of inputs, as Braket's result names it.
        inputs: The inputs of each executable.
        observables: What is measured, in turn for each set of the program's own parameters, or None.
    """

    run: Any
    program: Program
    inputs: tuple[Mapping[str, float], ...]
    observables: Any = None


def is_program_set(program: Any) -> bool:
    """Whether a program is a set of programs."""
    return isinstance(program, (ProgramSet, ProgramSetIR))


def entries_of(program_set: ProgramSet | ProgramSetIR) -> list[SetEntry]:
    """The entries of a set.

    Raises:
        ValidationError: The set is empty, or has an entry that is none.
    """
    given = program_set.programs if isinstance(program_set, ProgramSetIR) else program_set.entries
    if not given:
        raise ValidationError("The program set has no program.", hint="Give it at least one.")
    try:
        return [_entry(one) for one in given]
    except ValidationError:
        raise
    except NotImplementedError:  # Braket's, for H and Hermitian: they have no Euler angles
        reason = "it has an observable that Braket cannot turn into angles; it can X, Y, Z, I and their products"
    except ValueError as problem:  # a circuit without qubits, an observable that does not fit it
        reason = str(problem).rstrip(".")
    raise ValidationError(f"The program set cannot be written as OpenQASM: {reason}.")


def executables_of(entries: Sequence[SetEntry]) -> Iterator[tuple[Any, Mapping[str, float]]]:
    """Each executable: what is encoded, and its inputs."""
    for entry in entries:
        for inputs in entry.inputs:
            yield entry.run, inputs


@singledispatch
def _entry(entry: Any) -> SetEntry:
    raise ValidationError(
        f"A program set cannot hold {kind_of(entry)}.",
        hint="It holds circuits, circuit bindings, OpenQASM programs and strings of OpenQASM 3.",
    )


@_entry.register
def _(circuit: Circuit) -> SetEntry:
    return SetEntry(circuit, circuit.to_ir(IRType.OPENQASM), ({},))


@_entry.register
def _(source: str) -> SetEntry:
    return SetEntry(source, Program(source=source), ({},))


@_entry.register
def _(program: Program) -> SetEntry:
    return SetEntry(Program(source=program.source), program, _rows(program))


@_entry.register
def _(binding: CircuitBinding) -> SetEntry:
    program = binding.to_ir()
    run = Program(source=program.source)
    if isinstance(binding.circuit, Circuit):
        run = binding.circuit
        if binding.observables:
            run = run.with_euler_angles(binding.observables)
    return SetEntry(run, program, _rows(program), binding.observables)


def _rows(program: Program) -> tuple[Mapping[str, float], ...]:
    """A program's lists of inputs, which Braket holds to one length, as the inputs of each executable."""
    inputs = program.inputs or {}
    if not inputs:
        return ({},)
    return tuple(
        dict(zip(inputs, values, strict=True)) for values in zip(*inputs.values(), strict=True)
    )
