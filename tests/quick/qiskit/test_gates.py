"""Every gate of both targets, with its phases, against Qiskit's exact `Statevector`."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector

ANGLES = (0.7, -1.1, 2.3, 0.4)
GATES = get_standard_gate_name_mapping()


def superposed(name: str) -> QuantumCircuit:
    """The gate between rotations that make every amplitude and every phase of it count."""
    kind = GATES[name]
    gate = type(kind)(*ANGLES[: len(kind.params)])
    width = gate.num_qubits
    circuit = QuantumCircuit(width)
    for qubit in range(width):
        circuit.ry(0.6 + 0.5 * qubit, qubit)
        circuit.rz(0.3 - 0.9 * qubit, qubit)
    circuit.append(gate, range(width))
    for qubit in range(width):
        circuit.ry(1.2 - 0.4 * qubit, qubit)
        circuit.rz(0.8, qubit)
    return circuit


def gates_of(backend) -> list[str]:
    return [name for name in backend.operation_names if name != "measure"]


def test_qsim_has_the_gates_of_openqasm_2(qsim):
    assert {"u", "cx", "h", "rz", "ccx", "cu", "cp", "rzz", "swap"} <= set(gates_of(qsim))


def test_qsim_states_are_exact(qsim):
    circuits = [superposed(name) for name in gates_of(qsim)]
    result = qsim.run(circuits, mode="statevector").result()
    for position, circuit in enumerate(circuits):
        overlap = np.vdot(result.get_statevector(position), Statevector(circuit).data)
        assert abs(abs(overlap) - 1) < 1e-5, circuit


def test_sv1_samples_follow_the_exact_distribution(sv1):
    shots = 20_000
    circuits = [superposed(name) for name in gates_of(sv1)]
    result = sv1.run([c.measure_all(inplace=False) for c in circuits], shots=shots).result()
    for position, circuit in enumerate(circuits):
        exact = Statevector(circuit).probabilities_dict()
        counts = result.get_counts(position)
        distance = 0.5 * sum(abs(counts.get(k, 0) / shots - p) for k, p in exact.items())
        # With at most 8 outcomes, 20,000 shots lie 0.008 off on average.
        assert distance < 0.025, circuit


@pytest.mark.parametrize("width", [1, 3])
def test_states_come_in_qiskits_order(qsim, width):
    circuit = QuantumCircuit(width)
    for qubit in range(width):
        circuit.ry(0.3 + qubit, qubit)
        circuit.rz(0.5 * qubit, qubit)
    state = qsim.run(circuit, mode="statevector").result().get_statevector()
    assert abs(np.vdot(state, Statevector(circuit).data)) == pytest.approx(1, abs=1e-5)


def test_amplitudes_come_in_qiskits_order(qsim):
    circuit = QuantumCircuit(3)
    circuit.ry(0.4, 0)
    circuit.ry(1.3, 1)
    circuit.x(2)
    exact = Statevector(circuit)
    words = ["100", "101", "110", "001"]
    result = qsim.run(circuit, mode="amplitudes", bitstrings=words).result()
    amplitudes = result.data()["amplitudes"]
    assert list(amplitudes) == words
    phase = amplitudes["100"] / exact.data[0b100]
    assert abs(phase) == pytest.approx(1, abs=1e-5)
    for word in words:
        assert amplitudes[word] == pytest.approx(phase * exact.data[int(word, 2)], abs=1e-5)


def test_angles_travel_exactly(sv1):
    """An angle is written with all its digits: 400 small turns and one large one back add up to one."""
    circuit = QuantumCircuit(1, 1)
    for _ in range(400):
        circuit.rx(1e-9 + math.pi / 400, 0)
    circuit.rx(-400e-9, 0)
    circuit.measure(0, 0)
    assert sv1.run(circuit, shots=50).result().get_counts() == {"1": 50}
