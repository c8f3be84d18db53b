"""OpenQASM in Braket's dialect as a `Circuit`, by Braket's own interpreter.

`Circuit.from_ir` alone would not do: it leaves out a reset without a word, takes a bit that a measurement wrote
for one that has its first value, forgets which bit a measurement writes, and knows no matrices as observables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from braket.circuits import Circuit, result_types
from braket.circuits.braket_program_context import BraketProgramContext
from braket.circuits.observables import observable_from_ir
from braket.default_simulator.openqasm.interpreter import Interpreter
from braket.default_simulator.openqasm.parser.openqasm_ast import Identifier
from braket.default_simulator.openqasm.parser.openqasm_parser import QASM3ParsingError
from braket.experimental_capabilities.experimental_capability_context import (
    ExperimentalCapabilityContextError,
)

from shared_transport.errors import HubError, ValidationError

__all__ = ["ReadProgram", "read_openqasm"]

# The interpreter raises whatever Python does over a program that makes no sense.
_NO_SENSE = (
    ArithmeticError,
    AttributeError,
    ExperimentalCapabilityContextError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
    ValueError,
)
_OF_OBSERVABLES = {
    "expectation": result_types.Expectation,
    "variance": result_types.Variance,
    "sample": result_types.Sample,
}


@dataclass(frozen=True)
class ReadProgram:
    """A program that was read.

    Attributes:
        circuit: What it does.
        measured: The qubits that it measures, in the order of the bits that they are written to.
        physical: Whether it names physical qubits, such as ``$0``.
    """

    circuit: Circuit
    measured: tuple[int, ...]
    physical: bool


def read_openqasm(source: str, device_id: str) -> ReadProgram:
    """Read an OpenQASM 3 program whose inputs have their values.

    Raises:
        ValidationError: It cannot be read, or does what no circuit that is measured once at its end can do.
    """
    reader = _Reader(device_id)
    try:
        Interpreter(reader).build_circuit(source)
    except HubError:
        raise
    except FileNotFoundError as problem:
        reason = f"it includes {problem.filename!r}, and Braket's dialect has no such file"
    except QASM3ParsingError:
        reason = "its syntax is not that of OpenQASM 3"
    except _NO_SENSE as problem:
        reason = " ".join(map(str, problem.args)) or f"{type(problem).__name__} within Braket"
    else:
        return ReadProgram(reader.circuit, reader.measured, reader.physical)
    raise ValidationError(
        f"The program cannot be read as OpenQASM 3 in Braket's dialect: {reason.rstrip('.')}.",
        hint="Gates have Braket's names, such as cnot for cx, and nothing needs to be included.",
    )


class _Reader(BraketProgramContext):
    """Builds the circuit, and refuses by name what it could not say.

    Attributes:
        physical: Whether a physical qubit was named.
    """

    def __init__(self, device_id: str) -> None:
        super().__init__()
        self._device_id = device_id
        self._register: str | None = None
        self._bits: dict[int, int] = {}
        self._read_out: set[int] = set()
        self.physical = False

    @property
    def measured(self) -> tuple[int, ...]:
        """The measured qubit of each bit, in the order of the bits. The last one written to a bit counts."""
        return tuple(qubit for _, qubit in sorted(self._bits.items()))

    @property
    def supports_midcircuit_measurement(self) -> bool:
        # So that the interpreter tells which register a measurement writes to, and asks about each condition on it.
        return True

    def get_qubits(self, qubits: Any) -> tuple[int, ...]:
        if isinstance(qubits, Identifier) and qubits.name.startswith("$"):
            self.physical = True
        found: tuple[int, ...] = super().get_qubits(qubits)
        return found

    def add_gate_instruction(
        self,
        gate_name: str,
        target: Sequence[int],
        *params: Any,
        ctrl_modifiers: Sequence[int],
        power: float,
    ) -> None:
        self._check_unmeasured(gate_name, target[len(ctrl_modifiers) :])
        super().add_gate_instruction(
            gate_name, target, *params, ctrl_modifiers=ctrl_modifiers, power=power
        )

    def add_custom_unitary(self, unitary: Any, target: Sequence[int]) -> None:
        self._check_unmeasured("unitary", target)
        super().add_custom_unitary(unitary, target)

    def add_measure(
        self,
        target: Sequence[int],
        classical_targets: Sequence[int] | None = None,
        classical_destination: Any = None,
    ) -> None:
        register = _name_of(classical_destination)
        if self._register not in (None, register):
            raise ValidationError(
                "The program measures into more than one register, and Braket's result has one.",
                hint="Declare one bit register and measure into it.",
            )
        self._check_unmeasured("measure", target)
        if classical_targets is None:
            first = 0 if register else len(self._bits)
            classical_targets = range(first, first + len(target))
        self._register = register
        self._read_out.update(target)
        self._bits.update(zip(map(int, classical_targets), map(int, target), strict=True))
        super().add_measure(target, classical_targets)

    def add_result(self, result: Any) -> None:
        kind = _OF_OBSERVABLES.get(result.type.value)
        if kind is None:
            super().add_result(result)
            return
        observable = observable_from_ir(result.observable)
        self._circuit.add_result_type(kind(observable, target=result.targets))

    def add_reset(self, target: Sequence[int]) -> None:
        self._refuse(f"resets qubits {[int(qubit) for qubit in target]}")

    def add_output_declaration(self, name: str, var_type: Any) -> None:
        self._refuse(f"declares the output {name!r}")

    def evaluate_condition(self, condition: Any) -> NoReturn:
        self._refuse("has a condition on a measured bit")

    def evaluate_for_range(self, set_declaration: Any, loop_var: str, loop_type: Any) -> NoReturn:
        self._refuse("has a loop over a measured bit")

    def evaluate_while_condition(self, condition: Any) -> NoReturn:
        self._refuse("has a loop that depends on a measured bit")

    def iter_classical_scopes(self, expression: Any) -> NoReturn:
        self._refuse("computes with a measured bit")

    def _check_unmeasured(self, what: str, qubits: Sequence[int]) -> None:
        again = self._read_out.intersection(qubits)
        if again:
            self._refuse(f"applies {what} to qubit {min(again)} after measuring it")

    def _refuse(self, what: str) -> NoReturn:
        raise ValidationError(
            f"The program {what}; through qhub_braket, {self._device_id} runs gates and measures once, at the end.",
            hint="qhub_qiskit runs dynamic circuits on backends that have them.",
        )


def _name_of(destination: Any) -> str:
    """The register's name, whether a measurement writes it whole or one of its bits; empty where it writes none."""
    if destination is None:
        return ""
    name = getattr(destination, "name", "")
    return str(name.name) if isinstance(name, Identifier) else str(name)
