"""The bridge: gate-model programs on every backend that qhub_qiskit serves, with Braket's results.

A program becomes a Qiskit circuit, is transpiled to the device, and goes on its way through qhub_qiskit's own
encoders and decoders: there is one of each for a vendor's system, for both SDKs. What the result needs to be
Braket's travels in the job's tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult

from qhub_braket.systems import Encoded, Facts, JobInput, RunOptions
from shared_transport.extras import require_extra
from shared_transport.models import Job

__all__ = ["OPTIONS", "decode", "encode", "executed", "joined", "per_job"]

# How hard Qiskit's transpiler tries, 0 to 3; 1 if it is not given.
OPTIONS = ("optimization_level",)


def encode(task_specification: Any, options: RunOptions, device: Facts) -> Encoded:
    """Turn a program into a job's input.

    Raises:
        ValidationError: It is of a kind that is not supported, or the device does not run it.
        MissingExtraError: Qiskit is not installed.
    """
    _require_qiskit(f"Running a Braket program on {device.id}")
    from .encoding import encoded

    return encoded(task_specification, options, device)


def executed(task_specification: Any, options: RunOptions, device: Facts) -> dict[str, Any]:
    """What is executed after the bridge has compiled a program: fields of an `Explanation`."""
    _require_qiskit(f"Explaining a Braket program on {device.id}")
    from .explaining import executed as told

    return told(task_specification, options, device)


def per_job(device: Facts, shots: int) -> int:
    """How many programs of so many shots one job takes."""
    _require_qiskit(f"Running a Braket program on {device.id}")
    from .joining import per_job as most

    return most(device, shots)


def joined(programs: Sequence[Encoded], shots: int) -> Encoded | None:
    """Make one job of several programs of so many shots each; None where what they need does not travel with one."""
    from .joining import joined as one_job

    return one_job(programs, shots)


def decode(
    content: bytes, job: Job, job_input: JobInput
) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Turn a result document into Braket's result, whoever created the job.

    A job of another client has its classical bits as columns, bit 0 first, as Braket itself has those of a program in
    OpenQASM. ``measured_qubits`` are the qubits that its input says they hold; where it does not say one for each, the
    bits' own numbers. Bits that it says are never written have no column. Several circuits are a program set's result.

    Args:
        content: The document, as JSON text.
        job: The job.
        job_input: Asks for the job's input; called for a job of another client alone.

    Raises:
        ServerError: The document is not what the system's results are, or no shot was kept.
        ValidationError: The job has no measured bits.
        MissingExtraError: Qiskit is not installed.
    """
    _require_qiskit(f"Reading the result of job {job.id}")
    from .record import read_record

    record = read_record(job.tags)
    if record is not None:
        from .decoding import decoded

        return decoded(content, job, record)
    from .other_clients import decoded_by_input

    return decoded_by_input(content, job, job_input())


def _require_qiskit(what: str) -> None:
    require_extra(what, "qiskit", "qiskit.circuit")
