"""What IBM's Runtime on the Hub costs: ``python -m benchmarks runtime``.

A session of a hundred jobs, one after another, on the embedded Hub with its real simulator; and a large PUB on its way
to the wire, over IBM's own encoder on the same PUB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from typing import Any

import numpy as np

from benchmarks.rows import Row, show

SUMMARY = "IBM's Runtime: jobs in a session, a large PUB to the wire"
BACKEND = "ibm_fez"
JOBS, SHOTS = 100, 100
QUBITS, SETS = 156, 10_000


def session(jobs: int) -> list[Row]:
    """Small sampler jobs in a session, one after another: what each takes beyond its own execution time."""
    from qiskit import QuantumCircuit, transpile
    from qiskit_ibm_runtime import SamplerV2, Session

    from qhub_qiskit import HubRuntimeService

    backend = HubRuntimeService.local(seed=7, noise=False).backend(BACKEND)
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    ready = transpile(circuit, backend, optimization_level=1, seed_transpiler=7)
    over, executed = [], []
    with Session(backend) as opened:
        sampler = SamplerV2(mode=opened)
        for _ in range(2):
            sampler.run([ready], shots=SHOTS).result()  # a worker begins
        for _ in range(jobs):
            started = time.perf_counter()
            job = sampler.run([ready], shots=SHOTS)
            counts = job.result()[0].data.meas.get_counts()
            taken = time.perf_counter() - started
            assert sum(counts.values()) == SHOTS
            simulated = job.usage()
            executed.append(simulated)
            over.append(taken - simulated)
    what = f"{jobs} sampler jobs in a session, one after another"
    return [
        Row(f"{what}: execution, each", 1e3 * statistics.mean(executed), None, "ms"),
        Row(f"{what}: beyond it, each", 1e3 * statistics.mean(over), 60.0, "ms"),
    ]


def large(repeat: int) -> list[Row]:
    """A PUB of 156 qubits and 10,000 sets of parameter values to the bytes of the request."""
    from qiskit.circuit import ParameterVector, QuantumCircuit
    from qiskit.primitives.containers.sampler_pub import SamplerPub
    from qiskit_ibm_runtime import RuntimeEncoder

    from qhub_qiskit.runtime.wire import job_request
    from shared_transport.models import Backend

    angles = ParameterVector("a", QUBITS)
    circuit = QuantumCircuit(QUBITS)
    for qubit in range(QUBITS):
        circuit.rz(angles[qubit], qubit)
        circuit.sx(qubit)
    circuit.measure_all()
    values = np.random.default_rng(3).uniform(-3, 3, (SETS, QUBITS))
    pub = SamplerPub.coerce((circuit, values, SHOTS))
    inputs: dict[str, Any] = {"pubs": [pub], "options": {}, "version": 2, "support_qiskit": True}
    backend = Backend.model_validate({"id": "ibm.qpu.fez"})

    def ours() -> int:
        return len(job_request(backend, "sampler", inputs).to_json())

    def bare() -> int:
        return len(json.dumps(inputs, cls=RuntimeEncoder))

    taken: dict[Any, list[float]] = {ours: [], bare: []}
    for _ in range(repeat):
        for work in (bare, ours):
            started = time.process_time()
            size = work()
            taken[work].append(time.process_time() - started)
    what = f"a PUB of {QUBITS} qubits and {SETS:,} parameter sets ({size / 1e6:.0f} MB)"
    return [
        Row(f"{what}: RuntimeEncoder", 1e3 * min(taken[bare]), None, "ms"),
        Row(f"{what} to the wire, over that", min(taken[ours]) / min(taken[bare]), 1.05, "x"),
    ]


def main(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns the exit status."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    rows = large(3 if arguments.quick else 7)
    rows += session(20 if arguments.quick else JOBS)
    return show(rows, as_json=arguments.json)
