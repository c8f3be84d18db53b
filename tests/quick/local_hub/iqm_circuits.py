"""Circuits in IQM's native format, their exact states in numpy, and how a Hub is asked to run them."""

from __future__ import annotations

import cmath
import math
import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.quick.local_hub.hub_process import HubProcess

GARNET, EMERALD = "iqm.qpu.garnet", "iqm.qpu.emerald"
# A path of coupled qubits on Garnet.
PATH = ["QB8", "QB9", "QB10", "QB11", "QB16", "QB15"]
QUARTER = {"angle": math.pi / 2, "phase": math.pi / 2}

Instruction = dict[str, Any]


def prx(qubit: str, angle: float = math.pi, phase: float = 0.0) -> Instruction:
    return {"name": "prx", "locus": [qubit], "args": {"angle": angle, "phase": phase}}


def cz(first: str, second: str) -> Instruction:
    return {"name": "cz", "locus": [first, second], "args": {}}


def measure(key: str, *qubits: str, **more: str) -> Instruction:
    return {"name": "measure", "locus": list(qubits), "args": {"key": key, **more}}


def cc_prx(qubit: str, key: str, source: str, **args: float) -> Instruction:
    angles = {"angle": math.pi, "phase": 0.0, **args}
    feedback = {"feedback_key": key, "feedback_qubit": source}
    return {"name": "cc_prx", "locus": [qubit], "args": {**angles, **feedback}}


def batch(*circuits: list[Instruction], **options: Any) -> dict[str, Any]:
    named = [{"name": f"c{n}", "instructions": circuit} for n, circuit in enumerate(circuits)]
    return {"circuits": named, **options}


def run(
    hub: HubProcess,
    *circuits: list[Instruction],
    shots: int = 100,
    to: str = GARNET,
    **options: Any,
) -> Any:
    """The entries of `measurement_counts`, one a circuit."""
    return hub.run(to, "", shots, input=batch(*circuits, **options))["measurement_counts"]


def counts(hub: HubProcess, circuit: list[Instruction], shots: int = 100, **more: Any) -> Any:
    """The counts of one circuit."""
    return run(hub, circuit, shots=shots, **more)[0]["counts"]


def state(circuit: list[Instruction], qubits: list[str]) -> NDArray[np.complex128]:
    """The exact state, the first qubit most significant: IQM's matrices, multiplied."""
    vector = np.zeros((2,) * len(qubits), dtype=complex)
    vector[(0,) * len(qubits)] = 1
    for instruction in circuit:
        axes = [qubits.index(qubit) for qubit in instruction["locus"]]
        if instruction["name"] == "prx":
            angle, phase = instruction["args"]["angle"], instruction["args"]["phase"]
            cosine, sine = math.cos(angle / 2), -1j * math.sin(angle / 2)
            matrix = np.array(
                [[cosine, sine * cmath.exp(-1j * phase)], [sine * cmath.exp(1j * phase), cosine]]
            )
            vector = np.moveaxis(np.tensordot(matrix, vector, (1, axes[0])), 0, axes[0])
        elif instruction["name"] == "cz":
            ones: list[Any] = [slice(None)] * len(qubits)
            ones[axes[0]] = ones[axes[1]] = 1
            vector[tuple(ones)] *= -1
    return vector.ravel()


def distribution(circuit: list[Instruction], qubits: list[str]) -> dict[str, float]:
    chances = abs(state(circuit, qubits)) ** 2
    return {f"{n:0{len(qubits)}b}": float(chance) for n, chance in enumerate(chances)}


def in_turns(circuit: list[Instruction]) -> list[Instruction]:
    """The same circuit in the API's dialect."""
    translated = []
    for instruction in circuit:
        args = {
            f"{name}_t" if name in ("angle", "phase") else name: value / (2 * math.pi)
            if name in ("angle", "phase")
            else value
            for name, value in instruction["args"].items()
        }
        qubits = instruction["locus"]
        translated.append({"name": instruction["name"], "qubits": qubits, "args": args})
    return translated


def random_gates(seed: int, qubits: list[str] = PATH, layers: int = 4) -> list[Instruction]:
    chance = random.Random(seed)
    gates = []
    for layer in range(layers):
        gates += [prx(q, chance.uniform(-7, 7), chance.uniform(-7, 7)) for q in qubits]
        pairs = zip(qubits[layer % 2 :: 2], qubits[layer % 2 + 1 :: 2], strict=False)
        gates += [cz(*(pair if layer < 2 else pair[::-1])) for pair in pairs]
    return gates + [prx(q, chance.uniform(-7, 7), chance.uniform(-7, 7)) for q in qubits]
