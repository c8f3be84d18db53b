"""IBM's room: circuits through the local Hub's ideal IBM backends, against Aer, Statevector and IBM's own package."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.classical import expr, types
from qiskit.circuit.random import random_circuit
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from qhub_qiskit import HubProvider
from qhub_qiskit.systems.base import Device
from qhub_qiskit.systems.ibm import Ibm
from qhub_qiskit.systems.ibm_wire import read_registers, write_circuit
from shared_transport import ValidationError
from shared_transport.errors import ServerError
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest
from tests.quick.qiskit.test_classical_bits import CIRCUITS

EVERY = ("fez", "boston", "marrakesh", "pittsburgh", "aachen", "berlin", "miami", "kingston")
SHOTS = 20


@pytest.fixture(scope="module")
def ideal():
    return HubProvider.local(seed=7, noise=False)


@pytest.fixture(scope="module")
def fez(ideal):
    return ideal.get_backend("ibm.qpu.fez")


@pytest.fixture(scope="module")
def miami(ideal):
    return ideal.get_backend("ibm.qpu.miami")


@pytest.fixture(params=["fez", "miami"])
def either(request, ideal):
    return ideal.get_backend(f"ibm.qpu.{request.param}")


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def flipped(*registers: ClassicalRegister | list[Clbit]) -> QuantumCircuit:
    """Qubits 0 and 2 are excited; each bit holds the qubit of its number modulo 4."""
    circuit = QuantumCircuit(QuantumRegister(4, "q"), *registers)
    circuit.x([0, 2])
    for bit in range(circuit.num_clbits):
        circuit.measure(bit % 4, bit)
    return circuit


def names(*words: str) -> QuantumCircuit:
    return flipped(*[ClassicalRegister(size, word) for size, word in enumerate(words, 1)])


def sharing_twice() -> QuantumCircuit:
    circuit = flipped([Clbit() for _ in range(4)])
    circuit.add_register(ClassicalRegister(bits=circuit.clbits[::-1], name="back"))
    circuit.add_register(ClassicalRegister(bits=circuit.clbits[1:3], name="middle"))
    return circuit


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


def nested(word: str) -> QuantumCircuit:
    register, last = ClassicalRegister(2, word), ClassicalRegister(2, "last")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), register, last)
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((register, 1)):
        circuit.x(1)
        circuit.measure(1, 1)
        with circuit.if_test((register, 3)) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.x(0)
    with circuit.switch(register) as case:
        with case(3):
            circuit.x(0)
        with case(case.DEFAULT):
            circuit.x(1)
    with circuit.if_test(expr.less(register, 2)):
        circuit.x(2)
    circuit.measure([0, 2], last)
    return circuit


def looped(word: str) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(3, word), [Clbit()])
    with circuit.for_loop(range(3)):
        circuit.x(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(1)
    circuit.measure(1, 2)
    circuit.reset(1)
    circuit.measure(1, 3)
    circuit.measure(0, 1)
    return circuit


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


def test_options_go_out_under_the_contracts_names(fez):
    circuit = transpile(bell(), fez)
    encoded = fez.encode(
        circuit,
        shots=50,
        dynamical_decoupling={"enable": True, "sequence_type": "XY4"},
        twirling={"enable_gates": True, "num_randomizations": "auto"},
        execution={"rep_delay": 1e-4},
        max_execution_time=60,
    )
    assert encoded.input["options"] == {
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "twirling": {"enable_gates": True, "num_randomizations": "auto"},
        "execution": {"rep_delay": 1e-4},
    }
    assert encoded.params == {"program_id": "sampler", "max_execution_time": 60}
    assert "options" not in fez.encode(circuit).input
    result = fez.run(circuit, shots=50, twirling={"enable_gates": True}).result()
    told = result.results[0].metadata
    assert told["twirling"]["enable_gates"] is True
    assert told["local_hub"]["not_simulated"] == ["twirling.enable_gates"]
    assert told["circuit_metadata"] == {}


def test_impossible_options_are_refused(fez):
    circuit = transpile(bell(), fez)
    with pytest.raises(ValidationError, match=r"twirling\.enable"):
        fez.run(circuit, twirling={"enable": True})
    with pytest.raises(ValidationError, match="sequence_type"):
        fez.run(circuit, dynamical_decoupling={"sequence_type": "YY"})
    with pytest.raises(ValidationError, match="twirling"):
        fez.run(circuit, twirlig={})
    with pytest.raises(ValidationError, match="control flow"):
        fez.run(transpile(looped("c"), fez), dynamical_decoupling={"enable": True})


@pytest.mark.parametrize("make", [lambda: nested("c"), lambda: names("a", "b"), bell])
def test_circuits_are_written_as_ibm_writes_them(fez, make):
    circuit = transpile(make(), fez)
    circuit.metadata = {"of": [1, 2]}
    ours = json.loads(json.dumps(write_circuit(circuit)), cls=RuntimeDecoder)
    assert (
        ours == json.loads(json.dumps(circuit, cls=RuntimeEncoder), cls=RuntimeDecoder) == circuit
    )
    assert ours.metadata == circuit.metadata
    theirs = json.loads(json.dumps(circuit, cls=RuntimeEncoder))
    registers, num_clbits = read_registers(theirs)
    place = {bit: number for number, bit in enumerate(circuit.clbits)}
    assert registers == tuple((r.name, tuple(place[bit] for bit in r)) for r in circuit.cregs)
    assert num_clbits == circuit.num_clbits


def test_metadata_that_is_not_json_stays_here(fez):
    circuit = names("c")
    circuit.metadata = {"array": np.arange(3)}
    result = fez.run(circuit, shots=SHOTS).result()
    assert result.results[0].header["metadata"]["array"].tolist() == [0, 1, 2]
    assert circuit.metadata["array"].tolist() == [0, 1, 2]


def of_another_client(provider, pubs, program="sampler"):
    """A job as qiskit_ibm_runtime sends it."""
    job_input = json.loads(json.dumps({"pubs": pubs, "version": 2}, cls=RuntimeEncoder))
    request = JobRequest(
        backend_id="ibm.qpu.fez",
        shots=SHOTS,
        input=job_input,
        input_format=InputFormat.QISKIT_QPY,
        input_params={"program_id": program},
    )
    return provider.job(provider.client.jobs.create(request).id)


def rotated(word: str) -> QuantumCircuit:
    circuit = names(word, "b")
    angle = Parameter("t")
    base = circuit.copy_empty_like()
    base.sx(1)
    base.rz(angle, 1)
    base.sx(1)
    return circuit.compose(base, front=True)


def test_a_job_of_another_client_is_opened(ideal):
    fixed = names("a", "b")
    # sx rz(0) sx is x, up to a phase.
    pubs = [SamplerPub.coerce((fixed,), SHOTS), SamplerPub.coerce((rotated("a"), [0.0]), SHOTS)]
    bound = rotated("a").assign_parameters([0.0])
    aer = AerSimulator().run([fixed, bound], shots=SHOTS).result()
    job = of_another_client(ideal, pubs)
    assert job.result().get_counts() == aer.get_counts()


def test_a_text_of_another_client_has_what_its_result_has(ideal):
    """A bit that is no array is no register: a sampler does not return it."""
    text = (
        "OPENQASM 3.0;\nbit[2] b;\nbit alone;\nbit[1] c;\nqubit[2] q;\nx q[0];\n"
        "b[0] = measure q[0];\nalone = measure q[0];\nc[0] = measure q[0];\n"
    )
    assert of_another_client(ideal, [[text]]).result().get_counts() == {"1 01": SHOTS}


def test_shared_bits_and_loose_ones_of_another_client(ideal):
    """Loose bits do not come back from a sampler: they read 0. Shared ones are read from the first register."""
    counts = of_another_client(ideal, [[sharing_twice()]]).result().get_counts()
    assert counts == AerSimulator().run(sharing_twice(), shots=SHOTS).result().get_counts()
    loose = flipped(ClassicalRegister(2, "a"), [Clbit()])
    assert of_another_client(ideal, [[loose]]).result().data()["counts"] == {"0x1": SHOTS}


def test_what_counts_cannot_hold_says_who_reads_it(ideal):
    several = of_another_client(ideal, [SamplerPub.coerce((rotated("a"), [[0.0], [1.0]]), SHOTS)])
    with pytest.raises(ServerError, match="sets of parameter values") as caught:
        several.result()
    assert "qiskit_ibm_runtime" in str(caught.value)
    circuit = QuantumCircuit(1)
    circuit.x(0)
    with pytest.raises(ServerError, match="estimator"):
        of_another_client(ideal, [[circuit, {"Z": 1.0}]], "estimator").result()


def ibms_own(device: Device):
    document = copy.deepcopy(dict(device.config))
    return convert_to_target(
        configuration_from_server_data(document["config"]),
        properties_from_server_data(document["properties"]),
    )


def device_of(backend) -> Device:
    return Device(backend.hub_backend, backend.client.backends.config(backend.name))


def assert_same(ours, theirs, extra=frozenset()):
    assert set(ours.operation_names) == set(theirs.operation_names) - extra
    assert ours.num_qubits == theirs.num_qubits
    assert ours.dt == pytest.approx(theirs.dt)
    for name in ("granularity", "min_length", "pulse_alignment", "acquire_alignment"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ours.operation_names:
        assert set(ours[name] or [None]) == set(theirs[name] or [None]), name
        for place, figures in (ours[name] or {}).items():
            reference = theirs[name][place]
            if reference is None:
                assert figures is None
                continue
            assert figures.error == pytest.approx(reference.error)
            assert figures.duration == pytest.approx(reference.duration)
    for one, other in zip(ours.qubit_properties, theirs.qubit_properties, strict=True):
        assert (one.t1, one.t2) == pytest.approx((other.t1, other.t2))
        assert one.frequency == other.frequency


@pytest.mark.parametrize("name", EVERY)
def test_the_target_is_that_of_ibms_own_package(ideal, name):
    device = device_of(ideal.get_backend(f"ibm.qpu.{name}"))
    # Instructions that Qiskit has not, and no QPY reader takes from a stranger.
    assert_same(Ibm().target(device), ibms_own(device), {"measure_2", "reset_2"})


def test_what_is_out_of_order_is_left_out(fez):
    device = device_of(fez)
    document = copy.deepcopy(dict(device.config))
    off = {"date": "2025-02-24T04:40:29-05:00", "name": "operational", "unit": "", "value": 0}
    document["properties"]["qubits"][5].append(dict(off))
    broken = next(g for g in document["properties"]["gates"] if g["name"] == "cz72_73")
    broken["parameters"].append(dict(off))
    device = replace(device, config=document)
    target = Ibm().target(device)
    assert_same(target, ibms_own(device))
    assert (72, 73) not in target["cz"]
    assert (73, 72) in target["cz"]
    assert (5,) not in target["measure"]
    assert (4, 5) not in target["cz"]
    assert Ibm().faulty_qubits(device) == {"5"}
