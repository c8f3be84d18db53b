"""Programs in both languages for qudora.sim.xg1, and what the Hub says of them."""

from __future__ import annotations

import random
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit.library import get_standard_gate_name_mapping

from tests.quick.local_hub.hub_process import HubProcess

XG1 = "qudora.sim.xg1"
HEAD2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
V2: dict[str, Any] = {"input_format": "OPEN_QASM_V2"}
V3: dict[str, Any] = {"input_format": "OPEN_QASM_V3"}
SHOTS = 10_000


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


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    whole = QuantumCircuit(circuit.num_qubits, circuit.num_qubits)
    whole.compose(circuit, inplace=True)
    whole.measure(range(circuit.num_qubits), range(circuit.num_qubits))
    return whole


def bell(language: str) -> str:
    if language == "2":
        return f"{HEAD2}qreg q[2]; creg c[2];\nh q[0]; cx q[0],q[1];\nmeasure q -> c;\n"
    return f"{HEAD3}qubit[2] q; bit[2] c;\nh q[0]; cx q[0], q[1];\nc = measure q;\n"
