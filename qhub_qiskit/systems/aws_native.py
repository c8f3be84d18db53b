"""The native gates of AWS's quantum computers: which they are, their figures, and verbatim programs.

Sources: the device capabilities document (``paradigm.nativeGateSet``, ``standardized``, ``provider``); Amazon
Braket's developer guide, "verbatim compilation": native gates stand in a verbatim box on physical qubits, and
Rigetti's rx turns by multiples of pi/2 only. IonQ's gates have no rotation about Z: the axes of the pulses after it
turn instead (McKay et al., "Efficient Z gates for quantum computing", Phys. Rev. A 96, 022330 (2017)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qiskit.transpiler import InstructionProperties, QubitProperties

from qhub_qiskit.target import Figures, build_target
from shared_transport.models import BackendType

from .base import Device

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import GateList, PlainGate, Program

__all__ = ["native_names", "native_target", "plugin_for", "verbatim_lines"]

# Qiskit's gates for each native one. An rx of fixed angles is what every device with an rz needs, and what Qiskit's
# passes know how to use.
_QISKIT_NAMES: dict[str, tuple[str, ...]] = {
    "rx": ("x", "sx", "sxdg"),
    "rz": ("rz",),
    "cz": ("cz",),
    "iswap": ("iswap",),
    "cphaseshift": ("cp",),
    "prx": ("r",),
    "gpi": ("GPi", "x"),
    "gpi2": ("GPi2", "sx", "sxdg", "rz"),
    "zz": ("rzz",),
}
_TWO_QUBITS = frozenset({"cz", "iswap", "cphaseshift", "zz"})
_WORDS = {"rz": "rz", "cz": "cz", "iswap": "iswap", "cp": "cphaseshift", "r": "prx", "GPi": "gpi",
          "GPi2": "gpi2", "rzz": "zz"}  # fmt: skip
_FIXED = {
    "x": f"rx({math.pi!r})",
    "sx": f"rx({math.pi / 2!r})",
    "sxdg": f"rx({-math.pi / 2!r})",
}
# Gates that a device does by counting differently from then on.
_VIRTUAL = frozenset({"rz"})
# A pulse of IonQ's by its gate: the native word, and the axis where the gate says none.
_PULSES = {
    "GPi": ("GPi", 0.0),
    "GPi2": ("GPi2", 0.0),
    "x": ("GPi", 0.0),
    "sx": ("GPi2", 0.0),
    "sxdg": ("GPi2", math.pi),
}
_OWN_NAMES = {"gpi": "GPi", "gpi2": "GPi2"}


def native_names(device: Device) -> tuple[str, ...]:
    """Qiskit's names of a quantum computer's native gates; none where they are not known well enough.

    A simulator has none. A device needs one-qubit and two-qubit gates that are known here.
    """
    action = (device.config.get("action") or {}).get("braket.ir.openqasm.program") or {}
    paradigm = device.config.get("paradigm") or {}
    words = [str(word).lower() for word in paradigm.get("nativeGateSet") or ()]
    known = [word for word in words if word in _QISKIT_NAMES]
    usable = (
        device.backend.type == BackendType.QPU
        and "verbatim" in (action.get("supportedPragmas") or ())
        and any(word in _TWO_QUBITS for word in known)
        and any({"rx", "rz"} <= set(known) or word in ("prx", "gpi2") for word in known)
    )
    return tuple(dict.fromkeys(n for w in known for n in _QISKIT_NAMES[w])) if usable else ()


def native_target(device: Device, names: Iterable[str]) -> Target:
    """The target of native gates, with errors, durations, T1 and T2."""
    from qhub_qiskit.gates import native_gates

    listed = list(names)
    own = native_gates() if any(name in ("GPi", "GPi2") for name in listed) else {}
    return build_target(
        device, listed, renamed=_OWN_NAMES, own=own, figures=_figures(device, listed)
    )


def plugin_for(names: Iterable[str]) -> str | None:
    """The translation plugin that reaches these gates; None where Qiskit's own does."""
    found = set(names)
    if "GPi2" in found:
        return "qhub_ionq"
    return "qhub_iqm" if "r" in found else None


def verbatim_lines(program: Program, labels: Sequence[str], names: Iterable[str]) -> list[str]:
    """A program's gates in a verbatim box, on physical qubits by the vendor's labels.

    Args:
        program: The program.
        labels: The vendor's label of each qubit.
        names: What `native_names` gives.
    """
    on = [f"${label}" for label in labels]
    lines = []
    for name, params, qubits in _pulses(program.gates) if "GPi2" in names else program.gates:
        if name == "barrier":
            continue
        word = _FIXED.get(name)
        if word is None:
            word = f"{_WORDS[name]}({','.join(map(repr, params))})" if params else _WORDS[name]
        lines.append(f"{word} {','.join([on[q] for q in qubits])};")
    return ["#pragma braket verbatim", "box{", *lines, "}"] if lines else []


def _pulses(gates: GateList) -> Iterator[PlainGate]:
    """IonQ's pulses, about axes turned back by the rotations about Z before them.

    A rotation commutes with rzz, and a measurement at the end does not see it.
    """
    frames: dict[int, float] = {}
    for name, params, qubits in gates:
        if name == "rz":
            angle = params[0]
            if abs(angle) > 2 * math.pi:  # beside a huge angle a small one would be lost
                angle = math.atan2(math.sin(angle), math.cos(angle))
            frames[qubits[0]] = frames.get(qubits[0], 0.0) + angle
        elif name in _PULSES:
            word, axis = _PULSES[name]
            axis = params[0] if params else axis
            if turned := frames.get(qubits[0]):
                axis = math.remainder(axis - turned, 2 * math.pi)
            yield word, (axis,), qubits
        else:
            yield name, params, qubits


def _figures(device: Device, names: Sequence[str]) -> Figures:
    one = [n for n in names if n not in ("rzz", "cz", "cp", "iswap")]
    for source in (device.calibration, device.config.get("standardized") or {}):
        if "oneQubitProperties" in source:
            return _standardized(source, device.labels, one)
    provider = device.calibration or device.config.get("provider") or {}
    if "fidelity" in provider:
        return _of_ionq(provider, device.labels, names, one)
    return Figures()


def _standardized(
    document: Mapping[str, Any], labels: Sequence[str], one_qubit: Sequence[str]
) -> Figures:
    """By ``standardized_gate_model_qpu_device_properties``: figures of each qubit and pair."""
    index = {label: i for i, label in enumerate(labels)}
    gates: dict[str, dict[tuple[int, ...], InstructionProperties]] = {}
    qubits = {}
    for label, told in document["oneQubitProperties"].items():
        if label not in index:
            continue
        place = (index[label],)
        qubits[index[label]] = QubitProperties(
            t1=_seconds(told.get("T1")), t2=_seconds(told.get("T2"))
        )
        for fidelity in told.get("oneQubitFidelity") or ():
            kind = (fidelity.get("fidelityType") or {}).get("name")
            error = InstructionProperties(error=1 - float(fidelity["fidelity"]))
            if kind == "READOUT":
                gates.setdefault("measure", {})[place] = error
            elif kind in ("RANDOMIZED_BENCHMARKING", "SIMULTANEOUS_RANDOMIZED_BENCHMARKING"):
                for name in one_qubit:
                    free = InstructionProperties(duration=0.0, error=0.0)
                    gates.setdefault(name, {})[place] = free if name in _VIRTUAL else error
    for pair, told in (document.get("twoQubitProperties") or {}).items():
        both = tuple(index[label] for label in pair.split("-") if label in index)
        for fidelity in told.get("twoQubitGateFidelity") or ():
            for name in _QISKIT_NAMES.get(str(fidelity["gateName"]).lower(), ()):
                error = InstructionProperties(error=1 - float(fidelity["fidelity"]))
                gates.setdefault(name, {})[both] = error
    return Figures(gates, qubits)


def _of_ionq(
    document: Mapping[str, Any], labels: Sequence[str], names: Sequence[str], one: Sequence[str]
) -> Figures:
    """By ``ionq_provider_properties``: means that hold for every qubit and pair."""
    fidelity, timing = document["fidelity"], document.get("timing") or {}

    def figures(kind: str, duration: str) -> InstructionProperties:
        mean = (fidelity.get(kind) or {}).get("mean")
        return InstructionProperties(timing.get(duration), None if mean is None else 1 - mean)

    every = range(len(labels))
    pairs = [(a, b) for a in every for b in every if a != b]
    single, double = figures("1Q", "1Q"), figures("2Q", "2Q")
    free = InstructionProperties(duration=0.0, error=0.0)
    gates: dict[str, dict[tuple[int, ...], InstructionProperties]] = {
        name: dict.fromkeys(
            [(q,) for q in every] if name in one else pairs,
            free if name in _VIRTUAL else single if name in one else double,
        )
        for name in names
    }
    gates["measure"] = dict.fromkeys([(q,) for q in every], figures("spam", "readout"))
    lifetime = QubitProperties(t1=timing.get("T1"), t2=timing.get("T2"))
    return Figures(gates, dict.fromkeys(every, lifetime))


def _seconds(told: Mapping[str, Any] | None) -> float | None:
    units = {"S": 1.0, "MS": 1e-3, "US": 1e-6, "NS": 1e-9}
    if not told or told.get("value") is None:
        return None
    return float(told["value"]) * units.get(str(told.get("unit", "S")).upper(), 1.0)
