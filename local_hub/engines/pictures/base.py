"""What the pictures of all engines have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from local_hub.engines.base import Prepared, Refused, Task
from local_hub.engines.pictures import histograms

MOST_DRAWINGS = 8
"""How many circuits of a job are drawn."""
_LONGEST_TEXT = 200_000  # letters


@dataclass(frozen=True)
class Drawing:
    """A circuit as text.

    Attributes:
        title: Which of the job's circuits it is; empty where there is one.
        text: Lines for a font of one width.
        note: What a reader should know of it.
    """

    title: str
    text: str
    note: str = ""


Draw = Callable[[Task], Iterable[Drawing]]


def preparing(draw: Draw) -> Callable[[Task], Prepared]:
    """Make an engine's `prepare` of what draws a job's circuits.

    Args:
        draw: Yields a drawing a circuit; raises Refused for an input that the engine does not take.
    """

    def prepare(task: Task) -> Prepared:
        job = replace(task, input=task.input["job"])
        return _Picture(job, task.input["result"], task.input["notes"], draw)

    return prepare


@dataclass
class _Picture:
    task: Task
    result: str | None
    notes: list[str]
    draw: Draw

    def run(self, job_id: str, seed: int) -> bytes:
        notes = list(self.notes)
        try:
            drawings = list(islice(self.draw(self.task), MOST_DRAWINGS + 1))
        except Refused as refusal:
            notes.append(f"Shown as it was sent: {refusal}")
            drawings = list(islice(as_sent(self.task), MOST_DRAWINGS + 1))
        if len(drawings) > MOST_DRAWINGS:
            drawings.pop()
            notes.append(f"The job has more circuits; these are the first {MOST_DRAWINGS}.")
        notes += [
            f"{drawing.title}: {drawing.note}" if drawing.title else drawing.note
            for drawing in drawings
            if drawing.note
        ]
        found: list[histograms.Histogram] = []
        if self.result is not None:
            found, said = histograms.read(json.loads(self.result), _width(self.task))
            notes += said
        document = {
            "circuits": [{"title": item.title, "text": clipped(item.text)} for item in drawings],
            "histograms": [asdict(histogram) for histogram in found],
            "notes": notes,
        }
        return json.dumps(document).encode()


def as_sent(task: Task) -> Iterable[Drawing]:
    """The job's programs as they were sent; an input that is no text as indented JSON."""
    programs = task.input.get("qasm")
    if isinstance(programs, str):
        yield Drawing("", programs)
    elif isinstance(programs, list):
        for number, program in enumerate(programs):
            yield Drawing(f"Program {number}", str(program))
    else:
        yield Drawing("", indented(task.input))


def indented(value: Any) -> str:
    """A JSON value, indented as far as somebody reads it."""
    pieces, length = [], 0
    for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        pieces.append(piece)
        length += len(piece)
        if length > _LONGEST_TEXT:
            break
    return "".join(pieces)


def clipped(text: str) -> str:
    """The beginning of a text that is too long to look at."""
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "\n… (cut off here)"


def _width(task: Task) -> int | None:
    """How many qubits an input declares, where its results number the states."""
    width = task.input.get("qubits")
    return width if isinstance(width, int) else None
