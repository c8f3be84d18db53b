"""Every AWS device for circuits, without noise, against exact amplitudes of Amazon's local simulator.

Sampled results: 4,000 shots, bounds of six standard errors.
"""

import math
import threading

import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter, Observable
from braket.circuits import result_types as rt
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program

from qhub_braket import HubDevice, HubProvider

pytestmark = pytest.mark.usefixtures("quiet")

GATE_MODEL = ("aws.sim.sv1", "aws.sim.dm1", "aws.rigetti.cepheus", "aws.ionq.forte")
EXACT = GATE_MODEL[:2]
SHOTS = 4000
# Of the mean of values -1 and 1, whose standard deviation is at most 1.
SIX_ERRORS = 6 / math.sqrt(SHOTS)
# Of a share of the shots, whose standard deviation is at most 1/2.
SIX_SHARES = SIX_ERRORS / 2


@pytest.fixture(scope="module", params=GATE_MODEL)
def any_device(request: pytest.FixtureRequest, ideal: HubProvider) -> HubDevice:
    return ideal.get_device(request.param)


def mixed() -> Circuit:
    """Different moduli and phases on three qubits, with gates that each device has."""
    circuit = Circuit().h(0).rx(1, 0.7).ry(2, 1.9).cnot(0, 1).t(1).cnot(1, 2).s(0)
    return circuit.rz(2, 0.6).ry(0, 0.8).swap(1, 2).rx(2, -1.3).ti(0).h(1)


def probabilities(circuit: Circuit) -> np.ndarray:
    """Exact probabilities, one axis a qubit."""
    vector = LocalSimulator().run(circuit.copy().state_vector(), shots=0).result().values[0]
    return (np.abs(vector) ** 2).reshape([2] * circuit.qubit_count)


def assert_drawn_from(result: object, expected: np.ndarray) -> None:
    """Each word's share is within six standard errors of its probability."""
    assert sum(result.measurement_counts.values()) == SHOTS
    shares = np.zeros(expected.size)
    for word, count in result.measurement_counts.items():
        shares[int(word, 2)] = count / SHOTS
    np.testing.assert_allclose(shares, expected.reshape(-1), atol=SIX_SHARES)


def test_counts_follow_the_exact_probabilities(any_device: HubDevice) -> None:
    result = any_device.run(mixed(), shots=SHOTS).result()
    assert result.measured_qubits == [0, 1, 2]
    assert result.measurements.shape == (SHOTS, 3)
    assert_drawn_from(result, probabilities(mixed()))


def test_counts_and_measurements_are_the_same_outcomes(any_device: HubDevice) -> None:
    result = any_device.run(mixed(), shots=200).result()
    words = ["".join(map(str, row)) for row in result.measurements]
    assert {word: words.count(word) for word in set(words)} == dict(result.measurement_counts)
    assert list(dict.fromkeys(words)) == list(result.measurement_counts)
    shares = {word: count / 200 for word, count in result.measurement_counts.items()}
    assert result.measurement_probabilities == shares


def test_a_partial_crossed_measurement_is_the_right_marginal(any_device: HubDevice) -> None:
    result = any_device.run(mixed().measure([2, 0]), shots=SHOTS).result()
    assert result.measured_qubits == [2, 0]
    assert_drawn_from(result, probabilities(mixed()).sum(axis=1).T)


@pytest.mark.parametrize(
    ("measured", "word"),
    [([0, 1, 2, 3], "1010"), ([3, 2, 1, 0], "0101"), ([2], "1"), ([3, 0], "01")],
)
def test_measured_qubits_keep_the_order_that_was_asked(
    any_device: HubDevice, measured: list[int], word: str
) -> None:
    circuit = Circuit().x(0).rz(1, 0.1).x(2).rz(3, 0.1).measure(measured)
    result = any_device.run(circuit, shots=5).result()
    assert result.measured_qubits == measured
    assert result.measurement_counts == {word: 5}
    local = LocalSimulator().run(circuit, shots=5).result()
    assert (local.measured_qubits, local.measurement_counts) == (measured, {word: 5})


def test_qubits_with_gaps_come_back_under_their_own_numbers(any_device: HubDevice) -> None:
    result = any_device.run(Circuit().x(9).rz(3, 0.1).cnot(9, 5), shots=3).result()
    assert result.measured_qubits == [3, 5, 9]
    assert result.measurement_counts == {"011": 3}


WISHES = {
    "probability": rt.Probability(),
    "probability of some": rt.Probability([2, 0]),
    "expectation X": rt.Expectation(Observable.X(), 1),
    "expectation H": rt.Expectation(Observable.H(), 0),
    "expectation Y@Z": rt.Expectation(Observable.Y() @ Observable.Z(), [2, 0]),
    "expectation Z@I@X": rt.Expectation(
        Observable.Z() @ Observable.I() @ Observable.X(), [0, 1, 2]
    ),
    "variance X@H": rt.Variance(Observable.X() @ Observable.H(), [0, 2]),
}


@pytest.mark.parametrize("name", WISHES)
def test_sampled_result_types(any_device: HubDevice, name: str) -> None:
    circuit = mixed().add_result_type(WISHES[name])
    result = any_device.run(circuit, shots=SHOTS).result()
    expected = LocalSimulator().run(circuit, shots=0).result().values[0]
    # A variance is 1 - mean**2: its error is at most twice that of the mean.
    np.testing.assert_allclose(
        result.get_value_by_result_type(WISHES[name]), expected, atol=2 * SIX_ERRORS
    )
    assert result.measurements.shape[0] == SHOTS


def test_samples_have_the_right_mean(any_device: HubDevice) -> None:
    product = Observable.X() @ Observable.Y()
    values = any_device.run(mixed().sample(product, [0, 2]), shots=SHOTS).result().values[0]
    exact = LocalSimulator().run(mixed().expectation(product, [0, 2]), shots=0).result().values[0]
    assert set(np.array(values).tolist()) == {-1.0, 1.0}
    assert np.mean(values) == pytest.approx(exact, abs=SIX_ERRORS)


@pytest.mark.parametrize("id", EXACT)
@pytest.mark.parametrize(
    "wish",
    [
        *WISHES.values(),
        rt.DensityMatrix(),
        rt.DensityMatrix([2, 0]),
        rt.Expectation(Observable.Hermitian(np.array([[0.5, -0.3j], [0.3j, -0.7]])), 2),
    ],
    ids=str,
)
def test_exact_result_types(ideal: HubProvider, id: str, wish: object) -> None:
    circuit = mixed().add_result_type(wish)
    result = ideal.get_device(id).run(circuit, shots=0).result()
    expected = LocalSimulator().run(circuit, shots=0).result().values[0]
    np.testing.assert_allclose(result.get_value_by_result_type(wish), expected, atol=1e-9)
    assert result.measurements is None


def test_inputs_in_a_circuit_a_program_and_a_string(any_device: HubDevice) -> None:
    theta = FreeParameter("theta")
    circuit = Circuit().rx(0, theta).ry(1, 2 * theta).cnot(0, 1)
    source = circuit.to_ir().source
    expected = probabilities(Circuit().rx(0, 0.9).ry(1, 1.8).cnot(0, 1))
    for program in (circuit, Program(source=source, inputs={"theta": 7.0}), source):
        result = any_device.run(program, shots=SHOTS, inputs={"theta": 0.9}).result()
        assert_drawn_from(result, expected)


def test_batches(any_device: HubDevice) -> None:
    theta = FreeParameter("theta")
    circuit = Circuit().rx(0, theta).cnot(0, 1)
    angles = [0.0, math.pi, 0.0, math.pi]
    batch = any_device.run_batch(
        circuit, shots=[1, 2, 3, 4], inputs=[{"theta": angle} for angle in angles]
    )
    words = [dict(result.measurement_counts) for result in batch.results()]
    assert words == [{"00": 1}, {"11": 2}, {"00": 3}, {"11": 4}]
    assert not batch.unfinished
    assert not batch.unsuccessful


def test_threads_share_a_device(any_device: HubDevice) -> None:
    seen: dict[int, dict[str, int]] = {}

    def work(number: int) -> None:
        circuit = Circuit().rx(0, math.pi * (number % 2)).rz(1, 0.1)
        seen[number] = dict(any_device.run(circuit, shots=number + 1).result().measurement_counts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: {f"{number % 2}0": number + 1} for number in range(8)}


class TestNativeGates:
    """Verbatim boxes, on the device's own qubits."""

    def test_a_box_on_cepheus(self, ideal: HubProvider) -> None:
        device = ideal.get_device("aws.rigetti.cepheus")
        half = math.pi / 2
        inner = Circuit().rx(10, half).rz(10, 0.4).rx(11, half).cz(10, 11).rx(11, half).rz(11, 1.1)
        inner = inner.rx(10, half)
        result = device.run(Circuit().add_verbatim_box(inner), shots=SHOTS).result()
        assert result.measured_qubits == [10, 11]
        assert_drawn_from(result, probabilities(inner))

    def test_a_box_on_forte(self, ideal: HubProvider) -> None:
        device = ideal.get_device("aws.ionq.forte")
        inner = Circuit().gpi2(7, 0.2).zz(7, 3, 0.9).gpi(3, 0.3).gpi2(3, 0.1).gpi2(7, 0.5)
        result = device.run(Circuit().add_verbatim_box(inner), shots=SHOTS).result()
        assert sorted(result.measured_qubits) == [3, 7]
        exact = probabilities(inner)  # axis 0 is qubit 3
        assert_drawn_from(result, exact if result.measured_qubits == [3, 7] else exact.T)

    def test_a_box_in_a_text(self, ideal: HubProvider) -> None:
        device = ideal.get_device("aws.rigetti.cepheus")
        inner = Circuit().add_verbatim_box(Circuit().rx(4, math.pi).cz(4, 5))
        source = inner.to_ir().source
        for program in (source, Program(source=source), inner):
            task = device.run(program, shots=5)
            assert task.metadata()["hub"]["input_params"] == {"disable_qubit_rewiring": True}
            result = task.result()
            assert result.measured_qubits == [4, 5]
            assert result.measurement_counts == {"10": 5}

    def test_a_box_beside_gates_that_are_compiled(self, ideal: HubProvider) -> None:
        device = ideal.get_device("aws.rigetti.cepheus")
        circuit = Circuit().x(0).add_verbatim_box(Circuit().rx(0, math.pi / 2)).ry(1, 0.4)
        exact = probabilities(Circuit().x(0).rx(0, math.pi / 2).ry(1, 0.4))
        assert_drawn_from(device.run(circuit, shots=SHOTS).result(), exact)

    def test_no_rewiring(self, ideal: HubProvider) -> None:
        for name in ("aws.rigetti.cepheus", "aws.ionq.forte"):
            task = ideal.get_device(name).run(
                Circuit().x(5).cnot(5, 6), shots=5, disable_qubit_rewiring=True
            )
            sent = ideal.client.jobs.input(task.id)["qasm"]
            assert "x $5;" in sent
            assert task.metadata()["hub"]["input_params"] == {"disable_qubit_rewiring": True}
            result = task.result()
            assert result.measured_qubits == [5, 6]
            assert result.measurement_counts == {"11": 5}
