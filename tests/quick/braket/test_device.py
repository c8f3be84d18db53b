"""A device as Braket's users know it, and the ways to one."""

import copy
import gc
import os
import pickle
import re
import subprocess
import sys
import weakref
from datetime import UTC, datetime

import networkx
import pytest
from braket.circuits import Circuit
from braket.device_schema.device_execution_window import DeviceExecutionWindow
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities
from braket.devices import Device

from qhub_braket import HubDevice, HubProvider
from qhub_braket.properties import is_open, parse_capabilities, topology
from shared_transport import ConfigurationError, NotFoundError, ServerError, ValidationError
from shared_transport.loading import without_collection
from shared_transport.models import ShotsRange


def python(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_device_describes_itself(device: HubDevice) -> None:
    assert isinstance(device, Device)
    assert device.name == "sv1"
    assert device.arn == "aws.sim.sv1"
    assert device.type == "SIMULATOR"
    assert device.provider_name == "AWS"
    assert device.status == "ONLINE"
    assert device.is_available
    assert device.topology_graph is None
    assert int(device.queue_depth().quantum_tasks["Normal"]) >= 0
    assert repr(device) == "HubDevice('aws.sim.sv1')"


def test_properties_are_of_the_class_that_the_document_names(device: HubDevice) -> None:
    assert isinstance(device.properties, GateModelSimulatorDeviceCapabilities)
    assert device.properties.paradigm.qubitCount == 34
    assert "cnot" in device.properties.action["braket.ir.openqasm.program"].supportedOperations
    before = device.properties
    assert device.properties is before
    device.refresh_metadata()
    assert device.properties is not before
    assert device.properties == before


def test_devices_are_listed_and_opened_by_id(provider: HubProvider) -> None:
    ids = [backend.id for backend in provider.devices()]
    assert {"aws.sim.sv1", "kipu.sim.qsim"} <= set(ids)
    assert [backend.id for backend in provider.devices(provider="KIPU")] == ["kipu.sim.qsim"]
    assert HubDevice("aws.sim.sv1", provider.client) == provider.get_device("aws.sim.sv1")


@pytest.mark.parametrize("id", ["aws.sim.sv2", "sv1", "aws.sim"])
def test_an_unknown_id_offers_the_nearest(provider: HubProvider, id: str) -> None:
    with pytest.raises(NotFoundError, match=r"aws\.sim\.sv1") as caught:
        provider.get_device(id)
    assert repr(id) in str(caught.value)
    assert caught.value.status == 404


def test_a_backend_is_offered_by_each_of_its_names(provider):
    for backend in provider.client.backends.list():
        for name in (backend.name, backend.display_name, backend.internal_id):
            if name and name != backend.id:
                with pytest.raises(NotFoundError, match=re.escape(f"{backend.id!r}")):
                    provider.get_device(name)
    with pytest.raises(NotFoundError, match=r"Did you mean 'aws\.sim\.sv1'\?"):
        provider.get_device("SV1")


def test_a_name_like_no_other_gets_the_list(provider: HubProvider) -> None:
    with pytest.raises(NotFoundError, match=r"It has .*aws\.sim\.sv1, .*kipu\.sim\.qsim"):
        provider.get_device("#?")


def test_a_client_and_settings_exclude_each_other(provider: HubProvider) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        HubProvider(client=provider.client, base_url="https://example.com/quantum")


def with_shots(
    device: HubDevice, provider: HubProvider, type: str, low: int | None, high: int
) -> HubDevice:
    """The same backend with another type and shots range."""
    backend = provider.client.backends.get(device.arn)
    configuration = backend.configuration.model_copy(
        update={"shots_range": ShotsRange(min=low, max=high)}
    )
    return HubDevice(
        backend.model_copy(update={"type": type, "configuration": configuration}), provider.client
    )


@pytest.mark.parametrize(
    ("type", "low", "high", "shots"),
    [
        ("SIMULATOR", 1, 500, 500),
        ("SIMULATOR", 1, 10_000, 1000),
        ("QPU", 1, 10_000, 1000),
        ("QPU", 2000, 3000, 2000),
    ],
)
def test_default_shots(
    device: HubDevice, provider: HubProvider, type: str, low: int, high: int, shots: int
) -> None:
    task = with_shots(device, provider, type, low, high).run(Circuit().h(0))
    assert task.metadata()["shots"] == shots
    assert sum(task.result().measurement_counts.values()) == shots


def test_the_default_of_a_simulator_that_is_exact(device: HubDevice) -> None:
    task = device.run(Circuit().h(0).probability())
    assert task.metadata()["shots"] == 0
    assert task.result().values[0] == pytest.approx([0.5, 0.5], abs=1e-12)


def test_no_shots_on_a_device_that_is_not_exact(device: HubDevice, provider: HubProvider) -> None:
    for low in (1, None):
        with pytest.raises(ValidationError, match="shots=0"):
            with_shots(device, provider, "SIMULATOR", low, 500).run(
                Circuit().h(0).probability(), shots=0
            )


def test_a_copy_of_a_device_is_the_device(device: HubDevice) -> None:
    assert copy.copy(device) is device
    assert copy.deepcopy({"device": device})["device"] is device


def test_a_device_pickles_without_its_token(device: HubDevice, provider: HubProvider) -> None:
    pickled = pickle.dumps(device)
    assert provider.client.settings.token is not None
    assert provider.client.settings.token.get_secret_value().encode() not in pickled
    again = pickle.loads(pickled)
    assert again == device
    assert again.run(Circuit().x(0), shots=3).result().measurement_counts == {"1": 3}


def test_a_document_decides_only_among_the_device_schemas() -> None:
    for name in (
        "os",
        "braket.device_schema.../os",
        "braket.task_result.gate_model_task_result",
        3,
        None,
    ):
        document = {"braketSchemaHeader": {"name": name, "version": "1"}}
        assert parse_capabilities(document, "x") is None
    assert parse_capabilities({}, "x") is None
    with pytest.raises(ServerError, match="does not know this schema"):
        parse_capabilities(
            {"braketSchemaHeader": {"name": "braket.device_schema.new", "version": "1"}}, "x"
        )
    name = "braket.device_schema.simulators.gate_model_simulator_device_capabilities"
    with pytest.raises(ServerError, match="do not fit"):
        parse_capabilities({"braketSchemaHeader": {"name": name, "version": "1"}}, "x")


@pytest.mark.parametrize(
    ("day", "start", "end", "moment", "expected"),
    [
        ("Everyday", "00:00:00", "23:59:59", "2026-11-22T23:59:59.9", True),
        ("Weekdays", "09:00:00", "17:00:00", "2026-11-20T12:00:00", True),
        ("Weekdays", "09:00:00", "17:00:00", "2026-11-20T08:59:59", False),
        ("Weekdays", "09:00:00", "17:00:00", "2026-11-22T12:00:00", False),
        ("Weekend", "09:00:00", "17:00:00", "2026-11-22T12:00:00", True),
        ("Friday", "22:00:00", "03:00:00", "2026-11-20T23:00:00", True),
        ("Friday", "22:00:00", "03:00:00", "2026-11-21T02:00:00", True),
        ("Friday", "22:00:00", "03:00:00", "2026-11-20T02:00:00", False),
        ("Friday", "22:00:00", "03:00:00", "2026-11-21T04:00:00", False),
    ],
)
def test_execution_windows(
    device: HubDevice, day: str, start: str, end: str, moment: str, expected: bool
) -> None:
    window = DeviceExecutionWindow(executionDay=day, windowStartHour=start, windowEndHour=end)
    service = device.properties.service.copy(update={"executionWindows": [window]})
    capabilities = device.properties.copy(update={"service": service})
    assert is_open(capabilities, datetime.fromisoformat(moment).replace(tzinfo=UTC)) is expected


class Connected:
    """As much of a QPU's document as its couplings need."""

    def __init__(self, fully: bool, graph: dict[str, list[str]]) -> None:
        self.paradigm = self
        self.connectivity = self
        self.qubitCount = 3
        self.fullyConnected = fully
        self.connectivityGraph = graph


def test_couplings_of_a_qpu() -> None:
    assert sorted(topology(Connected(True, {})).edges) == [
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 2),
        (2, 0),
        (2, 1),
    ]
    graph = topology(Connected(False, {"0": ["2"], "2": ["0"], "7": []}))
    assert isinstance(graph, networkx.DiGraph)
    assert sorted(graph.edges) == [(0, 2), (2, 0)]
    assert sorted(graph.nodes) == [0, 2, 7]


def test_importing_loads_no_sdk() -> None:
    code = "import sys, qhub_braket; qhub_braket.HubProvider; print({'braket', 'boto3', 'numpy'} & {*sys.modules})"
    assert python(code) == "set()"


def test_garbage_collection_is_as_before(provider: HubProvider) -> None:
    assert gc.isenabled()
    provider.get_device("aws.sim.sv1")
    assert gc.isenabled()
    gc.disable()
    try:
        provider.get_device("aws.sim.sv1")
        assert not gc.isenabled()
    finally:
        gc.enable()
    with pytest.raises(ZeroDivisionError), without_collection():
        _ = 1 / int(gc.isenabled())
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    gc.freeze()
    try:
        with without_collection():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_garbage_from_before_an_import_is_still_found() -> None:
    class Ring:
        pass

    ring = Ring()
    ring.itself = ring
    left = weakref.ref(ring)
    with without_collection():
        del ring
    gc.collect()
    assert left() is None


OPEN_PROVIDER = """
import os
from qhub_braket import HubProvider
from shared_transport import HubClient, Settings
provider = HubProvider(client=HubClient(Settings.of_runtime_file(os.environ["RUNTIME_FILE"])))
"""


def test_without_braket_only_what_needs_it_says_what_to_install(provider: HubProvider) -> None:
    code = f"""
import sys
sys.modules["braket"] = None
{OPEN_PROVIDER}
import qhub_braket
from shared_transport import MissingExtraError
print("aws.sim.sv1" in [backend.id for backend in provider.devices()])
for first_use in (
    lambda: qhub_braket.HubDevice,
    lambda: qhub_braket.HubQuantumTask,
    lambda: qhub_braket.HubQuantumTaskBatch,
    lambda: provider.get_device("aws.sim.sv1"),
    lambda: provider.task("1"),
):
    try:
        first_use()
    except MissingExtraError as problem:
        print("qhub-plugins[braket]" in str(problem))
"""
    assert python(code, RUNTIME_FILE=provider.client.settings.runtime_file).split() == ["True"] * 6
