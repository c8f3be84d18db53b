"""What IBM's EstimatorV2 gives back, against exact simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector
from qiskit_ibm_runtime import EstimatorV2

from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.runtime.circuits import SIGMA, assert_values_fit, random_native
from tests.quick.qiskit.runtime.traffic import Traffic

Watched = tuple[HubIBMBackend, Traffic]


def label(**letters: str) -> str:
    """A Pauli of 156 qubits: q3="X" is X on qubit 3."""
    word = ["I"] * 156
    for name, letter in letters.items():
        word[-1 - int(name[1:])] = letter
    return "".join(word)


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_of_paulis(watched_fez: Watched, seed: int) -> None:
    """A sum's standard error is at most that of its terms together."""
    backend, _ = watched_fez
    native = random_native(backend.target, seed=seed)
    rng = np.random.default_rng(seed)
    labels = ["".join(rng.choice(list("IXYZ"), 4)) for _ in range(6)]
    weights = rng.normal(size=6)
    compact = SparsePauliOp(labels, weights)
    placed = compact.apply_layout(list(native.qubits), 156)
    pub = (native.circuit, [placed, 2 * placed], None, 0.01)
    data = EstimatorV2(backend).run([pub]).result()[0].data
    exact = float(np.real(Statevector(native.compact).expectation_value(compact)))
    error = 0.01 * np.sum(
        [
            abs(w) * np.sqrt(max(0, 1 - native.value(text) ** 2))
            for w, text in zip(weights, labels, strict=True)
        ]
    )
    assert np.all(np.abs(data.evs - [exact, 2 * exact]) <= SIGMA * error * np.array([1, 2]) + 1e-9)
    assert np.all(data.stds <= error * np.array([1, 2]) + 1e-9)
    assert np.all(data.stds > 0)


@pytest.mark.parametrize(
    "observable",
    [
        label(q0="Z"),
        Pauli(label(q0="Z")),
        SparsePauliOp(label(q0="Z")),
        {label(q0="Z"): 1.0},
        SparsePauliOp([label(q0="Z"), label(q1="X")], [1.0, 0.0]),
    ],
    ids=["text", "Pauli", "SparsePauliOp", "dict", "sum"],
)
def test_observables_in_every_form(watched_fez: Watched, observable: Any) -> None:
    backend, _ = watched_fez
    circuit = QuantumCircuit(156)
    circuit.x(0)
    data = EstimatorV2(backend).run([(circuit, observable)]).result()[0].data
    assert data.evs.shape == ()
    assert data.evs == pytest.approx(-1, abs=1e-6)


def turned() -> QuantumCircuit:
    """Qubit 0 is turned by b, qubit 1 by a: by name, a is the first parameter."""
    first, second = Parameter("b"), Parameter("a")
    circuit = QuantumCircuit(156)
    for qubit, angle in ((0, first), (1, second)):
        circuit.sx(qubit)
        circuit.rz(angle + np.pi, qubit)  # sx rz(t + pi) sx is ry(t), up to phases
        circuit.sx(qubit)
    return circuit


def test_parameters_and_observables_are_broadcast(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    values = np.array([[0.2, 0.9], [1.4, 2.2], [2.9, 0.4]])
    observables = [[label(q0="Z")], [label(q1="Z")], [label(q0="Z", q1="Z")]]
    data = EstimatorV2(backend).run([(turned(), observables, values, 0.01)]).result()[0].data
    a, b = np.cos(values).T
    assert data.evs.shape == data.stds.shape == (3, 3)
    assert_values_fit(data.evs, np.array([b, a, a * b]), 10_000)


def test_parameters_by_name(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    given = {"b": [0.0, np.pi], "a": [np.pi, 0.0]}
    pub = (turned(), [[label(q0="Z")], [label(q1="Z")]], given)
    data = EstimatorV2(backend).run([pub]).result()[0].data
    np.testing.assert_allclose(data.evs, [[1, -1], [-1, 1]], atol=1e-6)


def test_precision_of_each_pub_of_the_call_and_of_the_options(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    estimator = EstimatorV2(backend)
    circuit = QuantumCircuit(156)
    circuit.sx(0)

    def told(*precisions: float | None, **given: Any) -> list[tuple[float, int]]:
        pubs = [(circuit, label(q0="Z"), None, precision) for precision in precisions]
        result = estimator.run(pubs, **given).result()
        for pub in result:  # <Z> is 0: its standard error is the precision
            assert pub.data.stds == pytest.approx(1 / np.sqrt(pub.metadata["shots"]), rel=1e-3)
        return [(pub.metadata["target_precision"], pub.metadata["shots"]) for pub in result]

    assert told(0.5, None) == [(0.5, 4), (0.015625, 4096)]
    assert told(0.5, None, precision=0.1) == [(0.5, 4), (0.1, 100)]
    estimator.options.default_precision = 0.2
    assert told(None) == [(0.2, 25)]
    estimator.options.default_shots = 400
    assert [shots for _, shots in told(None, 0.5)] == [400, 4]
    # The Hub counts a job by the most that one of its PUBs has.
    assert [body["shots"] for body in traffic.bodies] == [4096, 100, 25, 400]


def test_the_finest_precision_counts_within_the_hubs_range(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    circuit = QuantumCircuit(156)
    result = EstimatorV2(backend).run([(circuit, label(q0="X"), None, 0.001)]).result()
    assert result[0].metadata["shots"] == 1_000_000
    allowed = backend.hub_backend.configuration.shots_range
    assert traffic.bodies[0]["shots"] == allowed.max == 100_000


def test_a_seed_repeats_the_values(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    circuit = QuantumCircuit(156)
    circuit.sx(0)

    def values(seed: int) -> list[float]:
        estimator = EstimatorV2(backend, options={"seed_estimator": seed})
        data = estimator.run([(circuit, [label(q0="Z")] * 4)]).result()[0].data
        return [float(value) for value in data.evs]

    assert values(3) == values(3) != values(4)


def test_several_pubs_keep_their_places(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    pubs = []
    for number in range(5):
        circuit = QuantumCircuit(156, metadata={"number": number})
        circuit.x(number)
        pubs.append((circuit, [label(**{f"q{place}": "Z"}) for place in range(5)]))
    result = EstimatorV2(backend).run(pubs).result()
    for number, pub in enumerate(result):
        expected = np.ones(5)
        expected[number] = -1
        np.testing.assert_allclose(pub.data.evs, expected, atol=1e-6)
        assert pub.metadata["circuit_metadata"] == {"number": number}
    assert traffic.count("POST /jobs") == 1
