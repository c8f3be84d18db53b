"""What the API says, as typed objects, lenient to read. What is written to it stands in `requests`.

Reading never fails over a word: nothing is guaranteed present, unknown fields are kept
(``model.model_extra``), an unknown value of an enumeration stays the string that came, and both spellings
of the published ones (``pay-per-use``, ``PAY_PER_USE``; ``openqasm.v3``, ``OPEN_QASM_V3``) are read.
Times are aware datetimes in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "AccessType",
    "Backend",
    "BackendState",
    "BackendStateInfo",
    "BackendType",
    "Calibration",
    "Configuration",
    "InputFormat",
    "Job",
    "JobStatus",
    "Page",
    "SdkProvider",
    "Session",
    "SessionMode",
    "SessionStatus",
    "Workload",
]

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class JobStatus(StrEnum):
    """Lifecycle of a job. ``DETACHED`` is API 3.3: terminal, and no result to be had."""

    UNKNOWN = "UNKNOWN"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    ABORTED = "ABORTED"
    DETACHED = "DETACHED"


_TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "ABORTED", "DETACHED"})


def is_terminal(status: str | None) -> bool:
    """Whether a job with this status has ended. A word that is not known has not."""
    return status in _TERMINAL


class SessionStatus(StrEnum):
    """Lifecycle of a session. ``DETACHED`` is API 3.3."""

    UNKNOWN = "UNKNOWN"
    OPEN = "OPEN"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DRAINING = "DRAINING"
    CLOSED = "CLOSED"
    ABORTED = "ABORTED"
    DETACHED = "DETACHED"


class SessionMode(StrEnum):
    """Whether a session has the backend's queue for itself."""

    BATCH = "batch"
    DEDICATED = "dedicated"


class InputFormat(StrEnum):
    """Format of a job's input."""

    OPEN_QASM_V1 = "OPEN_QASM_V1"
    OPEN_QASM_V2 = "OPEN_QASM_V2"
    OPEN_QASM_V3 = "OPEN_QASM_V3"
    QIR_V1 = "QIR_V1"
    BRAKET_OPEN_QASM_V3 = "BRAKET_OPEN_QASM_V3"
    BRAKET_AHS_PROGRAM = "BRAKET_AHS_PROGRAM"
    IONQ_CIRCUIT_V1 = "IONQ_CIRCUIT_V1"
    QISKIT_QPY = "QISKIT_QPY"
    QOQO = "QOQO"
    PERCEVAL = "PERCEVAL"
    IQM_JOB_INPUT_V1 = "IQM_JOB_INPUT_V1"
    AQT_JOB_INPUT_V1 = "AQT_JOB_INPUT_V1"


class BackendType(StrEnum):
    """Kind of a backend."""

    QPU = "QPU"
    SIMULATOR = "SIMULATOR"
    ANNEALER = "ANNEALER"
    UNKNOWN = "UNKNOWN"


class BackendState(StrEnum):
    """Operational state of a backend."""

    UNKNOWN = "UNKNOWN"
    ONLINE = "ONLINE"
    PAUSED = "PAUSED"
    OFFLINE = "OFFLINE"
    RETIRED = "RETIRED"


class AccessType(StrEnum):
    """How a backend is paid for."""

    PAY_PER_USE = "PAY_PER_USE"
    TOKEN_BASED = "TOKEN_BASED"  # noqa: S105 - a word of the API, not a secret
    PREPAID = "PREPAID"
    FREE = "FREE"


class SdkProvider(StrEnum):
    """Which SDK a job was written in."""

    QISKIT = "QISKIT"
    BRAKET = "BRAKET"
    PERCEVAL = "PERCEVAL"
    CLIENT = "CLIENT"


def _squeezed(word: str) -> str:
    return "".join(c for c in word.upper() if c.isalnum())


def _read_word(kind: type[E]) -> Callable[[Any], Any]:
    known = {_squeezed(member.value): member for member in kind}

    def read(value: Any) -> Any:
        return known.get(_squeezed(value), value) if isinstance(value, str) else None

    return read


def _read_time(value: Any) -> Any:
    """Read ``YYYY-MM-DD HH:MM:SS`` and RFC 3339; a time without a zone is UTC; nonsense is None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:  # a zone carries it beyond the years 1 to 9999
            return None
    return None


def _read_date(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def _or_none(kind: type) -> Callable[[Any], Any]:
    """Keep a value of this type and read anything else as absent."""

    def read(value: Any) -> Any:
        if kind is int:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return None
            return int(value) if math.isfinite(value) else None
        return value if isinstance(value, kind) else None

    return read


_Word: TypeAlias = Annotated[str | None, BeforeValidator(_or_none(str))]
_Id: TypeAlias = Annotated[str, BeforeValidator(lambda v: v if isinstance(v, str) else "")]
_Number: TypeAlias = Annotated[int | None, BeforeValidator(_or_none(int))]
_Flag: TypeAlias = Annotated[bool | None, BeforeValidator(_or_none(bool))]
_Time: TypeAlias = Annotated[datetime | None, BeforeValidator(_read_time)]
_Object: TypeAlias = Annotated[dict[str, Any] | None, BeforeValidator(_or_none(dict))]


def _words(value: Any) -> Any:
    return [v for v in value if isinstance(v, str)] if isinstance(value, (list, tuple)) else []


_Words: TypeAlias = Annotated[list[str], BeforeValidator(_words)]


class _Read(BaseModel):
    # A validator is built when it is first needed: an import waits for none of them.
    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=(), defer_build=True)


def _list_of(kind: type[BaseModel]) -> BeforeValidator:
    """Read a list, whatever else came instead: what is not an object in it is left out."""

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return []
        return [v for v in value if isinstance(v, (dict, kind))]

    return BeforeValidator(read)


class Gate(_Read):
    """A gate that a backend names."""

    name: _Word = None
    native_gate: _Flag = None


class Qubit(_Read):
    """A qubit as the backend labels it."""

    id: Annotated[str | None, BeforeValidator(lambda v: None if v is None else str(v))] = None


class ShotsRange(_Read):
    """How many shots a job may have."""

    min: _Number = None
    max: _Number = None


def _read_graph(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    return {
        str(qubit): [str(n) for n in neighbours]
        for qubit, neighbours in value.items()
        if isinstance(neighbours, list)
    }


class Connectivity(_Read):
    """Which qubits interact: all of them, or the neighbours in ``graph``."""

    fully_connected: _Flag = None
    graph: Annotated[dict[str, list[str]] | None, BeforeValidator(_read_graph)] = None


class Configuration(_Read):
    """What a backend can do.

    ``max_pubs_per_job`` and ``total_shots_range`` are API 3.3 and often absent.
    """

    gates: Annotated[list[Gate], _list_of(Gate)] = Field(default_factory=list)
    operations: _Words = Field(default_factory=list)
    instructions: _Words = Field(default_factory=list)
    qubit_count: _Number = None
    qubits: Annotated[list[Qubit], _list_of(Qubit)] = Field(default_factory=list)
    connectivity: Annotated[Connectivity | None, BeforeValidator(_or_none(dict))] = None
    shots_range: Annotated[ShotsRange | None, BeforeValidator(_or_none(dict))] = None
    total_shots_range: Annotated[ShotsRange | None, BeforeValidator(_or_none(dict))] = None
    max_pubs_per_job: _Number = None
    supported_input_formats: Annotated[
        list[InputFormat | str],
        BeforeValidator(lambda v: [_read_word(InputFormat)(w) for w in _words(v)]),
    ] = Field(default_factory=list)
    output_format: _Word = None
    memory_result_supported: _Flag = None
    photonic_properties: _Object = None


class Backend(_Read):
    """A backend of the Hub (``getBackend``). Without credentials the Hub says less of it."""

    id: _Id = ""
    internal_id: _Word = None
    provider: _Word = None
    hardware_provider: _Word = None
    name: _Word = None
    display_name: _Word = None
    type: Annotated[BackendType | str | None, BeforeValidator(_read_word(BackendType))] = None
    technology: _Word = None
    queue_size: _Number = None
    updated_at: Annotated[date | None, BeforeValidator(_read_date)] = None
    access_type: Annotated[AccessType | str | None, BeforeValidator(_read_word(AccessType))] = None
    documentation: _Object = None
    configuration: Annotated[
        Configuration, BeforeValidator(lambda v: v if isinstance(v, (dict, Configuration)) else {})
    ] = Field(default_factory=Configuration)
    availability: Annotated[
        list[dict[str, Any]],
        BeforeValidator(
            lambda v: [w for w in v if isinstance(w, dict)] if isinstance(v, list) else []
        ),
    ] = Field(default_factory=list)
    has_calibration: _Flag = None

    @property
    def simulator(self) -> bool:
        """True for a simulator."""
        return self.type == BackendType.SIMULATOR


class BackendStateInfo(_Read):
    """State and queue of a backend (``getBackendStatus``).

    Attributes:
        status: Its state; a word that is not known stays that word.
        queue_avg_time: Average waiting time in seconds.
        queue_size: Number of waiting jobs.
    """

    status: Annotated[BackendState | str | None, BeforeValidator(_read_word(BackendState))] = None
    queue_avg_time: _Number = None
    queue_size: _Number = None


class Calibration(_Read):
    """Calibration data (``getBackendCalibration``, ``getJobCalibration``), in the vendor's own form."""

    backend_id: _Word = None
    calibrated_at: _Time = None
    calibration: _Object = None


class Job(_Read):
    """A job as the Hub describes it (``getJob``).

    Attributes:
        runtime: Execution time in milliseconds, of ended jobs.
        usage_time_millis: The same under its name in API 3.3.
    """

    id: _Id = ""
    name: _Word = None
    backend_id: _Word = None
    provider: _Word = None
    provider_job_id: _Word = None
    input_params: _Object = None
    input_format: Annotated[InputFormat | str | None, BeforeValidator(_read_word(InputFormat))] = (
        None
    )
    tags: _Words = Field(default_factory=list)
    status: Annotated[JobStatus | str | None, BeforeValidator(_read_word(JobStatus))] = None
    created_at: _Time = None
    started_at: _Time = None
    ended_at: _Time = None
    runtime: _Number = None
    usage_time_millis: _Number = None
    usage_time_state: _Word = None
    shots: _Number = None
    session_id: _Word = None
    sdk_provider: _Word = None

    @property
    def ended(self) -> bool:
        """True once the job is in a terminal state."""
        return is_terminal(self.status)


class JobStatusAnswer(_Read):
    """The answer of ``getJobStatus``."""

    status: Annotated[JobStatus | str | None, BeforeValidator(_read_word(JobStatus))] = None


class Session(_Read):
    """A session as the Hub describes it (``getSession``).

    Attributes:
        usage_time_millis: Execution time of its jobs in milliseconds.
    """

    id: _Id = ""
    backend_id: _Word = None
    provider: _Word = None
    status: Annotated[SessionStatus | str | None, BeforeValidator(_read_word(SessionStatus))] = None
    mode: Annotated[SessionMode | str | None, BeforeValidator(_read_word(SessionMode))] = None
    created_at: _Time = None
    started_at: _Time = None
    closed_at: _Time = None
    expires_at: _Time = None
    usage_time_millis: _Number = None
    provider_id: _Word = None
    tags: _Words = Field(default_factory=list)
    metadata: _Object = None
    sdk_provider: _Word = None

    @property
    def ended(self) -> bool:
        """True once it takes no jobs and runs none, for good."""
        return self.status in (
            SessionStatus.CLOSED,
            SessionStatus.ABORTED,
            SessionStatus.DETACHED,
        )


class SessionStatusAnswer(_Read):
    """The answer of ``getSessionStatus``."""

    status: Annotated[SessionStatus | str | None, BeforeValidator(_read_word(SessionStatus))] = None


class Workload(_Read):
    """A job or a session in the list of both (``getWorkloads``).

    Attributes:
        type: ``JOB`` or ``SESSION``.
        status: The word of a job or of a session.
    """

    id: _Id = ""
    type: _Word = None
    backend_id: _Word = None
    provider: _Word = None
    status: _Word = None
    created_at: _Time = None
    started_at: _Time = None
    ended_at: _Time = None
    sdk_provider: _Word = None


class Page(_Read, Generic[T]):
    """One page of a list. Pages count from zero; ``size`` is what the Hub used, whatever was asked."""

    content: Annotated[
        list[T],
        BeforeValidator(
            lambda v: (
                [w for w in v if isinstance(w, (dict, BaseModel))] if isinstance(v, list) else []
            )
        ),
    ] = Field(default_factory=list)
    page: _Number = None
    size: _Number = None
    total_elements: _Number = None
    total_pages: _Number = None
