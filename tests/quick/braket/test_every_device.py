"""Every backend of the Hub as a Braket device: what it says of itself, and one program on each."""

from __future__ import annotations

import math
import pickle
import threading
from pathlib import Path

import pytest
from braket.circuits import Circuit, FreeParameter
from braket.device_schema import DeviceCapabilities
from braket.devices import Device
from braket.ir.openqasm import Program

from qhub_braket import HubDevice, HubProvider
from tests.quick.braket.test_bridge import DEVICES, SHOTS, bound, distance, exactly

pytestmark = pytest.mark.usefixtures("quiet")

CATALOG = Path(__file__).parents[3] / "local_hub" / "catalog" / "backends"
BACKENDS = sorted(file.stem for file in CATALOG.glob("*.json"))
OF_CIRCUITS = [backend for backend in BACKENDS if backend != "aws.quera.aquila"]


def test_the_hub_has_twenty(provider: HubProvider) -> None:
    assert sorted(backend.id for backend in provider.devices()) == BACKENDS
    assert len(BACKENDS) == 20


@pytest.mark.parametrize("id", BACKENDS)
def test_what_each_device_says(provider: HubProvider, id: str) -> None:
    backend = provider.client.backends.get(id)
    device = provider.get_device(id)
    assert isinstance(device, Device)
    assert device.arn == id
    assert device.name == backend.name
    assert device.type == ("SIMULATOR" if backend.simulator else "QPU")
    assert device.provider_name == (backend.hardware_provider or backend.provider)
    assert device.status == "ONLINE"
    assert device.is_available
    assert isinstance(device.properties, DeviceCapabilities)
    assert device.properties.paradigm.qubitCount == backend.configuration.qubit_count
    assert int(device.queue_depth().quantum_tasks["Normal"]) >= 0
    graph = device.topology_graph
    assert (graph is None) == (backend.simulator or id == "aws.quera.aquila")
    assert graph is None or len(graph) == backend.configuration.qubit_count
    assert device.frames == device.ports == {}
    device.refresh_metadata()
    assert pickle.loads(pickle.dumps(device)).properties == device.properties


@pytest.mark.parametrize("id", OF_CIRCUITS)
def test_each_device_runs_a_circuit(ideal: HubProvider, id: str) -> None:
    """Gates on qubits with gaps, two of three measured, in another order."""
    circuit = Circuit().x(5).rz(2, 0.3).rx(3, math.pi).measure([5, 2])
    task = ideal.get_device(id).run(circuit, shots=20)
    result = task.result()
    assert task.state() == "COMPLETED"
    assert result.measured_qubits == [5, 2]
    assert set(result.measurement_counts) == {"10"}
    assert result.task_metadata.deviceId == id
    assert result.task_metadata.shots == 20


@pytest.fixture(scope="module", params=DEVICES)
def bridged(request: pytest.FixtureRequest, ideal: HubProvider) -> HubDevice:
    return ideal.get_device(request.param)


class TestOnTheBridge:
    """What test_truth_devices shows of the AWS devices."""

    def test_inputs_in_a_circuit_a_program_and_a_string(self, bridged: HubDevice) -> None:
        theta = FreeParameter("theta")
        circuit = Circuit().rx(0, theta).cnot(0, 1).ry(1, 2 * theta)
        source = circuit.to_ir().source
        exact = exactly(Circuit().rx(0, 0.9).cnot(0, 1).ry(1, 1.8), [0, 1])
        for program in (circuit, Program(source=source, inputs={"theta": 7.0}), source):
            result = bridged.run(program, shots=SHOTS, inputs={"theta": 0.9}).result()
            assert distance(result, exact) < bound(4, SHOTS)

    def test_batches(self, bridged: HubDevice) -> None:
        circuit = Circuit().rx(0, FreeParameter("theta")).cnot(0, 1)
        inputs = [{"theta": angle} for angle in (0.0, math.pi, 0.0)]
        batch = bridged.run_batch(circuit, shots=[1, 2, 3], inputs=inputs, max_parallel=2)
        words = [dict(result.measurement_counts) for result in batch.results()]
        assert words == [{"00": 1}, {"11": 2}, {"00": 3}]
        assert batch.unfinished == batch.unsuccessful == set()

    def test_threads_share_a_device(self, bridged: HubDevice) -> None:
        seen: dict[int, dict[str, int]] = {}

        def work(number: int) -> None:
            circuit = Circuit().rx(0, math.pi * (number % 2)).rz(1, 0.1)
            result = bridged.run(circuit, shots=number + 1).result()
            seen[number] = dict(result.measurement_counts)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {number: {f"{number % 2}0": number + 1} for number in range(6)}
