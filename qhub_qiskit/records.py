"""What a job's result needs to know of its circuits, and how that travels with the job.

The input itself says most of it. What it does not say (registers that the language cannot name, a bit that
repeats another, names, metadata, the job's place in a list) goes into tags, so that any process can read the
result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared_transport import tags as tag_codec
from shared_transport.bits import ClassicalLayout

__all__ = ["CircuitRecord", "JobRecord", "Place", "place_of", "read_tags", "write_tags"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CircuitRecord:
    """What is known of one circuit of a job.

    Attributes:
        layout: Which column of the result each classical bit holds; None where nothing says it.
        name: The circuit's name.
        metadata: The circuit's metadata.
        header: Further fields of the result's header.
    """

    layout: ClassicalLayout | None
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a job stands among those that one call of `run` created.

    Attributes:
        run: Names the call: the same for all its jobs.
        number: The job's number, from 0.
        of: How many jobs there are.
    """

    run: str
    number: int
    of: int


@dataclass(frozen=True)
class JobRecord:
    """What is known of one job.

    Attributes:
        circuits: Its circuits.
        memory: Whether the memory was asked for.
        shots: Shots of each circuit, or None where the job's own number says it.
        seed: The seed that was given, or None.
        share: Which share of its circuits' shots it holds, from 0, and of how many; ``(0, 1)`` is all.
        place: Where it stands among several jobs; None if it is the only one.
    """

    circuits: tuple[CircuitRecord, ...]
    memory: bool = False
    shots: int | None = None
    seed: int | None = None
    share: tuple[int, int] = (0, 1)
    place: Place | None = None


def write_tags(
    record: JobRecord,
    input_says: Sequence[ClassicalLayout | None],
    *,
    job_name: str | None,
    job_shots: int,
    headers: Sequence[Mapping[str, Any]] = (),
) -> tuple[str, ...]:
    """Pack what the input does not say.

    Args:
        record: The job.
        input_says: What its input says of the classical bits.
        job_name: The name under which the job itself is created; a circuit of that name needs no tag.
        job_shots: The job's shots; circuits of as many need no tag.
        headers: What the encoder found out about each circuit, for its result's header.

    Returns:
        Tags of at most 4 kB in all. Metadata that does not fit or is not JSON is left out, and a log
        message says so.
    """
    circuits = record.circuits
    document: dict[str, Any] = {}
    said = [*input_says, *[None] * (len(circuits) - len(input_says))]
    layouts = [
        None if c.layout == s else _layout(c.layout) for c, s in zip(circuits, said, strict=True)
    ]
    if any(layouts):
        document["bits"] = layouts
    names = [circuit.name for circuit in circuits]
    if names != [job_name]:
        document["names"] = names
    if record.memory:
        document["memory"] = True
    if record.shots not in (None, job_shots):
        document["shots"] = record.shots
    if record.seed is not None:
        document["seed"] = record.seed
    if record.share != (0, 1):
        document["share"] = list(record.share)
    if any(headers):
        document["headers"] = [dict(header) for header in headers]
    if record.place is not None:
        document["run"] = [record.place.run, record.place.number, record.place.of]
    metadata = [dict(circuit.metadata) for circuit in circuits]
    if any(metadata) and _is_json(metadata):
        packed = tag_codec.pack({**document, "metadata": metadata})
        if packed is not None:
            return packed
        _log.warning("the circuits' metadata exceeds 4 kB: it does not travel with the job")
    elif any(metadata):
        _log.warning("the circuits' metadata is not JSON: it does not travel with the job")
    packed = tag_codec.pack(document)
    if packed is None:
        _log.warning(
            "the circuits' names and registers exceed 4 kB: reopened, the job has what its input says"
        )
        small = {key: value for key, value in document.items() if key not in ("bits", "names")}
        return tag_codec.pack(small) or ()
    return packed


def read_tags(
    tags: Sequence[str], input_says: Sequence[ClassicalLayout | None], *, job_name: str | None
) -> JobRecord:
    """Read the circuits of a job that was opened by its id.

    Args:
        tags: The job's tags.
        input_says: What its input says of the classical bits.
        job_name: The job's name.
    """
    document = tag_codec.unpack(tags)
    names = document.get("names") or _names(job_name or "circuit", max(1, len(input_says)))
    metadata = document.get("metadata") or [{}] * len(names)
    bits = document.get("bits") or [None] * len(names)
    headers = document.get("headers") or [{}] * len(names)
    said = [*input_says, *[None] * (len(names) - len(input_says))]
    circuits = tuple(
        CircuitRecord(_read_layout(b) if b else s, name, m, h)
        for name, m, b, s, h in zip(names, metadata, bits, said, headers, strict=True)
    )
    number, of = document.get("share") or (0, 1)
    return JobRecord(
        circuits,
        memory=bool(document.get("memory")),
        shots=document.get("shots"),
        seed=document.get("seed"),
        share=(number, of),
        place=Place(*document["run"]) if "run" in document else None,
    )


def place_of(tags: Sequence[str]) -> Place | None:
    """Where a job stands among those of one call of `run`, by its tags alone."""
    run = tag_codec.unpack(tags).get("run")
    return Place(*run) if run else None


def _names(name: str, circuits: int) -> list[str]:
    return [name] if circuits == 1 else [f"{name}-{number}" for number in range(circuits)]


def _layout(layout: ClassicalLayout | None) -> dict[str, Any] | None:
    if layout is None:
        return None
    return {"r": [list(register) for register in layout.registers], "s": list(layout.sources)}


def _read_layout(document: Mapping[str, Any]) -> ClassicalLayout:
    registers = tuple((name, size) for name, size in document["r"])
    return ClassicalLayout(registers, tuple(document["s"]))


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
