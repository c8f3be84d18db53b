"""Results of the Hub against exact amplitudes and Amazon's local simulator.

Sampled results: 4,000 shots, bounds of five standard deviations or more.
"""

import math

import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter, Observable
from braket.circuits import result_types as rt
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program
from braket.tasks import GateModelQuantumTaskResult

from qhub_braket import HubDevice

SHOTS = 4000
# Of an observable with eigenvalues -1 and 1: five standard deviations of the mean.
FIVE_SIGMA = 5 / math.sqrt(SHOTS)
theta, phi, x = FreeParameter("theta"), FreeParameter("phi"), FreeParameter("x")


def mixed() -> Circuit:
    """Amplitudes with different moduli and phases on three qubits."""
    circuit = Circuit().h(0).rx(1, 0.7).ry(2, 1.9).cnot(0, 1).t(1).cphaseshift(1, 2, 0.6)
    return circuit.xy(0, 2, 0.8).s(0).rz(1, -1.3).v(2)


def exactly(circuit: Circuit) -> np.ndarray:
    return LocalSimulator().run(circuit.copy().state_vector(), shots=0).result().values[0]


def distance(result: GateModelQuantumTaskResult, probabilities: np.ndarray) -> float:
    """Total variation distance between measured and exact probabilities."""
    width = len(result.measured_qubits)
    measured = np.zeros(2**width)
    for word, probability in result.measurement_probabilities.items():
        measured[int(word, 2)] = probability
    return 0.5 * float(np.abs(measured - probabilities).sum())


PHASES = {
    "mixed": mixed(),
    "gates on far qubits": Circuit().h(4).cnot(4, 1).rz(1, 0.4).iswap(1, 7).ry(7, 0.3),
    "global phase": Circuit().h(0).gphase(0.4),
    "controlled and powered": Circuit()
    .h(range(3))
    .rx(1, 0.9, control=0)
    .t(2, control=[0, 1])
    .rz(0, 0.7, power=0.5),
    "negative control": Circuit().h([0, 1]).ry(2, 0.5, control=[0, 1], control_state="01").si(2),
    "unitary": Circuit()
    .h(0)
    .unitary(matrix=np.array([[1, 1j], [1j, 1]]) / math.sqrt(2), targets=[1])
    .cz(0, 1),
    "native gates": Circuit()
    .h([0, 1])
    .gpi(0, 0.3)
    .gpi2(1, 0.2)
    .ms(0, 1, 0.1, 0.2, 0.3)
    .prx(0, 0.4, 0.5),
    "idle qubit": Circuit().h(0).i(2).ry(3, 0.4).cy(0, 3),
}


@pytest.mark.parametrize("name", PHASES)
def test_state_vectors_agree_in_modulus_and_phase(device: HubDevice, name: str) -> None:
    circuit = PHASES[name].copy().state_vector()
    result = device.run(circuit, shots=0).result()
    assert isinstance(result, GateModelQuantumTaskResult)
    np.testing.assert_allclose(result.values[0], exactly(PHASES[name]), atol=1e-9)


def test_amplitudes_are_those_of_the_textbook(device: HubDevice) -> None:
    circuit = Circuit().h(0).s(0).cnot(0, 1).amplitude(["00", "01", "11"])
    amplitudes = device.run(circuit, shots=0).result().values[0]
    expected = {"00": 1 / math.sqrt(2), "01": 0.0, "11": 1j / math.sqrt(2)}
    assert amplitudes.keys() == expected.keys()
    for state, amplitude in expected.items():
        assert amplitudes[state] == pytest.approx(amplitude, abs=1e-9)


def test_counts_follow_the_exact_probabilities(device: HubDevice) -> None:
    result = device.run(mixed(), shots=SHOTS).result()
    assert result.measurements.shape == (SHOTS, 3)
    assert result.measured_qubits == [0, 1, 2]
    assert sum(result.measurement_counts.values()) == SHOTS
    assert distance(result, np.abs(exactly(mixed())) ** 2) < 0.06


@pytest.mark.parametrize(
    ("measured", "word"),
    [
        ([0, 1, 2, 3], "1010"),
        ([3, 2, 1, 0], "0101"),
        ([2], "1"),
        ([1], "0"),
        ([3, 0], "01"),
        ([2, 1, 0], "101"),
    ],
)
def test_measured_qubits_keep_the_order_that_was_asked(
    device: HubDevice, measured: list[int], word: str
) -> None:
    circuit = Circuit().x(0).i(1).x(2).i(3).measure(measured)
    result = device.run(circuit, shots=5).result()
    assert result.measured_qubits == measured
    assert result.measurement_counts == {word: 5}
    assert result.measurements.tolist() == [[int(bit) for bit in word]] * 5
    local = LocalSimulator().run(circuit, shots=5).result()
    assert local.measurement_counts == result.measurement_counts
    assert local.measured_qubits == result.measured_qubits


def test_qubits_with_gaps_come_back_under_their_own_numbers(device: HubDevice) -> None:
    circuit = Circuit().x(9).i(3).cnot(9, 5)
    result = device.run(circuit, shots=3).result()
    assert result.measured_qubits == [3, 5, 9]
    assert result.measurement_counts == {"011": 3}


def test_a_partial_crossed_measurement_is_the_right_marginal(device: HubDevice) -> None:
    result = device.run(mixed().measure([2, 0]), shots=SHOTS).result()
    joint = (np.abs(exactly(mixed())) ** 2).reshape(2, 2, 2)
    assert distance(result, joint.sum(axis=1).T.reshape(-1)) < 0.05


HERMITIAN = Observable.Hermitian(np.array([[0.5, 0.2 - 0.3j], [0.2 + 0.3j, -0.7]]))
EXACT = {
    "state vector": rt.StateVector(),
    "density matrix": rt.DensityMatrix(),
    "density matrix of some": rt.DensityMatrix([2, 0]),
    "amplitude": rt.Amplitude(["010", "111"]),
}
EITHER = {
    "probability": rt.Probability(),
    "probability of some": rt.Probability([2, 0]),
    "expectation X": rt.Expectation(Observable.X(), 1),
    "expectation H": rt.Expectation(Observable.H(), 0),
    "expectation Hermitian": rt.Expectation(HERMITIAN, 2),
    "expectation Y@Z": rt.Expectation(Observable.Y() @ Observable.Z(), [2, 0]),
    "variance X@Hermitian": rt.Variance(Observable.X() @ HERMITIAN, [0, 2]),
    "variance Y": rt.Variance(Observable.Y(), 1),
}


@pytest.mark.parametrize("name", [*EXACT, *EITHER])
def test_exact_result_types(device: HubDevice, name: str) -> None:
    wish = {**EXACT, **EITHER}[name]
    circuit = mixed().add_result_type(wish)
    result = device.run(circuit, shots=0).result()
    expected = LocalSimulator().run(circuit, shots=0).result().values[0]
    value = result.get_value_by_result_type(wish)
    assert value is result.values[0]
    if isinstance(expected, dict):
        assert value == pytest.approx(expected, abs=1e-9)
    else:
        np.testing.assert_allclose(value, expected, atol=1e-9)
    assert result.measurements is None


@pytest.mark.parametrize("name", EITHER)
def test_sampled_result_types(device: HubDevice, name: str) -> None:
    circuit = mixed().add_result_type(EITHER[name])
    result = device.run(circuit, shots=SHOTS).result()
    expected = LocalSimulator().run(circuit, shots=0).result().values[0]
    value = result.get_value_by_result_type(EITHER[name])
    # The variance of squares is at most that of the values for eigenvalues within [-1, 1], twice over.
    np.testing.assert_allclose(value, expected, atol=2 * FIVE_SIGMA)
    assert result.measurements.shape[0] == SHOTS


def test_samples_are_eigenvalues_with_the_right_mean(device: HubDevice) -> None:
    wish = rt.Sample(Observable.X() @ Observable.Y(), [0, 2])
    values = np.array(device.run(mixed().add_result_type(wish), shots=SHOTS).result().values[0])
    exact = mixed().add_result_type(rt.Expectation(Observable.X() @ Observable.Y(), [0, 2]))
    mean = LocalSimulator().run(exact, shots=0).result().values[0]
    assert values.shape == (SHOTS,)
    assert set(values.tolist()) == {-1.0, 1.0}
    assert values.mean() == pytest.approx(mean, abs=FIVE_SIGMA)


def test_several_result_types_of_one_task(device: HubDevice) -> None:
    wishes = [
        rt.Expectation(Observable.Z(), 0),
        rt.Probability([1]),
        rt.Variance(Observable.X(), 2),
    ]
    circuit = mixed()
    for wish in wishes:
        circuit.add_result_type(wish)
    result = device.run(circuit, shots=0).result()
    expected = LocalSimulator().run(circuit, shots=0).result()
    for wish in reversed(wishes):
        np.testing.assert_allclose(
            result.get_value_by_result_type(wish),
            expected.get_value_by_result_type(wish),
            atol=1e-9,
        )


def test_an_observable_on_every_qubit(device: HubDevice) -> None:
    circuit = mixed().expectation(Observable.Z())
    expected = LocalSimulator().run(circuit, shots=0).result().values[0]
    np.testing.assert_allclose(device.run(circuit, shots=0).result().values[0], expected, atol=1e-9)


# Values of parameters: with control qubits, powers, expressions, a name that is also a gate's.
PARAMETRIC = (
    Circuit()
    .h(0)
    .rx(1, theta, control=0)
    .rz(0, 2 * theta - phi, power=0.5)
    .ry(2, x / 3)
    .x(1)
    .cphaseshift(0, 2, phi**2 + 0.1)
    .prx(1, theta, x)
)
VALUES = {"theta": -0.7, "phi": 1.3e-3, "x": 2}


def bound() -> Circuit:
    """The same, with numbers put in by hand."""
    a, b, c = VALUES["theta"], VALUES["phi"], VALUES["x"]
    circuit = Circuit().h(0).rx(1, a, control=0).rz(0, 2 * a - b, power=0.5).ry(2, c / 3).x(1)
    return circuit.cphaseshift(0, 2, b**2 + 0.1).prx(1, a, c)


def test_inputs_of_a_circuit(device: HubDevice) -> None:
    circuit = PARAMETRIC.copy().state_vector()
    value = device.run(circuit, shots=0, inputs={**VALUES, "unused": 1.0}).result().values[0]
    np.testing.assert_allclose(value, exactly(bound()), atol=1e-9)


def test_inputs_of_a_program(device: HubDevice) -> None:
    source = PARAMETRIC.copy().state_vector().to_ir().source
    program = Program(source=source, inputs={"theta": -0.7, "phi": 99.0, "x": 2.0})
    value = device.run(program, shots=0, inputs={"phi": VALUES["phi"]}).result().values[0]
    np.testing.assert_allclose(value, exactly(bound()), atol=1e-9)
    assert program.inputs["phi"] == 99.0


def test_inputs_where_a_block_gives_the_name_another_meaning(device: HubDevice) -> None:
    source = """OPENQASM 3.0;
    input float a;
    input int n;
    gate turn(a) q { rx(a) q; }
    qubit[2] q;
    turn(2 * a) q[0];
    ry(n / 4) q[1];
    #pragma braket result state_vector
    """
    program = Program(source=source, inputs={"a": 0.4, "n": 2})
    value = device.run(program, shots=0).result().values[0]
    expected = LocalSimulator().run(program, shots=0).result().values[0]
    np.testing.assert_allclose(value, expected, atol=1e-9)


def test_a_string_of_openqasm(device: HubDevice) -> None:
    source = "// a pair\nOPENQASM 3;\nqubit[2] q;\nbit[2] b;\nh q[0];\ncnot q[0], q[1];\nb = measure q;\n"
    counts = device.run(source, shots=1000).result().measurement_counts
    assert set(counts) == {"00", "11"}
    # Five standard deviations of a fair coin tossed 1,000 times.
    assert abs(counts["00"] - 500) < 80


def test_inputs_of_a_string(device: HubDevice) -> None:
    source = "OPENQASM 3.0;\ninput float a;\nqubit q;\nbit b;\nrx(a) q;\nb = measure q;"
    result = device.run(source, shots=4, inputs={"a": math.pi}).result()
    assert result.measurement_counts == {"1": 4}


def test_the_result_says_what_ran(device: HubDevice) -> None:
    task = device.run(Circuit().h(0), shots=12)
    result = task.result()
    assert result.task_metadata.shots == 12
    assert result.task_metadata.deviceId == "aws.sim.sv1"
    assert result.task_metadata.id == task.id
    assert "h q[0];" in result.additional_metadata.action.source
    assert result.measurements_copied_from_device
    assert result.measurements.dtype.kind == "i"


def test_many_shots_are_decoded_without_visiting_each_bit(device: HubDevice) -> None:
    result = device.run(Circuit().h(range(10)), shots=50_000).result()
    assert result.measurements.shape == (50_000, 10)
    assert result.measurements.mean() == pytest.approx(0.5, abs=0.01)
    # Each of the 1,024 words is expected 49 times.
    assert len(result.measurement_counts) == 1024
