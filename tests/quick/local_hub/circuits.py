"""Circuits in both dialects and their exact states, by Qiskit."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Statevector

# Every gate of kipu.sim.qsim's catalog: name -> (parameters, qubits).
QELIB_GATES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(["id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg"], (0, 1)),
    **dict.fromkeys(["rx", "ry", "rz", "p"], (1, 1)),
    "u": (3, 1),
    **dict.fromkeys(["cx", "cy", "cz", "ch", "csx", "swap"], (0, 2)),
    **dict.fromkeys(["cp", "crx", "cry", "crz", "rxx", "rzz"], (1, 2)),
    "cu": (4, 2),
    **dict.fromkeys(["ccx", "cswap"], (0, 3)),
}


def big_endian(circuit: QuantumCircuit) -> NDArray[np.complex128]:
    """The exact final state, qubit 0 most significant."""
    return np.asarray(Statevector.from_instruction(circuit.reverse_bits()).data)


def read2(program: str) -> QuantumCircuit:
    """Parse OpenQASM 2 as Qiskit does."""
    return qasm2.loads(program, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)


def overlap(left: NDArray[np.complex128], right: NDArray[np.complex128]) -> float:
    """How equal two states are, whatever their global phase: 1 when they are."""
    return float(abs(np.vdot(left, right)) ** 2)


def qelib_program(names: Iterable[str], qubits: int, seed: int) -> str:
    """A program that puts every qubit into a superposition with phases, then applies gates at random places."""
    rng = random.Random(seed)
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{qubits}];"]
    lines += [
        f"u({rng.uniform(0, 3):.6f},{rng.uniform(0, 6):.6f},0.4) q[{index}];"
        for index in range(qubits)
    ]
    for name in names:
        parameters, width = QELIB_GATES[name]
        angles = ",".join(f"{rng.uniform(-math.pi, math.pi):.6f}" for _ in range(parameters))
        targets = ",".join(f"q[{index}]" for index in rng.sample(range(qubits), width))
        lines.append(f"{name}{f'({angles})' if angles else ''} {targets};")
    return "\n".join(lines) + "\n"


def total_variation(counts: dict[str, int], exact: dict[str, float]) -> float:
    """How far counts are from a distribution: half the sum of the differences."""
    shots = sum(counts.values())
    keys = {*counts, *exact}
    return 0.5 * sum(abs(counts.get(key, 0) / shots - exact.get(key, 0.0)) for key in keys)
