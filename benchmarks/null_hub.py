"""A Hub that does nothing, fast: canned answers over real HTTP, in a process of its own.

A job ends after a stated time: a request's ``name`` that is a number says how many seconds, else
``--job-seconds``. It counts the requests, and knows when each job truly ended: ``GET /stats``. A job of a million
shots has a result of 42 MB: Braket's measurements of 20 qubits; any other one shot of five. Backends are those of
the local Hub's catalog.

``python -m benchmarks.null_hub`` prints its address as a line of JSON and ends when its standard input does.
`running` starts one.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import itertools
import json
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np

SHOTS, QUBITS = 1_000_000, 20
CHUNK = 1 << 18
CATALOG = Path(__file__).parent.parent / "local_hub" / "catalog"
# What Braket's schema of a task result needs beside the measurements.
DESCRIBED = (
    '"taskMetadata":{"id":"null","shots":%d,"deviceId":"null"},'
    '"additionalMetadata":{"action":{"source":"OPENQASM 3.0;"}}}'
)
SMALL = b'{"measurements":[[0,0,0,0,0]],"measuredQubits":[0,1,2,3,4],' + (DESCRIBED % 1).encode()
REASONS = {200: "OK", 201: "Created", 204: "No Content", 206: "Partial Content", 404: "Not Found"}


@dataclass
class Job:
    """A job: what is the same in each answer about it, and when it ends by the wall clock."""

    head: bytes
    ends: float
    large: bool
    requests: int = 0

    def shown(self, now: float) -> bytes:
        status = b"COMPLETED" if now >= self.ends else b"RUNNING"
        return b"%s%s\x22}" % (self.head, status)


class NullHub:
    """The jobs, and the answers about them."""

    def __init__(self, job_seconds: float, document: bytes) -> None:
        self.job_seconds = job_seconds
        self.document = document
        self.jobs: dict[str, Job] = {}
        self.operations: Counter[str] = Counter()
        self._numbers = itertools.count(1)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, _, rest = head.partition(b"\r\n")
                headers = rest.lower()
                found = re.search(rb"content-length: *(\d+)", headers)
                body = await reader.readexactly(int(found[1])) if found else b""
                method, target, _ = line.decode().split(" ")
                await self._answer(writer, method, target.removeprefix("/quantum"), headers, body)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client, or this Hub, ended
        finally:
            writer.close()

    async def _answer(
        self, writer: asyncio.StreamWriter, method: str, target: str, headers: bytes, body: bytes
    ) -> None:
        path, _, query = target.partition("?")
        parts = path.strip("/").split("/")
        if path == "/stats":
            return _send(writer, 200, self._stats())
        if path == "/jobs":
            self.operations["createJob" if method == "POST" else "searchJobs"] += 1
            if method == "POST":
                return _send(writer, 201, self._create(json.loads(body)))
            return _send(writer, 200, self._page(parse_qs(query)))
        if parts[0] == "backends" and len(parts) in (2, 3):
            self.operations["getBackend"] += 1
            folder = {"": "backends", "config": "devices"}.get("".join(parts[2:]), "")
            return _send(writer, 200, _catalog(folder, parts[1]))
        job = self.jobs.get(parts[1]) if parts[0] == "jobs" and len(parts) > 1 else None
        if job is None:
            self.operations["unknown"] += 1
            return _send(writer, 404, b'{"detail":"Not found."}')
        job.requests += 1
        what = parts[2] if len(parts) > 2 else "job"
        self.operations[method + " " + what] += 1
        now = time.time()
        if method == "DELETE":
            return _send(writer, 204, b"")
        if what == "job":
            return _send(writer, 200, job.shown(now))
        if what == "status":
            word = b"COMPLETED" if now >= job.ends else b"RUNNING"
            return _send(writer, 200, b'{"status":"%s"}' % word)
        if what in ("result", "result-stream") and now >= job.ends:
            document = self.document if job.large else SMALL
            return await _send_large(writer, document, headers)
        return _send(writer, 404, b'{"detail":"Not found."}')

    def _create(self, request: dict[str, Any]) -> bytes:
        now = time.time()
        try:
            seconds = float(request["name"])
        except (KeyError, TypeError, ValueError):
            seconds = self.job_seconds
        identifier = f"00000000-0000-4000-8000-{next(self._numbers):012x}"
        shown = {
            "id": identifier,
            "backend_id": request["backend_id"],
            "shots": request["shots"],
            "tags": request.get("tags", []),
            "created_at": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)),
            "status": "",
        }
        head = json.dumps(shown, separators=(",", ":")).encode()[:-2]
        job = Job(head, now + seconds, request["shots"] == SHOTS, requests=1)
        self.jobs[identifier] = job
        return job.shown(now)

    def _page(self, query: dict[str, list[str]]) -> bytes:
        """Newest first, whatever is asked."""
        page, size = int(query.get("page", ["0"])[0]), int(query.get("size", ["20"])[0])
        total, now = len(self.jobs), time.time()
        newest = itertools.islice(reversed(self.jobs.values()), page * size, (page + 1) * size)
        return b'{"content":[%s],"page":%d,"size":%d,"total_elements":%d,"total_pages":%d}' % (
            b",".join(job.shown(now) for job in newest),
            page,
            size,
            total,
            -(-total // size),
        )

    def _stats(self) -> bytes:
        jobs = {
            key: {"requests": job.requests, "ended": job.ends} for key, job in self.jobs.items()
        }
        return json.dumps({"operations": self.operations, "jobs": jobs}).encode()


def _catalog(folder: str, backend: str) -> bytes:
    file = CATALOG / folder / f"{backend}.json"
    packed = file.with_name(f"{file.name}.gz")
    if packed.is_file():
        return gzip.decompress(packed.read_bytes())
    return file.read_bytes() if folder and file.is_file() else b"{}"


def _send(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    writer.write(
        b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        % (status, REASONS[status].encode(), len(body), body)
    )


async def _send_large(writer: asyncio.StreamWriter, document: bytes, headers: bytes) -> None:
    found = re.search(rb"range: *bytes=(\d+)-", headers)
    start, size = int(found[1]) if found else 0, len(document)
    status = b"206 Partial Content" if found else b"200 OK"
    span = b"Content-Range: bytes %d-%d/%d\r\n" % (start, size - 1, size) if found else b""
    writer.write(
        b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nAccept-Ranges: bytes\r\n%s"
        b"Content-Length: %d\r\n\r\n" % (status, span, size - start)
    )
    view = memoryview(document)
    for begin in range(start, size, CHUNK):
        writer.write(view[begin : begin + CHUNK])
        await writer.drain()


def large_document() -> bytes:
    """The measurements of a million shots of 20 qubits, as Braket writes them: 42 MB."""
    text = np.full((SHOTS, 2 * QUBITS + 2), ord(","), np.uint8)
    text[:, 0], text[:, -2] = ord("["), ord("]")
    bits = np.random.default_rng(1).integers(0, 2, (SHOTS, QUBITS), np.uint8)
    text[:, 1:-2:2] = bits + ord("0")
    schema = '{"name":"braket.task_result.gate_model_task_result","version":"1"}'
    qubits = json.dumps(list(range(QUBITS)), separators=(",", ":"))
    begin = f'{{"braketSchemaHeader":{schema},"measurements":['
    end = f'],"measuredQubits":{qubits},' + DESCRIBED % SHOTS
    return begin.encode() + text.tobytes()[:-1] + end.encode()


async def _serve(port: int, job_seconds: float) -> None:
    hub = NullHub(job_seconds, large_document())
    server = await asyncio.start_server(hub.connected, "127.0.0.1", port, backlog=1024)
    address = server.sockets[0].getsockname()
    print(json.dumps({"base_url": f"http://127.0.0.1:{address[1]}/quantum"}), flush=True)
    # The parent's death closes it too.
    await asyncio.to_thread(sys.stdin.buffer.read)
    server.close()


@contextmanager
def running(job_seconds: float = 1.0) -> Iterator[str]:
    """Start one; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.null_hub", "--job-seconds", str(job_seconds)],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["base_url"]
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--job-seconds", type=float, default=1.0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.job_seconds))


if __name__ == "__main__":
    main()
