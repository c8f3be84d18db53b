"""What passes between the server and an engine: a task in, a refusal or a result document out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


class Refused(Exception):
    """The device refuses this input, or this machine cannot hold it. The text says which, where, and the way out."""


@dataclass(frozen=True)
class Task:
    """One job as an engine sees it.

    Attributes:
        backend_id: The backend's id, for messages and result documents.
        input_format: The format that the input is in.
        input: The job's input, an object.
        params: The job's `input_params`, checked against the system's schema.
        shots: How often to measure.
        qubit_count: How many qubits the real device has.
        limits: What this machine holds, from the catalog: names are the engine's own.
        cores: How many processor cores a job may use when it does not say.
        noise: Whether a QPU is simulated with the noise of its calibration.
    """

    backend_id: str
    input_format: str
    input: dict[str, Any]
    params: dict[str, Any]
    shots: int
    qubit_count: int
    limits: dict[str, int] = field(default_factory=dict)
    cores: int = 1
    noise: bool = True


class Prepared(Protocol):
    """A task that was read and found good."""

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate.

        Args:
            job_id: The Hub's id of the job; some result documents carry it.
            seed: Seed of everything random. The same seed gives the same document.

        Returns:
            The result document as JSON in UTF-8.

        Raises:
            Refused: the input turned out to be one that the device does not run.
        """
