"""QUDORA's simulator against Aer: gates, keys, lists, jobs of other clients; and what is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit.classical import expr
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator, Statevector
from qiskit_aer import AerSimulator

from shared_transport import ValidationError
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest
from tests.quick.qiskit.dynamic_circuits import used_after_measurement
from tests.quick.qiskit.test_classical_bits import CIRCUITS
from tests.random_circuits import circuits, distance

LANGUAGES = ("OpenQASM2", "OpenQASM3")
ANGLES = (0.7, -1.1, 2.3, 0.4)


def gate_names(backend) -> list[str]:
    return sorted(set(backend.operation_names) - {"measure", "reset", "if_else"})


def gate(name: str):
    kind = get_standard_gate_name_mapping()[name]
    return type(kind)(*ANGLES[: len(kind.params)])


def every_gate(backend) -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    for position, name in enumerate(gate_names(backend)):
        circuit.ry(0.3 + 0.1 * position, position % 3)
        chosen = gate(name)
        circuit.append(chosen, [(position + i) % 3 for i in range(chosen.num_qubits)])
    return circuit


def test_the_gates_that_the_hub_names(xg1):
    words = {one.name for one in xg1.hub_backend.configuration.gates}
    assert set(gate_names(xg1)) == words
    assert {"reset", "if_else", "measure"} <= set(xg1.operation_names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_qiskits_own_parser_reads_each_gate_as_the_one_that_was_sent(xg1, language):
    loads = qasm3.loads if language == "OpenQASM3" else loads_with_qelib1
    for name in gate_names(xg1):
        circuit = QuantumCircuit(3)
        circuit.append(gate(name), range(gate(name).num_qubits))
        circuit.barrier()
        text = xg1.encode(measured_everywhere(circuit), language=language).input["qasm"]
        read = loads(text).remove_final_measurements(inplace=False)
        assert Operator(read).equiv(Operator(circuit)), name


def loads_with_qelib1(text: str) -> QuantumCircuit:
    return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


def measured_everywhere(circuit: QuantumCircuit) -> QuantumCircuit:
    """With a gate on each qubit first: idle ones are not sent, but measured ones are."""
    return circuit.measure_all(inplace=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_gates_run_and_follow_the_exact_distribution(xg1, language):
    shots = 10_000
    circuit = every_gate(xg1)
    exact = Statevector(circuit).probabilities_dict()
    measured = circuit.measure_all(inplace=False)
    counts = xg1.run(measured, shots=shots, language=language).result().get_counts()
    # 8 outcomes and 10,000 shots lie 0.011 off on average; the bound is three times that.
    assert 0.5 * sum(abs(counts.get(k, 0) / shots - p) for k, p in exact.items()) < 0.033


@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_are_those_of_aer(xg1, provider, language):
    made = [make() for make in CIRCUITS]
    aer = AerSimulator().run(made, shots=20, memory=True).result()
    job = xg1.run(made, shots=20, memory=True, language=language)
    for result in (job.result(), provider.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        for position in range(len(made)):
            assert result.get_memory(position) == aer.get_memory(position)
            reference = aer.results[position].header
            for field in ("creg_sizes", "memory_slots"):
                assert result.results[position].header[field] == reference[field]


@settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(circuit=circuits())
def test_random_circuits_are_those_of_aer(xg1, circuit):
    aer = AerSimulator(seed_simulator=11).run(circuit, shots=20_000).result().get_counts()
    here = xg1.run(circuit, shots=4_000).result().get_counts()
    # As in test_random_circuits: twice the average distance for 32 outcomes.
    assert distance(here, aer) < 0.08


def test_a_list_is_one_job_with_the_total_of_the_shots(xg1, provider):
    made = [used_after_measurement(), *[make() for make in CIRCUITS[:3]]]
    for number, circuit in enumerate(made):
        circuit.name, circuit.metadata = f"circuit {number}", {"number": number}
    job = xg1.run(made, shots=30, memory=True)
    (hub_job,) = job.hub_jobs()
    assert hub_job.shots == 120
    assert hub_job.input_format == InputFormat.OPEN_QASM_V3  # one of them is dynamic
    aer = AerSimulator().run(made, shots=30).result()
    for result in (job.result(), provider.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        assert [one.shots for one in result.results] == [30] * 4
        assert [one.header["metadata"]["number"] for one in result.results] == [0, 1, 2, 3]


def test_memory_is_in_the_order_of_the_shots(xg1, provider):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    job = xg1.run(circuit, shots=200, memory=True)
    result = job.result()
    raw = provider.client.jobs.result(job.job_id())
    assert result.get_memory() == raw["memory"]
    assert Counter(result.get_memory()) == result.get_counts()
    assert "memory" not in result.results[0].header
    assert provider.job(job.job_id()).result().get_memory() == result.get_memory()


def test_the_backends_own_settings_reach_it(xg1):
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    wrong = {"measurement_error_probability": 1.0}
    result = xg1.run(circuit, shots=10, backend_settings=wrong).result()
    assert result.get_counts() == {"1": 10}


def test_jobs_of_other_clients_are_read(xg1, provider):
    static = (
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg a[2]; creg b[1]; x q[2];\n'
        "measure q[0] -> a[0]; measure q[2] -> a[1]; // measure q[2] -> b[0];"
    )
    dynamic = (
        'OPENQASM 3.0; include "stdgates.inc"; bit[2] a; qubit[2] q; bit b; x q[0];\n'
        "a[0] = measure q[0]; if (a[0]) { x q[1]; } b = measure q[1];"
    )
    for qasm, language, expected in (
        (static, LANGUAGES[0], [{"0 10": 10}]),
        (dynamic, LANGUAGES[1], [{"1 01": 10}]),
        ([static, static.replace("x q[2]", "x q[0]")], LANGUAGES[0], [{"0 10": 5}, {"0 01": 5}]),
    ):
        job = provider.client.jobs.create(
            JobRequest(
                backend_id=xg1.name,
                shots=10,
                input={"qasm": qasm},
                input_format=InputFormat("OPEN_QASM_V" + language[-1]),
                input_params={"language": language},
            )
        )
        result = provider.job(job.id).result()
        assert [result.get_counts(i) for i in range(len(result.results))] == expected


def with_a_loop() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.while_loop((circuit.clbits[0], 1)):
        circuit.measure(0, 0)
    return circuit


def with_a_long_condition() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 2)
    circuit.measure(0, 0)
    with circuit.if_test(expr.logic_and(circuit.clbits[0], circuit.clbits[1])):
        circuit.x(0)
    return circuit


def with_an_infinite_angle_in_a_branch() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.rx(np.inf, 0)
    return circuit


def with_a_delay() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.delay(10, 0, "ns")
    circuit.measure(0, 0)
    return circuit


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (with_a_loop, {}, ["'while_loop'", "qubit 0", "qudora.sim.xg1"]),
        (with_a_long_condition, {}, ["condition", "'if_else'", "register == number"]),
        (with_an_infinite_angle_in_a_branch, {}, ["'rx'", "finite"]),
        (with_a_delay, {}, ["'delay'", "qubit 0"]),
        (used_after_measurement, {"language": "OpenQASM2"}, ["OpenQASM 2", "language="]),
        (used_after_measurement, {"language": "QIR"}, ["language='QIR'"]),
        (used_after_measurement, {"backend_setings": {}}, ["Did you mean 'backend_settings'"]),
        (used_after_measurement, {"seed_simulator": 3}, ["seed_simulator"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_is_refused_by_name(xg1, make, options, words):
    with pytest.raises(ValidationError) as caught:
        xg1.run(make(), shots=10, **options)
    for word in words:
        assert word in str(caught.value)
