"""QUDORA's simulator against Aer: its measurement resets the qubit, and circuits must not notice."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2, qasm3
from qiskit.circuit import Clbit, IfElseOp
from qiskit.circuit.classical import expr
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator, Statevector
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend
from shared_transport import ValidationError
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest
from tests.quick.qiskit.test_classical_bits import CIRCUITS
from tests.random_circuits import circuits, distance

LANGUAGES = ("OpenQASM2", "OpenQASM3")
ANGLES = (0.7, -1.1, 2.3, 0.4)


@pytest.fixture
def xg1(provider) -> HubBackend:
    return provider.get_backend("qudora.sim.xg1")


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


# Dynamic circuits. Those named here are deterministic, so that counts have to be equal.


def used_after_measurement() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    circuit.measure(1, 1)
    return circuit


def measured_three_times() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 3)
    circuit.x(0)
    circuit.measure(0, 2)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    return circuit


def bit_overwritten() -> QuantumCircuit:
    """Bit 0 is 1 when it is asked, and 0 in the end."""
    circuit = QuantumCircuit(3, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(2)
    circuit.measure(1, 0)
    circuit.cx(0, 1)
    circuit.ccx(0, 1, 2)
    circuit.measure(2, 1)
    return circuit


def reset_midway() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x([0, 1])
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.cx(0, 1)
    circuit.measure(0, 1)
    return circuit


def branches_on_a_register() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(4, "q"), *registers(2, 3))
    circuit.x([0, 1])
    circuit.measure([0, 1], [2, 4])
    for value in (2, 5):
        with circuit.if_test((circuit.cregs[1], value)) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.x(3)
    circuit.measure([2, 3], [0, 1])
    return circuit


def nested_with_a_measurement_inside() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 1])
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.measure(1, 1)
        with circuit.if_test((circuit.clbits[1], 0)) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.cx(1, 2)
    circuit.cx(1, 0)
    circuit.measure(0, 0)
    circuit.measure(2, 2)
    return circuit


def registers_that_share_bits() -> QuantumCircuit:
    """A condition on a register that cannot be declared, with an else branch."""
    bits = [Clbit() for _ in range(4)]
    circuit = QuantumCircuit(QuantumRegister(4, "q"), bits)
    circuit.add_register(ClassicalRegister(bits=bits[:3], name="low"))
    circuit.add_register(ClassicalRegister(bits=bits[1:], name="high"))
    circuit.x([0, 2])
    circuit.measure([0, 1, 2], [0, 1, 2])
    for register, value in (("low", 5), ("low", 4), ("high", 2), ("high", 6)):
        chosen = next(r for r in circuit.cregs if r.name == register)
        with circuit.if_test((chosen, value)) as otherwise:
            circuit.x(3)
        with otherwise:
            circuit.cx(0, 1)
    circuit.measure([3, 1], [3, 1])
    return circuit


def awkward_registers() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(3, "bit"))
    circuit.add_bits([Clbit()])
    for name in ("q", "measure", "c", "ß and more"):
        circuit.add_register(ClassicalRegister(2, name))
    circuit.add_bits([Clbit()])
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, 5)
    circuit.measure(0, 9)
    with circuit.if_test((circuit.cregs[2], 1)):
        circuit.x(1)
    with circuit.if_test((circuit.clbits[9], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.cregs[1], 1)):
        circuit.x(2)
    circuit.measure([1, 2], [3, 8])
    return circuit


def a_block_with_bits_of_its_own() -> QuantumCircuit:
    """The body's qubits and bits are other objects, crossed."""
    body = QuantumCircuit(2, 2)
    body.cx(1, 0)
    body.measure(0, 1)
    circuit = QuantumCircuit(3, 3)
    circuit.x(2)
    circuit.measure(2, 0)
    circuit.append(IfElseOp((circuit.clbits[0], True), body), [1, 2], [2, 1])
    circuit.measure(2, 2)
    return circuit


def simple_expressions() -> QuantumCircuit:
    circuit = QuantumCircuit(5, 6)
    low = ClassicalRegister(2, "low")
    circuit.add_register(low)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, low[1])
    first, second = circuit.clbits[:2]
    for target, condition in enumerate(
        (expr.lift(first), expr.logic_not(second), expr.equal(low, 2), expr.equal(3, low)), start=1
    ):
        with circuit.if_test(condition):
            circuit.x(target)
    circuit.measure([1, 2, 3, 4], [2, 3, 4, 5])
    return circuit


def barriers_and_idle_qubits() -> QuantumCircuit:
    circuit = QuantumCircuit(20, 2)
    circuit.x(17)
    circuit.barrier()
    circuit.measure(17, 0)
    circuit.barrier(3, 4)
    circuit.cx(17, 11)
    circuit.measure(11, 1)
    return circuit


def registers(*sizes: int) -> list[ClassicalRegister]:
    return [ClassicalRegister(size, f"r{i}") for i, size in enumerate(sizes)]


DYNAMIC = [
    used_after_measurement,
    measured_three_times,
    bit_overwritten,
    reset_midway,
    branches_on_a_register,
    nested_with_a_measurement_inside,
    registers_that_share_bits,
    awkward_registers,
    a_block_with_bits_of_its_own,
    simple_expressions,
    barriers_and_idle_qubits,
]


@pytest.mark.parametrize("make", DYNAMIC, ids=lambda make: make.__name__)
def test_dynamic_circuits_mean_what_they_mean_in_aer(xg1, provider, make):
    circuit = make()
    aer = AerSimulator().run(circuit, shots=20, memory=True).result()
    assert len(aer.get_counts()) == 1  # the test is of no use otherwise
    job = xg1.run(circuit, shots=20, memory=True)
    for result in (job.result(), provider.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        assert result.get_memory() == aer.get_memory()
        for field in ("creg_sizes", "memory_slots"):
            assert result.results[0].header[field] == aer.results[0].header[field]


def random_dynamic(seed: int) -> QuantumCircuit:
    """Gates, measurements, resets and branches in any order, on four qubits and two registers."""
    random = np.random.default_rng(seed)
    circuit = QuantumCircuit(QuantumRegister(4, "q"), *registers(2, 2))

    def step(depth: int) -> None:
        some, other = (int(q) for q in random.choice(4, 2, replace=False))
        kind = random.integers(0, 6 if depth < 2 else 4)
        if kind == 0:
            circuit.u(*random.uniform(-3, 3, 3), some)
        elif kind == 1:
            circuit.cx(some, other)
        elif kind == 2:
            circuit.measure(some, int(random.integers(0, 4)))
        elif kind == 3:
            circuit.reset(some) if random.random() < 0.3 else circuit.ry(2.0, some)
        else:
            condition = (
                (circuit.clbits[int(random.integers(0, 4))], int(random.integers(0, 2)))
                if kind == 4
                else (circuit.cregs[int(random.integers(0, 2))], int(random.integers(0, 4)))
            )
            with circuit.if_test(condition) as otherwise:
                step(depth + 1)
                step(depth + 1)
            with otherwise:
                step(depth + 1)

    for _ in range(14):
        step(0)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def test_random_dynamic_circuits_are_those_of_aer(xg1):
    made = [random_dynamic(seed) for seed in range(12)]
    aer = AerSimulator(seed_simulator=5).run(made, shots=20_000).result()
    here = [xg1.run(circuit, shots=4_000).result() for circuit in made]
    for position, result in enumerate(here):
        # 16 outcomes lie 0.028 apart on average (see test_random_circuits), and the worst of 12 below 0.06.
        assert distance(result.get_counts(), aer.get_counts(position)) < 0.06, position


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


def test_without_if_there_is_no_measurement_midway(xg1):
    configuration = xg1.hub_backend.configuration.model_copy(update={"instructions": ["reset"]})
    less = HubBackend(
        xg1.client, xg1.hub_backend.model_copy(update={"configuration": configuration})
    )
    assert "if_else" not in less.operation_names
    with pytest.raises(ValidationError, match=r"mid-circuit measurement: 'cx'"):
        less.run(used_after_measurement(), shots=10)


def test_a_qubit_is_brought_back_only_where_its_state_matters(xg1):
    text = xg1.encode(reset_midway()).input["qasm"]
    assert "if" not in text.split("stdgates.inc")[1]
    text = xg1.encode(measured_three_times()).input["qasm"]
    assert len(re.findall(r"if \(c\[\d\]\) \{ x q\[0\]; \}", text)) == 2
