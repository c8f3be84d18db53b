"""Qiskit's `Target` from what the Hub says of a backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from qiskit.circuit import Gate, Measure
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import Target

if TYPE_CHECKING:
    from shared_transport.models import Configuration

__all__ = ["build_target"]


def build_target(
    configuration: Configuration,
    gate_names: Iterable[str],
    *,
    description: str,
    renamed: Mapping[str, str] | None = None,
) -> Target:
    """Build the target of a gate-model backend.

    Args:
        configuration: What the Hub says of the backend: qubits and connectivity.
        gate_names: The backend's gates, in its own words. What Qiskit has no gate for is left out.
        description: Text of the target.
        renamed: Qiskit's name for the backend's, where they differ.

    Returns:
        A target whose qubit i is the i-th of ``configuration.qubits``. Where all qubits are connected, the
        gates are global, so that every pass manager keeps them for any qubits.
    """
    standard = get_standard_gate_name_mapping()
    gates: dict[str, Gate] = {}
    for word in gate_names:
        name = (renamed or {}).get(word.lower(), word.lower())
        gate = standard.get(name)
        if isinstance(gate, Gate) and gate.num_qubits > 0:
            gates[name] = gate
    labels = [q.id for q in configuration.qubits if q.id is not None]
    target = Target(
        description=description, num_qubits=configuration.qubit_count or len(labels) or None
    )
    pairs = _pairs(configuration, labels)
    for gate in gates.values():
        if pairs is None:
            target.add_instruction(gate)
        elif gate.num_qubits == 1:
            target.add_instruction(gate, {(q,): None for q in range(target.num_qubits)})
        elif gate.num_qubits == 2:
            target.add_instruction(gate, dict.fromkeys(pairs))
    target.add_instruction(
        Measure(), None if pairs is None else {(q,): None for q in range(target.num_qubits)}
    )
    return target


def _pairs(configuration: Configuration, labels: list[str]) -> list[tuple[int, int]] | None:
    """The connected pairs of qubits by position, or None where all are connected."""
    connectivity = configuration.connectivity
    if connectivity is None or connectivity.fully_connected or not connectivity.graph:
        return None
    graph = connectivity.graph
    order = labels or sorted(graph, key=lambda label: (len(label), label))
    place = {label: i for i, label in enumerate(order)}
    return sorted(
        {
            (place[a], place[b])
            for a, neighbours in graph.items()
            for b in neighbours
            if a in place and b in place
        }
    )
