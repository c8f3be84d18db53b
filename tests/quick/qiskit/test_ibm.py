"""Circuits through the local Hub's ideal IBM backends, against Aer and Statevector; and what is refused."""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit
from qiskit.circuit.classical import types
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from shared_transport import ValidationError
from tests.quick.qiskit.circuits import bell
from tests.quick.qiskit.ibm_circuits import (
    EVERY,
    SHOTS,
    flipped,
    looped,
    names,
    nested,
    sharing_twice,
)
from tests.quick.qiskit.test_classical_bits import CIRCUITS


@pytest.fixture(scope="module")
def miami(ideal):
    return ideal.get_backend("ibm.qpu.miami")


@pytest.fixture(params=["fez", "miami"])
def either(request, ideal):
    return ideal.get_backend(f"ibm.qpu.{request.param}")


def unwritten() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(3, "a"), [Clbit()])
    circuit.x(1)
    circuit.measure(1, 2)
    return circuit


HOSTILE = {
    **{make.__name__: make for make in CIRCUITS},
    "keywords": lambda: names("class", "if", "shots", "c"),
    "fields": lambda: names("shape", "size", "keys", "_private"),
    "spaces": lambda: names("a b", "ä", "0x1"),
    "our_own_word": lambda: names("bits", "bits_"),
    "empty_register": lambda: flipped(
        ClassicalRegister(2, "a"), ClassicalRegister(0, "none"), ClassicalRegister(1, "b")
    ),
    "loose_bits": lambda: flipped(ClassicalRegister(2, "a"), [Clbit(), Clbit()]),
    "loose_only": lambda: flipped([Clbit(), Clbit(), Clbit()]),
    "sharing_twice": sharing_twice,
    "unwritten": unwritten,
}


@pytest.mark.parametrize("name", EVERY)
def test_a_bell_pair_on_every_backend(ideal, name):
    backend = ideal.get_backend(f"ibm.qpu.{name}")
    circuit = transpile(bell(), backend, seed_transpiler=1)
    counts = backend.run(circuit, shots=1000).result().get_counts()
    assert set(counts) == {"00", "11"}
    # Binomial: the standard deviation is 16; five of them.
    assert abs(counts["00"] - 500) < 80


@pytest.mark.parametrize("level", range(4))
def test_random_circuits_keep_their_distribution(either, level):
    plain = random_circuit(4, 6, max_operands=3, seed=20 + level)
    exact = Statevector(plain).probabilities_dict()
    circuit = transpile(
        plain.measure_all(inplace=False), either, optimization_level=level, seed_transpiler=1
    )
    shots = 20_000
    counts = either.run(circuit, shots=shots).result().get_counts()
    # 16 outcomes and 20,000 shots lie 0.01 off on average in total variation; three times that.
    outcomes = {*counts, *exact}
    assert 0.5 * sum(abs(counts.get(k, 0) / shots - exact.get(k, 0)) for k in outcomes) < 0.03


@pytest.mark.parametrize("word", HOSTILE)
def test_keys_are_those_of_aer(either, ideal, word):
    circuit = HOSTILE[word]()
    aer = AerSimulator().run(circuit, shots=SHOTS, memory=True).result()
    job = either.run(circuit, shots=SHOTS, memory=True)
    for result in (job.result(), ideal.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        assert result.data()["counts"] == aer.data()["counts"]
        assert result.get_memory() == aer.get_memory()
        header, reference = result.results[0].header, aer.results[0].header
        for key in ("creg_sizes", "memory_slots", "name"):
            assert header[key] == reference[key]


def test_a_list_is_one_job_and_keeps_registers(fez, ideal):
    circuits = [
        names("a"),
        names("a", "b", "c", "d"),
        HOSTILE["keywords"](),
        HOSTILE["loose_bits"](),
        transpile(bell(), fez),
    ]
    for number, circuit in enumerate(circuits):
        circuit.name, circuit.metadata = f"number {number}", {"number": number}
    aer = AerSimulator(seed_simulator=1).run(circuits, shots=SHOTS).result()
    job = fez.run(circuits, shots=SHOTS)
    assert "," not in job.job_id()
    for result in (job.result(), ideal.job(job.job_id()).result()):
        assert result.get_counts()[:4] == aer.get_counts()[:4]
        assert set(result.get_counts(4)) <= {"00", "11"}
        assert [r.header["name"] for r in result.results] == [c.name for c in circuits]
        assert [r.header["metadata"]["number"] for r in result.results] == list(range(5))


def test_memory_is_per_shot_and_agrees_with_the_counts(fez, ideal):
    circuit = transpile(bell(), fez, seed_transpiler=1)
    job = fez.run(circuit, shots=200, memory=True)
    result = job.result()
    memory = result.get_memory()
    assert "memory" not in result.results[0].header  # as measured, not shuffled counts
    assert {word: memory.count(word) for word in set(memory)} == result.get_counts()
    assert ideal.job(job.job_id()).result().get_memory() == memory


def test_many_shots_of_several_registers(fez):
    circuit = names("a", "b", "c")
    counts = fez.run(circuit, shots=100_000).result().get_counts()
    assert counts == AerSimulator().run(circuit, shots=100_000).result().get_counts()


def measured_again(word: str) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(3, word))
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    circuit.reset(0)
    circuit.x(0)
    circuit.measure(0, 2)
    return circuit


@pytest.mark.parametrize("make", [nested, looped, measured_again])
@pytest.mark.parametrize("word", ["c", "if", "bits", "a b"])
def test_dynamic_circuits_are_those_of_aer(fez, ideal, make, word):
    circuit = make(word)
    aer = AerSimulator().run(circuit, shots=SHOTS).result().get_counts()
    job = fez.run(transpile(circuit, fez, seed_transpiler=1), shots=SHOTS)
    assert job.result().get_counts() == aer
    assert ideal.job(job.job_id()).result().get_counts() == aer


def test_a_random_bit_that_is_acted_upon(fez):
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    counts = fez.run(transpile(circuit, fez), shots=1000).result().get_counts()
    assert set(counts) == {"00", "11"}
    # Binomial: the standard deviation is 16; five of them.
    assert abs(counts["11"] - 500) < 80


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda c: (c.measure(1, 0), c.x(1)), "mid-circuit"),
        (lambda c: (c.reset(1), c.measure(1, 0)), "'reset'"),
        (lambda c: (c.measure(0, 0), c.if_else((c.clbits[0], 1), one_x(), None, [1], [])), "if_else"),
        (lambda c: (c.h(1), c.measure(1, 0)), "'h'"),
        (lambda c: (c.rx(0.1, 1), c.measure(1, 0)), "'rx'"),
        (lambda c: c.x(1), "measures nothing"),
    ],
)  # fmt: skip
def test_what_a_backend_does_not_declare_is_refused(miami, make, word):
    circuit = QuantumCircuit(2, 1)
    make(circuit)
    with pytest.raises(ValidationError, match=word) as caught:
        miami.run(circuit)
    assert "ibm.qpu.miami" in str(caught.value)


def one_x() -> QuantumCircuit:
    block = QuantumCircuit(1)
    block.x(0)
    return block


def test_classical_variables_are_refused(fez):
    circuit = names("c")
    circuit.add_input("v", types.Bool())
    with pytest.raises(ValidationError, match="classical variables"):
        fez.run(circuit)
