"""The bridge: gate-model programs on every backend that qhub_qiskit serves, with Braket's results.

A program becomes a Qiskit circuit, is transpiled to the device, and goes on its way through qhub_qiskit's own
encoders and decoders: there is one of each for a vendor's system, for both SDKs. What the result needs to be
Braket's travels in the job's tags.
"""

from __future__ import annotations

from typing import Any

from braket.tasks import GateModelQuantumTaskResult

from qhub_braket.systems import Encoded, Facts, RunOptions
from shared_transport.extras import require_extra
from shared_transport.models import Job

__all__ = ["OPTIONS", "decode", "encode", "executed"]

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


def decode(content: bytes, job: Job) -> GateModelQuantumTaskResult:
    """Turn a result document into Braket's result.

    Raises:
        ServerError: The document is not what the system's results are, or no shot was kept.
        ValidationError: The job is not one of this bridge.
        MissingExtraError: Qiskit is not installed.
    """
    _require_qiskit(f"Reading the result of job {job.id}")
    from .decoding import decoded

    return decoded(content, job)


def _require_qiskit(what: str) -> None:
    require_extra(what, "qiskit", "qiskit.circuit")
