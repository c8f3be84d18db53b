"""What the local Hub says and reads, in the words of the API. Its own models: it shares none with the clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr

from local_hub.records import JobRecord

InputFormat = Literal[
    "OPEN_QASM_V1",
    "OPEN_QASM_V2",
    "OPEN_QASM_V3",
    "QIR_V1",
    "BRAKET_OPEN_QASM_V3",
    "BRAKET_AHS_PROGRAM",
    "IONQ_CIRCUIT_V1",
    "QISKIT_QPY",
    "QOQO",
    "PERCEVAL",
    "IQM_JOB_INPUT_V1",
]
SdkProvider = Literal["QISKIT", "BRAKET", "PERCEVAL", "CLIENT"]
StatusWord = Literal[
    "UNKNOWN", "PENDING", "ABORTED", "RUNNING", "COMPLETED", "FAILED", "CANCELLING", "CANCELLED"
]


class CreateJob(BaseModel):
    """The body of createJob. Unknown fields are passed over, null is the same as absent."""

    backend_id: StrictStr
    shots: StrictInt
    input: dict[str, Any] | StrictStr
    name: StrictStr | None = None
    input_format: InputFormat | None = None
    input_params: dict[str, Any] | None = None
    tags: list[StrictStr] | None = None
    session_id: StrictStr | None = None
    sdk_provider: SdkProvider | None = None


class Job(BaseModel):
    """A job. Absent means unknown, or not yet."""

    id: str
    name: str | None = None
    backend_id: str
    provider: str
    input_params: dict[str, Any] | None = None
    input_format: str
    tags: list[str] | None = None
    status: StatusWord
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    runtime: int | None = Field(default=None, description="milliseconds, of a job that ended")
    shots: int
    sdk_provider: str | None = None

    @classmethod
    def of(cls, record: JobRecord) -> Job:
        """Say what is known of a job."""
        runtime = None
        if record.ended_at is not None:
            runtime = max(0, record.ended_at - (record.started_at or record.ended_at))
        return cls(
            id=record.id,
            name=record.name,
            backend_id=record.backend_id,
            provider=record.provider,
            input_params=record.input_params,
            input_format=record.input_format,
            tags=record.tags,
            status=record.status.value,
            created_at=_text(record.created_at),
            started_at=None if record.started_at is None else _text(record.started_at),
            ended_at=None if record.ended_at is None else _text(record.ended_at),
            runtime=runtime,
            shots=record.shots,
            sdk_provider=record.sdk_provider,
        )


class JobPage(BaseModel):
    """A page of jobs; `page` counts from 0, `size` is the size that was really used."""

    content: list[Job]
    page: int
    size: int
    total_elements: int
    total_pages: int


class JobStatus(BaseModel):
    """A job's status alone."""

    status: StatusWord


class BackendState(BaseModel):
    """A backend's status and queue."""

    status: Literal["UNKNOWN", "ONLINE", "PAUSED", "OFFLINE", "RETIRED"]
    queue_avg_time: int | None = Field(default=None, description="seconds")
    queue_size: int | None = None


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
