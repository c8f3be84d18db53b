"""Kipu's qsim: OpenQASM 2, run by Google's qsim in its three modes.

Qiskit's parser reads the program, so that every gate of `qelib1.inc` means here what it means to Qiskit. All bit
strings of the result are big-endian: the first qubit, or the first classical bit declared, is leftmost.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np
import qsimcirq
from numpy.typing import NDArray

from local_hub.engines.base import Refused, Task
from local_hub.engines.openqasm2 import FlatProgram, flatten, read

# qsim fuses gates of up to six qubits; more has no effect.
_LARGEST_FUSED_GATE = 6
_DEFAULT_FUSED_GATE = 2
# Below this size starting threads costs more than it saves.
_QUBITS_WORTH_THREADS = 16
_LIMITS = {
    "sample": "sample_qubits",
    "statevector": "statevector_qubits",
    "amplitudes": "amplitudes_qubits",
}


def prepare(task: Task) -> PreparedProgram:
    """Read an OpenQASM 2 program and hold it against the mode, the device and this machine.

    Raises:
        Refused: the program is not OpenQASM 2, or is not one that the backend runs.
    """
    mode = str(task.params.get("mode") or "sample")
    program = read(task.input["qasm"], task.qubit_count, task.backend_id)
    flat = flatten(program)
    width = flat.num_qubits
    limit = task.limits.get(_LIMITS[mode], task.qubit_count)
    if width > limit:
        raise Refused(
            f"The program has {width} qubits, above this machine's local limit of {limit} for {task.backend_id} in "
            f"mode {mode}: make the circuit smaller, or run it on the real Hub."
        )
    if mode == "sample":
        flat.check_samplable()
    for bitstring in task.params.get("bitstrings") or () if mode == "amplitudes" else ():
        if len(bitstring) != width:
            raise Refused(
                f"input_params.bitstrings: {bitstring!r} has {len(bitstring)} bits; "
                f"the program has {width} qubits."
            )
    return PreparedProgram(task, mode, flat)


@dataclass
class PreparedProgram:
    """A program that qsim can run, flattened to gates of one and two qubits."""

    task: Task
    mode: str
    program: FlatProgram

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate with qsim and write the result document of the mode."""
        qubits = cirq.LineQubit.range(self.program.num_qubits)
        # An identity on each qubit keeps idle ones in the circuit.
        circuit = cirq.Circuit(cirq.I.on_each(*qubits))
        matrices: dict[int, cirq.MatrixGate] = {}
        for matrix, targets in self.program.gates:
            gate = matrices.get(id(matrix))
            if gate is None:
                gate = matrices[id(matrix)] = cirq.MatrixGate(matrix, unitary_check=False)
            circuit.append(gate.on(*(qubits[index] for index in targets)))
        simulator = qsimcirq.QSimSimulator(qsim_options=self._options(), seed=seed % 2**31)
        metadata: dict[str, Any] = {"num_qubits": self.program.num_qubits, "mode": self.mode}
        if self.mode == "sample":
            metadata["shots"] = self.task.shots
            return _document({"counts": self._sample(simulator, circuit, qubits)}, metadata)
        phase = np.exp(1j * self.program.global_phase)
        if self.mode == "statevector":
            _, state, _ = simulator.simulate_into_1d_array(circuit, qubit_order=qubits)
            vector = np.asarray(state).astype(np.complex128) * phase
            pairs = np.stack([vector.real, vector.imag], axis=-1).tolist()
            return _document({"statevector": pairs}, metadata)
        wanted = list(dict.fromkeys(self.task.params["bitstrings"]))
        found = simulator.compute_amplitudes(
            circuit, [int(bits, 2) for bits in wanted], qubit_order=qubits
        )
        values = [complex(amplitude) * phase for amplitude in found]
        amplitudes = {
            bits: [value.real, value.imag] for bits, value in zip(wanted, values, strict=True)
        }
        return _document({"amplitudes": amplitudes}, metadata)

    def _options(self) -> qsimcirq.QSimOptions:
        params = self.task.params
        threads = params.get("cpu_threads") or (
            self.task.cores if self.program.num_qubits >= _QUBITS_WORTH_THREADS else 1
        )
        fused = params.get("max_fused_gate_size") or _DEFAULT_FUSED_GATE
        return qsimcirq.QSimOptions(
            cpu_threads=min(int(threads), os.cpu_count() or 1),
            max_fused_gate_size=min(int(fused), _LARGEST_FUSED_GATE),
        )

    def _sample(
        self, simulator: qsimcirq.QSimSimulator, circuit: cirq.Circuit, qubits: list[cirq.LineQubit]
    ) -> dict[str, int]:
        # Each qubit is sampled once, under one key; classical bits are fanned out from there, in the order declared.
        sources = [qubit for _, qubit in sorted(self.program.measurements.items())]
        sampled = sorted(set(sources))
        circuit.append(cirq.measure(*(qubits[index] for index in sampled), key="m"))
        records = (
            simulator.run(circuit, repetitions=self.task.shots).measurements["m"].astype(np.uint8)
        )
        column = {qubit: position for position, qubit in enumerate(sampled)}
        return count(records[:, [column[qubit] for qubit in sources]])


def count(bits: NDArray[np.uint8]) -> dict[str, int]:
    """Count equal rows of a matrix of bits, keyed by the row as text."""
    packed = np.ascontiguousarray(np.packbits(bits, axis=1))
    rows = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, counts = np.unique(rows, return_index=True, return_counts=True)
    text = (bits[first] + ord("0")).astype(np.uint8)
    return {bytes(row).decode(): int(number) for row, number in zip(text, counts, strict=True)}


def _document(entries: dict[str, Any], metadata: dict[str, Any]) -> bytes:
    return json.dumps(
        {**entries, "metadata": metadata}, separators=(",", ":"), allow_nan=False
    ).encode()
