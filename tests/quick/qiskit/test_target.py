"""Targets: what the transpiler makes for them runs, at every level."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import QFTGate, get_standard_gate_name_mapping
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2, StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit.transpiler import generate_preset_pass_manager

from qhub_qiskit import HubBackend
from shared_transport import ValidationError
from shared_transport.models import Backend


def mixed() -> QuantumCircuit:
    """Gates that no target has: they are to be translated."""
    circuit = QuantumCircuit(4)
    circuit.ry(0.4, 0)
    circuit.rzx(0.7, 0, 2)
    circuit.mcx([0, 1, 2], 3)
    circuit.rcccx(0, 1, 2, 3)
    circuit.dcx(1, 3)
    circuit.append(QFTGate(3), [3, 0, 1])
    return circuit


@pytest.mark.parametrize("level", range(4))
def test_transpiled_circuits_run_and_keep_their_distribution(backend, level):
    exact = Statevector(mixed()).probabilities_dict()
    manager = generate_preset_pass_manager(level, backend=backend, seed_transpiler=1)
    circuit = manager.run(mixed().measure_all(inplace=False))
    shots = 20_000
    counts = backend.run(circuit, shots=shots).result().get_counts()
    distance = 0.5 * sum(abs(counts.get(k, 0) / shots - p) for k, p in exact.items())
    # 16 outcomes and 20,000 shots lie 0.01 off on average.
    assert distance < 0.03


def test_what_the_hub_names_is_what_the_target_has(backend):
    target = backend.target
    assert target.num_qubits == backend.hub_backend.configuration.qubit_count
    assert "measure" in target.operation_names
    assert backend.max_circuits is None
    known = get_standard_gate_name_mapping()
    for name in target.operation_names:
        assert target.operation_from_name(name).num_qubits == known[name].num_qubits
    words = {gate.name for gate in backend.hub_backend.configuration.gates}
    assert {"h", "x", "swap"} <= words & set(target.operation_names)


def test_a_backend_that_appears_tomorrow_works_today(provider):
    """Its id and its provider are unknown; its input format is not."""
    known = provider.client.backends.get("kipu.sim.qsim")
    tomorrow = known.model_copy(update={"id": "new.sim.tomorrow", "provider": "NEWCOMER"})
    backend = HubBackend(provider.client, tomorrow)
    circuit = transpile(mixed().measure_all(inplace=False), backend)
    assert 'include "qelib1.inc"' in backend.encode(circuit).input["qasm"]


def test_a_format_without_a_room_is_said(provider):
    document = {
        "id": "x.y.z",
        "provider": "AWS",
        "configuration": {"supported_input_formats": ["QIR_V1"]},
    }
    with pytest.raises(
        ValidationError, match=r"x\.y\.z takes QIR_V1.*It writes BRAKET_OPEN_QASM_V3"
    ):
        HubBackend(provider.client, Backend.model_validate(document))


def test_a_graph_becomes_a_coupling_map(provider):
    known = provider.client.backends.get("kipu.sim.qsim")
    configuration = known.configuration.model_copy(
        update={
            "qubit_count": 3,
            "qubits": [],
            "connectivity": type(known.configuration.connectivity)(
                fully_connected=False, graph={"0": ["1"], "1": ["0", "2"], "2": ["1"]}
            ),
        }
    )
    line = HubBackend(provider.client, known.model_copy(update={"configuration": configuration}))
    assert sorted(line.coupling_map) == [(0, 1), (1, 0), (1, 2), (2, 1)]
    circuit = QuantumCircuit(3, 3)
    circuit.cx(0, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    with pytest.raises(ValidationError, match="no 'cx' on qubits 0, 2"):
        line.run(circuit)
    assert line.encode(transpile(circuit, line, seed_transpiler=3)).shots == 1024


def test_refresh_reads_the_backend_anew(provider):
    backend = provider.get_backend("aws.sim.sv1")
    before = backend.target
    assert backend.target is before
    backend.refresh()
    assert backend.target is not before
    assert backend.target.operation_names == before.operation_names


def test_qiskits_own_primitives_run_on_it(backend):
    """Qiskit's wrappers pass seed_simulator=None, ask for memory, and copy what they are given."""
    exact = Statevector(mixed()).probabilities_dict()
    measured = transpile(mixed().measure_all(inplace=False), backend, seed_transpiler=1)
    sampled = BackendSamplerV2(backend=backend).run([measured], shots=8000)
    counts = sampled.result()[0].data.meas.get_counts()
    assert 0.5 * sum(abs(counts.get(k, 0) / 8000 - p) for k, p in exact.items()) < 0.05
    circuit = transpile(mixed(), backend, seed_transpiler=1)
    observable = SparsePauliOp(["ZIIZ", "XXII"], [0.5, 1.5])
    reference = StatevectorEstimator().run([(mixed(), observable)]).result()[0].data.evs
    estimated = BackendEstimatorV2(backend=backend).run(
        [(circuit, observable.apply_layout(circuit.layout))], precision=0.01
    )
    assert abs(estimated.result()[0].data.evs - reference) < 0.06
