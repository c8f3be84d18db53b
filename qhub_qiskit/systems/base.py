"""What a room of a vendor system offers."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from qhub_qiskit.options import RunOptions
from shared_transport.bit_rows import Content
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.models import Backend, InputFormat

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["Decoded", "Device", "Encoded", "ResultText", "Sent", "System"]

O = TypeVar("O", bound=RunOptions)  # noqa: E741 - the usual name of a type variable


@dataclass(frozen=True)
class Device:
    """All that the Hub says of a backend.

    Attributes:
        backend: Its description.
        config: Its device document in the vendor's own form; empty where the room does not ask for it.
        calibration: Its newest calibration in the vendor's own form; empty where there is none, or where the
            room does not ask for it.
    """

    backend: Backend
    config: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The qubits as the Hub labels them, in its order; their numbers where it does not."""
        configuration = self.backend.configuration
        labels = tuple(q.id for q in configuration.qubits if q.id is not None)
        return labels or tuple(map(str, range(configuration.qubit_count or 0)))

    @property
    def declared(self) -> frozenset[str]:
        """What the Hub says the backend can do beside gates, such as ``reset`` or ``if_else``."""
        configuration = self.backend.configuration
        return frozenset(configuration.operations) | frozenset(configuration.instructions)


@dataclass(frozen=True)
class Encoded:
    """Circuits as one job's input.

    Attributes:
        input: The input document.
        params: The system's parameters, without those at their defaults.
        shots: The job's shots, as the API counts them.
        layouts: For each circuit, which column of the result each classical bit holds.
        headers: For each circuit, further fields of its result's header; empty where there are none.
        input_format: The format, where it is not the room's own.
        said: What `System.layouts` reads from the input, where the room knows it without reading; else None.
    """

    input: Mapping[str, Any]
    params: Mapping[str, Any]
    shots: int
    layouts: tuple[ClassicalLayout, ...]
    headers: tuple[Mapping[str, Any], ...] = ()
    input_format: InputFormat | None = None
    said: tuple[ClassicalLayout | None, ...] | None = None


@dataclass(frozen=True)
class ResultText:
    """A result document as it came.

    Attributes:
        content: Its JSON text, in memory or in a file.
    """

    content: Content

    def json(self) -> Any:
        """The document.

        Raises:
            ValueError: It is no JSON.
        """
        return json.loads(self.content[:])


@dataclass(frozen=True)
class Sent:
    """What is known of the job when its result is read.

    Attributes:
        layouts: For each circuit what `Encoded.layouts` said, or None where nobody knows: a job of another
            client whose input does not say it.
        params: The system's parameters.
        shots: Shots of each circuit, as asked for.
        seed: Of whatever has to be drawn: the same for one job in every process.
    """

    layouts: tuple[ClassicalLayout | None, ...]
    params: Mapping[str, Any]
    shots: int
    seed: int


@dataclass(frozen=True)
class Decoded:
    """A result document as measured bits, for one circuit.

    Attributes:
        memory: The classical memory, or None where nothing was measured.
        data: Further data under Qiskit's names, such as ``statevector``.
        metadata: What else the document says.
        layout: The layout that was read, where `Sent.layouts` had none.
    """

    memory: ClassicalMemory | None
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    layout: ClassicalLayout | None = None


class System(ABC, Generic[O]):
    """One vendor system: how its backends are described, what they take and what they give.

    A room knows nothing of HTTP, and keeps no state.

    Attributes:
        input_format: The format that it encodes to.
        uses_config: Whether `target` reads the device document.
        uses_calibration: Whether `target` reads the newest calibration.
        takes_lists: Whether the format is a list of circuits: a job takes any number unless the Hub says less.
        joins_circuits: Whether `encode` writes several circuits as one job where the Hub says that one takes them.
        runs_programs: Whether it runs the programs of IBM's Runtime, sampler, estimator and noise learner.
        options: The type of its options of `run`.
    """

    input_format: ClassVar[InputFormat]
    uses_config: ClassVar[bool] = False
    uses_calibration: ClassVar[bool] = False
    takes_lists: ClassVar[bool] = False
    joins_circuits: ClassVar[bool] = False
    runs_programs: ClassVar[bool] = False
    options: type[O]

    def needs_measurement(self, options: O) -> bool:
        """Whether a circuit without measurement has nothing to return."""
        return True

    def circuits_per_job(self, device: Device, shots: int) -> int:
        """How many circuits of so many shots one job takes."""
        most = device.backend.configuration.max_pubs_per_job
        if self.takes_lists:
            return 1 << 30 if most is None else max(1, most)
        return max(1, most or 1) if self.joins_circuits else 1

    def measures_midway(self, device: Device) -> bool:
        """Whether a qubit may be used after its measurement."""
        return False

    def qubit_labels(self, device: Device) -> tuple[str, ...]:
        """The vendor's label of each of the target's qubits."""
        return device.labels

    def faulty_qubits(self, device: Device) -> frozenset[str]:
        """Labels of the qubits that the device's documents call out of order."""
        return frozenset()

    def translation_plugin(self, device: Device) -> str | None:
        """The plugin of ``qiskit.transpiler.translation`` that its native gates need, or None."""
        return None

    @abstractmethod
    def target(self, device: Device) -> Target:
        """The backend's target; its qubit i is the one of `qubit_labels` at i."""

    @abstractmethod
    def encode(self, programs: Sequence[Program], options: O, device: Device) -> Encoded:
        """Turn circuits into one job's input.

        Raises:
            ValidationError: One of them cannot be executed; the error names what and the way out.
        """

    @abstractmethod
    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """Read from a job's input what it says of the classical bits, a layout for each circuit.

        Raises:
            ValueError, KeyError, TypeError, IndexError: The input is not one of this system.
        """

    @abstractmethod
    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Turn a result document into measured bits, one for each circuit.

        Raises:
            ValueError, KeyError, TypeError, IndexError: The document is not one of this system.
        """
