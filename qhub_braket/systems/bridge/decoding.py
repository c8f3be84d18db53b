"""From a system's result document to Braket's result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from braket.ir.openqasm import Program
from braket.task_result import AdditionalMetadata, TaskMetadata
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult

from qhub_braket.program_set_results import assembled
from qhub_braket.results import Outcomes, PackedResult
from qhub_qiskit.results import seed_of
from qhub_qiskit.systems import system_for
from qhub_qiskit.systems.base import Decoded, ResultText, Sent, System
from shared_transport.bits import ClassicalMemory
from shared_transport.errors import ServerError
from shared_transport.models import Job

from .record import BridgedCircuit, BridgeRecord

__all__ = ["UNREADABLE", "Measured", "decoded", "job_result", "read_result", "unreadable"]

# What Qiskit's systems raise over a document that is none of theirs.
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError)
_TOO_LONG = """OPENQASM 3.0;
// The program was too long to travel with its job.
// client.jobs.input(job id) has it as it was translated for the device."""


@dataclass(frozen=True)
class Measured:
    """What one circuit of a job gave.

    Attributes:
        memory: Its outcomes; bit 0 is that of the last measured qubit.
        qubits: The measured qubits, in Braket's order.
        shots: The shots that were asked for.
        program: What ran, in OpenQASM; None where it was written in no such language.
        result_types: The result types that were asked for, as Braket's IR in JSON form.
    """

    memory: ClassicalMemory
    qubits: Sequence[int]
    shots: int
    program: Program | None
    result_types: Sequence[Mapping[str, Any]] = ()


def decoded(
    content: bytes, job: Job, record: BridgeRecord
) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Turn a result document into Braket's result. It has the shots that came, which may be fewer than were asked for.

    Raises:
        ServerError: The document is not what the system's results are, or has no shot to compute a value from.
    """
    provider, input_format = record.room
    system = system_for(provider, [input_format], job.backend_id or job.id)
    layouts = tuple(circuit.layout for circuit in record.circuits)
    sent = Sent(layouts, job.input_params or {}, record.shots, seed_of(job.id, "draw"))
    measured = [
        _measured(circuit, one.memory, record.shots, job)
        for circuit, one in zip(
            record.circuits, read_result(content, job, system, sent), strict=True
        )
    ]
    return job_result(measured, job)


def _measured(
    circuit: BridgedCircuit, memory: ClassicalMemory | None, shots: int, job: Job
) -> Measured:
    if memory is None or (memory.shots == 0 and circuit.result_types):
        raise ServerError(
            f"Job {job.id} returned none of its {shots} shots, so its result types have no value.",
            hint="A device may drop shots, as photonic ones do where a gate fails: run again with more.",
            job_id=job.id,
        )
    program = Program(source=circuit.source or _TOO_LONG, inputs=dict(circuit.inputs))
    return Measured(memory, circuit.qubits, shots, program, circuit.result_types)


def read_result(content: bytes, job: Job, system: System[Any], sent: Sent) -> list[Decoded]:
    """Read a result document, one entry for each circuit that was sent.

    Raises:
        ServerError: It is not one of this system.
    """
    try:
        circuits = system.decode(ResultText(content), sent)
    except UNREADABLE as problem:
        reason = f"{type(problem).__name__}: {problem}"
    else:
        if len(circuits) == len(sent.layouts):
            return circuits
        reason = f"{len(circuits)} results for {len(sent.layouts)} circuits"
    raise unreadable("result", job, reason)


def unreadable(what: str, job: Job, reason: str) -> ServerError:
    """The error of a job's ``result`` or ``input`` that is not what its system's are."""
    return ServerError(
        f"The {what} of job {job.id} cannot be read ({reason}).",
        hint=f"It is not lost: client.jobs.{what}(id) gives it as it came.",
        operation=f"getJob{what.capitalize()}",
        job_id=job.id,
    )


def job_result(
    measured: Sequence[Measured], job: Job
) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Braket's result of a job: that of its circuit, or of a program set where it has several."""
    results = [_task_result(one, job, number) for number, one in enumerate(measured)]
    if len(results) == 1:
        return results[0]
    return assembled(results, None, None, None, id=job.id, deviceId=job.backend_id or "unknown")


def _task_result(measured: Measured, job: Job, number: int) -> GateModelQuantumTaskResult:
    """Braket's result of a circuit; the values are Braket's own computation.

    Where only counts are known, the order of the shots is shuffled by a seed of the job's id, as in qhub_qiskit.

    Args:
        measured: What was measured.
        job: The job.
        number: Which of the job's circuits it is.
    """
    memory = measured.memory
    words = memory.in_order(seed_of(job.id, number))
    result = PackedResult.of(
        Outcomes(ClassicalMemory(words, None, memory.num_clbits)),
        measured.qubits,
        task_metadata=_metadata(job, measured.shots),
        additional_metadata=AdditionalMetadata(action=measured.program),
    )
    result.measurements_copied_from_device = memory.ordered
    result.measurement_counts_copied_from_device = not memory.ordered
    result.result_types = []
    if measured.result_types:
        result.result_types = GateModelQuantumTaskResult._calculate_result_types(
            json.dumps({"results": list(measured.result_types)}),
            result.measurements,
            result.measured_qubits,
        )
    result.__post_init__()
    result.values = [one.value for one in result.result_types]
    return result


def _metadata(job: Job, shots: int) -> TaskMetadata:
    times = {"createdAt": job.created_at, "endedAt": job.ended_at}
    return TaskMetadata(
        id=job.id,
        shots=shots,
        deviceId=job.backend_id or "unknown",
        status="COMPLETED",
        **{name: _written(moment) for name, moment in times.items() if moment is not None},
    )


def _written(moment: datetime) -> str:
    """A time in UTC in the form that Braket's schema demands."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
