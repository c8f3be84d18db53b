"""What is in a result of Quandela's: Perceval's serialized counts, samples or probabilities.

Source of the format: perceval-quandela 1.3.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any


def numbers(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """The outcomes of each iteration.

    Yields:
        A title, the unit, and the numbers by Fock state.
    """
    results = json.loads(document["results"])
    parts = results.get("results_list")
    if parts is None:
        yield "", *_of(results["results"])
        return
    for number, part in enumerate(parts):
        yield f"Iteration {number}", *_of(part["results"])


def _of(text: str) -> tuple[str, dict[str, float]]:
    # Only here: other systems' jobs are drawn by workers that have not loaded Perceval.
    from perceval import BSDistribution, BSSamples
    from perceval.serialization import deserialize

    found = deserialize(text)
    if isinstance(found, BSSamples):
        return "shots", dict(Counter(str(state) for state in found))
    unit = "probability" if isinstance(found, BSDistribution) else "shots"
    return unit, {str(state): number for state, number in found.items()}
