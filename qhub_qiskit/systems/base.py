"""What a room of a vendor system offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from qhub_qiskit.options import RunOptions
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.models import InputFormat

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program
    from shared_transport.models import Backend

__all__ = ["Decoded", "Encoded", "System"]

O = TypeVar("O", bound=RunOptions)  # noqa: E741 - the usual name of a type variable


@dataclass(frozen=True)
class Encoded:
    """Circuits as one job's input.

    Attributes:
        input: The input document.
        params: The system's parameters, without those at their defaults.
        shots: The shots of the job.
        layouts: For each circuit, which of the *input's* qubits each classical bit holds.
    """

    input: Mapping[str, Any]
    params: Mapping[str, Any]
    shots: int
    layouts: tuple[ClassicalLayout, ...]


@dataclass(frozen=True)
class Decoded:
    """A result document as measured bits, for one circuit.

    Attributes:
        memory: The classical memory, or None where nothing was measured.
        data: Further data under Qiskit's names, such as ``statevector``.
        metadata: What else the document says.
    """

    memory: ClassicalMemory | None
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


class System(ABC, Generic[O]):
    """One vendor system: how its backends are described, what they take and what they give.

    A room knows nothing of HTTP, and keeps no state.

    Attributes:
        input_format: The format that it encodes to.
        uses_config: Whether `target` reads the device document.
        options: The type of its options of `run`.
    """

    input_format: ClassVar[InputFormat]
    uses_config: ClassVar[bool]
    options: type[O]

    def needs_measurement(self, options: O) -> bool:
        """Whether a circuit without measurement has nothing to return."""
        return True

    @abstractmethod
    def target(self, backend: Backend, config: Mapping[str, Any]) -> Target:
        """The backend's target.

        Args:
            backend: What the Hub says of it.
            config: Its device document.
        """

    @abstractmethod
    def encode(self, programs: Sequence[Program], options: O) -> Encoded:
        """Turn circuits into one job's input."""

    @abstractmethod
    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout, ...]:
        """Read from a job's input what it says of the classical bits, a layout for each circuit."""

    @abstractmethod
    def decode(
        self, document: Any, layouts: Sequence[ClassicalLayout], params: Mapping[str, Any]
    ) -> list[Decoded]:
        """Turn a result document into measured bits, one for each circuit.

        Raises:
            ValueError, KeyError, TypeError, IndexError: The document is not one of this system.
        """
