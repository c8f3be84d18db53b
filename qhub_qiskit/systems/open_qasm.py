"""Any backend that takes plain OpenQASM 2 or 3 and has no room of its own.

What such a service returns is taken to be ``{"counts": ..., "memory"?}`` in Qiskit's order, as those of the Hub
that speak plain OpenQASM mostly do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import build_target, coupled_pairs
from shared_transport.bits import ClassicalLayout
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System
from .qasm import measured_text, read_bits
from .qasm3_steps import dynamic_text
from .qasm_gates import OPENQASM_2, OPENQASM_3, Language
from .qasm_results import read_words

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["OpenQasm2", "OpenQasm3"]

# Words that the Hub's descriptions have for gates of the include files.
_ALIASES = {"i": "id", "cnot": "cx", "ccnot": "ccx"}


class _OpenQasm(System[RunOptions]):
    """What both versions share."""

    options = RunOptions
    language: ClassVar[Language]
    operations: ClassVar[frozenset[str]] = frozenset({"reset"})

    def target(self, device: Device) -> Target:
        """The target, by the gates that the Hub names; by those of the include file if it names none."""
        named = [gate.name.lower() for gate in device.backend.configuration.gates if gate.name]
        known = self.language.names
        names = [name for name in named if _ALIASES.get(name, name) in known]
        return build_target(
            device,
            names if named else self.language.included,
            renamed=_ALIASES,
            operations=sorted(self.operations & device.declared),
        )

    def encode(self, programs: Sequence[Program], options: RunOptions, device: Device) -> Encoded:
        """One program: over the active qubits, unless some are not connected, so that their numbers count."""
        (program,) = programs
        if program.dynamic:
            written = dynamic_text(program, device.backend.id, resets=False)
        else:
            anywhere = coupled_pairs(device) is None
            written = measured_text(program.compacted() if anywhere else program, self.language)
        said = (written.said,)
        return Encoded({"qasm": written.text}, {}, options.shots, (written.layout,), said=said)

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """The registers of the text: a result has all their bits."""
        return (read_bits(job_input["qasm"]),)

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read counts and memory."""
        return [Decoded(read_words(result.json(), sent.layouts[0]))]


class OpenQasm2(_OpenQasm):
    """OpenQASM 2: circuits that measure at their end."""

    input_format = InputFormat.OPEN_QASM_V2
    language = OPENQASM_2


class OpenQasm3(_OpenQasm):
    """OpenQASM 3: also dynamic circuits, where the Hub says that the backend has ``if_else``."""

    input_format = InputFormat.OPEN_QASM_V3
    language = OPENQASM_3
    operations = frozenset({"reset", "if_else"})

    def measures_midway(self, device: Device) -> bool:
        """Where it has ``if``, which would be of no use otherwise."""
        return "if_else" in device.declared
