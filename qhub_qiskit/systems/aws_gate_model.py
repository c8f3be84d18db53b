"""Amazon Braket's gate-model backends: OpenQASM 3 in Braket's dialect in, a Braket task result out.

Sources: the gates are those of ``action["braket.ir.openqasm.program"].supportedOperations`` in the device
capabilities document (``/config``); the result is the document of schema ``braket.task_result.
gate_model_task_result``, whose ``measuredQubits`` name the columns of ``measurements``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import build_target
from shared_transport.bit_rows import read_bit_rows
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.models import InputFormat

from .aws_native import native_names, native_target, plugin_for, verbatim_lines
from .base import Decoded, Device, Encoded, ResultText, Sent, System
from .qasm import gate_lines, one_register, read_layout

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["AwsGateModel"]

_SET = b"braket.task_result.program_set_task_result"
_ACTION = "braket.ir.openqasm.program"
# Braket's name for each of Qiskit's gates, where both mean the same unitary (up to a global phase).
_BRAKET_NAMES = {
    "id": "i",
    "x": "x",
    "y": "y",
    "z": "z",
    "h": "h",
    "s": "s",
    "sdg": "si",
    "t": "t",
    "tdg": "ti",
    "sx": "v",
    "sxdg": "vi",
    "rx": "rx",
    "ry": "ry",
    "rz": "rz",
    "p": "phaseshift",
    "u": "U",
    "cx": "cnot",
    "cy": "cy",
    "cz": "cz",
    "csx": "cv",
    "cp": "cphaseshift",
    "swap": "swap",
    "iswap": "iswap",
    "ecr": "ecr",
    "rxx": "xx",
    "ryy": "yy",
    "rzz": "zz",
    "ccx": "ccnot",
    "cswap": "cswap",
}
_QISKIT_NAMES = {braket.lower(): qiskit for qiskit, braket in _BRAKET_NAMES.items()}


class AwsOptions(RunOptions):
    """Options of AWS gate-model backends.

    Attributes:
        disable_qubit_rewiring: Whether the device must use the qubits as they are numbered.
    """

    disable_qubit_rewiring: bool = False


class AwsGateModel(System[AwsOptions]):
    """SV1 and whatever else of AWS takes BRAKET_OPEN_QASM_V3."""

    input_format = InputFormat.BRAKET_OPEN_QASM_V3
    uses_config = True
    uses_calibration = True
    options = AwsOptions

    def translation_plugin(self, device: Device) -> str | None:
        """The one for the device's native gates."""
        return plugin_for(native_names(device))

    def target(self, device: Device) -> Target:
        """The target, by the device capabilities document: of a quantum computer its native gates."""
        if native := native_names(device):
            return native_target(device, native)
        action = (device.config.get("action") or {}).get(_ACTION) or {}
        names = action.get("supportedOperations")
        if not names:
            names = [gate.name for gate in device.backend.configuration.gates if gate.name]
        known = [name for name in names if name.lower() in _QISKIT_NAMES]
        return build_target(device, known, renamed=_QISKIT_NAMES)

    def encode(self, programs: Sequence[Program], options: AwsOptions, device: Device) -> Encoded:
        """One OpenQASM 3 program: gates over the active qubits, one register with the classical memory.

        Native gates stand in a verbatim box on the physical qubits. Braket reports one register alone, and a
        qubit once.
        """
        (program,) = programs
        if native := native_names(device):
            return _verbatim(program, options, device, native)
        program = program.compacted()
        layout = program.layout
        register = one_register(layout, {"q", *_BRAKET_NAMES.values(), *_BRAKET_NAMES})
        lines = [
            "OPENQASM 3.0;",
            f"bit[{layout.num_clbits}] {register};",
            f"qubit[{program.num_qubits}] q;",
            *gate_lines(program.gates, _BRAKET_NAMES, "q"),
        ]
        lines += _measurements(layout, register, "q[{}]")
        params = {"disable_qubit_rewiring": True} if options.disable_qubit_rewiring else {}
        return _encoded(lines, register, layout, params, options)

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """The one register of each text; all qubits in their order where it measures none, as Braket does."""
        qasm = job_input["qasm"]
        layouts = map(read_layout, [qasm] if isinstance(qasm, str) else qasm)
        return tuple(layout if layout.measured else None for layout in layouts)

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read ``measurements`` by ``measuredQubits``, in the set of several programs that another client sent too."""
        if result.content.find(_SET) >= 0 and (decoded := _set_result(result.json(), sent)):
            return decoded
        document, pieces = read_bit_rows(result.content, "measurements")
        columns = [int(q) for q in document["measuredQubits"]]
        layout = sent.layouts[0] or _all_in_order(columns)
        memories = [ClassicalMemory.from_shots(piece, columns, layout) for piece in pieces]
        return [Decoded(ClassicalMemory.joined(memories), layout=layout)]


def _verbatim(
    program: Program, options: AwsOptions, device: Device, native: Sequence[str]
) -> Encoded:
    """Native gates as they are, on the qubits that they name."""
    labels = device.labels
    sources = tuple(None if q is None else int(labels[int(str(q))]) for q in program.layout.sources)
    layout = ClassicalLayout(program.layout.registers, sources)
    register = one_register(layout, {*_BRAKET_NAMES.values(), *_BRAKET_NAMES, "gpi", "gpi2", "prx"})
    lines = [
        "OPENQASM 3.0;",
        f"bit[{layout.num_clbits}] {register};",
        *verbatim_lines(program, labels, native),
        *_measurements(layout, register, "${}"),
    ]
    # A box keeps its qubits where they are, whatever the option says.
    return _encoded(lines, register, layout, {"disable_qubit_rewiring": True}, options)


def _encoded(
    lines: Sequence[str],
    register: str,
    layout: ClassicalLayout,
    params: Mapping[str, Any],
    options: AwsOptions,
) -> Encoded:
    """The text, which says one register, and each qubit in the first bit that holds it."""
    written: set[object] = {None}
    sources = []
    for source in layout.sources:
        sources.append(None if source in written else source)
        written.add(source)
    said = ClassicalLayout(((register, layout.num_clbits),), tuple(sources))
    text = {"qasm": "\n".join(lines) + "\n"}
    return Encoded(text, params, options.shots, (layout,), said=(said,))


def _measurements(layout: ClassicalLayout, register: str, qubit: str) -> list[str]:
    """A measurement of each measured qubit, into the first bit that holds it."""
    first = {source: bit for bit, source in reversed(list(enumerate(layout.sources)))}
    return [
        f"{register}[{bit}] = measure {qubit.format(source)};"
        for source, bit in sorted(first.items(), key=lambda item: item[1])
        if source is not None
    ]


def _set_result(document: Any, sent: Sent) -> list[Decoded]:
    """The executables of a program set's result; none where it is no such result."""
    if document["braketSchemaHeader"]["name"].encode() != _SET:
        return []
    executables = [
        one for program in document["programResults"] for one in program["executableResults"]
    ]
    decoded = []
    for one, known in zip(executables, sent.layouts, strict=True):
        columns = [int(q) for q in one["measuredQubits"]]
        layout = known or _all_in_order(columns)
        bits = np.array(one["measurements"], dtype=np.uint8)
        decoded.append(Decoded(ClassicalMemory.from_shots(bits, columns, layout), layout=layout))
    return decoded


def _all_in_order(columns: Sequence[int]) -> ClassicalLayout:
    return ClassicalLayout((("meas", len(columns)),), tuple(columns))
