"""Reading a person's OpenQASM file, for either SDK."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared_transport.errors import ValidationError
from shared_transport.extras import require_extra

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

__all__ = ["Source", "parse_qasm", "read_source", "to_circuit"]

_VERSION = re.compile(r"\A\s*OPENQASM\s+(\d+)(?:\.\d+)?\s*;")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_LARGEST = 64 * 1024 * 1024


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

    try:
        if version == 2:
            gates = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
            return qasm2.loads(text, include_path=folders, custom_instructions=gates)
        return qasm3.loads(text)
    except (qasm2.QASM2ParseError, qasm3.QASM3ImporterError) as error:
        reason = str(error.message)
    except QASM3ParsingError as error:
        reason = f"the syntax is wrong{_place(error)}"
    raise ValidationError(f"{name} cannot be parsed: {reason}", hint=hint)


def _place(error: Exception) -> str:
    """Where the parser of OpenQASM 3 gave up; it hides that in the error's cause."""
    for cause in getattr(error.__cause__, "args", ()):
        token = getattr(cause, "offendingToken", None)
        if token is not None:
            return f" at line {token.line}, column {token.column + 1}"
    return ""
