"""Perceval's core takes Ctrl-C for itself; a program that ran photonic circuits is interrupted all the same."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PRESS = "threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()"
PREPARED = """
import os, signal, sys, threading, time
from qiskit import QuantumCircuit
from qhub_qiskit import HubProvider

provider = HubProvider.local(noise=False)
altair = provider.get_backend("quandela.sim.altair")
circuit = QuantumCircuit(2, 2)
circuit.x(0)
circuit.cx(0, 1)
circuit.measure([0, 1], [0, 1])
assert "perceval" not in sys.modules
"""
USES = {
    "run": "assert set(altair.run(circuit, shots=1000).result().get_counts()) == {'11'}",
    "in several threads": """
        threads = [threading.Thread(target=altair.explain, args=[circuit]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        """,
}


@pytest.mark.parametrize("use", USES)
def test_a_wait_is_interrupted_after_photons(use: str) -> None:
    wait = f"""
        assert "perceval" in sys.modules
        assert sys.excepthook is sys.__excepthook__
        job = HubProvider.local(job_seconds=60).get_backend("kipu.sim.qsim").run(circuit, shots=1)
        {PRESS}
        try:
            job.result(timeout=30)
        except KeyboardInterrupt:
            print("interrupted")
        job.cancel()
        """
    text = PREPARED + textwrap.dedent(USES[use]) + textwrap.dedent(wait)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stdout == "interrupted\n", done.stderr


def test_perceval_would_have_taken_it() -> None:
    """Else what takes it back can go."""
    text = f"import os, perceval, signal, threading, time\n{PRESS}\ntime.sleep(3)"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
