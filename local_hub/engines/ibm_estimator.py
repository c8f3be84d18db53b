"""EstimatorV2: expectation values with shot noise at the asked precision.

Values are exact for the (noisy) state; then each is drawn from a normal distribution whose width is what so many shots
give: `shots = 1 / precision^2`, each Pauli term measured on its own. Readout errors weaken a term by (1 - 2 p) for
each qubit in it, unless they are mitigated (resilience level 1 and above, or `measure_mitigation`).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp
from qiskit.exceptions import QiskitError
from qiskit.primitives import DataBin, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import DensityMatrix, Pauli, StabilizerState, Statevector
from qiskit_aer import AerSimulator

from local_hub.engines.base import Refused, Task
from local_hub.engines.ibm_device import Compact, Device, check_size
from local_hub.engines.ibm_options import not_simulated

_PARTS = 4
_FINEST = 1e-4
_DEFAULT_PRECISION = 1 / 64
_MOST_TERMS = 100_000
# Each letter of an observable as Pauli terms (Qiskit's `ObservablesArray`: projectors onto eigenstates).
_LETTERS: dict[str, tuple[tuple[str, float], ...]] = {
    **{letter: ((letter, 1.0),) for letter in "IXYZ"},
    "0": (("I", 0.5), ("Z", 0.5)),
    "1": (("I", 0.5), ("Z", -0.5)),
    "+": (("I", 0.5), ("X", 0.5)),
    "-": (("I", 0.5), ("X", -0.5)),
    "r": (("I", 0.5), ("Y", 0.5)),
    "l": (("I", 0.5), ("Y", -0.5)),
}


@dataclass(frozen=True)
class EstimatorJob:
    """PUBs that a device takes."""

    task: Task
    device: Device
    pubs: list[EstimatorPub]
    mitigates_readout: bool

    @classmethod
    def of(cls, task: Task, device: Device, entries: list[list[Any]]) -> EstimatorJob:
        """Read PUBs: `[circuit, observables, parameter values, precision]`.

        Raises:
            Refused: one is none, or the device does not take it.
        """
        options = task.input.get("options", {})
        precision = task.input.get("precision") or options.get("default_precision")
        if precision is None and options.get("default_shots"):
            precision = 1 / math.sqrt(options["default_shots"])
        pubs = [
            _pub(entry, f"pubs[{index}]", precision or _DEFAULT_PRECISION, device)
            for index, entry in enumerate(entries)
        ]
        for index, pub in enumerate(pubs):
            check_size(Compact.of(pub.circuit), task, f"pubs[{index}]")
        level = task.input.get("resilience_level", 1)
        mitigates = options.get("resilience", {}).get("measure_mitigation", level >= 1)
        return cls(task, device, pubs, bool(mitigates))

    def run(self, seed: int) -> PrimitiveResult[PubResult]:
        """Simulate all PUBs."""
        options = self.task.input.get("options", {})
        wanted = options.get("seed_estimator")
        rng = np.random.default_rng(seed if wanted is None else wanted)
        notes: list[str] = []
        results = [
            self._run_pub(pub, f"pubs[{index}]", rng, notes) for index, pub in enumerate(self.pubs)
        ]
        told = {
            "noise": notes,
            "not_simulated": not_simulated(options, mitigates_readout=True),
            "measure_mitigation": self.mitigates_readout,
        }
        return PrimitiveResult(results, metadata={"version": 2, "local_hub": told})

    def _run_pub(
        self, pub: EstimatorPub, where: str, rng: np.random.Generator, notes: list[str]
    ) -> PubResult:
        compact = Compact.of(pub.circuit)
        noise = None
        if self.task.noise and compact.qubits:
            most = self.task.limits["noisy_qubits"]
            if len(compact.qubits) <= most:
                noise = compact.noise(self.device)
                notes.append(f"{where}: the noise of the newest calibration")
            else:
                notes.append(
                    f"{where}: none, since it uses {len(compact.qubits)} qubits, and up to {most} are simulated with it"
                )
        parameters: NDArray[np.object_] = np.empty(pub.parameter_values.shape, dtype=object)
        for place in np.ndindex(parameters.shape):
            parameters[place] = place
        wanted: NDArray[np.object_] = np.asarray(pub.observables, dtype=object)
        shape = np.broadcast_shapes(parameters.shape, wanted.shape)
        places = np.broadcast_to(parameters, shape)
        observables: Any = np.broadcast_to(wanted, shape)
        states: dict[tuple[int, ...], _State] = {}
        means = np.empty(shape)
        errors = np.empty(shape)
        shots = math.ceil(1 / pub.precision**2)
        for index in np.ndindex(shape):
            place = tuple(places[index])
            if place not in states:
                bound = pub.parameter_values.bind(compact.circuit, place)
                self.device.check_angles(bound, compact.qubits, where)
                states[place] = self._state(bound, compact, noise, where)
            mean, variance = self._expectation(states[place], observables[index], noise is not None)
            errors[index] = math.sqrt(variance / shots)
            means[index] = rng.normal(mean, errors[index])
        data = DataBin(evs=means, stds=errors, ensemble_standard_error=errors.copy(), shape=shape)
        metadata = {
            "shots": shots,
            "target_precision": pub.precision,
            "circuit_metadata": pub.circuit.metadata or {},
        }
        return PubResult(data, metadata)

    def _state(self, circuit: QuantumCircuit, compact: Compact, noise: Any, where: str) -> _State:
        if not compact.qubits:
            return _State(None, ())
        if noise is None and len(compact.qubits) > self.task.limits["qubits"]:
            check_size(Compact(circuit, compact.qubits), self.task, where)
            clifford = Compact(circuit, compact.qubits).clifford()
            assert clifford is not None
            clifford = clifford.copy_empty_like().compose(clifford)
            return _State(StabilizerState(_without_directives(clifford)), compact.qubits)
        method = "statevector" if noise is None else "density_matrix"
        whole = circuit.copy()
        getattr(whole, f"save_{method}")()
        simulator = AerSimulator(
            method=method, noise_model=noise, max_parallel_threads=self.task.cores
        )
        result = simulator.run(whole, shots=1).result()
        if not result.success:
            raise Refused(f"`{where}` cannot be simulated: {result.status}")
        data = np.asarray(result.data(0)[method])
        return _State(Statevector(data) if noise is None else DensityMatrix(data), compact.qubits)

    def _expectation(
        self, state: _State, observable: dict[str, float], noisy: bool
    ) -> tuple[float, float]:
        """Mean and variance of one shot, each Pauli term on its own."""
        mean = variance = 0.0
        for label, weight in _terms(observable).items():
            value = state.value(label)
            if noisy and not self.mitigates_readout:
                for qubit, letter in enumerate(reversed(label)):
                    if letter != "I":
                        value *= 1 - 2 * self.device.readout_errors[qubit]
            mean += weight * value
            if set(label) != {"I"}:
                variance += weight**2 * max(0.0, 1 - value**2)
        return mean, variance


@dataclass
class _State:
    """The state of the active qubits; idle ones are in the ground state."""

    state: Statevector | DensityMatrix | StabilizerState | None
    qubits: tuple[int, ...]

    def __post_init__(self) -> None:
        self._known: dict[str, float] = {}

    def value(self, label: str) -> float:
        """The expectation value of a Pauli string over the device's qubits, qubit 0 on the right."""
        if label not in self._known:
            self._known[label] = self._value(label)
        return self._known[label]

    def _value(self, label: str) -> float:
        letters = label[::-1]
        active = set(self.qubits)
        if any(letters[q] in "XY" for q in range(len(letters)) if q not in active):
            return 0.0
        here = "".join(letters[q] for q in reversed(self.qubits))
        if self.state is None or set(here) <= {"I"}:
            return 1.0
        return float(np.real(self.state.expectation_value(Pauli(here))))


def _terms(observable: dict[str, float]) -> dict[str, float]:
    """An observable as Pauli strings with weights."""
    terms: dict[str, float] = {}
    for label, weight in observable.items():
        choices = [_LETTERS[letter] for letter in label]
        count = math.prod(len(choice) for choice in choices)
        if count > _MOST_TERMS:
            raise Refused(f"an observable has {count} Pauli terms: at most {_MOST_TERMS}.")
        for parts in itertools.product(*choices):
            name = "".join(letter for letter, _ in parts)
            terms[name] = terms.get(name, 0.0) + weight * math.prod(part for _, part in parts)
    return terms


def _pub(entry: list[Any], where: str, precision: float, device: Device) -> EstimatorPub:
    if not 2 <= len(entry) <= _PARTS:
        raise Refused(
            f"`{where}` has {len(entry)} parts: circuit, observables, parameter values, precision."
        )
    try:
        pub = EstimatorPub.coerce(tuple(entry), precision)
    except (ValueError, TypeError, QiskitError) as error:
        raise Refused(f"`{where}` is no PUB of an estimator: {error}") from error
    if not pub.precision >= _FINEST:
        raise Refused(f"`{where}` asks for precision {pub.precision}: at least {_FINEST}.")
    names = {instruction.operation.name for instruction in pub.circuit.data}
    flow = any(isinstance(inst.operation, ControlFlowOp) for inst in pub.circuit.data)
    if flow or names & {"measure", "reset"}:
        raise Refused(
            f"`{where}` has a measurement, a reset or control flow: an estimator measures by itself."
        )
    device.check(pub.circuit, where)
    return pub


def _without_directives(circuit: QuantumCircuit) -> QuantumCircuit:
    plain = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name not in ("barrier", "delay"):
            plain.append(instruction)
    return plain
