"""An IBM device: what circuits it takes, and those circuits on its active qubits alone, with their noise.

A 156-qubit noise model costs Aer ten seconds a circuit; that of the active qubits costs none. The target and the noise
come from the device's document and its newest calibration, by IBM's own converter and Aer's own noise model.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, ForLoopOp, ParameterExpression, Qubit
from qiskit.circuit.library import (
    CZGate,
    IGate,
    RXGate,
    RZGate,
    SdgGate,
    SGate,
    SXdgGate,
    SXGate,
    XGate,
    ZGate,
)
from qiskit.exceptions import QiskitError
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.providers import BackendV2, Options, QubitProperties
from qiskit.transpiler import Target
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from local_hub.catalog import device_document, newest_calibration
from local_hub.engines.base import Refused, Task

# What needs no support of the device.
FREE = frozenset({"barrier", "delay"})
_TOLERANCE = 1e-9
_PAIR = 2
# Instructions of a circuit after its loops are unrolled, as Aer does.
_MOST_UNROLLED = 1_000_000


@dataclass(frozen=True)
class Device:
    """A device.

    Attributes:
        id: The backend's id, for messages.
        target: What it takes.
        max_shots: The most shots of a PUB.
        readout_errors: The probability that a qubit's bit is misread.
    """

    id: str
    target: Target
    max_shots: int
    readout_errors: tuple[float, ...]

    def check(self, circuit: QuantumCircuit, where: str) -> None:
        """Hold a circuit against the device's instruction set.

        Raises:
            Refused: an instruction, its qubits or its angle is not the device's.
        """
        if circuit.num_qubits > self.target.num_qubits:
            raise Refused(
                f"`{where}` has {circuit.num_qubits} qubits; {self.id} has {self.target.num_qubits}."
            )
        indices = {qubit: index for index, qubit in enumerate(circuit.qubits)}
        for instruction, qubits in _flat(circuit, indices):
            self._check_instruction(instruction, qubits, where)
        if _unrolled(circuit) > _MOST_UNROLLED:
            raise Refused(
                f"`{where}` has more than {_MOST_UNROLLED} instructions once its loops are unrolled, this machine's "
                "local limit: make the loops shorter."
            )

    def check_numbers(self, circuit: QuantumCircuit, qubits: Sequence[int], where: str) -> None:
        """Hold the angles and durations of a circuit without free parameters against the device's.

        Args:
            circuit: The circuit.
            qubits: The device's indices of its qubits, for messages.
            where: What it is, for messages.

        Raises:
            Refused: a number is not one that the device takes.
        """
        indices = dict(zip(circuit.qubits, qubits, strict=True))
        for instruction, places in _flat(circuit, indices):
            name = instruction.operation.name
            if isinstance(instruction.operation, ControlFlowOp):
                continue
            for number in instruction.operation.params:
                if isinstance(number, ParameterExpression) and number.parameters:
                    continue  # a loop's own parameter
                value = _real(number)
                if value is None:
                    raise Refused(f"`{where}`: {name}({number}) on {_told(places)} is no number.")
                if name == "rzz" and not -_TOLERANCE <= value <= math.pi / 2 + _TOLERANCE:
                    raise Refused(
                        f"`{where}`: rzz({value}) on {_told(places)}: {self.id} takes angles from 0 to pi/2."
                    )
                if name == "delay" and value < 0:
                    raise Refused(f"`{where}`: delay({value}) on {_told(places)} is below 0.")

    def _check_instruction(
        self, instruction: CircuitInstruction, qubits: tuple[int, ...], where: str
    ) -> None:
        name = instruction.operation.name
        if name in FREE:
            return
        if isinstance(instruction.operation, ControlFlowOp):
            if name not in self.target.operation_names:
                raise Refused(f"`{where}`: {name} is not supported by {self.id}.")
            return
        if name not in self.target.operation_names:
            known = ", ".join(sorted(self.target.operation_names))
            raise Refused(
                f"`{where}`: {name} on {_told(qubits)} is none of {self.id}'s instructions ({known}): transpile first."
            )
        if not self.target.instruction_supported(name, qubits):
            raise Refused(
                f"`{where}`: {name} on {_told(qubits)} is not supported by {self.id}, "
                "whose coupling map does not have it: transpile first."
            )


@functools.lru_cache(maxsize=8)
def device_of(backend_id: str) -> Device:
    """Read a device's document and its newest calibration."""
    document = device_document(backend_id)
    configuration = configuration_from_server_data(document["config"], use_fractional_gates=None)
    if configuration is None:
        raise ValueError(f"the catalog's configuration of {backend_id} is not one")
    figures = newest_calibration(backend_id)
    figures.pop("synthetic")
    properties = properties_from_server_data(figures, use_fractional_gates=None)
    target = convert_to_target(configuration, properties)
    readout = tuple(properties.readout_error(qubit) for qubit in range(target.num_qubits))
    return Device(backend_id, target, int(configuration.max_shots), readout)


@dataclass(frozen=True)
class Compact:
    """A circuit on its active qubits alone.

    Attributes:
        circuit: The circuit; its qubit i is the device's `qubits[i]`, classical bits and registers are as they were.
        qubits: The device's indices of the active qubits, ascending.
    """

    circuit: QuantumCircuit
    qubits: tuple[int, ...]

    @classmethod
    def of(cls, circuit: QuantumCircuit, more: Sequence[int] = ()) -> Compact:
        """Leave idle qubits out, but for those in `more`."""
        indices = {qubit: index for index, qubit in enumerate(circuit.qubits)}
        active = set(more)
        for instruction in circuit.data:
            if instruction.operation.name not in FREE:
                active.update(indices[qubit] for qubit in instruction.qubits)
        order = tuple(sorted(active))
        bits = {circuit.qubits[index]: Qubit() for index in order}
        small = QuantumCircuit(
            list(bits.values()),
            circuit.clbits,
            *circuit.cregs,
            global_phase=circuit.global_phase,
            metadata=circuit.metadata,
        )
        for instruction in circuit.data:
            kept = [bits[qubit] for qubit in instruction.qubits if qubit in bits]
            if len(kept) == len(instruction.qubits):
                small.append(instruction.operation, kept, instruction.clbits)
            elif instruction.operation.name == "barrier" and kept:
                small.barrier(kept)
        return cls(small, order)

    def noise(self, device: Device) -> NoiseModel:
        """The device's noise on these qubits."""
        return NoiseModel.from_backend(_Part(device.target, self.qubits))

    def clifford(self) -> QuantumCircuit | None:
        """The same in gates of a stabilizer simulation, or None if there is no such."""
        result = self.circuit.copy_empty_like()
        for instruction in self.circuit.data:
            gates = _clifford(instruction.operation)
            if gates is None:
                return None
            for gate, places in gates:
                qubits = [instruction.qubits[place] for place in places]
                result.append(gate, qubits, instruction.clbits)
        return result


class _Part(BackendV2):
    """Some qubits of a device, for Aer to read their noise from. It runs nothing."""

    def __init__(self, target: Target, qubits: tuple[int, ...]) -> None:
        super().__init__(name="part")
        places = {qubit: place for place, qubit in enumerate(qubits)}
        known = target.qubit_properties or [QubitProperties()] * target.num_qubits
        self._target = Target(
            num_qubits=len(qubits), dt=target.dt, qubit_properties=[known[q] for q in qubits]
        )
        for name in target.operation_names:
            everywhere = target[name]
            if None in everywhere or name in FREE:
                continue
            here = {
                tuple(places[qubit] for qubit in place): properties
                for place, properties in everywhere.items()
                if all(qubit in places for qubit in place)
            }
            if here:
                self._target.add_instruction(target.operation_from_name(name), here)

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input: Any, **options: Any) -> Any:
        raise NotImplementedError("a part of a device runs nothing")


def check_size(compact: Compact, task: Task, where: str) -> None:
    """Refuse a circuit that this machine cannot hold.

    Raises:
        Refused: it has more active qubits than the local limit, and gates that no stabilizer simulation takes.
    """
    most = task.limits["qubits"]
    used = len(compact.qubits)
    if used > most and compact.circuit.num_parameters == 0 and compact.clifford() is None:
        raise Refused(
            f"`{where}` uses {used} qubits, above this machine's local limit of {most} for {task.backend_id} "
            "(Clifford circuits may be larger): make it smaller, or run it on the real Hub."
        )


def check_finite(values: BindingsArray, where: str) -> None:
    """Refuse parameter values that are no finite numbers.

    Raises:
        Refused: one is none.
    """
    for names, array in values.data.items():
        if not np.isfinite(array).all():
            raise Refused(f"`{where}` has NaN or Infinity among its values of {', '.join(names)}.")


def noise_of(
    compact: Compact, device: Device, task: Task, where: str, notes: list[str]
) -> NoiseModel | None:
    """The noise that a circuit is simulated with, None for none; a sentence on it is added to `notes`."""
    if not task.noise or not compact.qubits:
        return None
    most = task.limits["noisy_qubits"]
    if len(compact.qubits) > most:
        notes.append(
            f"{where}: none, since it uses {len(compact.qubits)} qubits, and up to {most} are simulated with it"
        )
        return None
    notes.append(f"{where}: the noise of the newest calibration")
    return compact.noise(device)


def _flat(
    circuit: QuantumCircuit, indices: dict[Any, int]
) -> Iterator[tuple[CircuitInstruction, tuple[int, ...]]]:
    """All instructions with the device's indices of their qubits, those in blocks too."""
    for instruction in circuit.data:
        qubits = tuple(indices[qubit] for qubit in instruction.qubits)
        yield instruction, qubits
        if isinstance(instruction.operation, ControlFlowOp):
            for block in instruction.operation.blocks:
                yield from _flat(block, dict(zip(block.qubits, qubits, strict=True)))


def _unrolled(circuit: QuantumCircuit) -> int:
    """How many instructions there are once every loop is written out."""
    total = 0
    for instruction in circuit.data:
        operation = instruction.operation
        total += 1
        if isinstance(operation, ControlFlowOp):
            turns = len(operation.params[0]) if isinstance(operation, ForLoopOp) else 1
            total += turns * sum(_unrolled(block) for block in operation.blocks)
    return total


def _real(number: Any) -> float | None:
    """A finite real number, or None."""
    try:
        value = float(number)
    except (TypeError, ValueError, QiskitError):
        return None
    return value if math.isfinite(value) else None


def _clifford(operation: Any) -> list[tuple[Any, tuple[int, ...]]] | None:
    """Clifford gates that make up an operation, with the places of its qubits; None where there are none."""
    name = operation.name
    if name in ("rz", "rx", "rzz"):
        turns = float(operation.params[0]) / (math.pi / 2)
        if abs(turns - round(turns)) > _TOLERANCE:
            return None
        quarter = round(turns) % 4
        if name == "rzz":
            if quarter % 2 == 0:
                return [(ZGate(), (place,)) for place in range(_PAIR)] if quarter else []
            phase = SGate() if quarter == 1 else SdgGate()
            return [(phase, (0,)), (phase, (1,)), (CZGate(), (0, 1))]
        kinds = {
            "rz": (IGate, SGate, ZGate, SdgGate),
            "rx": (IGate, SXGate, XGate, SXdgGate),
        }
        return [(kinds[name][quarter](), (0,))]
    if isinstance(operation, RXGate | RZGate | ControlFlowOp):
        return None
    return [(operation, tuple(range(operation.num_qubits)))]


def _told(qubits: tuple[int, ...]) -> str:
    return ("qubit " if len(qubits) == 1 else "qubits ") + ", ".join(map(str, qubits))
