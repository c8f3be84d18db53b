"""What the Braket plugin costs: ``python -m benchmarks braket``.

Imports, a task beyond the writing of its circuit, a result of a million shots, and a batch of a hundred circuits, each
beside what it is held against. Jobs run on the null Hub, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

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

SUMMARY = "the Braket plugin: imports, tasks, large results, batches"
DEVICES = ("aws.sim.sv1", "aws.rigetti.cepheus", "aws.quera.aquila")
BASE = "import braket.circuits"
TASKS = 100


def imports(base_url: str, repeat: int) -> list[Row]:
    """Import and `get_device` in a fresh process, over the import of Braket's circuits."""
    scripts = [
        f"import qhub_braket; qhub_braket.HubProvider().get_device({device!r})"
        for device in DEVICES
    ]
    seconds, _ = beyond(BASE, scripts, base_url, repeat)
    what = f"import and get_device beyond `{BASE}`, worst of {len(DEVICES)}"
    return [Row(what, 1e3 * seconds, 300.0, "ms")]


def _circuits() -> list[Any]:
    from braket.circuits import Circuit

    circuits = []
    for number in range(TASKS):
        circuit = Circuit()
        for qubit in range(5):
            circuit.ry(qubit, 0.1 * number)
        circuits.append(circuit)
    return circuits


def _device(base_url: str) -> Any:
    from qhub_braket import HubProvider

    return HubProvider(client=HubClient(settings_of(base_url))).get_device("aws.sim.sv1")


def tasks(base_url: str, repeat: int) -> list[Row]:
    """A task from `run` to its result, beyond the writing of its circuit: CPU, waiting not counted."""
    device, circuits = _device(base_url), _circuits()
    device.run(circuits[0], shots=1, name="0").result()
    writing, whole = [], []
    for _ in range(repeat):
        begin = time.process_time()
        for circuit in circuits:
            circuit.to_ir()
        writing.append(time.process_time() - begin)
        begin = time.process_time()
        for circuit in circuits:
            device.run(circuit, shots=1, name="0").result()
        whole.append(time.process_time() - begin)
    each = 1e3 / TASKS
    return [
        Row("circuit.to_ir of five gates: CPU", each * min(writing), None, "ms"),
        Row(
            "such a task to its result, beyond that: CPU",
            each * (min(whole) - min(writing)),
            3.0,
            "ms",
        ),
    ]


def batches(base_url: str, repeat: int) -> list[Row]:
    """A hundred circuits of five qubits and 300 ms each."""
    device, circuits = _device(base_url), _circuits()
    device.run_batch(circuits[:2], shots=1, name="0").results()
    taken, asked = [], []
    for _ in range(repeat):
        before = requests_of(base_url)
        started = time.perf_counter()
        results = device.run_batch(circuits, shots=1, name="0.3").results()
        taken.append(time.perf_counter() - started)
        asked.append(requests_of(base_url) - before)
        assert all(result.measurement_counts == {"00000": 1} for result in results)
    what = f"run_batch of {TASKS} circuits of 300 ms"
    return [
        Row(what, statistics.median(taken), 1.5, "s"),
        Row(f"{what}: requests", max(asked), None, ""),
    ]


def large(base_url: str) -> list[Row]:
    """A million shots of 20 qubits, in a process of its own."""
    seconds, memory = measured_apart("benchmarks.braket_plugin", base_url)
    what = "1,000,000 shots of 20 qubits (42 MB) to measurement_counts"
    return [
        Row(f"{what}: CPU", seconds, 1.5, "s"),
        Row(f"{what}: memory above base", memory, 300.0, "MB"),
    ]


def measure_large(base_url: str) -> None:
    """Print CPU seconds and MB from the end of the task to its counts."""
    from braket.circuits import Circuit

    from qhub_braket import HubDevice

    client = HubClient(settings_of(base_url))
    device = HubDevice(without_shots_range(client, "aws.sim.sv1"), client)
    # Once with everything that a result needs to be loaded.
    small = device.run(Circuit().h(range(5)), shots=1, name="0").result()
    assert small.measurement_counts == {"00000": 1}
    task = device.run(Circuit().h(range(null_hub.QUBITS)), shots=null_hub.SHOTS, name="0")
    assert task.state() == "COMPLETED"
    forget_peak()
    base = resident("VmRSS")
    begin = time.process_time()
    counts = task.result().measurement_counts
    seconds, peak = time.process_time() - begin, resident("VmHWM")
    assert sum(counts.values()) == null_hub.SHOTS
    print(json.dumps([seconds, peak - base]))


def main(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns the exit status."""
    repeat = 2 if arguments.quick else 5
    with null_hub.running() as base_url:
        rows = imports(base_url, repeat)
        rows += tasks(base_url, repeat)
        rows += large(base_url)
        rows += batches(base_url, repeat)
    return show(rows, as_json=arguments.json)


if __name__ == "__main__":
    measure_large(sys.argv[1])
