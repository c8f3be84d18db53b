"""IBM's own encoders, decoders and converters around a local Hub."""

from __future__ import annotations

import functools
import json
from typing import Any

import httpx
from qiskit import QuantumCircuit, transpile
from qiskit.transpiler import Target
from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from tests.quick.local_hub.hub_process import HubProcess

NAMES = ("aachen", "berlin", "boston", "fez", "kingston", "marrakesh", "miami", "pittsburgh")
FEZ = "ibm.qpu.fez"


@functools.cache
def target(hub: HubProcess, backend: str, *, fractional: bool = False) -> Target:
    """A backend's target as IBM's client makes it."""
    document = hub.http.get(f"/backends/{backend}/config").json()
    configuration = configuration_from_server_data(
        document["config"], use_fractional_gates=fractional
    )
    properties = properties_from_server_data(
        document["properties"], use_fractional_gates=fractional
    )
    return convert_to_target(configuration, properties, include_fractional_gates=fractional)


def isa(hub: HubProcess, backend: str, circuit: QuantumCircuit, **options: Any) -> QuantumCircuit:
    """The circuit as the backend takes it."""
    fractional = options.pop("fractional", False)
    given = {"optimization_level": 1, "seed_transpiler": 5, **options}
    return transpile(circuit, target=target(hub, backend, fractional=fractional), **given)


def post(
    hub: HubProcess,
    program: str,
    backend: str = FEZ,
    *,
    shots: int = 1000,
    **given: Any,
) -> httpx.Response:
    """Send a job as IBM's client writes it."""
    body = {
        "backend_id": backend,
        "shots": shots,
        "input": {"version": 2, **given},
        "input_format": "QISKIT_QPY",
        "input_params": {"program_id": program},
    }
    text = json.dumps(body, cls=RuntimeEncoder)
    return hub.http.post("/jobs", content=text, headers={"Content-Type": "application/json"})


def run(hub: HubProcess, program: str, backend: str = FEZ, **given: Any) -> Any:
    """Run a job to its end and read its result as IBM's client does."""
    answer = post(hub, program, backend, **given)
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["id"]
    status = hub.wait(job_id, seconds=120)
    text = hub.http.get(f"/jobs/{job_id}/result").text
    assert status == "COMPLETED", text
    return json.loads(text, cls=RuntimeDecoder)


def verdict(hub: HubProcess, answer: httpx.Response, seconds: float = 30) -> str:
    """What the Hub says against a job: at once, or by the end of the job."""
    if answer.status_code == 422:
        return str(answer.json()["detail"])
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["id"]
    assert hub.wait(job_id, seconds=seconds) == "FAILED"
    return str(hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"])
