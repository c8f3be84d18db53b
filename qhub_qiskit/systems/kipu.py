"""Kipu's qsim: OpenQASM 2 in; counts, a state vector or single amplitudes out.

The service's words are big-endian: the first qubit, or the first measured bit, stands leftmost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import build_target
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.errors import ValidationError
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System
from .qasm import declared_bits, gate_lines, one_register, read_layout
from .qasm_gates import OPENQASM_2, QELIB1

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["Kipu"]


class KipuOptions(RunOptions):
    """Options of Kipu's simulators.

    Attributes:
        mode: ``sample`` for counts, ``statevector`` for the whole final state, ``amplitudes`` for those of
            `bitstrings`. Measurements count in ``sample`` only.
        bitstrings: The basis states whose amplitudes are asked for, in Qiskit's order: qubit 0 rightmost.
        max_fused_gate_size: qsim's number of qubits of a fused gate.
        cpu_threads: Threads of the simulation; 0 lets the service choose.
    """

    mode: Literal["sample", "statevector", "amplitudes"] = "sample"
    bitstrings: list[str] | None = None
    max_fused_gate_size: int | None = Field(default=None, ge=1)
    cpu_threads: int | None = Field(default=None, ge=0)


class Kipu(System[KipuOptions]):
    """kipu.sim.qsim and its like."""

    input_format = InputFormat.OPEN_QASM_V2
    uses_config = False
    options = KipuOptions

    def needs_measurement(self, options: KipuOptions) -> bool:
        """Only samples need it."""
        return options.mode == "sample"

    def target(self, device: Device) -> Target:
        """The target, by the gates that the Hub names."""
        gates = device.backend.configuration.gates
        names = [gate.name for gate in gates if gate.name and gate.name.lower() in QELIB1]
        return build_target(device, names)

    def encode(self, programs: Sequence[Program], options: KipuOptions, device: Device) -> Encoded:
        """One OpenQASM 2 program.

        Samples measure each qubit once, in ascending order into one register, so that the order of the
        counted bits is the same whether a service orders them by qubit or by classical bit.
        """
        (program,) = programs
        sampled = options.mode == "sample"
        if sampled:
            program = program.compacted()
        columns = sorted(q for q in program.layout.measured if isinstance(q, int))
        register = one_register(program.layout, OPENQASM_2.words)
        lines = [
            "OPENQASM 2.0;",
            'include "qelib1.inc";',
            f"qreg q[{program.num_qubits}];",
            *([f"creg {register}[{len(columns)}];"] if sampled else []),
            *gate_lines(program.gates, QELIB1, "q"),
        ]
        if sampled:
            lines += [f"measure q[{q}] -> {register}[{i}];" for i, q in enumerate(columns)]
        params: dict[str, Any] = {}
        if not sampled:
            params["mode"] = options.mode
        for name in ("max_fused_gate_size", "cpu_threads"):
            if options[name] is not None:
                params[name] = options[name]
        if options.mode == "amplitudes":
            params["bitstrings"] = [
                _checked(bits, program.num_qubits)[::-1] for bits in options.bitstrings or [""]
            ]
        elif options.bitstrings is not None:
            raise ValidationError(
                f"bitstrings go with mode='amplitudes', not with mode={options.mode!r}."
            )
        shots = options.shots if sampled else 1
        layout = _by_column(program.layout, columns) if sampled else ClassicalLayout((), ())
        said = declared_bits([(register, len(columns))] if sampled else [])
        text = "\n".join(lines) + "\n"
        return Encoded({"qasm": text}, params, shots, (layout,), said=(said,))

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """The registers of the text. Its measured bits, in their order, are the columns of the counts."""
        layout = read_layout(job_input["qasm"])
        column = iter(range(layout.num_clbits))
        sources = tuple(None if source is None else next(column) for source in layout.sources)
        return (ClassicalLayout(layout.registers, sources),)

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read counts, state vector or amplitudes, and turn them into Qiskit's order."""
        document = result.json()
        metadata = dict(document.get("metadata") or {})
        if "statevector" in document:
            pairs = np.array(document["statevector"], dtype=float).reshape(-1, 2)
            state = _reversed_qubits(pairs[:, 0] + 1j * pairs[:, 1])
            return [Decoded(None, {"statevector": state}, metadata)]
        if "amplitudes" in document:
            amplitudes = {
                bits[::-1]: complex(*pair) for bits, pair in document["amplitudes"].items()
            }
            return [Decoded(None, {"amplitudes": amplitudes}, metadata)]
        counts = document["counts"]
        layout = sent.layouts[0]
        if layout is None:
            raise ValueError("nothing says which bits were measured")
        columns = range(len(layout.measured))
        return [Decoded(ClassicalMemory.from_counts(counts, columns, layout), {}, metadata)]


def _by_column(layout: ClassicalLayout, columns: Sequence[int]) -> ClassicalLayout:
    """The same layout with each qubit replaced by its position among the measured ones."""
    place: dict[object, int] = {qubit: position for position, qubit in enumerate(columns)}
    sources = tuple(None if source is None else place[source] for source in layout.sources)
    return ClassicalLayout(layout.registers, sources)


def _reversed_qubits(state: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    qubits = state.size.bit_length() - 1
    if state.size != 1 << qubits:
        raise ValueError(f"{state.size} amplitudes are no state of qubits")
    return state.reshape([2] * qubits).transpose(range(qubits)[::-1]).reshape(-1)


def _checked(bits: str, width: int) -> str:
    if len(bits) != width or not set(bits) <= {"0", "1"}:
        raise ValidationError(
            f"bitstrings needs words of {width} bits, one a qubit; {bits!r} is none.",
            hint="Give for example bitstrings=['" + "0" * width + "'].",
        )
    return bits
