"""OpenQASM 3 as text: is it that at all, and values in place of its inputs.

The Hub takes a program without inputs, so their values are written into the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from shared_transport.errors import ValidationError

__all__ = ["bind_inputs", "require_openqasm3", "without_value"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<text>"[^"\n]*")
      | (?P<number>\d[\w.]*(?:(?<=[eE])[+-]\d+)?)
      | (?P<word>\$\d+|[^\W\d]\w*)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_HEADER = re.compile(r"(?:\s+|//[^\n]*\n|/\*.*?\*/)*OPENQASM\s+(\d+)(?:\.\d+)?\s*;", re.DOTALL)
_GRADIENT = re.compile(r"^\s*#pragma\s+braket\s+result\s+adjoint_gradient\b", re.MULTILINE)
# Where one of these stands, a name may mean something else inside a block.
_SCOPES = frozenset({"gate", "def", "defcal", "cal", "for", "while", "if", "let", "switch"})
_FLOATS = frozenset({"float", "angle"})
_INTEGERS = frozenset({"int", "uint"})


def require_openqasm3(source: str) -> None:
    """Refuse a text that does not say that it is OpenQASM 3; whether it is right, the Hub checks.

    Raises:
        ValidationError: The header is missing or of another version.
    """
    header = _HEADER.match(source)
    if header is None:
        shown = source.strip().split("\n", 1)[0][:60]
        raise ValidationError(
            f"The program is not OpenQASM 3: it starts with {shown!r}, not with 'OPENQASM 3;'.",
            hint="Give the program's text, not the name of a file."
            if shown.endswith(".qasm")
            else "Put 'OPENQASM 3;' at its head if that is what it is.",
        )
    if header[1] != "3":
        raise ValidationError(
            f"The program is OpenQASM {header[1]}; Braket's dialect is OpenQASM 3.",
            hint="Translate it, for example with qiskit.qasm2.loads and qiskit.qasm3.dumps.",
        )


def bind_inputs(source: str, inputs: Mapping[str, Any]) -> str:
    """Write values in place of a program's ``input`` declarations. Lines keep their numbers.

    A value replaces the name wherever it is used. Where a block could give the name another meaning, or the
    name is assigned to, the declaration becomes one of a variable with that value instead.

    Args:
        source: An OpenQASM 3 program.
        inputs: Values by name; those that the program does not declare are ignored, as Braket does.

    Raises:
        ValidationError: An input has no value, or one that its type does not take.

    >>> bind_inputs("OPENQASM 3;input float a;qubit q;rx(2*a) q;", {"a": -0.5})
    'OPENQASM 3;qubit q;rx(2*(-0.5)) q;'
    """
    if _GRADIENT.search(source):
        raise ValidationError(
            "Result type adjoint_gradient needs inputs that stay open, and the Hub takes programs without "
            "inputs.",
            hint="Compute the gradient from expectation values, by the parameter-shift rule.",
        )
    if "input" not in source:
        return source
    tokens = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(source)]
    declared = _declarations(tokens)
    missing = [name for name in declared if name not in inputs]
    if missing:
        raise without_value(missing)
    return _written(
        tokens, declared, {name: _literal(declared[name], inputs[name]) for name in declared}
    )


def without_value(names: Sequence[str]) -> ValidationError:
    """The error of parameters that have no value."""
    inputs = ", ".join(f"{name!r}: ..." for name in names)
    return ValidationError(
        f"The program has parameters without a value: {', '.join(map(repr, names))}.",
        hint=f"Give them: run(..., inputs={{{inputs}}}), or in a program set CircuitBinding(circuit, input_sets=...).",
    )


@dataclass(frozen=True)
class _Input:
    """An ``input`` declaration: its tokens from `start` to `end` (the semicolon included)."""

    name: str
    type: str
    start: int
    end: int


def _declarations(tokens: Sequence[tuple[str, str]]) -> dict[str, _Input]:
    found: dict[str, _Input] = {}
    start: int | None = None
    for position, (kind, text) in enumerate(tokens):
        if kind == "word" and text == "input" and start is None:
            start = position
        elif text == ";" and start is not None:
            parts = [part for what, part in tokens[start + 1 : position] if what != "skip"]
            if len(parts) >= 2:
                found[parts[-1]] = _Input(parts[-1], "".join(parts[:-1]), start, position + 1)
            start = None
    return found


def _literal(declared: _Input, value: Any) -> str:
    """A value as OpenQASM text of the declared type."""
    kind = declared.type.partition("[")[0]
    number = math.nan if isinstance(value, bool) else _number(value)
    if kind in _FLOATS and math.isfinite(number):
        return repr(number)
    if kind in _INTEGERS and number.is_integer():
        return repr(int(value))
    if kind == "bool" and isinstance(value, Integral) and value in (0, 1):
        return "true" if value else "false"
    if kind == "bit" and isinstance(value, str) and value and set(value) <= {"0", "1"}:
        return f'"{value}"'
    if kind == "bit" and isinstance(value, Integral) and value in (0, 1):
        return str(int(value))
    raise ValidationError(
        f"Input {declared.name!r} is declared as {declared.type} and cannot be {value!r}.",
        hint="An input takes one finite number, or a string of bits for a bit register.",
    )


def _number(value: Any) -> float:
    """A real number as a float; anything else as nan."""
    return float(value) if isinstance(value, Real) else math.nan


def _written(
    tokens: Sequence[tuple[str, str]], declared: Mapping[str, _Input], values: Mapping[str, str]
) -> str:
    words = {text for kind, text in tokens if kind == "word"}
    uses: dict[str, list[int]] = {name: [] for name in declared}
    as_variable = set(declared) if words & _SCOPES else set()
    inside = {position for item in declared.values() for position in range(item.start, item.end)}
    depth = 0
    for position, (kind, text) in enumerate(tokens):
        if text in ("(", "["):
            depth += 1
        elif text in (")", "]"):
            depth -= 1
        elif kind == "word" and text in declared and position not in inside:
            following = _next(tokens, position)
            if depth == 0 and following[0] != "word" and following[1] != "(":
                as_variable.add(text)
            elif depth > 0 and following[1] != "(":
                uses[text].append(position)
            # Else it is a gate of the same name.
    written = [text for _, text in tokens]
    for name, item in declared.items():
        written[item.start : item.end] = [""] * (item.end - item.start)
        if name in as_variable or values[name].startswith('"'):
            written[item.start] = f"{item.type} {name} = {values[name]};"
            continue
        for position in uses[name]:
            value = values[name]
            written[position] = f"({value})" if value.startswith("-") else value
    return "".join(written)


def _next(tokens: Sequence[tuple[str, str]], position: int) -> tuple[str, str]:
    """The next token that is neither space nor comment."""
    for following in range(position + 1, len(tokens)):
        if tokens[following][0] != "skip":
            return tokens[following]
    return "", ""
