"""OpenQASM 3 read by Qiskit's importer, behind checks that keep hostile programs harmless.

The importer opens no file: `stdgates.inc` is built in, and no other can be included. What it would build without a
bound (registers, controls, physical qubits) is bounded before it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from openqasm3.visitor import QASMVisitor
from qiskit.circuit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import import ConversionError
from qiskit_qasm3_import.converter import ConvertVisitor

from local_hub.engines.base import Refused

_MOST_CLASSICAL_BITS = 10_000
# The parser's time grows fast with nested brackets.
_DEEPEST_BRACKETS = 32
# The importer raises a gate to a power by its matrix.
_WIDEST_POWER = 6
# It copies a gate's definition, and those of the gates in it, at each use.
_MOST_COPIES = 200_000
_OPENING, _CLOSING = "([{", ")]}"


def read(
    source: str, qubit_count: int, backend_id: str, limits: Mapping[str, int]
) -> QuantumCircuit:
    """Parse OpenQASM 3.

    Args:
        source: The program.
        qubit_count: How many qubits the device has.
        backend_id: Its id, for messages.
        limits: `openqasm3_characters`: how long a program this machine takes.

    Raises:
        Refused: it is not OpenQASM 3 as Qiskit's importer takes it, or declares more than the device has.
    """
    _check_text(source, limits["openqasm3_characters"])
    converter = _Converter()
    try:
        program = openqasm3.parse(source)
        _Bounds(qubit_count, backend_id).visit(program)
        circuit: QuantumCircuit = converter.convert(program).circuit
    except QASM3ParsingError as error:
        raise Refused(f"The program is not OpenQASM 3 (line,column): {_place(error)}") from error
    except ConversionError as error:
        raise Refused(
            f"The program is not taken as OpenQASM 3 (line,column): {error.message}"
        ) from error
    except RecursionError as error:
        raise Refused("The program is nested too deeply.") from error
    except AttributeError as error:
        # What the parser raises for a text without a statement.
        raise Refused("The program has no statement: declare qubits and measure them.") from error
    except (QiskitError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        raise Refused(f"Line {converter.line} is not taken as OpenQASM 3: {error}") from error
    if not circuit.num_qubits:
        raise Refused("The program declares no qubit: add `qubit[1] q;`.")
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise Refused(f"The program has inputs without a value ({names}): write numbers instead.")
    return circuit


def _check_text(source: str, most: int) -> None:
    if len(source) > most:
        raise Refused(
            f"The program has {len(source)} characters, above this machine's local limit of {most} for OpenQASM 3: "
            "send it as OpenQASM 2, or make it shorter."
        )
    depth = 0
    for line, text in enumerate(source.split("\n"), start=1):
        for letter in text:
            depth += (letter in _OPENING) - (letter in _CLOSING)
            if depth > _DEEPEST_BRACKETS:
                raise Refused(
                    f"The program has more than {_DEEPEST_BRACKETS} nested brackets at line {line}: simplify it."
                )


def _place(error: QASM3ParsingError) -> str:
    """Where the parser stopped; its own message is empty for most errors."""
    if str(error):
        return str(error)
    cause: BaseException | None = error.__cause__
    while cause is not None:
        token = getattr(cause, "offendingToken", None)
        if token is not None:
            return f"{token.line},{token.column}: unexpected {token.text!r}"
        inner = cause.args[0] if cause.args else None
        cause = inner if isinstance(inner, BaseException) else None
    return "the parser does not say where"


class _Converter(ConvertVisitor):
    """Qiskit's importer, which knows on which line it is.

    Attributes:
        line: Where the statement began that is read.
    """

    line = 0

    def visit_Program(self, node: ast.Program, context: Any) -> Any:  # noqa: N802
        for statement in node.statements:
            if statement.span is not None:
                self.line = statement.span.start_line
            context = self.visit(statement, context)
        return context


class _Bounds(QASMVisitor[None]):
    """Refuses what would grow without a bound."""

    def __init__(self, qubit_count: int, backend_id: str) -> None:
        self._qubit_count = qubit_count
        self._backend_id = backend_id
        self._qubits = 0
        self._clbits = 0
        self._copies = 0
        # Gates that the program defines: how many gates a use of them copies, and what is counted now.
        self._sizes: dict[str, int] = {}
        self._size = 0

    def visit_QubitDeclaration(self, node: ast.QubitDeclaration, context: None = None) -> None:  # noqa: N802
        self._qubits += _size(node.size, node)
        if self._qubits > self._qubit_count:
            raise Refused(
                f"The program declares {self._qubits} qubits; {self._backend_id} has {self._qubit_count}."
            )

    def visit_ClassicalDeclaration(  # noqa: N802
        self, node: ast.ClassicalDeclaration, context: None = None
    ) -> None:
        if isinstance(node.type, ast.BitType):
            self._clbits += _size(node.type.size, node)
            if self._clbits > _MOST_CLASSICAL_BITS:
                raise Refused(
                    f"The program declares {self._clbits} classical bits; at most {_MOST_CLASSICAL_BITS} are taken."
                )
        self.generic_visit(node)

    def visit_Identifier(self, node: ast.Identifier, context: None = None) -> None:  # noqa: N802
        if node.name.startswith("$"):
            raise Refused(
                f"{_line(node)}: the physical qubit {node.name} is not taken: declare `qubit[n] q;`."
            )

    def visit_ForInLoop(self, node: ast.ForInLoop, context: None = None) -> None:  # noqa: N802
        raise Refused(f"{_line(node)}: loops are not taken: write each turn out.")

    def visit_WhileLoop(self, node: ast.WhileLoop, context: None = None) -> None:  # noqa: N802
        raise Refused(f"{_line(node)}: loops are not taken: write each turn out.")

    def visit_QuantumGateDefinition(  # noqa: N802
        self, node: ast.QuantumGateDefinition, context: None = None
    ) -> None:
        self._size = 1
        self.generic_visit(node)
        self._sizes[node.name.name] = self._size

    def visit_QuantumGate(self, node: ast.QuantumGate, context: None = None) -> None:  # noqa: N802
        copies = self._sizes.get(node.name.name, 1)
        self._size += copies
        self._copies += copies
        if self._copies > _MOST_COPIES:
            raise Refused(
                f"{_line(node)}: with its gates' definitions the program has more than {_MOST_COPIES} gates, this "
                "machine's local limit for OpenQASM 3: make it shorter."
            )
        self._check_modifiers(node.modifiers, len(node.qubits) - 1)
        self.generic_visit(node)

    def visit_QuantumPhase(self, node: ast.QuantumPhase, context: None = None) -> None:  # noqa: N802
        self._check_modifiers(node.modifiers, len(node.qubits))
        self.generic_visit(node)

    def _check_modifiers(
        self, modifiers: Iterable[ast.QuantumGateModifier], most_controls: int
    ) -> None:
        for modifier in modifiers:
            name = modifier.modifier
            if name is ast.GateModifierName.pow and most_controls >= _WIDEST_POWER:
                raise Refused(
                    f"{_line(modifier)}: `pow` is taken on at most {_WIDEST_POWER} qubits: repeat the gate."
                )
            controls = name in (ast.GateModifierName.ctrl, ast.GateModifierName.negctrl)
            if controls and _size(modifier.argument, modifier) > most_controls:
                raise Refused(f"{_line(modifier)}: more controls than qubits: name each control.")


def _size(node: ast.Expression | None, where: ast.QASMNode) -> int:
    """A size in brackets, which has to be a number as it stands; 1 without brackets."""
    if node is None:
        return 1
    if not isinstance(node, ast.IntegerLiteral):
        raise Refused(f"{_line(where)}: write the size as a number.")
    return node.value


def _line(node: ast.QASMNode) -> str:
    return f"Line {node.span.start_line}" if node.span is not None else "The program"
