"""The bridge's jobs: batches, opening them anywhere and with either plugin, and backends that nobody knows yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any, NoReturn, cast

import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter, Observable
from braket.circuits import result_types as rt
from qiskit import qasm2, qasm3
from qiskit_aer import AerSimulator

import qhub_qiskit
from qhub_braket import HubDevice, HubProvider
from qhub_braket.systems import Facts, RunOptions, system_of_backend, system_of_job
from qhub_braket.systems.bridge import decode, encode
from shared_transport import HubClient, ServerError, ValidationError
from shared_transport.models import Backend, Job
from shared_transport.tags import TOTAL_LENGTH
from tests.quick.braket.test_bridge import (
    DEVICES,
    SHOTS,
    bound,
    distance,
    exactly,
    random_circuit,
)

pytestmark = pytest.mark.usefixtures("quiet")

CROSSED = random_circuit(8, [7, 2, 4], gates=5).measure([7, 2])


def not_asked() -> NoReturn:
    """The input of a job whose tags say everything."""
    raise AssertionError("the input was asked for")


def environment(provider: HubProvider) -> dict[str, str]:
    settings = provider.client.settings
    return {
        **os.environ,
        "QHUB_QUANTUM_BASE_URL": settings.base_url,
        "KQH_PERSONAL_ACCESS_TOKEN": settings.token.get_secret_value(),
    }


def test_another_process_reads_the_same_results(ideal: HubProvider) -> None:
    asked = random_circuit(8, [7, 2, 4], gates=5)
    asked.expectation(Observable.Y() @ Observable.Hermitian(np.array([[0, 1j], [-1j, 3]])), [4, 7])
    devices = [ideal.get_device(name) for name in DEVICES]
    tasks = [device.run(program, shots=50) for program in (CROSSED, asked) for device in devices]
    script = """
        import json, sys
        from qhub_braket import HubProvider
        for id in sys.argv[1:]:
            result = HubProvider().task(id).result()
            print(json.dumps([result.measured_qubits, result.measurements.tolist(), result.values,
                              result.additional_metadata.action.source, result.task_metadata.deviceId]))
    """
    there = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *(task.id for task in tasks)],
        env=environment(ideal),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert there.returncode == 0, there.stderr
    read = [json.loads(line) for line in there.stdout.splitlines()]
    for task, (qubits, measurements, values, source, device) in zip(tasks, read, strict=True):
        here = task.result()
        assert qubits == here.measured_qubits
        assert measurements == here.measurements.tolist()
        assert values == here.values
        assert source == here.additional_metadata.action.source
        assert device == here.task_metadata.deviceId == task.metadata()["deviceArn"]
        assert here.task_metadata.createdAt.endswith("Z")
    assert [len(values) for *_, values, _, _ in read] == [0] * 6 + [1] * 6


@pytest.mark.parametrize("id", DEVICES)
def test_qiskit_opens_the_same_job_with_the_same_words(ideal: HubProvider, id: str) -> None:
    task = ideal.get_device(id).run(CROSSED, shots=100)
    job = qhub_qiskit.HubProvider(client=ideal.client).job(task.id)
    assert job.result().get_counts() == dict(task.result().measurement_counts)
    assert task.metadata().get("tags") == []


def test_a_batch_with_inputs(kipu: HubDevice) -> None:
    theta = FreeParameter("theta")
    circuits = [Circuit().rx(3 * number, theta).i(1) for number in range(1, 5)]
    inputs = [{"theta": np.pi * number} for number in range(4)]
    results = kipu.run_batch(circuits, shots=10, inputs=inputs).results()
    for number, result in enumerate(results):
        assert result.measured_qubits == [1, 3 * number + 3]
        assert result.measurement_counts == {f"0{number % 2}": 10}


def test_a_program_that_is_too_long_for_the_tags(kipu: HubDevice, ideal: HubProvider) -> None:
    circuit = random_circuit(1, [0, 4, 9], gates=600)
    task = kipu.run(circuit.copy().measure([9, 0]), shots=SHOTS)
    tags = ideal.client.jobs.get(task.id).tags
    assert 100 < sum(map(len, tags)) < 1000
    result = task.result()
    assert distance(result, exactly(circuit, [9, 0])) < bound(4, SHOTS)
    assert "too long" in result.additional_metadata.action.source
    short = ideal.client.jobs.get(kipu.run(CROSSED, shots=1).id).tags
    assert sum(map(len, short)) < TOTAL_LENGTH


def test_result_types_that_are_too_long_for_the_tags(kipu: HubDevice) -> None:
    rng = np.random.default_rng(2)
    circuit = Circuit().h(range(12))
    for first in range(0, 12, 4):
        matrix = rng.normal(size=(16, 16)) + 1j * rng.normal(size=(16, 16))
        observable = Observable.Hermitian(matrix + matrix.conj().T)
        circuit.add_result_type(rt.Expectation(observable, list(range(first, first + 4))))
    with pytest.raises(
        ValidationError, match=r"4 kB that travel.*kipu\.sim\.qsim.*fewer result types"
    ):
        kipu.run(circuit, shots=10)


# Services that are Aer, known by what the Hub says of them alone: it runs the text that would be sent.
NEWCOMERS = {
    "all connected": {"connectivity": {"fully_connected": True}},
    "a line": {
        "connectivity": {
            "fully_connected": False,
            "graph": {"a": ["b"], "b": ["a", "c"], "c": ["b", "d"], "d": ["c"]},
        },
        "qubits": [{"id": label} for label in "abcd"],
    },
}


@pytest.mark.parametrize("version", ["OPEN_QASM_V2", "OPEN_QASM_V3"])
@pytest.mark.parametrize("name", NEWCOMERS)
def test_a_backend_of_an_unknown_provider(ideal: HubProvider, version: str, name: str) -> None:
    backend = Backend.model_validate(
        {
            "id": "new.qpu.tomorrow",
            "provider": "NEWCOMER",
            "type": "QPU",
            "configuration": {
                "qubit_count": 4,
                "supported_input_formats": [version],
                "gates": [{"name": "rz"}, {"name": "sx"}, {"name": "cx"}],
                **NEWCOMERS[name],
            },
        }
    )
    device = Facts(backend.id, 4, None, backend, ideal.client)
    room = system_of_backend(backend)
    circuit = random_circuit(3, [5, 1, 8, 6])
    encoded = room.encode(circuit.copy().measure([8, 5, 1]), RunOptions(SHOTS), device)
    text = encoded.input["qasm"]
    if version == "OPEN_QASM_V3":
        read = qasm3.loads(text)
    else:
        read = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    ran = AerSimulator(seed_simulator=5).run(read, shots=SHOTS).result()
    document = json.dumps({"counts": ran.get_counts()}).encode()
    job = Job(
        id="made-up",
        backend_id=backend.id,
        provider="NEWCOMER",
        input_format=version,
        tags=[*reversed(encoded.tags), "mine"],
    )
    result = system_of_job(job).decode(document, job, not_asked)
    assert result.measured_qubits == [8, 5, 1]
    assert result.measurements.shape == (SHOTS, 3)
    assert not result.measurements_copied_from_device
    assert distance(result, exactly(circuit, [8, 5, 1])) < bound(8, SHOTS)
    assert (
        system_of_job(job).decode(document, job, not_asked).measurements.tolist()
        == result.measurements.tolist()
    )


def test_a_result_that_is_none(kipu: HubDevice, ideal: HubProvider) -> None:
    backend = ideal.client.backends.get("kipu.sim.qsim")
    facts = Facts(backend.id, 32, None, backend, ideal.client)
    sent = encode(Circuit().h(0), RunOptions(10), facts)
    job = Job(id="made-up", backend_id=backend.id, provider="KIPU", tags=list(sent.tags))
    for content in (b"", b"[]", b"{}", b'{"counts": {"2": 3}}', b'{"counts": {"0101": 3}}'):
        with pytest.raises(ServerError, match=r"made-up cannot be read.*client\.jobs\.result"):
            decode(content, job, not_asked)


class Watched:
    """The backends of a client, which notes what is asked of them."""

    def __init__(self, client: HubClient) -> None:
        self.asked: list[str] = []
        self.backends = self
        self._real = client.backends

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._real, name)


def test_documents_are_read_once_for_a_device_until_they_are_old(
    ideal: HubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ideal.client.backends.get("ibm.qpu.fez")
    client = Watched(ideal.client)
    device = Facts(backend.id, 156, None, backend, cast(HubClient, client))
    for _ in range(3):
        encode(Circuit().h(0), RunOptions(10), device)
    assert client.asked == ["config", "calibration"]
    monkeypatch.setattr("qhub_braket.systems.bridge.encoding._FRESH", 0.0)
    encode(Circuit().h(0), RunOptions(10), device)
    assert client.asked == ["config", "calibration", "get", "config", "calibration"]


def test_without_qiskit_it_says_what_to_install(ideal: HubProvider, kipu: HubDevice) -> None:
    task = kipu.run(Circuit().h(0), shots=5)
    code = """
        import sys
        sys.modules["qiskit"] = None
        from braket.circuits import Circuit
        from qhub_braket import HubProvider
        from shared_transport import MissingExtraError
        provider = HubProvider()
        device = provider.get_device("kipu.sim.qsim")
        print(device.name, device.properties.paradigm.qubitCount)
        for use in (lambda: device.run(Circuit().h(0), shots=5), provider.task(sys.argv[1]).result):
            try:
                use()
            except MissingExtraError as problem:
                print(problem)
    """
    there = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), task.id],
        env=environment(ideal),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert there.returncode == 0, there.stderr
    described, run, read = there.stdout.splitlines()
    assert described == "qsim 32"
    assert run.startswith("Running a Braket program on kipu.sim.qsim needs packages")
    assert read.startswith(f"Reading the result of job {task.id} needs packages")
    assert "pip install 'qhub-plugins[qiskit]'" in run
    assert "pip install 'qhub-plugins[qiskit]'" in read
