"""qudora.sim.xg1 against exact states: both languages, phases, bit order, dynamic circuits."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.quantum_info import Statevector

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.qudora_programs import (
    HEAD2,
    HEAD3,
    SHOTS,
    V2,
    V3,
    XG1,
    counts,
    measured,
    with_gates,
)

LANGUAGES = {"2": (qasm2.dumps, V2), "3": (qasm3.dumps, V3)}
NAMES = [
    *("r", "rxx", "id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz"),
    *("p", "u", "cx", "cy", "cz", "ch", "csx", "cp", "crx", "cry", "crz", "cu", "swap", "rzz"),
    *("ccx", "cswap"),
]


def exact(circuit: QuantumCircuit) -> dict[str, float]:
    found: dict[str, float] = Statevector.from_instruction(circuit).probabilities_dict()
    return found


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
