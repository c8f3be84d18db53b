"""NoiseLearner: a Pauli-Lindblad model of each layer of two-qubit gates, from the device's own gate errors.

Nothing is learned: the rates are those that the calibration's errors imply, spread evenly over the Pauli generators of
each gate's qubits, and the result's metadata says "synthetic": true. A depolarizing channel of average gate error e has
Pauli fidelities 1 - 4 e / 3, fifteen generators of rate r have exp(-16 r) (the model: van den Berg et al., Nature
Physics 19, 1116 (2023)).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from qiskit.quantum_info import PauliList
from qiskit_ibm_runtime.results.noise_learner import LayerError, PauliLindbladError

from local_hub.engines.base import Refused, Task
from local_hub.engines.ibm_device import Device
from local_hub.engines.ibm_fit import fitted
from local_hub.engines.ibm_sampler import is_dynamic

# As NoiseLearnerOptions documents them.
_DEFAULTS: dict[str, Any] = {
    "max_layers_to_learn": 4,
    "shots_per_randomization": 128,
    "num_randomizations": 32,
    "layer_pair_depths": [0, 1, 2, 4, 16, 32],
    "twirling_strategy": "active-accum",
}
_PAIR = 2
_FREE = frozenset({"barrier", "delay", "measure", "reset"})
# Gates of two qubits at the same time: name and qubits of each.
_Layer = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class NoiseLearnerJob:
    """Circuits whose layers' noise is asked for."""

    task: Task
    device: Device
    circuits: list[QuantumCircuit]
    changes: list[str]

    @classmethod
    def of(cls, task: Task, device: Device, entries: list[list[Any]]) -> NoiseLearnerJob:
        """Hold the circuits against the device.

        Raises:
            Refused: the device does not take one.
        """
        circuits = []
        changes = []
        for index, entry in enumerate(entries):
            where = f"circuits[{index}]"
            if is_dynamic(entry[0]):
                raise Refused(f"`{where}` has control flow: a noise learner takes none.")
            fit = fitted(entry[0], device, where)
            if fit.places is not None:
                changes.append(f"{where}: transpiled, since it was not in {device.id}'s gates")
            circuits.append(fit.circuit)
        return cls(task, device, circuits, changes)

    def run(self, seed: int) -> dict[str, Any]:
        """Write the model of each layer, those first that occur most often. There is nothing random in it."""
        occurrences: dict[_Layer, int] = {}
        for circuit in self.circuits:
            for layer in _layers(circuit):
                occurrences[layer] = occurrences.get(layer, 0) + 1
        given = self.task.input.get("options", {})
        options = {name: given.get(name, default) for name, default in _DEFAULTS.items()}
        # Those that occur as often: the one with more gates first; null is no limit.
        order = sorted(occurrences, key=lambda layer: (-occurrences[layer], -len(layer), layer))
        told = {
            "changes": self.changes,
            "not_simulated": ["twirling_strategy"] if "twirling_strategy" in given else [],
        }
        metadata = {
            "backend": self.task.backend_id,
            "synthetic": True,
            "input_options": options,
            "local_hub": told,
        }
        chosen = order[: options["max_layers_to_learn"]]
        return {"data": [self._error(layer) for layer in chosen], "metadata": metadata}

    def _error(self, layer: _Layer) -> LayerError:
        qubits = sorted(qubit for _, pair in layer for qubit in pair)
        places = {qubit: place for place, qubit in enumerate(qubits)}
        circuit = QuantumCircuit(len(qubits))
        labels: list[str] = []
        rates: list[float] = []
        for name, pair in layer:
            operation = self.device.target.operation_from_name(name)
            if operation.params:  # the angle of a layer is not part of it
                operation = type(operation)(math.pi / 2)
            circuit.append(operation, [places[qubit] for qubit in pair])
            error = self.device.target[name][pair].error or 0.0
            rate = _rate(error)
            for letters in itertools.product("IXYZ", repeat=_PAIR):
                if set(letters) != {"I"}:
                    label = ["I"] * len(qubits)
                    for qubit, letter in zip(pair, letters, strict=True):
                        label[-1 - places[qubit]] = letter
                    labels.append("".join(label))
                    rates.append(rate)
        return LayerError(circuit, qubits, PauliLindbladError(PauliList(labels), rates))


def _layers(circuit: QuantumCircuit) -> list[_Layer]:
    """The circuit's layers of simultaneous two-qubit gates; a barrier ends one."""
    index = {qubit: number for number, qubit in enumerate(circuit.qubits)}
    depth = [0] * circuit.num_qubits
    layers: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
    for instruction in circuit.data:
        qubits = tuple(index[qubit] for qubit in instruction.qubits)
        if instruction.operation.name == "barrier":
            deepest = max((depth[qubit] for qubit in qubits), default=0)
            for qubit in qubits:
                depth[qubit] = deepest
        elif _is_pair(instruction):
            level = max(depth[qubit] for qubit in qubits)
            for qubit in qubits:
                depth[qubit] = level + 1
            layers.setdefault(level, []).append((instruction.operation.name, qubits))
    return [tuple(sorted(layers[level])) for level in sorted(layers)]


def _is_pair(instruction: CircuitInstruction) -> bool:
    return len(instruction.qubits) == _PAIR and instruction.operation.name not in _FREE


def _rate(error: float) -> float:
    """The rate of each of fifteen generators whose channel has this average gate error."""
    depolarizing = min(error * 4 / 3, 1 - 1e-12)
    return -math.log(1 - depolarizing) / 16
