"""The AWS devices as `AwsDevice` describes its own."""

import json
import math
import pickle
from typing import Any

import networkx
import pytest
from braket.aws.queue_information import QueueType
from braket.circuits import Circuit
from braket.device_schema.ionq import IonqDeviceCapabilities
from braket.device_schema.quera import QueraDeviceCapabilities
from braket.device_schema.rigetti.rigetti_device_capabilities_v2 import RigettiDeviceCapabilities
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities
from braket.devices import Device
from braket.emulation import Emulator
from braket.emulation.pass_manager import EmulatorValidationError

from qhub_braket import HubDevice, HubProvider
from qhub_braket.properties import pulse_frames, pulse_ports
from shared_transport import ValidationError

DEVICES = {
    "aws.sim.sv1": ("SIMULATOR", "AWS", GateModelSimulatorDeviceCapabilities, 34),
    "aws.sim.dm1": ("SIMULATOR", "AWS", GateModelSimulatorDeviceCapabilities, 17),
    "aws.rigetti.cepheus": ("QPU", "RIGETTI", RigettiDeviceCapabilities, 108),
    "aws.ionq.forte": ("QPU", "IONQ", IonqDeviceCapabilities, 36),
    "aws.quera.aquila": ("QPU", "QUERA", QueraDeviceCapabilities, 256),
}


@pytest.mark.parametrize("id", DEVICES)
def test_what_each_device_says(provider: HubProvider, id: str) -> None:
    device = provider.get_device(id)
    kind, maker, capabilities, qubits = DEVICES[id]
    assert isinstance(device, Device)
    assert device.arn == id
    assert "Hub" in HubDevice.arn.__doc__
    assert (device.type, device.provider_name, device.status) == (kind, maker, "ONLINE")
    assert device.is_available
    assert isinstance(device.properties, capabilities)
    assert device.properties.paradigm.qubitCount == qubits
    assert device.name == provider.client.backends.get(id).name
    waiting = device.queue_depth().quantum_tasks
    assert waiting[QueueType.NORMAL].isdigit()
    assert waiting[QueueType.PRIORITY] == "0"
    assert device.queue_depth().jobs == "0"
    assert device.gate_calibrations is None
    assert device.refresh_gate_calibrations() is None
    assert "no pulse calibrations" in HubDevice.gate_calibrations.__doc__
    assert device.frames == device.ports == {}
    assert not hasattr(device, "aws_session")
    assert pickle.loads(pickle.dumps(device)).properties == device.properties


def test_couplings(provider: HubProvider) -> None:
    cepheus = provider.get_device("aws.rigetti.cepheus").topology_graph
    assert isinstance(cepheus, networkx.DiGraph)
    assert (len(cepheus.nodes), len(cepheus.edges)) == (108, 2 * 193)
    assert cepheus.has_edge(0, 9)
    assert not cepheus.has_edge(0, 2)
    assert len(provider.get_device("aws.ionq.forte").topology_graph.edges) == 36 * 35
    for name in ("aws.sim.sv1", "aws.sim.dm1", "aws.quera.aquila"):
        assert provider.get_device(name).topology_graph is None


class TestEmulators:
    def test_rigetti(self, provider: HubProvider) -> None:
        device = provider.get_device("aws.rigetti.cepheus")
        emulator = device.emulator()
        assert isinstance(emulator, Emulator)
        assert device.emulator() is emulator
        inner = Circuit().rx(0, math.pi).cz(0, 1)
        counts = emulator.run(Circuit().add_verbatim_box(inner), shots=400).result()
        assert counts.measurement_counts["10"] > 250
        with pytest.raises(EmulatorValidationError):
            emulator.validate(Circuit().add_verbatim_box(Circuit().cz(0, 2)))

    def test_ionq(self, provider: HubProvider) -> None:
        device = provider.get_device("aws.ionq.forte")
        before = device.properties.json()
        inner = Circuit().gpi(0, 0.0).gpi2(1, 0.0).zz(0, 1, 0.5)
        counts = device.emulator().run(Circuit().add_verbatim_box(inner), shots=400).result()
        assert counts.measurement_counts["10"] + counts.measurement_counts["11"] > 350
        # Braket's emulator writes into the document that it is given: it was given a copy.
        assert device.properties.json() == before
        assert device.properties.paradigm.nativeGateSet == ["GPI", "GPI2", "ZZ"]

    @pytest.mark.parametrize("id", ["aws.sim.sv1", "aws.sim.dm1", "aws.quera.aquila"])
    def test_devices_that_braket_does_not_emulate(self, provider: HubProvider, id: str) -> None:
        with pytest.raises(ValidationError, match=f"no emulator of {id}") as caught:
            provider.get_device(id).emulator()
        assert "LocalSimulator" in str(caught.value)


def test_frames_and_ports_of_a_document_with_pulses(provider: HubProvider) -> None:
    document = json.loads(provider.get_device("aws.rigetti.cepheus").properties.json())
    header = {"name": "braket.device_schema.pulse.pulse_device_action_properties", "version": "1"}
    document["pulse"] = {
        "braketSchemaHeader": header,
        "supportedQhpTemplateWaveforms": {},
        "ports": {"drive": {"portId": "drive", "direction": "tx", "portType": "ro_rx", "dt": 1e-9}},
        "supportedFunctions": {},
        "frames": {"q0": {"frameId": "q0", "portId": "drive", "frequency": 5e9, "phase": 0.5}},
        "supportsLocalPulseElements": False,
        "supportsDynamicFrames": False,
        "supportsNonNativeGatesWithPulses": False,
        "validationParameters": {},
    }
    capabilities: Any = RigettiDeviceCapabilities.parse_obj(document)
    port = pulse_ports(capabilities)["drive"]
    assert (port.id, port.dt) == ("drive", 1e-9)
    frame = pulse_frames(capabilities)["q0"]
    assert (frame.id, frame.frequency, frame.phase) == ("q0", 5e9, 0.5)


def test_a_document_is_asked_for_once(device: HubDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = HubDevice(device.client.backends.get("kipu.sim.qsim"), device.client)
    asked = []
    config = device.client.backends.config

    def counting(id: str) -> Any:
        asked.append(id)
        return config(id)

    monkeypatch.setattr(device.client.backends, "config", counting)
    for _ in range(3):
        assert fresh._capabilities() is None
    assert asked == ["kipu.sim.qsim"]
    fresh.refresh_metadata()
    assert fresh._capabilities() is None
    assert len(asked) == 2
