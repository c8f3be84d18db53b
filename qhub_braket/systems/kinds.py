"""What was given in place of a program, in words for its user."""

from __future__ import annotations

from typing import Any

from shared_transport.errors import ValidationError

__all__ = ["ATOMS", "CIRCUITS", "kind_of", "not_run"]

CIRCUITS = (
    "braket.circuits.Circuit, braket.program_sets.ProgramSet, braket.ir.openqasm.Program and ProgramSet, other "
    "programs that Braket writes as OpenQASM, and a string of OpenQASM 3"
)
ATOMS = "programs of atoms: braket.ahs.AnalogHamiltonianSimulation and braket.ir.ahs.Program"

_WORDS = {
    str: "a string",
    bytes: "bytes",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    complex: "a number",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
    type(None): "None",
}


def kind_of(thing: Any) -> str:
    """What a thing is: Python's own kinds by their plain names, others by their class.

    >>> kind_of("OPENQASM 3;"), kind_of(1.5)
    ('a string', 'a number')
    """
    kind = type(thing)
    return _WORDS.get(kind, f"a {kind.__module__}.{kind.__qualname__}")


def not_run(program: Any, device: str, runs: str) -> ValidationError:
    """The error of a program of a kind that a device does not run.

    Args:
        program: What was given.
        device: The device's id.
        runs: The kinds that it runs.
    """
    several = " run_batch takes several." if isinstance(program, (list, tuple)) else ""
    return ValidationError(
        f"{device} does not run {kind_of(program)}.", hint=f"It runs {runs}.{several}"
    )
