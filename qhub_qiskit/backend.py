"""`HubBackend`: a backend of the Hub as Qiskit's BackendV2."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from qiskit.circuit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit.transpiler import Target

from shared_transport import models
from shared_transport.client import HubClient
from shared_transport.errors import HubError, ValidationError
from shared_transport.models import Calibration
from shared_transport.tags import checked_tags

from .circuits import Acceptance, Program, read_circuit
from .job import HubJob
from .options import RunOptions
from .runs import Labels, PlannedJob, plan, shares_of, submit
from .systems import system_for
from .systems.base import Device, Encoded

if TYPE_CHECKING:
    from datetime import datetime

    from matplotlib.figure import Figure

    from shared_transport.explanation import Explanation
    from shared_transport.prices import Prices

__all__ = ["HubBackend", "StaleTargetWarning"]

# A run asks at most this often, in seconds, whether the device was calibrated anew.
_LOOK_AGAIN = 300.0


class StaleTargetWarning(UserWarning):
    """The device was calibrated anew, or lost qubits, since the target was read."""


class HubBackend(BackendV2):
    """A backend of the Hub.

    Its target, limits and encoder come from what the Hub says of it. It pickles, and copies are itself.

    Attributes:
        hub_backend: What the Hub says of it.
    """

    def __init__(
        self, client: HubClient, hub_backend: models.Backend, *, provider: object = None
    ) -> None:
        BackendV2.__init__(  # by name: other bases of a subclass are set up by that
            self,
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
        self._forget()

    @property
    def target(self) -> Target:
        """What the backend can do; read from the Hub once, see `refresh`."""
        return self._accepts().target

    @property
    def max_circuits(self) -> None:
        """None: `run` takes any number of circuits."""
        return None

    @property
    def client(self) -> HubClient:
        """The client of the Hub that it belongs to."""
        return self._client

    @property
    def runs_programs(self) -> bool:
        """Whether it runs the programs of IBM's Runtime; `HubRuntimeService` and IBM's primitives do."""
        return self._system.runs_programs

    @property
    def qubit_labels(self) -> tuple[str, ...]:
        """The vendor's label of each of the target's qubits."""
        return self._accepts().labels

    @property
    def metadata_age(self) -> float | None:
        """Seconds since the target's documents were read; None if they were not yet."""
        return None if self._read_at is None else time.monotonic() - self._read_at

    @classmethod
    def _default_options(cls) -> RunOptions:
        return RunOptions()

    def refresh(self) -> None:
        """Read the backend's description anew; the target follows at its next use."""
        self.hub_backend = self._client.backends.get(self.name)
        self._forget()

    def status(self) -> models.BackendStateInfo:
        """Whether the backend runs, and its queue."""
        return self._client.backends.status(self.name)

    def calibration(self) -> Calibration | None:
        """The newest calibration in the vendor's own form, or None if there is none."""
        return self._client.backends.calibration(self.name)

    def get_translation_stage_plugin(self) -> str | None:
        """The plugin with which Qiskit's pass managers reach the native gates; None for Qiskit's own."""
        return self._system.translation_plugin(self._device_documents())

    def set_options(self, **fields: Any) -> None:
        """Set defaults of `run`.

        Raises:
            ValidationError: An option that this backend does not have, or a value that it cannot take.
        """
        changed = self._options.changed(**fields)
        least, most = self._shots_range()
        if not least <= changed.shots <= most:
            raise ValidationError(
                f"{self.name} takes {least} to {most} shots a job, not {changed.shots}.",
                hint="More are spread over several jobs by run(..., shots=..., split_shots=True).",
            )
        self._options = changed

    def run(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        *,
        shots: int | None = None,
        memory: bool | None = None,
        seed_simulator: int | None = None,
        meas_level: int = 2,
        name: str | None = None,
        tags: Sequence[str] = (),
        session: Any = None,
        split_shots: bool = False,
        **system: Any,
    ) -> HubJob:
        """Run circuits. They are sent as they are, never transpiled.

        Args:
            circuits: One circuit or several. A circuit's qubit i is the target's qubit i.
            shots: How often each is executed; else ``options.shots``.
            memory: Whether the result has the outcome of each shot; else ``options.memory``.
            seed_simulator: Seed of the draw where a backend returns probabilities; elsewhere only None.
            meas_level: Only 2.
            name: Name of the job; else the circuit's.
            tags: Tags of the job.
            session: A session, or its id.
            split_shots: Spread more shots than a job may have over several, and sum their results.
            **system: The system's own parameters, the further fields of ``options``.

        Returns:
            The job. Its id is known: everything is submitted.

        Raises:
            ValidationError: The backend cannot execute this; nothing was sent.
            SubmissionUncertainError: An answer was lost: a job may exist.
            HubError: What else went wrong. Where circuits of a list were already submitted, the error's
                ``job`` is the job with those.
        """
        planned = self._plan(
            circuits,
            shots=shots,
            memory=memory,
            seed_simulator=seed_simulator,
            meas_level=meas_level,
            name=name,
            tags=tags,
            session=session,
            split_shots=split_shots,
            **system,
        )
        self._warn_if_stale()
        try:
            parts = submit(self._client, self.hub_backend, planned)
        except HubError as problem:
            if problem.job is not None:
                problem.job = HubJob(self._client, problem.job, backend=self)
            raise
        return HubJob(self._client, parts, backend=self)

    def encode(self, circuit: QuantumCircuit, **options: Any) -> Encoded:
        """What `run` would send for a circuit, without sending it.

        Raises:
            ValidationError: As `run`.
        """
        chosen = self._options.changed(**options)
        program = self._read(circuit, chosen)
        return self._system.encode([program], chosen, self._device_documents())

    def explain(
        self,
        circuit: QuantumCircuit,
        *,
        prices: Prices | None = None,
        optimization_level: int | None = None,
        seed_transpiler: int | None = None,
        **run: Any,
    ) -> Explanation:
        """What `run` would do with a circuit, and what it would cost; nothing is submitted.

        A circuit that the backend does not take as it is is transpiled; then the explanation's ``circuit`` is what
        `run` takes.

        Args:
            circuit: The circuit.
            prices: What you pay, by backend id or pattern: ``{"ibm.*": {"per_second": 1.5}, "aws.ionq.forte":
                {"per_task": 0.3, "per_shot": 0.08}}``. The Hub tells no prices: without one there is none.
            optimization_level: For the transpiler.
            seed_transpiler: For the transpiler.
            **run: Keywords of `run`, such as ``shots``.

        Raises:
            ValidationError: It is no circuit, or what was given as a price is none.
            HubError: The backend could not be asked.
        """
        from .explain import explain

        return explain(
            self,
            circuit,
            prices=prices,
            optimization_level=optimization_level,
            seed_transpiler=seed_transpiler,
            run=run,
        )

    def plot(self, kind: Literal["errors", "coherence"] = "errors") -> Figure:
        """Draw the backend by its calibration, with matplotlib.

        Args:
            kind: ``errors`` for the coupling map, coloured by the errors of readouts and two-qubit gates;
                ``coherence`` for T1 and T2 of each qubit.

        Raises:
            MissingExtraError: matplotlib is not installed.
            ValidationError: The backend has nothing of that kind.
        """
        from .plots import plot_backend

        return plot_backend(self, kind)

    def _repr_html_(self) -> str:
        from .display import backend_html

        return backend_html(self)

    def __copy__(self) -> HubBackend:
        return self

    def __deepcopy__(self, memo: object) -> HubBackend:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._client, self.hub_backend, dict(self._options.items()))

    def __repr__(self) -> str:
        return f"<HubBackend {self.name!r}>"

    def _plan(
        self,
        circuits: QuantumCircuit | Sequence[QuantumCircuit],
        *,
        shots: int | None = None,
        memory: bool | None = None,
        seed_simulator: int | None = None,
        meas_level: int = 2,
        name: str | None = None,
        tags: Sequence[str] = (),
        session: Any = None,
        split_shots: bool = False,
        **system: Any,
    ) -> list[PlannedJob]:
        """The jobs of a call of `run`."""
        given = {"shots": shots, "memory": memory, "seed_simulator": seed_simulator}
        options = self._options.changed(
            **{key: value for key, value in given.items() if value is not None},
            meas_level=meas_level,
            **system,
        )
        shares = self._shares(options.shots, split=split_shots)
        programs = [self._read(circuit, options) for circuit in _as_list(circuits)]
        labels = Labels(name, checked_tags(tags), getattr(session, "session_id", session))
        return plan(self._system, self._device_documents(), programs, options, shares, labels)

    def _forget(self) -> None:
        """Forget what was read of the device."""
        self._device: Device | None = None
        self._calibrated_at: datetime | None = None
        self._read_at: float | None = None
        self._looked_at = 0.0
        self._acceptance: Acceptance | None = None

    def _device_documents(self) -> Device:
        """What the Hub says of the device, read once."""
        if self._device is None:
            system, name = self._system, self.name
            config = self._client.backends.config(name) if system.uses_config else {}
            calibration = None
            if system.uses_calibration and self.hub_backend.has_calibration:
                calibration = self.calibration()
            body = (calibration.calibration or {}) if calibration is not None else {}
            self._calibrated_at = calibration.calibrated_at if calibration is not None else None
            self._device = Device(self.hub_backend, config, body)
            self._read_at = self._looked_at = time.monotonic()
        return self._device

    def _make_target(self, device: Device) -> Target:
        return self._system.target(device)

    def _accepts(self) -> Acceptance:
        if self._acceptance is None:
            device = self._device_documents()
            self._acceptance = Acceptance(
                self._make_target(device),
                self.name,
                self._system.qubit_labels(device),
                self._system.measures_midway(device),
            )
        return self._acceptance

    def _warn_if_stale(self) -> None:
        """Warn where the device was calibrated anew since the target was read."""
        device, now = self._device_documents(), time.monotonic()
        if self._calibrated_at is None or now - self._looked_at < _LOOK_AGAIN:
            return
        self._looked_at = now
        newest = self.calibration()
        if newest is None or newest.calibrated_at == self._calibrated_at:
            return
        changed = Device(device.backend, device.config, newest.calibration or {})
        lost = self._system.faulty_qubits(changed) - self._system.faulty_qubits(device)
        text = f"{self.name} was calibrated at {newest.calibrated_at}, after its target was read"
        if lost:
            text += f"; out of order since then: {', '.join(sorted(lost))}"
        warnings.warn(
            f"{text}. backend.refresh() reads it anew; then transpile again.",
            StaleTargetWarning,
            stacklevel=3,
        )

    def _read(self, circuit: object, options: RunOptions) -> Program:
        if not isinstance(circuit, QuantumCircuit):
            raise ValidationError(
                f"run() takes QuantumCircuit objects, not {type(circuit).__name__}.",
                hint="Load text with qiskit.qasm2.loads or qiskit.qasm3.loads.",
            )
        needs_measurement = self._system.needs_measurement(options)
        return read_circuit(circuit, self._accepts(), needs_measurement=needs_measurement)

    def _shots_range(self) -> tuple[int, int]:
        """The fewest and the most shots of a job. Counts need at least one, whatever the Hub allows."""
        shots_range = self.hub_backend.configuration.shots_range
        least = (shots_range.min if shots_range else None) or 1
        most = shots_range.max if shots_range else None
        return max(1, least), most if most is not None else 2**63 - 1

    def _shares(self, shots: int, *, split: bool) -> list[int]:
        least, most = self._shots_range()
        if shots < least:
            raise ValidationError(
                f"{self.name} takes {least} to {most} shots, not {shots}.",
                hint="Give shots= within that range.",
            )
        return shares_of(shots, most, split=split, backend=self.name)


def _as_list(circuits: Any) -> list[Any]:
    listed = list(circuits) if isinstance(circuits, (list, tuple)) else [circuits]
    if not listed:
        raise ValidationError("run() was given no circuit.", hint="Give at least one.")
    return listed


def _rebuild(
    kind: type[HubBackend], client: HubClient, hub_backend: models.Backend, options: dict[str, Any]
) -> HubBackend:
    backend = kind(client, hub_backend)
    backend._options.update_options(**options)
    return backend
