"""What the local Hub says and reads, in the words of the API. Its own models: it shares none with the clients.

What a request may hold, whatever the backend; above it the answer is 422 and names the field:

- a body: 64 MiB, not compressed, JSON of at most 200 levels (by pydantic's reader) without NaN, Infinity, numbers
  beyond 1.8e308 or integers beyond 4300 digits;
- `name` and each of `tags`: 1000 characters without NUL, 1000 tags;
- `input_params` and `metadata`: a million characters as JSON, without NUL;
- an id: 100 characters; a filter of a list: 100 values of 1000 characters; a page: 100 rows, whatever was asked.

`shots` and declared qubits are held against the backend's own numbers; what this machine holds of a backend stands in
`catalog/limits`, and for inputs that are no circuits in `inputs`.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt, StrictStr

from local_hub.records import JobRecord, SessionRecord, SessionStatus

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
LONGEST_NAME = 1_000
LONGEST_TAG = 1_000
MOST_TAGS = 1_000
LARGEST_OBJECT = 1_000_000
_LONGEST_ID = 100


def _storable(text: str) -> str:
    # PostgreSQL stores no NUL in a text.
    if "\0" in text:
        raise ValueError("should have no NUL character")
    return text


def _small(value: dict[str, Any]) -> dict[str, Any]:
    """An object that a database keeps as JSON beside its row. JSON knows no NaN, and PostgreSQL no NUL."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError("should have finite numbers only") from None
    if len(text) > LARGEST_OBJECT:
        raise ValueError(f"should have at most {LARGEST_OBJECT} characters as JSON")
    if "\\u0000" in text:
        raise ValueError("should have no NUL character")
    return value


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError("should be a UUID") from None


_Id = Annotated[StrictStr, Field(max_length=_LONGEST_ID)]
_Name = Annotated[StrictStr, Field(max_length=LONGEST_NAME), AfterValidator(_storable)]
_Tag = Annotated[StrictStr, Field(max_length=LONGEST_TAG), AfterValidator(_storable)]
_Tags = Annotated[list[_Tag], Field(max_length=MOST_TAGS)]
_Object = Annotated[dict[str, Any], AfterValidator(_small)]
SessionWord = Literal["UNKNOWN", "ABORTED", "OPEN", "ACTIVE", "INACTIVE", "DRAINING", "CLOSED"]


class CreateJob(BaseModel):
    """The body of createJob. Unknown fields are passed over, null is the same as absent."""

    backend_id: _Id
    shots: StrictInt
    input: dict[str, Any] | StrictStr
    name: _Name | None = None
    input_format: InputFormat | None = None
    input_params: _Object | None = None
    tags: _Tags | None = None
    session_id: Annotated[_Id, AfterValidator(_uuid)] | None = None
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

    backend_id: _Id
    mode: Literal["batch", "dedicated"]
    provider: _Id
    ttl: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)] | None = None
    tags: _Tags | None = None
    metadata: _Object | None = None
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
        final = record.status.is_final
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
            final=final,
            final_not_aborted=final and record.status is not SessionStatus.ABORTED,
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

    name: Annotated[StrictStr, Field(min_length=1, max_length=100), AfterValidator(_storable)]
    organizations: list[_Id] | None = None


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
