"""The one truth about classical bits: from measured columns to a classical memory.

A circuit's measurements say which qubit's outcome each classical bit holds in the end. `ClassicalLayout`
keeps that, and `ClassicalMemory` is the memory that follows from it, shot by shot or as counted words.
Bits that are never written are 0, and the last write to a bit wins, as in Qiskit Aer.

A word is the whole memory of one shot: classical bit 0 is its least significant bit. Keys are hexadecimal
without padding (``0x3``), as in Qiskit's results; a result's header (`ClassicalLayout.header`) says how they
split into registers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClassicalLayout", "ClassicalMemory"]

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class ClassicalLayout:
    """Which measured column each classical bit takes its value from.

    Attributes:
        registers: Name and size of each classical register, the one with the least significant bits first.
        sources: For each classical bit its qubit (or another column label), or None if it is never written.
    """

    registers: tuple[tuple[str, int], ...]
    sources: tuple[Hashable, ...]

    @property
    def num_clbits(self) -> int:
        """Width of the classical memory in bits."""
        return len(self.sources)

    @property
    def measured(self) -> tuple[Hashable, ...]:
        """The distinct columns that are read, in the order of the first bit that reads them.

        >>> ClassicalLayout((("c", 3),), (2, None, 0)).measured
        (2, 0)
        """
        return tuple(dict.fromkeys(source for source in self.sources if source is not None))

    def header(self) -> dict[str, Any]:
        """The part of a Qiskit result header that describes the memory.

        >>> ClassicalLayout((("a", 1), ("b", 2)), (0, 1, 2)).header()
        {'creg_sizes': [['a', 1], ['b', 2]], 'memory_slots': 3}
        """
        return {
            "creg_sizes": [[name, size] for name, size in self.registers],
            "memory_slots": self.num_clbits,
        }


@dataclass(frozen=True, eq=False)
class ClassicalMemory:
    """Classical memory of many shots, packed.

    Attributes:
        words: One row a shot, or one row a distinct word where `weights` is given; shape
            (rows, ceil(num_clbits / 8)), big-endian: bit 0 of the memory is the lowest bit of the last byte.
        weights: How many shots had each row's word, or None where the rows are the shots in their order.
        num_clbits: Width of a word in bits.
    """

    words: Bytes
    weights: NDArray[np.int64] | None
    num_clbits: int

    @classmethod
    def from_shots(
        cls, bits: Bytes, columns: Sequence[Hashable], layout: ClassicalLayout
    ) -> ClassicalMemory:
        """Build from the outcomes of each shot.

        Args:
            bits: Outcomes 0 and 1, shape (shots, columns).
            columns: Label of each column.
            layout: Which label each classical bit reads.

        Raises:
            ValueError: A bit reads a column that is not there.

        >>> crossed = ClassicalLayout((("c", 2),), (1, 0))
        >>> shots = np.array([[1, 0], [1, 1]], dtype=np.uint8)
        >>> ClassicalMemory.from_shots(shots, [0, 1], crossed).hex_memory()
        ['0x2', '0x3']
        """
        if bits.ndim != 2 or bits.shape[1] != len(columns):
            raise ValueError(f"outcomes of shape {bits.shape} do not fit {len(columns)} columns")
        if bits.size and (bits.min() < 0 or bits.max() > 1):
            raise ValueError("outcomes are 0 or 1")
        return cls(_pack(bits, columns, layout), None, layout.num_clbits)

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], columns: Sequence[Hashable], layout: ClassicalLayout
    ) -> ClassicalMemory:
        """Build from counted outcomes.

        Args:
            counts: How many shots had each outcome; character k of a key is the outcome of column k.
            columns: Label of each column.
            layout: Which label each classical bit reads.

        Raises:
            ValueError: A key is not one bit a column, or a bit reads a column that is not there.

        >>> one_of_two = ClassicalLayout((("c", 1),), (1,))
        >>> ClassicalMemory.from_counts({"00": 3, "10": 2, "01": 1}, [0, 1], one_of_two).hex_counts()
        {'0x0': 5, '0x1': 1}
        """
        for key in counts:
            if len(key) != len(columns) or not set(key) <= {"0", "1"}:
                raise ValueError(f"outcome {key!r} is not {len(columns)} bits")
        for key, count in counts.items():
            if count != int(count) or count < 0:
                raise ValueError(f"the count of {key!r} is {count}")
        text = "".join(counts).encode()
        bits = np.frombuffer(text, dtype=np.uint8).reshape(len(counts), len(columns)) - ord("0")
        weights = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
        return cls(_pack(bits, columns, layout), weights, layout.num_clbits)

    @classmethod
    def from_probabilities(
        cls,
        probabilities: Mapping[str, float],
        columns: Sequence[Hashable],
        layout: ClassicalLayout,
        *,
        shots: int,
        seed: int,
    ) -> ClassicalMemory:
        """Build from the probabilities of outcomes: one multinomial draw, the same for the same seed.

        Args:
            probabilities: Of each outcome; character k of a key is the outcome of column k. They are scaled to
                the sum 1.
            columns: Label of each column.
            layout: Which label each classical bit reads.
            shots: The sum of the counts.
            seed: Of the draw.

        Raises:
            ValueError: A probability is negative or not finite, all are 0, or as `from_counts`.

        >>> one_bit = ClassicalLayout((("c", 1),), (0,))
        >>> certain = ClassicalMemory.from_probabilities({"1": 1.0}, [0], one_bit, shots=5, seed=1)
        >>> certain.hex_counts()
        {'0x1': 5}
        """
        keys = sorted(probabilities)
        weights = np.array([probabilities[key] for key in keys], dtype=float)
        total = weights.sum()
        if not np.isfinite(total) or total <= 0 or weights.min() < 0:
            raise ValueError(f"these are no probabilities: {list(probabilities.items())[:3]}")
        drawn = np.random.default_rng(seed).multinomial(shots, weights / total)
        counts = {key: int(count) for key, count in zip(keys, drawn, strict=True) if count}
        return cls.from_counts(counts, columns, layout)

    @classmethod
    def joined(cls, memories: Sequence[ClassicalMemory]) -> ClassicalMemory:
        """The shots of several memories of one width, one after the other.

        Raises:
            ValueError: There is none, or the widths differ.

        >>> one_bit = ClassicalLayout((("c", 1),), (0,))
        >>> parts = [ClassicalMemory.from_counts({bit: 2}, [0], one_bit) for bit in "01"]
        >>> ClassicalMemory.joined(parts).hex_counts()
        {'0x0': 2, '0x1': 2}
        """
        widths = {memory.num_clbits for memory in memories}
        if len(widths) != 1:
            raise ValueError(f"memories of {sorted(widths) or 'no'} bits cannot be joined")
        if len(memories) == 1:
            return memories[0]
        words = np.concatenate([memory.words for memory in memories])
        weights = None
        if not all(memory.ordered for memory in memories):
            weights = np.concatenate([memory.shot_weights for memory in memories])
        return cls(words, weights, widths.pop())

    @property
    def shots(self) -> int:
        """Number of shots, as they came back."""
        return len(self.words) if self.weights is None else int(self.weights.sum())

    @property
    def shot_weights(self) -> NDArray[np.int64]:
        """How many shots had each row's word."""
        return np.ones(len(self.words), np.int64) if self.weights is None else self.weights

    @property
    def ordered(self) -> bool:
        """Whether the order of the shots is the measured one."""
        return self.weights is None

    def hex_counts(self) -> dict[str, int]:
        """How many shots had each word."""
        if len(self.words) == 0:
            return {}
        distinct, totals = self._distinct()
        return {
            word: total
            for word, total in zip(_hexadecimal(distinct), totals.tolist(), strict=True)
            if total
        }

    def hex_memory(self, seed: int = 0) -> list[str]:
        """The word of each shot.

        Args:
            seed: As for `in_order`.
        """
        if self.weights is None:
            return _hexadecimal(self.words)
        words = _hexadecimal(self.words)
        return [words[i] for i in self._order(seed).tolist()]

    def in_order(self, seed: int = 0) -> Bytes:
        """The packed word of each shot, shape (shots, ceil(num_clbits / 8)).

        Args:
            seed: Where only counts are known (`ordered` is False), the words come in an order shuffled by
                this seed.
        """
        return self.words if self.weights is None else self.words[self._order(seed)]

    def _order(self, seed: int) -> NDArray[np.int64]:
        order = np.repeat(np.arange(len(self.words)), self.shot_weights)
        np.random.default_rng(seed).shuffle(order)
        return order

    def _distinct(self) -> tuple[Bytes, NDArray[np.int64]]:
        """The distinct words in ascending order, and how many shots had each."""
        size = self.words.shape[1]
        if size > 8:
            distinct, inverse = np.unique(self.words, axis=0, return_inverse=True)
        else:  # as numbers: many times faster
            values, inverse = np.unique(_as_numbers(self.words), return_inverse=True)
            distinct = values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - size :]
        totals = np.zeros(len(distinct), np.int64)
        np.add.at(totals, inverse.reshape(-1), self.shot_weights)
        return distinct, totals


def _pack(bits: Bytes, columns: Sequence[Hashable], layout: ClassicalLayout) -> Bytes:
    place = {label: position for position, label in enumerate(columns)}
    if len(place) != len(columns):
        raise ValueError(f"a label names two columns of {list(columns)}")
    missing = [label for label in layout.measured if label not in place]
    if missing:
        raise ValueError(f"the result has no outcome for {missing}, only for {list(columns)}")
    width = -(-layout.num_clbits // 8) * 8
    memory = np.zeros((len(bits), width), dtype=np.uint8)
    for clbit, label in enumerate(layout.sources):
        if label is not None:
            memory[:, width - 1 - clbit] = bits[:, place[label]]
    return np.packbits(memory, axis=1)


def _as_numbers(words: Bytes) -> NDArray[np.uint64]:
    """Words of at most 8 bytes as numbers."""
    padded = np.zeros((len(words), 8), np.uint8)
    padded[:, 8 - words.shape[1] :] = words
    return padded.view(">u8").reshape(-1).astype(np.uint64)


def _hexadecimal(words: Bytes) -> list[str]:
    size = words.shape[1]
    if size <= 8:
        return list(map(hex, _as_numbers(words).tolist()))
    raw = words.tobytes()
    return [hex(int.from_bytes(raw[i : i + size], "big")) for i in range(0, len(raw), size)]
