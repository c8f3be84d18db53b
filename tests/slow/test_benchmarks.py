"""The benchmarks run and say what they measured. What they measure is for people to read, not for tests."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_transport_table():
    command = [sys.executable, "-m", "benchmarks", "transport", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, timeout=300)
    rows = json.loads(done.stdout)
    assert len(rows) == 16
    assert done.returncode == (0 if all(row["within"] for row in rows) else 1)
    for row in rows:
        assert row["within"] == (row["measured"] <= row["limit"])
        assert row["measured"] > 0
