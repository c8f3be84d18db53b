"""`HubBackend`: a backend of the Hub as Qiskit's BackendV2."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from qiskit.circuit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import Target

from shared_transport import models
from shared_transport.client import HubClient
from shared_transport.errors import HubError, ValidationError
from shared_transport.models import Calibration, SdkProvider
from shared_transport.requests import JobRequest

from .circuits import Program, read_circuit
from .job import HubJob, JobPart
from .options import RunOptions
from .records import CircuitRecord, write_tags
from .systems import system_for
from .systems.base import Encoded

__all__ = ["HubBackend"]

_AT_ONCE = 8


class HubBackend(BackendV2):
    """A backend of the Hub.

    Its target, limits and encoder come from what the Hub says of it. It pickles, and copies are itself.

    Attributes:
        hub_backend: What the Hub says of it.
    """

    def __init__(
        self, client: HubClient, hub_backend: models.Backend, *, provider: object = None
    ) -> None:
        super().__init__(
            provider=provider,
            name=hub_backend.id,
            description=(hub_backend.documentation or {}).get("description"),
        )
        self.hub_backend = hub_backend
        self._client = client
        self._system = system_for(
            hub_backend.provider,
            list(map(str, hub_backend.configuration.supported_input_formats)),
            hub_backend.id,
        )
        self._options = self._system.options()
        self._options.update_options(shots=min(self._options.shots, self._shots_range()[1]))
        self._target: Target | None = None

    @property
    def target(self) -> Target:
        """What the backend can do; read from the Hub once, see `refresh`."""
        if self._target is None:
            config = self._client.backends.config(self.name) if self._system.uses_config else {}
            self._target = self._system.target(self.hub_backend, config)
        return self._target

    @property
    def max_circuits(self) -> None:
        """None: `run` takes any number of circuits."""
        return None

    @classmethod
    def _default_options(cls) -> RunOptions:
        return RunOptions()

    def refresh(self) -> None:
        """Read the backend's description anew; the target follows at its next use."""
        self.hub_backend = self._client.backends.get(self.name)
        self._target = None

    def status(self) -> models.BackendStateInfo:
        """Whether the backend runs, and its queue."""
        return self._client.backends.status(self.name)

    def calibration(self) -> Calibration | None:
        """The newest calibration in the vendor's own form, or None if there is none."""
        return self._client.backends.calibration(self.name)

    def set_options(self, **fields: Any) -> None:
        """Set defaults of `run`.

        Raises:
            ValidationError: An option that this backend does not have, or a value that it cannot take.
        """
        changed = self._options.changed(**fields)
        self._check_shots(changed.shots)
        self._options = changed

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        *,
        shots: int | None = None,
        memory: bool | None = None,
        seed_simulator: None = None,
        meas_level: int = 2,
        name: str | None = None,
        tags: Sequence[str] = (),
        session: Any = None,
        **system: Any,
    ) -> HubJob:
        """Run circuits. They are sent as they are, never transpiled.

        Args:
            circuits: One circuit or several. A circuit's qubit i is the device's qubit i.
            shots: How often each is executed; else ``options.shots``.
            memory: Whether the result has the outcome of each shot; else ``options.memory``.
            seed_simulator: Only None.
            meas_level: Only 2.
            name: Name of the job; else the circuit's.
            tags: Tags of the job.
            session: A session, or its id.
            **system: The system's own parameters, the further fields of ``options``.

        Returns:
            The job. Its id is known: everything is submitted.

        Raises:
            ValidationError: The backend cannot execute this; nothing was sent.
            SubmissionUncertainError: An answer was lost: a job may exist.
            HubError: What else went wrong. Where circuits of a list were already submitted, the error's
                ``job`` is the job with those.
        """
        given = {"shots": shots, "memory": memory}
        options = self._options.changed(
            **{key: value for key, value in given.items() if value is not None},
            seed_simulator=seed_simulator,
            meas_level=meas_level,
            **system,
        )
        self._check_shots(options.shots)
        programs = [self._read(circuit, options) for circuit in _as_list(circuits)]
        size = self._circuits_per_job()
        chunks = [programs[i : i + size] for i in range(0, len(programs), size)]
        encoded = [self._system.encode(chunk, options) for chunk in chunks]
        session_id = getattr(session, "session_id", session)
        requests = [
            self._request(chunk, one, options, name, tags, session_id)
            for chunk, one in zip(chunks, encoded, strict=True)
        ]
        parts = self._submit(requests, chunks, encoded, options)
        return HubJob(self._client, parts, backend=self, memory=options.memory)

    def encode(self, circuit: QuantumCircuit, **options: Any) -> Encoded:
        """What `run` would send for a circuit, without sending it.

        Raises:
            ValidationError: As `run`.
        """
        chosen = self._options.changed(**options)
        return self._system.encode([self._read(circuit, chosen)], chosen)

    def __copy__(self) -> HubBackend:
        return self

    def __deepcopy__(self, memo: object) -> HubBackend:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._client, self.hub_backend, dict(self._options.items()))

    def __repr__(self) -> str:
        return f"<HubBackend {self.name!r}>"

    def _read(self, circuit: object, options: RunOptions) -> Program:
        if not isinstance(circuit, QuantumCircuit):
            raise ValidationError(
                f"run() takes QuantumCircuit objects, not {type(circuit).__name__}.",
                hint="Load text with qiskit.qasm2.loads or qiskit.qasm3.loads.",
            )
        needs_measurement = self._system.needs_measurement(options)
        return read_circuit(circuit, self.target, self.name, needs_measurement=needs_measurement)

    def _shots_range(self) -> tuple[int, int]:
        """The fewest and the most shots of a job. Counts need at least one, whatever the Hub allows."""
        shots_range = self.hub_backend.configuration.shots_range
        least = (shots_range.min if shots_range else None) or 1
        most = shots_range.max if shots_range else None
        return max(1, least), most if most is not None else 2**63 - 1

    def _check_shots(self, shots: int) -> None:
        least, most = self._shots_range()
        if not least <= shots <= most:
            raise ValidationError(
                f"{self.name} takes {least} to {most} shots, not {shots}.",
                hint="Give shots= within that range.",
            )

    def _circuits_per_job(self) -> int:
        return max(1, self.hub_backend.configuration.max_pubs_per_job or 1)

    def _request(
        self,
        programs: Sequence[Program],
        encoded: Encoded,
        options: RunOptions,
        name: str | None,
        tags: Sequence[str],
        session_id: str | None,
    ) -> JobRequest:
        job_name = name if name is not None else programs[0].name
        records = _records(programs, encoded)
        said = self._system.layouts(encoded.input)
        ours = write_tags(records, said, job_name=job_name, memory=options.memory)
        return JobRequest(
            backend_id=self.name,
            shots=encoded.shots,
            input=encoded.input,
            input_format=self._system.input_format,
            input_params=encoded.params or None,
            name=job_name,
            tags=(*dict.fromkeys(tags), *ours),
            session_id=session_id,
            sdk_provider=SdkProvider.QISKIT,
        )

    def _submit(
        self,
        requests: Sequence[JobRequest],
        chunks: Sequence[Sequence[Program]],
        encoded: Sequence[Encoded],
        options: RunOptions,
    ) -> list[JobPart]:
        """Create the jobs, several at once. If one cannot be created, the others are still accounted for."""

        def create(request: JobRequest) -> models.Job | HubError:
            try:
                return self._client.jobs.create(request)
            except HubError as problem:
                return problem

        if len(requests) == 1:
            answers = [create(requests[0])]
        else:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="qhub-submit") as pool:
                answers = list(pool.map(create, requests))
        parts = [
            JobPart(
                _completed(answer, request, self.hub_backend),
                tuple(_records(chunk, one)),
                one.params,
                one.shots,
            )
            for answer, request, chunk, one in zip(answers, requests, chunks, encoded, strict=True)
            if isinstance(answer, models.Job)
        ]
        problems = [answer for answer in answers if isinstance(answer, HubError)]
        if problems:
            if parts:
                problems[0].job = HubJob(self._client, parts, backend=self, memory=options.memory)
            raise problems[0]
        return parts


def _as_list(circuits: Any) -> list[Any]:
    listed = list(circuits) if isinstance(circuits, (list, tuple)) else [circuits]
    if not listed:
        raise ValidationError("run() was given no circuit.", hint="Give at least one.")
    return listed


def _records(programs: Sequence[Program], encoded: Encoded) -> list[CircuitRecord]:
    return [
        CircuitRecord(layout, program.name, program.metadata, program.header)
        for program, layout in zip(programs, encoded.layouts, strict=True)
    ]


def _completed(job: models.Job, request: JobRequest, backend: models.Backend) -> models.Job:
    """The Hub's answer, with what was asked for where it says nothing of it."""
    known = {
        "backend_id": request.backend_id,
        "input_format": request.input_format,
        "provider": backend.provider,
        "shots": request.shots,
        "name": request.name,
    }
    return job.model_copy(update={k: v for k, v in known.items() if getattr(job, k) is None})


def _rebuild(client: HubClient, hub_backend: models.Backend, options: dict[str, Any]) -> HubBackend:
    backend = HubBackend(client, hub_backend)
    backend.set_options(**options)
    return backend
