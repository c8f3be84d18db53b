"""GHZ circuits as each gate-model backend takes them, from what the backend says of itself."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from shared_transport import HubClient
from shared_transport.models import Backend

Wire = dict[str, Any]


def wire(client: HubClient, backend: Backend, qubits: int) -> Wire | None:
    """The job's `input`, `input_format` and `input_params`; None where it has other formats, or fewer qubits."""
    document = backend.model_dump()
    configuration = document["configuration"]
    known = [name for name in configuration["supported_input_formats"] if name in _WRITERS]
    if not known or configuration["qubit_count"] < qubits:
        return None
    return {
        "input_format": known[0],
        **_WRITERS[known[0]](client, document, qubits),
    }


def _braket(_: HubClient, __: Wire, qubits: int) -> Wire:
    gates = [f"cnot q[{n}], q[{n + 1}];" for n in range(qubits - 1)]
    lines = [
        "OPENQASM 3.0;",
        f"bit[{qubits}] b;",
        f"qubit[{qubits}] q;",
        "h q[0];",
        *gates,
        "b = measure q;",
    ]
    return {"input": {"qasm": "\n".join(lines)}}


def _openqasm2(_: HubClient, __: Wire, qubits: int) -> Wire:
    gates = [f"cx q[{n}],q[{n + 1}];" for n in range(qubits - 1)]
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{qubits}];", f"creg c[{qubits}];"]
    return {"input": {"qasm": "\n".join([*lines, "h q[0];", *gates, "measure q -> c;"])}}


def _ionq(_: HubClient, __: Wire, qubits: int) -> Wire:
    gates: list[Wire] = [{"gate": "h", "targets": [0]}]
    gates += [{"gate": "x", "targets": [n + 1], "controls": [n]} for n in range(qubits - 1)]
    return {"input": {"gateset": "qis", "qubits": qubits, "circuit": gates}}


def _iqm(_: HubClient, document: Wire, qubits: int) -> Wire:
    """Along a tree of coupled qubits; a CNOT on a qubit in state 0 is RY(-pi/2), CZ, RY(pi/2)."""
    graph = document["configuration"]["connectivity"]["graph"]
    names = {str(qubit["id"]): str(qubit["id"]) for qubit in document["configuration"]["qubits"]}
    order, edges = _tree(graph, next(iter(graph)), qubits)

    def turn(qubit: str, turns: float) -> Wire:
        return {
            "name": "prx",
            "qubits": [names[qubit]],
            "args": {"angle_t": turns, "phase_t": 0.25},
        }

    instructions = [turn(order[0], 0.25)]
    for near, far in edges:
        cz = {"name": "cz", "qubits": [names[near], names[far]], "args": {}}
        instructions += [turn(far, -0.25), cz, turn(far, 0.25)]
    measure = {"name": "measure", "qubits": [names[one] for one in order], "args": {"key": "m"}}
    circuit = {"name": "ghz", "instructions": [*instructions, measure], "metadata": {}}
    return {"input": {"circuits": [circuit]}}


def _ibm(client: HubClient, document: Wire, qubits: int) -> Wire:
    """By IBM's own converter and encoder, and Qiskit's transpiler."""
    from qiskit import QuantumCircuit, transpile
    from qiskit_ibm_runtime import RuntimeEncoder
    from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
    from qiskit_ibm_runtime.utils.backend_decoder import (
        configuration_from_server_data,
        properties_from_server_data,
    )

    device: Any = client.backends.config(document["id"])
    configuration = configuration_from_server_data(device["config"], use_fractional_gates=False)
    properties = properties_from_server_data(device["properties"], use_fractional_gates=False)
    circuit = QuantumCircuit(qubits)
    circuit.h(0)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    native = transpile(circuit, target=convert_to_target(configuration, properties))
    pubs = json.loads(json.dumps([[native]], cls=RuntimeEncoder))
    return {"input": {"pubs": pubs, "version": 2}, "input_params": {"program_id": "sampler"}}


_WRITERS: dict[str, Callable[[HubClient, Wire, int], Wire]] = {
    "BRAKET_OPEN_QASM_V3": _braket,
    "OPEN_QASM_V2": _openqasm2,
    "IONQ_CIRCUIT_V1": _ionq,
    "IQM_JOB_INPUT_V1": _iqm,
    "QISKIT_QPY": _ibm,
}


def _tree(
    graph: dict[str, list[str]], root: str, size: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """Qubits that hang together, each but the first with the edge that reaches it."""
    order, edges, ahead = [root], [], deque([root])
    while ahead and len(order) < size:
        near = ahead.popleft()
        for far in graph[near]:
            if far not in order and len(order) < size:
                order.append(far)
                edges.append((near, far))
                ahead.append(far)
    return order, edges
