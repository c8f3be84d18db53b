"""IonQ's simulator on Azure: exact probabilities come back, and the counts are drawn here."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import QFTGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend
from shared_transport import ValidationError
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest
from tests.quick.qiskit.test_classical_bits import CIRCUITS
from tests.random_circuits import circuits, distance

ANGLES = (0.7, -1.1, 2.3, 0.4)


@pytest.fixture
def ionq(provider) -> HubBackend:
    return provider.get_backend("azure.ionq.simulator")


def superposed(name: str) -> QuantumCircuit:
    """The gate between rotations that make every amplitude and every phase of it count."""
    kind = get_standard_gate_name_mapping()[name]
    circuit = QuantumCircuit(kind.num_qubits)
    for qubit in range(kind.num_qubits):
        circuit.ry(0.6 + 0.5 * qubit, qubit)
        circuit.rz(0.3 - 0.9 * qubit, qubit)
    circuit.append(type(kind)(*ANGLES[: len(kind.params)]), range(kind.num_qubits))
    for qubit in range(kind.num_qubits):
        circuit.ry(1.2 - 0.4 * qubit, qubit)
    return circuit


def gate_names(backend) -> list[str]:
    return sorted(set(backend.operation_names) - {"measure"})


def test_the_gates_are_what_the_hub_names_under_qiskits_names(ionq):
    plain = "x y z h s sdg t tdg sx sxdg rx ry rz swap cx rxx ryy rzz"
    controlled = "cy cz ch cs csdg csx crx cry crz cswap ccx ccz"
    assert set(gate_names(ionq)) == set(f"{plain} {controlled}".split())


def test_without_a_word_on_controls_there_are_only_the_documented_gates(provider, ionq):
    from qhub_qiskit.systems.azure_ionq import AzureIonq
    from qhub_qiskit.systems.base import Device

    names = AzureIonq().target(Device(ionq.hub_backend)).operation_names
    assert {"cx", "swap", "rxx"} <= set(names)
    assert not {"cz", "ccx", "cswap"} & set(names)


def test_every_gates_probabilities_are_exact(ionq, provider):
    made = [superposed(name) for name in gate_names(ionq)]
    job = ionq.run([circuit.measure_all(inplace=False) for circuit in made], shots=1)
    for circuit, hub_job in zip(made, job.hub_jobs(), strict=True):
        job.wait_for_final_state()
        histogram = provider.client.jobs.result(hub_job.id)["histogram"]
        exact = Statevector(circuit).probabilities()
        returned = np.zeros(len(exact))
        for state, probability in histogram.items():
            returned[int(state)] = probability
        np.testing.assert_allclose(returned, exact, atol=1e-9, err_msg=str(circuit))


@pytest.mark.parametrize("make", CIRCUITS, ids=lambda make: make.__name__)
def test_keys_are_those_of_aer(ionq, provider, make):
    circuit = make()
    aer = AerSimulator().run(circuit, shots=20, memory=True).result()
    job = ionq.run(circuit, shots=20, memory=True)
    for result in (job.result(), provider.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        assert result.get_memory() == aer.get_memory()
        for field in ("creg_sizes", "memory_slots"):
            assert result.results[0].header[field] == aer.results[0].header[field]


@settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(circuit=circuits())
def test_random_circuits_are_those_of_aer(ionq, circuit):
    circuit = transpile(circuit, ionq, optimization_level=0)
    aer = AerSimulator(seed_simulator=11).run(circuit, shots=20_000).result().get_counts()
    here = ionq.run(circuit, shots=4_000).result().get_counts()
    assert sum(here.values()) == 4_000
    # As in test_random_circuits: twice the average distance for 32 outcomes.
    assert distance(here, aer) < 0.08


@pytest.mark.parametrize("level", range(4))
def test_transpiled_circuits_keep_their_distribution(ionq, level):
    circuit = QuantumCircuit(4)
    circuit.append(QFTGate(3), [3, 0, 1])
    circuit.mcx([0, 1, 2], 3)
    circuit.p(0.4, 2)
    circuit.u(0.1, 0.2, 0.3, 0)
    exact = Statevector(circuit).probabilities_dict()
    native = transpile(circuit.measure_all(inplace=False), ionq, optimization_level=level)
    counts = ionq.run(native, shots=20_000).result().get_counts()
    # 16 outcomes and 20,000 shots lie 0.01 off on average.
    assert 0.5 * sum(abs(counts.get(k, 0) / 20_000 - p) for k, p in exact.items()) < 0.03


def half() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure([0, 1], [1, 0])
    return circuit


def test_the_draw_is_the_same_at_every_look_and_in_every_process(ionq, provider):
    job = ionq.run(half(), shots=1001, memory=True)
    counts, memory = job.result().get_counts(), job.result().get_memory()
    assert sum(counts.values()) == len(memory) == 1001
    assert set(counts) == {"00", "10"}
    again = provider.job(job.job_id()).result()
    assert (again.get_counts(), again.get_memory()) == (counts, memory)
    assert again.results[0].header["memory"] == "shuffled counts"
    settings = provider.client.settings
    script = (
        "import sys; from qhub_qiskit import HubProvider\n"
        "provider = HubProvider(sys.argv[2], base_url=sys.argv[1])\n"
        "print(dict(provider.job(sys.argv[3]).result().get_counts()))"
    )
    token = settings.token.get_secret_value()
    command = [sys.executable, "-c", script, settings.base_url, token, job.job_id()]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert printed.stdout.strip() == str(dict(counts))


def test_seed_simulator_makes_two_jobs_agree(ionq, provider):
    first, second = (ionq.run(half(), shots=5000, seed_simulator=42) for _ in range(2))
    assert first.job_id() != second.job_id()
    assert first.result().get_counts() == second.result().get_counts()
    other = ionq.run(half(), shots=5000, seed_simulator=43)
    assert other.result().get_counts() != first.result().get_counts()
    assert provider.job(first.job_id()).result().get_counts() == first.result().get_counts()


def test_a_list_and_idle_qubits(ionq):
    wide = QuantumCircuit(29, 1, name="wide")
    wide.x(28)
    wide.barrier()
    wide.measure(28, 0)
    assert ionq.encode(wide).input["qubits"] == 1
    result = ionq.run([half(), wide], shots=10).result()
    assert result.get_counts("wide") == {"1": 10}
    assert sum(result.get_counts(0).values()) == 10


def test_a_circuit_without_gates(ionq):
    circuit = QuantumCircuit(2, 1)
    circuit.measure(1, 0)
    assert ionq.run(circuit, shots=10).result().get_counts() == {"0": 10}


@pytest.mark.parametrize("key", ["gate", "type"])
def test_jobs_of_other_clients_are_read(ionq, provider, key):
    """Without registers all qubits are read in their order; with them, their numbers are qubits."""
    document = {
        "gateset": "qis",
        "qubits": 3,
        "circuit": [{key: "x", "targets": [1]}, {key: "rx", "targets": [2], "rotation": np.pi}],
    }
    for registers, expected in (({}, "110"), ({"a": [0, 2], "b": [1]}, "1 10")):
        given = {**document, **({"registers": registers} if registers else {})}
        job = provider.client.jobs.create(
            JobRequest(
                backend_id=ionq.name,
                shots=10,
                input=given,
                input_format=InputFormat.IONQ_CIRCUIT_V1,
            )
        )
        assert provider.job(job.id).result().get_counts() == {expected: 10}


def test_what_cannot_be_is_refused_by_name(ionq):
    midway = QuantumCircuit(1, 1)
    midway.measure(0, 0)
    midway.x(0)
    with pytest.raises(ValidationError, match=r"mid-circuit measurement: 'x' acts on qubit 0"):
        ionq.run(midway)
    unknown = half()
    unknown.u(0.1, 0.2, 0.3, 0)
    with pytest.raises(ValidationError, match=r"'u'.*Transpile first"):
        ionq.run(unknown)
    with pytest.raises(ValidationError, match="no option 'noise'"):
        ionq.run(half(), noise="ideal")
