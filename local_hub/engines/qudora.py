"""QUDORA's XG1 simulator: OpenQASM 2 and 3, run by Aer without gate noise.

As on QUDORA's backends, a measurement leaves its qubit in state 0, and `if`, `reset` and measurements in the middle of
a circuit are taken; loops are not. Keys are in Qiskit's order: the last classical bit declared is leftmost, no spaces.

Source of the rules: the manual of `qudora-sdk` 2.0 ("Note about mid-circuit measurements", "Customised Settings").
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit.circuit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError

from local_hub.engines import openqasm2
from local_hub.engines.base import Refused, Task
from local_hub.engines.openqasm3 import read as read3
from local_hub.engines.qudora_circuit import prepared_for_aer

_VERSIONS = {"OpenQASM2": "2", "OpenQASM3": "3"}


def prepare(task: Task) -> PreparedPrograms:
    """Read the programs and hold them against the device and this machine.

    Raises:
        Refused: one of them is not in the language named, or is not one that the backend runs.
    """
    sources = task.input["qasm"]
    programs = [sources] if isinstance(sources, str) else sources
    most = task.limits["programs"]
    if len(programs) > most:
        raise Refused(
            f"`input.qasm` has {len(programs)} programs; {task.backend_id} takes {most} a job: send several jobs."
        )
    if task.shots % len(programs):
        raise Refused(
            f"`shots` is {task.shots} for {len(programs)} programs: it is their total, a multiple of their number."
        )
    settings = task.params.get("backend_settings") or {}
    if settings.get("two_qubit_gate_noise_strength"):
        raise Refused(
            "`backend_settings.two_qubit_gate_noise_strength` has to be 0 here: QUDORA does not publish the noise that "
            "it scales. Leave it out, or run on the real Hub."
        )
    circuits = []
    for number, source in enumerate(programs):
        try:
            circuits.append(_circuit(source, task))
        except Refused as refusal:
            if len(programs) == 1:
                raise
            raise Refused(f"Program {number}: {refusal}") from refusal
    return PreparedPrograms(task, circuits, settings.get("measurement_error_probability") or 0.0)


def _circuit(source: str, task: Task) -> QuantumCircuit:
    language = task.params.get("language") or (
        "OpenQASM3" if task.input_format == "OPEN_QASM_V3" else "OpenQASM2"
    )
    _check_version(source, language)
    if language == "OpenQASM3":
        circuit = read3(source, task.qubit_count, task.backend_id, task.limits)
    else:
        circuit = openqasm2.read(source, task.qubit_count, task.backend_id)
    local = task.limits.get("qubits", task.qubit_count)
    if circuit.num_qubits > local:
        raise Refused(
            f"The program has {circuit.num_qubits} qubits, above this machine's local limit of {local} for "
            f"{task.backend_id}: make the circuit smaller, or run it on the real Hub."
        )
    return prepared_for_aer(circuit, task.limits["gates"])


def _check_version(source: str, language: str) -> None:
    """Refuse a program whose first line says another version than `language`."""
    head = source.lstrip()[:40].split(";")[0].split()
    if len(head) != 2 or head[0] != "OPENQASM":
        return
    version = head[1].partition(".")[0]
    if version in _VERSIONS.values() and version != _VERSIONS[language]:
        raise Refused(
            f"The program says OPENQASM {head[1]}, but is to be read as {language}: set `input_params.language` to "
            f"OpenQASM{version}."
        )


@dataclass
class PreparedPrograms:
    """Programs that the backend takes, as circuits for Aer.

    Attributes:
        task: The job.
        circuits: A circuit a program.
        misread: The probability that a measured bit is read wrong.
    """

    task: Task
    circuits: list[QuantumCircuit]
    misread: float

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate: one document for one program, a list of documents for several."""
        shots = self.task.shots // len(self.circuits)
        seeds = np.random.SeedSequence(seed).generate_state(len(self.circuits)).tolist()
        documents = [
            self._run(circuit, shots, own_seed)
            for circuit, own_seed in zip(self.circuits, seeds, strict=True)
        ]
        whole: Any = documents if len(documents) > 1 else documents[0]
        return json.dumps(whole, separators=(",", ":")).encode()

    def _run(self, circuit: QuantumCircuit, shots: int, seed: int) -> dict[str, Any]:
        # One shot after the other: the outcome must not depend on the number of cores.
        simulator = AerSimulator(
            max_parallel_threads=self.task.cores,
            max_parallel_shots=1,
            noise_model=_noise(self.misread),
        )
        outcome = simulator.run(circuit, shots=shots, memory=True, seed_simulator=seed).result()
        if not outcome.success:
            raise RuntimeError(outcome.results[0].status)
        width = circuit.num_clbits
        memory = [f"{int(value, 16):0{width}b}" for value in outcome.data(0)["memory"]]
        document: dict[str, Any] = {"counts": dict(sorted(Counter(memory).items()))}
        if shots * width <= self.task.limits["memory_characters"]:
            document["memory"] = memory
        return document


def _noise(misread: float) -> NoiseModel | None:
    if not misread:
        return None
    model = NoiseModel()
    model.add_all_qubit_readout_error(
        ReadoutError([[1 - misread, misread], [misread, 1 - misread]])
    )
    return model
