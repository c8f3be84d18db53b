"""Running one circuit through either plugin."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_transport.client import HubClient
from shared_transport.embedded import embedded_hub
from shared_transport.settings import Settings

from .programs import Source, read_source, to_circuit

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit

__all__ = ["Run", "open_hub", "run_file", "run_source"]


@dataclass(frozen=True)
class Run:
    """A circuit that was run.

    Attributes:
        name: The circuit's name.
        sdk: ``qiskit`` or ``braket``; it also says how the bits of `counts` are ordered.
        backend: The backend's id.
        hub: The Hub's address, or ``local``.
        job_id: The Hub's id of the job.
        shots: Shots that came back.
        counts: Outcomes and how often each came: Qiskit's keys have bit 0 rightmost, Braket's have the
            first measured qubit leftmost.
        seconds: From the submission to the result.
    """

    name: str
    sdk: str
    backend: str
    hub: str
    job_id: str
    shots: int
    counts: Mapping[str, int]
    seconds: float


def run_file(path: Path, *, backend_id: str, shots: int, sdk: str, local: bool | None) -> Run:
    """Run a file of OpenQASM.

    Args:
        path: The file.
        backend_id: Where.
        shots: How often.
        sdk: ``qiskit`` or ``braket``.
        local: A Hub on this machine (True), the user's (False), or the user's if there is a token (None).

    Raises:
        HubError: What went wrong.
    """
    source = read_source(path)
    return run_source(open_hub(local), source, backend_id=backend_id, shots=shots, sdk=sdk)


def open_hub(local: bool | None) -> HubClient:
    """A client of the Hub that is meant."""
    settings = None if local else Settings.resolve()
    if settings is None or (local is None and settings.token is None):
        settings = embedded_hub()
    return HubClient(settings)


def run_source(client: HubClient, source: Source, *, backend_id: str, shots: int, sdk: str) -> Run:
    """Run a text that was read, and wait for its counts."""
    submit = _through_braket if sdk == "braket" else _through_qiskit
    job_id, counts, seconds = submit(client, source, backend_id, shots)
    return Run(
        name=source.path.stem,
        sdk=sdk,
        backend=backend_id,
        hub="local" if client.settings.runtime_file else client.settings.base_url,
        job_id=job_id,
        shots=sum(counts.values()),
        counts=counts,
        seconds=seconds,
    )


def _through_qiskit(
    client: HubClient, source: Source, backend_id: str, shots: int
) -> tuple[str, dict[str, int], float]:
    from qhub_qiskit import HubProvider

    backend = HubProvider(client=client).get_backend(backend_id)
    circuit = _transpiled(to_circuit(source), backend)
    started = time.monotonic()
    job = backend.run(circuit, shots=shots)
    counts = dict(job.result().get_counts())
    return job.job_id(), counts, time.monotonic() - started


def _through_braket(
    client: HubClient, source: Source, backend_id: str, shots: int
) -> tuple[str, dict[str, int], float]:
    from qhub_braket import HubProvider

    device = HubProvider(client=client).get_device(backend_id)
    text = source.text if source.braket_dialect else _in_brakets_dialect(client, source, backend_id)
    started = time.monotonic()
    task = device.run(text, shots=shots, name=source.path.stem)
    counts = dict(task.result().measurement_counts)
    return task.id, counts, time.monotonic() - started


def _in_brakets_dialect(client: HubClient, source: Source, backend_id: str) -> str:
    """OpenQASM 2, or 3 with Qiskit's include, in Braket's OpenQASM 3: as the Qiskit plugin would send it."""
    from qhub_qiskit import HubProvider

    backend = HubProvider(client=client).get_backend(backend_id)
    return str(backend.encode(_transpiled(to_circuit(source), backend)).input["qasm"])


def _transpiled(circuit: QuantumCircuit, backend: Any) -> QuantumCircuit:
    from qiskit import transpile

    return transpile(circuit, backend, optimization_level=1)
