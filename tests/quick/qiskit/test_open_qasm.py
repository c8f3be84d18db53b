"""Backends that nobody knows yet: their programs, run by Aer as Qiskit's parsers read them.

Aer stands for the service: it runs the text that would be sent, and its result goes to the room as a document.
"""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from qiskit import QuantumCircuit, qasm2, qasm3, transpile
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend
from qhub_qiskit.systems.base import ResultText, Sent
from shared_transport import ValidationError
from shared_transport.models import Backend
from tests.quick.qiskit.dynamic_circuits import DYNAMIC, random_dynamic
from tests.quick.qiskit.test_classical_bits import CIRCUITS
from tests.random_circuits import circuits, distance

VERSIONS = ("OPEN_QASM_V2", "OPEN_QASM_V3")
DYNAMIC_WORDS = ["measure", "reset", "if_else", "while_loop"]


def newcomer(provider, version: str, **configuration) -> HubBackend:
    document = {
        "id": "new.sim.tomorrow",
        "provider": "NEWCOMER",
        "configuration": {
            "qubit_count": 20,
            "supported_input_formats": [version],
            "connectivity": {"fully_connected": True},
            **configuration,
        },
    }
    return HubBackend(provider.client, Backend.model_validate(document))


@pytest.fixture(params=VERSIONS)
def unknown(request, provider) -> HubBackend:
    return newcomer(provider, request.param)


def loads(text: str) -> QuantumCircuit:
    """Without the registers' limits that Qiskit's own reader has, and nothing of ours."""
    if text.startswith("OPENQASM 3"):
        return qasm3.loads(text)
    return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


def answer(text: str, shots: int, form: str = "plain") -> dict[str, object]:
    """What a service that is Aer would return for a program."""
    result = AerSimulator(seed_simulator=3).run(loads(text), shots=shots, memory=True).result()
    if form == "hex":
        return {"counts": result.data()["counts"], "memory": result.data()["memory"]}
    counts, memory = dict(result.get_counts()), result.get_memory()
    if form == "plain":
        counts = {key.replace(" ", ""): count for key, count in counts.items()}
        memory = None
    return {"counts": counts, "memory": memory, "metadata": {}}


def counts_of(backend: HubBackend, circuit: QuantumCircuit, shots: int, form: str = "plain"):
    """Encode, run, decode; what is read back from the text alone must serve as well."""
    encoded = backend.encode(circuit, shots=shots)
    room = backend._system
    assert room.layouts(encoded.input) == encoded.said
    document = answer(encoded.input["qasm"], shots, form)
    sent = Sent(encoded.layouts, {}, shots, 1)
    (decoded,) = room.decode(ResultText(json.dumps(document).encode()), sent)
    assert decoded.memory.ordered == (form != "plain")
    return decoded.memory.hex_counts()


def test_without_gates_named_it_has_those_of_the_include_file(provider):
    two = newcomer(provider, VERSIONS[0])
    three = newcomer(provider, VERSIONS[1])
    assert {"h", "cx", "u3", "cu3", "rzz", "sxdg"} <= set(two.operation_names)
    assert {"h", "cx", "u", "cp", "cswap"} <= set(three.operation_names)
    assert "rzz" not in three.operation_names
    assert "reset" not in two.operation_names + three.operation_names


def test_the_gates_that_the_hub_names(provider):
    words = ["H", "cnot", "iswap", "not a gate", "r"]
    for version in VERSIONS:
        backend = newcomer(provider, version, gates=[{"name": word} for word in words])
        assert set(backend.operation_names) == {"h", "cx", "iswap", "r", "measure"}


def test_version_three_is_chosen_where_both_are_taken(provider):
    both = newcomer(provider, "", supported_input_formats=list(VERSIONS))
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert both.encode(circuit).input["qasm"].startswith("OPENQASM 3.0;")


@pytest.mark.parametrize("version", VERSIONS)
def test_qiskits_own_parser_reads_each_gate_as_the_one_that_was_sent(provider, version):
    names = list(get_standard_gate_name_mapping())
    backend = newcomer(provider, version, gates=[{"name": name} for name in names])
    written = sorted(set(backend.operation_names) - {"measure"})
    assert {"r", "ryy", "rzx", "iswap", "dcx", "ecr", "cs", "csdg", "ccz"} <= set(written)
    assert len(written) >= 40
    for name in written:
        kind = get_standard_gate_name_mapping()[name]
        gate = type(kind)(*(0.7, -1.1, 2.3, 0.4)[: len(kind.params)])
        circuit = QuantumCircuit(gate.num_qubits)
        circuit.append(gate, range(gate.num_qubits))
        text = backend.encode(circuit.measure_all(inplace=False)).input["qasm"]
        read = loads(text).remove_final_measurements(inplace=False)
        assert Operator(read).equiv(Operator(circuit)), name


@pytest.mark.parametrize("form", ["plain", "spaced", "hex"])
@pytest.mark.parametrize("make", CIRCUITS, ids=lambda make: make.__name__)
def test_keys_are_those_of_aer(unknown, make, form):
    circuit = make()
    aer = AerSimulator().run(circuit, shots=20).result()
    assert counts_of(unknown, circuit, 20, form) == aer.data()["counts"]


@settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(circuit=circuits())
def test_random_circuits_are_those_of_aer(unknown, circuit):
    circuit = transpile(circuit, unknown, optimization_level=0)
    aer = AerSimulator(seed_simulator=11).run(circuit, shots=20_000).result().data()["counts"]
    # As in test_random_circuits: twice the average distance for 32 outcomes.
    assert distance(counts_of(unknown, circuit, 4_000), aer) < 0.08


@pytest.mark.parametrize("form", ["plain", "spaced", "hex"])
@pytest.mark.parametrize("make", DYNAMIC, ids=lambda make: make.__name__)
def test_dynamic_circuits_in_version_three(provider, make, form):
    backend = newcomer(provider, VERSIONS[1], instructions=DYNAMIC_WORDS)
    circuit = make()
    aer = AerSimulator().run(circuit, shots=20).result()
    assert counts_of(backend, circuit, 20, form) == aer.data()["counts"]


def test_random_dynamic_circuits_in_version_three(provider):
    backend = newcomer(provider, VERSIONS[1], instructions=DYNAMIC_WORDS)
    for seed in range(20, 26):
        circuit = random_dynamic(seed)
        aer = AerSimulator(seed_simulator=5).run(circuit, shots=20_000).result().data()["counts"]
        # 16 outcomes lie 0.028 apart on average (see test_random_circuits).
        assert distance(counts_of(backend, circuit, 4_000), aer) < 0.06, seed


def test_a_measurement_there_keeps_its_qubit(provider):
    """Nothing is restored: only QUDORA's measurement resets."""
    backend = newcomer(provider, VERSIONS[1], instructions=DYNAMIC_WORDS)
    text = backend.encode(DYNAMIC[0]()).input["qasm"]
    assert "if (" not in text


def test_what_is_not_declared_is_refused_by_name(provider):
    for backend in (
        newcomer(provider, VERSIONS[1]),
        newcomer(provider, VERSIONS[0], instructions=DYNAMIC_WORDS),
    ):
        with pytest.raises(ValidationError, match=r"mid-circuit measurement.*qubit 0"):
            backend.encode(DYNAMIC[0]())
    circuit = QuantumCircuit(1, 1)
    circuit.reset(0)
    circuit.measure(0, 0)
    with pytest.raises(ValidationError, match="no instruction 'reset'"):
        newcomer(provider, VERSIONS[0]).encode(circuit)


@pytest.mark.parametrize("version", VERSIONS)
def test_reset_at_the_beginning_and_barriers(provider, version):
    backend = newcomer(provider, version, instructions=["reset"])
    circuit = QuantumCircuit(3, 2)
    circuit.x(0)
    circuit.barrier()
    circuit.reset(0)
    circuit.barrier(1)
    circuit.x(2)
    circuit.measure([0, 2], [0, 1])
    text = backend.encode(circuit).input["qasm"]
    assert text.count("barrier") == 1  # the other is over a qubit that is not sent
    assert counts_of(backend, circuit, 10) == {"0x2": 10}


@pytest.mark.parametrize("version", VERSIONS)
def test_where_qubits_are_not_all_connected_their_numbers_count(provider, version):
    graph = {"0": ["1"], "1": ["0", "2"], "2": ["1"]}
    line = newcomer(
        provider,
        version,
        qubit_count=3,
        connectivity={"fully_connected": False, "graph": graph},
    )
    circuit = QuantumCircuit(3, 1)
    circuit.cx(1, 2)
    circuit.measure(2, 0)
    text = line.encode(circuit).input["qasm"]
    assert "cx q[1],q[2];" in text
    assert counts_of(line, circuit, 10) == {"0x0": 10}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"counts": {"01": 10, "1": 2}},
        {"counts": {"0x7": 10}},
        {"counts": {"02": 10}},
        {"counts": {"01": 1.5}},
        {"counts": {"01": 1}, "memory": ["01", "1"]},
        {"counts": {"01": 1}, "memory": ["0a"]},
    ],
    ids=str,
)
def test_a_result_that_is_none_is_not_read(unknown, document):
    circuit = QuantumCircuit(2, 2)
    circuit.measure([0, 1], [0, 1])
    sent = Sent(unknown.encode(circuit).layouts, {}, 10, 1)
    with pytest.raises((ValueError, KeyError)):
        unknown._system.decode(ResultText(json.dumps(document).encode()), sent)


def test_angles_keep_all_their_digits(unknown):
    circuit = QuantumCircuit(1, 1)
    angles = (math.pi, 1e-17, -1e300, 0.1 + 0.2, 5e-324, 1e16)
    for angle in angles:
        circuit.rx(angle, 0)
    circuit.measure(0, 0)
    read = loads(unknown.encode(circuit).input["qasm"])
    assert tuple(one.params[0] for one in read.data if one.name == "rx") == angles
