"""Qiskit's `Target` from what the Hub says of a backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from qiskit.circuit import Delay, Gate, Measure, Parameter, Reset
from qiskit.circuit.controlflow import (
    CONTROL_FLOW_OP_NAMES,
    get_control_flow_name_mapping,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

if TYPE_CHECKING:
    from .systems.base import Device

__all__ = ["Figures", "build_target", "coupled_pairs"]

Qubits: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Figures:
    """Measured figures of a device.

    Attributes:
        gates: By Qiskit's name of the gate (or ``measure``, ``reset``) and its qubits: duration in seconds, error.
        qubits: By qubit: T1 and T2 in seconds, frequency in hertz.
        dt: The device's time unit in seconds.
    """

    gates: Mapping[str, Mapping[Qubits, InstructionProperties]] = field(default_factory=dict)
    qubits: Mapping[int, QubitProperties] = field(default_factory=dict)
    dt: float | None = None


NO_FIGURES = Figures()


def build_target(
    device: Device,
    names: Iterable[str],
    *,
    num_qubits: int | None = None,
    renamed: Mapping[str, str] | None = None,
    own: Mapping[str, Gate] | None = None,
    where: Mapping[str, Sequence[Qubits]] | None = None,
    operations: Iterable[str] = (),
    figures: Figures = NO_FIGURES,
    angle_bounds: Mapping[str, Sequence[tuple[float, float] | None]] | None = None,
) -> Target:
    """Build the target of a gate-model backend.

    Args:
        device: What the Hub says of the backend: qubits and connectivity.
        names: The backend's gates, in its own words. What is neither Qiskit's nor in `own` is left out.
        num_qubits: Number of qubits; by default the Hub's.
        renamed: Qiskit's name for the backend's, where they differ.
        own: Gates that Qiskit has not, by name.
        where: By Qiskit's name of a gate (or ``measure``), the qubits that have it; by default every qubit, and
            every coupled pair.
        operations: What the backend can do beside gates and measurements: ``reset``, ``delay``, and Qiskit's names
            of control flow. Other words are left out.
        figures: Errors, durations, T1 and T2.
        angle_bounds: By Qiskit's name of a gate, least and largest angle of each parameter.

    Returns:
        A target whose qubit i is the i-th of the device's labels. Where all qubits are connected and no figures
        are known, the gates are global, so that every pass manager keeps them for any qubits.
    """
    standard = {**get_standard_gate_name_mapping(), **(own or {})}
    gates: dict[str, Gate] = {}
    for word in names:
        name = (renamed or {}).get(word.lower(), word.lower())
        gate = standard.get(name)
        if isinstance(gate, Gate) and gate.num_qubits > 0:
            gates[name] = gate
    width = num_qubits or device.backend.configuration.qubit_count or len(device.labels) or None
    target = Target(
        description=device.backend.id,
        num_qubits=width,
        dt=figures.dt,
        qubit_properties=[figures.qubits.get(q) for q in range(width)]
        if figures.qubits and width
        else None,
    )
    places = _Places(width or 0, coupled_pairs(device), where or {}, figures)
    for name, gate in gates.items():
        bounds = (angle_bounds or {}).get(name)
        on = places.of(name, gate.num_qubits)
        if on is None or on:
            extra: dict[str, Any] = {"angle_bounds": list(bounds)} if bounds else {}
            target.add_instruction(gate, on, name=name, **extra)
    target.add_instruction(Measure(), places.of("measure", 1), name="measure")
    _add_operations(target, operations, places)
    return target


def coupled_pairs(device: Device) -> list[tuple[int, int]] | None:
    """The connected pairs by position, in the directions that the Hub names; None where all are connected."""
    connectivity = device.backend.configuration.connectivity
    if connectivity is None or connectivity.fully_connected or not connectivity.graph:
        return None
    graph = connectivity.graph
    labels = [q.id for q in device.backend.configuration.qubits if q.id is not None]
    order = labels or sorted(graph, key=lambda label: (len(label), label))
    place = {label: i for i, label in enumerate(order)}
    return sorted(
        {
            (place[a], place[b])
            for a, neighbours in graph.items()
            for b in neighbours
            if a in place and b in place and a != b
        }
    )


@dataclass(frozen=True)
class _Places:
    """Where an instruction is possible, and with which figures."""

    width: int
    pairs: Sequence[tuple[int, int]] | None
    where: Mapping[str, Sequence[Qubits]]
    figures: Figures

    def of(self, name: str, size: int) -> dict[Qubits, InstructionProperties | None] | None:
        """For `add_instruction`; None means on any qubits, and an empty one nowhere."""
        known = self.figures.gates.get(name, {})
        if name in self.where:
            return {q: known.get(q) or known.get(q[::-1]) for q in self.where[name]}
        if self.pairs is None and not known:
            return None
        if size == 1:
            return {(q,): known.get((q,)) for q in range(self.width)}
        if size == 2 and self.pairs is not None:
            return {pair: known.get(pair) or known.get(pair[::-1]) for pair in self.pairs}
        if size == 2:
            every = range(self.width)
            return {
                (a, b): known.get((a, b)) or known.get((b, a))
                for a in every
                for b in every
                if a != b
            }
        return {}


def _add_operations(target: Target, operations: Iterable[str], places: _Places) -> None:
    control_flow = get_control_flow_name_mapping()
    for name in dict.fromkeys(operations):
        if name == "reset":
            target.add_instruction(Reset(), places.of("reset", 1), name="reset")
        elif name == "delay":
            # Everywhere, also where no gate works: the schedulers of Qiskit fill any qubit's idle time.
            target.add_instruction(Delay(Parameter("duration")), places.of("delay", 1))
        elif name in CONTROL_FLOW_OP_NAMES and name in control_flow:
            target.add_instruction(control_flow[name], name=name)
