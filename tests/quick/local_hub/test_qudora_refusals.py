"""What qudora.sim.xg1 refuses, by name and place: programs in both languages, and fields."""

from __future__ import annotations

from typing import Any

import pytest

from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.qudora_programs import HEAD2, HEAD3, V2, V3, bell, refusal


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
