"""What SV1 does not take of OpenQASM 3, refused while the program is interpreted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from braket.default_simulator.openqasm.parser import openqasm_ast as ast
from braket.default_simulator.openqasm.program_context import ProgramContext
from sympy import Expr

from local_hub.engines.base import Refused

# Far above any device: keeps a declaration from filling the memory before the qubits in use are counted.
_MOST_DECLARED = 10_000

_REFUSED_STATEMENTS: dict[type, str] = {
    ast.Include: "`include` is not supported: paste the gate definitions into the program.",
    ast.BranchingStatement: "`if` is not supported: SV1 has no classical control.",
    ast.WhileLoop: "`while` is not supported: SV1 has no classical control.",
    ast.QuantumReset: "`reset` is not supported by SV1.",
    ast.Box: "a verbatim `box` is not supported: SV1 is a simulator without physical qubits.",
}

_CLASSICAL_CONTROL_GATES = frozenset({"measure_ff", "cc_prx"})


def check_statement(statement: ast.QASMNode) -> None:
    """Refuse, by name, statements that SV1 does not run, wherever they are nested.

    Raises:
        Refused: the statement, or one inside it, is not supported.
    """
    for node in _nested(statement):
        for kind, message in _REFUSED_STATEMENTS.items():
            if isinstance(node, kind):
                raise Refused(message)
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
    """The interpreter's context, keeping to what SV1 runs."""

    def __init__(self) -> None:
        super().__init__()
        self._measured: set[int] = set()

    def check_verbatim(self) -> None:
        """Refuse a verbatim pragma that no box followed."""
        if self.in_verbatim_box:
            raise Refused("`braket verbatim` is not supported: SV1 has no physical qubits.")

    def add_qubits(self, name: str, num_qubits: int | None = 1) -> None:
        """Declare a register, of a size that can be real."""
        count = 1 if num_qubits is None else num_qubits
        if not isinstance(count, int) or not 1 <= count <= _MOST_DECLARED:
            raise Refused(
                f"qubit register `{name}` declares {count} qubits; 1 to {_MOST_DECLARED} are taken."
            )
        super().add_qubits(name, count)

    def get_qubits(self, qubits: Any) -> tuple[int, ...]:
        """Look qubits up, virtual ones only."""
        name = getattr(qubits, "name", None)
        if isinstance(name, str) and name.startswith("$"):
            raise Refused(
                f"physical qubit `{name}` is not supported: declare a register with `qubit[n] q;`."
            )
        found: tuple[int, ...] = tuple(super().get_qubits(qubits))
        return found

    def is_mcm_dependent(self, expression: Any) -> bool:
        """Refuse every use of a measured bit: SV1 has no classical feedback."""
        if super().is_mcm_dependent(expression):
            raise Refused(
                "a measured bit is used in a classical expression: SV1 has no classical control."
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
        """Add a gate whose parameters are numbers and whose qubits are not yet measured."""
        if gate_name in _CLASSICAL_CONTROL_GATES:
            raise Refused(f"gate `{gate_name}` is not supported by SV1.")
        for value in params:
            if isinstance(value, Expr) and value.free_symbols:
                names = ", ".join(sorted(str(symbol) for symbol in value.free_symbols))
                raise Refused(
                    f"input `{names}` has no value: bind the parameters before you submit."
                )
        self._still_free(target, f"gate `{gate_name}`")
        super().add_gate_instruction(gate_name, target, params, ctrl_modifiers, power)

    def add_custom_unitary(self, unitary: np.ndarray[Any, Any], target: tuple[int, ...]) -> None:
        """Add a unitary on qubits that are not yet measured."""
        self._still_free(target, "the unitary")
        super().add_custom_unitary(unitary, target)

    def add_phase_instruction(self, target: Any, phase_value: Any) -> None:
        """Add a global phase; it touches no qubit that was measured."""
        self._still_free(target, "gate `gphase`")
        super().add_phase_instruction(target, phase_value)

    def add_noise_instruction(
        self, noise_instruction: str, target: list[int], probabilities: list[float]
    ) -> None:
        """Refuse noise: SV1 holds a state vector."""
        raise Refused(f"noise `{noise_instruction}` is not supported: SV1 simulates without noise.")

    def add_kraus_instruction(
        self, matrices: list[np.ndarray[Any, Any]], target: list[int]
    ) -> None:
        """Refuse noise: SV1 holds a state vector."""
        raise Refused("noise `kraus` is not supported: SV1 simulates without noise.")

    def add_reset(self, target: list[int]) -> None:
        """Refuse reset."""
        raise Refused(_REFUSED_STATEMENTS[ast.QuantumReset])

    def add_measure(
        self,
        target: tuple[int, ...],
        classical_targets: Iterable[int] | None = None,
        *,
        classical_destination: Any = None,
    ) -> None:
        """Measure qubits, each at most once."""
        self._still_free(target, "a second measurement")
        if len(set(target)) != len(target):
            raise Refused("a qubit is measured twice in one statement.")
        super().add_measure(target, classical_targets, classical_destination=classical_destination)
        self._measured.update(target)

    def _still_free(self, target: Iterable[int], what: str) -> None:
        late = sorted(self._measured.intersection(target))
        if late:
            raise Refused(
                f"{what} acts on qubit {late[0]} after it was measured: SV1 measures at the end of the circuit only."
            )
