"""IBM's SamplerV2 against exact states, on all eight backends, through IBM's own encoder and decoder."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeFez

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.ibm_hub import FEZ, NAMES, isa, run, target


def _interference() -> QuantumCircuit:
    """Three qubits whose outcome depends on every phase."""
    circuit = QuantumCircuit(3)
    for qubit, angle in enumerate((0.4, 1.3, 2.1)):
        circuit.ry(angle, qubit)
        circuit.rz(0.3 + angle, qubit)
    circuit.cx(0, 1)
    circuit.t(1)
    circuit.cx(1, 2)
    circuit.sx(0)
    circuit.h(2)
    return circuit


def _exact(circuit: QuantumCircuit) -> dict[str, float]:
    return {k: float(v) for k, v in Statevector(circuit).probabilities_dict().items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_backend(ideal_hub: HubProcess, name: str) -> None:
    backend = f"ibm.qpu.{name}"
    circuit = _interference()
    measured = circuit.measure_all(inplace=False)
    result = run(
        ideal_hub, "sampler", backend, pubs=[(isa(ideal_hub, backend, measured), None, 20_000)]
    )
    assert total_variation(result[0].data.meas.get_counts(), _exact(circuit)) < 0.02


def test_registers_crossed_partial_and_wide(ideal_hub: HubProcess) -> None:
    qubits = QuantumRegister(3, "q")
    wide, single = ClassicalRegister(70, "wide"), ClassicalRegister(1, "single")
    circuit = QuantumCircuit(qubits, wide, single)
    circuit.compose(_interference(), qubits, inplace=True)
    circuit.measure(2, wide[0])
    circuit.measure(0, wide[69])
    circuit.measure(1, single[0])
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 20_000)])[0].data
    assert (data.wide.num_bits, data.single.num_bits) == (70, 1)
    together: dict[str, int] = {}
    for long, short in zip(data.wide.get_bitstrings(), data.single.get_bitstrings(), strict=True):
        assert set(long[1:-1]) == {"0"}
        key = long[-1] + short + long[0]  # qubits 2, 1, 0
        together[key] = together.get(key, 0) + 1
    assert total_variation(together, _exact(_interference())) < 0.02


def test_parameters_are_broadcast_in_their_shape(ideal_hub: HubProcess) -> None:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.ry(b, 0)  # alphabetical order of parameters, not order of use
    circuit.ry(a, 1)
    circuit.measure_all()
    values = np.array([[[0.0, 0.0], [math.pi, 0.0]], [[0.0, math.pi], [math.pi, math.pi]]])
    pub = (isa(ideal_hub, FEZ, circuit, optimization_level=0), values)
    data = run(ideal_hub, "sampler", pubs=[pub], shots=50)[0].data
    assert data.meas.array.shape == (2, 2, 50, 1)
    assert [[set(data.meas.get_bitstrings((i, j))) for j in range(2)] for i in range(2)] == [
        [{"00"}, {"10"}],
        [{"01"}, {"11"}],
    ]


def test_shots_of_a_pub_the_options_and_the_job(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    one = isa(ideal_hub, FEZ, circuit)

    def shots(**given: object) -> list[int]:
        return [entry.data.meas.num_shots for entry in run(ideal_hub, "sampler", **given)]

    assert shots(pubs=[(one, None, 7), (one,)], shots=11) == [7, 11]
    assert shots(pubs=[(one,)], shots=11, options={"default_shots": 13}) == [13]


def test_dynamic_circuits(ideal_hub: HubProcess) -> None:
    """A state is teleported: its phases decide the last bit."""
    qubits, bits, out = (
        QuantumRegister(3, "q"),
        ClassicalRegister(2, "m"),
        ClassicalRegister(1, "out"),
    )
    circuit = QuantumCircuit(qubits, bits, out)
    circuit.ry(1.1, 0)
    circuit.rz(0.6, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], bits)
    with circuit.if_test((bits[1], 1)):
        circuit.x(2)
    with circuit.if_test((bits[0], 1)):
        circuit.z(2)
    circuit.sx(2)
    circuit.measure(2, out[0])
    plain = QuantumCircuit(1)
    plain.ry(1.1, 0)
    plain.rz(0.6, 0)
    plain.sx(0)
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 20_000)])[0].data
    assert total_variation(data.out.get_counts(), _exact(plain)) < 0.02
    assert len(data.m.get_counts()) == 4


def test_reset_and_a_qubit_measured_twice(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "c"))
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.measure(0, 1)
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 50)])[0].data
    assert data.c.get_counts() == {"01": 50}


def test_fractional_gates(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(2)
    circuit.rx(0.7, 0)
    circuit.rx(1.9, 1)
    circuit.rzz(0.9, 0, 1)
    circuit.rx(0.5, 0)
    measured = isa(ideal_hub, FEZ, circuit.measure_all(inplace=False), fractional=True)
    assert {"rx", "rzz"} <= set(measured.count_ops())
    data = run(ideal_hub, "sampler", pubs=[(measured, None, 20_000)])[0].data
    assert total_variation(data.meas.get_counts(), _exact(circuit)) < 0.02


def test_a_hundred_qubits_of_clifford_gates(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(100)
    circuit.h(0)
    for qubit in range(99):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 400)])[0].data
    counts = data.meas.get_counts()
    assert set(counts) == {"0" * 100, "1" * 100}
    assert abs(counts["0" * 100] - 200) < 60


def test_the_noise_is_that_of_the_published_calibration(hub: HubProcess) -> None:
    """Against Aer with the whole fake device that the calibration comes from."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    for _ in range(10):
        circuit.cx(0, 1)
        circuit.barrier()
    circuit.cx(0, 1)
    circuit.measure_all()
    placed = isa(hub, FEZ, circuit, initial_layout=[4, 5])
    result = run(hub, "sampler", pubs=[(placed, None, 50_000)])
    counts = result[0].data.meas.get_counts()
    noisy = AerSimulator.from_backend(FakeFez(), seed_simulator=5)
    expected = noisy.run(placed, shots=50_000).result().get_counts()
    shares = {key: value / 50_000 for key, value in expected.items()}
    assert total_variation(counts, shares) < 0.015
    assert total_variation(counts, {"00": 0.5, "11": 0.5}) > 0.02
    assert result.metadata["local_hub"]["noise"] == ["pubs[0]: the noise of the newest calibration"]


def test_too_many_qubits_for_noise_are_simulated_without_and_it_is_said(hub: HubProcess) -> None:
    circuit = QuantumCircuit(11)
    circuit.x(range(11))
    circuit.measure_all()
    result = run(hub, "sampler", pubs=[(isa(hub, FEZ, circuit), None, 100)])
    assert result[0].data.meas.get_counts() == {"1" * 11: 100}
    assert "none, since it uses 11 qubits" in result.metadata["local_hub"]["noise"][0]


def test_options_without_effect_are_listed(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    options = {
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "twirling": {"enable_gates": True, "num_randomizations": "auto"},
        "execution": {"init_qubits": True, "meas_type": "classified"},
    }
    result = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit),)], options=options)
    told = result.metadata["local_hub"]["not_simulated"]
    assert told == ["dynamical_decoupling", "twirling.enable_gates"]


@pytest.mark.parametrize("name", NAMES)
def test_ibms_client_reads_the_device(hub: HubProcess, name: str) -> None:
    made = target(hub, f"ibm.qpu.{name}", fractional=True)
    backend = hub.http.get(f"/backends/ibm.qpu.{name}").json()
    assert made.num_qubits == backend["configuration"]["qubit_count"]
    native = {gate["name"] for gate in backend["configuration"]["gates"]}
    assert native <= set(made.operation_names)
    pairs = {frozenset(pair) for pair in made.build_coupling_map().get_edges()}
    graph = backend["configuration"]["connectivity"]["graph"]
    assert pairs == {frozenset((int(a), int(b))) for a, others in graph.items() for b in others}
    assert made["sx"][(0,)].error > 0
