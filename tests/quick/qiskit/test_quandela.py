"""Quandela's photonic platforms on the embedded Hub, held against Qiskit's exact states and Aer's keys."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from perceval import BSCount, BSDistribution, BSSamples, Circuit, Experiment, FockState, NoiseModel
from perceval.serialization import serialize
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend, HubProvider
from qhub_qiskit.systems.quandela_photons import read_photons
from shared_transport.errors import ValidationError
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest

# `probs` has the exact probabilities, from which so many shots are drawn: a share p then lies within five standard
# deviations, at most 5 * 0.5 / sqrt(10**9) = 8e-5, in all but one of two million draws.
MANY, NEAR = 10**9, 8e-5


@pytest.fixture
def altair(provider: HubProvider) -> HubBackend:
    return provider.get_backend("quandela.sim.altair")


@pytest.fixture
def belenos(provider: HubProvider) -> HubBackend:
    return provider.get_backend("quandela.qpu.belenos")


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


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


def test_max_samples(altair: HubBackend) -> None:
    result = altair.run(bell(), shots=10_000, max_samples=20).result()
    assert sum(result.get_counts().values()) == 20
    assert result.results[0].metadata["shots_used"] < 10_000


def test_nothing_kept(altair: HubBackend) -> None:
    circuit = two_qubit_random(2, 4, 1)
    circuit.measure_all()
    # 1 in 22,000 shots is kept.
    result = altair.run(circuit, shots=1).result()
    assert result.get_counts() == {}
    assert result.results[0].metadata["success_rate"] == 0


def test_options_travel(altair: HubBackend) -> None:
    encoded = altair.encode(
        bell(),
        shots=7,
        parameters={"transmittance": 0.5},
        job_group_name="group",
        max_duration=60,
        process_id="me",
    )
    assert encoded.input["parameters"] == {"transmittance": 0.5}
    assert encoded.input["max_shots"] == encoded.shots == 7
    assert encoded.params["platform_name"] == "sim:altair"
    assert encoded.params["job_group_name"] == "group"
    assert encoded.params["max_duration"] == 60
    assert encoded.params["process_id"] == "me"


def test_noise_of_the_payload(altair: HubBackend) -> None:
    result = altair.run(bell(), shots=200_000, parameters={"transmittance": 0.1}).result()
    # Both photons arrive with probability 0.01 and a shot is one where any does (0.19): 1/9 * 1/19 is kept.
    assert result.results[0].metadata["physical_perf"] == pytest.approx(0.01, rel=0.01)
    # Binomial, 200,000 at 0.00585: 1,170 with a deviation of 34; five of them.
    assert abs(sum(result.get_counts().values()) - 200_000 / 171) < 5 * 34


def test_belenos(belenos: HubBackend) -> None:
    result = belenos.run(bell(), shots=300_000).result()
    counts = result.get_counts()
    kept = sum(counts.values())
    # About 1 shot in 300 is kept. Its photons are 94 % indistinguishable: the wrong outcomes stay far below half.
    assert kept > 500
    assert counts["00"] + counts["11"] > 0.75 * kept
    rate = result.results[0].metadata["success_rate"]
    assert 0 < rate < result.results[0].header["expected_success_rate"]


def test_too_many_gates(altair: HubBackend) -> None:
    circuit = QuantumCircuit(2)
    for _ in range(5):
        circuit.cx(0, 1)
    circuit.measure_all()
    # 1/9 of the last, 2/27 of each of the four before it: 3.3e-6.
    with pytest.raises(ValidationError, match=r"5 two-qubit gates.*up to 4.*rate is 3\.3e-06"):
        altair.run(circuit)


def test_too_many_qubits(belenos: HubBackend) -> None:
    circuit = QuantumCircuit(5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    with pytest.raises(ValidationError, match=r"belenos.*5 qubits|5 qubits.*belenos") as caught:
        belenos.run(circuit)
    # 1/9 each.
    assert "expected success rate is 0.00015" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"command": "probs"}, "no command 'probs'"),
        ({"seed_simulator": 1}, "seed_simulator"),
        ({"command": "probabilities"}, "command"),
        ({"max_samples": 0}, "max_samples"),
        ({"simulator": "SLOS"}, "no option"),
    ],
)
def test_options_refused(belenos: HubBackend, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        belenos.run(bell(), **options)


def test_foreign_gate_refused(altair: HubBackend) -> None:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.measure_all()
    with pytest.raises(ValidationError, match=r"sx.*transpile"):
        altair.run(circuit)


@pytest.mark.parametrize("command", ["sample_count", "samples"])
def test_job_of_another_client(provider: HubProvider, altair: HubBackend, command: str) -> None:
    experiment = Experiment(Circuit(3))
    experiment.with_input(FockState([1, 0, 2]))
    request = JobRequest(
        backend_id="quandela.sim.altair",
        shots=50,
        input={"command": command, "experiment": serialize(experiment)},
        input_format=InputFormat.PERCEVAL,
    )
    job = provider.job(altair.client.jobs.create(request).id)
    one = job.result().results[0]
    assert one.data.photon_counts == {"|1,0,2>": 50}
    assert not hasattr(one.data, "counts")


def test_states_that_are_no_qubits_are_dropped() -> None:
    counts = BSCount()
    for state, number in (
        ([1, 0, 0, 1], 5),
        ([1, 1, 0, 0], 2),
        ([1, 0, 0, 0], 3),
        ([0, 2, 1, 0], 1),
    ):
        counts[FockState(state)] = number
    photons = read_photons(serialize(counts))
    kept = photons.as_qubits(2)
    assert photons.total == 11
    assert kept.states.tolist() == [[0, 1]]
    assert kept.total == 5


def test_forms_of_photons() -> None:
    samples = BSSamples()
    samples.extend([FockState([1, 0]), FockState([0, 1]), FockState([0, 1])])
    read = read_photons(serialize(samples))
    assert read.weights is None
    assert read.as_qubits(1).states.tolist() == [[0], [1], [1]]
    exact = BSDistribution()
    exact[FockState([1, 0])] = 0.25
    exact[FockState([0, 1])] = 0.75
    assert read_photons(serialize(exact, compress=False)).by_state() == {
        "|1,0>": 0.25,
        "|0,1>": 0.75,
    }
    assert read_photons(":PCVL:BSCount:{}").total == 0


@pytest.mark.parametrize(
    "text",
    [
        serialize(NoiseModel(g2=0.1)),
        serialize(Circuit(2)),
        "|1,0>",
        ":PCVL:BSCount:|1,0>=3",
        ":PCVL:zip:eJyzCnAO87FyCnbOL80rsaqu",
        ":PCVL:zip:no base64",
    ],
)
def test_other_objects_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_photons(text)


def test_perceval_is_imported_at_first_use_alone() -> None:
    program = (
        "import sys, qhub_qiskit.systems.quandela\n"
        "assert not {'perceval', 'perceval_interop'} & set(sys.modules)\n"
        "from qhub_qiskit.systems.quandela_optics import _perceval_interop\n"
        "_perceval_interop()\n"
        "assert 'perceval_interop.myqlm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
