"""What the Hub has no answer for says so, before anything is sent; and nothing leaves for IBM."""

from __future__ import annotations

import importlib
import inspect
import pickle
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import (
    EstimatorV2,
    Executor,
    IBMBackend,
    NoiseLearnerV3,
    QiskitRuntimeService,
    QuantumProgram,
    SamplerV2,
    Session,
)
from qiskit_ibm_runtime.exceptions import IBMError, IBMRuntimeError
from qiskit_ibm_runtime.noise_learner import NoiseLearner

from qhub_qiskit import HubBackend, HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from qhub_qiskit.runtime.errors import NotOnHubError
from shared_transport import HubError
from shared_transport.provider import ProviderBase
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic

Watched = tuple[HubIBMBackend, Traffic]
FLIP = flip(156)
STATE = QuantumCircuit(156)
Z = "I" * 155 + "Z"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"

# Public names of IBM's service, by what becomes of them here.
ANSWERED = {"backend", "backends", "least_busy", "job", "jobs", "channel", "is_local"}
REFUSED: dict[str, Callable[[HubRuntimeService], Any]] = {
    "active_account": lambda service: service.active_account(),
    "active_instance": lambda service: service.active_instance(),
    "delete_account": lambda service: service.delete_account(name="mine"),
    "delete_job": lambda service: service.delete_job("00000000-0000-0000-0000-000000000000"),
    "instances": lambda service: service.instances(),
    "save_account": lambda service: service.save_account(token="t", overwrite=True),
    "saved_accounts": lambda service: service.saved_accounts(),
    "usage": lambda service: service.usage(),
}
# Of these IBM's own code is used as it is.
IBMS_OWN = {"job", "channel"}


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def owner(kind: type, name: str) -> type:
    return next(base for base in kind.__mro__ if name in vars(base))


def test_nothing_of_ibms_service_is_forgotten() -> None:
    """A method that a future release adds would speak to IBM: it has to be looked at first."""
    assert public(QiskitRuntimeService) <= ANSWERED | set(REFUSED)
    inherited = {
        name
        for name in public(QiskitRuntimeService)
        if not issubclass(owner(HubRuntimeService, name), HubRuntimeService)
    }
    assert inherited <= IBMS_OWN


def test_nothing_of_ibms_backend_is_forgotten(fez: HubIBMBackend) -> None:
    """Each public attribute of IBM's backend has a value here, and none of them asks IBM."""
    for name in public(IBMBackend):
        assert getattr(fez, name, NotImplemented) is not NotImplemented, name
    ours = {
        name
        for name in public(IBMBackend)
        if not issubclass(owner(HubIBMBackend, name), HubBackend)
    }
    assert ours <= {
        "calibration_id", "check_faulty", "configuration", "coupling_map", "dt", "dtm", "id_warning_issued",
        "instruction_durations", "instructions", "is_mock", "meas_map", "num_qubits", "operation_names", "operations",
        "options", "physical_qubits", "provider", "qubit_properties", "service", "version", "control_channel",
    }  # fmt: skip


@pytest.mark.parametrize("channel", ["ibm_quantum_platform", "ibm_cloud", "local"])
def test_a_channel_is_no_token(channel: str) -> None:
    with pytest.raises(NotOnHubError, match=f"channel '{channel}'"):
        HubRuntimeService(channel)


@pytest.mark.parametrize("name", REFUSED)
def test_methods_of_the_service(watched: tuple[HubRuntimeService, Traffic], name: str) -> None:
    service, traffic = watched
    with pytest.raises(NotOnHubError, match="The Hub has no") as caught:
        REFUSED[name](service)
    assert isinstance(caught.value, HubError)
    assert isinstance(caught.value, IBMRuntimeError)
    assert caught.value.hint
    assert caught.value.hint in str(caught.value)
    assert traffic.sent == []
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.hint) == (str(caught.value), caught.value.hint)


@pytest.mark.parametrize(
    "given",
    [
        {"channel": "ibm_cloud"},
        {"channel": "ibm_quantum_platform"},
        {"channel": "local"},
        {"url": "https://cloud.example"},
        {"filename": "accounts.json"},
        {"name": "mine"},
        {"instance": "crn:v1:of:somebody"},
        {"proxies": {"urls": {}}},
        {"verify": False},
        {"private_endpoint": True},
        {"url_resolver": lambda *_: ""},
        {"region": "us-east"},
        {"plans_preference": ["open"]},
        {"tags": ["mine"]},
    ],
    ids=lambda given: f"{next(iter(given))}-{given.get('channel')}",
)
def test_arguments_of_ibms_accounts(given: dict[str, Any]) -> None:
    with pytest.raises(NotOnHubError, match=next(iter(given))) as caught:
        HubRuntimeService(token="t", **given)
    assert caught.value.hint


def test_every_argument_of_ibms_service_is_taken_or_refused() -> None:
    theirs = set(inspect.signature(QiskitRuntimeService.__init__).parameters) - {"self"}
    tested = {
        "channel",
        "url",
        "filename",
        "name",
        "instance",
        "proxies",
        "verify",
        "private_endpoint",
    }
    tested |= {"url_resolver", "region", "plans_preference", "tags"}
    assert theirs <= tested | set(inspect.signature(ProviderBase.__init__).parameters)


MEANINGLESS = [
    (method, argument)
    for method in ("backend", "backends", "least_busy", "jobs")
    for argument in ("instance", "calibration_id")
    if argument in inspect.signature(getattr(QiskitRuntimeService, method)).parameters
]


@pytest.mark.parametrize(("method", "argument"), MEANINGLESS)
def test_instances_and_calibrations(
    watched: tuple[HubRuntimeService, Traffic], method: str, argument: str
) -> None:
    service, traffic = watched
    name = ["ibm_fez"] if method == "backend" else []
    with pytest.raises(NotOnHubError, match=argument) as caught:
        getattr(service, method)(*name, **{argument: "crn:v1:x"})
    assert caught.value.hint
    assert traffic.sent == []


def test_a_calibration_of_a_session(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    session = Session(backend)
    with pytest.raises(NotOnHubError, match="calibration"):
        Session.from_id(session.session_id, backend.service, calibration_id="mine")
    session.cancel()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"environment": {"private": True}}, "private"),
        ({"experimental": {"image": "mine:latest"}}, "image"),
    ],
)
@pytest.mark.parametrize("kind", [SamplerV2, EstimatorV2])
def test_options_of_the_environment(
    watched_fez: Watched, kind: Any, options: dict[str, Any], match: str
) -> None:
    backend, traffic = watched_fez
    with pytest.raises(NotOnHubError, match=match):
        kind(backend, options=options).run([FLIP if kind is SamplerV2 else (STATE, Z)])
    assert traffic.count("POST .*") == 0


PRIMITIVES: list[tuple[Any, Any]] = [
    (SamplerV2, FLIP),
    (EstimatorV2, (STATE, Z)),
    (NoiseLearner, STATE),
]


@pytest.mark.parametrize(("kind", "work"), PRIMITIVES)
@pytest.mark.parametrize("inside", [False, True])
def test_dry_runs(watched_fez: Watched, kind: Any, work: Any, inside: bool) -> None:
    """Since 0.50 primitives have the argument; before, it is an unexpected one."""
    backend, traffic = watched_fez
    mode = Session(backend) if inside else backend
    primitive = kind(mode)
    has_it = "dry_run" in inspect.signature(kind.run).parameters
    with pytest.raises(NotOnHubError if has_it else TypeError, match="dry_run") as caught:
        primitive.run([work], dry_run=True)
    if has_it:
        assert "HubRuntimeService.local()" in str(caught.value)
    assert traffic.count("POST /jobs") == 0
    if inside:
        mode.cancel()


def class_of(module: str, *names: str) -> Any:
    """A class by one of its names: they differ between releases."""
    found = importlib.import_module(f"qiskit_ibm_runtime.{module}")
    return next(getattr(found, name) for name in names if hasattr(found, name))


def program() -> QuantumProgram:
    made = QuantumProgram(shots=10)
    made.append_circuit_item(FLIP)
    return made


NEXT_GENERATION: dict[str, tuple[Callable[[Any], Any], str]] = {
    "Executor": (lambda mode: Executor(mode).run(program()), "SamplerV2 or EstimatorV2"),
    "executor_sampler": (
        lambda mode: class_of("executor_sampler", "Sampler", "SamplerV2")(mode).run([FLIP]),
        "SamplerV2 or EstimatorV2",
    ),
    "executor_estimator": (
        lambda mode: class_of("executor_estimator.estimator", "Estimator", "EstimatorV2")(mode).run(
            [(STATE, Z)]
        ),
        "SamplerV2 or EstimatorV2",
    ),
    "NoiseLearnerV3": (lambda mode: NoiseLearnerV3(mode).run([]), r"NoiseLearner\b(?!V3)"),
    "Calibrator": (lambda mode: class_of("calibrator", "Calibrator")(mode).run(), "sampler"),
}


@pytest.mark.parametrize("name", NEXT_GENERATION)
@pytest.mark.parametrize("inside", [False, True])
def test_ibms_next_generation(watched_fez: Watched, name: str, inside: bool) -> None:
    backend, traffic = watched_fez
    run, instead = NEXT_GENERATION[name]
    mode = Session(backend) if inside else backend
    with pytest.raises(NotOnHubError, match=instead):
        run(mode)
    assert traffic.count("POST /jobs") == 0
    if inside:
        mode.cancel()


@pytest.mark.parametrize("program_id", ["circuit-runner", "qasm3-runner", "sampler-v1", "mine"])
def test_other_programs(watched_fez: Watched, program_id: str) -> None:
    backend, traffic = watched_fez
    with pytest.raises(NotOnHubError, match=program_id) as caught:
        backend.service._run(program_id=program_id, inputs={}, options={"backend": backend})
    assert caught.value.hint
    assert traffic.count("POST .*") == 0


def test_a_session_that_begins_with_a_job(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    inputs = {"pubs": [FLIP], "version": 2}
    with pytest.raises(NotOnHubError, match=r"Session\(backend\)"):
        backend.service._run(
            program_id="sampler", inputs=inputs, options={"backend": backend}, start_session=True
        )
    assert traffic.count("POST .*") == 0


def test_methods_of_a_job(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    job = SamplerV2(backend).run([FLIP], shots=1)
    job.result()
    traffic.forget()
    with pytest.raises(NotOnHubError, match=r"log.*error_message"):
        job.logs()
    with pytest.raises(NotOnHubError, match=r"tags.*job_tags"):
        job.update_tags(["new"])
    assert traffic.sent == []


def test_an_unexpected_argument_is_none_of_ibms() -> None:
    with pytest.raises(TypeError, match="bogus"):
        HubRuntimeService(token="t", bogus=1)


def test_the_network_is_closed(outside: list[str]) -> None:
    """What the fixture promises: else the other tests would prove nothing."""
    with pytest.raises(OSError, match="closed"):
        requests.get("http://127.0.0.1:1")
    with pytest.raises(OSError, match="closed"):
        socket.create_connection(("quantum.example", 443))
    with pytest.raises(OSError, match="closed"), socket.socket() as one:
        one.connect(("192.0.2.1", 443))
    before = len(outside)
    with pytest.raises((OSError, IBMError)):
        QiskitRuntimeService(channel="ibm_cloud", token="t", instance=CRN)
    assert len(outside) > before >= 3
    outside.clear()
