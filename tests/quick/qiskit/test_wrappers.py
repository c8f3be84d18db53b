"""Qiskit's own primitives over every backend, and IBM's in their local mode."""

from __future__ import annotations

import logging

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime import SamplerV2

from qhub_qiskit import HubBackend, HubEstimator, HubProvider, HubSampler

SYSTEMS = (
    "aws.sim.sv1",
    "aws.rigetti.cepheus",
    "aws.ionq.forte",
    "azure.ionq.simulator",
    "ibm.qpu.fez",
    "iqm.qpu.emerald",
    "kipu.sim.qsim",
    "quandela.qpu.belenos",
    "quandela.sim.altair",
    "qudora.sim.xg1",
)


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest) -> HubBackend:
    return HubProvider.local(seed=7, noise=False).get_backend(request.param)


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def measured(backend: HubBackend) -> QuantumCircuit:
    circuit = bell()
    circuit.measure_all()
    return transpile(circuit, backend, seed_transpiler=1, optimization_level=1)


def test_samplers(system, caplog):
    ready = measured(system)
    photonic = system.name.startswith("quandela")
    if photonic:
        # Qiskit's wrapper, which IBM's local mode uses too, takes a result of fewer shots for a broken one.
        system.set_options(max_shots=100_000)
    with caplog.at_level(logging.INFO, logger="shared_transport"):
        stock = (BackendSamplerV2(backend=system), SamplerV2(mode=system))
        for sampler in (HubSampler(system), *stock):
            caplog.clear()
            data = sampler.run([ready], shots=900).result()[0].data.meas
            counts = data.get_counts()
            assert set(counts) == {"00", "11"}, sampler
            assert sum(counts.values()) == 900
            # Half of 900 shots, within 6 standard errors.
            assert abs(counts["11"] / 900 - 0.5) < 3 / 900**0.5
            # IBM's local mode hides the job's id: the log has it.
            assert any("job" in record.message for record in caplog.records)


def test_estimators(system):
    photonic = system.name.startswith("quandela")
    ready = transpile(bell(), system, seed_transpiler=1, optimization_level=1)
    observable = SparsePauliOp(["ZZ", "XX", "YY", "IZ"], [1, 1, -1, 0.5])
    placed = observable if ready.layout is None else observable.apply_layout(ready.layout)
    for estimator in (HubEstimator(system), BackendEstimatorV2(backend=system)):
        (result,) = estimator.run([(ready, placed)], precision=0.02 if photonic else 0.05).result()
        # ZZ + XX - YY of a Bell pair is 3, without error; IZ is 0: half of it within 6 standard errors.
        assert abs(result.data.evs - 3) < 6 * 0.5 * 0.07
