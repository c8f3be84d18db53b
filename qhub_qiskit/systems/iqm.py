"""IQM's quantum computers: circuits of native operations as JSON in, counts by measurement keys out.

Native are ``prx`` (Qiskit's `RGate`) and ``cz``; the plugin ``qhub_iqm`` of Qiskit's transpiler reaches them. Sources:
the schema ``IQM_JobInput`` of the API (angles in turns), IQM's dynamic quantum architecture and calibration set
(``/config``), and the measurement keys of IQM's own Qiskit provider, ``<register>_<size>_<register number>_<bit>``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from qiskit.transpiler import InstructionProperties, QubitProperties

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import Figures, build_target
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.errors import ValidationError
from shared_transport.json_text import JsonArray
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["Iqm", "IqmOptions"]

_QISKIT_NAMES = {"prx": "r", "cz": "cz"}
_KEY_OF_IQM = re.compile(r"(.+)_(\d+)_(\d+)_(\d+)")
_TURN = 2 * math.pi


class IqmOptions(RunOptions):
    """Options of IQM's quantum computers, by the names of the API's ``IQM_JobInput``.

    Attributes:
        calibration_set_id: The calibration to execute with; by default the newest.
        heralding_mode: ``zeros`` keeps the shots whose qubits were measured in state 0 before the circuit: fewer
            shots come back.
        dd_mode: Dynamical decoupling of idle qubits.
        dd_strategy: How, in IQM's own form.
        max_circuit_duration_over_t2: Refuse circuits longer than this multiple of T2; 0 for no limit.
        active_reset_cycles: Resets before each shot; by default the qubits are left to decay.
    """

    calibration_set_id: str | None = None
    heralding_mode: Literal["none", "zeros"] = "none"
    dd_mode: Literal["disabled", "enabled"] = "disabled"
    dd_strategy: dict[str, Any] | None = None
    max_circuit_duration_over_t2: float | None = Field(default=None, ge=0)
    active_reset_cycles: int | None = Field(default=None, ge=0)


class Iqm(System[IqmOptions]):
    """Garnet, Emerald and whatever else takes IQM_JOB_INPUT_V1."""

    input_format = InputFormat.IQM_JOB_INPUT_V1
    uses_config = True
    uses_calibration = True
    takes_lists = True
    options = IqmOptions

    def measures_midway(self, device: Device) -> bool:
        """Where the device has a reset it reads out while a circuit runs."""
        return "reset" in device.declared

    def qubit_labels(self, device: Device) -> tuple[str, ...]:
        """The qubits of the architecture, in its order."""
        return tuple(device.config.get("qubits") or device.labels)

    def translation_plugin(self, device: Device) -> str:
        """``qhub_iqm``."""
        return "qhub_iqm"

    def target(self, device: Device) -> Target:
        """The gates ``r`` (IQM's prx) and cz, where the architecture has them, with the calibration set's figures.

        A conditional prx is IQM's only control flow; it is not offered.
        """
        labels = self.qubit_labels(device)
        index = {label: i for i, label in enumerate(labels)}
        where: dict[str, list[tuple[int, ...]]] = {}
        gates = device.config.get("gates") or {}
        for word, name in (*_QISKIT_NAMES.items(), ("measure", "measure")):
            loci = [
                tuple(index[label] for label in locus)
                for implementation in (gates.get(word) or {}).get("implementations", {}).values()
                for locus in implementation["loci"]
            ]
            if loci:
                where[name] = sorted({*loci, *(locus[::-1] for locus in loci)})
        return build_target(
            device,
            list(_QISKIT_NAMES),
            num_qubits=len(labels),
            renamed=_QISKIT_NAMES,
            where=where,
            operations=[word for word in ("reset", "delay") if word in device.declared],
            figures=_figures(device, index),
        )

    def encode(self, programs: Sequence[Program], options: IqmOptions, device: Device) -> Encoded:
        """One circuit of the input for each program. Every measurement has a key of its own."""
        labels = self.qubit_labels(device)
        circuits, layouts, said = [], [], []
        for program in programs:
            instructions, sources, keys = (
                _dynamic(program, labels) if program.dynamic else _static(program, labels)
            )
            # What `layouts` reads from instructions of ours: each key is a register of one bit.
            said.append(ClassicalLayout(tuple((key, 1) for key in keys), keys))
            circuits.append(
                {"name": program.name or "circuit", "instructions": JsonArray(instructions)}
            )
            layouts.append(ClassicalLayout(program.layout.registers, sources))
        usual = IqmOptions()
        chosen = {
            name: value
            for name, value in options.items()
            if name not in RunOptions.model_fields and value != usual[name]
        }
        job_input = {"circuits": circuits, **chosen}
        return Encoded(job_input, {}, options.shots, tuple(layouts), said=tuple(said))

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """By the measurement keys: registers where they are of IQM's own form, else a register a key."""
        return tuple(_layout_of(circuit) for circuit in job_input["circuits"])

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read the counts of each circuit; their bits are in the order of the measurement keys."""
        document = result.json()
        metadata = document.get("metadata") or {}
        decoded = []
        for counted, layout in zip(document["measurement_counts"], sent.layouts, strict=True):
            keys = counted["measurement_keys"]
            if layout is None:
                layout = ClassicalLayout(tuple((key, 1) for key in keys), tuple(keys))
            columns = _columns(keys, layout, counted["counts"])
            memory = ClassicalMemory.from_counts(counted["counts"], columns, layout)
            decoded.append(Decoded(memory, {}, metadata, layout))
        return decoded


def _prx(angle: float, phase: float, label: str) -> str:
    """An instruction as JSON, as those below: a dictionary a gate takes several times as long."""
    return f'{{"name":"prx","qubits":[{label}],"args":{{"angle_t":{angle / _TURN!r},"phase_t":{phase / _TURN!r}}}}}'


def _measure(key: str, label: str) -> str:
    return f'{{"name":"measure","qubits":[{label}],"args":{{"key":"{key}"}}}}'


def _simple(name: str, params: tuple[float, ...], labels: str) -> str:
    """Any other: `labels` are JSON strings with commas between them."""
    arguments = f'"duration":{params[0]!r}' if name == "delay" else ""
    return f'{{"name":"{name}","qubits":[{labels}],"args":{{{arguments}}}}}'


def _static(
    program: Program, labels: Sequence[str]
) -> tuple[list[str], tuple[str | None, ...], tuple[str, ...]]:
    """Instructions, each measured qubit last and once; the key that each classical bit holds; all keys in order."""
    quoted = [json.dumps(label) for label in labels]
    plain: dict[tuple[str, tuple[int, ...]], str] = {}
    instructions = []
    for name, params, qubits in program.gates:
        if name == "r":
            instructions.append(_prx(params[0], params[1], quoted[qubits[0]]))
            continue
        text = plain.get((name, qubits)) if not params else None
        if text is None:
            text = _simple(name, params, ",".join([quoted[q] for q in qubits]))
            if not params:
                plain[name, qubits] = text
        instructions.append(text)
    measured = sorted(q for q in program.layout.measured if isinstance(q, int))
    instructions += [_measure(f"m{q}", quoted[q]) for q in measured]
    sources = tuple(None if q is None else f"m{q}" for q in program.layout.sources)
    return instructions, sources, tuple(f"m{q}" for q in measured)


def _dynamic(
    program: Program, labels: Sequence[str]
) -> tuple[list[str], tuple[str | None, ...], tuple[str, ...]]:
    """The same for a circuit that goes on after a measurement: the last key written to a bit counts."""
    circuit = program.circuit
    quoted = {qubit: json.dumps(labels[i]) for i, qubit in enumerate(circuit.qubits)}
    bit_number = {bit: i for i, bit in enumerate(circuit.clbits)}
    sources: list[str | None] = [None] * len(circuit.clbits)
    keys: list[str] = []
    delays: Iterator[float] = iter(_delays(circuit))
    instructions: list[str] = []
    for place, instruction in enumerate(circuit.data):
        name, on = instruction.name, ",".join([quoted[q] for q in instruction.qubits])
        if name == "measure":
            keys.append(f"m{place}")
            sources[bit_number[instruction.clbits[0]]] = keys[-1]
            instructions.append(_measure(keys[-1], on))
        elif name == "r":
            angle, phase = map(float, instruction.params)
            instructions.append(_prx(angle, phase, on))
        else:
            params = (next(delays),) if name == "delay" else ()
            instructions.append(_simple(name, params, on))
    return instructions, tuple(sources), tuple(keys)


def _delays(circuit: Any) -> Iterator[float]:
    """The durations of a circuit's delays in seconds."""
    units = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
    for instruction in circuit.data:
        if instruction.name == "delay":
            delay = instruction.operation
            if delay.unit not in units:
                raise ValidationError(
                    f"A delay in {delay.unit} cannot be told in seconds.",
                    hint="Give it in s or ns.",
                )
            yield float(delay.duration) * units[delay.unit]


def _layout_of(circuit: Mapping[str, Any]) -> ClassicalLayout | None:
    keys: dict[str, int] = {}
    for instruction in circuit["instructions"]:
        if instruction["name"] in ("measure", "measurement"):
            qubits = instruction.get("qubits") or instruction.get("locus") or [""]
            keys[instruction["args"]["key"]] = len(qubits)
    registers: dict[tuple[int, str, int], list[str | None]] = {}
    own: list[tuple[str, int]] = []
    for key, size in keys.items():
        found = _KEY_OF_IQM.fullmatch(key)
        if found and size == 1 and int(found[4]) < int(found[2]):
            register = (int(found[3]), found[1], int(found[2]))
            bits = registers.setdefault(register, [None] * register[2])
            bits[int(found[4])] = key
        else:
            own.append((key, size))
    sources: list[str | None] = []
    named: list[tuple[str, int]] = []
    for (_, name, size), bits in sorted(registers.items(), key=lambda item: item[0]):
        named.append((name, size))
        sources += bits
    for key, size in own:
        named.append((key, size))
        sources += [key] if size == 1 else [f"{key}:{i}" for i in range(size)]
    return ClassicalLayout(tuple(named), tuple(sources)) if named else None


def _columns(keys: Sequence[str], layout: ClassicalLayout, counts: Mapping[str, int]) -> list[str]:
    """A label for each bit of the counts: the key, or ``key:i`` where one key measures several qubits."""
    width = len(next(iter(counts), "")) or len(keys)
    if width == len(keys):
        return list(keys)
    labels = set(layout.sources)
    columns: list[str] = []
    for key in keys:
        several = [f"{key}:{i}" for i in range(width) if f"{key}:{i}" in labels]
        columns += several or [key]
    return columns


def _figures(device: Device, index: Mapping[str, int]) -> Figures:
    """Errors, durations, T1 and T2 by the observations of the calibration set."""
    source = device.config.get("calibrationData") or {}
    observed = {
        one["dut_field"]: float(one["value"])
        for one in source.get("observations") or []
        if not one.get("invalid") and isinstance(one.get("value"), (int, float))
    }
    gates: dict[str, dict[tuple[int, ...], InstructionProperties]] = {}
    for field, fidelity in observed.items():
        words = field.split(".")
        if words[0] != "metrics" or words[-1] != "fidelity" or len(words) != 6:
            continue
        _, _, gate, implementation, where, _ = words
        qubits = tuple(index[label] for label in where.split("__") if label in index)
        name = _QISKIT_NAMES.get(gate, gate)
        duration = observed.get(f"gates.{gate}.{implementation}.{where}.duration")
        gates.setdefault(name, {})[qubits] = InstructionProperties(duration, 1 - fidelity)
    qubits_of = {
        i: QubitProperties(
            t1=observed.get(f"characterization.model.{label}.t1_time"),
            t2=observed.get(f"characterization.model.{label}.t2_time"),
            frequency=observed.get(f"controllers.{label}.drive.frequency"),
        )
        for label, i in index.items()
    }
    return Figures(gates, qubits_of)
