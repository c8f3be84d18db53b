"""What the README shows runs as written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


SHOWN = {"qiskit": ["'00'", "'11'"], "braket": ["'00'", "'11'"], "api": ["aws.sim.sv1 SIMULATOR"]}


@pytest.mark.parametrize(
    ("block", "shown"), list(zip(BLOCKS, SHOWN.values(), strict=True)), ids=SHOWN
)
def test_python_blocks(block, shown, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, cwd=tmp_path, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [text for text in shown if text not in done.stdout] == []


def test_the_commands_it_names_exist():
    named = set(re.findall(r"^qhub (\w+)", README, re.MULTILINE))
    assert named == {"run", "demo", "local"}
    for command in named - {"local"}:
        subprocess.run(
            [Path(sys.executable).with_name("qhub"), command, "--help"],
            check=True,
            capture_output=True,
            timeout=60,
        )
