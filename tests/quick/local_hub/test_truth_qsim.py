"""kipu.sim.qsim against exact states: every gate, phases, bit order, measurement maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.quick.local_hub.circuits import (
    QELIB_GATES,
    big_endian,
    overlap,
    qelib_program,
    read2,
    total_variation,
)
from tests.quick.local_hub.hub_process import HubProcess

QSIM = "kipu.sim.qsim"
HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def state_of(hub: HubProcess, program: str) -> Any:
    document = hub.run(QSIM, program, 1, input_params={"mode": "statevector"})
    pairs = np.array(document["statevector"])
    return pairs[:, 0] + 1j * pairs[:, 1]


def test_the_catalog_names_the_gates_that_are_tested(hub: HubProcess) -> None:
    gates = hub.http.get(f"/backends/{QSIM}").json()["configuration"]["gates"]
    assert {gate["name"] for gate in gates} == set(QELIB_GATES)


@pytest.mark.parametrize("name", QELIB_GATES)
def test_every_gate(hub: HubProcess, name: str) -> None:
    program = qelib_program([name, name], 3, seed=len(name))
    assert overlap(state_of(hub, program), big_endian(read2(program))) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_all_gates_together(hub: HubProcess, seed: int) -> None:
    program = qelib_program([*QELIB_GATES, *reversed(QELIB_GATES)], 5, seed)
    assert overlap(state_of(hub, program), big_endian(read2(program))) == pytest.approx(1, abs=1e-4)


def test_gates_that_a_program_defines_keep_their_phase_under_control(hub: HubProcess) -> None:
    program = (
        f"{HEAD}gate twist(a) x0,x1 {{ barrier x0,x1; u(a,0.3,-0.7) x0; cu(0.1,a,0.2,1.1) x0,x1; u3(a,1,2) x1; }}\n"
        "qreg a[1];\nqreg b[3];\nh a[0];\nh b[1];\ntwist(0.9) b[1],a[0];\ncu1(0.4) a[0],b[2];\nu2(0.1,0.2) b[2];\n"
    )
    assert overlap(state_of(hub, program), big_endian(read2(program))) == pytest.approx(1, abs=1e-5)


def test_idle_qubits_count_and_measurements_are_ignored(hub: HubProcess) -> None:
    program = f"{HEAD}qreg q[4];\ncreg c[4];\nx q[1];\nmeasure q -> c;\nh q[1];\n"
    state = state_of(hub, program)
    assert np.allclose(state[0b0000], 2**-0.5, atol=1e-6)
    assert np.allclose(state[0b0100], -(2**-0.5), atol=1e-6)


def test_amplitudes_are_those_of_the_state(hub: HubProcess) -> None:
    program = qelib_program([*QELIB_GATES], 4, seed=3)
    state = state_of(hub, program)
    names = [f"{index:04b}" for index in (0, 1, 7, 8, 14, 1)]
    params = {"mode": "amplitudes", "bitstrings": names, "max_fused_gate_size": 4, "cpu_threads": 1}
    document = hub.run(QSIM, program, 1, input_params=params)
    assert document["metadata"]["num_qubits"] == 4
    assert set(document["amplitudes"]) == set(names)
    for name, (real, imaginary) in document["amplitudes"].items():
        assert real + 1j * imaginary == pytest.approx(state[int(name, 2)], abs=1e-5)


@pytest.mark.parametrize(
    ("registers", "measures", "bits"),
    [
        ("creg c[4];", "measure q -> c;", [0, 1, 2, 3]),
        (
            "creg c[4];",
            "measure q[0]->c[3]; measure q[3]->c[0]; measure q[1]->c[2]; measure q[2]->c[1];",
            [3, 2, 1, 0],
        ),
        ("creg c[9];", "measure q[2]->c[7]; measure q[0]->c[8];", [2, 0]),
        ("creg a[1]; creg b[2];", "measure q[3]->b[1]; measure q[1]->a[0];", [1, 3]),
        (
            "creg c[3];",
            "measure q[1]->c[0]; measure q[1]->c[2]; barrier q; measure q[0]->c[1];",
            [1, 0, 1],
        ),
        ("creg c[2];", "measure q[0]->c[0]; measure q[1]->c[0]; measure q[2]->c[1];", [1, 2]),
        ("creg c[12];", "measure q[0]->c[10]; measure q[1]->c[2]; measure q[2]->c[11];", [1, 0, 2]),
    ],
)
def test_counts_follow_the_classical_bits(
    hub: HubProcess, registers: str, measures: str, bits: list[int]
) -> None:
    gates = "ry(0.4) q[0]; ry(1.1) q[1]; ry(2.0) q[2]; cx q[0],q[3]; ry(0.9) q[3]; cx q[3],q[1];"
    document = hub.run(QSIM, f"{HEAD}qreg q[4];\n{registers}\n{gates}\n{measures}\n", 20_000)
    probabilities = abs(big_endian(read2(f"{HEAD}qreg q[4];\n{gates}\n"))) ** 2
    exact: dict[str, float] = {}
    for index, probability in enumerate(probabilities):
        key = "".join(f"{index:04b}"[qubit] for qubit in bits)
        exact[key] = exact.get(key, 0.0) + float(probability)
    assert sum(document["counts"].values()) == 20_000
    assert total_variation(document["counts"], exact) < 0.02


def test_one_shot_and_many_bits(hub: HubProcess) -> None:
    one = f"{HEAD}qreg q[2];\ncreg c[2];\nx q[1];\nmeasure q->c;\n"
    assert hub.run(QSIM, one, 1)["counts"] == {"01": 1}
    wide = f"{HEAD}qreg q[2];\ncreg c[70];\nx q[1];\n" + "".join(
        f"measure q[{index % 2}]->c[{index}];\n" for index in range(70)
    )
    assert hub.run(QSIM, wide, 5)["counts"] == {"01" * 35: 5}


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("nonsense", ["OpenQASM 2", "1,0"]),
        (f"{HEAD}qreg q[2];\nh q[0];\n", ["measures nothing", "measure"]),
        (f"{HEAD}qreg q[2];\ncreg c[2];\nmeasure q->c;\nh q[1];\n", ["`h`", "qubit 1"]),
        (
            f"{HEAD}qreg q[1];\ncreg c[1];\nh q[0];\nreset q[0];\nmeasure q->c;\n",
            ["`reset`", "qubit 0"],
        ),
        (f"{HEAD}qreg q[1];\ncreg c[1];\nmeasure q->c;\nif(c==1) x q[0];\n", ["`if`"]),
        (
            f"{HEAD}opaque magic a;\nqreg q[1];\ncreg c[1];\nmagic q[0];\nmeasure q->c;\n",
            ["`magic`", "opaque"],
        ),
        (f"{HEAD}qreg q[33];\ncreg c[1];\nmeasure q[0]->c[0];\n", ["33 qubits", "32"]),
        (
            f"{HEAD}qreg q[31];\ncreg c[1];\nmeasure q[0]->c[0];\n",
            ["31 qubits", "local limit", "28"],
        ),
        (f"{HEAD}qreg q[99999999999];\n", ["99999999999 qubits"]),
        (f"{HEAD}creg c[99999999];\nqreg q[1];\n", ["classical bits"]),
        ('OPENQASM 2.0;\ninclude "/etc/hostname";\nqreg q[1];\n', ["/etc/hostname"]),
        (f"{HEAD}qreg q[1];\ncreg c[1];\nfrob q[0];\nmeasure q->c;\n", ["frob", "5,0"]),
    ],
)
def test_refusals_name_what_and_where(hub: HubProcess, program: str, words: list[str]) -> None:
    hub.run(QSIM, f"{HEAD}qreg q[1];\ncreg c[1];\nmeasure q->c;\n")
    answer = hub.post(QSIM, program)
    assert answer.status_code == 422, answer.text
    for word in words:
        assert word in answer.json()["detail"]


def test_a_statevector_above_the_local_limit(hub: HubProcess) -> None:
    hub.run(QSIM, f"{HEAD}qreg q[1];\ncreg c[1];\nmeasure q->c;\n")
    answer = hub.post(QSIM, f"{HEAD}qreg q[21];\nh q;\n", 1, input_params={"mode": "statevector"})
    assert answer.status_code == 422
    assert "local limit of 20" in answer.json()["detail"]
