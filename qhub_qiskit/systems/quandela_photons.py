"""Photons as Perceval's results write them, without classes of Perceval beyond this module.

Only counts, samples and probabilities of plain Fock states are read: Perceval's reader makes any of its objects
from a text, some by evaluating expressions in it, and unpacks without bound.
"""

from __future__ import annotations

import zlib
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_transport.extras import require_extra
from shared_transport.loading import keeping_handlers

__all__ = ["Photons", "read_photons"]

_ZIP = ":PCVL:zip:"
_KINDS = ("BSCount", "BSSamples", "BSDistribution")
# In characters, unpacked. A million samples one by one take a few million.
_LARGEST = 1 << 28


@dataclass(frozen=True, eq=False)
class Photons:
    """Detected states.

    Attributes:
        states: Photons in each mode, or the value of each qubit; shape (rows, modes or qubits).
        weights: How many samples, or what share of 1, had each row's state; shape (rows,). None where each row is
            one sample, in their order.
        exact: Whether the weights are probabilities.
    """

    states: NDArray[np.uint8]
    weights: NDArray[Any] | None
    exact: bool

    @property
    def total(self) -> float:
        """Number of samples, or the sum of the probabilities."""
        return len(self.states) if self.weights is None else self.weights.sum().item()

    def as_qubits(self, qubits: int) -> Photons:
        """The states that are one photon in each of the first pairs of modes, as 0 (first mode) and 1 (second).

        Args:
            qubits: Number of pairs.

        Raises:
            ValueError: There are fewer modes.
        """
        rows = len(self.states)
        if rows and self.states.shape[1] < 2 * qubits:
            raise ValueError(f"{self.states.shape[1]} modes are no {qubits} qubits")
        pairs = self.states[:, : 2 * qubits].reshape(rows, qubits, 2)
        good = (pairs.sum(axis=2) == 1).all(axis=1)
        weights = None if self.weights is None else self.weights[good]
        return Photons(pairs[good, :, 1], weights, self.exact)

    def by_state(self) -> dict[str, float]:
        """How many samples, or what share of 1, had each state, written as ``|1,0,1>``."""
        weights = [1] * len(self.states) if self.weights is None else self.weights.tolist()
        counts: dict[str, float] = {}
        for row, weight in zip(self.states.tolist(), weights, strict=True):
            key = f"|{','.join(map(str, row))}>"
            counts[key] = counts.get(key, 0) + weight
        return counts


@keeping_handlers()
def read_photons(text: str) -> Photons:
    """Read a serialized ``BSCount``, ``BSSamples`` or ``BSDistribution``.

    Raises:
        ValueError: It is something else, damaged or too large.
        MissingExtraError: Perceval is not installed.
    """
    text = _unpacked(text)
    kind = text.removeprefix(":PCVL:").partition(":")[0]
    if not text.startswith(":PCVL:") or kind not in _KINDS:
        raise ValueError(f"{text[:40]!r} is none of Perceval's {', '.join(_KINDS)}")
    require_extra("The result of a photonic job", "qiskit", "perceval")
    from perceval.serialization import deserialize  # a second: at first use

    try:
        found = deserialize(text)
    except (AssertionError, RuntimeError) as problem:
        raise ValueError(f"a damaged {kind}: {problem}") from problem
    if kind == "BSSamples":
        return Photons(_rows(list(found)), None, False)
    exact = kind == "BSDistribution"
    weights = np.array(list(found.values()), dtype=float if exact else np.int64)
    return Photons(_rows(list(found.keys())), weights, exact)


def _rows(states: list[Any]) -> NDArray[np.uint8]:
    modes = len(states[0]) if states else 0
    rows = np.fromiter((n for state in states for n in state), np.uint8, len(states) * modes)
    return rows.reshape(len(states), modes)


def _unpacked(text: str) -> str:
    if not text.startswith(_ZIP):
        return text
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(b64decode(text[len(_ZIP) :], validate=True), _LARGEST)
    except zlib.error as problem:
        raise ValueError(f"the serialized object is damaged: {problem}") from problem
    if not unpacker.eof:
        raise ValueError(f"the serialized object ends too early, or is above {_LARGEST} characters")
    return content.decode()
