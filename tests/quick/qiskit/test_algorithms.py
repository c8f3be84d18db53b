"""qiskit-algorithms and qiskit-experiments, unmodified, on Hub backends."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit, generate_preset_pass_manager, transpile
from qiskit.circuit.library import QAOAAnsatz, efficient_su2
from qiskit.quantum_info import DensityMatrix, SparsePauliOp, Statevector, state_fidelity
from qiskit_algorithms import QAOA, VQE, AmplificationProblem, Grover
from qiskit_algorithms.optimizers import COBYLA, SPSA
from qiskit_algorithms.utils import algorithm_globals
from qiskit_experiments.library import (
    T1,
    LocalReadoutError,
    StateTomography,
)

from qhub_qiskit import HubEstimator, HubProvider, HubSampler

# H2 at 0.735 angstrom, two qubits: its lowest energy is -1.8573 hartree (Qiskit's textbook figures).
H2 = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [-1.052373245772859, 0.39793742484318045, -0.39793742484318045, -0.01128010425623538,
     0.18093119978423156],
)  # fmt: skip


@pytest.fixture(autouse=True)
def seeded():
    algorithm_globals.random_seed = 5


@pytest.fixture(scope="module")
def exact_hub() -> HubProvider:
    return HubProvider.local(seed=7, noise=False)


def test_vqe_finds_the_ground_state(exact_hub):
    backend = exact_hub.get_backend("aws.sim.sv1")
    ansatz = transpile(efficient_su2(2, reps=1), backend, optimization_level=1)
    vqe = VQE(
        HubEstimator(backend, default_precision=0.02),
        ansatz,
        SPSA(maxiter=40, learning_rate=0.2, perturbation=0.1),
        initial_point=np.full(ansatz.num_parameters, 0.4),
    )
    result = vqe.compute_minimum_eigenvalue(H2)
    # The last parameters are judged exactly: VQE's own value has the noise of its shots.
    state = Statevector(ansatz.assign_parameters(result.optimal_point))
    lowest = np.linalg.eigvalsh(H2.to_matrix())[0]
    assert state.expectation_value(H2).real < lowest + 0.15


def test_qaoa_cuts_a_square(exact_hub):
    backend = exact_hub.get_backend("kipu.sim.qsim")
    cost = SparsePauliOp.from_sparse_list([("ZZ", [i, (i + 1) % 4], 0.5) for i in range(4)], 4)
    qaoa = QAOA(
        HubSampler(backend, default_shots=1000),
        COBYLA(maxiter=25),
        reps=2,
        initial_point=[0.8, 0.4, 0.4, 0.8],
        transpiler=generate_preset_pass_manager(1, backend=backend, seed_transpiler=1),
    )
    result = qaoa.compute_minimum_eigenvalue(cost)
    assert result.best_measurement["bitstring"] in ("0101", "1010")
    assert isinstance(QAOAAnsatz(cost).num_qubits, int)


def test_grover_finds_the_marked_word(exact_hub):
    backend = exact_hub.get_backend("aws.sim.sv1")
    oracle = QuantumCircuit(3)
    oracle.ccz(0, 1, 2)
    problem = AmplificationProblem(oracle, is_good_state=["111"])
    grover = Grover(
        iterations=2,
        sampler=_Transpiling(HubSampler(backend, default_shots=500), backend),
    )
    result = grover.amplify(problem)
    assert result.oracle_evaluation
    assert result.top_measurement == "111"
    assert result.max_probability > 0.85  # exactly sin(5 asin(8 ** -0.5)) ** 2 = 0.945


class _Transpiling:
    """Grover makes its circuits itself, so that they are transpiled on their way to the sampler."""

    def __init__(self, sampler: HubSampler, backend) -> None:
        self._sampler = sampler
        self._manager = generate_preset_pass_manager(1, backend=backend, seed_transpiler=1)

    def run(self, pubs, **options):
        return self._sampler.run([self._manager.run(pub) for pub in pubs], **options)


def test_t1_of_a_noisy_device(provider):
    backend = provider.get_backend("iqm.qpu.garnet")
    t1 = backend.target.qubit_properties[0].t1
    delays = np.linspace(1e-7, 3 * t1, 8).tolist()
    experiment = T1([0], delays=delays, backend=backend)
    data = experiment.run(shots=600).block_for_results()
    assert not data.errors(), data.errors()
    fitted = data.analysis_results("T1", dataframe=False).value
    # Five of the fit's standard errors, and a tenth for readout errors, which the fit takes for an offset.
    assert abs(fitted.nominal_value - t1) < 5 * fitted.std_dev + 0.1 * t1


def test_state_tomography_of_a_bell_pair(exact_hub):
    backend = exact_hub.get_backend("aws.sim.sv1")
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    data = StateTomography(bell, backend=backend).run(shots=1000).block_for_results()
    assert not data.errors(), data.errors()
    state = data.analysis_results("state", dataframe=False).value
    assert state_fidelity(DensityMatrix(state), Statevector(bell)) > 0.95


def test_readout_mitigation_on_a_noisy_device(provider):
    backend = provider.get_backend("iqm.qpu.garnet")
    data = LocalReadoutError([0, 1], backend=backend).run(shots=4000).block_for_results()
    assert not data.errors(), data.errors()
    mitigator = data.analysis_results("Local Readout Mitigator", dataframe=False).value
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.measure_all()
    ready = transpile(circuit, backend, initial_layout=[0, 1], optimization_level=1)
    counts = backend.run(ready, shots=4000).result().get_counts()
    mitigated = mitigator.quasi_probabilities(counts).nearest_probability_distribution()
    raw = counts.get("01", 0) / 4000
    assert raw < 0.98
    assert mitigated.binary_probabilities(2).get("01", 0) > raw
