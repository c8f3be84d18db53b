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

__all__ = ["BridgeRecord", "read_record", "record_tags"]

_log = logging.getLogger(__name__)
_KEY = "braket"


@dataclass(frozen=True)
class BridgeRecord:
    """What is known of a bridged job.

    Attributes:
        layout: Which column of the result each classical bit holds; bit 0 is that of the last measured qubit.
        qubits: The measured qubits under the program's own numbers, in Braket's order.
        result_types: The result types as Braket's IR in JSON form, in the program's order.
        source: The program in OpenQASM, or None where it was too long to travel.
        inputs: Values of the program's parameters by name.
        room: Provider and input format, by which the decoder is chosen.
        shots: The shots that were asked for.
    """

    layout: ClassicalLayout
    qubits: tuple[int, ...]
    result_types: tuple[Mapping[str, Any], ...]
    source: str | None
    inputs: Mapping[str, Any]
    room: tuple[str | None, str]
    shots: int


def record_tags(record: BridgeRecord, device_id: str) -> tuple[str, ...]:
    """Pack a record into tags of at most 4 kB in all. A program that does not fit is left out.

    Raises:
        ValidationError: Even without it the record does not fit.
    """
    circuit = CircuitRecord(record.layout, "circuit")
    # The layout always travels: whoever reads the result has no need of the job's input.
    ours = write_tags(JobRecord((circuit,)), (), job_name=circuit.name, job_shots=record.shots)
    document = tag_codec.unpack(ours)
    small = {
        "qubits": list(record.qubits),
        "results": list(record.result_types),
        "room": list(record.room),
        "shots": record.shots,
    }
    whole = {**small, "source": record.source, "inputs": dict(record.inputs)}
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


def read_record(tags: Sequence[str], job_id: str) -> BridgeRecord:
    """Read the record of a job.

    Raises:
        ValidationError: The job has none: it was not created by this bridge.
    """
    document: Any = tag_codec.unpack(tags).get(_KEY)
    layout = read_tags(tags, (), job_name=None).circuits[0].layout
    try:
        provider, input_format = document["room"]
        qubits, result_types, shots = (document[name] for name in ("qubits", "results", "shots"))
        source, inputs = document.get("source"), document.get("inputs") or {}
    except (KeyError, TypeError, ValueError):
        layout = None
    if layout is not None:
        return BridgeRecord(
            layout,
            tuple(qubits),
            tuple(result_types),
            source,
            inputs,
            (provider, input_format),
            shots,
        )
    raise ValidationError(
        f"Job {job_id} was not created with qhub_braket: nothing says which of Braket's qubits its bits are.",
        hint=f"Open it with qhub_qiskit: HubProvider().job({job_id!r}).result().get_counts()",
        job_id=job_id,
    )
