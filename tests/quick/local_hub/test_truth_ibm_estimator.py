"""IBM's EstimatorV2 against exact expectation values, through IBM's own encoder and decoder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import Pauli, SparsePauliOp, Statevector

from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.ibm_hub import FEZ, NAMES, isa, post, run, verdict

OBSERVABLES = ("IIZ", "XIY", "ZXX", "YYI")


def _state() -> QuantumCircuit:
    """Three entangled qubits with phases: no two of the observables' values are near each other or near 0."""
    circuit = QuantumCircuit(3)
    for qubit, angle in enumerate((0.4, 1.3, 2.1)):
        circuit.ry(angle, qubit)
        circuit.rz(0.3 + angle, qubit)
    circuit.cx(0, 1)
    circuit.t(1)
    circuit.cx(1, 2)
    circuit.sx(0)
    return circuit


def _exact(circuit: QuantumCircuit, observable: Any) -> float:
    return float(np.real(Statevector(circuit).expectation_value(observable)))


def _pub(hub: HubProcess, backend: str, circuit: QuantumCircuit, *rest: Any) -> EstimatorPub:
    """A PUB for the device: the observables follow their qubits."""
    placed = isa(hub, backend, circuit)
    observables = [SparsePauliOp(text).apply_layout(placed.layout) for text in OBSERVABLES]
    return EstimatorPub.coerce((placed, observables, *rest))


@pytest.mark.parametrize("name", NAMES)
def test_every_backend(ideal_hub: HubProcess, name: str) -> None:
    backend = f"ibm.qpu.{name}"
    pub = _pub(ideal_hub, backend, _state())
    result = run(ideal_hub, "estimator", backend, pubs=[pub], precision=0.005)[0]
    exact = np.array([_exact(_state(), Pauli(text)) for text in OBSERVABLES])
    assert np.ptp(exact) > 0.3
    np.testing.assert_allclose(result.data.evs, exact, atol=5 * 0.005)
    errors = 0.005 * np.sqrt(1 - exact**2)  # of one Pauli, by so many shots
    np.testing.assert_allclose(result.data.stds, errors, rtol=0.01)
    assert result.metadata["shots"] == 40_000
    assert result.metadata["target_precision"] == 0.005


def test_sums_weights_and_projectors(ideal_hub: HubProcess) -> None:
    observables = [{"ZZI": 0.5, "XXI": -1.25, "III": 2.0}, {"01+": 1.0}, {"rlI": 3.0}]
    matrices = {
        "0": np.diag([1, 0]),
        "1": np.diag([0, 1]),
        "+": np.full((2, 2), 0.5),
        "r": np.array([[1, -1j], [1j, 1]]) / 2,
        "l": np.array([[1, 1j], [-1j, 1]]) / 2,
        **{letter: Pauli(letter).to_matrix() for letter in "IXYZ"},
    }
    exact = []
    vector = Statevector(_state()).data
    for observable in observables:
        total = 0.0
        for label, weight in observable.items():
            matrix = np.eye(1)
            for letter in label:
                matrix = np.kron(matrix, matrices[letter])
            total += weight * np.real(vector.conj() @ matrix @ vector)
        exact.append(total)
    data = run(ideal_hub, "estimator", pubs=[(_state(), observables)], precision=0.003)[0].data
    assert np.all(np.abs(data.evs - exact) < 5 * data.stds + 1e-9)
    assert np.all(data.stds < 0.01)


def test_parameters_and_observables_are_broadcast(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(2)
    first, second = Parameter("b"), Parameter("a")  # by name, a is the first column
    circuit.rx(first, 0)
    circuit.rx(second, 1)
    values = np.array([[0.2, 0.9], [1.4, 2.2], [2.9, 0.4]])
    observables = np.array([{"IZ": 1.0}, {"ZI": 1.0}], dtype=object)[:, None]
    placed = isa(ideal_hub, FEZ, circuit, initial_layout=[3, 4])
    moved = [
        [{Pauli(str(key)).apply_layout(placed.layout).to_label(): 1.0 for key in cell}]
        for (cell,) in observables
    ]
    data = run(ideal_hub, "estimator", pubs=[(placed, moved, values, 0.004)])[0].data
    exact = np.array([np.cos(values[:, 1]), np.cos(values[:, 0])])  # b turns qubit 0, a qubit 1
    assert data.evs.shape == data.stds.shape == (2, 3)
    np.testing.assert_allclose(data.evs, exact, atol=0.02)


def test_repeated_runs_spread_as_asked(ideal_hub: HubProcess) -> None:
    """Four hundred estimates of one value: their mean and their spread."""
    circuit = QuantumCircuit(1)
    circuit.ry(1.0, 0)
    pub = (circuit, [{"Z": 1.0}] * 400, None, 0.05)
    data = run(ideal_hub, "estimator", pubs=[pub])[0].data
    spread = 0.05 * math.sin(1.0)
    assert abs(data.evs.mean() - math.cos(1.0)) < 5 * spread / 20
    assert abs(data.evs.std() / spread - 1) < 0.15
    np.testing.assert_allclose(data.stds, spread, rtol=1e-6)


def test_where_precision_comes_from(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    pubs = [(isa(ideal_hub, FEZ, circuit), "Z" * 156, None, 0.5), (circuit, "Z")]

    def shots(**given: Any) -> list[int]:
        return [
            entry.metadata["shots"] for entry in run(ideal_hub, "estimator", pubs=pubs, **given)
        ]

    assert shots() == [4, 4096]
    assert shots(options={"default_precision": 0.1}) == [4, 100]
    assert shots(options={"default_precision": 0.1, "default_shots": 300}) == [4, 300]
    assert shots(precision=0.2, options={"default_precision": 0.1}) == [4, 25]


def test_readout_errors_fade_a_value_and_mitigation_brings_it_back(hub: HubProcess) -> None:
    circuit = QuantumCircuit(156)
    circuit.x(4)
    circuit.x(5)
    label = "".join("Z" if qubit in (4, 5) else "I" for qubit in reversed(range(156)))
    properties = hub.http.get(f"/backends/{FEZ}/config").json()["properties"]
    errors = [
        next(
            entry["value"]
            for entry in properties["qubits"][qubit]
            if entry["name"] == "readout_error"
        )
        for qubit in (4, 5)
    ]
    faded = math.prod(1 - 2 * error for error in errors)
    assert faded < 0.995

    def value(level: int) -> tuple[float, float]:
        given = {"pubs": [(circuit, label)], "precision": 5e-4, "resilience_level": level}
        data = run(hub, "estimator", **given)[0].data
        return float(data.evs), float(data.stds)

    (raw, raw_error), (mended, mended_error) = value(0), value(1)
    # Two x gates add some 1e-3 of their own.
    assert abs(mended - raw / faded) < 5 * mended_error
    assert abs(raw - faded) < 4e-3
    assert abs(mended_error / raw_error * faded - 1) < 0.2


def test_a_hundred_qubits_of_clifford_gates(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(100)
    circuit.h(0)
    for qubit in range(99):
        circuit.cx(qubit, qubit + 1)
    placed = isa(ideal_hub, FEZ, circuit)
    whole = SparsePauliOp(["X" * 100, "Z" + "I" * 98 + "Z", "Z" + "I" * 99])
    observables = [term.apply_layout(placed.layout) for term in whole]
    pub = EstimatorPub.coerce((placed, observables))
    data = run(ideal_hub, "estimator", pubs=[pub])[0].data
    np.testing.assert_array_equal(data.evs[:2], [1.0, 1.0])
    assert abs(data.evs[2]) < 0.08


def test_metadata_says_what_was_on_and_what_had_no_effect(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    result = run(ideal_hub, "estimator", pubs=[(circuit, "Z")], resilience_level=2)
    assert result.metadata["resilience"] == {
        "measure_mitigation": True,
        "zne_mitigation": True,
        "pec_mitigation": False,
    }
    assert result.metadata["twirling"]["enable_gates"] is True
    assert result.metadata["dynamical_decoupling"]["enable"] is False
    assert result.metadata["version"] == 2
    assert result.metadata["local_hub"]["not_simulated"] == [
        "twirling.enable_gates",
        "twirling.enable_measure",
        "resilience.zne_mitigation",
    ]
    assert result[0].metadata["num_randomizations"] == 32


def test_a_seed_of_the_user_repeats_the_values(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.sx(0)

    def values(seed: int) -> list[float]:
        pub = (circuit, ["Z"] * 5)
        options = {"seed_estimator": seed}
        data = run(ideal_hub, "estimator", pubs=[pub], options=options)[0].data
        return [float(value) for value in data.evs]

    assert values(3) == values(3) != values(4)


def _refusals() -> dict[str, tuple[list[Any], str]]:
    plain = QuantumCircuit(1)
    plain.sx(0)
    middle = QuantumCircuit(1, 1)
    middle.measure(0, 0)
    middle.x(0)
    dynamic = QuantumCircuit(1)
    dynamic.add_register(ClassicalRegister(1, "c"))
    with dynamic.if_test((dynamic.clbits[0], 1)):
        dynamic.x(0)
    return {
        "measurement": ([middle, "Z"], "an estimator measures by itself"),
        "control flow": ([dynamic, "Z"], "an estimator measures by itself"),
        "no observable": ([plain], "has 1 parts: circuit, observables"),
        "wide": ([plain, "ZZ"], "is no PUB of an estimator"),
        "letters": ([plain, "Q"], "is no PUB of an estimator"),
        "empty": ([plain, []], "has an empty array of observables"),
        "fine": ([plain, "Z", None, 1e-7], "asks for precision 1e-07"),
        "values": ([plain, "Z", [1.0, 2.0]], "is no PUB of an estimator"),
        "many": (
            [_turned(), [[{"Z": 1}]] * 2000, np.zeros((2000, 1))],
            "4000000 expectation values",
        ),
    }


def _turned() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rz(Parameter("a"), 0)
    return circuit


@pytest.mark.parametrize("kind", _refusals())
def test_what_is_refused(ideal_hub: HubProcess, kind: str) -> None:
    pub, said = _refusals()[kind]
    assert said in verdict(ideal_hub, post(ideal_hub, "estimator", pubs=[pub]))
