"""What 10,000 finished jobs in the store cost: ``python -m benchmarks.local_hub_store``.

Two local Hubs run side by side; one has the jobs, the other has just enough to fill a page. Every operation is sent to
both in turn, and the row is the median of the second's time over the first's.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.rows import Row, show
from local_hub.store.database import Database
from local_hub.store.tables import inputs, job_tags, jobs, results, tag_mark

ROOT = Path(__file__).parent.parent
FEW, MANY = 40, 10_000
LIMIT = 1.2
# What the stored jobs are of; every second one is of the last backend.
BACKENDS = (("kipu.sim.qsim", "KIPU"), ("aws.sim.sv1", "AWS"))
BELL = """OPENQASM 3.0; bit[2] b; qubit[2] q; h q[0]; cnot q[0], q[1];
b[0] = measure q[0]; b[1] = measure q[1];"""


@dataclass
class Hub:
    """One of the two."""

    http: httpx.Client
    ids: list[str]
    session: str = ""
    posted: int = 0

    def post(self) -> Any:
        """Send a job, whose input is new each time; the answer."""
        self.posted += 1
        body = {"backend_id": "aws.sim.sv1", "shots": self.posted, "input": {"qasm": BELL}}
        answer = self.http.post("/jobs", json={**body, "tags": ["new", "benchmark"]})
        assert answer.status_code == 201, answer.text
        return answer.json()


def fill(folder: Path, count: int) -> list[str]:
    """Make a database with finished jobs, their inputs, results and tags. Returns their ids, oldest first."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    began = time.time_ns() // 1_000_000 - 1000 * count
    database = Database(None, folder)
    body = json.dumps({"measurements": [[0, 0], [1, 1]] * 250}).encode()
    with database.engine.begin() as connection:
        for number, job_id in enumerate(ids, 1):
            backend_id, provider = BACKENDS[number % 2]
            tags = ["even" if number % 2 else "odd", f"{number}"]
            row = {
                "number": number,
                "id": job_id,
                "account": "user:owner",
                "service_execution": "",
                "backend_id": backend_id,
                "provider": provider,
                "input_format": "BRAKET_OPEN_QASM_V3",
                "shots": 500,
                "fingerprint": uuid.uuid4().hex * 2,
                "created_at": began + 1000 * number,
                "status": "COMPLETED" if number % 4 else "FAILED",
                "tags": tags,
                "sdk_provider": "CLIENT",
                "started_at": began + 1000 * number,
                "ended_at": began + 1000 * number + 500,
            }
            connection.execute(jobs.insert(), row)
            connection.execute(inputs.insert(), {"job_id": job_id, "body": b'{"qasm": ""}'})
            connection.execute(results.insert(), {"job_id": job_id, "body": body})
            marks = [{"tag": tag_mark(tag), "number": number} for tag in tags]
            connection.execute(job_tags.insert(), marks)
    database.close()
    return ids


@contextmanager
def running(folder: Path, count: int) -> Iterator[Hub]:
    """A Hub with some finished jobs, a session and a warm worker."""
    folder.mkdir()
    ids = fill(folder, count)
    command = [sys.executable, "-m", "local_hub", "--embedded", "--workers", "1"]
    with subprocess.Popen(
        [*command, "--state", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        place = json.loads(process.stdout.readline())
        with httpx.Client(
            base_url=place["base_url"],
            headers={"X-Auth-Token": place["token"]},
            timeout=60,
            trust_env=False,
        ) as http:
            hub = Hub(http, ids)
            body = {"backend_id": "ibm.qpu.fez", "provider": "IBM", "mode": "batch"}
            hub.session = http.post("/sessions", json=body).json()["id"]
            wait(hub, hub.post()["id"])
            yield hub
        process.stdin.close()


def wait(hub: Hub, job_id: str) -> None:
    """Wait for a job's end."""
    while hub.http.get(f"/jobs/{job_id}/status").json()["status"] not in ("COMPLETED", "FAILED"):
        time.sleep(0.005)


def operations() -> dict[str, Callable[[Hub], object]]:
    """What is measured."""

    def get(path: str) -> Callable[[Hub], object]:
        def send(hub: Hub) -> object:
            # In the middle: neither the newest job nor the oldest.
            answer = hub.http.get(path.format(job=hub.ids[len(hub.ids) // 2], session=hub.session))
            assert answer.status_code == 200, answer.text
            return answer.content

        return send

    return {
        "POST a job": Hub.post,
        "a job from POST to its end": lambda hub: wait(hub, hub.post()["id"]),
        "a job": get("/jobs/{job}"),
        "its status": get("/jobs/{job}/status"),
        "its result": get("/jobs/{job}/result"),
        "its input": get("/jobs/{job}/input"),
        "a session's jobs": get("/sessions/{session}/jobs"),
        "jobs": get("/jobs"),
        "jobs, oldest first": get("/jobs?sort=createdAt,asc"),
        "jobs by id": get("/jobs?sort=id"),
        "workloads": get("/workloads"),
        "workloads of a status": get("/workloads?status=FAILED"),
        "workloads of a backend": get("/workloads?backendId=aws.sim.sv1"),
        "workloads of a provider": get("/workloads?provider=KIPU"),
        "workloads of a tag": get("/workloads?tag=even"),
        "workloads of a rare tag": get("/workloads?tag=17"),
    }


def rows(folder: Path, *, quick: bool = False) -> list[Row]:
    """Measure.

    Args:
        folder: Where the Hubs keep their state.
        quick: Whether to send each operation less often.
    """
    pairs, found = 60 if quick else 150, []
    with running(folder / "few", FEW) as few, running(folder / "many", MANY) as many:
        for what, send in operations().items():
            for hub in (few, many) * 10:
                send(hub)
            ratios = []
            for number in range(pairs):
                seconds = {}
                for name, hub in (("few", few), ("many", many))[:: -1 if number % 2 else 1]:
                    began = time.perf_counter()
                    send(hub)
                    seconds[name] = time.perf_counter() - began
                ratios.append(seconds["many"] / seconds["few"])
            what = f"{MANY:,} finished jobs: {what}"
            found.append(Row(what, statistics.median(ratios), LIMIT, "x"))
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(show(rows(Path(temporary)), as_json=False))
