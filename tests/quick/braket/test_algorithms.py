"""amazon-braket-algorithm-library, unmodified, on devices of the Hub. Expected values are the algorithms' own theory.

Sampled values: bounds of six standard errors.
"""

import math

import numpy as np
import pytest
from braket.circuits import Circuit, circuit
from braket.devices import LocalSimulator
from braket.experimental.algorithms.bells_inequality import (
    create_bell_inequality_circuits,
    get_bell_inequality_results,
    run_bell_inequality,
)
from braket.experimental.algorithms.quantum_approximate_optimization import cost_function, qaoa
from braket.experimental.algorithms.quantum_phase_estimation import (
    get_quantum_phase_estimation_results,
    quantum_phase_estimation_circuit,
    run_quantum_phase_estimation,
)
from scipy.optimize import minimize

from qhub_braket import HubDevice, HubProvider

pytestmark = pytest.mark.usefixtures("quiet")

SHOTS = 4000


class TestBellsInequality:
    """A singlet in bases that are turned against each other: the correlation is minus the cosine of the angle."""

    @pytest.mark.parametrize("id", ["aws.sim.sv1", "aws.ionq.forte", "aws.rigetti.cepheus"])
    def test_it_is_violated(self, ideal: HubProvider, id: str) -> None:
        tasks = run_bell_inequality(
            create_bell_inequality_circuits(), ideal.get_device(id), shots=SHOTS
        )
        values = get_bell_inequality_results(tasks, verbose=False)[1:]
        bound = 6 / math.sqrt(SHOTS)
        expected = [-math.cos(math.pi / 3), -math.cos(2 * math.pi / 3), -math.cos(math.pi / 3)]
        np.testing.assert_allclose(values, expected, atol=bound)
        same_ab, same_ac, same_bc = values
        assert abs(same_ab - same_ac) - same_bc > 1

    def test_exactly(self, device: HubDevice) -> None:
        tasks = run_bell_inequality(create_bell_inequality_circuits(), device, shots=0)
        values = get_bell_inequality_results(tasks, verbose=False)[1:]
        np.testing.assert_allclose(values, [-0.5, 0.5, -0.5], atol=1e-9)


class TestQaoa:
    RING = np.array([[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])

    def test_a_cost_is_that_of_the_local_simulator(self, device: HubDevice) -> None:
        ansatz = qaoa(4, 1, self.RING)
        coefficients = self.RING[self.RING.nonzero()]
        history: list[float] = []
        for values in ([0.3, 0.7], [1.1, -0.4]):
            args = (np.array(values), device, ansatz, coefficients, history)
            ours = cost_function(*args, shots=0)
            theirs = cost_function(np.array(values), LocalSimulator(), ansatz, coefficients, [], 0)
            assert ours == pytest.approx(theirs, abs=1e-9)
        assert len(history) == 2

    def test_it_finds_a_cut_of_the_ring(self, device: HubDevice) -> None:
        ansatz = qaoa(4, 1, self.RING)
        coefficients = self.RING[self.RING.nonzero()]
        history: list[float] = []
        found = minimize(
            cost_function,
            [0.6, 0.6],
            args=(device, ansatz, coefficients, history, 0),
            method="COBYLA",
            options={"maxiter": 40},
        )
        # One layer on a ring satisfies three quarters of the edges: -4 * (2 * 3/4 - 1).
        assert found.fun == pytest.approx(-2.0, abs=0.05)
        assert min(history) <= history[0]

    def test_with_shots_on_a_qpu(self, ideal: HubProvider) -> None:
        ansatz = qaoa(4, 1, self.RING)
        coefficients = self.RING[self.RING.nonzero()]
        qpu = ideal.get_device("aws.rigetti.cepheus")
        values = np.array([0.3, 0.7])
        exact = cost_function(values, LocalSimulator(), ansatz, coefficients, [], 0)
        sampled = cost_function(values, qpu, ansatz, coefficients, [], SHOTS)
        assert sampled == pytest.approx(exact, abs=4 * 6 / math.sqrt(SHOTS))


@circuit.subroutine(register=True)
def qpe_cnot_unitary(control: int, query: list[int]) -> Circuit:
    return Circuit().cnot(control, query)


class TestPhaseEstimation:
    """Of X on |+>, whose eigenvalue is 1, and on |->, whose is -1: phases of 0 and 1/2 of a turn."""

    # Not from qubit 0 on: the library takes that for none.
    PRECISION, QUERY = (1, 2), (3,)

    @pytest.mark.parametrize(("minus", "word", "phase"), [(False, "00", 0.0), (True, "10", 0.5)])
    @pytest.mark.parametrize("id", ["aws.sim.sv1", "aws.sim.dm1", "aws.rigetti.cepheus"])
    def test_it_finds_the_phase(
        self, ideal: HubProvider, id: str, minus: bool, word: str, phase: float
    ) -> None:
        prepared = Circuit().x(3).h(3) if minus else Circuit().h(3)
        whole = quantum_phase_estimation_circuit(
            prepared,
            self.PRECISION,
            self.QUERY,
            lambda circ, control, query: circ.qpe_cnot_unitary(control, query),
        )
        task = run_quantum_phase_estimation(whole, ideal.get_device(id), shots=1000)
        results = get_quantum_phase_estimation_results(task, self.PRECISION, self.QUERY)
        assert results["measured_qubits"] == [1, 2, 3]
        assert results["precision_results_dict"] == {word: 1000}
        assert results["phases_decimal"] == [phase]
        assert results["eigenvalue_estimates"][0] == (-1 if minus else 1)
        exact = LocalSimulator().run(whole, shots=0).result().values[0]
        # Six standard errors of a share of 1,000 shots.
        np.testing.assert_allclose(results["probs_values"], exact, atol=3 / math.sqrt(1000))

    def test_exactly(self, device: HubDevice) -> None:
        whole = quantum_phase_estimation_circuit(
            Circuit().h(3),
            self.PRECISION,
            self.QUERY,
            lambda circ, control, query: circ.qpe_cnot_unitary(control, query),
        )
        task = run_quantum_phase_estimation(whole, device, shots=0)
        results = get_quantum_phase_estimation_results(task, self.PRECISION, self.QUERY)
        np.testing.assert_allclose(results["probs_values"], [0.5, 0.5] + [0] * 6, atol=1e-9)
        assert results["measurement_counts"] is None
