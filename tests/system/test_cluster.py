"""`--executor`: a Hub that computes on a real Ray cluster of two nodes with one CPU each."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import BELL3, LONG3, ROOT, HubProcess, gone
from tests.system.ray_cluster import RayCluster

SV1, QSIM, IONQ, XG1 = "aws.sim.sv1", "kipu.sim.qsim", "azure.ionq.simulator", "qudora.sim.xg1"
BAD3 = "OPENQASM 3.0;\nqubit[2] q;\nreset q[0];\n"
SHOTS = 4000


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with pytest.MonkeyPatch.context() as patch:
        ray = RayCluster()
        try:
            for name, value in ray.environment.items():
                patch.setenv(name, value)
            ray.add_node()
            ray.add_node()
            yield ray
        finally:
            ray.close()


@pytest.fixture(scope="class")
def hub(cluster: RayCluster) -> Iterator[HubProcess]:
    """A Hub on the cluster with a seed and without noise. While it runs it keeps both CPUs."""
    with running("--executor", cluster.url, "--seed", "7", "--ideal") as one:
        yield one


@contextmanager
def running(*options: str) -> Iterator[HubProcess]:
    hub = HubProcess(*options)
    assert "error" not in hub.info, hub.info
    try:
        yield hub
    finally:
        assert hub.close() == 0


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return value


def nodes_at_work(cluster: RayCluster) -> list[int]:
    """How many worker processes each computing node has."""
    return [len(cluster.workers(node)) for node in cluster.nodes[1:]]


def workers(cluster: RayCluster) -> list[psutil.Process]:
    return [worker for node in cluster.nodes[1:] for worker in cluster.workers(node)]


def busy(cluster: RayCluster) -> psutil.Process | None:
    """The worker process that computes, if one does."""
    for worker in (found := workers(cluster)):
        worker.cpu_percent()
    time.sleep(0.3)
    return next((worker for worker in found if _percent(worker) > 20), None)


def _percent(worker: psutil.Process) -> float:
    try:
        return float(worker.cpu_percent())
    except psutil.NoSuchProcess:
        return 0.0


def message(hub: HubProcess, job_id: str) -> str:
    return str(hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"])


def gateway(hub: HubProcess) -> psutil.Process:
    (found,) = hub.workers()
    assert "local_hub.cluster.gateway" in found.cmdline()
    return found


# --- results


class Circuit:
    """One random circuit on three qubits whose phases show, in four systems' languages and as Qiskit's."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        turns = [
            ("rx" if layer % 2 else "ry", qubit, round(rng.uniform(0.4, 2.6), 6))
            for layer in range(4)
            for qubit in range(3)
        ]
        self.exact = QuantumCircuit(3)
        self.ionq: list[dict[str, Any]] = []
        lines = []
        for step, (name, qubit, angle) in enumerate(turns):
            getattr(self.exact, name)(angle, qubit)
            self.ionq.append({"gate": name, "targets": [qubit], "rotation": angle})
            lines.append(f"{name}({angle}) q[{qubit}];")
            if step % 3 == 2:
                control, target = rng.sample(range(3), 2)
                self.exact.cx(control, target)
                self.exact.s(target)
                self.ionq.append({"gate": "cnot", "controls": [control], "targets": [target]})
                self.ionq.append({"gate": "s", "targets": [target]})
                lines.append(f"cx q[{control}],q[{target}];\ns q[{target}];")
        body = "\n".join(lines)
        self.qasm2 = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n{body}\nmeasure q -> c;\n'
        self.qasm3 = (
            "OPENQASM 3.0;\nbit[3] b;\nqubit[3] q;\n"
            + body.replace("cx ", "cnot ")
            + "\nb[0] = measure q[0];\nb[1] = measure q[1];\nb[2] = measure q[2];\n"
        )

    @property
    def distribution(self) -> dict[str, float]:
        """Exact, in Qiskit's order of bits."""
        found: dict[str, float] = Statevector.from_instruction(self.exact).probabilities_dict()
        return found


def timeless(hub: HubProcess, job_id: str) -> dict[str, Any]:
    """A result document without the times that Amazon's have."""
    document: dict[str, Any] = hub.http.get(f"/jobs/{job_id}/result").json()
    for name in ("createdAt", "endedAt"):
        document.get("taskMetadata", {}).pop(name, None)
    return document


def submit_everywhere(hub: HubProcess, circuit: Circuit) -> dict[str, str]:
    ionq = {"gateset": "qis", "qubits": 3, "circuit": circuit.ionq}
    return {
        SV1: hub.submit(SV1, circuit.qasm3, SHOTS),
        QSIM: hub.submit(QSIM, circuit.qasm2, 1, input_params={"mode": "statevector"}),
        IONQ: hub.submit(IONQ, "", SHOTS, input=ionq),
        XG1: hub.submit(XG1, circuit.qasm2, SHOTS, input_format="OPEN_QASM_V2"),
    }


class TestOneHub:
    def test_results_are_exact_and_those_of_a_hub_without_a_cluster(
        self, hub: HubProcess, cluster: RayCluster
    ) -> None:
        circuit = Circuit(3)
        ids = submit_everywhere(hub, circuit)
        with running("--seed", "7", "--ideal", "--workers", "2") as local:
            assert submit_everywhere(local, circuit) == ids
            documents = {}
            for backend, job_id in ids.items():
                assert (hub.wait(job_id), local.wait(job_id)) == ("COMPLETED", "COMPLETED")
                documents[backend], same = (timeless(one, job_id) for one in (hub, local))
                assert documents[backend] == same
        assert nodes_at_work(cluster) == [1, 1]
        exact = circuit.distribution

        rows = documents[SV1]["measurements"]
        counts = Counter("".join(str(bit) for bit in reversed(row)) for row in rows)
        assert sum(counts.values()) == SHOTS
        assert total_variation(counts, exact) < 0.04
        assert total_variation(documents[XG1]["counts"], exact) < 0.04
        found = {f"{int(key):03b}": value for key, value in documents[IONQ]["histogram"].items()}
        assert found == pytest.approx({key: value for key, value in exact.items() if key in found})
        pairs = np.array(documents[QSIM]["statevector"])
        state = Statevector.from_instruction(circuit.exact.reverse_bits()).data
        assert abs(np.vdot(pairs[:, 0] + 1j * pairs[:, 1], state)) == pytest.approx(1, abs=1e-5)

    def test_a_large_document_arrives_whole(self, hub: HubProcess) -> None:
        job_id = hub.submit(SV1, "OPENQASM 3.0;\nqubit[20] q;\nh q;\n", 100_000)
        assert hub.wait(job_id) == "COMPLETED"
        answer = hub.http.get(f"/jobs/{job_id}/result")
        assert len(answer.content) > 4_000_000
        bits = np.array(answer.json()["measurements"])
        assert bits.shape == (100_000, 20)
        # Each of 20 means of 100,000 fair bits within five standard deviations.
        assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(100_000)

    def test_both_nodes_compute_at_once_and_a_cancelled_job_ends_alone(
        self, hub: HubProcess, cluster: RayCluster
    ) -> None:
        ids = [hub.submit(SV1, LONG3) for _ in range(2)]
        for job_id in ids:
            hub.wait(job_id, "RUNNING")
        assert nodes_at_work(cluster) == [1, 1]
        waiting = hub.submit(SV1, BELL3)
        before = {worker.pid for worker in workers(cluster)}
        time.sleep(0.5)
        assert hub.http.get(f"/jobs/{waiting}/status").json() == {"status": "PENDING"}
        assert hub.http.delete(f"/jobs/{ids[0]}").status_code == 204
        assert hub.http.get(f"/jobs/{ids[0]}/status").json() == {"status": "CANCELLED"}
        assert hub.wait(waiting) == "COMPLETED"
        assert hub.http.get(f"/jobs/{ids[1]}/status").json() == {"status": "RUNNING"}
        after = {worker.pid for worker in workers(cluster)}
        assert len(before & after) == 1
        assert gone(list(before - after))
        assert hub.http.delete(f"/jobs/{ids[1]}").status_code == 204

    def test_a_warm_worker_refuses_at_once_and_a_busy_one_later(self, hub: HubProcess) -> None:
        hub.run(SV1, BELL3)
        at_once = hub.post(SV1, BAD3)
        assert at_once.status_code == 422
        assert "Line 3" in at_once.json()["detail"]
        busy = [hub.submit(SV1, LONG3) for _ in range(2)]
        for job_id in busy:
            hub.wait(job_id, "RUNNING")
        later = hub.submit(SV1, BAD3)
        for job_id in busy:
            hub.http.delete(f"/jobs/{job_id}")
        assert hub.wait(later) == "FAILED"
        assert message(hub, later) == at_once.json()["detail"]

    def test_a_job_whose_worker_is_killed_runs_once_more(
        self, hub: HubProcess, cluster: RayCluster
    ) -> None:
        """The first time its process is killed, the second time the actor above it."""
        hub.run(SV1, BELL3)
        job_id = hub.submit(SV1, LONG3)
        hub.wait(job_id, "RUNNING")
        first = wait_for(lambda: busy(cluster))
        first.kill()
        second = wait_for(lambda: busy(cluster))
        assert status(hub, job_id) == "RUNNING"
        actor = second.parent()
        assert actor.name().startswith("ray::Worker")
        actor.kill()
        assert hub.wait(job_id) == "FAILED"
        assert "2 times" in message(hub, job_id)
        assert "killed" in message(hub, job_id)
        assert gone([first.pid, second.pid])
        assert len(hub.run(SV1, BELL3)["measurements"]) == 100

    def test_the_server_answers_while_workers_start(
        self, hub: HubProcess, cluster: RayCluster
    ) -> None:
        hub.run(SV1, BELL3)
        for worker in workers(cluster):
            worker.kill()
        job_id = hub.submit(SV1, BELL3)
        slowest = 0.0
        while hub.http.get(f"/jobs/{job_id}/status").json()["status"] != "COMPLETED":
            start = time.monotonic()
            assert hub.http.get("/backends").status_code == 200
            slowest = max(slowest, time.monotonic() - start)
        assert slowest < 0.5

    def test_a_gateway_that_is_killed_is_replaced(
        self, hub: HubProcess, cluster: RayCluster
    ) -> None:
        job_id = hub.submit(SV1, LONG3)
        hub.wait(job_id, "RUNNING")
        before = workers(cluster)
        gateway(hub).kill()
        hub.wait(job_id, "PENDING")
        waiting = hub.submit(SV1, BELL3)
        hub.wait(job_id, "RUNNING")
        assert gone([worker.pid for worker in before])
        assert hub.wait(waiting) == "COMPLETED"
        assert hub.http.delete(f"/jobs/{job_id}").status_code == 204


# --- Hubs end, nodes come and go


def test_limits_of_time_and_memory_and_an_orderly_end(cluster: RayCluster) -> None:
    options = ("--job-time-limit", "8", "--job-memory-limit", "100", "--workers", "1")
    with running("--executor", cluster.url, *options) as hub:
        job_id = hub.submit(SV1, "OPENQASM 3.0;\nqubit[24] q;\nh q;\n", 1)
        assert hub.wait(job_id) == "FAILED"
        assert "100 MB" in message(hub, job_id)
        job_id = hub.submit(SV1, "OPENQASM 3.0;\nqubit[18] q;\nfor int i in [0:1000] { h q; }\n", 1)
        assert hub.wait(job_id) == "FAILED"
        assert "8 seconds" in message(hub, job_id)
        assert sum(hub.run(SV1, BELL3)["measurements"][0]) in (0, 2)
        own = [gateway(hub).pid]
    assert gone(own)


def test_a_hub_that_is_killed_leaves_no_actor(cluster: RayCluster, tmp_path: Path) -> None:
    options = ("--executor", cluster.url, "--state", str(tmp_path / "state"))
    first = HubProcess(*options)
    running_job = first.submit(SV1, LONG3)
    first.wait(running_job, "RUNNING")
    waiting = [first.submit(SV1, BELL3, 30) for _ in range(4)]
    assert first.wait(waiting[-1]) == "COMPLETED"
    result = first.http.get(f"/jobs/{waiting[-1]}/result").content
    its_gateway = gateway(first).pid
    first.process.kill()
    first.process.wait(10)
    assert gone([its_gateway])
    with running(*options) as second:
        assert second.http.get(f"/jobs/{waiting[-1]}/result").content == result
        second.wait(running_job, "RUNNING")
        assert second.http.delete(f"/jobs/{running_job}").status_code == 204
        assert {second.wait(job_id) for job_id in waiting} == {"COMPLETED"}
        assert cluster.living_actors() <= 2
    wait_for(lambda: not workers(cluster))
    assert cluster.living_actors() == 0


def test_a_job_that_no_node_can_begin_ends_with_the_reason(
    cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Hub is of another version than the nodes."""
    installed = tmp_path / "qhub_plugins-9.9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: qhub-plugins\nVersion: 9.9\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with running("--executor", cluster.url) as hub:
        job_id = hub.submit(SV1, BELL3)
        assert hub.wait(job_id, "ABORTED", seconds=30) == "ABORTED"
        detail = hub.http.get(f"/jobs/{job_id}/result").json()["detail"]
        assert "the Hub has 9.9; install the same" in detail


def test_a_job_of_a_lost_node_runs_elsewhere_and_a_new_node_is_used(cluster: RayCluster) -> None:
    with running("--executor", cluster.url) as hub:
        ids = [hub.submit(SV1, LONG3) for _ in range(2)]
        for job_id in ids:
            hub.wait(job_id, "RUNNING")
        lost, left = cluster.nodes[1:]
        cluster.kill_node(lost)
        (moved,) = wait_for(lambda: [one for one in ids if status(hub, one) == "PENDING"])
        (stayed,) = set(ids) - {moved}
        assert status(hub, stayed) == "RUNNING"
        hub.http.delete(f"/jobs/{stayed}")
        hub.wait(moved, "RUNNING")
        waiting = hub.submit(SV1, BELL3)
        time.sleep(0.5)
        assert status(hub, waiting) == "PENDING"
        node = cluster.add_node()
        assert hub.wait(waiting) == "COMPLETED"
        assert status(hub, moved) == "RUNNING"
        assert [len(cluster.workers(one)) for one in (left, node)] == [1, 1]


def status(hub: HubProcess, job_id: str) -> str:
    return str(hub.http.get(f"/jobs/{job_id}/status").json()["status"])


# --- what cannot be used


def refusal(*options: str, **environment: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "local_hub", "--port", "0", *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=40,
    )
    assert answer.returncode != 0
    return answer.stderr


def test_a_cluster_that_does_not_answer_is_named() -> None:
    start = time.monotonic()
    text = refusal("--executor", "ray:127.0.0.1:1")
    assert "no Ray cluster can be reached at 127.0.0.1:1" in text
    assert "Traceback" not in text
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("url", ["ray://127.0.0.1:10001", "ray:6379", "dask:h:1", "ray:h:x"])
def test_another_form_of_url_is_refused(url: str) -> None:
    assert f"{url} is not ray:HOST:PORT" in refusal("--executor", url)


def test_the_extra_is_named_where_ray_is_not_installed(tmp_path: Path) -> None:
    absent = tmp_path / "ray.py"
    absent.write_text('raise ModuleNotFoundError("No module named \'ray\'", name="ray")\n')
    text = refusal("--executor", "ray:127.0.0.1:1", PYTHONPATH=str(tmp_path))
    assert "pip install 'qhub-plugins[team]'" in text


def test_a_cluster_of_another_version_is_refused(cluster: RayCluster) -> None:
    """Whoever has another Python is told so by the version that the cluster keeps: here it is changed."""
    change = """
import json, sys, ray
from ray.experimental.internal_kv import _internal_kv_get as get, _internal_kv_put as put
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
old = get(b"CLUSTER_METADATA", namespace=b"cluster")
new = json.dumps({**json.loads(old), "python_version": sys.argv[2]}).encode()
put(b"CLUSTER_METADATA", new, overwrite=True, namespace=b"cluster")
print("changed")
"""
    command = [sys.executable, "-c", change, cluster.address, "3.9.1"]
    assert "changed" in subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    text = refusal("--executor", cluster.url)
    assert f"the Ray cluster at {cluster.address} cannot be used" in text
    assert "3.9.1" in text
    assert "Traceback" not in text
