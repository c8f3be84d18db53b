"""Qiskit's own `Result` from what the rooms decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData

from shared_transport.bits import ClassicalMemory
from shared_transport.errors import HubError

from .records import CircuitRecord
from .systems.base import Decoded

__all__ = ["Outcome", "PackedData", "build_result", "seed_of"]


@dataclass(frozen=True)
class Outcome:
    """How one circuit ended.

    Attributes:
        record: The circuit.
        decoded: Its measured bits, or the error that stands in for them.
        shots: Its shots as asked for.
        seed: Of the order of shots where only counts are known.
    """

    record: CircuitRecord
    decoded: Decoded | HubError
    shots: int
    seed: int


class PackedData(ExperimentResultData):
    """An experiment's data whose counts and memory are made when they are first asked for.

    It is used and printed as Qiskit's own, and a million shots take three bytes each until then.

    Attributes:
        classical_memory: The outcomes, packed.
        counts: How many shots had each hexadecimal word.
        memory: The hexadecimal word of each shot, where it was asked for.
    """

    def __init__(
        self, classical_memory: ClassicalMemory, memory_seed: int | None, **data: Any
    ) -> None:
        super().__init__(**data)
        self.classical_memory = classical_memory
        self._memory_seed = memory_seed
        lazy = ["counts"] if memory_seed is None else ["counts", "memory"]
        self._data_attributes: list[str] = [*lazy, *data]

    def __getattr__(self, name: str) -> Any:
        # Called for what is not there yet.
        if name == "counts":
            self.counts = self.classical_memory.hex_counts()
        elif name == "memory" and (seed := self.__dict__.get("_memory_seed")) is not None:
            self.memory = self.classical_memory.hex_memory(seed)
        else:
            raise AttributeError(f"This experiment has no {name!r}.")
        return self.__dict__[name]


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
    experiments = [_experiment(outcome, memory) for outcome in outcomes]
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


def seed_of(job_id: str, what: object) -> int:
    """A seed that is the same for one job in every process."""
    digest = hashlib.sha256(f"{job_id}/{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def _experiment(outcome: Outcome, memory: bool) -> ExperimentResult:
    record, decoded = outcome.record, outcome.decoded
    layout = record.layout
    if layout is None and isinstance(decoded, Decoded):
        layout = decoded.layout
    header: dict[str, Any] = {
        **record.header,
        **(layout.header() if layout is not None else {}),
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
    shots = outcome.shots
    data: ExperimentResultData
    further: Mapping[str, Any] = decoded.data
    if decoded.memory is None:
        data = ExperimentResultData(**further)
    else:
        shots = decoded.memory.shots
        data = PackedData(decoded.memory, outcome.seed if memory else None, **further)
        if memory and not decoded.memory.ordered:
            header["memory"] = "shuffled counts"
    return ExperimentResult(
        shots=shots,
        success=True,
        data=data,
        meas_level=2,
        status="DONE",
        header=header,
        metadata=dict(decoded.metadata),
    )
