"""What a bridged job's result needs to know, and how that travels in the job's tags.

The tags are those that qhub_qiskit writes and reads, so that it can open the job as well; Braket's part is one
more member of the same document.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qhub_qiskit.records import CircuitRecord, JobRecord, read_tags, write_tags
from shared_transport import tags as tag_codec
from shared_transport.bits import ClassicalLayout
from shared_transport.errors import ValidationError

__all__ = ["BridgeRecord", "BridgedCircuit", "joined_tags", "read_record", "record_tags"]

_log = logging.getLogger(__name__)
_KEY = "braket"
# Of several circuits, under this name the members of each one's own.
_SET = "circuits"
_OWN = ("qubits", "results", "source", "inputs")


@dataclass(frozen=True)
class BridgedCircuit:
    """What is known of a circuit of a bridged job.

    Attributes:
        layout: Which column of the result each classical bit holds; bit 0 is that of the last measured qubit.
        qubits: The measured qubits under the program's own numbers, in Braket's order.
        result_types: The result types as Braket's IR in JSON form, in the program's order.
        source: The program in OpenQASM, or None where it was too long to travel.
        inputs: Values of the program's parameters by name.
    """

    layout: ClassicalLayout
    qubits: tuple[int, ...]
    result_types: tuple[Mapping[str, Any], ...]
    source: str | None
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class BridgeRecord:
    """What is known of a bridged job.

    Attributes:
        circuits: Its circuits: one, or several of a program set.
        room: Provider and input format, by which the decoder is chosen.
        shots: The shots of each circuit that were asked for.
    """

    circuits: tuple[BridgedCircuit, ...]
    room: tuple[str | None, str]
    shots: int


def record_tags(
    circuit: BridgedCircuit, room: tuple[str | None, str], shots: int, device_id: str
) -> tuple[str, ...]:
    """Pack the record of a job of one circuit into tags of at most 4 kB in all.

    A program that does not fit is left out.

    Raises:
        ValidationError: Even without it the record does not fit.
    """
    record = CircuitRecord(circuit.layout, "circuit")
    # The layout always travels: whoever reads the result has no need of the job's input.
    ours = write_tags(JobRecord((record,)), (), job_name=record.name, job_shots=shots)
    document = tag_codec.unpack(ours)
    small = {
        "qubits": list(circuit.qubits),
        "results": list(circuit.result_types),
        "room": list(room),
        "shots": shots,
    }
    whole = {**small, "source": circuit.source, "inputs": dict(circuit.inputs)}
    packed = tag_codec.pack({**document, _KEY: whole})
    if packed is None:
        _log.info("the program exceeds 4 kB: its text does not travel with the job")
        packed = tag_codec.pack({**document, _KEY: small})
    if packed is None or "bits" not in document:
        raise ValidationError(
            f"The measured qubits and result types of the program take more room than the 4 kB that travel with "
            f"a job of {device_id}.",
            hint="Ask for fewer result types, or for observables with smaller matrices, in each of several tasks.",
        )
    return packed


def joined_tags(tags: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The tags of one job with the circuits of several, whose tags these are.

    Returns:
        Them, without the programs where those do not fit; None where even the rest exceeds 4 kB.
    """
    documents = [tag_codec.unpack(one) for one in tags]
    ours = [document[_KEY] for document in documents]
    common = {name: value for name, value in ours[0].items() if name not in _OWN}
    bits = [layout for document in documents for layout in document["bits"]]
    for names in (_OWN, ("qubits", "results")):
        circuits = [{name: one[name] for name in names if name in one} for one in ours]
        packed = tag_codec.pack({"bits": bits, _KEY: {**common, _SET: circuits}})
        if packed is not None:
            return packed
    return None


def read_record(tags: Sequence[str]) -> BridgeRecord | None:
    """Read the record of a job; None where it has none: it was not created by this bridge."""
    document: Any = tag_codec.unpack(tags).get(_KEY)
    try:
        provider, input_format = document["room"]
        circuits = document.get(_SET) or [document]
        layouts = [
            one.layout for one in read_tags(tags, [None] * len(circuits), job_name=None).circuits
        ]
        found = [
            BridgedCircuit(
                layout,
                tuple(one["qubits"]),
                tuple(one["results"]),
                one.get("source"),
                one.get("inputs") or {},
            )
            for one, layout in zip(circuits, layouts, strict=True)
            if layout is not None
        ]
        record = BridgeRecord(tuple(found), (provider, input_format), document["shots"])
    except (KeyError, TypeError, ValueError):
        return None
    return record if len(found) == len(circuits) else None
