"""From a system's result document to Braket's result."""

from __future__ import annotations

import json
from datetime import datetime

from braket.ir.openqasm import Program
from braket.task_result import AdditionalMetadata, TaskMetadata
from braket.tasks import GateModelQuantumTaskResult

from qhub_braket.results import Outcomes, PackedResult
from qhub_qiskit.results import seed_of
from qhub_qiskit.systems import system_for
from qhub_qiskit.systems.base import Decoded, ResultText, Sent
from shared_transport.bits import ClassicalMemory
from shared_transport.errors import ServerError
from shared_transport.models import Job

from .record import BridgeRecord, read_record

__all__ = ["decoded"]

_TOO_LONG = """OPENQASM 3.0;
// The program was too long to travel with its job.
// client.jobs.input(job id) has it as it was translated for the device."""


def decoded(content: bytes, job: Job) -> GateModelQuantumTaskResult:
    """Turn a result document into Braket's result. It has the shots that came, which may be fewer than were asked for.

    Raises:
        ServerError: The document is not what the system's results are, or has no shot to compute a value from.
        ValidationError: The job is not one of this bridge.
    """
    record = read_record(job.tags, job.id)
    memory = _read(content, job, record).memory
    if memory is None or (memory.shots == 0 and record.result_types):
        raise ServerError(
            f"Job {job.id} returned none of its {record.shots} shots, so its result types have no value.",
            hint="A device may drop shots, as photonic ones do where a gate fails: run again with more.",
            job_id=job.id,
        )
    return _task_result(memory, job, record)


def _read(content: bytes, job: Job, record: BridgeRecord) -> Decoded:
    provider, input_format = record.room
    system = system_for(provider, [input_format], job.backend_id or job.id)
    sent = Sent((record.layout,), job.input_params or {}, record.shots, seed_of(job.id, "draw"))
    try:
        (one,) = system.decode(ResultText(content), sent)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
    else:
        return one
    raise ServerError(
        f"The result of job {job.id} cannot be read ({reason}).",
        hint="It is not lost: client.jobs.result(id) gives it as it came.",
        operation="getJobResult",
        job_id=job.id,
    )


def _task_result(
    memory: ClassicalMemory, job: Job, record: BridgeRecord
) -> GateModelQuantumTaskResult:
    """Braket's result; the values are Braket's own computation.

    Where only counts are known, the order of the shots is shuffled by a seed of the job's id, as in qhub_qiskit.
    """
    words = memory.in_order(seed_of(job.id, 0))
    result = PackedResult.of(
        Outcomes(ClassicalMemory(words, None, memory.num_clbits)),
        record.qubits,
        task_metadata=_metadata(job, record),
        additional_metadata=AdditionalMetadata(
            action=Program(source=record.source or _TOO_LONG, inputs=dict(record.inputs))
        ),
    )
    result.measurements_copied_from_device = memory.ordered
    result.measurement_counts_copied_from_device = not memory.ordered
    result.result_types = []
    if record.result_types:
        result.result_types = GateModelQuantumTaskResult._calculate_result_types(
            json.dumps({"results": list(record.result_types)}),
            result.measurements,
            result.measured_qubits,
        )
    result.__post_init__()
    result.values = [one.value for one in result.result_types]
    return result


def _metadata(job: Job, record: BridgeRecord) -> TaskMetadata:
    times = {"createdAt": job.created_at, "endedAt": job.ended_at}
    return TaskMetadata(
        id=job.id,
        shots=record.shots,
        deviceId=job.backend_id or "",
        status="COMPLETED",
        **{name: _written(moment) for name, moment in times.items() if moment is not None},
    )


def _written(moment: datetime) -> str:
    """A time in UTC in the form that Braket's schema demands."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
