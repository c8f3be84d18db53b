"""IonQ's ideal simulator on Azure: a circuit in IonQ's JSON (gateset `qis`), run by Aer's state vector.

The answer is the exact distribution over all qubits, whatever the number of shots: IonQ's clients draw their own
samples. A key is the measured integer in decimal, qubit 0 being its least significant bit.

Source of the rules: IonQ's API reference ("Writing quantum programs", "Supported gates").
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from qiskit_aer import AerSimulator

from local_hub.engines.azure_ionq_gates import CircuitBuilder
from local_hub.engines.base import Refused, Task

# Rounding leaves about 1e-32 where nothing is; IonQ leaves such states out as well.
_NOTHING = 1e-14


def prepare(task: Task) -> PreparedCircuit:
    """Read a circuit and hold it against the device and this machine.

    Raises:
        Refused: a gate is not one that the simulator takes, or the circuit is too large.
    """
    width: int = task.input["qubits"]
    if width > task.qubit_count:
        raise Refused(
            f"`input.qubits` is {width}; {task.backend_id} has {task.qubit_count} qubits."
        )
    local = task.limits.get("qubits", task.qubit_count)
    if width > local:
        raise Refused(
            f"`input.qubits` is {width}, above this machine's local limit of {local} for {task.backend_id}: "
            "make the circuit smaller, or run it on the real Hub."
        )
    for name, register in (task.input.get("registers") or {}).items():
        for qubit in register:
            if not 0 <= qubit < width:
                raise Refused(
                    f"`input.registers.{name}` has qubit {qubit}; the circuit has 0 to {width - 1}."
                )
    builder = CircuitBuilder(width, task.limits["gates"])
    for position, application in enumerate(task.input["circuit"]):
        builder.add(position, application)
    return PreparedCircuit(task, builder)


@dataclass
class PreparedCircuit:
    """A circuit that the simulator takes."""

    task: Task
    builder: CircuitBuilder

    def run(self, job_id: str, seed: int) -> bytes:
        """Compute the distribution. There is nothing random in it.

        Raises:
            Refused: more basis states have a probability than this machine writes down.
        """
        circuit = self.builder.circuit.copy()
        circuit.save_probabilities()
        simulator = AerSimulator(method="statevector", max_parallel_threads=self.task.cores)
        outcome = simulator.run(circuit, shots=1).result()
        if not outcome.success:
            raise RuntimeError(outcome.results[0].status)
        probabilities = np.asarray(outcome.data(0)["probabilities"])
        states = np.flatnonzero(probabilities > _NOTHING)
        most = self.task.limits["histogram_entries"]
        if len(states) > most:
            raise Refused(
                f"{len(states)} basis states have a probability, above this machine's local limit of {most} for a "
                "histogram: undo the superposition of qubits that you do not need."
            )
        histogram = {
            str(state): probability
            for state, probability in zip(
                states.tolist(), probabilities[states].tolist(), strict=True
            )
        }
        return json.dumps({"histogram": histogram}, separators=(",", ":"), allow_nan=False).encode()
