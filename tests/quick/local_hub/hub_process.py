"""A local Hub started as its clients start it, and plain HTTP to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[3]
FINAL = ("COMPLETED", "FAILED", "CANCELLED")

BELL3 = """OPENQASM 3.0;
bit[2] b;
qubit[2] q;
h q[0];
cnot q[0], q[1];
b[0] = measure q[0];
b[1] = measure q[1];
"""
BELL2 = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0],q[1];
measure q -> c;
"""
# A program that takes a minute to read, on one core: a test ends it.
LONG3 = "OPENQASM 3.0;\nqubit[2] q;\nfor int i in [0:600000] { h q[0]; }\n"
# Some thousand gates on 24 qubits: minutes inside the simulator, on all cores.
HEAVY3 = "OPENQASM 3.0;\nqubit[24] q;\nfor int i in [0:400] { h q; }\n"


class HubProcess:
    """An embedded Hub."""

    def __init__(self, *options: str, log: Path | None = None) -> None:
        command = [sys.executable, "-m", "local_hub", "--embedded", *options]
        with open(log, "a") if log else nullcontext() as errors:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        self.info: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.anonymous = httpx.Client(base_url=self.info.get("base_url", ""), timeout=30)
        self.http = httpx.Client(
            base_url=self.info.get("base_url", ""),
            headers={"X-Auth-Token": self.info.get("token", "")},
            timeout=30,
        )

    def with_token(self, token: str, **headers: str) -> httpx.Client:
        """HTTP with another token."""
        own = {"X-Auth-Token": token, **headers}
        return httpx.Client(base_url=self.info["base_url"], headers=own, timeout=30)

    def close(self) -> int:
        """End it as a parent does: by closing its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.http.close()
        self.anonymous.close()
        return self.process.wait(20)

    def post(self, backend: str, qasm: str, shots: int = 100, **fields: Any) -> httpx.Response:
        """Send a job."""
        body = {"backend_id": backend, "input": {"qasm": qasm}, "shots": shots, **fields}
        return self.http.post("/jobs", json=body)

    def submit(self, backend: str, qasm: str, shots: int = 100, **fields: Any) -> str:
        """Send a job that must be accepted, and return its id."""
        answer = self.post(backend, qasm, shots, **fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def wait(self, job_id: str, *states: str, seconds: float = 60) -> str:
        """Wait for one of some states, the final ones if none is named."""
        end = time.monotonic() + seconds
        while (status := self.http.get(f"/jobs/{job_id}/status").json()["status"]) not in (
            states or FINAL
        ):
            assert time.monotonic() < end, f"the job is still {status}"
            time.sleep(0.005)
        return str(status)

    def wait_until_served(self, path: str, seconds: float = 20) -> None:
        """Wait until a GET is answered with 200."""
        end = time.monotonic() + seconds
        while (answer := self.http.get(path)).status_code != 200:
            assert time.monotonic() < end, answer.text
            time.sleep(0.05)

    def session(self, backend: str, **fields: Any) -> dict[str, Any]:
        """Make a session that must be accepted."""
        provider = self.http.get(f"/backends/{backend}").json()["provider"]
        body = {"backend_id": backend, "provider": provider, "mode": "batch", **fields}
        answer = self.http.post("/sessions", json=body)
        assert answer.status_code == 201, answer.text
        session: dict[str, Any] = answer.json()
        return session

    def wait_for_session(self, session_id: str, state: str, seconds: float = 60) -> None:
        """Wait for a session's state."""
        end = time.monotonic() + seconds
        while (status := self.http.get(f"/sessions/{session_id}/status").json()["status"]) != state:
            assert time.monotonic() < end, f"the session is still {status}"
            time.sleep(0.005)

    def run(self, backend: str, qasm: str, shots: int = 100, **fields: Any) -> Any:
        """Run a job to its end and return its result document."""
        job_id = self.submit(backend, qasm, shots, **fields)
        status = self.wait(job_id)
        result = self.http.get(f"/jobs/{job_id}/result").json()
        assert status == "COMPLETED", result
        return result

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Everything that the Hub lists there, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.http.get(path, params={"size": 100, "page": len(found) // 100}).json()
            found += page["content"]
            if len(page["content"]) < 100:
                assert len(found) == page["total_elements"]
                return found

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        children: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return children


def gone(pids: list[int], seconds: float = 10) -> bool:
    """Whether processes are gone within some seconds."""
    end = time.monotonic() + seconds
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def environment() -> dict[str, str]:
    """The environment of a script that starts a Hub of this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
