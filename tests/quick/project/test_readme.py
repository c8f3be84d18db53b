"""What the README shows runs as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
QISKIT, MORE, RUNTIME, BRAKET, EXPLAIN, PYTEST, API = re.findall(
    r"```python\n(.*?)```", README, re.DOTALL
)
QHUB = Path(sys.executable).with_name("qhub")

BOTH = ["'00'", "'11'"]


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (QISKIT, BOTH),
        (MORE, ["'00'", "JobStatus", "True", "aws.sim.sv1"]),
        (BRAKET, BOTH),
        (EXPLAIN, ["iqm.qpu.garnet", "fits"]),
        (API, ["aws.sim.sv1 SIMULATOR"]),
    ],
    ids=["qiskit", "more", "braket", "explain", "api"],
)
def test_python_blocks(block, shown, tmp_path):
    run(block, shown, tmp_path)


def test_the_block_of_runtime_sessions(tmp_path):
    """IBM's classes say in a warning that they will have successors."""
    quiet = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}
    run(RUNTIME, [*BOTH, "In progress", "DONE"], tmp_path, **quiet)


def test_the_block_for_pytest(tmp_path):
    (tmp_path / "test_it.py").write_text(PYTEST)
    command = [sys.executable, "-m", "pytest", "-q", "test_it.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=90)
    assert "1 passed" in done.stdout, done.stdout


def test_with_a_hub_of_its_own_process(tmp_path):
    """`qhub local`, and beside it the examples on the Hub that its variables name."""
    with subprocess.Popen([QHUB, "local", "--port", "0"], stdout=subprocess.PIPE, text=True) as hub:
        try:
            told = dict(hub.stdout.readline().strip().rsplit(" ", 1) for _ in range(2))
            place = {
                "QHUB_QUANTUM_BASE_URL": told["The local Hub serves"],
                "KQH_PERSONAL_ACCESS_TOKEN": told["Token:"],
            }
            for block in (QISKIT, BRAKET):
                assert "HubProvider.local()" in block
                run(block.replace(".local()", "()"), BOTH, tmp_path, **place)
        finally:
            hub.terminate()
    assert hub.returncode == 0


def run(block, shown, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-c", block],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [text for text in shown if text not in done.stdout] == []


def test_the_commands_it_names_exist():
    named = set(re.findall(r"^qhub (\w+)", README, re.MULTILINE))
    assert named >= {"run", "backends", "jobs", "login", "demo", "local"}
    for command in named:
        done = subprocess.run(
            [QHUB, command, "--help"],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "COLUMNS": "120"},
        )
        for line in re.findall(rf"^qhub {command} .*", README, re.MULTILINE):
            for option in re.findall(r"--[a-z-]+", line):
                assert option in done.stdout, line
