"""One room per vendor system: how a program becomes a job's input, and a result document a native result.

Which room serves a backend is decided by what the Hub says of it: its provider and the input formats that it
takes, or the format alone for a provider that is not known yet.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from shared_transport.client import HubClient
from shared_transport.errors import ValidationError
from shared_transport.models import Backend, InputFormat, Job

__all__ = [
    "Encoded",
    "Facts",
    "JobInput",
    "RunOptions",
    "SetSystem",
    "System",
    "options_of",
    "system_of_backend",
    "system_of_job",
    "takes_sets",
]

# (provider, input format) -> module of this package; without a provider: whoever takes the format.
_ROOMS: Mapping[tuple[str, str], str] = {
    ("AWS", InputFormat.BRAKET_OPEN_QASM_V3): "aws",
    ("AWS", InputFormat.BRAKET_AHS_PROGRAM): "aws_analog",
    ("", InputFormat.OPEN_QASM_V3): "bridge",
    ("", InputFormat.OPEN_QASM_V2): "bridge",
    ("", InputFormat.IONQ_CIRCUIT_V1): "bridge",
    ("", InputFormat.QISKIT_QPY): "bridge",
    ("", InputFormat.IQM_JOB_INPUT_V1): "bridge",
    ("", InputFormat.PERCEVAL): "bridge",
}

# Asks the Hub for a job's input.
JobInput: TypeAlias = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Facts:
    """What a room needs to know of a device.

    Attributes:
        id: The device's id, for messages.
        qubit_count: How many qubits it has, or None if nobody says.
        capabilities: The `DeviceCapabilities` of its device document, or None where that is not Braket's.
        backend: What the Hub says of it.
        client: The Hub.
        memo: What a room wants to remember of the device from one program to the next.
    """

    id: str
    qubit_count: int | None
    capabilities: Any
    backend: Backend
    client: HubClient
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunOptions:
    """How a program shall be run.

    Attributes:
        shots: How often, at least 0; 0 is exact.
        inputs: Values of the program's parameters by name.
        disable_qubit_rewiring: Whether the qubits are the physical ones as they are named.
        system: The room's own keywords of `run` that were given, by the names in its `OPTIONS`.
    """

    shots: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    disable_qubit_rewiring: bool = False
    system: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """A program in the form in which a job carries it.

    Attributes:
        tags: What the result needs to be read, and the input does not say; they travel with the job.
        shots: The job's shots, where they are not those of all its programs in all.
    """

    input: Mapping[str, Any]
    input_format: InputFormat
    input_params: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    shots: int | None = None


class System(Protocol):
    """What a room looks like.

    It may have `OPTIONS`, a tuple of names: keywords of `run` that it understands beside those of every device; and
    `PROGRAM_SETS`, False where its programs do not come in sets.
    """

    def encode(self, task_specification: Any, options: RunOptions, device: Facts) -> Encoded:
        """Turn a program into a job's input.

        Raises:
            ValidationError: The device does not run it.
        """

    def decode(self, content: bytes, job: Job, job_input: JobInput) -> Any:
        """Turn a result document, as JSON text, into Braket's own result object, whoever created the job.

        Args:
            content: The document.
            job: The job.
            job_input: Called where neither document nor job say enough.

        Raises:
            ServerError: The document is not what this system's results are.
            ValidationError: The job's result is none that Braket has.
        """


@runtime_checkable
class SetSystem(System, Protocol):
    """A room whose format takes several programs in one job."""

    def per_job(self, device: Facts, shots: int) -> int:
        """How many programs of so many shots one job of the device takes."""

    def joined(self, programs: Sequence[Encoded], shots: int) -> Encoded | None:
        """Make one job's input of several, all encoded with the same options.

        Args:
            programs: The programs; one alone always becomes a job.
            shots: Those of each.

        Returns:
            The job; None where they are too many for one.
        """


def options_of(system: System) -> tuple[str, ...]:
    """The room's own keywords of `run`."""
    return tuple(getattr(system, "OPTIONS", ()))


def takes_sets(system: System) -> bool:
    """Whether a program set can be run, be it as several jobs."""
    return bool(getattr(system, "PROGRAM_SETS", True))


def system_of_backend(backend: Backend) -> System:
    """The room that serves a backend.

    Raises:
        ValidationError: None does yet; the error says which formats are served.
    """
    formats = backend.configuration.supported_input_formats
    return _open(backend.provider, formats, f"Backend {backend.id!r}")


def system_of_job(job: Job) -> System:
    """The room that reads a job's result.

    Raises:
        ValidationError: None does yet; the error says which formats are served.
    """
    formats = [job.input_format] if job.input_format else []
    return _open(job.provider, formats, f"Job {job.id}")


def _open(provider: str | None, formats: Iterable[str], owner: str) -> System:
    formats = [str(word) for word in formats]
    for word in formats:
        if (room := _ROOMS.get((provider or "", word))) is not None:
            return _load(room)
    for (_, word), room in _ROOMS.items():
        if word in formats:
            return _load(room)
    served = ", ".join(sorted({word for _, word in _ROOMS}))
    raise ValidationError(
        f"{owner} takes {', '.join(formats) or 'no input format that the Hub names'}, "
        "which qhub_braket does not serve yet.",
        hint=f"It serves backends that take {served}; HubProvider.devices() lists what each one takes.",
    )


def _load(room: str) -> System:
    return cast(System, importlib.import_module(f".{room}", __name__))
