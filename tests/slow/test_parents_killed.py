"""kill -9 of the user's process at a random moment, again and again: nothing stays behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import psutil

SCRIPT = """
from qhub_qiskit import HubProvider
from qiskit import QuantumCircuit
circuit = QuantumCircuit(20, 1)
for layer in range(40):
    for qubit in range(20):
        circuit.rx(0.1 + layer, qubit)
circuit.measure(0, 0)
backend = HubProvider.local().get_backend("aws.sim.sv1")
print("ready", flush=True)
while True:
    backend.run([circuit] * 3, shots=10).result()
"""


def test_nothing_stays_behind(full):
    chance = random.Random(3)
    for _ in range(50 if full else 4):
        with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE) as parent:
            assert parent.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 3))
            processes = psutil.Process(parent.pid).children(recursive=True)
            assert processes
            os.kill(parent.pid, signal.SIGKILL)
            assert psutil.wait_procs(processes, timeout=20)[1] == []
