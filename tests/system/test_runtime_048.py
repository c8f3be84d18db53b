"""The oldest qiskit-ibm-runtime that the extra allows: the tests of IBM's Runtime in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
OLDEST = "0.48"
FOLDER = Path("tests") / "quick" / "qiskit" / "runtime"
# At small scale; at full scale all of the folder.
SMALL = (
    "test_identity.py",
    "test_jobs.py",
    "test_refusals.py",
    "test_sampler.py",
    "test_sessions.py",
    "test_workflows.py",
)
# What these tests import beyond what the extras bring.
TOOLS = ("jsonschema", "psutil", "pytest", "pytest-timeout", "pytest-xdist", "qiskit-aer")


def run(*command: str | Path) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    answer = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert answer.returncode == 0, f"{command}\n{answer.stdout[-20_000:]}\n{answer.stderr[-5_000:]}"
    return answer.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the oldest release, and everything else at its usual version."""
    folder = tmp_path_factory.mktemp("runtime") / "env"
    constraints = folder.parent / "constraints.txt"
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    others = [pin for pin in pins if not pin.startswith("qiskit-ibm-runtime==")]
    assert len(others) == len(pins) - 1
    constraints.write_text("\n".join(others), encoding="utf-8")
    project = f"qhub-plugins[qiskit,runtime,local] @ {ROOT.as_uri()}"
    wanted = (project, f"qiskit-ibm-runtime=={OLDEST}.*", *TOOLS)
    arguments = ("--quiet", "--constraint", constraints, *wanted)
    python = folder / "bin" / "python"
    if UV:
        run(UV, "venv", "--quiet", "--python", sys.executable, folder)
        run(UV, "pip", "install", "--python", python, "--compile-bytecode", *arguments)
        run(UV, "pip", "check", "--python", python)
    else:
        run(sys.executable, "-m", "venv", folder)
        run(python, "-m", "pip", "install", *arguments)
        run(python, "-m", "pip", "check")
    return python


def test_it_is_the_oldest_release(python: Path) -> None:
    version = run(python, "-c", "import qiskit_ibm_runtime; print(qiskit_ibm_runtime.__version__)")
    assert version.startswith(f"{OLDEST}.")
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"qiskit-ibm-runtime>={OLDEST},<" in lines


def test_the_tests_of_ibms_runtime_pass(python: Path, full: bool) -> None:
    chosen = [FOLDER] if full else [FOLDER / name for name in SMALL]
    told = run(python, "-m", "pytest", *chosen, "-q", "-n", "2", "-p", "no:cacheprovider")
    summary = told.strip().splitlines()[-1]
    passed = re.search(r"(\d+) passed", summary)
    assert passed is not None, told
    assert int(passed[1]) > 100
    assert "skipped" not in summary
