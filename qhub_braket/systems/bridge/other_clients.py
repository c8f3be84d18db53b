"""Results of jobs that other clients created: their input, and the tags of Qiskit's plugin, say what was measured."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from braket.ir.openqasm import Program
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult

from qhub_qiskit.records import JobRecord, read_tags
from qhub_qiskit.results import seed_of
from qhub_qiskit.systems import system_for
from qhub_qiskit.systems.base import Decoded, Sent, System
from qhub_qiskit.systems.qasm import read_layout
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.errors import ValidationError
from shared_transport.models import Job

from .decoding import UNREADABLE, Measured, job_result, read_result, unreadable

__all__ = ["decoded_by_input"]

_ROWS_AT_ONCE = 1 << 16


def decoded_by_input(
    content: bytes, job: Job, job_input: Mapping[str, Any]
) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Turn a result document into Braket's result, by what the job's input says of its classical bits.

    Returns:
        A gate-model result; a program set's result for a job of several circuits.

    Raises:
        ServerError: Input or document are not what the system's are.
        ValidationError: The job has no measured bits.
    """
    system = system_for(job.provider, [str(job.input_format)], job.backend_id or job.id)
    said = _layouts(system, job, job_input)
    record = read_tags(job.tags, said, job_name=job.name)
    circuits = read_result(content, job, system, _sent(record, job))
    texts = _texts(job_input, len(circuits))
    measured: list[Measured] = []
    for number, one in enumerate(circuits):
        layout = record.circuits[number].layout or one.layout
        if one.memory is None or layout is None or not layout.measured:
            raise _without_bits(job, one)
        text = texts[number]
        bits = [bit for bit, source in enumerate(layout.sources) if source is not None]
        columns = [layout.sources[bit] for bit in bits]
        measured.append(
            Measured(
                _selected(one.memory, bits),
                _qubits(columns, text, said[number] if number < len(said) else None) or bits,
                record.shots or (job.shots if len(circuits) == 1 else None) or one.memory.shots,
                Program(source=text) if text is not None else None,
            )
        )
    return job_result(measured, job)


def _layouts(
    system: System[Any], job: Job, job_input: Mapping[str, Any]
) -> tuple[ClassicalLayout | None, ...]:
    try:
        return system.layouts(job_input)
    except UNREADABLE as problem:
        reason = f"{type(problem).__name__}: {problem}"
    raise unreadable("input", job, reason)


def _sent(record: JobRecord, job: Job) -> Sent:
    return Sent(
        tuple(circuit.layout for circuit in record.circuits),
        job.input_params or {},
        record.shots or job.shots or 0,
        record.seed if record.seed is not None else seed_of(job.id, "draw"),
    )


def _texts(job_input: Mapping[str, Any], circuits: int) -> Sequence[str | None]:
    """The program of each circuit, where it is OpenQASM."""
    qasm = job_input.get("qasm")
    if qasm is None:
        return [None] * circuits
    return [qasm] if isinstance(qasm, str) else list(qasm)


def _qubits(
    columns: Sequence[Hashable], text: str | None, said: ClassicalLayout | None
) -> Sequence[int] | None:
    """The qubit of each column of a result; None if the input does not say one for each.

    OpenQASM says it of the bits that it declares, in whose order the columns are. Elsewhere a column that is a number
    is a qubit.
    """
    known: Mapping[Hashable, Hashable] = {column: column for column in columns}
    if text is not None:
        if said is None:
            return None
        known = dict(zip(said.sources, read_layout(text).sources, strict=True))
    qubits = [qubit for column in columns if isinstance(qubit := known.get(column), int)]
    return qubits if len(set(qubits)) == len(columns) else None


def _selected(memory: ClassicalMemory, bits: Sequence[int]) -> ClassicalMemory:
    """The memory of these bits alone, the first one as the most significant."""
    stored = memory.words.shape[1] * 8
    chosen = [stored - 1 - bit for bit in bits]
    width = -(-len(bits) // 8) * 8
    words = np.zeros((len(memory.words), width // 8), np.uint8)
    for first in range(0, len(words), _ROWS_AT_ONCE):
        rows = memory.words[first : first + _ROWS_AT_ONCE]
        padded = np.zeros((len(rows), width), np.uint8)
        padded[:, width - len(bits) :] = np.unpackbits(rows, axis=1)[:, chosen]
        words[first : first + len(rows)] = np.packbits(padded, axis=1)
    return ClassicalMemory(words, memory.weights, len(bits))


def _without_bits(job: Job, circuit: Decoded) -> ValidationError:
    given = " and ".join(circuit.data)
    return ValidationError(
        f"Job {job.id} gave {given}, not measured qubits."
        if given
        else f"Job {job.id} measured no qubits.",
        hint=f"qhub_qiskit gives what it has: HubProvider().job({job.id!r}).result().data()",
        job_id=job.id,
    )
