"""OpenQASM 3 as AWS devices take it: what one does not take is refused while the program is interpreted."""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from braket.default_simulator.openqasm.circuit import Circuit
from braket.default_simulator.openqasm.interpreter import Interpreter
from braket.default_simulator.openqasm.parser import openqasm_ast as ast
from braket.default_simulator.openqasm.parser.openqasm_parser import parse
from braket.default_simulator.openqasm.program_context import ProgramContext
from sympy import Expr

from local_hub.engines.base import Refused
from local_hub.engines.braket_noise import check_kraus, check_probabilities
from local_hub.engines.braket_rules import Rules

# Far above any device: keeps a declaration from filling the memory before the qubits in use are counted.
_MOST_DECLARED = 10_000
_LONGEST_LABEL = 6
_LONGEST_COMPLAINT = 200
# How ANTLR begins: with a place within the pragma.
_PLACE = re.compile(r"line \d+:\d+ ")

_REFUSED_STATEMENTS: dict[type, str] = {
    ast.Include: "`include` is not supported: paste the gate definitions into the program.",
    ast.BranchingStatement: "`if` is not supported: {device} has no classical control.",
    ast.WhileLoop: "`while` is not supported: {device} has no classical control.",
    ast.QuantumReset: "`reset` is not supported by {device}.",
}
_NO_BOX = "a verbatim `box` is not supported: {device} is a simulator without physical qubits."

_NO_BOX_FOLLOWS = "`#pragma braket verbatim` needs a `box` on the line after it."
_CLASSICAL_CONTROL_GATES = frozenset({"measure_ff", "cc_prx"})


@dataclass
class Program:
    """A program that a device takes.

    Attributes:
        circuit: Its gates, measurements and result types.
        physical: Whether its qubits are the device's own.
    """

    circuit: Circuit
    physical: bool


def interpret(source: str, rules: Rules) -> Program:
    """Read a program.

    Raises:
        Refused: it is not OpenQASM 3, or the device does not take it; the text names the line.
    """
    complaints = io.StringIO()  # ANTLR names line and column on stderr only
    try:
        with contextlib.redirect_stderr(complaints):
            program = parse(source)
    except MemoryError:
        raise
    except Exception as error:  # the parser raises its own, ANTLR's and Python's errors alike
        first = complaints.getvalue().partition("\n")[0][:_LONGEST_COMPLAINT]
        raise Refused(f"The program is not OpenQASM 3: {first or _words(error)}") from error
    context = StrictContext(rules)
    complaints = io.StringIO()  # pragmas are parsed only now
    with contextlib.redirect_stderr(complaints):
        _visit(program.statements, context, rules, complaints)
    context.check_whole()
    circuit = context.circuit
    try:
        circuit.validate_single_measured_register()
    except ValueError as error:
        raise Refused(str(error)) from error
    return Program(circuit, context.physical)


def _visit(
    statements: Iterable[ast.QASMNode],
    context: StrictContext,
    rules: Rules,
    complaints: io.StringIO,
) -> None:
    interpreter = Interpreter(context)
    for statement in statements:
        line = statement.span.start_line if statement.span else None
        where = f"Line {line}: " if line else ""
        try:
            check_statement(statement, rules)
            if context.in_verbatim_box and not isinstance(statement, ast.Box):
                raise Refused(_NO_BOX_FOLLOWS)
            interpreter.visit(statement)
        except Refused as error:
            raise Refused(f"{where}{error}") from error
        except MemoryError:
            raise
        except Exception as error:  # a bad program is reported by whatever Python raises
            said = _PLACE.sub("", complaints.getvalue().partition("\n")[0])[:_LONGEST_COMPLAINT]
            raise Refused(f"{where}{said or _words(error)}") from error


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    text = str(error.args[0]) if error.args and not isinstance(error, AttributeError) else ""
    return text if text else "it cannot be read."


def check_statement(statement: ast.QASMNode, rules: Rules) -> None:
    """Refuse, by name, statements that the device does not run, wherever they are nested.

    Raises:
        Refused: the statement, or one inside it, is not supported.
    """
    for node in _nested(statement):
        for kind, message in _REFUSED_STATEMENTS.items():
            if isinstance(node, kind):
                raise Refused(message.format(device=rules.device))
        if isinstance(node, ast.Box) and not rules.has_verbatim:
            raise Refused(_NO_BOX.format(device=rules.device))
        if isinstance(node, ast.ClassicalDeclaration):
            size = getattr(getattr(node.type, "size", None), "value", None)
            if (
                isinstance(size, int)
                and isinstance(node.type, ast.BitType)
                and size > _MOST_DECLARED
            ):
                raise Refused(
                    f"{size} classical bits are declared; at most {_MOST_DECLARED} are taken."
                )


def _nested(statement: ast.QASMNode) -> Iterator[ast.QASMNode]:
    """A statement and all statements in its blocks."""
    pending = [statement]
    while pending:
        node = pending.pop()
        yield node
        for entry in fields(node):
            value = getattr(node, entry.name)
            if isinstance(value, list):
                pending.extend(item for item in value if isinstance(item, ast.Statement))


class StrictContext(ProgramContext):
    """The interpreter's context, keeping to what a device runs.

    Attributes:
        physical: Whether the program names the device's own qubits, such as `$3`.
    """

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.physical = False
        self._rules = rules
        self._virtual = False
        self._measured: set[int] = set()
        self._boxed = False
        self._in_box = False
        self._outside = False

    def check_whole(self) -> None:
        """Refuse what only the whole program shows.

        Raises:
            Refused: a verbatim pragma without a box, both kinds of qubits, or gates beside a box that stands alone.
        """
        if self.in_verbatim_box:
            if not self._rules.has_verbatim:
                raise Refused(
                    f"`braket verbatim` is not supported: {self._rules.device} has no physical qubits."
                )
            raise Refused(_NO_BOX_FOLLOWS)
        if self.physical and self._virtual:
            raise Refused(
                "a program has either physical qubits such as `$0` or registers, not both."
            )
        if self._boxed and self._outside and self._rules.whole_box:
            raise Refused(
                f"a gate is outside the verbatim box: on {self._rules.device} it holds the whole circuit."
            )

    def add_verbatim_marker(self, marker: Any) -> None:
        """Enter a verbatim box, or leave it."""
        self._in_box = not self._in_box
        self._boxed = True

    def add_qubits(self, name: str, num_qubits: int | None = 1) -> None:
        """Declare a register, of a size that can be real."""
        count = 1 if num_qubits is None else num_qubits
        if not isinstance(count, int) or not 1 <= count <= _MOST_DECLARED:
            raise Refused(
                f"qubit register `{name}` declares {count} qubits; 1 to {_MOST_DECLARED} are taken."
            )
        super().add_qubits(name, count)

    def get_qubits(self, qubits: Any) -> tuple[int, ...]:
        """Look qubits up; physical ones where the device has such."""
        name = getattr(qubits, "name", None)
        if isinstance(name, str) and name.startswith("$"):
            if not self._rules.is_device:
                raise Refused(
                    f"physical qubit `{name}` is not supported: declare a register with `qubit[n] q;`."
                )
            if not name[1:].isdigit() or len(name) > _LONGEST_LABEL:
                raise Refused(f"`{name}` is no qubit: a physical qubit is `$` and a number.")
            self._rules.check_qubit(int(name[1:]))
            self.physical = True
        else:
            self._virtual = True
        found: tuple[int, ...] = tuple(super().get_qubits(qubits))
        return found

    def is_mcm_dependent(self, expression: Any) -> bool:
        """Refuse every use of a measured bit: there is no classical feedback."""
        if super().is_mcm_dependent(expression):
            raise Refused(
                "a measured bit is used in a classical expression: "
                f"{self._rules.device} has no classical control."
            )
        return False

    def add_gate_instruction(
        self,
        gate_name: str,
        target: tuple[int, ...],
        params: Any,
        ctrl_modifiers: list[int],
        power: int,
    ) -> None:
        """Add a gate that the device takes, whose parameters are numbers and whose qubits are not yet measured."""
        if gate_name in _CLASSICAL_CONTROL_GATES:
            raise Refused(f"gate `{gate_name}` is not supported by {self._rules.device}.")
        for value in params:
            if isinstance(value, Expr) and value.free_symbols:
                names = ", ".join(sorted(str(symbol) for symbol in value.free_symbols))
                raise Refused(
                    f"input `{names}` has no value: bind the parameters before you submit."
                )
        self._still_free(target, f"gate `{gate_name}`")
        _check_distinct(target, f"gate `{gate_name}`")
        if self._rules.is_device:
            self._check_on_device(
                gate_name, target, params, modified=bool(ctrl_modifiers) or power != 1
            )
        super().add_gate_instruction(gate_name, target, params, ctrl_modifiers, power)

    def _check_on_device(
        self, name: str, target: tuple[int, ...], params: Any, *, modified: bool
    ) -> None:
        if modified:
            raise Refused(
                f"gate `{name}` has a modifier: {self._rules.device} takes no `ctrl`, `inv` or `pow`."
            )
        if self._in_box:
            if not self.physical:
                raise Refused(
                    "a verbatim box acts on physical qubits: write `$0` instead of `q[0]`."
                )
            self._rules.check_native(name, target, [float(value) for value in params])
        else:
            self._outside = True
            self._rules.check_gate(name)

    def add_custom_unitary(self, unitary: np.ndarray[Any, Any], target: tuple[int, ...]) -> None:
        """Add a unitary on qubits that are not yet measured."""
        if "braket_unitary_matrix" not in self._rules.pragmas:
            raise Refused(f"`#pragma braket unitary` is not supported by {self._rules.device}.")
        self._still_free(target, "the unitary")
        _check_distinct(target, "the unitary")
        super().add_custom_unitary(unitary, target)

    def add_phase_instruction(self, target: Any, phase_value: Any) -> None:
        """Add a global phase; it touches no qubit that was measured."""
        self._still_free(target, "gate `gphase`")
        if self._rules.is_device:
            self._rules.check_gate("gphase")
        super().add_phase_instruction(target, phase_value)

    def add_noise_instruction(
        self, noise_instruction: str, target: list[int], probabilities: list[float]
    ) -> None:
        """Add noise where the device takes it."""
        self._check_noise(noise_instruction, target)
        check_probabilities(noise_instruction, probabilities)
        super().add_noise_instruction(noise_instruction, target, probabilities)

    def add_kraus_instruction(
        self, matrices: list[np.ndarray[Any, Any]], target: list[int]
    ) -> None:
        """Add a channel where the device takes it."""
        self._check_noise("kraus", target)
        check_kraus(matrices)
        super().add_kraus_instruction(matrices, target)

    def _check_noise(self, name: str, target: list[int]) -> None:
        if f"braket_noise_{name}" not in self._rules.pragmas:
            raise Refused(
                f"noise `{name}` is not supported by {self._rules.device}: aws.sim.dm1 simulates noise."
            )
        self._still_free(target, f"noise `{name}`")
        _check_distinct(target, f"noise `{name}`")

    def add_reset(self, target: list[int]) -> None:
        """Refuse reset."""
        raise Refused(_REFUSED_STATEMENTS[ast.QuantumReset].format(device=self._rules.device))

    def add_measure(
        self,
        target: tuple[int, ...],
        classical_targets: Iterable[int] | None = None,
        *,
        classical_destination: Any = None,
    ) -> None:
        """Measure qubits, each at most once."""
        if len(set(target)) != len(target):
            raise Refused("a qubit is measured twice in one statement.")
        self._still_free(target, "a second measurement")
        super().add_measure(target, classical_targets, classical_destination=classical_destination)
        self._measured.update(target)

    def _still_free(self, target: Iterable[int], what: str) -> None:
        late = sorted(self._measured.intersection(target))
        if late:
            raise Refused(
                f"{what} acts on qubit {late[0]} after it was measured: "
                f"{self._rules.device} measures at the end of the circuit only."
            )


def _check_distinct(target: Iterable[int], what: str) -> None:
    """Refuse a qubit that is named twice: the simulator would compute something."""
    twice = [qubit for qubit, times in Counter(target).items() if times > 1]
    if twice:
        raise Refused(f"{what} acts on qubit {twice[0]} twice.")
