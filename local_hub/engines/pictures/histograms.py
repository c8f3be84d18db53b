"""Histograms of result documents, by the document's shape, whoever wrote it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_hub.engines.base import Refused
from local_hub.engines.pictures import ibm_results, quandela_results

MOST_OUTCOMES = 64
"""How many outcomes of a histogram are named; the others are counted."""
_MOST_HISTOGRAMS = 16
_MOST_NUMBERS = 8


@dataclass(frozen=True)
class Histogram:
    """How often each outcome came.

    Attributes:
        title: Which of the job's circuits it belongs to; empty where there is one.
        unit: `shots` or `probability`.
        values: The most frequent outcomes with their numbers, the most frequent first.
        total: The sum of all numbers.
        more: How many outcomes are left out.
        rest: The sum of theirs.
    """

    title: str
    unit: str
    values: list[tuple[str, float]]
    total: float
    more: int
    rest: float

    @classmethod
    def of(cls, title: str, unit: str, numbers: Mapping[str, float]) -> Histogram:
        """Sort outcomes; equal ones by name. What never came is left out."""
        seen = [(key, value) for key, value in numbers.items() if value]
        seen.sort(key=lambda entry: (-entry[1], entry[0]))
        named, others = seen[:MOST_OUTCOMES], seen[MOST_OUTCOMES:]
        rest = sum(value for _, value in others)
        return cls(title, unit, named, sum(value for _, value in named) + rest, len(others), rest)


def read(document: Any, width: int | None = None) -> tuple[list[Histogram], list[str]]:
    """Read a result document.

    Args:
        document: As parsed.
        width: Qubits of the circuit, where outcomes are numbers of basis states.

    Returns:
        Its histograms, and what it says beside them.
    """
    reader = _Reader(width)
    try:
        reader.read(document, "")
    except (Refused, LookupError, TypeError, ValueError, AttributeError) as error:
        reader.notes.append(f"The result document is of a shape not known here: {error}")
    found = reader.found
    if len(found) > _MOST_HISTOGRAMS:
        reader.notes.append(
            f"The result has {len(found)} histograms; these are the first {_MOST_HISTOGRAMS}."
        )
    return found[:_MOST_HISTOGRAMS], reader.notes


class _Reader:
    def __init__(self, width: int | None) -> None:
        self.found: list[Histogram] = []
        self.notes: list[str] = []
        self._width = width

    def read(self, document: Any, title: str) -> None:
        if isinstance(document, list):
            for number, part in enumerate(document):
                self.read(part, f"Program {number}")
        elif not isinstance(document, dict):
            self.notes.append("The result has no counts.")
        elif "error" in document:
            self.notes.append(f"The job failed: {document['error']['message']}")
        elif "counts" in document:
            self._add(title, "shots", document["counts"])
        elif "histogram" in document:
            self._add(title, "probability", self._numbered(document["histogram"]))
        elif "measurement_counts" in document:
            self._batch(document["measurement_counts"])
        elif "statevector" in document:
            self._state(title, document["statevector"])
        elif "amplitudes" in document:
            self._add(title, "probability", _probabilities(document["amplitudes"]))
        elif "programResults" in document:
            for number, program in enumerate(document["programResults"]):
                self._rows(f"Program {number}", program["executableResults"][0]["measurements"])
        elif "measurements" in document or "resultTypes" in document:
            self._task(title, document)
        elif isinstance(document.get("results"), str):
            for part, unit, numbers in quandela_results.numbers(document):
                self._add(part, unit, numbers)
        elif document.get("__type__") == "PrimitiveResult":
            self._primitive(document)
        else:
            self.notes.append("The result has no counts.")

    def _add(self, title: str, unit: str, numbers: Mapping[str, float]) -> None:
        self.found.append(Histogram.of(title, unit, numbers))

    def _numbered(self, histogram: Mapping[str, float]) -> dict[str, float]:
        """Basis states as bits; qubit 0, the least significant one, is rightmost."""
        if self._width is None:
            return dict(histogram)
        return {f"{int(state):0{self._width}b}": value for state, value in histogram.items()}

    def _batch(self, batch: Iterable[Any]) -> None:
        for number, entry in enumerate(batch):
            keys = ", ".join(entry["measurement_keys"][:_MOST_NUMBERS])
            self._add(f"Circuit {number} ({keys})", "shots", entry["counts"])

    def _state(self, title: str, pairs: Any) -> None:
        amplitudes = np.asarray(pairs, dtype=float)
        probabilities = (amplitudes**2).sum(axis=-1)
        self._dense(title, probabilities)

    def _dense(self, title: str, probabilities: NDArray[np.float64]) -> None:
        """Probabilities of all basis states; the first qubit is leftmost."""
        width = max(1, (len(probabilities) - 1).bit_length())
        # Rounding leaves a little where nothing is.
        states = np.flatnonzero(probabilities > 1e-12)
        numbers = {f"{state:0{width}b}": float(probabilities[state]) for state in states.tolist()}
        self._add(title, "probability", numbers)

    def _task(self, title: str, document: Mapping[str, Any]) -> None:
        """A result of Braket's: rows of bits, or the sequences of an analog program."""
        rows = document.get("measurements")
        if rows and isinstance(rows[0], dict):
            self._add(title, "shots", Counter(_atoms(row["shotResult"]) for row in rows))
        elif rows:
            self._rows(title, rows)
        for result in document.get("resultTypes") or ():
            self._result_type(result["type"], result["value"])

    def _rows(self, title: str, rows: Any) -> None:
        bits = np.asarray(rows, dtype=np.uint8)
        if bits.ndim == 2:
            self._add(title, "shots", Counter(map(_text, np.ascontiguousarray(bits))))

    def _result_type(self, kind: Mapping[str, Any], value: Any) -> None:
        name = str(kind["type"])
        if name == "probability":
            self._dense(f"probability{_targets(kind)}", np.asarray(value, dtype=float))
        elif name == "statevector":
            self._state("state vector", value)
        elif name == "amplitude":
            self._add("amplitudes", "probability", _probabilities(value))
        elif isinstance(value, int | float | list):
            observable = "⊗".join(str(part) for part in kind.get("observable") or ())
            self.notes.append(f"{name} {observable}{_targets(kind)}: {_numbers(value)}")

    def _primitive(self, document: Mapping[str, Any]) -> None:
        for title, counts in ibm_results.counts(document):
            self._add(title, "shots", counts)
        for title, values, errors in ibm_results.expectations(document):
            self.notes.append(f"{title}: {_numbers(values)} ± {_numbers(errors)}")


def _probabilities(amplitudes: Mapping[str, Any]) -> dict[str, float]:
    return {bits: float(re) ** 2 + float(im) ** 2 for bits, (re, im) in amplitudes.items()}


def _text(row: NDArray[np.uint8]) -> str:
    return (row + ord("0")).tobytes().decode("ascii")


def _atoms(shot: Mapping[str, Any]) -> str:
    """Braket's letters: e for an empty site, g for an atom in the ground state, r for one in the Rydberg state."""
    return "".join(
        ("g" if after else "r") if before else "e"
        for before, after in zip(shot["preSequence"], shot["postSequence"], strict=True)
    )


def _targets(kind: Mapping[str, Any]) -> str:
    targets = kind.get("targets")
    return f" of qubits {', '.join(map(str, targets))}" if targets else ""


def _numbers(value: Any) -> str:
    flat = np.asarray(value, dtype=float).ravel()
    shown = ", ".join(f"{number:.6g}" for number in flat[:_MOST_NUMBERS])
    return shown + (f", … ({len(flat)} numbers)" if len(flat) > _MOST_NUMBERS else "")
