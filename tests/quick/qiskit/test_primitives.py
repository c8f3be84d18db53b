"""Primitives over Hub backends, held against Qiskit's exact ones."""

from __future__ import annotations

import asyncio
import pickle

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparseObservable, SparsePauliOp, Statevector

from qhub_qiskit import HubEstimator, HubProvider, HubSampler, HubSession
from shared_transport import ValidationError

SHOTS = 4000


def ansatz() -> QuantumCircuit:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(3, metadata={"kind": "ansatz"})
    circuit.ry(a, 0)
    circuit.cx(0, 1)
    circuit.rx(b, 2)
    circuit.cx(1, 2)
    circuit.h(1)
    return circuit


def measured() -> QuantumCircuit:
    """Two registers; some bits are never written, and none in the qubits' order."""
    circuit = QuantumCircuit(
        QuantumRegister(3, "q"),
        ClassicalRegister(1, "u"),
        ClassicalRegister(10, "v"),
        metadata={"kind": "measured"},
    )
    circuit.compose(ansatz(), range(3), inplace=True)
    circuit.measure([0, 1, 2], [9, 0, 3])
    return circuit


def flip(register: str = "c") -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(1, register))
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def exact(values: np.ndarray) -> dict[str, float]:
    """Probabilities of (u, v) as the counts of both registers would show them."""
    state = Statevector(ansatz().assign_parameters(values))
    found: dict[str, float] = {}
    for word, chance in state.probabilities_dict().items():
        q0, q1, q2 = word[2], word[1], word[0]
        v = ["0"] * 10
        v[9 - 8], v[9 - 2] = q0, q2
        key = "".join(v) + " " + q1
        found[key] = found.get(key, 0.0) + chance
    return found


def distance(counts: dict[str, int], expected: dict[str, float]) -> float:
    shots = sum(counts.values())
    return 0.5 * sum(
        abs(counts.get(k, 0) / shots - expected.get(k, 0)) for k in {*counts, *expected}
    )


def test_sampler_broadcasts_and_keeps_registers(backend):
    values = np.array([[[0.3, 1.1], [2.0, 0.4]], [[1.0, 2.9], [0.0, 0.0]]])
    job = HubSampler(backend).run(
        [(measured(), values), (measured(), values[0, 0], 50)], shots=SHOTS
    )
    first, second = job.result()
    assert first.data.shape == (2, 2)
    assert (first.data.u.num_bits, first.data.v.num_bits) == (1, 10)
    assert (first.data.v.num_shots, second.data.v.num_shots) == (SHOTS, 50)
    assert first.metadata["circuit_metadata"] == {"kind": "measured"}
    for index in np.ndindex(2, 2):
        u = first.data.u[index].get_bitstrings()
        v = first.data.v[index].get_bitstrings()
        counts: dict[str, int] = {}
        for pair in zip(v, u, strict=True):
            counts[" ".join(pair)] = counts.get(" ".join(pair), 0) + 1
        # 8 outcomes and 4,000 shots lie 0.02 off on average.
        assert distance(counts, exact(values[index])) < 0.05
    assert len(job.hub_jobs) == 2  # one list for each number of shots
    assert job.done()


def test_sampler_in_a_session_and_awaited():
    provider = HubProvider.local(seed=7, sessions=True)
    backend = provider.get_backend("aws.sim.sv1")

    async def main():
        with HubSession(backend, max_time="10m") as session:
            job = HubSampler(session, default_shots=100).run([(measured(), [0.0, 0.0])])
            return session, job, await job

    session, job, result = asyncio.run(main())
    assert result[0].data.v.num_shots == 100
    assert job.hub_jobs[0].session_id() == session.session_id
    assert session.details().ended


def test_estimator_agrees_with_exact_values(backend):
    observables = [
        [SparsePauliOp(["ZII", "XXX", "IIY", "XXI"], [1, 0.5, 0.3, -1])],
        [SparsePauliOp(["III", "ZZI"], [2, 1])],
    ]
    values = np.random.default_rng(5).uniform(0, 3, (3, 2))
    job = HubEstimator(backend).run([(ansatz(), observables, values)], precision=0.02)
    (ours,) = job.result()
    (reference,) = StatevectorEstimator().run([(ansatz(), observables, values)]).result()
    assert ours.data.evs.shape == ours.data.stds.shape == (2, 3)
    assert len(job.hub_jobs) == 1
    # Six values within five of their standard errors: a false alarm in 10^5 runs.
    assert (np.abs(ours.data.evs - reference.data.evs) < 5 * ours.data.stds + 1e-9).all()
    assert ours.data.stds.max() < 0.06


def test_estimator_measures_projectors(sv1):
    observable = SparseObservable.from_list([("0+I", 1.0), ("1rl", 0.5), ("II-", 2.0)])
    point = [1.2, 0.7]
    state = Statevector(ansatz().assign_parameters(point))
    reference = state.expectation_value(SparsePauliOp.from_sparse_observable(observable)).real
    (ours,) = HubEstimator(sv1).run([(ansatz(), observable, point)], precision=0.02).result()
    assert abs(ours.data.evs - reference) < 5 * ours.data.stds


def test_estimator_on_a_wide_target_uses_its_own_gates(provider):
    """The observable follows the circuit's layout; the rotations are in the device's gates."""
    rigetti = HubProvider.local(seed=7, noise=False).get_backend("aws.rigetti.cepheus")
    circuit = transpile(ansatz(), rigetti, seed_transpiler=4, optimization_level=1)
    observable = SparsePauliOp(["XYZ", "ZZI", "IIX"], [1, 0.7, 0.2])
    point = [0.4, 1.3]
    (ours,) = (
        HubEstimator(rigetti)
        .run([(circuit, observable.apply_layout(circuit.layout), point)], precision=0.02)
        .result()
    )
    (reference,) = StatevectorEstimator().run([(ansatz(), observable, point)]).result()
    assert abs(ours.data.evs - reference.data.evs) < 5 * ours.data.stds


def test_multiples_of_the_identity_need_no_job(sv1):
    job = HubEstimator(sv1).run([(QuantumCircuit(2), SparsePauliOp(["II"], [3.0]))])
    assert job.result()[0].data.evs == 3.0
    assert job.job_id() == ""


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b: HubSampler(b).run([]), "no PUB"),
        (lambda b: HubSampler("ibm_fez"), "HubBackend or a HubSession"),
        (lambda b: HubSampler(b, shoots=3), "no option 'shoots'"),
        (lambda b: HubEstimator(b).run([(QuantumCircuit(1), "Z")], precision=0), "precision"),
        (lambda b: HubEstimator(b).run([(measured(), "ZZZ", [0, 0])]), "has measurements"),
        (lambda b: HubSampler(b, shots=7), "default_shots"),
        (lambda b: HubEstimator(b, shots=7), "precision"),
        (lambda b: HubSampler(b).run([flip()], shots=0), "at least 1, not 0"),
        (lambda b: HubSampler(b, default_shots=0).run([flip()]), "at least 1, not 0"),
        (lambda b: HubSampler(b).run([flip("size")]), "no place for a register named 'size'"),
        (lambda b: HubSampler(b).run([flip("self")]), "no place for a register named 'self'"),
    ],
)
def test_refusals(sv1, call, words):
    before = sv1.client.jobs.page(0, 1).total_elements
    with pytest.raises(ValidationError, match=words):
        call(sv1)
    assert sv1.client.jobs.page(0, 1).total_elements == before


@pytest.mark.parametrize("name", ["c", "meas"])
def test_estimator_takes_circuits_with_unused_classical_bits(sv1, name):
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(2, name))
    circuit.h(0)
    (result,) = HubEstimator(sv1).run([(circuit, ["IX", "ZI", "XI"])]).result()
    assert result.data.evs[:2].tolist() == [1, 1]
    assert abs(result.data.evs[2]) < 6 / 64


def test_jobs_pickle(sv1):
    sampled = pickle.loads(pickle.dumps(HubSampler(sv1).run([flip()], shots=5)))
    assert sampled.result()[0].data.c.get_counts() == {"1": 5}
    estimated = pickle.loads(pickle.dumps(HubEstimator(sv1).run([(QuantumCircuit(1), "Z")])))
    assert estimated.result()[0].data.evs == 1
