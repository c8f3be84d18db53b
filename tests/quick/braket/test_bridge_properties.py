"""Braket's properties of devices whose own document is another vendor's."""

from __future__ import annotations

from datetime import UTC, datetime, time

import networkx
import pytest
from braket.device_schema import DeviceCapabilities, GateModelQpuParadigmProperties
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities

from qhub_braket import HubProvider
from qhub_braket.properties import is_open, topology
from qhub_braket.systems.bridge_properties import GateModelQpuDeviceCapabilities, capabilities_of
from shared_transport.models import Backend
from tests.quick.braket.test_bridge import DEVICES, PHOTONIC


@pytest.mark.parametrize("id", [*DEVICES, PHOTONIC, "quandela.qpu.belenos"])
def test_each_device_has_brakets_properties(ideal: HubProvider, id: str) -> None:
    backend = ideal.client.backends.get(id)
    configuration = backend.configuration
    properties = capabilities_of(backend)
    assert isinstance(properties, DeviceCapabilities)
    assert isinstance(properties, GateModelSimulatorDeviceCapabilities) == backend.simulator
    assert properties.paradigm.qubitCount == configuration.qubit_count
    shots = configuration.shots_range
    assert properties.service.shotsRange == (shots.min, shots.max)
    action = properties.action["braket.ir.openqasm.program"]
    assert {"cnot", "rx", "unitary", "GPhase", "ms"} <= set(action.supportedOperations)
    offered = {entry.name: entry for entry in action.supportedResultTypes}
    assert set(offered) == {"Sample", "Expectation", "Variance", "Probability"}
    assert offered["Variance"].maxShots == shots.max
    assert not any("noise" in pragma for pragma in action.supportedPragmas)
    assert is_open(properties)
    assert properties.service.updatedAt.date() == backend.updated_at
    assert properties.service.deviceDocumentation.summary == backend.documentation["description"]
    assert type(properties).parse_raw(properties.json()) == properties


def test_native_gates_are_in_brakets_words(ideal: HubProvider) -> None:
    def native(id: str) -> set[str]:
        return set(capabilities_of(ideal.client.backends.get(id)).paradigm.nativeGateSet)

    assert native("iqm.qpu.garnet") == {"prx", "cz"}
    assert native("ibm.qpu.miami") == {"cz", "i", "rz", "v", "x"}


def test_couplings_are_between_the_numbers_of_the_qubits(ideal: HubProvider) -> None:
    garnet = ideal.get_device("iqm.qpu.garnet").properties
    assert isinstance(garnet.paradigm, GateModelQpuParadigmProperties)
    graph = topology(garnet)
    assert sorted(graph.nodes) == list(range(20))
    # QB1 is coupled with QB2 and QB4.
    assert sorted(graph.neighbors(0)) == [1, 3]
    fez = topology(capabilities_of(ideal.client.backends.get("ibm.qpu.fez")))
    assert len(fez) == 156
    assert networkx.is_weakly_connected(fez)
    belenos = topology(capabilities_of(ideal.client.backends.get("quandela.qpu.belenos")))
    assert belenos.number_of_edges() == 12 * 11
    assert topology(capabilities_of(ideal.client.backends.get("kipu.sim.qsim"))) is None


def test_the_qubit_of_a_number_is_the_one_of_qiskits_target(ideal: HubProvider) -> None:
    from qhub_qiskit import HubBackend

    for name in ("iqm.qpu.emerald", "ibm.qpu.miami"):
        backend = ideal.client.backends.get(name)
        target = HubBackend(ideal.client, backend).target
        pairs = {frozenset(pair) for pair in target.build_coupling_map().get_edges()}
        # A device's document may call couplings out of order that the Hub's description has.
        assert pairs <= {frozenset(edge) for edge in topology(capabilities_of(backend)).edges}
        assert pairs


def test_a_backend_of_which_little_is_said() -> None:
    properties = capabilities_of(Backend(id="new.qpu.tomorrow"))
    assert isinstance(properties, GateModelQpuDeviceCapabilities)
    assert properties.service.shotsRange[0] == 1
    assert properties.paradigm.connectivity.fullyConnected
    assert properties.paradigm.qubitCount == 0
    assert is_open(properties)
    unlabelled = {"configuration": {"connectivity": {"graph": {"2": ["10"], "10": ["2", "7"]}}}}
    graph = capabilities_of(Backend.model_validate(unlabelled)).paradigm.connectivity
    assert graph.connectivityGraph == {"0": ["1"], "1": ["0"]}


@pytest.mark.parametrize(
    ("availability", "moments"),
    [
        ([{"granularity": "DAILY", "start": "08:00:00", "end": "10:00:00"}], [True, False, True]),
        ([{"granularity": "weekdays", "start": "08:00", "end": "12:00"}], [True, True, False]),
        ([{"granularity": "SUNDAY", "start": "00:00", "end": "23:59:59"}], [False, False, True]),
        ([{"granularity": "LUNAR", "start": "08:00", "end": "09:00"}], [True, True, True]),
        ([{"granularity": "DAILY", "start": None, "end": "soon"}], [True, True, True]),
        ([], [True, True, True]),
    ],
)
def test_execution_windows(availability: list[dict[str, object]], moments: list[bool]) -> None:
    properties = capabilities_of(Backend(id="any", availability=availability))
    assert isinstance(properties.service.executionWindows[0].windowStartHour, time)
    # A Friday at 9 and at 11, a Sunday at 9.
    days = [datetime(2026, 11, 27, 9), datetime(2026, 11, 27, 11), datetime(2026, 11, 29, 9)]
    assert [is_open(properties, day.replace(tzinfo=UTC)) for day in days] == moments
