"""The bridge: counts and values of every vendor's system against exact probabilities.

Bounds: a measured distribution lies at most as far from the exact one as one in 10^12 samples does; a mean within six
standard errors.
"""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from braket.circuits import Circuit, Observable, ResultType
from braket.circuits import result_types as rt
from braket.devices import LocalSimulator
from braket.tasks import GateModelQuantumTaskResult
from scipy.stats import unitary_group

from qhub_braket import HubDevice, HubProvider
from shared_transport import ServerError

pytestmark = pytest.mark.usefixtures("quiet")

DEVICES = (
    "azure.ionq.simulator",
    "ibm.qpu.fez",
    "ibm.qpu.miami",
    "iqm.qpu.garnet",
    "kipu.sim.qsim",
    "qudora.sim.xg1",
)
PHOTONIC = "quandela.sim.altair"
SHOTS = 4000
HERMITIAN = np.array([[0.5, 0.2 - 0.3j], [0.2 + 0.3j, -0.7]])
UNITARY = unitary_group.rvs(4, random_state=3)
GATES = (
    lambda circuit, a, b, c, angle: circuit.h(a).t(b).vi(c),
    lambda circuit, a, b, c, angle: circuit.u(a, angle, 0.4, -1.1).s(b),
    lambda circuit, a, b, c, angle: circuit.gpi2(a, angle).prx(b, angle, 0.7),
    lambda circuit, a, b, c, angle: circuit.cnot(a, b).rx(b, angle),
    lambda circuit, a, b, c, angle: circuit.xy(a, b, angle),
    lambda circuit, a, b, c, angle: circuit.cphaseshift01(b, c, angle).h(b),
    lambda circuit, a, b, c, angle: circuit.iswap(a, c).rz(a, angle),
    lambda circuit, a, b, c, angle: circuit.ms(a, b, 0.2, angle, 0.9),
    lambda circuit, a, b, c, angle: circuit.cswap(a, b, c).ecr(a, c),
    lambda circuit, a, b, c, angle: circuit.unitary(matrix=UNITARY, targets=[b, a]),
)


@pytest.fixture(scope="module", params=DEVICES)
def bridged(request: pytest.FixtureRequest, ideal: HubProvider) -> HubDevice:
    return ideal.get_device(request.param)


def random_circuit(seed: int, qubits: list[int], gates: int = 12) -> Circuit:
    """Gates of each of Braket's kinds on qubits of any numbers."""
    rng = random.Random(seed)
    circuit = Circuit()
    for qubit in qubits:
        circuit.ry(qubit, rng.uniform(0.3, 2.5))
    for _ in range(gates):
        a, b, c = rng.sample(qubits, 3)
        rng.choice(GATES)(circuit, a, b, c, rng.uniform(-3, 3))
    return circuit


def exactly(circuit: Circuit, measured: list[int]) -> np.ndarray:
    """Exact probabilities of the measured qubits' words, the first qubit as the most significant bit."""
    vector = LocalSimulator().run(circuit.copy().state_vector(), shots=0).result().values[0]
    qubits = sorted(int(qubit) for qubit in circuit.qubits)
    joint = (np.abs(vector) ** 2).reshape((2,) * len(qubits))
    places = [qubits.index(qubit) for qubit in measured]
    others = tuple(place for place in range(len(qubits)) if place not in places)
    kept = sorted(places)
    return joint.sum(axis=others).transpose([kept.index(place) for place in places]).reshape(-1)


def distance(result: GateModelQuantumTaskResult, probabilities: np.ndarray) -> float:
    """Total variation distance between measured and exact probabilities."""
    measured = np.zeros(len(probabilities))
    for word, probability in result.measurement_probabilities.items():
        measured[int(word, 2)] = probability
    return 0.5 * float(np.abs(measured - probabilities).sum())


def bound(outcomes: int, shots: int) -> float:
    """Its mean is at most the first term; above that by the second, one in 10^12 samples lies (McDiarmid)."""
    return 0.5 * math.sqrt(2 * outcomes / (math.pi * shots)) + math.sqrt(
        math.log(1e12) / (2 * shots)
    )


@pytest.mark.parametrize(
    ("qubits", "measured"),
    [
        ([0, 1, 2, 3], None),
        ([0, 1, 2, 3], [3, 0, 2, 1]),
        ([9, 4, 17, 12], [17, 4]),
        ([5, 3, 8], [8, 3, 5]),
    ],
    ids=str,
)
def test_random_circuits(bridged: HubDevice, qubits: list[int], measured: list[int] | None) -> None:
    circuit = random_circuit(sum(qubits) + 3, qubits)
    asked = circuit.copy().measure(measured) if measured else circuit
    measured = measured or sorted(qubits)
    result = bridged.run(asked, shots=SHOTS).result()
    assert isinstance(result, GateModelQuantumTaskResult)
    assert result.measured_qubits == measured
    assert result.measurements.shape == (SHOTS, len(measured))
    assert result.measurements.dtype.kind == "i"
    words = ["".join(map(str, row)) for row in result.measurements.tolist()]
    assert {word: words.count(word) for word in set(words)} == dict(result.measurement_counts)
    assert distance(result, exactly(circuit, measured)) < bound(2 ** len(measured), SHOTS)


def test_each_bit_is_that_of_its_qubit(bridged: HubDevice) -> None:
    circuit = Circuit().x(11).i(2).x(6).i(4).cnot(6, 4).swap(2, 11).measure([4, 11, 2, 6])
    result = bridged.run(circuit, shots=20).result()
    assert result.measured_qubits == [4, 11, 2, 6]
    assert result.measurement_counts == {"1011": 20}
    assert result.measurements.tolist() == [[1, 0, 1, 1]] * 20


def test_qubits_that_nothing_touches_are_not_there_and_idle_ones_are_zero(
    bridged: HubDevice,
) -> None:
    result = bridged.run(Circuit().x(7).i(1), shots=9).result()
    assert result.measured_qubits == [1, 7]
    assert result.measurement_counts == {"01": 9}


WISHES = {
    "one qubit each": [
        rt.Expectation(Observable.X(), 3),
        rt.Variance(Observable.Z(), 8),
        rt.Expectation(Observable.Hermitian(HERMITIAN), 5),
        rt.Sample(Observable.X(), 3),
        rt.Probability([8]),
    ],
    "products": [
        rt.Expectation(Observable.Y() @ Observable.Z(), [8, 3]),
        rt.Variance(Observable.Hermitian(HERMITIAN) @ Observable.Y(), [5, 8]),
        rt.Sample(Observable.Y() @ Observable.Hermitian(HERMITIAN) @ Observable.Z(), [8, 5, 3]),
        rt.Expectation(Observable.Z(), 3),
    ],
    "a matrix of two qubits": [
        rt.Expectation(Observable.Hermitian(np.kron(HERMITIAN, HERMITIAN.T)), [8, 3]),
        rt.Variance(Observable.H(), 5),
    ],
    "every qubit": [rt.Expectation(Observable.H())],
    "every word": [rt.Probability(), rt.Sample(Observable.Z() @ Observable.I(), [8, 3])],
}


def with_wishes(circuit: Circuit, wishes: list[ResultType]) -> Circuit:
    for wish in wishes:
        circuit.add_result_type(wish)
    return circuit


def check_value(wish: ResultType, value: Any, circuit: Circuit, shots: int) -> None:
    """Hold a sampled value against the exact one."""
    if isinstance(wish, rt.Probability):
        qubits = [int(q) for q in wish.target] or sorted(int(q) for q in circuit.qubits)
        exact = exactly(circuit, qubits)
        assert 0.5 * np.abs(value - exact).sum() < bound(len(exact), shots)
        return
    targets = [[int(q) for q in wish.target]] if wish.target else [[int(q)] for q in circuit.qubits]
    values = [value] if wish.target else value
    assert len(values) == len(targets)
    for one, target in zip(values, targets, strict=True):
        exact = with_wishes(
            circuit.copy(),
            [rt.Expectation(wish.observable, target), rt.Variance(wish.observable, target)],
        )
        mean, variance = LocalSimulator().run(exact, shots=0).result().values
        eigenvalues = wish.observable.eigenvalues
        spread = float(max(eigenvalues) - min(eigenvalues))
        if isinstance(wish, rt.Variance):
            # A squared distance from the mean lies between 0 and spread squared.
            assert one == pytest.approx(variance, abs=6 * spread**2 / 2 / math.sqrt(shots))
            continue
        if isinstance(wish, rt.Sample):
            assert len(one) == shots
            assert np.abs(np.subtract.outer(one, eigenvalues)).min(axis=1).max() < 1e-9
        error = 6 * math.sqrt(variance / shots) + 1e-9
        assert np.mean(one) == pytest.approx(mean, abs=error)


@pytest.mark.parametrize("name", WISHES)
def test_values_from_shots(bridged: HubDevice, name: str) -> None:
    circuit = random_circuit(4, [3, 5, 8], gates=6)
    asked = with_wishes(circuit.copy(), WISHES[name])
    result = bridged.run(asked, shots=SHOTS).result()
    assert result.measured_qubits == [3, 5, 8]
    assert len(result.values) == len(result.result_types) == len(WISHES[name])
    for wish, value in zip(WISHES[name], result.values, strict=True):
        assert result.get_value_by_result_type(wish) is value
        check_value(wish, value, circuit, SHOTS)


def test_an_observable_brings_its_qubit_along(bridged: HubDevice) -> None:
    circuit = Circuit().x(2).expectation(Observable.Z() @ Observable.Z(), [2, 6])
    result = bridged.run(circuit, shots=30).result()
    assert result.measured_qubits == [2, 6]
    assert result.values == [-1]


def test_photons_keep_the_shots_that_came(ideal: HubProvider) -> None:
    device = ideal.get_device(PHOTONIC)
    circuit = Circuit().ry(9, 0.8).ry(2, 1.7).cnot(9, 2).rz(2, 0.6).h(2)
    shots = 40_000
    result = device.run(circuit.copy().measure([9, 2]), shots=shots).result()
    kept = len(result.measurements)
    # One in nine, within six standard deviations of the binomial distribution.
    assert abs(kept - shots / 9) < 6 * math.sqrt(shots * 8 / 81)
    assert result.measured_qubits == [9, 2]
    assert result.task_metadata.shots == shots
    assert sum(result.measurement_counts.values()) == kept
    assert distance(result, exactly(circuit, [9, 2])) < bound(4, kept)
    wishes = [
        rt.Expectation(Observable.X() @ Observable.Y(), [2, 9]),
        rt.Variance(Observable.X(), 2),
    ]
    result = device.run(with_wishes(circuit.copy(), wishes), shots=shots).result()
    for wish, value in zip(wishes, result.values, strict=True):
        check_value(wish, value, circuit, len(result.measurements))


def test_photons_of_which_none_was_kept(ideal: HubProvider) -> None:
    """At three entangling gates about one in 700 shots survives."""
    device = ideal.get_device(PHOTONIC)
    circuit = Circuit().h(0).cnot(0, 1).cnot(1, 2).cnot(2, 3)
    result = device.run(circuit, shots=1).result()
    assert result.measurements.shape == (0, 4)
    assert result.measurement_counts == {}
    with pytest.raises(ServerError, match=r"none of its 1 shots"):
        device.run(circuit.copy().expectation(Observable.Z(), 0), shots=1).result()
