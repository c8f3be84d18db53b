"""Counts and memory as services of OpenQASM programs return them: words in Qiskit's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shared_transport.bits import ClassicalLayout, ClassicalMemory

__all__ = ["read_words"]


def read_words(document: Mapping[str, Any], layout: ClassicalLayout | None) -> ClassicalMemory:
    """Read ``memory``, or ``counts`` where there is none.

    A word is the whole classical memory of the program: its last declared bit leftmost, with or without spaces
    between registers, or a hexadecimal number.

    Args:
        document: The result.
        layout: Which declared bit of the program each of the circuit's classical bits reads.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: These are no such words.
    """
    if layout is None:
        raise ValueError("nothing says which bits were measured")
    width = 1 + max((source for source in layout.sources if isinstance(source, int)), default=-1)
    columns = range(width)[::-1]
    memory: Sequence[str] | None = document.get("memory")
    if not memory:
        counts: Counter[str] = Counter()
        for word, count in document["counts"].items():
            counts[_bits(word, width)] += count
        return ClassicalMemory.from_counts(counts, columns, layout)
    words = [_bits(word, width) for word in memory]
    if set(map(len, words)) != {width}:
        raise ValueError(f"a word of the memory is not {width} bits")
    outcomes = np.frombuffer("".join(words).encode(), np.uint8).reshape(len(words), width) - ord(
        "0"
    )
    return ClassicalMemory.from_shots(outcomes, columns, layout)


def _bits(word: str, width: int) -> str:
    return f"{int(word, 16):0{width}b}" if word.startswith("0x") else word.replace(" ", "")
