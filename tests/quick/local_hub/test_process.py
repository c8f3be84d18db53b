"""How the Hub starts and ends: the line it prints, the file it keeps, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from local_hub.__main__ import main
from local_hub.slot import Slot
from tests.quick.local_hub.hub_process import (
    BELL3,
    HEAVY3,
    ROOT,
    HubProcess,
    environment,
    gone,
)

SV1 = "aws.sim.sv1"

# A parent that starts a Hub, runs a job on it and waits; the test kills it.
_PARENT = """
import json, sys
from tests.quick.local_hub.hub_process import HubProcess, HEAVY3
hub = HubProcess("--workers", "1")
job_id = hub.submit("aws.sim.sv1", HEAVY3)
hub.wait(job_id, "RUNNING")
while not hub.workers():
    pass
print(json.dumps([hub.info["pid"], *(worker.pid for worker in hub.workers())]), flush=True)
sys.stdin.read()
"""


def test_it_says_once_where_it_is_and_keeps_the_token_to_its_owner() -> None:
    hub = HubProcess("--workers", "1")
    assert set(hub.info) == {"base_url", "token", "pid", "runtime_file"}
    assert hub.info["base_url"].startswith("http://127.0.0.1:")
    assert hub.info["base_url"].endswith("/quantum")
    assert hub.info["pid"] == hub.process.pid
    file = Path(hub.info["runtime_file"])
    assert json.loads(file.read_text()) == {key: hub.info[key] for key in ("base_url", "token")}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    hub.run(SV1, BELL3)
    workers = [worker.pid for worker in hub.workers()]
    assert hub.process.stdout is not None
    assert hub.close() == 0
    assert hub.process.stdout.read() == b""
    assert not file.parent.exists()
    assert gone(workers)


def test_it_ends_on_sigterm_while_a_job_runs() -> None:
    hub = HubProcess("--workers", "1")
    hub.wait(hub.submit(SV1, HEAVY3), "RUNNING")
    workers = [worker.pid for worker in hub.workers()]
    hub.process.terminate()
    hub.process.wait(10)
    assert workers
    assert gone(workers)
    assert not Path(hub.info["runtime_file"]).parent.exists()


def test_its_workers_die_with_it_when_it_is_killed() -> None:
    hub = HubProcess("--workers", "1")
    hub.wait(hub.submit(SV1, HEAVY3), "RUNNING")
    workers = [worker.pid for worker in hub.workers()]
    hub.process.kill()
    hub.process.wait(10)
    assert workers
    assert gone(workers)


def test_nothing_is_left_when_the_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    pids = json.loads(parent.stdout.readline())
    assert len(pids) == 2
    assert all(psutil.pid_exists(pid) for pid in pids)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    assert gone(pids)


def test_a_start_that_fails_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        hub = HubProcess("--port", str(port))
        assert str(port) in hub.info["error"]
        assert hub.process.wait(10) == 1


def test_by_hand_it_prints_address_and_token_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "local_hub",
        "--port",
        "0",
        "--token",
        "mine",
        "--state",
        str(tmp_path),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "http://127.0.0.1:" in process.stdout.readline()
    assert "mine" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert errors == ""
    assert (tmp_path / "hub.sqlite").exists()
    assert not (tmp_path / "runtime.json").exists()


@pytest.mark.parametrize(
    "options", [["--workers", "0"], ["--port", "70000"], ["--job-time-limit", "0"]]
)
def test_options_that_make_no_sense(options: list[str]) -> None:
    command = [sys.executable, "-m", "local_hub", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert options[0] in done.stderr


def test_the_server_imports_no_vendor_sdk_and_no_client() -> None:
    code = (
        "import sys, local_hub.process, local_hub.__main__\n"
        "names = ('braket','cirq','qsimcirq','qiskit','numpy','shared_transport','qhub_qiskit','qhub_braket')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--port", "x", "x is not a whole number between 0 and 65535"),
        ("--port", "65536", "65536 is not a whole number between 0 and 65535"),
        ("--workers", "0", "0 is not a whole number between 1 and 1024"),
        ("--job-seconds", "-1", "-1 is not a number of seconds above 0"),
        ("--job-time-limit", "soon", "soon is not a number of seconds above 0"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_named(
    option: str, value: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([option, value])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: argument {option}: {words}\n")


def test_sessions_of_a_backend_that_there_is_not() -> None:
    command = [sys.executable, "-m", "local_hub", "--port", "0", "--sessions", "iqm.qpu.garnett"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment())
    assert done.returncode == 1
    why = "--sessions: there is no backend iqm.qpu.garnett. Did you mean iqm.qpu.garnet or "
    assert done.stderr.startswith(f"The local Hub could not start: {why}")


def test_a_worker_that_is_ended_while_it_loads_is_no_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def cancelled() -> None:
        slot = Slot(0)
        slot.warm("aws_gate_model")
        await asyncio.sleep(0.3)  # loading takes a second
        slot.kill()
        await asyncio.gather(*slot._warming)
        await slot.close()

    async def died() -> None:
        slot = Slot(0)
        slot.warm("aws_gate_model")
        (await slot._started()).kill()
        await asyncio.gather(*slot._warming)
        await slot.close()

    asyncio.run(cancelled())
    assert caplog.records == []
    asyncio.run(died())
    assert [record.message.partition(" (")[0] for record in caplog.records] == [
        "a worker could not be made ready"
    ]
