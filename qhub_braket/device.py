"""`HubDevice`: a backend of the Hub as a Braket device."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

from braket.device_schema import DeviceCapabilities
from braket.devices import Device

from shared_transport.client import HubClient
from shared_transport.errors import HubError, NotFoundError, ValidationError, did_you_mean
from shared_transport.models import Backend, BackendState, BackendStateInfo, SdkProvider
from shared_transport.requests import JobRequest

from .batch import HubQuantumTaskBatch
from .properties import is_open, parse_capabilities, topology
from .systems import Facts, RunOptions, system_of_backend
from .task import HubQuantumTask, seconds

__all__ = ["HubDevice", "QueueDepth"]

# Keywords of AwsDevice.run that mean nothing here, and the way out.
_REFUSED: Mapping[str, str] = {
    "s3_destination_folder": "Leave it out: the Hub keeps the results, and task.result() fetches them.",
    "gate_definitions": "The Hub takes no pulse calibrations; use the device's own gates.",
    "reservation_arn": "The Hub has no reservations; leave it out.",
    "experimental_capabilities": "The Hub cannot switch them on; leave it out.",
    "device_parameters": "Of these, the Hub takes disable_qubit_rewiring=True as a keyword of run.",
}
_OPTIONS = (
    "disable_qubit_rewiring",
    "name",
    "tags",
    "poll_timeout_seconds",
    "poll_interval_seconds",
    "quiet",
)


@dataclass(frozen=True)
class QueueDepth:
    """How many tasks wait, in the shape of Braket's own answer.

    Attributes:
        quantum_tasks: Waiting tasks by kind; the Hub knows ``Normal`` alone. Numbers are texts.
        jobs: Waiting hybrid jobs; the Hub has none.
    """

    quantum_tasks: Mapping[str, str]
    jobs: str = "0"


class HubDevice(Device):
    """A backend of the Hub, used as `braket.aws.AwsDevice` is, without an AWS account.

    Args:
        backend: The backend, or its Hub id.
        client: The client to ask; by default one from environment and config file.

    Raises:
        NotFoundError: The Hub has no backend of this id.
    """

    DEFAULT_SHOTS_QPU: ClassVar[int] = 1000
    DEFAULT_SHOTS_SIMULATOR: ClassVar[int] = 0
    MAX_CONNECTIONS: ClassVar[int] = 10

    def __init__(self, backend: Backend | str, client: HubClient | None = None) -> None:
        self._client = client if client is not None else HubClient()
        self._backend = self._client.backends.get(backend) if isinstance(backend, str) else backend
        super().__init__(name=self._backend.name or self._backend.id, status=None)
        self._info: BackendStateInfo | None = None
        self._properties: DeviceCapabilities | None = None

    def run(
        self,
        task_specification: Any,
        shots: int | None = None,
        inputs: Mapping[str, float] | None = None,
        **options: Any,
    ) -> HubQuantumTask:
        """Run a program.

        Args:
            task_specification: A `Circuit`, an OpenQASM `Program` of `braket.ir.openqasm`, or a string of
                OpenQASM 3.
            shots: How often. By default, as Braket has it, 1000 on QPUs and 0 on simulators; where the
                backend's range does not allow that, the nearest number of 1000 that it allows. 0 is exact
                and needs result types.
            inputs: Values of the program's parameters by name; names that it does not have are ignored.
            **options: Any of
                ``disable_qubit_rewiring`` (bool): use the physical qubits that the circuit names;
                ``name`` (str): a name of the job on the Hub;
                ``tags``: a dict, kept as texts ``key=value``, or a sequence of texts;
                ``poll_timeout_seconds`` (float): how long `HubQuantumTask.result` waits if not told;
                ``poll_interval_seconds`` (float): seconds between two looks instead of the usual schedule;
                ``quiet`` (bool): accepted; nothing is logged while waiting anyway.

        Returns:
            The task; its ``id`` opens it in any process.

        Raises:
            ValidationError: The program, the shots or an option cannot be served; nothing was sent.
            SubmissionUncertainError: The answer was lost: nobody knows whether the task exists.
        """
        _check_options(options)
        return self._submit(self._request(task_specification, shots, inputs, options), options)

    def run_batch(
        self,
        task_specifications: Any,
        shots: int | Sequence[int] | None = None,
        max_parallel: int | None = None,
        inputs: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        **options: Any,
    ) -> HubQuantumTaskBatch:
        """Run several programs, each as a task of its own.

        All are checked before the first is sent.

        Args:
            task_specifications: A list of programs, or one program for all inputs.
            shots: As for `run`; a sequence has one number a program.
            max_parallel: Must be None: the Hub queues the tasks itself.
            inputs: As for `run`; a sequence has one mapping a program.
            **options: As for `run`, for all programs.

        Raises:
            ValidationError: As for `run`, or the lengths differ.
            HubError: A task could not be created; a note on the error names those that were.
        """
        _check_options(options)
        if max_parallel is not None:
            raise ValidationError(
                "run_batch does not honour max_parallel.",
                hint="Leave it out: the Hub queues the tasks and runs as many as the device takes.",
            )
        requests = [
            self._request(program, count, values, options)
            for program, count, values in _aligned(task_specifications, shots, inputs)
        ]

        def submit(request: JobRequest) -> HubQuantumTask | HubError:
            try:
                return self._submit(request, options)
            except HubError as problem:
                return problem

        with ThreadPoolExecutor(self.MAX_CONNECTIONS) as pool:
            outcomes = list(pool.map(submit, requests))
        tasks = [outcome for outcome in outcomes if isinstance(outcome, HubQuantumTask)]
        for outcome in outcomes:
            if isinstance(outcome, HubError):
                if tasks:
                    outcome.add_note(
                        f"Created nevertheless: {', '.join(task.id for task in tasks)}"
                    )
                raise outcome
        return HubQuantumTaskBatch(tasks)

    @property
    def arn(self) -> str:
        """The device's id on the Hub, in the place where an AWS device has its ARN."""
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

        Raises:
            ValidationError: The device's document is not one of Braket's.
        """
        if self._properties is None:
            document = self._client.backends.config(self._backend.id)
            self._properties = parse_capabilities(document, self._backend.id)
        return self._properties

    @property
    def topology_graph(self) -> Any:
        """Which qubits interact, as a `networkx.DiGraph`; None for simulators."""
        return topology(self.properties)

    def queue_depth(self) -> QueueDepth:
        """How many tasks wait for the device, asked now.

        Raises:
            ValidationError: The Hub does not say.
        """
        self._info = None
        size = self._state().queue_size
        if size is None:
            raise ValidationError(f"The Hub does not say how many tasks wait for {self.arn}.")
        return QueueDepth({"Normal": str(size)})

    def refresh_metadata(self) -> None:
        """Read everything about the device anew: at once what the Hub says, the rest when it is needed."""
        self._backend = self._client.backends.get(self._backend.id)
        self._name = self._backend.name or self._backend.id
        self._info = self._properties = None

    def _state(self) -> BackendStateInfo:
        if self._info is None:
            self._info = self._client.backends.status(self._backend.id)
        return self._info

    def _request(
        self,
        program: Any,
        shots: int | None,
        inputs: Mapping[str, float] | None,
        options: Mapping[str, Any],
    ) -> JobRequest:
        system = system_of_backend(self._backend)
        run_options = RunOptions(
            shots=self._shots(shots),
            inputs=_checked_inputs(inputs),
            disable_qubit_rewiring=bool(options.get("disable_qubit_rewiring")),
        )
        encoded = system.encode(program, run_options, self._facts())
        return JobRequest(
            backend_id=self.arn,
            shots=run_options.shots,
            input=encoded.input,
            input_format=encoded.input_format,
            input_params=encoded.input_params,
            name=options.get("name"),
            tags=(*_tags(options.get("tags")), *encoded.tags),
            sdk_provider=SdkProvider.BRAKET,
        )

    def _facts(self) -> Facts:
        try:
            capabilities = self.properties
        except (NotFoundError, ValidationError):
            # A backend in a known format runs without a Braket document; the Hub then checks alone.
            capabilities = None
        return Facts(
            self.arn,
            self._backend.configuration.qubit_count,
            capabilities,
            self._backend,
            self._client,
        )

    def _submit(self, request: JobRequest, options: Mapping[str, Any]) -> HubQuantumTask:
        return HubQuantumTask.of_job(
            self._client.jobs.create(request), self._client, **self._waiting(options)
        )

    def _waiting(self, options: Mapping[str, Any]) -> dict[str, Any]:
        names = ("poll_timeout_seconds", "poll_interval_seconds")
        return {"qpu": not self._backend.simulator, **{name: options.get(name) for name in names}}

    def _shots(self, shots: Any) -> int:
        lowest, highest = self._shots_range()
        if shots is None:
            if self._backend.simulator and lowest == self.DEFAULT_SHOTS_SIMULATOR:
                return self.DEFAULT_SHOTS_SIMULATOR
            return max(lowest, min(self.DEFAULT_SHOTS_QPU, highest or self.DEFAULT_SHOTS_QPU))
        number = _whole(shots)
        if number is None:
            hint = _REFUSED["s3_destination_folder"] if isinstance(shots, tuple) else None
            raise ValidationError(f"shots has to be a whole number, not {shots!r}.", hint=hint)
        if number < lowest or (highest is not None and number > highest):
            upper = f"to {highest}" if highest is not None else "or more"
            raise ValidationError(
                f"{self.arn} does not take shots={number}.", hint=f"It takes {lowest} {upper}."
            )
        return number

    def _shots_range(self) -> tuple[int, int | None]:
        stated = self._backend.configuration.shots_range
        if stated is None:
            return 1, None
        return (stated.min if stated.min is not None else 1), stated.max

    def __copy__(self) -> HubDevice:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> HubDevice:
        return self

    def __eq__(self, other: object) -> bool:
        return self.arn == other.arn if isinstance(other, HubDevice) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.arn)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._backend, self._client)

    def __repr__(self) -> str:
        return f"HubDevice({self.arn!r})"


def _check_options(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if name == "name" and not isinstance(value, str | None):
            raise ValidationError(f"name has to be a text, not {value!r}.")
        if name in ("poll_timeout_seconds", "poll_interval_seconds"):
            seconds(name, value)
        if name in _REFUSED:
            # Braket's libraries pass the default, None, along.
            if value is not None:
                raise ValidationError(f"run does not honour {name}.", hint=_REFUSED[name])
        elif name not in _OPTIONS:
            raise ValidationError(
                f"run has no keyword {name!r}.",
                hint=did_you_mean(
                    name, ("shots", "inputs", *_OPTIONS), f"It has {', '.join(_OPTIONS)}."
                ),
            )


def _whole(number: Any) -> int | None:
    """A whole number of any kind as an int; None for anything else, True and False included."""
    try:
        return None if isinstance(number, bool) else operator.index(number)
    except TypeError:
        return None


def _checked_inputs(inputs: Any) -> Mapping[str, Any]:
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping) or not all(isinstance(name, str) for name in inputs):
        raise ValidationError(
            f"inputs has to map parameter names to numbers, not be {inputs!r}.",
            hint="An example: inputs={'theta': 0.3}",
        )
    return inputs


def _tags(tags: Any) -> tuple[str, ...]:
    if tags is None:
        return ()
    if isinstance(tags, Mapping):
        tags = [f"{key}={value}" for key, value in tags.items()]
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
        raise ValidationError("tags has to be a dict or a sequence of texts.")
    return tuple(dict.fromkeys(tags))


def _aligned(programs: Any, shots: Any, inputs: Any) -> list[tuple[Any, Any, Any]]:
    """One (program, shots, inputs) a task; what is given once serves all."""
    lists = {
        "programs": programs if isinstance(programs, (list, tuple)) else None,
        "shots": shots if isinstance(shots, (list, tuple)) else None,
        "inputs": inputs if isinstance(inputs, (list, tuple)) else None,
    }
    lengths = {name: len(values) for name, values in lists.items() if values is not None}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{count} {name}" for name, count in lengths.items())
        raise ValidationError(
            f"run_batch got {said}.", hint="Give as many of each, or one for all."
        )
    count = max(lengths.values(), default=1)
    columns = [
        lists[name] if lists[name] is not None else [single] * count
        for name, single in (("programs", programs), ("shots", shots), ("inputs", inputs))
    ]
    return list(zip(*columns, strict=True))
