"""Quandela's photonic platforms on the embedded Hub, held against Qiskit's exact states and Aer's keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend, HubProvider
from tests.quick.qiskit.circuits import bell

# `probs` has the exact probabilities, from which so many shots are drawn: a share p then lies within five standard
# deviations, at most 5 * 0.5 / sqrt(10**9) = 8e-5, in all but one of two million draws.
MANY, NEAR = 10**9, 8e-5


def two_qubit_random(qubits: int, gates: int, seed: int) -> QuantumCircuit:
    """Random one-qubit gates of all kinds around random cx, cz and swap."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits)

    def layer() -> None:
        for qubit in range(qubits):
            for name in rng.choice(["rx", "ry", "rz", "p"], 2):
                getattr(circuit, name)(rng.uniform(-7, 7), qubit)
            for name in rng.choice(["h", "x", "y", "z", "s", "sdg", "t", "tdg", "id"], 2):
                getattr(circuit, name)(qubit)

    layer()
    for _ in range(gates):
        a, b = map(int, rng.choice(qubits, 2, replace=False))
        getattr(circuit, str(rng.choice(["cx", "cz"])))(a, b)
        layer()
        if rng.random() < 0.4:
            circuit.swap(b, a)
    return circuit


def check_exactly(backend: HubBackend, circuit: QuantumCircuit) -> None:
    measured = circuit.measure_all(inplace=False)
    result = backend.run(measured, shots=MANY, command="probs", seed_simulator=1).result()
    counts = result.get_counts()
    for key, p in Statevector(circuit).probabilities_dict().items():
        assert counts.get(key, 0) / MANY == pytest.approx(p, abs=NEAR)
    one = result.results[0]
    # The rate that was told beforehand is Perceval's own, computed from the optics.
    assert one.metadata["logical_perf"] == pytest.approx(
        one.header["expected_success_rate"], rel=1e-6
    )
    assert one.metadata["dropped"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("qubits", "gates", "seed"),
    [
        *[(1, 0, 1), (2, 1, 2), (2, 2, 3), (2, 2, 4), (3, 1, 5), (3, 2, 6), (3, 2, 7), (3, 2, 8)],
        *[(3, 3, 9), (2, 3, 10), (3, 3, 11), (2, 4, 12), (3, 4, 13), (4, 4, 14), (4, 3, 15)],
    ],
)
def test_random_circuits(altair: HubBackend, qubits: int, gates: int, seed: int) -> None:
    check_exactly(altair, two_qubit_random(qubits, gates, seed))


@pytest.mark.parametrize(
    "pairs",
    [
        [(0, 1), (0, 1)],
        [(0, 1), (1, 0)],
        [(0, 1), (1, 2), (0, 2)],
        [(0, 1), (1, 2), (0, 1)],
        [(0, 1), (2, 3), (1, 2), (0, 3)],
    ],
)
def test_a_post_selected_gate_is_never_mended_by_a_later_one(
    altair: HubBackend, pairs: list[tuple[int, int]]
) -> None:
    circuit = QuantumCircuit(max(map(max, pairs)) + 1)
    for a, b in pairs:
        circuit.ry(0.7, a)
        circuit.rx(1.1, b)
        circuit.cx(a, b)
        circuit.h(a)
    check_exactly(altair, circuit)


@pytest.mark.parametrize("pair", list(itertools.permutations(range(4), 2)))
def test_every_pair(altair: HubBackend, pair: tuple[int, int]) -> None:
    # Perceval's own post-selection of cx(2, 1) and some others names wrong modes.
    circuit = QuantumCircuit(4)
    for qubit in range(4):
        circuit.ry(0.3 + qubit, qubit)
    circuit.cx(*pair)
    check_exactly(altair, circuit)


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("name", ["quandela.sim.altair", "quandela.qpu.belenos"])
def test_pass_managers(provider: HubProvider, name: str, level: int) -> None:
    backend = provider.get_backend(name)
    circuit = random_circuit(3, 2, max_operands=2, seed=level, measure=True)
    compiled = generate_preset_pass_manager(level, backend, seed_transpiler=1).run(circuit)
    assert {item.operation.name for item in compiled.data} <= {*backend.operation_names, "barrier"}


def test_transpiled_circuit(altair: HubBackend) -> None:
    circuit = QuantumCircuit(2)
    circuit.sx(0)
    circuit.u(0.3, 0.4, 0.5, 1)
    circuit.cp(1.0, 0, 1)
    circuit.sxdg(1)
    measured = circuit.measure_all(inplace=False)
    compiled = transpile(measured, altair, seed_transpiler=1)
    counts = altair.run(compiled, shots=MANY, command="probs").result().get_counts()
    for key, p in Statevector(circuit).probabilities_dict().items():
        assert counts.get(key, 0) / MANY == pytest.approx(p, abs=NEAR)


def test_bell_keeps_one_shot_in_nine(altair: HubBackend) -> None:
    job = altair.run(bell(), shots=90_000)
    result = job.result()
    counts = result.get_counts()
    kept = sum(counts.values())
    assert set(counts) == {"00", "11"}
    # Binomial, 90,000 at 1/9: 10,000 with a deviation of 94; five of them.
    assert abs(kept - 10_000) < 5 * 94
    # Binomial, about 10,000 at 1/2: a deviation of 50; five of them.
    assert abs(counts["00"] - kept / 2) < 5 * 51
    one = result.results[0]
    assert one.shots == kept == one.metadata["kept"]
    assert one.metadata["shots_used"] == 90_000
    assert one.metadata["success_rate"] == kept / 90_000
    assert one.header["expected_success_rate"] == pytest.approx(1 / 9)
    assert one.metadata["logical_perf"] == pytest.approx(1 / 9)
    again = HubProvider(client=altair.client).job(job.job_id()).result().results[0]
    assert again.header["expected_success_rate"] == one.header["expected_success_rate"]


def test_ghz(altair: HubBackend) -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    result = altair.run(circuit, shots=81_000).result()
    counts = result.get_counts()
    assert set(counts) == {"000", "111"}
    # Binomial, 81,000 at 1/81: 1,000 with a deviation of 32; five of them.
    assert abs(sum(counts.values()) - 1_000) < 5 * 32
    # Binomial, about 1,000 at 1/2: a deviation of 16; five of them.
    assert abs(counts["000"] - counts["111"]) < 2 * 5 * 17


def crossed() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 1])
    circuit.measure([0, 1, 2], [2, 0, 1])
    return circuit


def partial() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 4)
    circuit.x(2)
    circuit.cx(2, 0)
    circuit.measure(2, 3)
    return circuit


def two_registers() -> QuantumCircuit:
    qubits = QuantumRegister(3, "q")
    circuit = QuantumCircuit(qubits, ClassicalRegister(2, "low"), ClassicalRegister(3, "high bits"))
    circuit.x([0, 2])
    circuit.measure([2, 1, 0], [4, 0, 1])
    return circuit


def one_qubit_twice() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 3)
    circuit.x(1)
    circuit.measure([1, 0, 1], [2, 1, 0])
    return circuit


def overwritten() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure([0, 1], [1, 1])
    return circuit


def swapped() -> QuantumCircuit:
    circuit = QuantumCircuit(4, 3)
    circuit.x(1)
    circuit.swap(1, 3)
    circuit.cz(3, 2)
    circuit.swap(3, 0)
    circuit.measure([0, 1, 3], [2, 0, 1])
    return circuit


@pytest.mark.parametrize(
    "make", [crossed, partial, two_registers, one_qubit_twice, overwritten, swapped]
)
@pytest.mark.parametrize("memory", [False, True])
def test_hostile_measurements(
    altair: HubBackend, make: Callable[[], QuantumCircuit], memory: bool
) -> None:
    circuit = make()
    result = altair.run(circuit, shots=500, memory=memory).result()
    (expected,) = AerSimulator().run(circuit, shots=10).result().get_counts()
    counts = result.get_counts()
    assert set(counts) == {expected}
    if memory:
        assert result.get_memory() == [expected] * counts[expected]


def test_memory_is_in_the_measured_order(altair: HubBackend) -> None:
    result = altair.run(bell(), shots=2_000, memory=True).result()
    memory = result.get_memory()
    counts = result.get_counts()
    assert {key: memory.count(key) for key in counts} == counts
    # A word here would say that the order is not the measured one.
    assert "memory" not in result.results[0].header


def test_list_and_reopening(provider: HubProvider, altair: HubBackend) -> None:
    job = altair.run([bell(), crossed()], shots=3_000)
    assert len(job.job_id().split(",")) == 2
    reopened = provider.job(job.job_id())
    counts = job.result().get_counts()
    assert reopened.result().get_counts() == counts
    assert set(counts[0]) == {"00", "11"}
    assert counts[1] == {"101": 3_000}


def test_drawn_counts_are_the_same_in_every_process(
    provider: HubProvider, altair: HubBackend
) -> None:
    job = altair.run(bell(), shots=1_000, command="probs")
    counts = job.result().get_counts()
    assert sum(counts.values()) == 1_000
    assert provider.job(job.job_id()).result().get_counts() == counts


def test_nothing_kept(altair: HubBackend) -> None:
    circuit = two_qubit_random(2, 4, 1)
    circuit.measure_all()
    # 1 in 22,000 shots is kept.
    result = altair.run(circuit, shots=1).result()
    assert result.get_counts() == {}
    assert result.results[0].metadata["success_rate"] == 0
