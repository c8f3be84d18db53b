"""qudora.sim.xg1 against exact states: both languages, phases, bit order, dynamic circuits, and what it refuses."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import HubProcess

XG1 = "qudora.sim.xg1"
HEAD2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
V2: dict[str, Any] = {"input_format": "OPEN_QASM_V2"}
V3: dict[str, Any] = {"input_format": "OPEN_QASM_V3"}
LANGUAGES = {"2": (qasm2.dumps, V2), "3": (qasm3.dumps, V3)}
SHOTS = 10_000

NAMES = [
    *("r", "rxx", "id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz"),
    *("p", "u", "cx", "cy", "cz", "ch", "csx", "cp", "crx", "cry", "crz", "cu", "swap", "rzz"),
    *("ccx", "cswap"),
]


def counts(hub: HubProcess, program: str, shots: int = SHOTS, **fields: Any) -> dict[str, int]:
    """The counts of a program, whose memory has to agree with them."""
    answer = hub.run(XG1, program, shots, **fields)
    assert set(answer) == {"counts", "memory"}
    found: dict[str, int] = answer["counts"]
    memory: list[str] = answer["memory"]
    assert len(memory) == shots
    assert found == {key: memory.count(key) for key in sorted(set(memory))}
    return found


def refusal(hub: HubProcess, program: Any, shots: int = 10, **fields: Any) -> str:
    answer = hub.post(XG1, program, shots, **fields)
    if answer.status_code == 201:  # the worker was too busy to say so at once
        job_id = answer.json()["id"]
        assert hub.wait(job_id) == "FAILED"
        return str(hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"])
    assert answer.status_code == 422, answer.text
    return str(answer.json()["detail"])


def mix(circuit: QuantumCircuit, rng: random.Random) -> None:
    """Turn every qubit about two axes, so that phases before and after show in the counts."""
    for qubit in range(circuit.num_qubits):
        circuit.ry(rng.uniform(0.5, 2.5), qubit)
        circuit.rx(rng.uniform(0.5, 2.5), qubit)


def with_gates(names: list[str], qubits: int, seed: int) -> QuantumCircuit:
    """Gates at random places, between two layers that make their phases show."""
    rng = random.Random(seed)
    circuit = QuantumCircuit(qubits)
    mix(circuit, rng)
    for name in names:
        pattern = get_standard_gate_name_mapping()[name]
        angles = [rng.uniform(0.6, 2.6) for _ in pattern.params]
        gate = pattern.base_class(*angles)
        circuit.append(gate, rng.sample(range(qubits), gate.num_qubits))
    mix(circuit, rng)
    return circuit


def exact(circuit: QuantumCircuit) -> dict[str, float]:
    found: dict[str, float] = Statevector.from_instruction(circuit).probabilities_dict()
    return found


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    whole = QuantumCircuit(circuit.num_qubits, circuit.num_qubits)
    whole.compose(circuit, inplace=True)
    whole.measure(range(circuit.num_qubits), range(circuit.num_qubits))
    return whole


# --- the catalog


def test_the_catalog_names_the_gates_that_are_tested(hub: HubProcess) -> None:
    backend = hub.http.get(f"/backends/{XG1}").json()
    conforms(backend, component("Backend"))
    configuration = backend["configuration"]
    assert [item["name"] for item in configuration["gates"]] == NAMES
    assert configuration["supported_input_formats"] == ["OPEN_QASM_V2", "OPEN_QASM_V3"]
    assert configuration["memory_result_supported"] is True
    assert hub.http.get(f"/backends/{XG1}/calibration").status_code == 204
    config = hub.http.get(f"/backends/{XG1}/config").json()
    assert config["synthetic"] is True
    assert config["max_n_qubits"] == configuration["qubit_count"]
    assert config["max_programs_per_job"] == configuration["max_pubs_per_job"]


# --- gates


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_gate(hub: HubProcess, name: str, language: str) -> None:
    dumps, fields = LANGUAGES[language]
    circuit = with_gates([name], 3, seed=len(name) + 7)
    expected = exact(circuit)
    if name != "id":
        assert total_variation(exact_counts(with_gates([], 3, seed=len(name) + 7)), expected) > 0.06
    found = counts(hub, dumps(measured(circuit)), **fields)
    assert total_variation(found, expected) < 0.03


def exact_counts(circuit: QuantumCircuit) -> dict[str, int]:
    """Probabilities as counts of a million shots."""
    return {key: round(value * 1e6) for key, value in exact(circuit).items()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(3))
def test_all_gates_together(hub: HubProcess, seed: int, language: str) -> None:
    dumps, fields = LANGUAGES[language]
    circuit = with_gates([*NAMES, *reversed(NAMES)], 4, seed)
    found = counts(hub, dumps(measured(circuit)), **fields)
    assert total_variation(found, exact(circuit)) < 0.035


def test_gates_that_a_program_defines_are_its_own_whatever_their_name(hub: HubProcess) -> None:
    """Aer knows gates called `r`, `mcx` and `ecr`; the program's are others."""
    own = "gate r(a,b) x { ry(a) x; } gate mcx a,b { cx b,a; } gate ecr a,b { swap a,b; }\n"
    body = f"r({math.pi},0.2) q[0]; ecr q[0],q[1]; mcx q[0],q[1];"
    two = f"{HEAD2}{own}qreg q[2]; creg c[2];\n{body}\nmeasure q -> c;\n"
    three = f"{HEAD3}{own}qubit[2] q; bit[2] c;\n{body}\nc = measure q;\n"
    assert counts(hub, two, 20, **V2) == counts(hub, three, 20, **V3) == {"11": 20}


def test_modifiers_of_openqasm_3(hub: HubProcess) -> None:
    program = (
        f"{HEAD3}gate twist(a) x, y {{ ry(a) x; cp(a) x, y; inv @ s y; }}\n"
        "qubit[4] q;\nbit[4] c;\nh q;\nctrl @ twist(0.7) q[3], q[0], q[1];\n"
        "negctrl @ pow(0.5) @ x q[1], q[2];\nctrl(2) @ gphase(0.9) q[0], q[2];\n"
        "inv @ twist(0.4) q[2], q[0];\nU(0.3, 0.2, 0.1) q[3];\nctrl(3) @ ry(1.1) q[0], q[1], q[2], q[3];\n"
        "h q;\nc = measure q;\n"
    )
    twist = QuantumCircuit(2)
    twist.ry(0.7, 0)
    twist.cp(0.7, 0, 1)
    twist.sdg(1)
    untwist = QuantumCircuit(2)
    untwist.s(1)
    untwist.cp(-0.4, 0, 1)
    untwist.ry(-0.4, 0)
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.append(twist.to_gate().control(1), [3, 0, 1])
    circuit.x(1)
    circuit.csx(1, 2)
    circuit.x(1)
    circuit.cp(0.9, 0, 2)
    circuit.compose(untwist, [2, 0], inplace=True)
    circuit.u(0.3, 0.2, 0.1, 3)
    rotation = QuantumCircuit(1)
    rotation.ry(1.1, 0)
    circuit.append(rotation.to_gate().control(3), range(4))
    circuit.h(range(4))
    assert total_variation(counts(hub, program, **V3), exact(circuit)) < 0.035


# --- classical bits


@pytest.mark.parametrize(
    ("registers", "writes"),
    [
        # qubit -> (register, index), in the order of the measurements
        ({"c": 4}, [(0, ("c", 0)), (1, ("c", 1)), (2, ("c", 2)), (3, ("c", 3))]),
        ({"c": 4}, [(0, ("c", 3)), (3, ("c", 0)), (1, ("c", 2)), (2, ("c", 1))]),
        ({"c": 9}, [(2, ("c", 7)), (0, ("c", 8))]),
        ({"a": 1, "b": 2}, [(3, ("b", 1)), (1, ("a", 0))]),
        ({"b": 2, "unused": 3, "a": 1}, [(3, ("b", 1)), (1, ("a", 0))]),
        ({"c": 2}, [(0, ("c", 0)), (1, ("c", 0)), (2, ("c", 1))]),
        ({"c": 12}, [(0, ("c", 10)), (1, ("c", 2)), (2, ("c", 11))]),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_follow_the_classical_bits(
    hub: HubProcess, registers: dict[str, int], writes: list[Any], language: str
) -> None:
    gates = "ry(0.4) q[0]; ry(1.1) q[1]; ry(2.0) q[2]; cx q[0],q[3]; ry(0.9) q[3]; cx q[3],q[1];"
    if language == "2":
        declared = "".join(f"creg {name}[{size}]; " for name, size in registers.items())
        ends = "".join(f"measure q[{qubit}] -> {r}[{i}];\n" for qubit, (r, i) in writes)
        program = f"{HEAD2}qreg q[4];\n{declared}\n{gates}\n{ends}"
    else:
        declared = "".join(f"bit[{size}] {name}; " for name, size in registers.items())
        ends = "".join(f"{r}[{i}] = measure q[{qubit}];\n" for qubit, (r, i) in writes)
        program = f"{HEAD3}qubit[4] q;\n{declared}\n{gates}\n{ends}"
    circuit = QuantumCircuit(4)
    for angle, qubit in ((0.4, 0), (1.1, 1), (2.0, 2)):
        circuit.ry(angle, qubit)
    circuit.cx(0, 3)
    circuit.ry(0.9, 3)
    circuit.cx(3, 1)
    starts = dict(zip(registers, itertools.accumulate([0, *registers.values()]), strict=False))
    expected: dict[str, float] = {}
    for key, probability in exact(circuit).items():
        bits = ["0"] * sum(registers.values())
        for qubit, (register, index) in writes:
            bits[starts[register] + index] = key[3 - qubit]
        text = "".join(reversed(bits))
        expected[text] = expected.get(text, 0.0) + probability
    assert total_variation(counts(hub, program, **LANGUAGES[language][1]), expected) < 0.03


def test_bits_without_a_register_and_aliases(hub: HubProcess) -> None:
    loose = f"{HEAD3}qubit a; qubit b; bit c; bit d;\nx b;\nc = measure a; d = measure b;\n"
    assert counts(hub, loose, 5, **V3) == {"10": 5}
    alias = (
        f"{HEAD3}qubit[3] q; bit[4] c;\nlet w = q[1:2]; let v = c[2:3];\nx w[1];\nv = measure w;\n"
    )
    assert counts(hub, alias, 5, **V3) == {"1000": 5}


def test_as_many_bits_as_there_are(hub: HubProcess) -> None:
    wide = f"{HEAD2}qreg q[1]; creg c[2000];\nx q[0];\nmeasure q[0] -> c[1999];\n"
    found = hub.run(XG1, wide, SHOTS, **V2)
    assert found == {"counts": {"1" + "0" * 1999: SHOTS}}, "a memory of 20 MB is left out"
    assert counts(hub, wide, 7, **V2) == {"1" + "0" * 1999: 7}


# --- measurements in the middle


def test_a_measurement_resets_its_qubit(hub: HubProcess) -> None:
    """QUDORA's manual: a measured qubit is in state 0, so that a second measurement reads 0."""
    twice = f"{HEAD2}qreg q[1]; creg c[2];\nx q[0];\nmeasure q[0] -> c[0];\nmeasure q[0] -> c[1];\n"
    assert counts(hub, twice, 50, **V2) == {"01": 50}
    flipped = f"{HEAD3}qubit q; bit[2] c;\nh q;\nc[0] = measure q;\nx q;\nc[1] = measure q;\n"
    assert set(counts(hub, flipped, 50, **V3)) == {"10", "11"}
    inside = (
        f"{HEAD3}qubit[2] q; bit[3] c;\nx q;\nc[0] = measure q[0];\n"
        "if (c[0]) { c[1] = measure q[1]; }\nc[2] = measure q[1];\n"
    )
    assert counts(hub, inside, 50, **V3) == {"011": 50}


def test_reset(hub: HubProcess) -> None:
    program = f"{HEAD2}qreg q[2]; creg c[2];\nh q[0]; cx q[0],q[1]; reset q[0];\nmeasure q -> c;\n"
    found = counts(hub, program, **V2)
    assert total_variation(found, {"00": 0.5, "10": 0.5}) < 0.02


@pytest.mark.parametrize("language", LANGUAGES)
def test_teleportation(hub: HubProcess, language: str) -> None:
    """Corrections after measurements; a wrong one shows in the last bit, turned back by the inverse preparation."""
    prepare, undo = "ry(1.1) q[0]; rz(0.7) q[0];", "rz(-0.7) q[2]; ry(-1.1) q[2];"
    bell = "h q[1]; cx q[1],q[2]; cx q[0],q[1]; h q[0];"
    if language == "2":
        program = (
            f"{HEAD2}qreg q[3]; creg z0[1]; creg x0[1]; creg out[1];\n{prepare}\n{bell}\n"
            "measure q[0] -> z0[0]; measure q[1] -> x0[0];\nif(x0==1) x q[2];\nif(z0==1) z q[2];\n"
            f"{undo}\nmeasure q[2] -> out[0];\n"
        )
    else:
        program = (
            f"{HEAD3}qubit[3] q; bit[1] z0; bit[1] x0; bit[1] out;\n{prepare}\n{bell}\n"
            "z0[0] = measure q[0]; x0[0] = measure q[1];\n"
            "if (x0 == 1) { x q[2]; }\nif (z0[0]) { z q[2]; } else { id q[2]; }\n"
            f"{undo}\nout[0] = measure q[2];\n"
        )
    found = counts(hub, program, **LANGUAGES[language][1])
    assert total_variation(found, dict.fromkeys(["000", "001", "010", "011"], 0.25)) < 0.03
    assert set(found) == {"000", "001", "010", "011"}


def test_a_condition_on_a_register_reads_its_number(hub: HubProcess) -> None:
    program = (
        f"{HEAD2}qreg q[3]; creg a[2]; creg b[1];\nx q[1];\nmeasure q[0] -> a[0]; measure q[1] -> a[1];\n"
        "if(a==2) x q[2];\nif(a==1) x q[2];\nmeasure q[2] -> b[0];\n"
    )
    assert counts(hub, program, 20, **V2) == {"110": 20}


# --- options


def bell(language: str) -> str:
    if language == "2":
        return f"{HEAD2}qreg q[2]; creg c[2];\nh q[0]; cx q[0],q[1];\nmeasure q -> c;\n"
    return f"{HEAD3}qubit[2] q; bit[2] c;\nh q[0]; cx q[0], q[1];\nc = measure q;\n"


def test_the_language_counts_more_than_the_format(hub: HubProcess) -> None:
    for fields in (V3, {"input_params": {"language": "OpenQASM3"}}):
        assert set(counts(hub, bell("3"), 100, **fields)) == {"00", "11"}
        assert "says OPENQASM 2.0" in refusal(hub, bell("2"), **fields)
    for params in ({}, {"language": "OpenQASM2"}, {"backend_settings": {}}):
        assert set(counts(hub, bell("2"), 100, input_params=params)) == {"00", "11"}
    text = refusal(hub, bell("3"))
    assert "says OPENQASM 3.0" in text
    assert "set `input_params.language` to OpenQASM3" in text
    both = counts(hub, bell("2"), 100, **V3, input_params={"language": "OpenQASM2"})
    assert set(both) == {"00", "11"}


def test_a_bare_program_as_clients_send_it(hub: HubProcess) -> None:
    body = {
        "backend_id": XG1,
        "shots": 100,
        "input": bell("2"),
        "input_format": "OPEN_QASM_V2",
        "input_params": {"backend_settings": {}},
        "sdk_provider": "QISKIT",
    }
    answer = hub.http.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["id"]
    assert hub.wait(job_id) == "COMPLETED"
    assert set(hub.http.get(f"/jobs/{job_id}/result").json()["counts"]) == {"00", "11"}


def test_a_list_of_programs_gives_a_list(hub: HubProcess) -> None:
    one = f"{HEAD2}qreg q[1]; creg c[1];\nx q[0];\nmeasure q -> c;\n"
    answer = hub.run(XG1, "", 300, input={"qasm": [one, bell("2"), bell("2")]})
    assert answer[0] == {"counts": {"1": 100}, "memory": ["1"] * 100}
    for document in answer[1:]:
        assert set(document["counts"]) == {"00", "11"}
        assert sum(document["counts"].values()) == len(document["memory"]) == 100
    assert answer[1]["memory"] != answer[2]["memory"], "each program is drawn for itself"
    assert hub.run(XG1, "", 4, input={"qasm": [one]})["counts"] == {"1": 4}
    assert "total" in refusal(hub, "", 10, input={"qasm": [one, one, one]})
    assert "takes 100 a job" in refusal(hub, "", 101, input={"qasm": [one] * 101})
    assert "Program 1: " in refusal(hub, "", 2, input={"qasm": [one, "nonsense"]})


def test_misread_bits(hub: HubProcess) -> None:
    params = {"backend_settings": {"measurement_error_probability": 0.2}}
    found = counts(hub, bell("2"), input_params=params)
    # Both right or both wrong: 0.8 squared plus 0.2 squared, shared by 00 and 11.
    expected = {"00": 0.34, "11": 0.34, "01": 0.16, "10": 0.16}
    assert total_variation(found, expected) < 0.02
    assert total_variation(found, {"00": 0.5, "11": 0.5}) > 0.25
    sure = {"backend_settings": {"measurement_error_probability": 1}}
    one = f"{HEAD2}qreg q[2]; creg c[2];\nx q[0];\nmeasure q -> c;\n"
    assert counts(hub, one, 9, input_params=sure) == {"10": 9}


def test_the_seed_decides_whatever_the_cores() -> None:
    programs = [bell("2"), *(qasm2.dumps(measured(with_gates(["cx", "t"], 3, s))) for s in (1, 2))]
    dynamic = f"{HEAD2}qreg q[1]; creg c[2];\nh q[0];\nmeasure q[0]->c[0];\nh q[0];\nmeasure q[0]->c[1];\n"
    documents = []
    for cores in ("1", "2"):
        own = HubProcess("--seed", "11", "--workers", cores)
        try:
            documents.append(own.run(XG1, "", 800, input={"qasm": [*programs, dynamic]}))
        finally:
            own.close()
    assert documents[0] == documents[1]


# --- refusals


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("nonsense", ["OpenQASM 2", "1,0"]),
        (f"{HEAD2}qreg q[2];\nh q[0];\n", ["measures nothing", "add a measurement"]),
        (
            f"{HEAD2}opaque magic a;\nqreg q[1]; creg c[1];\nmagic q[0];\nmeasure q->c;\n",
            ["`magic`"],
        ),
        (f"{HEAD2}qreg q[21]; creg c[1];\nmeasure q[0]->c[0];\n", ["21 qubits", "20"]),
        (f"{HEAD2}qreg q[99999999999];\n", ["99999999999 qubits"]),
        (f"{HEAD2}creg c[99999999]; qreg q[1];\n", ["classical bits"]),
        ('OPENQASM 2.0;\ninclude "/etc/hostname";\nqreg q[1];\n', ["/etc/hostname"]),
        (f"{HEAD2}qreg q[1]; creg c[1];\nfrob q[0];\nmeasure q->c;\n", ["frob", "4,0"]),
        (
            f"{HEAD2}gate g0 a {{}}\n"
            + "".join(f"gate g{i} a {{ g{i - 1} a; }}\n" for i in range(1, 3000))
            + "qreg q[1]; creg c[1]; g2999 q[0]; measure q->c;\n",
            ["too deeply"],
        ),
    ],
    ids=range(9),
)
def test_refusals_in_openqasm_2(hub: HubProcess, program: str, words: list[str]) -> None:
    text = refusal(hub, program, **V2)
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("nonsense", ["OpenQASM 3", "1,8"]),
        ("qubit[2] q;\nbit b;\nx q[0] b = measure q[0];\n", ["5,7", "'b'"]),
        ('include "/etc/hostname";\nqubit q;\n', ["3,0", "stdgates"]),
        ("qubit[2] q;\nh q[0];\n", ["measures nothing"]),
        ("bit b;\n", ["no qubit"]),
        ("qubit[21] q; bit b;\nb = measure q[0];\n", ["21 qubits", "20"]),
        ("qubit[20] q; qubit r; bit b;\nb = measure q[0];\n", ["21 qubits", "20"]),
        ("qubit[2000000000] q;\n", ["2000000000 qubits"]),
        ("bit[2000000000] c; qubit q;\n", ["classical bits"]),
        ("const int n = 3;\nqubit[n] q;\n", ["Line 4", "size"]),
        ("bit b;\nx $1000000000;\nb = measure $0;\n", ["Line 4", "$1000000000", "qubit[n]"]),
        ("qubit q; bit b;\nwhile (b == 0) { h q; b = measure q; }\n", ["Line 4", "loops"]),
        ("qubit q; bit b;\nfor int i in [0:3] { h q; }\nb = measure q;\n", ["Line 4", "loops"]),
        ("qubit q; bit b;\nbox { h q; }\nb = measure q;\n", ["`box`"]),
        ("input float a;\nqubit q; bit b;\nrx(a) q;\nb = measure q;\n", ["(a)", "numbers"]),
        (
            "qubit[3] q; bit b;\nctrl(5000) @ x q[0], q[1];\nb = measure q[0];\n",
            ["Line 4", "controls"],
        ),
        (
            "gate g a,b,c,d,e,f,h { x a; }\nqubit[7] q; bit b;\n"
            "pow(0.5) @ g q[0],q[1],q[2],q[3],q[4],q[5],q[6];\nb = measure q[0];\n",
            ["Line 5", "`pow`", "6 qubits"],
        ),
        (
            "qubit q; bit b;\nrx(" + "(" * 99 + "1" + ")" * 99 + ") q;\n",
            ["nested brackets", "line 4"],
        ),
        ("qubit q; bit b;\nrx(" + "1+" * 2000 + "1) q;\nb = measure q;\n", ["too deeply"]),
        ("qubit q; bit b;\nrx(1/0) q;\nb = measure q;\n", ["Line 4", "division"]),
        ("qubit q; bit b;\nrx(0) q[7];\nb = measure q;\n", ["4,6", "arrays"]),
        ("//" + "x" * 400_000, ["local limit of 400000", "OpenQASM 2"]),
        (
            "gate g0 a { x a; }\n"
            + "".join(f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}\n" for i in range(1, 60))
            + "qubit q; bit b;\ng59 q;\nb = measure q;\n",
            ["definitions", "200000"],
        ),
    ],
    ids=range(23),
)
def test_refusals_in_openqasm_3(hub: HubProcess, program: str, words: list[str]) -> None:
    text = refusal(hub, HEAD3 + program if program != "nonsense" else program, **V3)
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"input": {"qasm": []}}, ["input.qasm"]),
        ({"input": {"qasm": 3}}, ["input.qasm"]),
        ({"input": {"qasm": "x", "shots": 1}}, ["input.shots", "`qasm`"]),
        ({"input_params": {"language": "QIR"}}, ["input_params.language", "OpenQASM3"]),
        ({"input_params": {"mode": "sample"}}, ["input_params.mode", "`language`"]),
        (
            {"input_params": {"backend_settings": {"measurement_error_probability": 1.5}}},
            ["measurement_error_probability", "less than or equal to 1"],
        ),
        ({"input_params": {"backend_settings": {"noise": 1}}}, ["backend_settings.noise"]),
        (
            {"input_params": {"backend_settings": {"two_qubit_gate_noise_strength": 1.0}}},
            ["two_qubit_gate_noise_strength", "has to be 0", "Leave it out"],
        ),
        ({"shots": 10_001}, ["10001", "1 to 10000"]),
        ({"input_format": "QISKIT_QPY"}, ["QISKIT_QPY", "OPEN_QASM_V2 or OPEN_QASM_V3"]),
    ],
    ids=range(10),
)
def test_refused_fields_are_named(
    hub: HubProcess, fields: dict[str, Any], words: list[str]
) -> None:
    shots = fields.pop("shots", 10) if "shots" in fields else 10
    text = refusal(hub, bell("2"), shots, **fields)
    for word in words:
        assert word in text, text
