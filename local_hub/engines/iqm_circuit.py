"""Reads circuits in IQM's native format and holds them against a device's architecture.

Both dialects are read: `qubits` or `locus`, angles in turns (`angle_t`, `phase_t`) or in radians (`angle`, `phase`);
and so are the names of before 2024, `phased_rx` and `measurement`.

Source of the rules: the operations that iqm-client 36 describes (arguments, loci, unique measurement and feedback keys,
feedback only from an earlier measurement), and the device's dynamic quantum architecture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_hub.catalog import device_document
from local_hub.engines.base import Refused

_OLD_NAMES = {"phased_rx": "prx", "measurement": "measure"}
# Operations that are on every qubit without a calibration of their own, and `reset`, which has that of `cc_prx`.
_UNCALIBRATED = {"barrier": None, "delay": None, "reset": "cc_prx"}
_ANGLES = ("angle", "phase")
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "prx": _ANGLES,
    "cz": (),
    "measure": ("key",),
    "cc_prx": (*_ANGLES, "feedback_key", "feedback_qubit"),
    "reset": (),
    "delay": ("duration",),
    "barrier": (),
}
_OPTIONAL = {"measure": ("feedback_key",)}
_ARITY = {"prx": 1, "cc_prx": 1, "cz": 2}
_LONGEST_KEY = 256


@dataclass(frozen=True)
class Operation:
    """One instruction.

    Attributes:
        name: Its name, by today's words.
        qubits: The device's qubits it acts on, by their place in the architecture.
        angle: Angle of rotation of `prx` and `cc_prx`, in radians.
        phase: Angle of the axis of rotation, in radians.
        bits: The classical bits that `measure` writes, or the one that `cc_prx` reads.
        seconds: Duration of `delay`.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float = 0.0
    phase: float = 0.0
    bits: tuple[int, ...] = ()
    seconds: float = 0.0


@dataclass
class Circuit:
    """A circuit that the device takes.

    Attributes:
        operations: Its instructions.
        keys: Its measurement keys, in the order of the result's bits.
        bits: How many bits it measures, keys in order and qubits in the order of each measurement.
        dynamic: Whether something follows a measurement on a qubit, or it has `reset` or `cc_prx`.
    """

    operations: list[Operation] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    bits: int = 0
    dynamic: bool = False

    @property
    def qubits(self) -> list[int]:
        """The qubits in use, in ascending order."""
        return sorted({qubit for operation in self.operations for qubit in operation.qubits})


class Architecture:
    """What a device takes: its qubits, operations, their implementations and places."""

    def __init__(self, backend_id: str) -> None:
        document = device_document(backend_id)
        self.device = backend_id
        self.calibration_set_id: str = document["calibration_set_id"]
        self.qubits: list[str] = document["qubits"]
        self.index = {name: index for index, name in enumerate(self.qubits)}
        self._loci: dict[str, dict[str, set[frozenset[int]]]] = {
            gate: {
                implementation: {
                    frozenset(self.index[name] for name in locus) for locus in info["loci"]
                }
                for implementation, info in figures["implementations"].items()
            }
            for gate, figures in document["gates"].items()
        }

    def read(
        self, document: Mapping[str, Any], mapping: Mapping[str, str] | None, most_bits: int
    ) -> Circuit:
        """Read a circuit.

        Args:
            document: The circuit as it was sent.
            mapping: Physical names of logical qubits; None where the circuit has physical names.
            most_bits: How many bits this machine lets a circuit measure.

        Raises:
            Refused: it is not one that the device takes.
        """
        if not document["name"]:
            raise Refused("`name` is empty: name the circuit.")
        if not document["instructions"]:
            raise Refused("`instructions` is empty: a circuit has at least one measurement.")
        reader = _Reader(self, mapping, most_bits)
        for number, instruction in enumerate(document["instructions"]):
            try:
                reader.add(instruction)
            except Refused as refusal:
                raise Refused(f"instruction {number}: {refusal}") from refusal
        if not reader.circuit.keys:
            raise Refused("it measures nothing: add a `measure` with a `key`.")
        return reader.circuit

    def places(self, gate: str) -> Mapping[str, set[frozenset[int]]]:
        """Where a calibrated operation can be, by implementation; empty where the device has it not."""
        return self._loci.get(gate, {})

    def neighbours(self, qubit: int) -> list[str]:
        """The qubits that `cz` couples a qubit with."""
        others = {
            other
            for loci in self.places("cz").values()
            for locus in loci
            if qubit in locus
            for other in locus - {qubit}
        }
        return [self.qubits[other] for other in sorted(others)]


class _Reader:
    """A circuit being read: what was measured so far."""

    def __init__(
        self, architecture: Architecture, mapping: Mapping[str, str] | None, most_bits: int
    ) -> None:
        self.circuit = Circuit()
        self._architecture = architecture
        self._mapping = mapping
        self._most_bits = most_bits
        self._keys: set[str] = set()
        self._feedback: dict[str, dict[int, int]] = {}
        self._measured: set[int] = set()

    def add(self, instruction: Mapping[str, Any]) -> None:
        """Read one instruction.

        Raises:
            Refused: the device does not take it.
        """
        name = _OLD_NAMES.get(instruction["name"], instruction["name"])
        if name not in _ARGUMENTS:
            self._refuse_unknown(name)
        qubits = self._qubits(name, _place(instruction))
        self._check_place(name, qubits, instruction.get("implementation"))
        arguments = _arguments(name, instruction.get("args") or {})
        if name == "measure":
            operation = self._measure(qubits, arguments)
        elif name in ("prx", "cc_prx"):
            bits = self._feedback_bit(arguments) if name == "cc_prx" else ()
            operation = Operation(name, qubits, arguments["angle"], arguments["phase"], bits)
        else:
            operation = Operation(name, qubits, seconds=arguments.get("duration", 0.0))
        if name in ("reset", "cc_prx") or (
            name not in ("barrier", "delay", "measure") and self._measured.intersection(qubits)
        ):
            self.circuit.dynamic = True
        self.circuit.operations.append(operation)

    def _refuse_unknown(self, name: str) -> None:
        if name == "move":
            raise Refused(
                f"`move` is not taken by {self._architecture.device}: it has no computational resonator; use `cz`."
            )
        raise Refused(
            f"`{name}` is not an operation of {self._architecture.device}: it takes {_listed(_ARGUMENTS)}."
        )

    def _qubits(self, name: str, given: Sequence[str] | None) -> tuple[int, ...]:
        if not given:
            raise Refused(f"`{name}` has no qubits: give `qubits` (or `locus`).")
        qubits = []
        for qubit in given:
            physical = qubit
            if self._mapping is not None:
                if qubit not in self._mapping:
                    raise Refused(f"`{name}` on {qubit}: `qubit_mapping` does not map it; add it.")
                physical = self._mapping[qubit]
            if physical not in self._architecture.index:
                raise Refused(f"`{name}` on {qubit}: {self._no_qubit(physical)}")
            qubits.append(self._architecture.index[physical])
        if len(set(qubits)) != len(qubits):
            raise Refused(f"`{name}` names a qubit twice: {', '.join(given)}.")
        wanted = _ARITY.get(name)
        if wanted is not None and len(qubits) != wanted:
            raise Refused(f"`{name}` acts on {wanted} qubit(s), but {len(qubits)} are given.")
        return tuple(qubits)

    def _no_qubit(self, name: str) -> str:
        names = self._architecture.qubits
        return f"{self._architecture.device} has no qubit {name}; it has {names[0]} to {names[-1]}."

    def _check_place(self, name: str, qubits: tuple[int, ...], implementation: str | None) -> None:
        calibrated = _UNCALIBRATED.get(name, name)
        if calibrated is None:
            return
        architecture = self._architecture
        places = architecture.places(calibrated)
        if implementation is not None and calibrated == name:
            if implementation not in places:
                raise Refused(
                    f"`{name}` has no implementation {implementation} on {architecture.device}: it has "
                    f"{_listed(places)}; leave `implementation` out."
                )
            places = {implementation: places[implementation]}
        loci: set[frozenset[int]] = set().union(*places.values())
        if name == "cz":
            if frozenset(qubits) not in loci:
                first, second = (architecture.qubits[qubit] for qubit in qubits)
                raise Refused(
                    f"`cz` on {first} and {second}: they are not coupled on {architecture.device}; {first} is with "
                    f"{', '.join(architecture.neighbours(qubits[0]))}."
                )
            return
        for qubit in qubits:
            if frozenset((qubit,)) not in loci:
                raise Refused(
                    f"`{name}` on {architecture.qubits[qubit]}: {architecture.device} is not calibrated for it."
                )

    def _measure(self, qubits: tuple[int, ...], arguments: Mapping[str, Any]) -> Operation:
        key = arguments["key"]
        if key in self._keys:
            raise Refused(f"measurement key {key} is used twice in the circuit: name each once.")
        bits = tuple(range(self.circuit.bits, self.circuit.bits + len(qubits)))
        if bits[-1] >= self._most_bits:
            raise Refused(
                f"the circuit measures more than {self._most_bits} bits, this machine's local limit: split it."
            )
        feedback = arguments.get("feedback_key")
        if feedback is not None:
            if feedback in self._feedback:
                raise Refused(f"feedback key {feedback} is used twice: name each once.")
            self._feedback[feedback] = dict(zip(qubits, bits, strict=True))
        self._keys.add(key)
        self.circuit.keys.append(key)
        self.circuit.bits += len(qubits)
        self._measured.update(qubits)
        return Operation("measure", qubits, bits=bits)

    def _feedback_bit(self, arguments: Mapping[str, Any]) -> tuple[int]:
        key, qubit = arguments["feedback_key"], arguments["feedback_qubit"]
        if key not in self._feedback:
            raise Refused(
                f"`cc_prx`: no earlier `measure` has the feedback key {key}; add it there."
            )
        # By iqm-client's words the feedback qubit is physical, whatever the mapping says.
        index = self._architecture.index.get(qubit)
        if index is None:
            raise Refused(f"`cc_prx`: {self._no_qubit(qubit)}")
        if index not in self._feedback[key]:
            raise Refused(f"`cc_prx`: the measurement with feedback key {key} is not on {qubit}.")
        return (self._feedback[key][index],)


def _place(instruction: Mapping[str, Any]) -> Sequence[str] | None:
    locus: Sequence[str] | None = instruction.get("locus")
    qubits: Sequence[str] | None = instruction.get("qubits")
    if locus is not None and qubits is not None and locus != qubits:
        raise Refused("it has `qubits` and `locus`, and they differ: give one of them.")
    return qubits if locus is None else locus


def _arguments(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the arguments of an operation; angles come out in radians."""
    arguments: dict[str, Any] = {}
    for argument, value in given.items():
        target = argument.removesuffix("_t") if argument in ("angle_t", "phase_t") else argument
        if target not in (*_ARGUMENTS[name], *_OPTIONAL.get(name, ())):
            raise Refused(f"`{name}` has no argument `{argument[:_LONGEST_KEY]}`: remove it.")
        if target in arguments:
            raise Refused(f"`{name}` has both `{target}` and `{target}_t`: give one of them.")
        if target in _ANGLES or target == "duration":
            arguments[target] = _number(name, argument, value)
        elif value is None and target in _OPTIONAL.get(name, ()):
            continue
        else:
            arguments[target] = _text(name, argument, value)
    for argument in _ARGUMENTS[name]:
        if argument not in arguments:
            also = f" (in turns) or `{argument}` (in radians)" if argument in _ANGLES else ""
            shown = f"{argument}_t" if argument in _ANGLES else argument
            raise Refused(f"`{name}` lacks the argument `{shown}`{also}.")
    if arguments.get("duration", 0.0) < 0:
        raise Refused("`delay` has a negative `duration`: give seconds.")
    return arguments


def _number(name: str, argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"`{name}`: `{argument}` is not a number.")
    turns = argument.endswith("_t")
    try:
        # Whole turns are taken off exactly, so that a large angle means what it says.
        number = math.remainder(value, 2) * 2 * math.pi if turns else float(value)
    except (OverflowError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise Refused(f"`{name}`: `{argument}` is not a finite number.")
    return number


def _text(name: str, argument: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_KEY:
        raise Refused(f"`{name}`: `{argument}` is not a text of 1 to {_LONGEST_KEY} letters.")
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
