"""IQM's quantum computers: circuits in IQM's native format, run by Qiskit Aer with the device's noise.

What the device refuses is refused here: operations and qubits it does not have, `cz` on qubits that are not coupled,
keys used twice. A result has the counts of each circuit, bits in the order of its measurement keys.

Accepted, and said in the result's metadata where it changes nothing here: dynamical decoupling (idle qubits have no
errors in the simulation) and active reset (every shot begins in state 0). Heralding drops the shots whose first
measurement reads a 1, which here only a misread bit can cause. Sources: iqm-client 36 and the API's description.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator

from local_hub.catalog import newest_calibration
from local_hub.engines.base import Refused, Task
from local_hub.engines.iqm_calibration import Calibration
from local_hub.engines.iqm_circuit import Architecture, Circuit

# Below this many qubits of a state, twice those of a density matrix, starting threads costs more than it saves.
_SIZE_WORTH_THREADS = 14
_NOT_OPTIONS = frozenset({"circuits", "shots"})
_NO_DECOUPLING = "dynamical decoupling was accepted and changes nothing: idle qubits have no errors"
_NO_RESET = "active reset was accepted and changes nothing: every shot begins in state 0"


def prepare(task: Task) -> PreparedBatch:
    """Read a batch of circuits and hold each against the device, the options and this machine.

    Raises:
        Refused: a circuit or an option is not one that the backend takes.
    """
    options = _options(task)
    architecture, calibration = _device(task.backend_id)
    _check_calibration_set(options.get("calibration_set_id"), architecture, calibration)
    _check_total(task)
    mapping = _mapping(options.get("qubit_mapping"), architecture)
    longest = options.get("max_circuit_duration_over_t2") or 0.0
    circuits = []
    for number, document in enumerate(task.input["circuits"]):
        try:
            circuit = architecture.read(document, mapping, task.limits["measured_bits"])
            _check_size(circuit, task)
            if longest:
                _check_duration(circuit, calibration, longest)
        except Refused as refusal:
            raise Refused(f"Circuit {number}: {refusal}") from refusal
        circuits.append(circuit)
    return PreparedBatch(task, options, calibration, circuits)


@dataclass
class PreparedBatch:
    """Circuits that the device takes."""

    task: Task
    options: dict[str, Any]
    calibration: Calibration
    circuits: list[Circuit]

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate each circuit and write its counts.

        Raises:
            Refused: heralding left no shot of a circuit; the real device fails such a job too.
        """
        rng = np.random.default_rng(seed)
        counts = [
            {
                "counts": self._run_circuit(number, circuit, rng),
                "measurement_keys": circuit.keys,
            }
            for number, circuit in enumerate(self.circuits)
        ]
        metadata = {
            "calibration_set_id": self.calibration.set_id,
            "localHub": {"noise": self._said_of_noise(), "options": list(self._said_of_options())},
        }
        document = {"measurement_counts": counts, "metadata": metadata}
        return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()

    def _run_circuit(
        self, number: int, circuit: Circuit, rng: np.random.Generator
    ) -> dict[str, int]:
        qubits, noisy, shots = circuit.qubits, self._is_noisy(circuit), self.task.shots
        if noisy and self.options.get("heralding_mode") == "zeros":
            passed = np.prod([1 - self.calibration.misread(qubit)[0] for qubit in qubits])
            shots = int(rng.binomial(shots, passed))
            if not shots:
                raise Refused(
                    f"Circuit {number}: no shot passed heralding; ask for more `shots`, or leave `heralding_mode` out."
                )
        method = "density_matrix" if noisy and _is_dense(circuit, shots) else "statevector"
        size = len(qubits) * (2 if method == "density_matrix" else 1)
        # Shots one after the other: the same seed gives the same counts on any machine.
        simulator = AerSimulator(
            method=method,
            max_parallel_threads=self.task.cores if size >= _SIZE_WORTH_THREADS else 1,
            max_parallel_shots=1,
            max_parallel_experiments=1,
        )
        if noisy:
            simulator.set_options(noise_model=self.calibration.noise(qubits, _pairs(circuit)))
        result = simulator.run(
            _translate(circuit, self.calibration if noisy else None),
            shots=shots,
            seed_simulator=int(rng.integers(2**31)),
        ).result()
        if not result.success:
            raise RuntimeError(f"Aer: {result.status}")
        # Aer prints its first bit last.
        counts = {
            f"{int(bits, 16):0{circuit.bits}b}"[::-1]: int(times)
            for bits, times in result.data(0)["counts"].items()
        }
        return dict(sorted(counts.items()))

    def _is_noisy(self, circuit: Circuit) -> bool:
        return self.task.noise and len(circuit.qubits) <= self.task.limits["noisy_qubits"]

    def _said_of_noise(self) -> str:
        if not self.task.noise:
            return "simulated without noise: the Hub was started so"
        most = self.task.limits["noisy_qubits"]
        ideal = [
            str(number)
            for number, circuit in enumerate(self.circuits)
            if not self._is_noisy(circuit)
        ]
        if len(ideal) == len(self.circuits):
            return f"simulated without noise: of more than {most} qubits"
        said = "simulated with the noise of the newest calibration"
        if ideal:
            said += f"; without noise, being of more than {most} qubits: circuit {', '.join(ideal)}"
        return said

    def _said_of_options(self) -> Iterator[str]:
        if self.options.get("dd_mode") == "enabled":
            yield _NO_DECOUPLING
        if self.options.get("active_reset_cycles") is not None:
            yield _NO_RESET


@cache
def _device(backend_id: str) -> tuple[Architecture, Calibration]:
    architecture = Architecture(backend_id)
    return architecture, Calibration(newest_calibration(backend_id), architecture.qubits)


def _options(task: Task) -> dict[str, Any]:
    """The options of a job, from its input and its parameters; no option twice with different values."""
    options: dict[str, Any] = {}
    for source in (task.params, task.input):
        for name, value in source.items():
            if name in _NOT_OPTIONS or value is None:
                continue
            if options.setdefault(name, value) != value:
                raise Refused(f"`{name}` differs between `input` and `input_params`: give it once.")
    for source, where in ((task.params, "input_params"), (task.input, "input")):
        shots = source.get("shots")
        if shots not in (None, task.shots):
            raise Refused(
                f"`{where}.shots` is {shots}, but the job's `shots` is {task.shots}: leave the former out."
            )
    if options.get("custom_settings"):
        raise Refused("`custom_settings` is not supported: leave it out.")
    return options


def _check_calibration_set(
    wanted: str | None, architecture: Architecture, calibration: Calibration
) -> None:
    if wanted not in (None, calibration.set_id):
        raise Refused(
            f"`calibration_set_id` {wanted}: jobs run with the newest calibration set of {architecture.device}, "
            f"{calibration.set_id}; leave it out."
        )


def _check_total(task: Task) -> None:
    total = sum(len(circuit["instructions"]) for circuit in task.input["circuits"])
    most = task.limits["instructions"]
    if total > most:
        raise Refused(
            f"The job has {total} instructions, above this machine's local limit of {most}: send several jobs."
        )


def _mapping(
    given: list[Mapping[str, str]] | Mapping[str, str] | None, architecture: Architecture
) -> dict[str, str] | None:
    if given is None:
        return None
    pairs = (
        list(given.items())
        if isinstance(given, Mapping)
        else [(item["logical_name"], item["physical_name"]) for item in given]
    )
    mapping = dict(pairs)
    if len(mapping) != len(pairs) or len(set(mapping.values())) != len(pairs):
        raise Refused("`qubit_mapping` names a qubit twice: map each logical qubit to its own.")
    for logical, physical in pairs:
        if physical not in architecture.index:
            raise Refused(
                f"`qubit_mapping` maps {logical} to {physical}, which {architecture.device} does not have."
            )
    return mapping


def _check_size(circuit: Circuit, task: Task) -> None:
    used, most = len(circuit.qubits), task.limits["qubits"]
    if used > most:
        raise Refused(
            f"it uses {used} qubits, above this machine's local limit of {most} for {task.backend_id}: make the "
            "circuit smaller, or run it on the real Hub."
        )


def _check_duration(circuit: Circuit, calibration: Calibration, longest: float) -> None:
    """Hold a circuit's duration, up to its last gate, against the shortest T2 of its qubits."""
    clock = dict.fromkeys(circuit.qubits, 0.0)
    duration = 0.0
    for operation in circuit.operations:
        end = max(clock[qubit] for qubit in operation.qubits)
        if operation.name == "delay":
            end += operation.seconds
        elif operation.name in ("reset", "cc_prx"):
            end += calibration.duration("prx", operation.qubits[:1])
        elif operation.name == "measure":
            end += max(calibration.duration("measure", (qubit,)) for qubit in operation.qubits)
        elif operation.name != "barrier":
            end += calibration.duration(operation.name, operation.qubits)
        for qubit in operation.qubits:
            clock[qubit] = end
        if operation.name not in ("barrier", "measure"):
            duration = max(duration, end)
    shortest = min(calibration.times(qubit)[1] for qubit in circuit.qubits)
    if duration > longest * shortest:
        raise Refused(
            f"it takes {duration * 1e6:.3g} us, {duration / shortest:.3g} times the shortest T2 of its qubits; "
            f"`max_circuit_duration_over_t2` is {longest:g}."
        )


def _is_dense(circuit: Circuit, shots: int) -> bool:
    """Whether one density matrix costs less than a state for each shot, as measured."""
    return not circuit.dynamic and 2 * shots > 2 ** len(circuit.qubits)


def _pairs(circuit: Circuit) -> list[tuple[int, int]]:
    """Pairs of qubits that `cz` acts on, in the orders that occur."""
    pairs = [operation.qubits for operation in circuit.operations if operation.name == "cz"]
    return [(first, second) for first, second in dict.fromkeys(pairs)]


def _translate(circuit: Circuit, calibration: Calibration | None) -> QuantumCircuit:
    """The circuit for Aer, on its own qubits only; delays as relaxation where there is noise."""
    qubits = circuit.qubits
    register = QuantumRegister(len(qubits), "q")
    bits = ClassicalRegister(circuit.bits, "c")
    translated = QuantumCircuit(register, bits)
    of = {qubit: register[number] for number, qubit in enumerate(qubits)}
    for operation in circuit.operations:
        targets = [of[qubit] for qubit in operation.qubits]
        if operation.name == "prx":
            translated.r(operation.angle, operation.phase, targets[0])
        elif operation.name == "cz":
            translated.cz(*targets)
        elif operation.name == "measure":
            translated.measure(targets, [bits[bit] for bit in operation.bits])
        elif operation.name == "cc_prx":
            with translated.if_test((bits[operation.bits[0]], True)):
                translated.r(operation.angle, operation.phase, targets[0])
        elif operation.name == "reset":
            translated.reset(targets)
        elif operation.name == "delay" and calibration is not None:
            for qubit, target in zip(operation.qubits, targets, strict=True):
                translated.append(calibration.relaxation(qubit, operation.seconds), [target])
    return translated
