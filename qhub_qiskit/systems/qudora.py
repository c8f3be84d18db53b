"""QUDORA's XG1: OpenQASM 2 and 3 in, counts in Qiskit's order out.

A measurement there leaves its qubit in state 0 (manual of ``qudora-sdk`` 2.0, "Note about mid-circuit
measurements"). A job takes several programs; the API's shots are then their total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import build_target
from shared_transport.bits import ClassicalLayout
from shared_transport.errors import ValidationError
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System
from .qasm import Written, measured_text, read_bits
from .qasm3_steps import dynamic_text
from .qasm_gates import OPENQASM_2, OPENQASM_3
from .qasm_results import read_words

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["Qudora"]


class QudoraOptions(RunOptions):
    """Options of QUDORA's backends.

    Attributes:
        language: The language of the programs; None for OpenQASM 2, which every version of the service reads,
            or OpenQASM 3 where a circuit is dynamic.
        backend_settings: The backend's own settings, such as ``measurement_error_probability``.
    """

    language: Literal["OpenQASM2", "OpenQASM3"] | None = None
    backend_settings: dict[str, Any] | None = None


class Qudora(System[QudoraOptions]):
    """qudora.sim.xg1 and its like."""

    input_format = InputFormat.OPEN_QASM_V2
    joins_circuits = True
    options = QudoraOptions

    def circuits_per_job(self, device: Device, shots: int) -> int:
        """As many as the Hub says, and as their shots in all allow: the API counts the total."""
        configuration = device.backend.configuration
        limits = configuration.total_shots_range or configuration.shots_range
        circuits = super().circuits_per_job(device, shots)
        if limits is None or limits.max is None:
            return circuits
        return max(1, min(circuits, limits.max // shots))

    def measures_midway(self, device: Device) -> bool:
        """Where it has ``if``, by which a measured qubit is brought back to its state."""
        return "if_else" in device.declared and InputFormat.OPEN_QASM_V3 in _formats(device)

    def target(self, device: Device) -> Target:
        """The target, by the gates and instructions that the Hub names."""
        configuration = device.backend.configuration
        names = [g.name for g in configuration.gates if g.name and g.name.lower() in _GATES]
        known = {"reset", "if_else"} if self.measures_midway(device) else {"reset"}
        return build_target(device, names, operations=sorted(known & device.declared))

    def encode(
        self, programs: Sequence[Program], options: QudoraOptions, device: Device
    ) -> Encoded:
        """A program for each circuit, over its active qubits."""
        version = self._version(programs, options, device)
        written = [_text(program, version, device.backend.id) for program in programs]
        texts = [one.text for one in written]
        params: dict[str, Any] = {"language": f"OpenQASM{version}"}
        if options.backend_settings:
            params["backend_settings"] = options.backend_settings
        return Encoded(
            {"qasm": texts[0] if len(texts) == 1 else texts},
            params,
            options.shots * len(programs),
            tuple(one.layout for one in written),
            said=tuple(one.said for one in written),
            input_format=InputFormat.OPEN_QASM_V2 if version == 2 else InputFormat.OPEN_QASM_V3,
        )

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """The registers of each program: a result has all their bits."""
        qasm = job_input["qasm"]
        return tuple(map(read_bits, [qasm] if isinstance(qasm, str) else qasm))

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read counts and memory: one document, or a list of them for several programs."""
        documents = result.json()
        if isinstance(documents, dict):
            documents = [documents]
        return [
            Decoded(read_words(document, layout))
            for document, layout in zip(documents, sent.layouts, strict=True)
        ]

    def _version(
        self, programs: Sequence[Program], options: QudoraOptions, device: Device
    ) -> Literal[2, 3]:
        dynamic = next((program for program in programs if program.dynamic), None)
        if options.language == "OpenQASM3":
            return 3
        if options.language == "OpenQASM2":
            if dynamic is not None:
                raise ValidationError(
                    f"The circuit {dynamic.name!r} uses a qubit after its measurement or has control flow: "
                    f"OpenQASM 2 cannot say that to {device.backend.id}.",
                    hint="Leave language= out.",
                )
            return 2
        return 2 if dynamic is None and InputFormat.OPEN_QASM_V2 in _formats(device) else 3


# Whatever a circuit is, each version can say it.
_GATES = OPENQASM_2.names.keys() & OPENQASM_3.names.keys()


def _formats(device: Device) -> Sequence[str]:
    return device.backend.configuration.supported_input_formats


def _text(program: Program, version: Literal[2, 3], backend: str) -> Written:
    if program.dynamic:
        return dynamic_text(program, backend, resets=True)
    return measured_text(program.compacted(), OPENQASM_2 if version == 2 else OPENQASM_3)
