"""aws.sim.dm1, Rigetti Cepheus and IonQ Forte against exact states and channels, and what each refuses."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from braket.device_schema.ionq import IonqDeviceCapabilities
from braket.device_schema.rigetti.rigetti_device_capabilities_v2 import RigettiDeviceCapabilities
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities
from braket.task_result import ProgramSetTaskResult
from braket.tasks import GateModelQuantumTaskResult
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import DensityMatrix, Kraus, Statevector

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import BELL3, HubProcess

DM1 = "aws.sim.dm1"
CEPHEUS = "aws.rigetti.cepheus"
FORTE = "aws.ionq.forte"
HEAD = "OPENQASM 3.0;\n"
HALF = math.pi / 2

_X = np.array([[0, 1], [1, 0]], dtype=complex)
_Y = np.array([[0, -1j], [1j, 0]])
_Z = np.diag([1, -1]).astype(complex)
_I = np.eye(2, dtype=complex)
_PAULIS = [_I, _X, _Y, _Z]
_DOWN = np.array([[0, 1], [0, 0]], dtype=complex)


def _damping(gamma: float) -> list[NDArray[Any]]:
    return [np.diag([1, math.sqrt(1 - gamma)]), math.sqrt(gamma) * _DOWN]


def _two(p: float, paulis: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Each pair of these Paulis but the identity with the same share of p; the first qubit most significant."""
    pairs = [np.kron(a, b) for a in paulis for b in paulis]
    return [math.sqrt(1 - p) * pairs[0], *(math.sqrt(p / (len(pairs) - 1)) * q for q in pairs[1:])]


# Braket's noise pragmas as channels (Amazon Braket's developer guide, "noise").
CHANNELS: dict[str, tuple[str, list[NDArray[Any]]]] = {
    "bit_flip": ("bit_flip(0.2)", [math.sqrt(0.8) * _I, math.sqrt(0.2) * _X]),
    "phase_flip": ("phase_flip(0.2)", [math.sqrt(0.8) * _I, math.sqrt(0.2) * _Z]),
    "pauli_channel": (
        "pauli_channel(0.1, 0.2, 0.05)",
        [math.sqrt(p) * m for p, m in zip([0.65, 0.1, 0.2, 0.05], _PAULIS, strict=True)],
    ),
    "depolarizing": (
        "depolarizing(0.3)",
        [math.sqrt(p) * m for p, m in zip([0.7, 0.1, 0.1, 0.1], _PAULIS, strict=True)],
    ),
    "amplitude_damping": ("amplitude_damping(0.3)", _damping(0.3)),
    "generalized_amplitude_damping": (
        "generalized_amplitude_damping(0.3, 0.8)",
        [math.sqrt(0.8) * m for m in _damping(0.3)]
        + [math.sqrt(0.2) * _X @ m @ _X for m in _damping(0.3)],
    ),
    "phase_damping": (
        "phase_damping(0.3)",
        [np.diag([1, math.sqrt(0.7)]), np.diag([0, math.sqrt(0.3)])],
    ),
    "two_qubit_depolarizing": ("two_qubit_depolarizing(0.3)", _two(0.3, _PAULIS)),
    "two_qubit_dephasing": ("two_qubit_dephasing(0.3)", _two(0.3, [_I, _Z])),
    "kraus": (
        "kraus([[0.8944271909999159, 0], [0, 0.8944271909999159]], [[0, 0.4472135954999579], [0.4472135954999579, 0]])",
        [math.sqrt(0.8) * _I, math.sqrt(0.2) * _X],
    ),
}


def _read(hub: HubProcess, backend: str, program: str, shots: int) -> GateModelQuantumTaskResult:
    job_id = hub.submit(backend, program, shots)
    assert hub.wait(job_id) == "COMPLETED", hub.http.get(f"/jobs/{job_id}/result").text
    return GateModelQuantumTaskResult.from_string(hub.http.get(f"/jobs/{job_id}/result").text)


# --- DM1  ---


def test_dm1_names_the_noise_that_is_tested(hub: HubProcess) -> None:
    text = hub.http.get(f"/backends/{DM1}/config").text
    action = GateModelSimulatorDeviceCapabilities.parse_raw(text).action
    pragmas = action["braket.ir.openqasm.program"].supportedPragmas
    named = {p.removeprefix("braket_noise_") for p in pragmas if p.startswith("braket_noise_")}
    assert named == set(CHANNELS)


@pytest.mark.parametrize("name", CHANNELS)
def test_each_noise_of_dm1(hub: HubProcess, name: str) -> None:
    text, operators = CHANNELS[name]
    targets = [2, 0][: int(math.log2(len(operators[0])))]
    program = (
        f"{HEAD}qubit[3] q;\nry(0.7) q[0];\nry(1.3) q[2];\nrz(0.4) q[2];\ncnot q[2], q[1];\nt q[0];\n"
        f"#pragma braket noise {text} {', '.join(f'q[{t}]' for t in targets)}\nrx(0.3) q[2];\n"
        "#pragma braket result density_matrix\n"
    )
    circuit = QuantumCircuit(3)
    circuit.ry(0.7, 0)
    circuit.ry(1.3, 2)
    circuit.rz(0.4, 2)
    circuit.cx(2, 1)
    circuit.t(0)
    after = QuantumCircuit(3)
    after.rx(0.3, 2)
    state = DensityMatrix(circuit).evolve(Kraus(operators), qargs=targets[::-1]).evolve(after)
    result = _read(hub, DM1, program, 0)
    pairs = np.array(result.values[0])
    assert np.allclose(pairs[..., 0] + 1j * pairs[..., 1], state.reverse_qargs().data, atol=1e-9)


def test_dm1_samples_what_it_computes(hub: HubProcess) -> None:
    program = (
        f"{HEAD}bit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\n"
        "#pragma braket noise bit_flip(0.25) q[1]\nb[0] = measure q[1];\nb[1] = measure q[0];\n"
    )
    result = _read(hub, DM1, program, 20_000)
    assert result.measured_qubits == [1, 0]
    exact = {"00": 0.375, "11": 0.375, "10": 0.125, "01": 0.125}
    assert total_variation(dict(result.measurement_counts), exact) < 0.02


@pytest.mark.parametrize(
    ("program", "shots", "words"),
    [
        (f"{HEAD}qubit q;\nh q;\n#pragma braket result state_vector\n", 0, ["statevector", DM1]),
        (f"{HEAD}qubit[18] q;\nh q;\n", 10, ["18 qubits", "17"]),
        (f"{HEAD}qubit[13] q;\nh q;\n", 10, ["13 qubits", "local limit of 12"]),
        (f"{HEAD}h $0;\n", 10, ["`$0`"]),
        (
            f"{HEAD}qubit q;\nbit b;\nb = measure q;\n#pragma braket noise bit_flip(0.1) q\n",
            10,
            ["Line 5", "bit_flip"],
        ),
        (f"{HEAD}qubit q;\n#pragma braket noise bit_flip(0.6) q\n", 10, ["Line 3", "0.6"]),
        (
            f"{HEAD}qubit q;\n#pragma braket noise kraus([[0.5, 0], [0, 0.5]]) q\n",
            10,
            ["Line 3", "identity"],
        ),
    ],
)
def test_dm1_refuses(hub: HubProcess, program: str, shots: int, words: list[str]) -> None:
    _assert_refused(hub, DM1, program, shots, words)


# --- quantum computers  ---


def _verbatim(body: str, measures: str) -> str:
    return f"{HEAD}bit[2] b;\n#pragma braket verbatim\nbox{{\n{body}\n}}\n{measures}\n"


def _gpi2(phase: float) -> UnitaryGate:
    return UnitaryGate(
        np.array([[1, -1j * np.exp(-1j * phase)], [-1j * np.exp(1j * phase), 1]]) / math.sqrt(2)
    )


def _cepheus_circuit() -> tuple[str, QuantumCircuit]:
    """Native gates on $9 and $0, with phases that matter."""
    body = (
        f"rx({HALF}) $9;\nrz(0.7) $9;\nrx({-HALF}) $9;\nrx({HALF}) $0;\ncz $0, $9;\n"
        f"rz(-1.1) $0;\nrx({HALF}) $0;\nrx({3 * HALF}) $9;"
    )
    circuit = QuantumCircuit(2)  # 0 is $9, 1 is $0
    for angle, gate, qubit in [
        (HALF, "rx", 0),
        (0.7, "rz", 0),
        (-HALF, "rx", 0),
        (HALF, "rx", 1),
    ]:
        getattr(circuit, gate)(angle, qubit)
    circuit.cz(0, 1)
    circuit.rz(-1.1, 1)
    circuit.rx(HALF, 1)
    circuit.rx(3 * HALF, 0)
    return _verbatim(body, "b[0] = measure $9;\nb[1] = measure $0;"), circuit


def _forte_circuit() -> tuple[str, QuantumCircuit]:
    body = (
        "gpi2(0.3) $5;\ngpi(0.9) $5;\ngpi2(-0.4) $31;\nzz(0.8) $5, $31;\ngpi2(1.1) $5;\n"
        "gpi2(0.2) $31;"
    )
    circuit = QuantumCircuit(2)  # 0 is $5, 1 is $31
    circuit.append(_gpi2(0.3), [0])
    circuit.append(UnitaryGate(np.array([[0, np.exp(-0.9j)], [np.exp(0.9j), 0]])), [0])
    circuit.append(_gpi2(-0.4), [1])
    circuit.rzz(0.8, 0, 1)
    circuit.append(_gpi2(1.1), [0])
    circuit.append(_gpi2(0.2), [1])
    return _verbatim(body, "b[0] = measure $5;\nb[1] = measure $31;"), circuit


NATIVE = {CEPHEUS: _cepheus_circuit, FORTE: _forte_circuit}
QUBITS = {CEPHEUS: [9, 0], FORTE: [5, 31]}
MOST_SHOTS = {CEPHEUS: 50_000, FORTE: 5_000}


def _exact(circuit: QuantumCircuit) -> dict[str, float]:
    """Probabilities with the first qubit on the left."""
    return {k[::-1]: float(v) for k, v in Statevector(circuit).probabilities_dict().items()}


@pytest.mark.parametrize("backend", NATIVE)
def test_a_verbatim_box(ideal_hub: HubProcess, backend: str) -> None:
    program, circuit = NATIVE[backend]()
    result = _read(ideal_hub, backend, program, 5_000)
    assert result.measured_qubits == QUBITS[backend]
    exact = _exact(circuit)
    assert max(exact.values()) - min(exact.values()) > 0.1
    assert total_variation(dict(result.measurement_counts), exact) < 0.03


@pytest.mark.parametrize("backend", NATIVE)
def test_what_the_service_compiles(ideal_hub: HubProcess, backend: str) -> None:
    program = f"{HEAD}bit[3] b;\nqubit[3] q;\nh q[0];\ncnot q[0], q[2];\nt q[2];\nswap q[1], q[2];\nb = measure q;\n"
    result = _read(ideal_hub, backend, program, 4_000)
    assert total_variation(dict(result.measurement_counts), {"000": 0.5, "110": 0.5}) < 0.03
    expectation = program.replace(
        "b = measure q;\n", "#pragma braket result expectation x(q[0]) @ x(q[1])\n"
    )
    value = _read(ideal_hub, backend, expectation, 4_000).values[0]
    assert value == pytest.approx(math.cos(math.pi / 4), abs=0.05)


def _fidelities(hub: HubProcess, backend: str) -> dict[str, dict[str, float]]:
    """Errors by the calibration that the API gives: of one qubit, of two, of reading."""
    calibration = hub.http.get(f"/backends/{backend}/calibration").json()["calibration"]
    assert calibration["synthetic"] is True
    if backend == FORTE:
        mean = {kind: 1 - entry["mean"] for kind, entry in calibration["fidelity"].items()}
        qubits = {str(q): mean for q in QUBITS[backend]}
        return {
            "one": {q: m["1Q"] for q, m in qubits.items()},
            "two": {"pair": mean["2Q"]},
            "read": {q: m["spam"] for q, m in qubits.items()},
        }
    one, read = {}, {}
    for qubit in map(str, QUBITS[backend]):
        gate, readout = calibration["oneQubitProperties"][qubit]["oneQubitFidelity"]
        one[qubit], read[qubit] = 1 - gate["fidelity"], 1 - readout["fidelity"]
    pair = calibration["twoQubitProperties"]["0-9"]["twoQubitGateFidelity"][0]
    return {"one": one, "two": {"pair": 1 - pair["fidelity"]}, "read": read}


def _noisy(circuit: QuantumCircuit, errors: dict[str, dict[str, float]]) -> dict[str, float]:
    """The circuit under depolarizing errors of those fidelities, by Qiskit."""
    one, read = list(errors["one"].values()), list(errors["read"].values())
    state = DensityMatrix.from_label("00")
    for instruction in circuit.data:
        targets = [circuit.find_bit(qubit).index for qubit in instruction.qubits]
        state = state.evolve(instruction.operation, qargs=targets)
        if len(targets) == 2:
            state = state.evolve(Kraus(_two(1.25 * errors["two"]["pair"], _PAULIS)), qargs=targets)
        elif instruction.operation.name != "rz":
            p = 1.5 * one[targets[0]]
            weights = [1 - p, p / 3, p / 3, p / 3]
            state = state.evolve(
                Kraus([math.sqrt(w) * m for w, m in zip(weights, _PAULIS, strict=True)]),
                qargs=targets,
            )
    flips = [np.array([[1 - p, p], [p, 1 - p]]) for p in read]
    seen = np.kron(flips[1], flips[0]) @ state.probabilities()
    return {f"{i & 1}{i >> 1}": float(p) for i, p in enumerate(seen)}


def test_the_noise_is_that_of_the_calibration(hub: HubProcess) -> None:
    program, circuit = NATIVE[CEPHEUS]()
    noisy, exact = _noisy(circuit, _fidelities(hub, CEPHEUS)), _exact(circuit)
    job_id = hub.submit(CEPHEUS, program, 50_000)
    hub.wait(job_id)
    document = hub.http.get(f"/jobs/{job_id}/result").json()
    rows, counted = np.unique(np.array(document["measurements"]), axis=0, return_counts=True)
    counts = {"".join(map(str, row)): int(n) for row, n in zip(rows, counted, strict=True)}
    assert total_variation(counts, noisy) < 0.01
    assert total_variation(counts, exact) > 0.02
    assert "with the noise" in document["additionalMetadata"]["localHub"]["noise"]


def test_ions_are_noisy_too_and_less_so(hub: HubProcess) -> None:
    program, circuit = NATIVE[FORTE]()
    noisy = _noisy(circuit, _fidelities(hub, FORTE))
    result = _read(hub, FORTE, program, 5_000)
    assert total_variation(dict(result.measurement_counts), noisy) < 0.03
    chain = f"gpi2(0) $0;\n{'zz(0.7853981633974483) $0, $1;' * 40}\n"
    program = _verbatim(f"{chain}gpi2(0) $0;", "b[0] = measure $0;\nb[1] = measure $1;")
    counts = dict(_read(hub, FORTE, program, 5_000).measurement_counts)
    assert 0.02 < 1 - max(counts.values()) / 5_000 < 0.4


def test_too_many_qubits_for_noise_are_simulated_without_and_it_is_said(hub: HubProcess) -> None:
    program = f"{HEAD}qubit[9] q;\nx q;\n"
    document = hub.run(CEPHEUS, program, 200)
    assert document["measurements"] == [[1] * 9] * 200
    assert "without noise: 9 qubits" in document["additionalMetadata"]["localHub"]["noise"]


REFUSED = [
    (CEPHEUS, _verbatim("cz $0, $2;", ""), ["Line 4", "`cz`", "$0 and $2", "$1, $9"]),
    (CEPHEUS, _verbatim("cnot $0, $1;", ""), ["`cnot`", "cz, rx, rz"]),
    (CEPHEUS, _verbatim("rx(0.3) $0;", ""), ["rx(0.3)", "multiple of pi/2"]),
    (CEPHEUS, _verbatim("rx(0) $200;", ""), ["$200", CEPHEUS]),
    (CEPHEUS, f"{HEAD}qubit[2] q;\n#pragma braket verbatim\nbox{{ rz(1) q[0]; }}\n", ["$0"]),
    (CEPHEUS, f"{HEAD}qubit[2] q;\nh q[0];\nh $1;\n", ["not both"]),
    (CEPHEUS, f"{HEAD}qubit[2] q;\n#pragma braket verbatim\nh q[0];\n", ["needs a `box`"]),
    (CEPHEUS, f"{HEAD}qubit[2] q;\nms(0.1, 0.2, 0.3) q[0], q[1];\n", ["`ms`", "ccnot"]),
    (CEPHEUS, f"{HEAD}qubit[2] q;\nctrl @ x q[0], q[1];\n", ["modifier"]),
    (CEPHEUS, f"{HEAD}qubit q;\n#pragma braket unitary([[0, 1.0], [1.0, 0]]) q\n", ["unitary"]),
    (CEPHEUS, f"{HEAD}qubit q;\n#pragma braket noise bit_flip(0.1) q\n", ["bit_flip", DM1]),
    (CEPHEUS, f"{HEAD}qubit q;\nh q;\n#pragma braket result density_matrix\n", ["densitymatrix"]),
    (
        CEPHEUS,
        f"{HEAD}qubit q;\nh q;\n#pragma braket result expectation hermitian([[0, 1], [1, 0]]) q\n",
        ["hermitian"],
    ),
    (CEPHEUS, f"{HEAD}qubit q;\nbit b;\nb = measure q;\nh q;\n", ["after it was measured"]),
    (CEPHEUS, f"{HEAD}qubit[109] q;\nh q;\n", ["109 qubits", "108"]),
    (CEPHEUS, f"{HEAD}qubit[25] q;\nh q;\n", ["25 qubits", "local limit of 24"]),
    (FORTE, _verbatim("gpi(0) $0;\n}\nh $1;\nbox{", ""), ["outside the verbatim box"]),
    (FORTE, _verbatim("ms(0, 0, 0.25) $0, $1;", ""), ["`ms`", "gpi, gpi2, zz"]),
    (FORTE, _verbatim("gpi(0) $36;", ""), ["$36", "36 qubits"]),
    (FORTE, f"{HEAD}qubit[2] q;\niswap q[0], q[1];\n", ["`iswap`"]),
]


def _assert_refused(
    hub: HubProcess, backend: str, program: str, shots: int, words: list[str]
) -> None:
    answer = hub.post(backend, program, shots)
    assert answer.status_code == 422, answer.text
    assert [word for word in words if word not in answer.json()["detail"]] == [], answer.text


@pytest.mark.parametrize(("backend", "program", "words"), REFUSED)
def test_what_a_quantum_computer_refuses(
    hub: HubProcess, backend: str, program: str, words: list[str]
) -> None:
    _assert_refused(hub, backend, program, 10, words)


def test_without_rewiring_registers_are_the_device_qubits(hub: HubProcess) -> None:
    program = f"{HEAD}qubit[2] q;\nh q[0];\ncnot q[0], q[1];\n"
    params = {"disable_qubit_rewiring": True}
    assert hub.run(CEPHEUS, program, 10, input_params=params)["measuredQubits"] == [0, 1]
    answer = hub.post(DM1, program, 10, input_params=params)
    assert (answer.status_code, "physical" in answer.text) == (422, True)


# --- program sets  ---


@pytest.mark.parametrize("backend", ["aws.sim.sv1", DM1, CEPHEUS])
def test_a_program_set(ideal_hub: HubProcess, backend: str) -> None:
    flip = f"{HEAD}bit[2] b;\nqubit[3] q;\nx q[2];\nb[0] = measure q[2];\nb[1] = measure q[0];\n"
    document = ideal_hub.run(backend, "", 200, input={"qasm": [BELL3, flip]})
    result = ProgramSetTaskResult.parse_raw(json.dumps(document))
    assert result.taskMetadata.requestedShots == 200
    first, second = (entry.executableResults[0] for entry in result.programResults)
    assert first.measuredQubits == [0, 1]
    assert len(first.measurements) == 100
    assert {tuple(row) for row in first.measurements} == {(0, 0), (1, 1)}
    assert second.measuredQubits == [2, 0]
    assert second.measurements == [[1, 0]] * 100
    assert [entry.source.source for entry in result.programResults] == [BELL3, flip]


@pytest.mark.parametrize(
    ("programs", "shots", "words"),
    [
        ([BELL3] * 101, 101, ["101 programs", "100"]),
        ([BELL3, BELL3], 5, ["`shots` is 5", "multiple"]),
        ([BELL3, "nonsense"], 4, ["Program 1", "OpenQASM 3"]),
        ([BELL3, f"{HEAD}qubit q;\n#pragma braket result probability\n"], 4, ["Program 1"]),
        ([], 4, ["qasm"]),
        ([BELL3, 5], 4, ["qasm"]),
    ],
)
def test_a_program_set_that_is_refused(
    hub: HubProcess, programs: list[Any], shots: int, words: list[str]
) -> None:
    answer = hub.post(DM1, "", shots, input={"qasm": programs})
    assert answer.status_code == 422
    assert [word for word in words if word not in answer.json()["detail"]] == [], answer.text


# --- the catalog  ---


def test_braket_reads_the_device_documents(hub: HubProcess) -> None:
    cepheus = RigettiDeviceCapabilities.parse_raw(hub.http.get(f"/backends/{CEPHEUS}/config").text)
    graph = cepheus.paradigm.connectivity.connectivityGraph
    pairs = {frozenset((a, b)) for a, others in graph.items() for b in others}
    assert (cepheus.paradigm.qubitCount, len(graph), len(pairs)) == (108, 108, 193)
    assert {f"{a}-{b}" for a, b in (sorted(map(int, pair)) for pair in pairs)} == set(
        cepheus.standardized.twoQubitProperties
    )
    forte = IonqDeviceCapabilities.parse_raw(hub.http.get(f"/backends/{FORTE}/config").text)
    assert forte.paradigm.nativeGateSet == ["GPI", "GPI2", "ZZ"]
    assert forte.provider.fidelity["2Q"]["mean"] > 0.99


@pytest.mark.parametrize("backend", [CEPHEUS, FORTE, "aws.quera.aquila"])
def test_calibrations_have_a_history(hub: HubProcess, backend: str) -> None:
    newest = hub.http.get(f"/backends/{backend}/calibration").json()
    older = hub.http.get(
        f"/backends/{backend}/calibration", params={"effectiveAt": "2026-10-10T00:00:00Z"}
    ).json()
    assert older["calibrated_at"] < newest["calibrated_at"]
    assert older["calibration"] != newest["calibration"]
    before = hub.http.get(
        f"/backends/{backend}/calibration", params={"effectiveAt": "2020-01-01T00:00:00Z"}
    )
    assert before.status_code == 204
