"""kill -9 of a local Hub and its workers at random moments, under load; then every accepted job is accounted for."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.quick.local_hub.hub_process import FINAL, HubProcess

SV1, QSIM, GARNET, FEZ = "aws.sim.sv1", "kipu.sim.qsim", "iqm.qpu.garnet", "ibm.qpu.fez"

# Deterministic circuits: a bit pattern, whatever runs it and however often.
_ONES = ("01", "10", "11", "00")
_MOST_UNFINISHED = 15

Query = Callable[[str], Sequence[Any]]


def _braket(bits: str, repeat: int) -> str:
    flips = "\n".join(f"x q[{place}];" for place, bit in enumerate(bits) if bit == "1")
    measures = "\n".join(f"b[{place}] = measure q[{place}];" for place in range(len(bits)))
    # Pairs of flips that cancel make it last.
    idle = f"for int i in [1:{repeat}] {{ x q[0]; x q[0]; }}\n" if repeat else ""
    return f"OPENQASM 3.0;\nbit[{len(bits)}] b;\nqubit[{len(bits)}] q;\n{idle}{flips}\n{measures}\n"


def _qasm2(bits: str) -> str:
    flips = "\n".join(f"x q[{place}];" for place, bit in enumerate(bits) if bit == "1")
    return (
        f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{len(bits)}];\ncreg c[{len(bits)}];\n'
        f"{flips}\nmeasure q -> c;\n"
    )


class Crash:
    """A Hub that is killed again and again, and the clients that never stop."""

    def __init__(self, folder: Path, options: list[str], seed: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._options = [
            "--state", str(folder / "state"), "--port", str(port), "--token", "crash",
            "--workers", "2", "--sessions", "all", *options,
        ]  # fmt: skip
        self._log = folder / "log"
        self._base_url = f"http://127.0.0.1:{port}/quantum"
        self._chance = random.Random(seed)
        self._seed = seed
        self._end = threading.Event()
        self._lock = threading.Lock()
        self.accepted: dict[str, tuple[str, str]] = {}
        """Of every id that was answered with 201 the backend and the bits its circuit gives."""
        self.cancelled: set[str] = set()
        """Ids whose cancellation was answered with 204."""
        self.final: dict[str, str] = {}
        """The first final state that was seen of a job."""
        self.sessions: set[str] = set()
        self.closed: set[str] = set()
        self.problems: list[str] = []
        self.kills: Counter[str] = Counter()
        self.hub = self._start()

    def run(self, kills: int) -> None:
        """Kill so often, then let the Hub finish its work."""
        clients = [
            threading.Thread(target=self._client, args=(number,), name=f"client {number}")
            for number in range(4)
        ]
        clients.append(threading.Thread(target=self._observe, name="observer"))
        for client in clients:
            client.start()
        try:
            for number in range(kills):
                self._wait_for_an_end(20 if self._chance.random() < 0.8 else 0)
                time.sleep(self._chance.uniform(0, 1.5))
                # A server dies at least every second time; else a worker alone.
                self._kill_worker() if number % 2 and self._chance.random() < 0.6 else self._restart()
            time.sleep(1)
            self._restart()
        finally:
            self._end.set()
            for client in clients:
                client.join()
        self._drain()
        assert self.hub.close() == 0
        assert self.problems == []

    def check(self, query: Query) -> None:
        """Hold the database against what the clients saw.

        Args:
            query: Reads rows from the database.
        """
        rows = query("SELECT id, backend_id, status, started_at, ended_at FROM jobs")
        stored = {row[0]: row for row in rows}
        assert len(stored) == len(rows), "an id appears twice"
        assert stored.keys() >= self.accepted.keys(), "an accepted job is gone"
        documents = query("SELECT job_id, body FROM results")
        assert len({row[0] for row in documents}) == len(documents), "a job has two results"
        bodies = {row[0]: json.loads(bytes(row[1])) for row in documents}
        inputs = {row[0] for row in query("SELECT job_id FROM inputs")}
        assert inputs == stored.keys()
        for job_id, (_, backend, status, started, ended) in stored.items():
            assert status in FINAL, f"{job_id} is {status}"
            assert ended is not None
            assert started is None or started <= ended
            assert (job_id in bodies) == (status != "CANCELLED"), f"{job_id} is {status}"
            assert self.final.get(job_id, status) == status, "a final state changed"
            if job_id not in self.accepted:
                continue  # its answer was lost
            assert backend == self.accepted[job_id][0]
            if status == "COMPLETED":
                self._check_result(job_id, bodies[job_id])
            elif status == "FAILED":
                assert bodies[job_id]["error"]["code"] == "worker_died", bodies[job_id]
        assert bodies.keys() <= stored.keys()
        for job_id in self.cancelled:
            # Cancelled, unless it had ended before.
            status = stored[job_id][2]
            assert status == "CANCELLED" or self.final.get(job_id) == status, (
                f"{job_id} is {status}"
            )
        states = {row[0]: row[1:] for row in query("SELECT id, status, closed_at FROM sessions")}
        assert states.keys() >= self.sessions
        for session_id, (status, closed) in states.items():
            assert (status == "CLOSED") == (closed is not None)
            assert status in ("OPEN", "ACTIVE", "INACTIVE", "CLOSED"), status
            assert status == "CLOSED" or session_id not in self.closed
        for session_id, usage, ran in query(
            "SELECT s.id, s.usage, (SELECT sum(j.ended_at - j.started_at) FROM jobs j"
            " WHERE j.session_id = s.id) FROM sessions s"
        ):
            assert usage == (ran or 0), f"session {session_id} was used {usage}, its jobs ran {ran}"
        counted = Counter(stored[job_id][2] for job_id in self.accepted)
        assert counted["COMPLETED"] > self.kills["server"] // 2, counted
        assert counted["CANCELLED"] > 0, counted

    def _check_result(self, job_id: str, document: Any) -> None:
        backend, bits = self.accepted[job_id]
        if backend == SV1:
            assert document["taskMetadata"]["id"] == job_id
            assert document["measurements"] == [[int(bit) for bit in bits]] * 20
        elif backend == QSIM:
            assert document["counts"] == {bits: 20}
        else:
            (part,) = document["measurement_counts"]
            assert part["counts"] == {bits: 20}

    def _start(self) -> HubProcess:
        hub = HubProcess(*self._options, log=self._log)
        assert "base_url" in hub.info, hub.info
        return hub

    def _restart(self) -> None:
        self.kills["server"] += 1
        workers = self.hub.workers()
        if self._chance.random() < 0.5:  # the workers first, as when a machine runs out of memory
            for worker in workers:
                _kill(worker)
        self.hub.process.kill()
        self.hub.process.wait(20)
        psutil.wait_procs(workers, timeout=20)
        self.hub = self._start()

    def _wait_for_an_end(self, seconds: float) -> None:
        """Wait until one more job has ended, or some seconds: a Hub that has just started has no worker yet."""
        ended, end = len(self.final), time.monotonic() + seconds
        while len(self.final) <= ended and time.monotonic() < end:
            time.sleep(0.02)

    def _kill_worker(self) -> None:
        workers = self.hub.workers()
        if workers:
            self.kills["worker"] += 1
            _kill(self._chance.choice(workers))

    def _client(self, number: int) -> None:
        chance = random.Random(f"{self._seed} {number}")
        with self._http() as http:
            session: str | None = None
            while not self._end.is_set():
                if len(self.accepted) - len(self.final) > _MOST_UNFINISHED:
                    time.sleep(0.02)
                    continue
                try:
                    if number == 0 and chance.random() < 0.3:
                        session = self._other_session(http, session)
                    self._one_job(http, chance, session if chance.random() < 0.7 else None)
                except httpx.TransportError:
                    time.sleep(0.05)  # the server is dead: whether it took what was sent is unknown
                time.sleep(chance.uniform(0, 0.03))

    def _one_job(self, http: httpx.Client, chance: random.Random, session: str | None) -> None:
        bits = chance.choice(_ONES)
        backend = QSIM if session else chance.choice((SV1, SV1, QSIM, GARNET))
        if backend == SV1:
            repeat = chance.choice((0, 0, 0, 200, 2000))
            job_input: Any = {"qasm": _braket(bits, repeat)}
        elif backend == QSIM:
            job_input = {"qasm": _qasm2(bits)}
        else:
            job_input = _iqm(bits)
        body = {"backend_id": backend, "shots": 20, "input": job_input, "session_id": session}
        answer = http.post("/jobs", json={**body, "tags": [bits, str(chance.random())]})
        if answer.status_code == 409:
            return  # the session was closed meanwhile
        if answer.status_code == 503:
            time.sleep(0.1)
            return
        if answer.status_code != 201:
            self.problems.append(f"{backend}: {answer.status_code} {answer.text}")
            return
        job_id = answer.json()["id"]
        with self._lock:
            if job_id in self.accepted:
                self.problems.append(f"{job_id} was given twice")
            self.accepted[job_id] = (backend, bits)
        if chance.random() < 0.15:
            gone = http.delete(f"/jobs/{job_id}")
            if gone.status_code != 204:
                self.problems.append(f"cancelling: {gone.status_code} {gone.text}")
                return
            self._see(job_id, http.get(f"/jobs/{job_id}/status").json()["status"], is_over=True)
            with self._lock:
                self.cancelled.add(job_id)

    def _other_session(self, http: httpx.Client, old: str | None) -> str:
        if old is not None:
            assert http.delete(f"/sessions/{old}").status_code == 204
            self.closed.add(old)
        body = {"backend_id": QSIM, "provider": "KIPU", "mode": "batch"}
        answer = http.post("/sessions", json=body)
        assert answer.status_code == 201, answer.text
        session: str = answer.json()["id"]
        self.sessions.add(session)
        return session

    def _observe(self) -> None:
        chance = random.Random(self._seed + 1)
        with self._http() as http:
            while not self._end.is_set():
                with self._lock:
                    ids = list(self.accepted)
                    waiting = [job_id for job_id in ids if job_id not in self.final]
                for job_id in chance.sample(ids, min(10, len(ids))) + waiting[:20]:
                    try:
                        self._look(http, job_id)
                    except httpx.TransportError:
                        time.sleep(0.05)
                time.sleep(0.02)

    def _look(self, http: httpx.Client, job_id: str) -> None:
        answer = http.get(f"/jobs/{job_id}/status")
        if answer.status_code != 200:
            self.problems.append(f"{job_id}: {answer.status_code} {answer.text}")
            return
        self._see(job_id, answer.json()["status"])

    def _see(self, job_id: str, status: str, *, is_over: bool = False) -> None:
        with self._lock:
            first = self.final.get(job_id, status)
            if first != status:
                self.problems.append(f"{job_id} was {first} and is {status}")
            if status in FINAL:
                self.final[job_id] = status
            elif is_over:
                self.problems.append(f"{job_id} was cancelled and is {status}")

    def _drain(self) -> None:
        """Wait until all that was accepted has ended."""
        end = time.monotonic() + 240
        with self._http() as http:
            for job_id in self.accepted:
                while self.final.get(job_id) is None:
                    self._look(http, job_id)
                    assert self.problems == []
                    assert time.monotonic() < end, f"{job_id} does not end"
                    if self.final.get(job_id) is None:
                        time.sleep(0.02)
            # Those whose answer was lost end too.
            while http.get("/workloads?status=PENDING&status=RUNNING").json()["total_elements"]:
                assert time.monotonic() < end
                time.sleep(0.05)

    def _http(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._base_url, headers={"X-Auth-Token": "crash"}, timeout=60, trust_env=False
        )


def sqlite_query(path: Path) -> Query:
    """Reads rows from a state folder's database."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return lambda text: connection.execute(text).fetchall()


def _kill(process: psutil.Process) -> None:
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _iqm(bits: str) -> dict[str, Any]:
    """Flips and a measurement on two qubits of the device."""
    flips = [
        {
            "name": "prx",
            "qubits": [f"QB{place + 1}"],
            "args": {"angle_t": 0.5, "phase_t": 0.0},
        }
        for place, bit in enumerate(bits)
        if bit == "1"
    ]
    measure = {"name": "measure", "qubits": ["QB1", "QB2"], "args": {"key": "m"}}
    return {"circuits": [{"name": "bits", "instructions": [*flips, measure]}]}
