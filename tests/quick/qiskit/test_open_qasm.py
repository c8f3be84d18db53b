"""A backend of a provider that nobody knows, which takes plain OpenQASM: what is sent runs on Aer as it should."""

from __future__ import annotations

import json

import httpx
import numpy as np
import pytest
from pydantic import SecretStr
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2, qasm3, transpile
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend
from shared_transport import HubClient, Settings, ValidationError
from shared_transport.models import Backend


def described(language: str, **configuration: object) -> Backend:
    return Backend.model_validate(
        {
            "id": "new.sim.tomorrow",
            "provider": "NEWCOMER",
            "type": "SIMULATOR",
            "configuration": {
                "qubit_count": 6,
                "connectivity": {"fully_connected": True},
                "shots_range": {"min": 1, "max": 1000},
                "supported_input_formats": [language],
                **configuration,
            },
        }
    )


class AerHub:
    """A Hub that runs the text that it is sent by Qiskit's importers and Aer: for what the local Hub has not."""

    def __init__(self) -> None:
        self.results: dict[str, dict[str, object]] = {}
        self.sent: dict[str, dict[str, object]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.strip("/").split("/")
        if request.method == "POST":
            body = json.loads(request.content)
            job_id = f"job-{len(self.sent)}"
            text = body["input"]["qasm"]
            if body["input_format"] == "OPEN_QASM_V2":
                gates = qasm2.LEGACY_CUSTOM_INSTRUCTIONS  # those of Qiskit's qelib1.inc
                circuit = qasm2.loads(text, custom_instructions=gates)
            else:
                circuit = qasm3.loads(text)
            simulator = AerSimulator(seed_simulator=3)
            ready = transpile(circuit, simulator, optimization_level=0)
            counts = simulator.run(ready, shots=body["shots"]).result()
            self.results[job_id] = {"counts": counts.get_counts()}
            self.sent[job_id] = {**body, "id": job_id, "provider": "NEWCOMER"}
            return httpx.Response(201, json={"id": job_id, "status": "PENDING"})
        job_id = parts[2]
        if parts[-1] == "status":
            return httpx.Response(200, json={"status": "COMPLETED"})
        if parts[-1] == "result":
            return httpx.Response(200, json=self.results[job_id])
        if parts[-1] == "input":
            return httpx.Response(200, json=self.sent[job_id]["input"])
        shown = {key: value for key, value in self.sent[job_id].items() if key != "input"}
        return httpx.Response(200, json={**shown, "status": "COMPLETED"})


@pytest.fixture(params=["OPEN_QASM_V2", "OPEN_QASM_V3"])
def backend(request: pytest.FixtureRequest) -> HubBackend:
    settings = Settings(base_url="http://127.0.0.1:9/quantum", token=SecretStr("t"), journal=None)
    client = HubClient(settings, transport=httpx.MockTransport(AerHub()))
    return HubBackend(client, described(request.param))


def crossed() -> QuantumCircuit:
    circuit = QuantumCircuit(
        QuantumRegister(4, "if"), ClassicalRegister(2, "gate"), ClassicalRegister(3, "π b")
    )
    circuit.x([0, 3])
    circuit.cx(0, 1)
    circuit.measure([0, 1, 2, 3], [4, 0, 1, 1])
    return circuit


def test_keys_are_aers_and_stay_so_where_the_job_is_opened_again(backend):
    ready = transpile(crossed(), backend, optimization_level=1)
    job = backend.run(ready, shots=25, memory=True)
    expected = AerSimulator().run(crossed(), shots=25).result().get_counts()
    assert job.result().get_counts() == expected
    assert type(job).open(backend.client, job.job_id()).result().get_counts() == expected


def test_every_standard_gate_that_it_takes_means_the_same(backend):
    chance = np.random.default_rng(4)
    circuit = QuantumCircuit(3)
    for name in sorted(set(backend.target.operation_names) - {"measure", "barrier"}):
        operation = backend.target.operation_from_name(name)
        angles = chance.uniform(-3, 3, len(operation.params)).tolist()
        qubits = chance.choice(3, operation.num_qubits, replace=False).tolist()
        circuit.append(operation.base_class(*angles), qubits)
    assert circuit.size() > 15
    circuit.measure_all()
    counts = backend.run(circuit, shots=1000).result().get_counts()
    reference = AerSimulator(seed_simulator=3).run(transpile(circuit, AerSimulator()), shots=1000)
    expected = reference.result().get_counts()
    # Two samples of 1,000 shots and 8 outcomes: 0.05 apart on average.
    assert 0.5 * sum(abs(counts.get(k, 0) - expected.get(k, 0)) for k in {*counts, *expected}) < 130


def test_gates_that_the_hub_names_are_the_target():
    named = described("OPEN_QASM_V2", gates=[{"name": "h"}, {"name": "cx"}, {"name": "strange"}])
    client = HubClient(Settings(base_url="http://127.0.0.1:9/quantum", token=SecretStr("t")))
    target = HubBackend(client, named).target
    assert set(target.operation_names) == {"h", "cx", "measure"}


@pytest.mark.parametrize("language", ["QIR_V1", "QOQO", "AQT_JOB_INPUT_V1", "OPEN_QASM_V1"])
def test_formats_without_a_room_are_said(language):
    client = HubClient(Settings(base_url="http://127.0.0.1:9/quantum", token=SecretStr("t")))
    with pytest.raises(ValidationError, match=rf"takes {language} from provider NEWCOMER.*writes"):
        HubBackend(client, described(language))
