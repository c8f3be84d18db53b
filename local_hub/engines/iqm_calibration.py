"""The calibration of an IQM device, and the noise that follows from it, by Qiskit Aer.

A gate's error is the relaxation of its qubits for the gate's duration (T1, T2), followed by a depolarizing channel that
brings the average fidelity down to the measured one (as in iqm-client's fake backends). A delay is relaxation. A
measurement misreads 0 and 1 with the device's chances. Idle qubits, resets and the preparation of 0 have no error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from qiskit_aer.noise import (
    NoiseModel,
    QuantumError,
    ReadoutError,
    depolarizing_error,
    thermal_relaxation_error,
)

# The Qiskit gates that stand for native ones in a simulation.
_PRX, _CZ = "r", "cz"


class Calibration:
    """What was measured on a device; qubits by their place in its architecture, times in seconds."""

    def __init__(self, document: dict[str, Any], qubits: Sequence[str]) -> None:
        self.set_id: str = document["calibrationSetId"]
        self._qubits = qubits
        self._values = {
            _field(item["dut_field"]): float(item["value"])
            for item in document["observations"]
            if not item["invalid"]
        }
        self._gate_error = cache(self._new_gate_error)

    def noise(self, qubits: Sequence[int], pairs: Sequence[tuple[int, int]]) -> NoiseModel:
        """The noise of some qubits alone, numbered from 0 in the order given, with the pairs that `cz` couples."""
        model = NoiseModel()
        for number, qubit in enumerate(qubits):
            model.add_quantum_error(self._gate_error("prx", (qubit,)), [_PRX], [number])
            zero, one = self.misread(qubit)
            model.add_readout_error(ReadoutError([[1 - zero, zero], [one, 1 - one]]), [number])
        number_of = {qubit: number for number, qubit in enumerate(qubits)}
        for pair in pairs:
            numbers = [number_of[qubit] for qubit in pair]
            model.add_quantum_error(self._gate_error("cz", pair), [_CZ], numbers)
        return model

    def relaxation(self, qubit: int, seconds: float) -> QuantumError:
        """What waiting does to a qubit."""
        t1, t2 = self.times(qubit)
        return thermal_relaxation_error(t1, t2, seconds)

    def times(self, qubit: int) -> tuple[float, float]:
        """T1 and T2 of a qubit. No T2 is above twice T1, whatever was measured."""
        t1 = self._of(f"characterization.model.{self._qubits[qubit]}.t1_time")
        t2 = self._of(f"characterization.model.{self._qubits[qubit]}.t2_time")
        return t1, min(t2, 2 * t1)

    def misread(self, qubit: int) -> tuple[float, float]:
        """The chances that 0 is read as 1, and 1 as 0."""
        where = f"metrics.ssro.measure.{self._qubits[qubit]}"
        return self._of(f"{where}.error_0_to_1"), self._of(f"{where}.error_1_to_0")

    def duration(self, gate: str, qubits: Sequence[int]) -> float:
        """How long a gate takes."""
        return self._of(f"gates.{gate}.{self._locus(qubits)}.duration")

    def _new_gate_error(self, gate: str, qubits: tuple[int, ...]) -> QuantumError:
        seconds = self.duration(gate, qubits)
        method = "rb" if gate == "prx" else "irb"
        fidelity = self._of(f"metrics.{method}.{gate}.{self._locus(qubits)}.fidelity")
        dimension = 2 ** len(qubits)
        # Process fidelities: of the gate as measured, and of relaxation alone.
        measured = ((dimension + 1) * fidelity - 1) / dimension
        relaxed = 1.0
        for qubit in qubits:
            t1, t2 = self.times(qubit)
            relaxed *= (1 + math.exp(-seconds / t1) + 2 * math.exp(-seconds / t2)) / 4
        depolarized = max(0.0, (relaxed - measured) / (relaxed - 1 / dimension**2))
        error = self.relaxation(qubits[0], seconds)
        for qubit in qubits[1:]:
            # Aer's first qubit is the rightmost factor.
            error = error.expand(self.relaxation(qubit, seconds))
        return error.compose(depolarizing_error(depolarized, len(qubits)))

    def _locus(self, qubits: Sequence[int]) -> str:
        names = [self._qubits[qubit] for qubit in sorted(qubits)]
        return "__".join(names)

    def _of(self, field: str) -> float:
        return self._values[field]


def _field(name: str) -> str:
    """An observation's name without the implementation: `gates.prx.drag_crf.QB1.duration` loses `drag_crf`."""
    parts = name.split(".")
    if parts[0] == "metrics":
        del parts[3]
    elif parts[0] == "gates":
        del parts[2]
    return ".".join(parts)
