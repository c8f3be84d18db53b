"""Reading a person's OpenQASM file, for either SDK, and saying in its terms what is wrong with it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared_transport.errors import ValidationError
from shared_transport.extras import require_extra

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

__all__ = [
    "Source",
    "in_words_of_the_command",
    "parse_qasm",
    "read_source",
    "said_of_file",
    "to_braket",
    "to_circuit",
]

_VERSION = re.compile(r"\A\s*OPENQASM\s+(\d+)(?:\.\d+)?\s*;")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_LARGEST = 64 * 1024 * 1024
# Qiskit's names of gates that every device takes in Braket's OpenQASM 3, a quantum computer too.
_BRAKETS = ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "rx", "ry", "rz", "cx", "swap")
# What Qiskit's reader of OpenQASM 3 raises, beside its own errors, over a text that makes no sense.
_NO_SENSE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
_MOST = re.compile(r"at most (\d+) shots")
# What a hint of the plugins says in Python, and what it means for a file and the command's options.
_MEASURE = {2: "measure q -> c;", 3: "c = measure q;"}
_IN_PYTHON = (
    ("circuit.measure_all()", "Add measurements to the file: {measure}"),
    ("assign_parameters", "Write their values into the file."),
    ("inputs={", "Write their values into the file."),
    ("Bind all parameters", "Write finite numbers into the file."),
    ("split_shots=True", "Give --shots {most} or fewer; in Python, split_shots=True splits them."),
    ("Give shots=", "Give --shots within that range."),
    ("Give shots, such as", "Give --shots 1 or more."),
    ("disable_qubit_rewiring=True", "Declare a register of qubits in the file, and name those."),
    ("qhub_qiskit runs dynamic", "Leave --sdk out: Qiskit runs it, where the backend can."),
    ("such as circuit.i(0)", "Apply at least one gate."),
)


@dataclass(frozen=True)
class Source:
    """An OpenQASM text.

    Attributes:
        path: Its file.
        text: The text.
        version: 2 or 3.
    """

    path: Path
    text: str
    version: int

    @property
    def braket_dialect(self) -> bool:
        """Whether it is OpenQASM 3 without Qiskit's include: Braket's gates are built in."""
        return self.version == 3 and "stdgates.inc" not in _COMMENT.sub("", self.text)


def read_source(path: Path) -> Source:
    """Read a file.

    Raises:
        ValidationError: It cannot be read, or is not OpenQASM 2 or 3.
    """
    problem = None
    text = ""
    try:
        if path.stat().st_size > _LARGEST:
            problem = f"has more than {_LARGEST >> 20} MB"
        else:
            text = path.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        problem = "is not text"
    if problem is not None:
        raise ValidationError(f"{path} {problem}.")
    found = _VERSION.match(_COMMENT.sub("", text))
    if found is None:
        raise ValidationError(
            f"{path} is not OpenQASM: it does not start with a line such as 'OPENQASM 2.0;'.",
            hint="Give a file of OpenQASM 2 or 3.",
        )
    if found[1] not in ("2", "3"):
        raise ValidationError(f"{path} is OpenQASM {found[1]}; there are 2 and 3.")
    return Source(path, text, int(found[1]))


def to_circuit(source: Source) -> QuantumCircuit:
    """Parse with Qiskit.

    Raises:
        ValidationError: The text is not correct; the error has the parser's words, with the line.
        MissingExtraError: Qiskit is not installed.
    """
    hint = None
    if source.braket_dialect:
        hint = 'It has no include "stdgates.inc"; if it uses Braket\'s gates: --sdk braket.'
    folders = (source.path.parent,)
    circuit = parse_qasm(source.text, source.version, f"{source.path}", folders, hint)
    circuit.name = source.path.stem
    return circuit


def to_braket(source: Source) -> tuple[str, int | None]:
    """The text in Braket's OpenQASM 3: as it is where it is that, else translated, for all devices alike.

    Returns:
        The text, and how many qubits it uses if it was translated.

    Raises:
        ValidationError: It is not correct, or does what cannot be said so.
        MissingExtraError: Qiskit is not installed, which translates.
    """
    if source.braket_dialect:
        return source.text, None
    circuit = to_circuit(source)
    from qiskit import transpile
    from qiskit.circuit import CONTROL_FLOW_OP_NAMES
    from qiskit.exceptions import QiskitError
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Acceptance, read_circuit
    from qhub_qiskit.systems import system_for
    from qhub_qiskit.systems.base import Device
    from shared_transport.models import Backend

    dialect = "--sdk braket"
    width = circuit.num_qubits
    target = Target.from_configuration([*_BRAKETS, "measure"], num_qubits=width)
    accepts = Acceptance(target, dialect, tuple(map(str, range(width))), midway=False)
    # What no transpiler replaces is kept, and refused by its name below.
    kept = [*_BRAKETS, "reset", "delay", *CONTROL_FLOW_OP_NAMES]
    try:
        made = transpile(circuit, basis_gates=kept, optimization_level=1)
    except QiskitError as problem:
        raise ValidationError(f"{source.path} cannot be translated: {problem.message}") from problem
    room = system_for("AWS", ["BRAKET_OPEN_QASM_V3"], dialect)
    device = Device(Backend(id=dialect))
    try:
        program = read_circuit(made, accepts)
    except ValidationError as problem:
        if "backend that declares it" in (problem.hint or ""):
            problem.hint = "Leave --sdk out: Qiskit runs it, where the backend can."
        raise
    text = str(room.encode([program], room.options(), device).input["qasm"])
    return text, len(program.active_qubits)


@contextmanager
def in_words_of_the_command(source: Source, backend: str) -> Iterator[None]:
    """Let a plugin's errors be those of somebody who has a file and options.

    Raises:
        ValidationError: What was raised inside, without Python in its hint.
    """
    try:
        yield
    except ValidationError as problem:
        raise said_of_file(problem, source, backend) from problem


def said_of_file(problem: ValidationError, source: Source, backend: str) -> ValidationError:
    """The same error in those words."""
    hint = problem.hint or ""
    said = copy.copy(problem)
    if "AnalogHamiltonianSimulation" in hint:
        said.message = f"{backend} is an analog device: it runs no circuits, only programs of atoms, from Python."
        said.hint = None
    if "optimization_level=3" in hint:
        said.hint = hint.rpartition(";")[0] + "."
    most = _MOST.search(problem.message)
    for words, instead in _IN_PYTHON:
        if words in hint:
            said.hint = instead.format(
                measure=_MEASURE[source.version], most=most[1] if most else "few"
            )
    return said


def parse_qasm(
    text: str, version: int, name: str, folders: tuple[Path, ...] = (), hint: str | None = None
) -> QuantumCircuit:
    """Parse an OpenQASM text with Qiskit.

    Args:
        text: The text.
        version: 2 or 3.
        name: What it is, for the error.
        folders: Where files lie that a text of OpenQASM 2 includes.
        hint: What to do where it is not correct.

    Raises:
        ValidationError: It is not correct; the error has the parser's words.
        MissingExtraError: Qiskit is not installed.
    """
    require_extra("Reading OpenQASM", "qiskit", "qiskit.circuit", "qiskit_qasm3_import")
    from openqasm3.parser import QASM3ParsingError
    from qiskit import qasm2, qasm3
    from qiskit.exceptions import QiskitError

    try:
        if version == 2:
            gates = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
            return qasm2.loads(text, include_path=folders, custom_instructions=gates)
        return qasm3.loads(text)
    except QiskitError as error:
        reason = str(error.message)
    except QASM3ParsingError as error:
        reason = f"the syntax is wrong{_place(error)}"
    except IndexError:
        reason = "a qubit or bit index is out of range."
    except _NO_SENSE as error:
        reason = f"Qiskit's reader fails on it ({type(error).__name__}: {error})."
    raise ValidationError(f"{name} cannot be parsed: {reason}", hint=hint)


def _place(error: Exception) -> str:
    """Where the parser of OpenQASM 3 gave up; it hides that in the error's cause."""
    for cause in getattr(error.__cause__, "args", ()):
        token = getattr(cause, "offendingToken", None)
        if token is not None:
            return f" at line {token.line}, column {token.column + 1}"
    return ""
