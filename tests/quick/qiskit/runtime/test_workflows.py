"""Whole programs, as their users write them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime import Batch, EstimatorV2, SamplerV2, Session
from qiskit_ibm_runtime.noise_learner import NoiseLearner
from qiskit_ibm_runtime.results import NoiseLearnerResult

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.runtime.circuits import assert_counts_fit, random_native
from tests.quick.qiskit.runtime.traffic import Traffic

ROOT = Path(__file__).parents[4]
# Hydrogen at 0.735 angstrom in two qubits, in hartree (without the nuclei's repulsion).
HYDROGEN = SparsePauliOp(
    ["II", "IZ", "ZI", "ZZ", "XX"],
    [-1.052373245772859, 0.39793742484318045, -0.39793742484318045, -0.01128010425623538, 0.18093119978423156],
)  # fmt: skip
ITERATIONS = 20
PRECISION = 0.005


def ansatz() -> tuple[QuantumCircuit, list[Parameter]]:
    """From one electron configuration to the other, with a turn that should vanish."""
    angle, turn = Parameter("angle"), Parameter("turn")
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.ry(angle, 1)
    circuit.cx(1, 0)
    circuit.ry(turn, 0)
    return circuit, [angle, turn]


def test_a_variational_eigensolver_in_a_session(watched_fez: tuple[HubIBMBackend, Traffic]) -> None:
    """Twenty iterations of gradient descent by the parameter-shift rule, one job each: to a millihartree."""
    backend, traffic = watched_fez
    circuit, parameters = ansatz()
    manager = generate_preset_pass_manager(optimization_level=1, backend=backend, seed_transpiler=3)
    placed = manager.run(circuit)
    hamiltonian = HYDROGEN.apply_layout(placed.layout)
    shift = math.pi / 2
    point = np.array([1.2, 0.9])
    with Session(backend=backend) as session:
        estimator = EstimatorV2(mode=session)
        jobs = []
        for _ in range(ITERATIONS):
            moved = np.array(
                [
                    point,
                    *[point + sign * shift * np.eye(2)[i] for i in range(2) for sign in (1, -1)],
                ]
            )
            pub = (
                placed,
                [hamiltonian],
                {parameter: moved[:, i] for i, parameter in enumerate(parameters)},
            )
            jobs.append(estimator.run([pub], precision=PRECISION))
            energies = jobs[-1].result()[0].data.evs
            gradient = np.array([energies[1] - energies[2], energies[3] - energies[4]]) / 2
            point = point - 0.9 * gradient
        pub = (placed, [hamiltonian], dict(zip(parameters, point[:, None], strict=True)))
        last = estimator.run([pub], precision=PRECISION).result()[0].data
    ground = float(np.linalg.eigvalsh(HYDROGEN.to_matrix())[0])
    reached = Statevector(circuit.assign_parameters(point))
    energy = float(np.real(reached.expectation_value(HYDROGEN)))
    start = Statevector(circuit.assign_parameters([1.2, 0.9]))
    assert float(np.real(start.expectation_value(HYDROGEN))) - ground > 0.3
    assert -1e-12 <= energy - ground < 0.001
    # A term's standard error is at most its weight times the precision.
    error = PRECISION * float(np.linalg.norm(np.real(HYDROGEN.coeffs[1:])))
    assert abs(float(last.evs[0]) - energy) < 6 * error
    assert {job.session_id for job in jobs} == {session.session_id}
    assert len({job.job_id() for job in jobs}) == ITERATIONS
    assert traffic.count("POST /sessions") == 1
    assert traffic.count("POST /jobs") == ITERATIONS + 1
    assert session.status() == "Closed"


def test_a_batch_of_fifty(watched_fez: tuple[HubIBMBackend, Traffic]) -> None:
    backend, traffic = watched_fez
    natives = [random_native(backend.target, seed=seed, size=3) for seed in range(50)]
    orders = [list(np.random.default_rng(seed).permutation(3)) for seed in range(50)]
    with Batch(backend=backend) as batch:
        sampler = SamplerV2(mode=batch)
        jobs = [
            sampler.run([native.measured(order)], shots=2_000)
            for native, order in zip(natives, orders, strict=True)
        ]
    for native, order, job in zip(natives, orders, jobs, strict=True):
        counts = job.result()[0].data.a.get_counts()
        assert_counts_fit(counts, native.probabilities(order), 2_000)
    listed = backend.service.jobs(limit=None, session_id=batch.session_id)
    assert {job.job_id() for job in listed} == {job.job_id() for job in jobs}
    assert len(listed) == traffic.count("POST /jobs") == 50
    assert batch.status() == "Closed"


def two_layers() -> QuantumCircuit:
    circuit = QuantumCircuit(156)
    for _ in range(3):
        circuit.cz(0, 1)
        circuit.barrier()
    circuit.cz(0, 1)
    circuit.cz(3, 4)
    return circuit


def test_what_a_noise_learner_learned_feeds_an_estimator(noisy: HubRuntimeService) -> None:
    backend = noisy.backend("ibm_fez")
    circuit = two_layers()
    with Session(backend) as session:
        learner = NoiseLearner(mode=session)
        learner.options.layer_pair_depths = [0, 2, 8]
        learning = learner.run([circuit])
        learned = learning.result()
        assert isinstance(learned, NoiseLearnerResult)
        assert [layer.qubits for layer in learned.data] == [[0, 1], [0, 1, 3, 4]]
        # A depolarizing gate: its Paulis keep 1 - 4/3 of its average error, by eight of fifteen rates.
        error = backend.target["cz"][0, 1].error
        rates = learned.data[0].error.rates
        np.testing.assert_allclose(np.exp(-16 * rates), 1 - 4 / 3 * error, rtol=1e-9)
        estimator = EstimatorV2(mode=session)
        estimator.options.resilience.pec_mitigation = True
        estimator.options.resilience.layer_noise_model = learned
        label = "I" * 154 + "ZZ"
        job = estimator.run([(circuit, label)], precision=0.01)
        result = job.result()
    assert result.metadata["resilience"]["pec_mitigation"] is True
    assert "resilience.layer_noise_model" in result.metadata["local_hub"]["not_simulated"]
    assert 0.9 < result[0].data.evs < 1.06  # <ZZ> of |00>, faded by four gates
    sent = noisy.job(job.job_id()).inputs["options"]["resilience"]["layer_noise_model"]
    again = sent.data if isinstance(sent, NoiseLearnerResult) else sent
    for layer, original in zip(again, learned.data, strict=True):
        assert layer.qubits == original.qubits
        assert layer.error.generators == original.error.generators
        np.testing.assert_array_equal(layer.error.rates, original.error.rates)


REOPENED = """
import json, sys
import numpy as np
from qhub_qiskit import HubRuntimeService

service = HubRuntimeService()
for job_id in sys.argv[1:]:
    job = service.job(job_id)
    pubs = [
        {name: np.asarray(getattr(array, "array", array)).tobytes().hex() for name, array in pub.data.items()}
        for pub in job.result()
    ]
    print(json.dumps({"pubs": pubs, "status": job.status(), "tags": job.tags, "session": job.session_id}))
"""


def bits_of(result: Any) -> list[dict[str, str]]:
    def text(array: Any) -> str:
        plain: NDArray[Any] = np.asarray(getattr(array, "array", array))
        return plain.tobytes().hex()

    return [{name: text(array) for name, array in pub.data.items()} for pub in result]


@pytest.fixture
def environment(ideal: HubRuntimeService) -> dict[str, str]:
    """What another process needs to reach the same Hub."""
    settings = ideal.client.settings
    assert settings.token is not None
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QHUB_QUANTUM_BASE_URL": settings.base_url,
        "KQH_PERSONAL_ACCESS_TOKEN": settings.token.get_secret_value(),
    }


def test_a_second_process_opens_jobs_by_their_ids(
    fez: HubIBMBackend, environment: dict[str, str]
) -> None:
    """Its results are the same to the bit."""
    native = random_native(fez.target, seed=4)
    with Session(fez) as session:
        sampler = SamplerV2(session)
        sampler.options.environment.job_tags = ["mine"]
        sampled = sampler.run([native.measured([3, 1, 0, 2], 3, 1)] * 2, shots=3_000)
        observables = [native.observable(label) for label in ("XYZZ", "ZIIX")]
        estimated = EstimatorV2(session).run([(native.circuit, observables)])
    jobs = [sampled, estimated]
    text = subprocess.run(
        [sys.executable, "-c", REOPENED, *[job.job_id() for job in jobs]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert text.returncode == 0, text.stderr
    for job, line in zip(jobs, text.stdout.splitlines(), strict=True):
        told = json.loads(line)
        assert told["pubs"] == bits_of(job.result())
        assert told["status"] == "DONE"
        assert told["session"] == session.session_id
    assert len(bits_of(sampled.result())[0]["a"]) == 2 * 3_000
    assert json.loads(text.stdout.splitlines()[0])["tags"] == ["mine"]
