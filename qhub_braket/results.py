"""Braket's result of a gate-model task, filled from packed outcomes: nothing visits a bit by itself.

Braket's own classes check and print each bit as a Python object: half a minute for a million shots of 20 qubits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from braket.tasks import GateModelQuantumTaskResult
from numpy.typing import NDArray

from shared_transport.bits import ClassicalLayout, ClassicalMemory

__all__ = ["Outcomes", "PackedResult"]

_LARGEST_NUMBER = 8  # bytes of a word that fits a number


@dataclass(frozen=True)
class Outcomes:
    """The measured bits of many shots, packed.

    Attributes:
        memory: A word a shot; its most significant bit is the first column.
    """

    memory: ClassicalMemory

    @classmethod
    def of(cls, pieces: Iterable[NDArray[np.uint8]]) -> Outcomes:
        """Pack the bits of shots, given in pieces of shape (shots, columns).

        Raises:
            ValueError: They are not rows of bits of one length.
        """
        memories = []
        for bits in pieces:
            width = bits.shape[1]
            layout = ClassicalLayout((("measured", width),), tuple(reversed(range(width))))
            memories.append(ClassicalMemory.from_shots(bits, range(width), layout))
        return cls(ClassicalMemory.joined(memories))

    @property
    def shots(self) -> int:
        """Number of shots, as they came back."""
        return self.memory.shots

    @property
    def columns(self) -> int:
        """Number of measured qubits."""
        return self.memory.num_clbits

    def measurements(self) -> NDArray[Any]:
        """Braket's array: shape (shots, columns), of Braket's integers."""
        return self._spelled(self.memory.words).astype(int)

    def counts(self) -> Counter[str]:
        """How many shots had each word, the first column leftmost, in the order in which they appeared."""
        words = self.memory.words
        size = words.shape[1]
        if size <= _LARGEST_NUMBER:  # as numbers: many times faster
            padded = np.zeros((len(words), _LARGEST_NUMBER), np.uint8)
            padded[:, _LARGEST_NUMBER - size :] = words
            keys: NDArray[Any] = padded.view(">u8").reshape(-1).astype(np.uint64)
        else:
            keys = np.ascontiguousarray(words).view(np.dtype((np.void, size))).reshape(-1)
        _, first, totals = np.unique(keys, return_index=True, return_counts=True)
        order = np.argsort(first)
        text = (self._spelled(words[first[order]]) + ord("0")).tobytes().decode("ascii")
        width = self.columns
        spelled = (text[start : start + width] for start in range(0, len(text), width))
        counts: Counter[str] = Counter()
        dict.update(counts, zip(spelled, totals[order].tolist(), strict=True))
        return counts

    def _spelled(self, words: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.unpackbits(words, axis=1)[:, words.shape[1] * 8 - self.columns :]


class PackedResult(GateModelQuantumTaskResult):
    """A gate-model result whose measurements, counts and probabilities are made when they are first asked for.

    It is used, compared and printed as Braket's own, and a million shots of 20 qubits take three bytes each until
    then.
    """

    _outcomes: Outcomes

    @classmethod
    def of(
        cls, outcomes: Outcomes, measured_qubits: Sequence[int] | None, **fields: Any
    ) -> PackedResult:
        """A result with these outcomes.

        Args:
            outcomes: The measured bits.
            measured_qubits: The qubit of each column.
            **fields: The other fields of Braket's result.

        Raises:
            ValueError: There is not a qubit for each column.
        """
        if measured_qubits is not None and len(measured_qubits) != outcomes.columns:
            raise ValueError(
                f"it has {len(measured_qubits)} measured qubits and {outcomes.columns} bits a shot"
            )
        result = cls(
            measured_qubits=None if measured_qubits is None else list(measured_qubits),
            measurements_copied_from_device=True,
            measurement_counts_copied_from_device=False,
            measurement_probabilities_copied_from_device=False,
            **fields,
        )
        result._outcomes = outcomes
        for name in ("measurements", "measurement_counts", "measurement_probabilities"):
            del result.__dict__[name]
        return result

    @cached_property
    def measurements(self) -> NDArray[Any]:
        """Outcomes 0 and 1, shape (shots, measured qubits)."""
        return self._outcomes.measurements()

    @cached_property
    def measurement_counts(self) -> Counter[str]:
        """How many shots had each word; its first character is the first measured qubit's."""
        return self._outcomes.counts()

    @cached_property
    def measurement_probabilities(self) -> dict[str, float]:
        """The share of each word."""
        shots = self._outcomes.shots
        return {word: count / shots for word, count in self.measurement_counts.items()}
