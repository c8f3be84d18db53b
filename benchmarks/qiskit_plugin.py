"""What the Qiskit plugin costs: ``python -m benchmarks qiskit``.

Imports, encoding, a result of a million shots, and a list of a hundred circuits, each beside what it is held
against, measured in the same run. Jobs run on the null Hub, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import null_hub
from benchmarks.processes import (
    beyond,
    forget_peak,
    measured_apart,
    requests_of,
    resident,
    settings_of,
    without_shots_range,
)
from benchmarks.rows import Row, show
from shared_transport import HubClient
from shared_transport.models import Backend

SUMMARY = "the Qiskit plugin: imports, encoding, large results, lists"
BACKENDS = (
    "aws.sim.sv1",
    "aws.rigetti.cepheus",
    "azure.ionq.simulator",
    "iqm.qpu.garnet",
    "kipu.sim.qsim",
    "quandela.sim.altair",
    "qudora.sim.xg1",
)
IBM = "ibm.qpu.fez"
GATES, QUBITS = 5_000, 100


def imports(base_url: str, repeat: int) -> list[Row]:
    """Import and `get_backend` in a fresh process, over the import of what it is held against."""
    rows = []
    for listed, base, most in ((BACKENDS, "qiskit", 200.0), ((IBM,), "qiskit_ibm_runtime", 300.0)):
        scripts = [
            f"import qhub_qiskit; qhub_qiskit.HubProvider().get_backend({backend!r})"
            for backend in listed
        ]
        seconds, memory = beyond(f"import {base}", scripts, base_url, repeat)
        what = f"import and get_backend beyond `import {base}`, worst of {len(listed)}"
        rows.append(Row(what, 1e3 * seconds, most, "ms"))
        if base == "qiskit":
            rows.append(Row("the same: memory in all", memory, 115.0, "MB"))
    return rows


def _timed(*works: Callable[[], object], repeat: int) -> list[float]:
    """For each work the least of several CPU times, in seconds, taken in turns: what the work itself takes."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(repeat):
        for times, work in zip(taken, works, strict=True):
            started = time.process_time()
            work()
            times.append(time.process_time() - started)
    return [min(times) for times in taken]


def _circuit(gates: tuple[str, ...], two: str) -> Any:
    """5,000 gates on 100 qubits: a third of them on two neighbours."""
    from qiskit.circuit import QuantumCircuit
    from qiskit.circuit.library import get_standard_gate_name_mapping

    known = get_standard_gate_name_mapping()
    chance = np.random.default_rng(3)
    circuit = QuantumCircuit(QUBITS, QUBITS)
    for number in range(GATES):
        qubit = int(chance.integers(QUBITS - 1))
        if number % 3 == 0:
            circuit.append(known[two], [qubit, qubit + 1])
        else:
            gate = known[gates[number % len(gates)]]
            angles = chance.uniform(-3, 3, len(gate.params)).tolist()
            getattr(circuit, gate.name)(*angles, qubit)
    circuit.measure(range(QUBITS), range(QUBITS))
    return circuit


def _widened(described: Backend, config: dict[str, Any], **changes: Any) -> Any:
    """A device as if it had 100 qubits, all connected, and only a simulator's rules."""
    from qhub_qiskit.systems.base import Device

    labels = [f"QB{number + 1}" for number in range(QUBITS)]
    configuration = described.configuration.model_copy(
        update={"qubit_count": QUBITS, "qubits": [], "connectivity": None}
    )
    backend = described.model_copy(update={"configuration": configuration, **changes})
    return Device(backend, {**config, "qubits": labels, "gates": {}})


def encoding(base_url: str, repeat: int) -> list[Row]:
    """A circuit to the bytes of the request, over `qiskit.qasm2.dumps` of one of the same size."""
    from qiskit import qasm2

    standard = _circuit(("h", "rz", "sx", "rx"), "cx")
    repeat *= 3

    def dumps() -> object:
        return qasm2.dumps(standard)

    (bare,) = _timed(dumps, repeat=repeat)
    rows = [Row("5,000 gates on 100 qubits: qiskit.qasm2.dumps", 1e3 * bare, None, "ms")]
    client = HubClient(settings_of(base_url))
    cases: tuple[tuple[str, str, dict[str, Any], Any], ...] = (
        ("Braket's OpenQASM 3", "aws.sim.sv1", {}, standard),
        ("Kipu's OpenQASM 2", "kipu.sim.qsim", {}, standard),
        ("Qudora's OpenQASM", "qudora.sim.xg1", {}, standard),
        ("plain OpenQASM 2", "kipu.sim.qsim", {"provider": "NOBODY"}, standard),
        ("plain OpenQASM 3", "qudora.sim.xg1", {"provider": "NOBODY"}, standard),
        ("IonQ's JSON", "azure.ionq.simulator", {}, standard),
        ("IQM's JSON", "iqm.qpu.garnet", {}, _circuit(("r",), "cz")),
        ("Braket's verbatim box", "aws.rigetti.cepheus", {}, _circuit(("rz", "sx", "x"), "cz")),
    )
    for what, backend_id, changes, circuit in cases:
        config = client.backends.config(backend_id)
        device = _widened(client.backends.get(backend_id), config, **changes)
        ours, bare = _timed(_to_wire(device, circuit), dumps, repeat=repeat)
        rows.append(Row(f"{what} to the wire, over that", ours / bare, 0.25, "x"))
    return [*rows, _qpy(client, repeat), _target(client, repeat)]


def _to_wire(device: Any, circuit: Any) -> Callable[[], bytes]:
    """All that `run` does before it sends."""
    from qhub_qiskit.circuits import Acceptance, read_circuit
    from qhub_qiskit.runs import Labels, plan
    from qhub_qiskit.systems import system_for

    backend = device.backend
    formats = list(map(str, backend.configuration.supported_input_formats))
    system = system_for(backend.provider, formats, backend.id)
    accepts = Acceptance(system.target(device), backend.id, system.qubit_labels(device), False)
    options, labels = system.options(), Labels(None, (), None)

    def work() -> bytes:
        programs = [read_circuit(circuit, accepts)]
        planned = plan(system, device, programs, options, [1000], labels)
        return planned[0].request.to_json()

    return work


def _qpy(client: HubClient, repeat: int) -> Row:
    """A PUB to JSON, over IBM's own encoder on the same PUB."""
    from qiskit_ibm_runtime import RuntimeEncoder

    from qhub_qiskit.systems.base import Device
    from qhub_qiskit.systems.ibm import Ibm

    circuit = _circuit(("rz", "sx", "x"), "cz")
    system = Ibm()
    device = Device(client.backends.get(IBM), client.backends.config(IBM))
    program = _program(circuit)
    ours, bare = _timed(
        lambda: json.dumps(dict(system.encode([program], system.options(), device).input)),
        lambda: json.dumps([(circuit, None, 1000)], cls=RuntimeEncoder),
        repeat=repeat,
    )
    return Row("QPY, over IBM's RuntimeEncoder", ours / bare, 1.1, "x")


def _program(circuit: Any) -> Any:
    """A circuit as read for a device on which every pair of qubits is coupled."""
    from qiskit.circuit.library import get_standard_gate_name_mapping
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Acceptance, read_circuit

    target = Target(num_qubits=QUBITS)
    for name in ("rz", "sx", "x", "cz", "measure"):
        target.add_instruction(get_standard_gate_name_mapping()[name])
    return read_circuit(circuit, Acceptance(target, IBM, (), False))


def _target(client: HubClient, repeat: int) -> Row:
    """The target of a device of 156 qubits, after the download."""
    from qhub_qiskit.systems.base import Device
    from qhub_qiskit.systems.ibm import Ibm

    device = Device(client.backends.get(IBM), client.backends.config(IBM))
    (seconds,) = _timed(lambda: Ibm().target(device), repeat=repeat)
    return Row("target of 156 qubits, after the download", 1e3 * seconds, 10.0, "ms")


def large(base_url: str) -> list[Row]:
    """A million shots of 20 qubits, in a process of its own."""
    packed, packed_memory, both, memory = measured_apart("benchmarks.qiskit_plugin", base_url)
    what = "1,000,000 shots of 20 qubits (42 MB)"
    return [
        Row(f"{what}, packed: CPU", packed, 0.5, "s"),
        Row(f"{what}, packed: memory above base", packed_memory, 100.0, "MB"),
        Row(f"{what}, with counts and memory: CPU", both, 1.2, "s"),
        Row(f"{what}, with counts and memory: memory above base", memory, 200.0, "MB"),
    ]


def measure_large(base_url: str) -> None:
    """Print CPU seconds and MB of the packed result, and of it with counts and memory."""
    from qiskit.circuit import QuantumCircuit

    from qhub_qiskit import HubBackend

    client = HubClient(settings_of(base_url))
    backend = HubBackend(client, without_shots_range(client, "aws.sim.sv1"))
    circuit = QuantumCircuit(null_hub.QUBITS, null_hub.QUBITS)
    circuit.h(range(null_hub.QUBITS))
    circuit.measure(range(null_hub.QUBITS), range(null_hub.QUBITS))
    small = QuantumCircuit(5, 5)
    small.measure(range(5), range(5))
    backend.run(small, shots=1, name="0").result().get_counts()
    job = backend.run(circuit, shots=null_hub.SHOTS, memory=True, name="0")
    job.wait_for_final_state()
    forget_peak()
    base = resident("VmRSS")
    begin = time.process_time()
    data = job.result().results[0].data
    packed, peak = time.process_time() - begin, resident("VmHWM")
    assert data.classical_memory.shots == null_hub.SHOTS
    counts, memory = data.counts, data.memory
    both = time.process_time() - begin
    assert sum(counts.values()) == len(memory) == null_hub.SHOTS
    print(json.dumps([packed, peak - base, both, resident("VmHWM") - base]))


def lists(base_url: str, repeat: int) -> list[Row]:
    """A hundred circuits of five qubits and 300 ms each, as one list on sv1."""
    from qiskit.circuit import QuantumCircuit

    from qhub_qiskit import HubProvider

    backend = HubProvider(client=HubClient(settings_of(base_url))).get_backend("aws.sim.sv1")
    circuits = []
    for number in range(100):
        circuit = QuantumCircuit(5, 5)
        for qubit in range(5):
            circuit.ry(0.1 * number, qubit)
        circuit.measure(range(5), range(5))
        circuits.append(circuit)
    backend.run(circuits[:2], shots=1, name="0").result()
    taken, asked = [], []
    for _ in range(repeat):
        before = requests_of(base_url)
        started = time.perf_counter()
        backend.run(circuits, shots=1, name="0.3").result()
        taken.append(time.perf_counter() - started)
        asked.append(requests_of(base_url) - before)
    what = "100 circuits of 300 ms as a list on sv1"
    return [
        Row(what, statistics.median(taken), 1.0, "s"),
        Row(f"{what}: requests", max(asked), 220, ""),
    ]


def main(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns the exit status."""
    repeat = 2 if arguments.quick else 5
    with null_hub.running() as base_url:
        # Single starts scatter by half: the median of many.
        rows = imports(base_url, repeat if arguments.quick else 3 * repeat)
        rows += encoding(base_url, repeat)
        rows += large(base_url)
        rows += lists(base_url, repeat)
    return show(rows, as_json=arguments.json)


if __name__ == "__main__":
    measure_large(sys.argv[1])
