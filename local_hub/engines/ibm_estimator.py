"""EstimatorV2: expectation values with shot noise at the asked precision.

The state is exact, or that of the noisy channel; each Pauli term is measured on its own, with as many shots as give the
asked precision: `1 / precision^2`. Readout errors weaken a term by (1 - 2 p) for each qubit in it; where they are
mitigated (resilience level 1 and above, or `measure_mitigation`) the estimate is divided by that, and spreads the more.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.primitives import DataBin, PrimitiveResult, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import DensityMatrix, Pauli, StabilizerState, Statevector
from qiskit_aer import AerSimulator

from local_hub.engines.base import Refused, Task
from local_hub.engines.ibm_device import Compact, Device, check_finite, check_size, noise_of
from local_hub.engines.ibm_fit import fitted, without_final_measurements
from local_hub.engines.ibm_options import Notes, PrimitiveOptions
from local_hub.engines.ibm_sampler import is_dynamic

_PARTS = 4
_FINEST = 1e-4
_DEFAULT_PRECISION = 1 / 64
_MOST_TERMS = 100_000
# Expectation values of a job.
_MOST_VALUES = 1_000_000
# Below, a term is lost to readout errors, and not brought back.
_FAINTEST = 1e-3
# 1 / precision^2 is meant as a whole number, whatever its last bits say.
_ROUNDING = 1e-9
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
    options: PrimitiveOptions
    notes: Notes

    @classmethod
    def of(cls, task: Task, device: Device, entries: list[list[Any]]) -> EstimatorJob:
        """Read PUBs: `[circuit, observables, parameter values, precision]`.

        Raises:
            Refused: one is none, or the device does not take it.
        """
        options = PrimitiveOptions.of_estimator(task.input)
        precision = task.input.get("precision")
        shots = options.shots_of_twirling or options.given.get("default_shots")
        if precision is None and shots:
            precision = 1 / math.sqrt(shots)
        precision = precision or options.given.get("default_precision") or _DEFAULT_PRECISION
        notes = Notes()
        pubs = [
            _pub(entry, f"pubs[{index}]", precision, device, notes)
            for index, entry in enumerate(entries)
        ]
        values = sum(math.prod(pub.shape) for pub in pubs)
        if values > _MOST_VALUES:
            raise Refused(f"the job asks for {values} expectation values: at most {_MOST_VALUES}.")
        for index, pub in enumerate(pubs):
            check_size(Compact.of(pub.circuit), task, f"pubs[{index}]")
        return cls(task, device, pubs, options, notes)

    @property
    def mitigates_readout(self) -> bool:
        """Whether readout errors are mitigated."""
        return bool(self.options.resilience["measure_mitigation"])

    def run(self, seed: int) -> PrimitiveResult[PubResult]:
        """Simulate all PUBs."""
        rng = np.random.default_rng(seed if self.options.seed is None else self.options.seed)
        notes = Notes(changes=self.notes.changes)
        results = [
            self._run_pub(pub, f"pubs[{index}]", rng, notes) for index, pub in enumerate(self.pubs)
        ]
        told = {
            "noise": notes.noise,
            "changes": notes.changes,
            "not_simulated": self.options.not_simulated(),
        }
        metadata = {
            "dynamical_decoupling": self.options.decoupling,
            "twirling": self.options.twirling,
            "resilience": self.options.resilience,
            "version": 2,
            "local_hub": told,
        }
        return PrimitiveResult(results, metadata=metadata)

    def _run_pub(
        self, pub: EstimatorPub, where: str, rng: np.random.Generator, notes: Notes
    ) -> PubResult:
        compact = Compact.of(pub.circuit)
        noise = noise_of(compact, self.device, self.task, where, notes.noise)
        parameters: NDArray[np.object_] = np.empty(pub.parameter_values.shape, dtype=object)
        for place in np.ndindex(parameters.shape):
            parameters[place] = place
        wanted: NDArray[np.object_] = np.asarray(pub.observables)
        places = np.broadcast_to(parameters, pub.shape)
        observables: Any = np.broadcast_to(wanted, pub.shape)
        states: dict[tuple[int, ...], _State] = {}
        means = np.empty(pub.shape)
        errors = np.empty(pub.shape)
        shots = _shots(pub.precision)
        for index in np.ndindex(pub.shape):
            place = tuple(places[index])
            if place not in states:
                bound = pub.parameter_values.bind(compact.circuit, place)
                self.device.check_numbers(bound, compact.qubits, where)
                states[place] = self._state(bound, compact, noise, where)
            means[index], errors[index] = self._estimate(
                states[place], observables[index], noise is not None, shots, rng
            )
        data = DataBin(
            evs=means, stds=errors, ensemble_standard_error=errors.copy(), shape=pub.shape
        )
        metadata = {
            "shots": shots,
            "target_precision": pub.precision,
            "circuit_metadata": pub.circuit.metadata or {},
            "resilience": {},
            "num_randomizations": self.options.randomizations(shots),
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

    def _estimate(
        self,
        state: _State,
        observable: dict[str, float],
        noisy: bool,
        shots: int,
        rng: np.random.Generator,
    ) -> tuple[float, float]:
        """An estimate and its standard error, each Pauli term measured on its own with so many shots."""
        mean = variance = 0.0
        for label, weight in _terms(observable).items():
            if not label.strip("I"):
                mean += weight
                continue
            faded = 1.0
            if noisy:
                for qubit, letter in enumerate(reversed(label)):
                    if letter != "I":
                        faded *= 1 - 2 * self.device.readout_errors[qubit]
            seen = min(1.0, max(-1.0, state.value(label) * faded))
            # Mitigated, what is seen is divided by what readout errors leave of it, its spread too.
            scale = faded if self.mitigates_readout and faded > _FAINTEST else 1.0
            drawn = 2 * rng.binomial(shots, (1 + seen) / 2) / shots - 1
            mean += weight * drawn / scale
            variance += (weight / scale) ** 2 * (1 - seen**2) / shots
        return mean, math.sqrt(variance)


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


def _shots(precision: float) -> int:
    """The shots that give a precision."""
    return max(1, math.ceil((1 / precision) ** 2 * (1 - _ROUNDING)))


def _pub(
    entry: list[Any], where: str, precision: float, device: Device, notes: Notes
) -> EstimatorPub:
    if not 2 <= len(entry) <= _PARTS:
        raise Refused(
            f"`{where}` has {len(entry)} parts: circuit, observables, parameter values, precision."
        )
    circuit = without_final_measurements(entry[0])
    if circuit is not entry[0]:
        notes.changes.append(f"{where}: its last measurements were left out")
    names = {instruction.operation.name for instruction in circuit.data}
    if is_dynamic(circuit) or names & {"measure", "reset"}:
        raise Refused(
            f"`{where}` has a measurement, a reset or control flow: an estimator measures by itself."
        )
    fit = fitted(circuit, device, where)
    if fit.places is not None:
        notes.changes.append(f"{where}: transpiled, since it was not in {device.id}'s gates")
    try:
        pub = EstimatorPub.coerce((fit.circuit, fit.moved(_plain(entry[1])), *entry[2:]), precision)
        math.prod(pub.shape)
    except (ValueError, TypeError, QiskitError) as error:
        raise Refused(f"`{where}` is no PUB of an estimator: {error}") from error
    check_finite(pub.parameter_values, where)
    if not (math.isfinite(pub.precision) and pub.precision >= _FINEST):
        raise Refused(f"`{where}` asks for precision {pub.precision}: at least {_FINEST}.")
    if not math.prod(pub.shape):
        raise Refused(f"`{where}` has an empty array of observables or parameter values.")
    return pub


def _plain(observables: Any) -> Any:
    """Observables that came as an array, as lists."""
    return observables.tolist() if isinstance(observables, np.ndarray) else observables


def _without_directives(circuit: QuantumCircuit) -> QuantumCircuit:
    plain = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name not in ("barrier", "delay"):
            plain.append(instruction)
    return plain
