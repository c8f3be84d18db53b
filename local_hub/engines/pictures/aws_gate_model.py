"""AWS gate model: OpenQASM 3 in Braket's dialect, drawn by Braket; as it was sent where that is too large."""

from __future__ import annotations

from collections.abc import Iterator

from braket.circuits import Circuit
from braket.ir.openqasm import Program

from local_hub.engines.base import Refused, Task
from local_hub.engines.braket_program import interpret
from local_hub.engines.braket_rules import Rules
from local_hub.engines.pictures.base import Drawing, preparing

# Braket's time grows with the gates times the qubits.
_MOST_GATES = 400
_MOST_CELLS = 8_000


def draw(task: Task) -> Iterator[Drawing]:
    """Draw each program."""
    rules = Rules.of(task.backend_id)
    sources = task.input["qasm"]
    programs = [sources] if isinstance(sources, str) else sources
    for number, source in enumerate(programs):
        title = f"Program {number}" if len(programs) > 1 else ""
        # What the device refuses (files, endless loops, too many qubits) never reaches Braket's own reader.
        circuit = interpret(source, rules).circuit
        gates, qubits = len(circuit.instructions), circuit.num_qubits
        if gates > _MOST_GATES or gates * qubits > _MOST_CELLS:
            said = f"{gates} gates on {qubits} qubits are too many to draw; the program is shown."
            yield Drawing(title, source, said)
        else:
            yield Drawing(title, _diagram(source))


def _diagram(source: str) -> str:
    try:
        return str(Circuit.from_ir(Program(source=source)).diagram())
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        NotImplementedError,
    ) as error:
        raise Refused(f"Braket does not draw the program: {error}") from error


prepare = preparing(draw)
