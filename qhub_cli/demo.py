"""Circuits with known answers, through both SDKs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_transport.client import HubClient
from shared_transport.embedded import embedded_hub
from shared_transport.errors import ConfigurationError

from .programs import read_source
from .run import Run, Wishes, run_source

__all__ = ["DemoRow", "largest_distance", "run_demo"]

# Each circuit runs once through each of these.
WAYS = (("qiskit", "aws.sim.sv1"), ("qiskit", "kipu.sim.qsim"), ("braket", "aws.sim.sv1"))
# A sample of 4,000 shots over 16 equally likely outcomes lies 0.025 off on average.
_DISTANCE, _OF_SHOTS = 0.06, 4000


@dataclass(frozen=True)
class DemoRow:
    """One circuit on one backend.

    Attributes:
        title: What the circuit is.
        run: How it went.
        distance: Total variation distance of the counts from the known answer, between 0 and 1.
    """

    title: str
    run: Run
    distance: float

    @property
    def right(self) -> bool:
        """Whether the counts are those of the known answer, up to chance."""
        return self.distance <= largest_distance(self.run.shots)


def largest_distance(shots: int) -> float:
    """How far off counts may be by chance.

    What chance does to each share shrinks with the square root of the number of shots; the distance adds them up.
    """
    return _DISTANCE * math.sqrt(_OF_SHOTS / shots)


def run_demo(folder: Path | None = None, *, shots: int = 4000) -> Iterator[DemoRow]:
    """Run every circuit of a folder on a local Hub, a row at a time.

    Args:
        folder: Folder with ``*.qasm`` and ``answers.json``; else the circuits that come with this package.
        shots: How often each circuit is executed.

    Raises:
        ConfigurationError: The folder has no answers.
        HubError: A circuit could not be run.
    """
    folder = folder or shipped_circuits()
    answers = _answers(folder)
    client = HubClient(embedded_hub())
    for name, answer in answers.items():
        source = read_source(folder / f"{name}.qasm")
        for sdk, backend in WAYS:
            run = run_source(client, source, Wishes(backend, sdk, shots))
            yield DemoRow(answer["title"], run, _distance(run, answer))


def shipped_circuits() -> Path:
    """The circuits in the installed package, else in the checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "circuits"
    return installed if installed.is_dir() else package.parent / "notebooks" / "circuits"


def _answers(folder: Path) -> dict[str, Any]:
    path = folder / "answers.json"
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        reason = type(problem).__name__
    else:
        return dict(answers)
    raise ConfigurationError(
        f"{path} cannot be read ({reason}).",
        hint="Give the folder with the circuits, notebooks/circuits in a checkout.",
    )


def _distance(run: Run, answer: Mapping[str, Any]) -> float:
    likely, others, bits = answer["likely"], answer["others"], answer["bits"]
    backwards = run.sdk == "braket"  # Braket prints the first qubit leftmost
    counts = {(word[::-1] if backwards else word): count for word, count in run.counts.items()}
    words = {format(number, f"0{bits}b") for number in range(2**bits)} | set(counts)
    return 0.5 * math.fsum(
        abs(counts.get(word, 0) / run.shots - likely.get(word, others)) for word in words
    )
