"""What the local Hub does on this machine: ``python -m benchmarks local-hub``.

How soon it is ready, how soon there is a first result, what a job costs beside the bare simulator, how many jobs it
accepts and completes, GHZ circuits on every gate-model backend, and what many finished jobs change.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import ghz
from benchmarks.local_hub_store import rows as store_rows
from benchmarks.rows import Rate, Row, show
from shared_transport import HubClient
from shared_transport.embedded import embedded_hub
from shared_transport.errors import ValidationError
from shared_transport.requests import JobRequest

SUMMARY = "the local Hub: start, jobs a second, GHZ on every backend, a full store"
SV1 = "aws.sim.sv1"
BELL = """OPENQASM 3.0;
bit[2] b;
qubit[2] q;
h q[0];
cnot q[0], q[1];
b = measure q;
"""
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Scale:
    """How often things are measured."""

    starts: int = 5
    bells: int = 50
    jobs: int = 3000
    rounds: int = 3
    backends: int = 100


QUICK = Scale(starts=1, bells=10, jobs=300, rounds=1, backends=3)

# In a process of its own: imports first, then the clock starts.
START = """
import json, sys, time
from qiskit import QuantumCircuit
from qhub_qiskit import HubProvider
circuit = QuantumCircuit(2)
circuit.h(0)
circuit.cx(0, 1)
circuit.measure_all()
began = time.perf_counter()
provider = HubProvider.local()
ready = time.perf_counter()
counts = provider.get_backend(sys.argv[1]).run(circuit, shots=100).result().get_counts()
done = time.perf_counter()
assert sum(counts.values()) == 100
print(json.dumps([ready - began, done - ready]))
"""


def start(scale: Scale) -> list[Row]:
    """A fresh process each: until `HubProvider.local()` returns, and from there to the first Bell result."""
    rows = []
    ready: list[float] = []
    for backend in (SV1, "kipu.sim.qsim"):
        first = []
        for _ in range(scale.starts):
            command = [sys.executable, "-c", START, backend]
            done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
            seconds = json.loads(done.stdout)
            ready.append(seconds[0])
            first.append(seconds[1])
        rows.append(Row(f"first Bell result on {backend}", statistics.median(first), 2.0, "s"))
    return [Row("HubProvider.local() is ready", statistics.median(ready), 0.8, "s"), *rows]


def bell(scale: Scale) -> list[Row]:
    """Bell jobs one after the other, against Amazon's simulator in this process; 1,000 shots, in turn."""
    from braket.default_simulator import StateVectorSimulator
    from braket.ir.openqasm import Program

    request = JobRequest(backend_id=SV1, shots=1000, input={"qasm": BELL})
    program, simulator = Program(source=BELL), StateVectorSimulator()
    above = []
    with HubClient(embedded_hub()) as client:
        for number in range(scale.bells + 3):
            began = time.perf_counter()
            job_id = client.jobs.create(request).id
            client.jobs.result(job_id, status=client.jobs.wait(job_id, timeout=60))
            middle = time.perf_counter()
            simulator.run(program, shots=1000)
            ended = time.perf_counter()
            if number >= 3:
                above.append((middle - began) - (ended - middle))
    return [
        Row("a later Bell job, above the bare simulator", 1e3 * statistics.median(above), 30, "ms")
    ]


def throughput(scale: Scale) -> list[Row]:
    """Eight connections POST Bell jobs as fast as they are answered; until the last has its result in the store."""
    settings = embedded_hub(seed=1)
    accepted, completed, lost = [], [], 0
    with HubClient(settings) as client:
        request = JobRequest(backend_id=SV1, shots=100, input={"qasm": BELL})
        client.jobs.wait(client.jobs.create(request).id, timeout=60)
        assert settings.token is not None
        load = _Load(settings.base_url, settings.token.get_secret_value())
        for _ in range(scale.rounds):
            time.sleep(2)  # what the last round left to do is done
            seconds_accepted, seconds_completed, ids = asyncio.run(load.run(scale.jobs))
            accepted.append(scale.jobs / seconds_accepted)
            completed.append(scale.jobs / seconds_completed)
            done = {job.id for job in client.jobs.list() if job.status == "COMPLETED"}
            lost += len(ids - done)
    return [
        Rate("Bell jobs accepted durably", statistics.median(accepted), 600, "/s"),
        Rate("Bell jobs completed", statistics.median(completed), 150, "/s"),
        Row("accepted jobs without a result", lost, 0, ""),
    ]


class _Load:
    """Requests on bare sockets: what they cost is taken from the same two cores."""

    def __init__(self, base_url: str, token: str) -> None:
        place = urlsplit(base_url)
        assert place.hostname is not None and place.port is not None
        self._host, self._port, self._path = place.hostname, place.port, place.path
        self._head = f"Host: {place.netloc}\r\nX-Auth-Token: {token}\r\n"

    async def run(self, jobs: int, connections: int = 8) -> tuple[float, float, set[str]]:
        """Seconds until all were accepted, seconds until all were completed, their ids."""
        body = json.dumps({"backend_id": SV1, "input": {"qasm": BELL}, "shots": 100})
        post = self._text("POST", "/jobs", body)
        ids: list[str] = []

        async def send(share: int) -> None:
            reader, writer = await asyncio.open_connection(self._host, self._port)
            for _ in range(share):
                answer = await self._ask(reader, writer, post)
                ids.append(answer["id"])
            writer.close()

        began = time.perf_counter()
        share, rest = divmod(jobs, connections)
        await asyncio.gather(*(send(share + (n < rest)) for n in range(connections)))
        accepted = time.perf_counter() - began
        reader, writer = await asyncio.open_connection(self._host, self._port)
        unfinished = self._text("GET", "/workloads?size=1&status=PENDING&status=RUNNING")
        while (await self._ask(reader, writer, unfinished))["total_elements"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        completed = time.perf_counter() - began
        writer.close()
        assert len(set(ids)) == jobs
        return accepted, completed, set(ids)

    def _text(self, method: str, path: str, body: str = "") -> bytes:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return f"{method} {self._path}{path} HTTP/1.1\r\n{self._head}{length}\r\n{body}".encode()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> dict[str, Any]:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert head.split(b" ")[1] in (b"200", b"201"), body
        answer: dict[str, Any] = json.loads(body)
        return answer


def ghz_everywhere(scale: Scale) -> list[Row]:
    """GHZ circuits of 12 and 20 qubits with 1,000 shots, noise as it is by default; the second run of each."""
    rows = []
    with HubClient(embedded_hub()) as client:
        for backend in client.backends.list()[: scale.backends]:
            for qubits in (12, 20):
                wire = ghz.wire(client, backend, qubits)
                if wire is None:
                    continue
                request = JobRequest(backend_id=backend.id, shots=1000, **wire)
                try:
                    seconds = [_run(client, request) for _ in range(2)]
                except ValidationError as refused:  # more than this machine holds
                    print(f"{backend.id}, {qubits} qubits: {refused}", file=sys.stderr)
                    continue
                rows.append(Row(f"GHZ of {qubits} on {backend.id}", 1e3 * seconds[1], None, "ms"))
    return rows


def _run(client: HubClient, request: JobRequest) -> float:
    began = time.perf_counter()
    job_id = client.jobs.create(request).id
    client.jobs.result(job_id, status=client.jobs.wait(job_id, timeout=600))
    return time.perf_counter() - began


def full_store(scale: Scale) -> list[Row]:
    """What 10,000 finished jobs change."""
    with tempfile.TemporaryDirectory() as folder:
        return store_rows(Path(folder), quick=scale is QUICK)


def main(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns the exit status."""
    scale = QUICK if arguments.quick else Scale()
    rows: list[Row] = []
    for measure in (start, bell, throughput, ghz_everywhere, full_store):
        rows += measure(scale)
    return show(rows, as_json=arguments.json)
