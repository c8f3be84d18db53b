"""`HubEstimator`: Qiskit's EstimatorV2 over any backend of the Hub."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit.primitives import (
    BaseEstimatorV2,
    BasePrimitiveJob,
    DataBin,
    EstimatorPubLike,
    PrimitiveResult,
    PubResult,
)
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.providers import JobStatus

from shared_transport.bits import ClassicalMemory
from shared_transport.errors import ServerError, ValidationError

from .measuring import Basis, Measuring, Term, bases_for
from .primitive_job import HubPrimitiveJob, Measured, Mode, RunOptionsOf

__all__ = ["HubEstimator"]

# As Qiskit's own estimators: a standard error of 1/64 for an observable of eigenvalues 1 and -1.
_DEFAULT_PRECISION = 1 / 64

Index: TypeAlias = tuple[int, ...]


class HubEstimator(BaseEstimatorV2):
    """Estimates expectation values on a backend or in a session.

    Terms that commute qubit by qubit are measured together, and all circuits of a call that need the same number
    of shots are one list of `HubBackend.run`: few jobs. Circuits and observables have to be those of the backend's
    target (``observable.apply_layout(circuit.layout)``): only the rotations before the measurements are added.

    Args:
        mode: A backend, or a session.
        default_precision: Standard error where neither the PUB nor `run` says it.
        **options: Further options of `HubBackend.run`, for every call, but `shots` and `memory`.

    Raises:
        ValidationError: An option that the backend does not have.
    """

    def __init__(
        self, mode: Mode, *, default_precision: float = _DEFAULT_PRECISION, **options: Any
    ) -> None:
        self._run = RunOptionsOf(mode, options, instead="precision: 1 / precision**2 shots")
        self._default_precision = default_precision
        self._measuring = Measuring(self._run.backend)

    def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> BasePrimitiveJob[PrimitiveResult[PubResult], Any]:
        """Estimate PUBs.

        Args:
            pubs: Tuples of a circuit, observables, parameter values and precision.
            precision: Standard error of a term of eigenvalues 1 and -1, for those PUBs that do not say it: each
                circuit gets ``ceil(1 / precision**2)`` shots.

        Returns:
            A job whose result has for each PUB ``evs`` and ``stds`` (the standard error of each, from the
            sample variance), both of the PUB's broadcast shape. Its ``result()`` raises `ServerError` where a device
            brought back no shot at all.

        Raises:
            ValidationError: As `HubBackend.run`; a precision is not above 0; a circuit has measurements.
        """
        usual = precision if precision is not None else self._default_precision
        coerced = [EstimatorPub.coerce(pub, usual) for pub in pubs]
        if not coerced:
            raise ValidationError("run() was given no PUB.", hint="Give at least one.")
        plans = [_Plan.of(pub, self._measuring) for pub in coerced]
        circuits = [circuit for plan in plans for circuit in plan.circuits]
        shots = [plan.shots for plan in plans for _ in plan.circuits]

        if not circuits:  # only multiples of the identity: nothing is measured
            return _Known(_result(plans, []))
        return HubPrimitiveJob(self._run.submit(circuits, shots), partial(_result, plans))


@dataclass(frozen=True)
class _Plan:
    """What is measured for one PUB.

    Attributes:
        circuits: Bound, with rotations and measurements.
        shots: Of each.
        terms: For each index of the broadcast shape its observable: terms and coefficients.
        measured_by: For each index, and each of its terms, which circuit measures it; None for the identity.
        bases: Of each circuit.
    """

    circuits: Sequence[QuantumCircuit]
    shots: int
    shape: tuple[int, ...]
    terms: Mapping[Index, Sequence[tuple[Term, float]]]
    measured_by: Mapping[tuple[Index, Term], int | None]
    bases: Sequence[Basis]
    precision: float
    metadata: Mapping[str, Any]

    @classmethod
    def of(cls, pub: EstimatorPub, measuring: Measuring) -> _Plan:
        if not pub.precision > 0:
            raise ValidationError(
                f"precision has to be above 0, not {pub.precision}.",
                hint="A backend that samples has no exact expectation values.",
            )
        _check_unmeasured(pub.circuit)
        values = np.asarray(pub.parameter_values.bind_all(pub.circuit))
        numbers, observables = np.broadcast_arrays(
            np.arange(values.size).reshape(values.shape),
            np.asarray(pub.observables.tolist(), object),
        )
        terms: dict[Index, list[tuple[Term, float]]] = {}
        wanted: dict[int, dict[Term, None]] = {}
        for index in np.ndindex(*numbers.shape):
            observable: Any = observables[index]
            listed = [
                (Term.of(label), float(np.real(coefficient)))
                for label, coefficient in observable.items()
            ]
            terms[index] = listed
            needed = wanted.setdefault(int(numbers[index]), {})
            needed.update(dict.fromkeys(term for term, _ in listed if not term.is_identity))
        circuits: list[QuantumCircuit] = []
        bases: list[Basis] = []
        place: dict[tuple[int, Term], int] = {}
        for number, needed in wanted.items():
            for basis, members in bases_for(needed):
                place.update({(number, term): len(circuits) for term in members})
                circuits.append(measuring.measured(values.ravel()[number], basis))
                bases.append(basis)
        measured_by = {
            (index, term): None if term.is_identity else place[int(numbers[index]), term]
            for index, listed in terms.items()
            for term, _ in listed
        }
        return cls(
            circuits,
            math.ceil(1 / pub.precision**2),
            numbers.shape,
            terms,
            measured_by,
            bases,
            pub.precision,
            dict(pub.circuit.metadata or {}),
        )

    def result(self, measured: Sequence[Measured]) -> PubResult:
        """The expectation values from the outcomes of the circuits."""
        memories = [one.data.classical_memory for one in measured]
        values = np.zeros(self.shape)
        errors = np.zeros(self.shape)
        for index, listed in self.terms.items():
            together: dict[int, list[tuple[Term, float]]] = {}
            for term, coefficient in listed:
                circuit = self.measured_by[index, term]
                if circuit is None:
                    values[index] += coefficient
                else:
                    together.setdefault(circuit, []).append((term, coefficient))
            variance = 0.0
            for circuit, members in together.items():
                mean, spread = _moments(memories[circuit], self.bases[circuit], members)
                values[index] += mean
                variance += spread
            errors[index] = math.sqrt(variance)
        told = {
            "target_precision": self.precision,
            "shots": min((memory.shots for memory in memories), default=self.shots),
            "circuit_metadata": self.metadata,
        }
        return PubResult(DataBin(evs=values, stds=errors, shape=self.shape), metadata=told)


def _result(plans: Sequence[_Plan], measured: Sequence[Measured]) -> PrimitiveResult[PubResult]:
    made, place = [], 0
    for plan in plans:
        size = len(plan.circuits)
        made.append(plan.result(measured[place : place + size]))
        place += size
    return PrimitiveResult(made, metadata={"version": 2})


def _moments(
    memory: ClassicalMemory, basis: Basis, members: Sequence[tuple[Term, float]]
) -> tuple[float, float]:
    """Mean of a sum of terms that were measured together, and the variance of that mean."""
    each = np.zeros(len(memory.words))
    for term, coefficient in members:
        each += coefficient * basis.values(term, memory.words)
    weights = memory.shot_weights
    shots = weights.sum()
    if shots == 0:
        raise ServerError(
            "A measurement of the estimator brought back none of its shots, so it has no value.",
            hint="A device may drop shots, as photonic ones do where a gate fails: ask for a smaller precision.",
        )
    mean = float((weights * each).sum() / shots)
    variance = float((weights * (each - mean) ** 2).sum() / max(1, shots - 1))
    return mean, variance / float(shots)


def _check_unmeasured(circuit: QuantumCircuit) -> None:
    if any(instruction.clbits for instruction in circuit.data):
        raise ValidationError(
            f"The circuit {circuit.name!r} has measurements; an estimator adds its own.",
            hint="Leave them out: circuit.remove_final_measurements(inplace=False).",
        )


class _Known(BasePrimitiveJob[PrimitiveResult[PubResult], Any]):
    """The job of what needs no measurement."""

    def __init__(self, made: PrimitiveResult[PubResult]) -> None:
        super().__init__("")
        self._made = made

    def result(self, timeout: float | None = None) -> PrimitiveResult[PubResult]:
        return self._made

    def status(self) -> JobStatus:
        return JobStatus.DONE

    def done(self) -> bool:
        return True

    def running(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def in_final_state(self) -> bool:
        return True

    def cancel(self) -> bool:
        return False
