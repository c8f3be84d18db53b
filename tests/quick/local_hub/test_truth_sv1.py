"""aws.sim.sv1 against exact states: every gate, phases, bit order, result types, and what SV1 refuses."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from braket.tasks import GateModelQuantumTaskResult
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Operator

from tests.quick.local_hub.circuits import big_endian, overlap
from tests.quick.local_hub.hub_process import BELL3, HubProcess

SV1 = "aws.sim.sv1"
HEAD = "OPENQASM 3.0;\n"
_A, _B, _C = 0.7, -1.3, 2.1


def _diagonal(*phases: complex) -> np.ndarray[Any, Any]:
    return np.diag(np.array(phases, dtype=complex))


def _rotation(first: str, second: str, angle: float) -> np.ndarray[Any, Any]:
    """exp(-i angle/2 P Q)."""
    pauli = {
        "x": np.array([[0, 1], [1, 0]]),
        "y": np.array([[0, -1j], [1j, 0]]),
        "z": _diagonal(1, -1),
    }
    generator = np.kron(pauli[first], pauli[second])
    return math.cos(angle / 2) * np.eye(4) - 1j * math.sin(angle / 2) * generator


def _xy(angle: float) -> np.ndarray[Any, Any]:
    matrix = np.eye(4, dtype=complex)
    matrix[1:3, 1:3] = [
        [math.cos(angle / 2), 1j * math.sin(angle / 2)],
        [1j * math.sin(angle / 2), math.cos(angle / 2)],
    ]
    return matrix


def _swap(phase: complex) -> np.ndarray[Any, Any]:
    matrix = np.eye(4, dtype=complex)
    matrix[1:3, 1:3] = [[0, phase], [phase, 0]]
    return matrix


def _gpi(angle: float) -> np.ndarray[Any, Any]:
    return np.array([[0, np.exp(-1j * angle)], [np.exp(1j * angle), 0]])


def _prx(angle: float, axis: float) -> np.ndarray[Any, Any]:
    cosine, sine = math.cos(angle / 2), math.sin(angle / 2)
    return np.array(
        [[cosine, -1j * np.exp(-1j * axis) * sine], [-1j * np.exp(1j * axis) * sine, cosine]]
    )


def _ms(first: float, second: float, angle: float) -> np.ndarray[Any, Any]:
    generator = np.kron(_gpi(first), _gpi(second))
    return math.cos(angle / 2) * np.eye(4) - 1j * math.sin(angle / 2) * generator


def _u(theta: float, phi: float, lam: float) -> np.ndarray[Any, Any]:
    cosine, sine = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [
            [cosine, -np.exp(1j * lam) * sine],
            [np.exp(1j * phi) * sine, np.exp(1j * (phi + lam)) * cosine],
        ]
    )


_ECR = np.array([[0, 0, 1, 1j], [0, 0, 1j, 1], [1, -1j, 0, 0], [-1j, 1, 0, 0]]) / math.sqrt(2)
_V = 0.5 * np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]])
_PHASE = np.exp(1j * _A)


def _controlled(matrix: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    size = len(matrix)
    return np.block([[np.eye(size), np.zeros((size, size))], [np.zeros((size, size)), matrix]])


# Each gate of the catalog: how Braket writes it, and what it is. A name alone is a method of Qiskit's circuit;
# matrices have the first qubit as the most significant one.
GATES: dict[str, tuple[str, Any]] = {
    "U": (f"U({_A},{_B},{_C})", _u(_A, _B, _C)),
    "GPhase": ("", None),
    "unitary": ("", None),
    "i": ("i", "id"),
    **{name: (name, name) for name in ("x", "y", "z", "h", "s", "t", "cy", "cz", "swap", "cswap")},
    "si": ("si", "sdg"),
    "ti": ("ti", "tdg"),
    "v": ("v", _V),
    "vi": ("vi", _V.conj().T),
    "rx": (f"rx({_A})", _prx(_A, 0)),
    "ry": (f"ry({_A})", _prx(_A, math.pi / 2)),
    "rz": (f"rz({_A})", _diagonal(np.exp(-0.5j * _A), np.exp(0.5j * _A))),
    "phaseshift": (f"phaseshift({_A})", _diagonal(1, _PHASE)),
    "gpi": (f"gpi({_A})", _gpi(_A)),
    "gpi2": (f"gpi2({_A})", _prx(math.pi / 2, _A)),
    "prx": (f"prx({_A},{_B})", _prx(_A, _B)),
    "cnot": ("cnot", "cx"),
    "ccnot": ("ccnot", "ccx"),
    "cv": ("cv", _controlled(_V)),
    "cphaseshift": (f"cphaseshift({_A})", _diagonal(1, 1, 1, _PHASE)),
    "cphaseshift00": (f"cphaseshift00({_A})", _diagonal(_PHASE, 1, 1, 1)),
    "cphaseshift01": (f"cphaseshift01({_A})", _diagonal(1, _PHASE, 1, 1)),
    "cphaseshift10": (f"cphaseshift10({_A})", _diagonal(1, 1, _PHASE, 1)),
    "ecr": ("ecr", _ECR),
    "iswap": ("iswap", _swap(1j)),
    "pswap": (f"pswap({_A})", _swap(_PHASE)),
    "xx": (f"xx({_A})", _rotation("x", "x", _A)),
    "yy": (f"yy({_A})", _rotation("y", "y", _A)),
    "zz": (f"zz({_A})", _rotation("z", "z", _A)),
    "xy": (f"xy({_A})", _xy(_A)),
    "ms": (f"ms({_A},{_B},{_C})", _ms(_A, _B, _C)),
}
_PREPARE = [(0.3, 1.2), (1.1, -0.4), (2.0, 0.9)]


def _prepared() -> tuple[str, QuantumCircuit]:
    """Three qubits in different superpositions with phases, in Braket's words and in Qiskit's."""
    circuit = QuantumCircuit(3)
    lines = [HEAD, "qubit[3] q;"]
    for qubit, (theta, phi) in enumerate(_PREPARE):
        circuit.ry(theta, qubit)
        circuit.rz(phi, qubit)
        lines.append(f"ry({theta}) q[{qubit}]; rz({phi}) q[{qubit}];")
    return "\n".join(lines) + "\n", circuit


def exact(hub: HubProcess, program: str, result: str) -> Any:
    """Run with shots=0 and read the result as Braket's own SDK does."""
    job_id = hub.submit(SV1, f"{program}#pragma braket result {result}\n", 0)
    assert hub.wait(job_id) == "COMPLETED"
    text = hub.http.get(f"/jobs/{job_id}/result").text
    assert '"measurements"' not in text
    return GateModelQuantumTaskResult.from_string(text).values[0]


def test_the_catalog_names_the_gates_that_are_tested(hub: HubProcess) -> None:
    gates = hub.http.get(f"/backends/{SV1}").json()["configuration"]["gates"]
    assert {gate["name"] for gate in gates} == set(GATES)


@pytest.mark.parametrize("name", [name for name, (text, _) in GATES.items() if text])
def test_every_gate(hub: HubProcess, name: str) -> None:
    text, meaning = GATES[name]
    program, circuit = _prepared()
    if isinstance(meaning, str):
        width = {"ccx": 3, "cswap": 3, "cx": 2, "cy": 2, "cz": 2, "swap": 2}.get(meaning, 1)
        targets = [2, 0, 1][:width]
        getattr(circuit, meaning)(*targets)
    else:
        width = int(math.log2(len(meaning)))
        targets = [2, 0, 1][:width]
        circuit.append(UnitaryGate(Operator(meaning)), targets[::-1])
    program += f"{text} {','.join(f'q[{target}]' for target in targets)};\n"
    assert overlap(exact(hub, program, "state_vector"), big_endian(circuit)) == pytest.approx(
        1, abs=1e-9
    )


def test_a_unitary_and_a_global_phase(hub: HubProcess) -> None:
    program, circuit = _prepared()
    program += "#pragma braket unitary([[0, 1.0im], [1.0, 0]]) q[1]\ngphase(0.5);\nctrl @ gphase(0.8) q[2];\n"
    circuit.append(UnitaryGate([[0, 1j], [1, 0]]), [1])
    circuit.p(0.8, 2)
    expected = big_endian(circuit) * np.exp(0.5j)
    assert np.allclose(exact(hub, program, "state_vector"), expected, atol=1e-9)


def test_modifiers(hub: HubProcess) -> None:
    program, circuit = _prepared()
    program += (
        "ctrl @ rz(0.7) q[0], q[1];\nnegctrl @ x q[2], q[0];\ninv @ s q[1];\npow(0.5) @ x q[2];\n"
    )
    circuit.crz(0.7, 0, 1)
    circuit.cx(2, 0, ctrl_state=0)
    circuit.sdg(1)
    circuit.append(UnitaryGate(_V), [2])
    assert overlap(exact(hub, program, "state_vector"), big_endian(circuit)) == pytest.approx(
        1, abs=1e-9
    )


def test_exact_result_types(hub: HubProcess) -> None:
    program, circuit = _prepared()
    program += "cnot q[0], q[2];\n"
    circuit.cx(0, 2)
    state = big_endian(circuit)
    z = np.diag([1, -1])
    x = np.array([[0, 1], [1, 0]])
    xz = np.kron(np.kron(x, np.eye(2)), z)
    expectation = float(np.real(np.vdot(state, xz @ state)))
    assert exact(hub, program, "expectation x(q[0]) @ z(q[2])") == pytest.approx(expectation)
    assert exact(hub, program, "variance x(q[0]) @ z(q[2])") == pytest.approx(1 - expectation**2)
    assert np.allclose(exact(hub, program, "probability all"), abs(state) ** 2)
    amplitudes = exact(hub, program, 'amplitude "001", "100"')
    assert amplitudes == pytest.approx({"001": state[1], "100": state[4]})
    reduced = np.einsum("abc,dbc->ad", state.reshape(2, 2, 2), state.reshape(2, 2, 2).conj())
    pairs = np.array(exact(hub, program, "density_matrix q[0]"))
    assert np.allclose(pairs[..., 0] + 1j * pairs[..., 1], reduced)


@pytest.mark.parametrize("targets", list(itertools.permutations(range(3))))
def test_exact_values_of_qubits_in_any_order(
    hub: HubProcess, targets: tuple[int, int, int]
) -> None:
    program, circuit = _prepared()
    program += "cnot q[0], q[2];\n"
    circuit.cx(0, 2)
    named = ", ".join(f"q[{qubit}]" for qubit in targets)
    state = big_endian(circuit).reshape(2, 2, 2).transpose(targets).ravel()
    assert np.allclose(exact(hub, program, f"probability {named}"), abs(state) ** 2)
    pairs = np.array(exact(hub, program, f"density_matrix {named}"))
    assert np.allclose(pairs[..., 0] + 1j * pairs[..., 1], np.outer(state, state.conj()))


def test_sampled_result_types(hub: HubProcess) -> None:
    program, circuit = _prepared()
    state = big_endian(circuit)
    x_state = np.kron(np.array([[0, 1], [1, 0]]), np.eye(4)) @ state
    expectation = float(np.real(np.vdot(state, x_state)))
    hermitian = "hermitian([[0, 1], [1, 0]]) q[0]"
    for text in ("x(q[0])", hermitian):
        document = hub.run(SV1, f"{program}#pragma braket result expectation {text}\n", 40_000)
        assert document["resultTypes"][0]["value"] == pytest.approx(expectation, abs=0.02)
    document = hub.run(SV1, f"{program}#pragma braket result probability q[2], q[0]\n", 40_000)
    exact_values = np.einsum("abc->ca", abs(state.reshape(2, 2, 2)) ** 2).ravel()
    assert document["resultTypes"][0]["value"] == pytest.approx(list(exact_values), abs=0.02)
    document = hub.run(SV1, f"{program}#pragma braket result sample z(q[1])\n", 50)
    assert document["resultTypes"][0]["value"] == [
        1 - 2 * row[1] for row in document["measurements"]
    ]


@pytest.mark.parametrize(
    ("registers", "measures", "qubits"),
    [
        ("", "", [0, 1, 2]),
        ("bit[3] b;", "b = measure q;", [0, 1, 2]),
        ("bit[3] b;", "b[0] = measure q[2]; b[2] = measure q[0]; b[1] = measure q[1];", [2, 1, 0]),
        ("bit[5] b;", "b[4] = measure q[0]; b[1] = measure q[2];", [2, 0]),
        ("bit b;", "b = measure q[1];", [1]),
        ("", "measure q[2]; measure q[0];", [2, 0]),
    ],
)
def test_measurements_follow_the_classical_bits(
    hub: HubProcess, registers: str, measures: str, qubits: list[int]
) -> None:
    program, circuit = _prepared()
    program += f"cnot q[0], q[1];\n{registers}\n{measures}\n"
    circuit.cx(0, 1)
    document = hub.run(SV1, program, 20_000)
    assert document["measuredQubits"] == qubits
    rows = np.array(document["measurements"])
    assert rows.shape == (20_000, len(qubits))
    probabilities = (abs(big_endian(circuit)) ** 2).reshape(2, 2, 2)
    others = tuple(qubit for qubit in range(3) if qubit not in qubits)
    order = np.argsort(np.argsort(qubits))
    marginal = probabilities.sum(axis=others).transpose(order).ravel()
    index = rows @ (2 ** np.arange(len(qubits))[::-1])
    counted = np.bincount(index, minlength=len(marginal)) / 20_000
    assert 0.5 * abs(counted - marginal).sum() < 0.02


def test_idle_qubits_are_left_out_and_labels_kept(hub: HubProcess) -> None:
    document = hub.run(
        SV1,
        f"{HEAD}qubit[9] q;\nbit[2] b;\nx q[7];\nb[0] = measure q[7];\nb[1] = measure q[4];\n",
        3,
    )
    assert document["measuredQubits"] == [7, 4]
    assert document["measurements"] == [[1, 0]] * 3


def test_the_document_is_one_that_braket_reads(hub: HubProcess) -> None:
    job_id = hub.submit(SV1, BELL3, 500)
    hub.wait(job_id)
    result = GateModelQuantumTaskResult.from_string(hub.http.get(f"/jobs/{job_id}/result").text)
    assert result.task_metadata.id == job_id
    assert result.task_metadata.shots == 500
    assert result.task_metadata.deviceId == SV1
    assert result.additional_metadata.action.source == BELL3
    assert result.measured_qubits == [0, 1]
    assert set(result.measurement_counts) == {"00", "11"}
    assert result.measurement_counts["00"] == pytest.approx(250, abs=60)


@pytest.mark.parametrize(
    ("program", "shots", "words"),
    [
        ("nonsense", 10, ["OpenQASM 3", "line 1:"]),
        (f"{HEAD}qubit q;\nh q", 10, ["OpenQASM 3"]),
        (f"{HEAD}qubit[2] q;\nfoo q[0];\n", 10, ["Line 3", "foo"]),
        (f"{HEAD}qubit[2] q;\nh q[5];\n", 10, ["Line 3", "5"]),
        (f"{HEAD}qubit q;\nbit b;\nb = measure q;\nh q;\n", 10, ["Line 5", "`h`", "qubit 0"]),
        (
            f"{HEAD}qubit q;\nbit[2] b;\nb[0] = measure q;\nb[1] = measure q;\n",
            10,
            ["Line 5", "second"],
        ),
        (f"{HEAD}qubit q;\nbit b;\nb = measure q;\nif (b) {{ x q; }}\n", 10, ["Line 5", "`if`"]),
        (
            f"{HEAD}qubit q;\nbit b;\nbit c;\nb = measure q;\nc = b;\n",
            10,
            ["Line 6", "measured bit"],
        ),
        (
            f"{HEAD}qubit q;\nfor int i in [0:1] {{ if (true) {{ x q; }} }}\n",
            10,
            ["Line 3", "`if`"],
        ),
        (f"{HEAD}qubit q;\nreset q;\n", 10, ["Line 3", "`reset`"]),
        (f'{HEAD}include "/etc/hostname";\nqubit q;\n', 10, ["Line 2", "`include`"]),
        (f"{HEAD}input float theta;\nqubit q;\nrx(theta) q;\n", 10, ["Line 4", "`theta`"]),
        (f"{HEAD}h $0;\n", 10, ["Line 2", "`$0`"]),
        (f"{HEAD}#pragma braket verbatim\nbox {{ h $0; }}\n", 10, ["verbatim"]),
        (f"{HEAD}qubit q;\n#pragma braket noise bit_flip(0.1) q[0]\n", 10, ["Line 3", "bit_flip"]),
        (f"{HEAD}qubit[35] q;\nh q;\n", 10, ["35 qubits", "34"]),
        (f"{HEAD}qubit[27] q;\nh q;\n", 10, ["27 qubits", "local limit of 26"]),
        (f"{HEAD}qubit[999999999] q;\nh q[0];\n", 10, ["Line 2", "999999999"]),
        (f"{HEAD}bit[999999999] b;\nqubit q;\nh q;\n", 10, ["Line 2", "999999999"]),
        (f"{HEAD}bit b;\nqubit[2] q;\n", 10, ["no qubit"]),
        (f"{HEAD}qubit q;\nh q;\n", 0, ["shots=0", "result type"]),
        (
            f"{HEAD}qubit q;\nh q;\n#pragma braket result state_vector\n",
            5,
            ["state_vector", "shots=0"],
        ),
        (f"{HEAD}qubit q;\nh q;\n#pragma braket result sample z(q)\n", 0, ["sample"]),
        (f'{HEAD}qubit q;\nh q;\n#pragma braket result amplitude "00"\n', 0, ["amplitude 00"]),
        (
            f"{HEAD}qubit[21] q;\nh q;\n#pragma braket result state_vector\n",
            0,
            ["local limit of 20"],
        ),
        (
            f"{HEAD}qubit q;\n#pragma braket result expectation x(q)\n#pragma braket result expectation z(q)\n",
            9,
            ["contradict"],
        ),
        (f"{HEAD}qubit q;\nx " + "(" * 300, 10, ["OpenQASM 3"]),
        (f"{HEAD}qubit[2] q;\ncnot q[1], q[1];\n", 10, ["Line 3", "`cnot`", "qubit 1 twice"]),
        (f"{HEAD}qubit[2] q;\nctrl @ x q[1], q[1];\n", 10, ["Line 3", "qubit 1 twice"]),
        (
            f"{HEAD}qubit[2] q;\n#pragma braket unitary([[0,0,0,1],[0,1,0,0],[0,0,1,0],[1,0,0,0]]) q[0], q[0]\n",
            10,
            ["Line 3", "the unitary", "qubit 0 twice"],
        ),
        (
            f"{HEAD}qubit[2] q;\nh q;\n#pragma braket result expectation 2 * z(q[0])\n",
            10,
            ["Line 4", "mismatched input '2'"],
        ),
        *(
            (
                f"{HEAD}qubit[2] q;\nh q;\n#pragma braket result expectation x(q[1])\n"
                f"#pragma braket result probability {which}\n",
                10,
                ["contradict", "probability of qubit 1"],
            )
            for which in ("q[1]", "all")
        ),
    ],
)
def test_refusals_name_what_and_where(
    hub: HubProcess, program: str, shots: int, words: list[str]
) -> None:
    hub.run(SV1, BELL3)
    answer = hub.post(SV1, program, shots)
    assert answer.status_code == 422, answer.text
    for word in words:
        assert word in answer.json()["detail"]
