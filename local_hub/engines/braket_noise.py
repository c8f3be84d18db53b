"""The noise of an AWS device, from its calibration: depolarizing after each gate, bits misread.

An average gate fidelity F of n qubits is a depolarizing channel of probability p = (1 - F)(d + 1)/d with d = 2^n
(Nielsen, Phys. Lett. A 303, 249 (2002)). Diagonal gates of one qubit are changes of frame and have no error. A gate
that the service compiles counts as one native gate of its size, a gate of three qubits as one on each pair. Where a
program names no physical qubits, the service chooses them, and the device's mean errors hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np
from braket.default_simulator.noise_operations import Depolarizing, TwoQubitDepolarizing
from braket.default_simulator.operation import GateOperation, KrausOperation
from numpy.typing import NDArray

from local_hub.engines.base import Refused

_ONE, _TWO = 3 / 2, 5 / 4  # (d + 1) / d of one and of two qubits
_DIAGONAL = 1e-9
_KRAUS_SLACK = 1e-6


@dataclass(frozen=True)
class Noise:
    """Errors of a device.

    Attributes:
        one: Mean error of a gate of one qubit.
        two: Mean error of a gate of two qubits.
        readout: Mean probability that a bit is misread.
        one_of: The error of a gate on a qubit, where it is known.
        two_of: Likewise of a pair, the smaller index first.
        readout_of: Likewise of a qubit's measurement.
    """

    one: float
    two: float
    readout: float
    one_of: dict[int, float]
    two_of: dict[tuple[int, int], float]
    readout_of: dict[int, float]

    @classmethod
    def of(cls, calibration: dict[str, Any]) -> Noise:
        """Read a calibration: Braket's standardized properties, or IonQ's mean fidelities."""
        if "fidelity" in calibration:
            mean = {kind: 1 - figures["mean"] for kind, figures in calibration["fidelity"].items()}
            return cls(mean["1Q"], mean["2Q"], mean["spam"], {}, {}, {})
        one: dict[int, float] = {}
        readout: dict[int, float] = {}
        for qubit, properties in calibration["oneQubitProperties"].items():
            for entry in properties["oneQubitFidelity"]:
                is_readout = entry["fidelityType"]["name"].startswith("READOUT")
                (readout if is_readout else one)[int(qubit)] = 1 - entry["fidelity"]
        two = {}
        for pair, properties in calibration["twoQubitProperties"].items():
            first, second = sorted(map(int, pair.split("-")))
            best = max(entry["fidelity"] for entry in properties["twoQubitGateFidelity"])
            two[first, second] = 1 - best
        mean_one, mean_two = fmean(one.values()), fmean(two.values())
        return cls(mean_one, mean_two, fmean(readout.values()), one, two, readout)

    def after(self, operation: GateOperation, *, physical: bool) -> Iterable[KrausOperation]:
        """The errors that follow a gate."""
        targets = operation.targets
        if len(targets) == 1:
            if not _is_diagonal(operation.matrix):
                error = self.one_of.get(targets[0], self.one) if physical else self.one
                yield Depolarizing(targets, _ONE * error)
            return
        for pair in combinations(targets, 2):
            first, second = sorted(pair)
            error = self.two_of.get((first, second), self.two) if physical else self.two
            yield TwoQubitDepolarizing(pair, _TWO * error)

    def misread(
        self,
        bits: NDArray[np.uint8],
        qubits: Sequence[int],
        rng: np.random.Generator,
        *,
        physical: bool,
    ) -> NDArray[np.uint8]:
        """Flip each bit with its probability; shape (shots, qubits)."""
        chances = [
            self.readout_of.get(qubit, self.readout) if physical else self.readout
            for qubit in qubits
        ]
        flips = rng.random(bits.shape) < np.asarray(chances)
        flipped: NDArray[np.uint8] = bits ^ flips.astype(np.uint8)
        return flipped


def _is_diagonal(matrix: NDArray[np.complex128]) -> bool:
    return bool(np.abs(matrix - np.diag(np.diag(matrix))).max() < _DIAGONAL)


# The most of a noise's first probability (Braket's SDK, `braket.circuits.noises`); 1 where it is not named.
_MOST = {
    "bit_flip": 0.5,
    "phase_flip": 0.5,
    "depolarizing": 0.75,
    "two_qubit_depolarizing": 0.9375,
    "two_qubit_dephasing": 0.75,
}


def check_probabilities(name: str, values: Sequence[float]) -> None:
    """Refuse numbers that are no probabilities of this noise.

    Raises:
        Refused: one is out of its range.
    """
    most = _MOST.get(name, 1.0)
    for value in values:
        if not 0.0 <= value <= most:
            raise Refused(f"noise `{name}` has {value}: 0 to {most}.")
    if name == "pauli_channel" and sum(values) > 1.0 + _DIAGONAL:
        raise Refused(f"noise `{name}` has probabilities of {sum(values)} in all: at most 1.")


def check_kraus(matrices: Sequence[NDArray[np.complex128]]) -> None:
    """Refuse matrices that are no channel.

    Raises:
        Refused: the squares of the matrices do not add up to the identity.
    """
    total = sum(matrix.conj().T @ matrix for matrix in matrices)
    if not np.allclose(total, np.eye(len(matrices[0])), atol=_KRAUS_SLACK):
        raise Refused("noise `kraus`: the matrices' squares do not add up to the identity.")
