"""The benchmarks run and say what they measured. What they measure is for people to read, not for tests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("transport", 16),
        ("local-hub", 7 + 4 + 16),
        ("qiskit", 3 + 11 + 4 + 2),
        ("runtime", 4),
        ("braket", 1 + 2 + 2 + 2),
    ],
    ids=["transport", "local-hub", "qiskit", "runtime", "braket"],
)
def test_the_table(name, count):
    command = [sys.executable, "-m", "benchmarks", name, "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, timeout=600)
    rows = json.loads(done.stdout)
    assert len(rows) == count
    assert done.returncode == (0 if all(row["within"] for row in rows) else 1)
    for row in rows:
        if row["what"] == "accepted jobs without a result":
            assert row["measured"] == 0
        elif (
            "beyond" in row["what"]
        ):  # a difference: an import without garbage collection may be the faster one
            assert row["measured"] != 0
        else:
            assert row["measured"] > 0
        at_least = row["unit"] == "/s"
        if row["limit"] is None:
            assert row["within"]
        else:
            good = row["measured"] >= row["limit"] if at_least else row["measured"] <= row["limit"]
            assert row["within"] == good
