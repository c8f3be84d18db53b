"""`HubDevice`: a backend of the Hub as a Braket device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from braket.circuits import Circuit
from braket.device_schema import DeviceCapabilities
from braket.devices import Device

from shared_transport.client import HubClient
from shared_transport.errors import NotFoundError, ValidationError
from shared_transport.models import Backend, BackendState, BackendStateInfo

from .batch import HubQuantumTaskBatch, Submission
from .plans import Plan, plan, submit
from .program_sets import is_program_set
from .properties import (
    emulator_of,
    is_open,
    parse_capabilities,
    pulse_frames,
    pulse_ports,
    topology,
)
from .queue_info import QueueDepth
from .run_options import DEFAULT_SHOTS, aligned, at_least_one, check_options, checked_inputs
from .systems import Facts, options_of, system_of_backend
from .task import HubQuantumTask

if TYPE_CHECKING:
    from braket.circuits.gate_calibrations import GateCalibrations
    from braket.circuits.noise_model import NoiseModel
    from braket.emulation import Emulator

    from shared_transport.explanation import Explanation
    from shared_transport.prices import Prices

__all__ = ["HubDevice"]


class HubDevice(Device):
    """A backend of the Hub, used as `braket.aws.AwsDevice` is, without an AWS account.

    It is a `braket.devices.Device`, and no `AwsDevice`: libraries that build an AwsDevice themselves, or ask whether
    they were given one, do not take it.

    Args:
        backend: The backend, or its Hub id.
        client: The client to ask; by default one from environment and config file.
        noise_model: Noise that is added to each circuit before it is sent, where the device simulates noise.

    Raises:
        NotFoundError: The Hub has no backend of this id.
        ValidationError: The device does not simulate this noise.
    """

    DEFAULT_SHOTS_QPU: ClassVar[int] = DEFAULT_SHOTS
    DEFAULT_SHOTS_SIMULATOR: ClassVar[int] = 0
    MAX_CONNECTIONS: ClassVar[int] = 10

    def __init__(
        self,
        backend: Backend | str,
        client: HubClient | None = None,
        noise_model: NoiseModel | None = None,
    ) -> None:
        self._client = client if client is not None else HubClient()
        self._backend = self._client.backends.get(backend) if isinstance(backend, str) else backend
        super().__init__(name=self._backend.name or self._backend.id, status=None)
        self._info: BackendStateInfo | None = None
        self._document: DeviceCapabilities | None = None
        self._document_read = False
        self._properties: DeviceCapabilities | None = None
        self._emulator: Emulator | None = None
        self._memo: dict[str, Any] = {}
        self._noise_model = noise_model
        if noise_model is not None:
            self._check_noise(noise_model)

    def run(
        self,
        task_specification: Any,
        shots: int | None = None,
        inputs: Mapping[str, float] | None = None,
        **options: Any,
    ) -> HubQuantumTask:
        """Run a program.

        Args:
            task_specification: What the device takes. Circuits' devices: a `Circuit`, an OpenQASM `Program` of
                `braket.ir.openqasm`, a string of OpenQASM 3, or a `ProgramSet` of those, which is one task. Devices
                of atoms: an `AnalogHamiltonianSimulation`, or a `Program` of `braket.ir.ahs`.
            shots: How often. By default, as Braket has it, 1000 on QPUs and 0 on simulators; where the
                backend's range does not allow that, the nearest number of 1000 that it allows. 0 is exact
                and needs result types. Of a program set it is the total, by default what the set itself says.
            inputs: Values of the program's parameters by name; names that it does not have are ignored.
            **options: Any of
                ``disable_qubit_rewiring`` (bool): use the physical qubits that the circuit names;
                ``name`` (str): a name of the job on the Hub;
                ``tags``: a dict, kept as texts ``key=value``, or a sequence of texts;
                ``poll_timeout_seconds`` (float): how long `HubQuantumTask.result` waits if not told;
                ``poll_interval_seconds`` (float): seconds between two looks instead of the usual schedule;
                ``quiet`` (bool): accepted; nothing is logged while waiting anyway;
                and what else the device's system understands, which an unknown keyword's error lists.

        Returns:
            The task; its ``id`` opens it in any process.

        Raises:
            ValidationError: The program, the shots or an option cannot be served; nothing was sent.
            SubmissionUncertainError: The answer was lost: nobody knows whether the task exists.
        """
        planned = self._plan(task_specification, shots, inputs, options)
        return submit(self._client, planned, self._waiting(options))

    def run_batch(
        self,
        task_specifications: Any,
        shots: int | Sequence[int] | None = None,
        max_parallel: int | None = None,
        inputs: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        *,
        max_connections: int | None = None,
        **options: Any,
    ) -> HubQuantumTaskBatch:
        """Run several programs, each as a task of its own.

        All are checked before the first is sent.

        Args:
            task_specifications: A list of programs, or one program for all inputs.
            shots: As for `run`; a sequence has one number a program.
            max_parallel: How many tasks may be on the Hub at once. This call then returns when the last one was
                created. By default all are created at once: the Hub queues them.
            inputs: As for `run`; a sequence has one mapping a program.
            max_connections: How many requests are sent at once, by default 10.
            **options: As for `run`, for all programs.

        Raises:
            ValidationError: As for `run`, or the lengths differ.
            HubError: A task could not be created, and no further one was begun. The error's ``job`` is the batch of
                those that were, and a note on it names them.
        """
        check_options(options, options_of(system_of_backend(self._backend)))
        connections = at_least_one("max_connections", max_connections) or self.MAX_CONNECTIONS
        parallel = at_least_one("max_parallel", max_parallel)
        plans = [
            self._plan(program, count, values, options)
            for program, count, values in aligned(task_specifications, shots, inputs)
        ]
        waiting = self._waiting(options)
        submission = Submission(self._client, tuple(plans), waiting, connections, parallel)
        return HubQuantumTaskBatch(submission.create(), submission)

    def explain(
        self,
        task_specification: Any,
        shots: int | None = None,
        inputs: Mapping[str, float] | None = None,
        *,
        prices: Prices | None = None,
        **options: Any,
    ) -> Explanation:
        """What `run` would do with a program, and what it would cost. Nothing is submitted.

        Args:
            task_specification: As for `run`, and so are shots, inputs and options.
            shots: As for `run`.
            inputs: As for `run`.
            prices: What you pay, by device id or pattern: ``{"aws.ionq.*": {"per_task": 0.3, "per_shot": 0.08}}``.
            **options: As for `run`.
        """
        from .explain import explain

        return explain(self, task_specification, shots, inputs, prices=prices, options=options)

    @property
    def client(self) -> HubClient:
        """The client that asks the Hub."""
        return self._client

    @property
    def arn(self) -> str:
        """The device's id on the Hub, such as ``aws.sim.sv1``: it stands where an AWS device has its ARN."""
        return self._backend.id

    @property
    def type(self) -> str:
        """``QPU`` or ``SIMULATOR``."""
        return str(self._backend.type)

    @property
    def provider_name(self) -> str | None:
        """Who makes the device, such as ``IONQ``."""
        return self._backend.hardware_provider or self._backend.provider

    @property
    def status(self) -> str:
        """``ONLINE``, ``OFFLINE`` or ``RETIRED``, as it was first read; `refresh_metadata` reads anew."""
        state = self._state().status
        return str(state) if state in (BackendState.ONLINE, BackendState.RETIRED) else "OFFLINE"

    @property
    def is_available(self) -> bool:
        """Whether the device takes tasks now: it is online and one of its execution windows is open."""
        return self.status == "ONLINE" and is_open(self.properties)

    @property
    def properties(self) -> DeviceCapabilities:
        """The device document as Braket's own class for it.

        Where a device's document is another vendor's, it is what the Hub says of the device, in Braket's form.
        """
        if self._properties is None:
            document = self._capabilities()
            if document is None:
                from .systems.bridge_properties import capabilities_of

                document = capabilities_of(self._backend)
            self._properties = document
        return self._properties

    @property
    def topology_graph(self) -> Any:
        """Which qubits interact, as a `networkx.DiGraph`; None for simulators, and for atoms, which move."""
        return topology(self.properties)

    @property
    def gate_calibrations(self) -> GateCalibrations | None:
        """None, as on any Braket device without pulses: the Hub passes no pulse calibrations on and takes none."""
        return None

    def refresh_gate_calibrations(self) -> GateCalibrations | None:
        """The same as `gate_calibrations`: there are none to be read anew."""
        return self.gate_calibrations

    @property
    def frames(self) -> dict[str, Any]:
        """The device's frames for pulses by their ids, as its document has them; mostly none."""
        return pulse_frames(self.properties)

    @property
    def ports(self) -> dict[str, Any]:
        """The device's ports for pulses by their ids, as its document has them; mostly none."""
        return pulse_ports(self.properties)

    def emulator(self) -> Emulator:
        """Braket's own emulator of the device, on this machine: its rules, and noise from its document.

        Raises:
            ValidationError: Braket has none: it emulates QPUs for circuits whose document says how good they are.
        """
        if self._emulator is None:
            self._emulator = emulator_of(
                self.properties, self.arn, simulator=self._backend.simulator
            )
        return self._emulator

    def queue_depth(self) -> QueueDepth:
        """How many tasks wait for the device, asked now.

        Raises:
            ValidationError: The Hub does not say.
        """
        self._info = None
        size = self._state().queue_size
        if size is None:
            raise ValidationError(f"The Hub does not say how many tasks wait for {self.arn}.")
        return QueueDepth({"Normal": str(size), "Priority": "0"})

    def refresh_metadata(self) -> None:
        """Read everything about the device anew: at once what the Hub says, the rest when it is needed."""
        self._backend = self._client.backends.get(self._backend.id)
        self._name = self._backend.name or self._backend.id
        self._info = self._properties = self._emulator = self._document = None
        self._document_read = False
        self._memo = {}

    def _state(self) -> BackendStateInfo:
        if self._info is None:
            self._info = self._client.backends.status(self._backend.id)
        return self._info

    def _capabilities(self) -> DeviceCapabilities | None:
        """The device document, or None where it is not one of Braket's, or there is none."""
        if not self._document_read:
            try:
                document = self._client.backends.config(self._backend.id)
            except NotFoundError:
                document = {}
            self._document = parse_capabilities(document, self._backend.id)
            self._document_read = True
        return self._document

    def _plan(self, program: Any, shots: Any, inputs: Any, options: Mapping[str, Any]) -> Plan:
        system = system_of_backend(self._backend)
        of_the_system = check_options(options, options_of(system))
        program = self._with_noise(program)
        values = checked_inputs(inputs)
        return plan(system, self._facts(), program, shots, values, options, of_the_system)

    def _facts(self) -> Facts:
        """What its system's room needs to know of it."""
        return Facts(
            self.arn,
            self._backend.configuration.qubit_count,
            self._capabilities(),
            self._backend,
            self._client,
            self._memo,
        )

    def _with_noise(self, program: Any) -> Any:
        if self._noise_model is None:
            return program
        if not (isinstance(program, Circuit) or is_program_set(program)):
            raise ValidationError(
                f"The device's noise model cannot be added to a {type(program).__name__}.",
                hint="Give a Circuit or a ProgramSet, or a device without a noise model.",
            )
        return self._noise_model.apply(program)

    def _check_noise(self, noise_model: NoiseModel) -> None:
        try:
            self._validate_device_noise_model_support(noise_model)
        except (ValueError, LookupError, AttributeError, TypeError):
            supported = False  # its document names no noise
        else:
            supported = True
        if not supported:
            raise ValidationError(
                f"{self.arn} does not simulate the noise of this noise model.",
                hint="A device that does names it in its properties: a supported pragma 'braket_noise_...'.",
            )

    def _waiting(self, options: Mapping[str, Any]) -> dict[str, Any]:
        names = ("poll_timeout_seconds", "poll_interval_seconds")
        return {"qpu": not self._backend.simulator, **{name: options.get(name) for name in names}}

    def __copy__(self) -> HubDevice:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> HubDevice:
        return self

    def __eq__(self, other: object) -> bool:
        return self.arn == other.arn if isinstance(other, HubDevice) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.arn)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._backend, self._client, self._noise_model)

    def __repr__(self) -> str:
        return f"HubDevice({self.arn!r})"

    def _repr_html_(self) -> str:
        from .display import device_html

        return device_html(self)
