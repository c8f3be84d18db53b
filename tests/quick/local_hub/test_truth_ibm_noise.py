"""IBM's noise on all eight backends, against density matrices that Qiskit evolves gate by gate.

The channels are made here from the figures of qiskit_ibm_runtime's fake devices: relaxation by T1 and T2 for a gate's
time, then as much depolarization as makes up the gate's error; a misread bit is as likely either way. This is how
Aer's documentation describes its noise of a device.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit.library import CZGate, RZGate, SXGate, XGate
from qiskit.quantum_info import DensityMatrix, SuperOp, average_gate_fidelity
from qiskit.transpiler import Target
from qiskit_ibm_runtime import fake_provider

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.ibm_hub import NAMES, run

SHOTS = 40_000


def _device(name: str) -> Target:
    return getattr(fake_provider, f"Fake{name.capitalize()}")().target


def _relaxation(target: Target, qubit: int, seconds: float) -> SuperOp:
    """Relaxation towards |0> by T1, and loss of phase by T2."""
    properties = target.qubit_properties[qubit]
    t1, t2 = properties.t1, min(properties.t2, 2 * properties.t1)
    kept, phase = math.exp(-seconds / t1), math.exp(-seconds / t2)
    # Columns of the density matrix on top of each other: 00, 10, 01, 11.
    matrix = np.diag([1, phase, phase, kept]).astype(complex)
    matrix[0, 3] = 1 - kept
    return SuperOp(matrix)


def _error(target: Target, name: str, qubits: tuple[int, ...]) -> SuperOp:
    figures = target[name][qubits]
    if not figures.error:
        return SuperOp(np.eye(4 ** len(qubits)))
    channel = _relaxation(target, qubits[0], figures.duration)
    for qubit in qubits[1:]:
        channel = _relaxation(target, qubit, figures.duration).tensor(channel)
    size = 2 ** len(qubits)
    fidelity = average_gate_fidelity(channel)
    if 1 - fidelity >= figures.error:
        return channel
    share = size * (figures.error - (1 - fidelity)) / (size * fidelity - 1)
    mixed = np.zeros((size**2, size**2), dtype=complex)
    ones = np.eye(size).ravel(order="F")
    mixed += np.outer(ones, ones) / size
    depolarizing = SuperOp((1 - share) * np.eye(size**2) + share * mixed)
    return depolarizing.compose(channel)


def _pair(target: Target) -> tuple[int, int]:
    """The pair with the largest error among those of qubits that work."""
    good = {qubit for (qubit,), figures in target["sx"].items() if figures.error < 0.01}
    known = {
        pair: figures.error
        for pair, figures in target["cz"].items()
        if figures.error < 0.1 and good.issuperset(pair)
    }
    return max(known, key=lambda pair: known[pair])


def _expected(target: Target, circuit: QuantumCircuit, pair: tuple[int, int]) -> dict[str, float]:
    """The probabilities of the two bits, misreadings included."""
    state = DensityMatrix.from_label("00")
    place = {pair[0]: 0, pair[1]: 1}
    gates = {"cz": CZGate, "sx": SXGate, "x": XGate}
    for instruction in circuit.data:
        name = instruction.operation.name
        physical = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        here = [place[qubit] for qubit in physical if qubit in place]
        if name == "rz":
            state = state.evolve(RZGate(*instruction.operation.params), here)
        elif name == "delay":
            seconds = instruction.operation.duration * target.dt
            state = state.evolve(_relaxation(target, physical[0], seconds), here)
        elif name in gates:
            state = state.evolve(gates[name](), here)
            state = state.evolve(_error(target, name, physical), here)
    probabilities: NDArray[np.float64] = np.asarray(state.probabilities())
    for qubit, index in place.items():
        wrong = target["measure"][(qubit,)].error
        flip = np.array([[1 - wrong, wrong], [wrong, 1 - wrong]])
        axes = probabilities.reshape(2, 2)  # bit 1, bit 0
        axes = flip @ axes if index == 1 else axes @ flip
        probabilities = axes.ravel()
    return {f"{number:02b}": float(value) for number, value in enumerate(probabilities)}


def _circuit(target: Target, pair: tuple[int, int], delay: int = 0) -> QuantumCircuit:
    """Some forty gates whose outcome depends on their phases and on their errors."""
    first, second = pair
    circuit = QuantumCircuit(target.num_qubits, 2)
    for turn in range(7):
        circuit.sx(first)
        circuit.rz(0.4 + turn, first)
        circuit.sx(second)
        circuit.rz(1.1 * turn, second)
        circuit.cz(first, second)
        if delay:
            circuit.delay(delay, first, "dt")
    circuit.x(first)
    circuit.sx(second)
    circuit.measure([first, second], [0, 1])
    return circuit


@pytest.mark.parametrize("name", NAMES)
def test_every_backend(hub: HubProcess, name: str) -> None:
    target = _device(name)
    pair = _pair(target)
    circuit = _circuit(target, pair)
    result = run(hub, "sampler", f"ibm.qpu.{name}", pubs=[(circuit, None, SHOTS)])
    counts = result[0].data.c.get_counts()
    assert total_variation(counts, _expected(target, circuit, pair)) < 0.012
    assert total_variation(counts, _without_noise(circuit, pair)) > 0.03
    assert result.metadata["local_hub"]["noise"] == ["pubs[0]: the noise of the newest calibration"]


def _without_noise(circuit: QuantumCircuit, pair: tuple[int, int]) -> dict[str, float]:
    small = QuantumCircuit(2)
    for instruction in circuit.data:
        if instruction.operation.name != "measure":
            places = [pair.index(circuit.find_bit(qubit).index) for qubit in instruction.qubits]
            small.append(instruction.operation, places)
    return {key: float(value) for key, value in DensityMatrix(small).probabilities_dict().items()}


def test_an_estimator_sees_the_same_noise(hub: HubProcess) -> None:
    target = _device("fez")
    pair = _pair(target)
    circuit = _circuit(target, pair)
    expected = _expected(target, circuit, pair)
    circuit.remove_final_measurements()
    labels = []
    for letters in ("ZI", "IZ", "ZZ"):
        label = ["I"] * target.num_qubits
        for qubit, letter in zip(pair, reversed(letters), strict=True):
            label[-1 - qubit] = letter
        labels.append("".join(label))
    pub = (circuit, labels, None, 0.002)
    data = run(hub, "estimator", pubs=[pub], resilience_level=0)[0].data
    signs = [[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
    values = [np.dot(row, [expected[f"{number:02b}"] for number in range(4)]) for row in signs]
    np.testing.assert_allclose(data.evs, values, atol=0.01)


def test_delays_relax(hub: HubProcess) -> None:
    target = _device("fez")
    pair = _pair(target)
    circuit = _circuit(target, pair, delay=3000)
    result = run(hub, "sampler", pubs=[(circuit, None, SHOTS)])
    counts = result[0].data.c.get_counts()
    assert total_variation(counts, _expected(target, circuit, pair)) < 0.012
    short = _expected(target, _circuit(target, pair), pair)
    assert total_variation(counts, short) > 0.03


def test_two_calibrations_before_the_newest_are_others(hub: HubProcess) -> None:
    newest = hub.http.get("/backends/ibm.qpu.fez/calibration").json()
    at = newest["calibrated_at"][:10]
    older = hub.http.get(
        "/backends/ibm.qpu.fez/calibration", params={"effectiveAt": f"{at}T00:00:00Z"}
    ).json()
    assert older["calibrated_at"] < newest["calibrated_at"]
    figures = [
        {entry["name"]: entry["value"] for entry in body["calibration"]["qubits"][0]}
        for body in (newest, older)
    ]
    assert figures[0]["T1"] != figures[1]["T1"]
    assert all(body["calibration"]["synthetic"] for body in (newest, older))


def test_least_busy_is_one_of_ibms(hub: HubProcess) -> None:
    answer = hub.http.get("/backends/least-busy", params={"provider": "IBM"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"].removeprefix("ibm.qpu.") in NAMES


def test_bits_keep_their_order_under_noise(hub: HubProcess) -> None:
    """Each of four qubits on its own: the bit that is 1 is the one that was turned."""
    for turned in itertools.islice(range(4), 0, 4, 3):
        circuit = QuantumCircuit(156, 4)
        circuit.x(turned)
        circuit.measure(range(4), range(4))
        data = run(hub, "sampler", pubs=[(circuit, None, 300)])[0].data
        counts = data.c.get_counts()
        assert max(counts, key=lambda key: counts[key]) == f"{1 << turned:04b}"
