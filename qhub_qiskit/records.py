"""What a job's result needs to know of its circuits, and how that travels with the job.

The input itself says most of it. What it does not say (registers that the language cannot name, a bit that
repeats another, names, metadata) goes into tags, so that any process can read the result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared_transport import tags as tag_codec
from shared_transport.bits import ClassicalLayout

__all__ = ["CircuitRecord", "read_tags", "write_tags"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CircuitRecord:
    """What is known of one circuit of a job.

    Attributes:
        layout: Which column of the result each classical bit holds; None where the input says nothing of it.
        name: The circuit's name.
        metadata: The circuit's metadata.
        header: Further fields of the result's header.
    """

    layout: ClassicalLayout | None
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)


def write_tags(
    records: Sequence[CircuitRecord],
    input_says: Sequence[ClassicalLayout],
    *,
    job_name: str | None,
    memory: bool,
) -> tuple[str, ...]:
    """Pack what the input does not say.

    Args:
        records: The circuits of one job.
        input_says: What its input says of their classical bits.
        job_name: The name under which the job itself is created; a circuit of that name needs no tag.
        memory: Whether the memory was asked for.

    Returns:
        Tags of at most 4 kB in all. Metadata that does not fit or is not JSON is left out, and a log
        message says so.
    """
    document: dict[str, Any] = {}
    said = [*input_says, *[None] * (len(records) - len(input_says))]
    layouts = [
        None if r.layout == s else _layout(r.layout) for r, s in zip(records, said, strict=True)
    ]
    if any(layouts):
        document["bits"] = layouts
    names = [record.name for record in records]
    if names != [job_name]:
        document["names"] = names
    if memory:
        document["memory"] = True
    metadata = [dict(record.metadata) for record in records]
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
            "the circuits' registers exceed 4 kB: reopened, the job has one register a circuit"
        )
        return ()
    return packed


def read_tags(
    tags: Sequence[str], input_says: Sequence[ClassicalLayout], *, job_name: str | None
) -> tuple[list[CircuitRecord], bool]:
    """Read the circuits of a job that was opened by its id, and whether its memory was asked for.

    Args:
        tags: The job's tags.
        input_says: What its input says of the classical bits.
        job_name: The job's name.
    """
    document = tag_codec.unpack(tags)
    names = document.get("names") or [job_name or "circuit"]
    metadata = document.get("metadata") or [{}] * len(names)
    bits = document.get("bits") or [None] * len(names)
    said = [*input_says, *[None] * (len(names) - len(input_says))]
    records = [
        CircuitRecord(_read_layout(b) if b else s, name, m)
        for name, m, b, s in zip(names, metadata, bits, said, strict=True)
    ]
    return records, bool(document.get("memory"))


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
