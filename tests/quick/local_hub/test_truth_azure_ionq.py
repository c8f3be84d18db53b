"""azure.ionq.simulator against exact distributions: every gate, controls, `pauliexp`, bit order, refusals."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import HubProcess

IONQ = "azure.ionq.simulator"
Matrix = NDArray[np.complex128]

_I = np.eye(2, dtype=complex)
_X = np.array([[0, 1], [1, 0]], dtype=complex)
_Y = np.array([[0, -1j], [1j, 0]])
_Z = np.diag([1.0 + 0j, -1])
_PAULIS = {"I": _I, "X": _X, "Y": _Y, "Z": _Z}
_V = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_T = np.exp(0.25j * math.pi)
_A = 0.83


def _exponential(generator: Matrix, time: float) -> Matrix:
    """exp(-i time G) of a Hermitian matrix."""
    values, vectors = np.linalg.eigh(generator)
    result: Matrix = vectors @ np.diag(np.exp(-1j * time * values)) @ vectors.conj().T
    return result


def _pauli(term: str) -> Matrix:
    """The product of letters, the first one on the most significant qubit of the matrix."""
    matrix = np.eye(1, dtype=complex)
    for letter in term:
        matrix = np.kron(matrix, _PAULIS[letter])
    return matrix


# Gate -> its other fields, and its matrix. The first target is the least significant bit of the matrix's index.
GATES: dict[str, tuple[dict[str, Any], Matrix]] = {
    "x": ({}, _X),
    "y": ({}, _Y),
    "z": ({}, _Z),
    "h": ({}, (_X + _Z) / math.sqrt(2)),
    "s": ({}, np.diag([1, 1j])),
    "si": ({}, np.diag([1, -1j])),
    "t": ({}, np.diag([1, _T])),
    "ti": ({}, np.diag([1, _T.conjugate()])),
    "v": ({}, _V),
    "vi": ({}, _V.conj().T),
    "not": ({}, _X),
    "cnot": ({}, _X),
    "rx": ({"rotation": _A}, _exponential(_X, _A / 2)),
    "ry": ({"rotation": _A}, _exponential(_Y, _A / 2)),
    "rz": ({"rotation": _A}, _exponential(_Z, _A / 2)),
    "swap": ({}, np.eye(4, dtype=complex)[[0, 2, 1, 3]]),
    "xx": ({"rotation": _A}, _exponential(_pauli("XX"), _A / 2)),
    "yy": ({"rotation": _A}, _exponential(_pauli("YY"), _A / 2)),
    "zz": ({"rotation": _A}, _exponential(_pauli("ZZ"), _A / 2)),
    "pauliexp": (
        {"terms": ["XY", "YX", "II", "ZZ"], "coefficients": [0.7, -0.4, 0.3, 1.1], "time": 0.9},
        _exponential(
            0.7 * _pauli("XY") - 0.4 * _pauli("YX") + 0.3 * _pauli("II") + 1.1 * _pauli("ZZ"), 0.9
        ),
    ),
}


def document(qubits: int, *circuit: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"gateset": "qis", "qubits": qubits, "circuit": list(circuit), **fields}


def gate(name: str, *targets: int, **fields: Any) -> dict[str, Any]:
    return {"gate": name, "targets": list(targets), **fields}


def histogram(hub: HubProcess, job_input: dict[str, Any], shots: int = 100, **fields: Any) -> Any:
    answer = hub.run(IONQ, "", shots, input=job_input, **fields)
    assert list(answer) == ["histogram"]
    return answer["histogram"]


def refusal(hub: HubProcess, job_input: Any, **fields: Any) -> str:
    answer = hub.post(IONQ, "", 10, input=job_input, **fields)
    if answer.status_code == 201:  # the worker was too busy to say so at once
        job_id = answer.json()["id"]
        assert hub.wait(job_id) == "FAILED"
        return str(hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"])
    assert answer.status_code == 422, answer.text
    return str(answer.json()["detail"])


def distribution(hub: HubProcess, job_input: dict[str, Any]) -> NDArray[np.float64]:
    found = np.zeros(2 ** int(job_input["qubits"]))
    for key, value in histogram(hub, job_input).items():
        found[int(key)] = value
    return found


def apply(
    state: Matrix, matrix: Matrix, targets: list[int], controls: list[int] | None = None
) -> Matrix:
    """A gate on a state, bit by bit: slow, and plain."""
    result = state.copy()
    for index in range(len(state)):
        if any(not index >> control & 1 for control in controls or []):
            continue
        row = sum((index >> target & 1) << place for place, target in enumerate(targets))
        rest = index & ~sum(1 << target for target in targets)
        result[index] = 0
        for column in range(len(matrix)):
            bits = sum((column >> place & 1) << target for place, target in enumerate(targets))
            result[index] += matrix[row, column] * state[rest | bits]
    return result


class Reference:
    """The same circuit twice: as IonQ's JSON, and as a state made by numpy."""

    def __init__(self, qubits: int, seed: int) -> None:
        self.qubits = qubits
        self.circuit: list[dict[str, Any]] = []
        self.state = np.zeros(2**qubits, dtype=complex)
        self.state[0] = 1
        self.rng = random.Random(seed)
        self.mix()

    def mix(self) -> None:
        """Turn every qubit about two axes, so that phases before and after show in the distribution."""
        for qubit in range(self.qubits):
            for name, axis in (("ry", _Y), ("rx", _X)):
                angle = self.rng.uniform(0.3, 2.5)
                self.circuit.append(gate(name, qubit, rotation=angle))
                self.state = apply(self.state, _exponential(axis, angle / 2), [qubit])

    def add(self, name: str, controls: int) -> None:
        fields, matrix = GATES[name]
        width = 1 if len(matrix) == 2 else 2
        qubits = self.rng.sample(range(self.qubits), width + controls)
        targets, own = qubits[:width], qubits[width:]
        if own:
            fields = {**fields, "controls": own}
        self.circuit.append(gate(name, *targets, **fields))
        self.state = apply(self.state, matrix, targets, own)

    def check(self, hub: HubProcess) -> None:
        found = distribution(hub, document(self.qubits, *self.circuit))
        assert np.allclose(found, abs(self.state) ** 2, atol=1e-10)


def test_the_catalog_names_the_gates_that_are_tested(hub: HubProcess) -> None:
    backend = hub.http.get(f"/backends/{IONQ}").json()
    conforms(backend, component("Backend"))
    assert {item["name"] for item in backend["configuration"]["gates"]} == set(GATES)
    assert backend["configuration"]["supported_input_formats"] == ["IONQ_CIRCUIT_V1"]
    assert backend["has_calibration"] is False
    assert hub.http.get(f"/backends/{IONQ}/calibration").status_code == 204
    config = hub.http.get(f"/backends/{IONQ}/config").json()
    assert config["synthetic"] is True
    assert config["qubits"] == backend["configuration"]["qubit_count"] == 29


@pytest.mark.parametrize("controls", [0, 1, 2])
@pytest.mark.parametrize("name", GATES)
def test_every_gate(hub: HubProcess, name: str, controls: int) -> None:
    if name == "cnot" and not controls:
        assert "no control" in refusal(hub, document(2, gate("cnot", 0)))
        return
    if name == "swap" and controls > 1:
        assert "at most 1" in refusal(hub, document(4, gate("swap", 0, 1, controls=[2, 3])))
        return
    reference = Reference(5, seed=len(name) + controls)
    for _ in range(2):
        reference.add(name, controls)
        reference.mix()
    reference.check(hub)


@pytest.mark.parametrize("seed", range(4))
def test_all_gates_together(hub: HubProcess, seed: int) -> None:
    reference = Reference(6, seed)
    names = list(GATES)
    reference.rng.shuffle(names)
    for name in names:
        reference.add(name, 1)
    reference.mix()
    reference.check(hub)


def test_seven_controls_and_no_more(hub: HubProcess) -> None:
    ones = [gate("x", *range(8))]
    seven = gate("x", 8, controls=[0, 1, 2, 3, 4, 5, 6])
    assert histogram(hub, document(9, *ones, seven)) == {"511": pytest.approx(1)}
    eight = gate("x", 8, controls=[0, 1, 2, 3, 4, 5, 6, 7])
    text = refusal(hub, document(9, *ones, eight))
    assert "gate 1 (`x`)" in text
    assert "8 controls" in text


def test_a_rotated_z_is_a_phase_under_control(hub: HubProcess) -> None:
    """As IonQ's Qiskit package encodes `cp`: the phase kicks back to the control."""
    circuit = [
        gate("h", 0),
        gate("x", 1),
        gate("z", 1, controls=[0], rotation=_A),
        gate("h", 0),
    ]
    assert histogram(hub, document(2, *circuit)) == {
        "2": pytest.approx(math.cos(_A / 2) ** 2),
        "3": pytest.approx(math.sin(_A / 2) ** 2),
    }


def test_qubit_0_is_the_least_significant_bit(hub: HubProcess) -> None:
    assert histogram(hub, document(4, gate("x", 0), gate("x", 3))) == {"9": pytest.approx(1)}
    assert histogram(hub, document(3, gate("h", 1), gate("cnot", 2, controls=[1]))) == {
        "0": pytest.approx(0.5),
        "6": pytest.approx(0.5),
    }


def test_the_last_letter_of_a_term_belongs_to_the_first_target(hub: HubProcess) -> None:
    flip = {"coefficients": [1.0], "time": math.pi / 2}
    circuit = document(4, gate("pauliexp", 3, 1, 0, terms=["IXI"], **flip))
    assert histogram(hub, circuit) == {"2": pytest.approx(1)}
    circuit = document(4, gate("pauliexp", 3, 1, 0, terms=["XII"], **flip))
    assert histogram(hub, circuit) == {"1": pytest.approx(1)}


def test_several_targets_are_several_gates(hub: HubProcess) -> None:
    assert histogram(hub, document(4, gate("x", 0, 2, 3))) == {"13": pytest.approx(1)}
    controlled = document(4, gate("x", 1), gate("x", 0, 2, controls=[1]))
    assert histogram(hub, controlled) == {"7": pytest.approx(1)}


def test_the_distribution_depends_on_nothing_else(hub: HubProcess) -> None:
    bell = [gate("h", 0), gate("x", 1, controls=[0])]
    expected = {"0": pytest.approx(0.5), "3": pytest.approx(0.5)}
    assert histogram(hub, document(2, *bell), 1) == expected
    assert histogram(hub, document(2, *bell), 1_000_000) == expected
    named = document(2, *bell, registers={"b": [1], "a": [0]})
    params = {"meas_map": json.dumps([1, None]), "memory": True}
    assert histogram(hub, named, input_params=params) == expected


def test_both_names_of_the_key_and_of_the_exponential(hub: HubProcess) -> None:
    circuit = [
        {"type": "h", "targets": [0]},
        {"type": "rx", "targets": [1], "rotation": math.pi / 2},
        {"type": "x", "gate": "x", "targets": [1], "controls": [0]},
        {
            "type": "pauliExp",
            "targets": [0],
            "terms": ["z"],
            "coefficients": [1],
            "time": 1,
        },
    ]
    found = histogram(hub, document(2, *circuit))
    assert found == {str(state): pytest.approx(0.25) for state in range(4)}


def test_an_empty_circuit_stays_in_the_ground_state(hub: HubProcess) -> None:
    assert histogram(hub, document(3)) == {"0": pytest.approx(1)}


def test_a_ghz_state_of_20_qubits(hub: HubProcess) -> None:
    chain = [gate("cnot", qubit + 1, controls=[qubit]) for qubit in range(19)]
    found = histogram(hub, document(20, gate("h", 0), *chain))
    assert found == {"0": pytest.approx(0.5), str(2**20 - 1): pytest.approx(0.5)}


@pytest.mark.parametrize(
    ("job_input", "words"),
    [
        (document(2, gate("h", 2)), ["gate 0 (`h`)", "no qubit 2", "0 to 1"]),
        (document(2, gate("h", -1)), ["no qubit -1"]),
        (document(2, gate("x", 0, controls=[0])), ["names a qubit twice"]),
        (document(2, gate("swap", 0)), ["gate 0 (`swap`)", "takes two"]),
        (document(3, gate("xx", 0, 1, 2, rotation=1)), ["3 targets", "takes two"]),
        (document(2, gate("h", 0), gate("rx", 0)), ["gate 1 (`rx`)", "`rotation`", "radians"]),
        (document(2, gate("h", 0, rotation=1)), ["takes no `rotation`"]),
        (document(2, gate("h", 0, time=1)), ["takes no `time`"]),
        (document(1, gate("pauliexp", 0, terms=["X"], time=1)), ["needs `coefficients`"]),
        (
            document(1, gate("pauliexp", 0, terms=["X"], coefficients=[1, 2], time=1)),
            ["1 terms", "2 coefficients"],
        ),
        (
            document(2, gate("pauliexp", 0, 1, terms=["X"], coefficients=[1], time=1)),
            ["'X'", "2 letters"],
        ),
        (
            document(1, gate("pauliexp", 0, terms=["Q"], coefficients=[1], time=1)),
            ["'Q'", "I, X, Y, Z"],
        ),
        (
            document(2, gate("pauliexp", 0, 1, terms=["XX", "ZI"], coefficients=[1, 1], time=1)),
            ["XX and ZI do not commute", "its own gate"],
        ),
        (
            document(1, gate("pauliexp", 0, terms=["X"], coefficients=[1e308], time=10)),
            ["too large"],
        ),
        (document(30, gate("h", 0)), ["30", "29 qubits"]),
        (document(25, gate("h", 0)), ["25", "local limit of 24", "smaller"]),
        (document(2, registers={"c": [0, 2]}), ["registers.c", "qubit 2"]),
        # What the server itself sees.
        (document(2, {"targets": [0]}), ["input.circuit.0", "add `gate`"]),
        (document(2, {"gate": "x", "type": "y", "targets": [0]}), ["both a x and a y"]),
        (document(2, {"gate": "x"}), ["input.circuit.0.targets", "missing"]),
        (document(2, gate("x", 0), {"gate": "x", "target": 0}), ["input.circuit.1.target"]),
        (document(2, gate("gpi", 0)), ["input.circuit.0.gate", "'x'"]),
        (document(2, gate("x", 0, control=1)), ["input.circuit.0.control", "not known"]),
        (document(2, gate("x", 0.5)), ["input.circuit.0.targets.0"]),
        (document(2, gate("rx", 0, rotation="1")), ["input.circuit.0.rotation", "number"]),
        (document(0), ["input.qubits"]),
        ({"gateset": "native", "qubits": 1, "circuit": []}, ["input.gateset", "qis"]),
        ({"qubits": 1, "circuit": []}, ["input.gateset", "missing"]),
        (document(1, noise={}), ["input.noise", "not known"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_refusals_name_what_and_where(hub: HubProcess, job_input: Any, words: list[str]) -> None:
    text = refusal(hub, job_input)
    for word in words:
        assert word in text, text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" * 400])
def test_numbers_that_are_none_are_refused(hub: HubProcess, number: str) -> None:
    body = json.dumps(
        {"backend_id": IONQ, "shots": 1, "input": document(1, gate("rx", 0, rotation=77.5))}
    ).replace("77.5", number)
    answer = hub.http.post(
        "/jobs", content=body.encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert "rotation" in answer.json()["detail"] or "JSON" in answer.json()["detail"]


def test_unknown_parameters_are_refused(hub: HubProcess) -> None:
    text = refusal(hub, document(1), input_params={"noise": {"model": "aria-1"}})
    assert "input_params.noise" in text
    assert "qis" not in text


def test_more_states_than_a_histogram_holds_fail_by_name(hub: HubProcess) -> None:
    job_id = hub.submit(IONQ, "", 1, input=document(21, gate("h", *range(21))))
    assert hub.wait(job_id) == "FAILED"
    message = hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"]
    assert "2097152 basis states" in message
    assert "local limit of 1048576" in message
