"""A file runs through either SDK, whatever dialect it is in: translated once, for all devices alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from braket.circuits import Circuit
from braket.circuits.measure import Measure
from braket.devices import LocalSimulator
from qiskit import qasm2
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector

from qhub_braket.systems.bridge.reading import read_openqasm
from qhub_cli.programs import read_source, to_braket
from tests.quick.cli.conftest import Qhub
from tests.quick.local_hub.hub_process import HubProcess

CIRCUITS = Path(__file__).parents[3] / "notebooks" / "circuits"
BELL = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""
GATE_MODEL = [
    "aws.ionq.forte",
    "aws.rigetti.cepheus",
    "aws.sim.dm1",
    "aws.sim.sv1",
    "azure.ionq.simulator",
    "ibm.qpu.aachen",
    "ibm.qpu.berlin",
    "ibm.qpu.boston",
    "ibm.qpu.fez",
    "ibm.qpu.kingston",
    "ibm.qpu.marrakesh",
    "ibm.qpu.miami",
    "ibm.qpu.pittsburgh",
    "iqm.qpu.emerald",
    "iqm.qpu.garnet",
    "kipu.sim.qsim",
    "quandela.qpu.belenos",
    "quandela.sim.altair",
    "qudora.sim.xg1",
]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def braket_probabilities(text: str) -> np.ndarray:
    """Of a program's measured qubits, exactly, by Braket's own simulator: bit 0 is the leftmost."""
    read = read_openqasm(text, "Braket")
    circuit = Circuit(
        [one for one in read.circuit.instructions if not isinstance(one.operator, Measure)]
    )
    # Ascending: in an order such as 1, 2, 0 Braket's simulator gives the probabilities of another one.
    qubits = sorted(read.measured)
    circuit.probability(target=qubits)
    found = LocalSimulator().run(circuit, shots=0).result().values[0]
    axes = [qubits.index(qubit) for qubit in read.measured]
    return np.asarray(found).reshape([2] * len(qubits)).transpose(axes).ravel()


def test_these_are_all(hub: HubProcess) -> None:
    listed = {one["id"] for one in hub.http.get("/backends").json()}
    assert {*GATE_MODEL, "aws.quera.aquila"} == listed


@pytest.mark.parametrize("backend", GATE_MODEL)
def test_bell_through_braket(at_hub: Qhub, tmp_path: Path, backend: str) -> None:
    """Both bits are equal: always on a simulator, mostly on a device with noise."""
    path = write(tmp_path / "bell.qasm", BELL)
    # Of photons few arrive.
    shots = 40000 if backend.startswith("quandela.") else 1000
    counts = at_hub.json("run", path, "-b", backend, "--sdk", "braket", "-s", shots)["counts"]
    equal = counts.pop("00", 0), counts.pop("11", 0)
    assert sum(equal) > 50
    assert min(equal) > 0.3 * sum(equal)
    unequal = sum(counts.values())
    assert unequal <= 0.4 * sum(equal)
    assert set(counts) <= {"01", "10"}
    if ".sim" in backend:
        assert unequal == 0


@pytest.mark.parametrize("path", sorted(CIRCUITS.glob("*.qasm")), ids=lambda path: path.stem)
def test_the_translation_has_the_known_answer(path: Path) -> None:
    answer = json.loads((CIRCUITS / "answers.json").read_text())[path.stem]
    text, _ = to_braket(read_source(path))
    found = braket_probabilities(text)
    assert len(found) == 2 ** answer["bits"]
    for number, probability in enumerate(found):
        word = format(number, f"0{answer['bits']}b")[::-1]
        assert probability == pytest.approx(answer["likely"].get(word, answer["others"]), abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_any_gates_and_any_order_of_bits(tmp_path: Path, seed: int) -> None:
    circuit = random_circuit(4, 8, max_operands=3, seed=seed)
    exact = Statevector(circuit)
    order = [int(qubit) for qubit in np.random.default_rng(seed).permutation(4)]
    circuit = circuit.decompose(["rccx", "c3sx", "rcccx"])
    text = qasm2.dumps(circuit).replace("qreg q[4];", "qreg q[4];\ncreg a[1];\ncreg b[3];")
    bits = ["a[0]", "b[0]", "b[1]", "b[2]"]
    text += "\n".join(f"measure q[{q}] -> {bit};" for q, bit in zip(order, bits, strict=True))
    translated, qubits = to_braket(read_source(write(tmp_path / "any.qasm", text)))
    assert qubits == 4
    assert braket_probabilities(translated) == pytest.approx(
        exact.probabilities(order[::-1]), abs=1e-7
    )


def test_brakets_own_text_stays_as_it_is(tmp_path: Path) -> None:
    text = "OPENQASM 3.0;\nqubit[2] q;\nbit[2] b;\nx q[0];\ncnot q[0], q[1];\nb = measure q;\n"
    assert to_braket(read_source(write(tmp_path / "own.qasm", text))) == (text, None)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("reset q[0];", "no instruction 'reset'"),
        ("c[0] = measure q[0]; x q[0];", "no mid-circuit measurement"),
        ("if (c[0]) { x q[1]; }", "no instruction 'if_else'"),
    ],
)
def test_what_it_does_not_translate_is_qiskits(
    at_hub: Qhub, tmp_path: Path, statement: str, words: str
) -> None:
    path = write(tmp_path / "dynamic.qasm", BELL.replace("c = m", f"{statement}\nc = m"))
    for command in ("run", "explain"):
        told = at_hub.refused(6, command, path, "-b", "ibm.qpu.fez", "--sdk", "braket")
        assert words in told
        assert "Leave --sdk out" in told


def test_what_would_be_sent_is_what_is_sent(at_hub: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    path = write(tmp_path / "bell.qasm", BELL)
    given = (path, "-b", "aws.sim.sv1", "--sdk", "braket")
    told = at_hub.json("explain", *given)
    (request,) = told["requests"]
    assert (told["fits"], told["qubits"]) == (True, 2)
    ran = at_hub.json("run", *given)
    assert hub.http.get(f"/jobs/{ran['job_id']}/input").json() == request["input"]
