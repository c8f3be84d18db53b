"""IBM's backends: one SamplerV2 job for a list of circuits, each a PUB of QPY.

Circuits go as they are, dynamic ones too. Sources: the API's schema of the input; IBM's documentation of SamplerV2
and its options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from qiskit.circuit.controlflow import CONTROL_FLOW_OP_NAMES

from qhub_qiskit.options import RunOptions
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.errors import ValidationError
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System
from .ibm_registers import column, layout_of, sendable
from .ibm_target import faulty_qubits, ibm_target, supported
from .ibm_wire import Measured, read_registers, read_result, write_circuit

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["DynamicalDecoupling", "Execution", "Ibm", "IbmOptions", "Twirling"]

_ROWS_AT_ONCE = 1 << 16
_MIDWAY = frozenset({"reset", "measure_2", *CONTROL_FLOW_OP_NAMES})


class _Group(BaseModel):
    """Options that belong together; None is the service's own default."""

    model_config = ConfigDict(extra="forbid")


class DynamicalDecoupling(_Group):
    """Pulses on idle qubits.

    Attributes:
        enable: Whether there are any. Not with control flow.
        sequence_type: Which ones.
        extra_slack_distribution: Where the time goes that is left over.
        scheduling_method: When the gates are executed.
        skip_reset_qubits: Whether qubits that are still in their ground state are left alone.
    """

    enable: bool | None = None
    sequence_type: Literal["XX", "XpXm", "XY4"] | None = None
    extra_slack_distribution: Literal["middle", "edges"] | None = None
    scheduling_method: Literal["alap", "asap"] | None = None
    skip_reset_qubits: bool | None = None


class Twirling(_Group):
    """Random Pauli gates around gates and measurements.

    Attributes:
        enable_gates: Around two-qubit gates.
        enable_measure: Before measurements, undone in the outcomes.
        num_randomizations: Number of random circuits.
        shots_per_randomization: Shots of each of them.
        strategy: Which qubits are twirled.
    """

    enable_gates: bool | None = None
    enable_measure: bool | None = None
    num_randomizations: int | Literal["auto"] | None = None
    shots_per_randomization: int | Literal["auto"] | None = None
    strategy: Literal["active", "active-circuit", "active-accum", "all"] | None = None


class Execution(_Group):
    """How the shots are executed.

    Attributes:
        init_qubits: Whether the qubits are reset before each shot.
        rep_delay: Seconds between a measurement and the next shot.
    """

    init_qubits: bool | None = None
    rep_delay: float | None = Field(default=None, ge=0)


class IbmOptions(RunOptions):
    """Options of IBM's backends, those of SamplerV2. Groups are given as dictionaries or as objects.

    Attributes:
        dynamical_decoupling: Pulses on idle qubits.
        twirling: Random Pauli gates.
        execution: How the shots are executed.
        experimental: Options that IBM has not settled.
        max_execution_time: Seconds after which the job is cancelled.
        log_level: Of the job's log at IBM.
    """

    dynamical_decoupling: DynamicalDecoupling = DynamicalDecoupling()
    twirling: Twirling = Twirling()
    execution: Execution = Execution()
    experimental: dict[str, Any] | None = None
    max_execution_time: int | None = Field(default=None, ge=1)
    log_level: Literal["critical", "error", "warning", "info", "debug"] | None = None


class Ibm(System[IbmOptions]):
    """Whatever takes QISKIT_QPY."""

    input_format = InputFormat.QISKIT_QPY
    uses_config = True
    uses_calibration = True
    takes_lists = True
    runs_programs = True
    options = IbmOptions

    def measures_midway(self, device: Device) -> bool:
        """Whether it resets qubits, or acts on what it measured."""
        return not _MIDWAY.isdisjoint(supported(device))

    def faulty_qubits(self, device: Device) -> frozenset[str]:
        """Those that the properties call not operational."""
        return faulty_qubits(device)

    def target(self, device: Device) -> Target:
        """The target, by the device document; without the fractional gates ``rx`` and ``rzz``."""
        return ibm_target(device)

    def encode(self, programs: Sequence[Program], options: IbmOptions, device: Device) -> Encoded:
        """One job of the program ``sampler``, a PUB for each circuit."""
        midway = self.measures_midway(device)
        pubs, layouts, said = [], [], []
        for program in programs:
            _check(program, options, device)
            circuit, layout = sendable(program, midway=midway)
            pubs.append([write_circuit(circuit), None, options.shots])
            layouts.append(layout)
            said.append(layout if circuit is program.circuit else _said(circuit))
        groups = {
            name: options[name].model_dump(exclude_none=True)
            for name in ("dynamical_decoupling", "twirling", "execution")
        }
        chosen = {name: group for name, group in groups.items() if group}
        if options.experimental:
            chosen["experimental"] = options.experimental
        job_input: dict[str, Any] = {"pubs": pubs, "version": 2, "support_qiskit": True}
        if chosen:
            job_input["options"] = chosen
        params = {
            name: options[name]
            for name in ("max_execution_time", "log_level")
            if options[name] is not None
        }
        return Encoded(
            job_input,
            {"program_id": "sampler", **params},
            options.shots,
            tuple(layouts),
            said=tuple(said),
        )

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """The registers of each PUB's circuit. Of OpenQASM 3, of another client, only the result says them."""
        if "pubs" not in job_input:
            raise ValueError("it is no job of a primitive")
        circuits = [pub[0] if isinstance(pub, list) else pub for pub in job_input["pubs"]]
        return tuple(map(_layout, circuits))

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read the bits of each register.

        Raises:
            ValueError: It is no sampler's result, or a PUB has several sets of parameter values.
        """
        program = sent.params.get("program_id", "sampler")
        if program != "sampler":
            raise ValueError(
                f"a job of the program {program} has no counts: qiskit_ibm_runtime reads such jobs"
            )
        pubs, metadata = read_result(result.json())
        return [
            Decoded(_memory(pub, layout), {}, {**metadata, **pub.metadata}, layout)
            for pub, known in zip(pubs, sent.layouts, strict=True)
            for layout in [known or _as_returned(pub)]
        ]


def _check(program: Program, options: IbmOptions, device: Device) -> None:
    circuit, backend = program.circuit, device.backend.id
    if circuit.num_vars:
        raise ValidationError(
            f"The circuit {program.name!r} has classical variables; {backend} takes none.",
            hint="Use classical bits and registers.",
        )
    if program.dynamic and options.dynamical_decoupling.enable:
        flow = next((i.name for i in circuit.data if i.is_control_flow()), None)
        if flow is not None:
            raise ValidationError(
                f"{backend} has no dynamical decoupling for circuits with control flow, and {program.name!r} has "
                f"{flow!r}.",
                hint='Leave it out: dynamical_decoupling={"enable": False}.',
            )


def _said(circuit: Any) -> ClassicalLayout:
    place = {bit: number for number, bit in enumerate(circuit.clbits)}
    registers = tuple((r.name, tuple([place[bit] for bit in r])) for r in circuit.cregs)
    return layout_of(registers, circuit.num_clbits)


def _layout(circuit: Any) -> ClassicalLayout | None:
    """What a PUB's circuit says."""
    return None if isinstance(circuit, str) else layout_of(*read_registers(circuit))


def _as_returned(pub: Measured) -> ClassicalLayout:
    registers = tuple((name, bits) for name, (_, bits) in pub.registers.items())
    sources = tuple(column(name, bit) for name, bits in registers for bit in range(bits))
    return ClassicalLayout(registers, sources)


def _memory(pub: Measured, layout: ClassicalLayout) -> ClassicalMemory:
    read = {str(source).rpartition("[")[0] for source in layout.measured}
    arrays = []
    columns: list[str] = []
    for name, (array, bits) in pub.registers.items():
        if array[..., 0, 0].size != 1:
            raise ValueError(
                f"a PUB has {array.shape[:-2]} sets of parameter values: the job's result() in qiskit_ibm_runtime has "
                "them in their shape"
            )
        if name in read:
            arrays.append((array.reshape(array.shape[-2:]), bits))
            columns += [column(name, bit) for bit in range(bits)]
    if len(arrays) == 1 and layout.sources == tuple(columns):
        (words, bits), *_ = arrays
        if bits % 8 == 0 or not (words[:, 0] >> bits % 8).any():
            return ClassicalMemory(words, None, bits)  # it lies as our own memory does
    shots = len(arrays[0][0])
    pieces = []
    for first in range(0, shots, _ROWS_AT_ONCE):
        unpacked = [
            np.unpackbits(words[first : first + _ROWS_AT_ONCE], axis=1)[:, ::-1][:, :bits]
            for words, bits in arrays
        ]
        bits_of_shots = np.concatenate(unpacked, axis=1)
        pieces.append(ClassicalMemory.from_shots(bits_of_shots, columns, layout))
    return ClassicalMemory.joined(pieces)
