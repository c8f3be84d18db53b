"""Qiskit's own `Result` from what the rooms decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData

from shared_transport.errors import HubError

from .records import CircuitRecord
from .systems.base import Decoded

__all__ = ["Outcome", "build_result"]


@dataclass(frozen=True)
class Outcome:
    """How one circuit ended.

    Attributes:
        record: The circuit.
        decoded: Its measured bits, or the error that stands in for them.
        job_id: The Hub's job that it ran in.
        shots: Its shots as asked for.
    """

    record: CircuitRecord
    decoded: Decoded | HubError
    job_id: str
    shots: int


def build_result(
    outcomes: Sequence[Outcome],
    *,
    backend_name: str,
    job_id: str,
    date: datetime | None,
    memory: bool,
) -> Result:
    """Assemble a result with Aer's keys: hexadecimal words, and a header with the registers.

    Args:
        outcomes: The circuits in their order.
        backend_name: The backend's id.
        job_id: The job's id.
        date: When the job ended.
        memory: Whether each experiment gets the outcome of each shot. Where the backend returned counts
            alone, the order is shuffled by a seed derived from the job's id, and the header says
            ``"memory": "shuffled counts"``.
    """
    experiments = [
        _experiment(outcome, position, memory) for position, outcome in enumerate(outcomes)
    ]
    success = all(experiment.success for experiment in experiments)
    return Result(
        backend_name=backend_name,
        backend_version="",
        qobj_id="",
        job_id=job_id,
        success=success,
        results=experiments,
        date=date,
        status="COMPLETED" if success else "PARTIAL COMPLETED",
        header={},
    )


def _experiment(outcome: Outcome, position: int, memory: bool) -> ExperimentResult:
    record, decoded = outcome.record, outcome.decoded
    header: dict[str, Any] = {
        **record.header,
        **(record.layout.header() if record.layout is not None else {}),
        "name": record.name,
        "metadata": dict(record.metadata),
    }
    if isinstance(decoded, HubError):
        return ExperimentResult(
            shots=outcome.shots,
            success=False,
            data=ExperimentResultData(),
            status=f"ERROR: {decoded}",
            header=header,
        )
    data = dict(decoded.data)
    shots = outcome.shots
    if decoded.memory is not None:
        shots = decoded.memory.shots
        data["counts"] = decoded.memory.hex_counts()
        if memory:
            data["memory"] = decoded.memory.hex_memory(_seed(outcome.job_id, position))
            if not decoded.memory.ordered:
                header["memory"] = "shuffled counts"
    return ExperimentResult(
        shots=shots,
        success=True,
        data=ExperimentResultData(**data),
        meas_level=2,
        status="DONE",
        header=header,
        metadata=dict(decoded.metadata),
    )


def _seed(job_id: str, position: int) -> int:
    digest = hashlib.sha256(f"{job_id}/{position}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
