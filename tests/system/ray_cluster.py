"""A real Ray cluster on loopback: a head that computes nothing, and nodes with one CPU each."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.quick.local_hub.hub_process import gone

# Ray takes 127.0.0.1 for a mistake and replaces it; the rest of 127.0.0.0/8 is loopback all the same.
_HOST = "127.0.0.2"
_STARTED = "--block"  # what `ray start --block` says once it is up
_LOOK = """
import json, sys, ray
from ray._private.state import actors
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
print(json.dumps([actor["State"] for actor in actors().values()]))
"""


class RayCluster:
    """The cluster; all its processes are children of this one."""

    def __init__(self) -> None:
        # A short path: the names of unix sockets have 107 characters at most.
        self._folder = Path(tempfile.mkdtemp(prefix="ray-"))
        with socket.socket() as free:
            free.bind((_HOST, 0))
            port = free.getsockname()[1]
        self.address = f"{_HOST}:{port}"
        self.url = f"ray:{self.address}"
        # Ray's ports are open to every interface; only who has the token is let in.
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(24),
            "RAY_USAGE_STATS_ENABLED": "0",
            # A node that stops answering is given up after two seconds, not half a minute.
            "RAY_health_check_initial_delay_ms": "1000",
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_timeout_ms": "500",
            "RAY_health_check_failure_threshold": "4",
        }
        self.nodes: list[subprocess.Popen[bytes]] = []
        head = ["--head", "--port", str(port), "--include-dashboard=false", "--num-cpus=0"]
        self._start(*head, "--temp-dir", str(self._folder))

    def add_node(self) -> subprocess.Popen[bytes]:
        """Let a node with one CPU join."""
        return self._start(
            "--address",
            self.address,
            "--num-cpus=1",
            "--dashboard-agent-listen-port=0",
            "--dashboard-agent-grpc-port=0",
        )

    def workers(self, node: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The worker processes of Hubs on a node."""
        return [one for one in _tree(node.pid) if "local_hub.worker" in _command(one)]

    def kill_node(self, node: subprocess.Popen[bytes]) -> None:
        """Let a node vanish."""
        self.nodes.remove(node)
        _kill(node)

    def living_actors(self) -> int:
        """How many actors the cluster knows that have not ended."""
        answer = subprocess.run(
            [sys.executable, "-c", _LOOK, self.address],
            env={**os.environ, **self.environment},
            capture_output=True,
            check=True,
            timeout=60,
        )
        return sum(state != "DEAD" for state in json.loads(answer.stdout.splitlines()[-1]))

    def close(self) -> None:
        """End all nodes."""
        for node in reversed(self.nodes):
            _kill(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"node-{len(self.nodes)}-{time.monotonic_ns()}.log"
        command = [str(Path(sys.executable).with_name("ray")), "start", "--block", *options]
        command += [f"--node-ip-address={_HOST}", "--object-store-memory=80000000"]
        command += ["--min-worker-port=0", "--max-worker-port=0", "--disable-usage-stats"]
        with open(log, "wb") as output:
            node = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.nodes.append(node)
        end = time.monotonic() + 60
        while _STARTED not in log.read_text():
            assert node.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        return node


def _tree(pid: int) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return children


def _command(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except psutil.Error:  # it ended meanwhile
        return []
    return command


def _kill(node: subprocess.Popen[bytes]) -> None:
    tree = _tree(node.pid)
    node.kill()
    node.wait(10)
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass
    assert gone([process.pid for process in tree])
