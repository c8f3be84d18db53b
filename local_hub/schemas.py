"""What the local Hub says and reads, in the words of the API. Its own models: it shares none with the clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, Field, StrictBool, StrictInt, StrictStr

from local_hub.records import JobRecord, SessionRecord

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
_T = TypeVar("_T")
SessionWord = Literal["UNKNOWN", "ABORTED", "OPEN", "ACTIVE", "INACTIVE", "DRAINING", "CLOSED"]


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
    session_id: str | None = None
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
            started_at=_text_or_none(record.started_at),
            ended_at=_text_or_none(record.ended_at),
            runtime=runtime,
            shots=record.shots,
            session_id=record.session_id,
            sdk_provider=record.sdk_provider,
        )


class Page(BaseModel, Generic[_T]):
    """A page of a list; `page` counts from 0, `size` is the size that was really used."""

    content: list[_T]
    page: int
    size: int
    total_elements: int
    total_pages: int

    @classmethod
    def of(cls, content: list[_T], page: int, size: int, total: int) -> Self:
        """Say what is on a page."""
        pages = -(-total // size)
        return cls(content=content, page=page, size=size, total_elements=total, total_pages=pages)


class JobStatus(BaseModel):
    """A job's status alone."""

    status: StatusWord


class CreateSession(BaseModel):
    """The body of createSession. Unknown fields are passed over, null is the same as absent."""

    backend_id: StrictStr
    mode: Literal["batch", "dedicated"]
    provider: StrictStr
    ttl: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)] | None = None
    tags: list[StrictStr] | None = None
    metadata: dict[str, Any] | None = None
    sdk_provider: SdkProvider | None = None


class UpdateSession(BaseModel):
    """The body of updateSessionState."""

    accept_jobs: StrictBool


class Session(BaseModel):
    """A session. Absent means unknown, or not yet."""

    id: str
    backend_id: str
    provider: str
    status: SessionWord
    mode: str
    created_at: str
    started_at: str | None = None
    closed_at: str | None = None
    expires_at: str | None = None
    usage_time_millis: int
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    sdk_provider: str | None = None
    final: bool
    final_not_aborted: bool

    @classmethod
    def of(cls, record: SessionRecord) -> Session:
        """Say what is known of a session."""
        closed = record.closed_at is not None
        return cls(
            id=record.id,
            backend_id=record.backend_id,
            provider=record.provider,
            status=record.status.value,
            mode=record.mode,
            created_at=_text(record.created_at),
            started_at=_text_or_none(record.started_at),
            closed_at=_text_or_none(record.closed_at),
            expires_at=_text_or_none(record.expires_at),
            usage_time_millis=record.usage,
            tags=record.tags,
            metadata=record.metadata,
            sdk_provider=record.sdk_provider,
            final=closed,
            final_not_aborted=closed,
        )


class SessionState(BaseModel):
    """A session's status alone."""

    status: SessionWord


class Workload(BaseModel):
    """A job or a session in a list of both."""

    id: str
    type: Literal["JOB", "SESSION"]
    backend_id: str
    provider: str
    status: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    sdk_provider: str | None = None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Workload:
        """Say what a row of the store says."""
        times = {
            name: _text_or_none(row[name]) for name in ("created_at", "started_at", "ended_at")
        }
        return cls(**{**row, **times})


class CreateUser(BaseModel):
    """The body of the admin API's request for a user's token."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=100)]
    organizations: list[StrictStr] | None = None


class NewUser(BaseModel):
    """A user's token; it is told once."""

    name: str
    token: str


class NewServiceExecution(BaseModel):
    """A service execution's token; it is told once."""

    id: str
    token: str


class BackendState(BaseModel):
    """A backend's status and queue."""

    status: Literal["UNKNOWN", "ONLINE", "PAUSED", "OFFLINE", "RETIRED"]
    queue_avg_time: int | None = Field(default=None, description="seconds")
    queue_size: int | None = None


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text_or_none(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else _text(milliseconds)
