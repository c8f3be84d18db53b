"""The operations: credentials, backends, pages, errors, and every answer against the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.quick.local_hub.contract import component, conforms, schema
from tests.quick.local_hub.hub_process import BELL2, BELL3, HubProcess

SV1, QSIM = "aws.sim.sv1", "kipu.sim.qsim"
# Those that the API maps to an input.
ALL = sorted(
    {
        backend
        for case in schema("CreateJobRequest")["allOf"]
        for backend in case["if"]["properties"]["backend_id"]["enum"]
    }
)


# --- credentials


def test_backends_without_credentials_are_a_reduced_view(hub: HubProcess) -> None:
    for backend in hub.anonymous.get("/backends").json():
        assert "queue_size" not in backend
        assert "availability" not in backend
        assert backend["has_calibration"] is False


@pytest.mark.parametrize(
    "path",
    [
        "/jobs",
        "/jobs/00000000-0000-4000-8000-000000000000",
        f"/backends/{SV1}",
        f"/backends/{SV1}/status",
        f"/backends/{SV1}/config",
        f"/backends/{SV1}/calibration",
        "/backends/least-busy?provider=IBM",
    ],
)
def test_other_operations_need_a_token(hub: HubProcess, path: str) -> None:
    answer = hub.anonymous.get(path)
    assert answer.status_code == 401
    assert "X-Auth-Token" in answer.json()["detail"]


def test_creating_a_job_needs_a_token(hub: HubProcess) -> None:
    assert hub.anonymous.post("/jobs", json={}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{"X-Auth-Token": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}],
)
@pytest.mark.parametrize("path", ["/backends", f"/backends/{SV1}", "/jobs"])
def test_a_wrong_token_is_refused_everywhere(
    hub: HubProcess, headers: dict[str, str], path: str
) -> None:
    answer = hub.anonymous.get(path, headers=headers)
    assert answer.status_code == 401
    assert "wrong" not in answer.text


def test_a_bearer_token_and_an_organization_are_accepted(hub: HubProcess) -> None:
    headers = {"Authorization": f"Bearer {hub.info['token']}", "X-OrganizationId": "any"}
    assert hub.anonymous.get("/jobs", headers=headers).status_code == 200


# --- backends


def test_backends_conform_and_say_what_they_take(hub: HubProcess) -> None:
    backends = hub.http.get("/backends").json()
    assert [backend["id"] for backend in backends] == ALL
    for backend in backends:
        conforms(backend, component("Backend"))
        conforms(hub.http.get(f"/backends/{backend['id']}").json(), component("Backend"))
        conforms(
            hub.http.get(f"/backends/{backend['id']}/status").json(), component("BackendStateInfo")
        )
        assert backend["queue_size"] == 0
    assert [item["id"] for item in hub.http.get("/backends?provider=KIPU").json()] == [QSIM]
    with_sdk = hub.http.get("/backends?onlyPlanqkSdk=true").json()
    assert with_sdk == [item for item in backends if "PLANQK" in item["documentation"]["sdks"]]


def test_sv1_config_is_a_braket_document(hub: HubProcess) -> None:
    from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities

    document = GateModelSimulatorDeviceCapabilities.parse_raw(
        hub.http.get(f"/backends/{SV1}/config").text
    )
    action = document.action["braket.ir.openqasm.program"]
    gates = hub.http.get(f"/backends/{SV1}").json()["configuration"]["gates"]
    assert document.paradigm.qubitCount == 34
    assert tuple(document.service.shotsRange) == (0, 100000)
    assert [gate["name"] for gate in gates] == list(action.supportedOperations)


def test_qsim_config_says_that_it_is_synthetic(hub: HubProcess) -> None:
    assert hub.http.get(f"/backends/{QSIM}/config").json()["synthetic"] is True


def test_calibration_is_empty(hub: HubProcess) -> None:
    path = f"/backends/{SV1}/calibration"
    assert hub.http.get(path).status_code == 204
    assert hub.http.get(path, params={"effectiveAt": "2026-01-01T00:00:00Z"}).status_code == 204
    assert hub.http.get(path, params={"effectiveAt": "yesterday"}).status_code == 422


def test_an_unknown_backend_offers_the_nearest(hub: HubProcess) -> None:
    for path in ("", "/status", "/config", "/calibration"):
        answer = hub.http.get(f"/backends/aws.sim.sv2{path}")
        assert answer.status_code == 404
        assert SV1 in answer.json()["detail"]


def test_least_busy_is_for_ibm_only(hub: HubProcess) -> None:
    assert hub.http.get("/backends/least-busy?provider=AWS").status_code == 400
    found = hub.http.get("/backends/least-busy?provider=IBM&minQubits=5").json()
    assert found["provider"] == "IBM"
    assert found["configuration"]["qubit_count"] >= 5
    assert hub.http.get("/backends/least-busy?provider=IBM&minQubits=500").status_code == 404
    assert "provider" in hub.http.get("/backends/least-busy").json()["detail"]


# --- jobs


def test_a_job_conforms_at_every_step(hub: HubProcess) -> None:
    fields = {
        "name": "bell",
        "tags": ["a", "b", "a"],
        "input_format": "BRAKET_OPEN_QASM_V3",
        "input_params": {"disable_qubit_rewiring": False, "qubit_count": 2},
        "sdk_provider": "BRAKET",
        "something_new": 1,
    }
    created = hub.post(SV1, BELL3, 1000, **fields)
    assert created.status_code == 201
    job = created.json()
    conforms(job, component("Job"))
    hub.wait(job["id"])
    job = hub.http.get(f"/jobs/{job['id']}").json()
    conforms(job, component("Job"))
    conforms(hub.http.get(f"/jobs/{job['id']}/status").json(), component("JobStatusResponse"))
    assert job["status"] == "COMPLETED"
    assert {
        key: job[key] for key in ("name", "input_params", "input_format", "sdk_provider", "shots")
    } == {
        "name": "bell",
        "input_params": fields["input_params"],
        "input_format": "BRAKET_OPEN_QASM_V3",
        "sdk_provider": "BRAKET",
        "shots": 1000,
    }
    assert job["tags"] == ["a", "b"]
    assert job["provider"] == "AWS"
    assert job["created_at"] <= job["started_at"] <= job["ended_at"]
    assert job["runtime"] >= 0
    assert None not in job.values()
    assert hub.http.get(f"/jobs/{job['id']}/input").json() == {"qasm": BELL3}
    assert hub.http.get(f"/jobs/{job['id']}/calibration").status_code == 204
    result = hub.http.get(f"/jobs/{job['id']}/result")
    assert isinstance(result.json(), dict)
    assert hub.http.get(f"/jobs/{job['id']}/result-stream").content == result.content


def test_jobs_are_paged_newest_first(hub: HubProcess) -> None:
    ids = [hub.submit(QSIM, BELL2, shots) for shots in (11, 12, 13)]
    for job_id in ids:
        hub.wait(job_id)
    first = hub.http.get("/jobs?size=2").json()
    second = hub.http.get("/jobs?size=2&page=1").json()
    conforms(first, component("PageResponseJob"))
    assert [job["id"] for job in first["content"] + second["content"]][:3] == ids[::-1]
    assert (first["page"], first["size"]) == (0, 2)
    assert first["total_pages"] == -(-first["total_elements"] // 2)


def test_jobs_are_sorted_as_asked_and_pages_are_capped(hub: HubProcess) -> None:
    hub.wait(hub.submit(QSIM, BELL2, 14))
    by_id = hub.http.get("/jobs", params={"sort": "id,asc", "size": 5000}).json()
    assert by_id["size"] == 100
    assert [job["id"] for job in by_id["content"]] == sorted(job["id"] for job in by_id["content"])
    oldest = hub.http.get("/jobs", params={"sort": ["createdAt,asc", "id,desc"]}).json()["content"]
    assert [job["created_at"] for job in oldest] == sorted(job["created_at"] for job in oldest)
    assert hub.http.get("/jobs?sort=colour,desc").status_code == 200
    assert hub.http.get("/jobs?page=99999999999999999999").json()["content"] == []


def test_jobs_of_an_unknown_service_execution(hub: HubProcess) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    answer = hub.http.get("/jobs", params={"serviceExecutionId": unknown})
    assert answer.status_code == 404
    assert unknown in answer.json()["detail"]


@pytest.mark.parametrize("job_id", ["00000000-0000-4000-8000-000000000000", "not-a-uuid"])
@pytest.mark.parametrize(
    "path", ["", "/status", "/result", "/result-stream", "/input", "/calibration"]
)
def test_unknown_jobs(hub: HubProcess, job_id: str, path: str) -> None:
    answer = hub.http.get(f"/jobs/{job_id}{path}")
    assert answer.status_code == 404
    assert job_id in answer.json()["detail"]


def test_cancelling_an_unknown_job(hub: HubProcess) -> None:
    assert hub.http.delete("/jobs/00000000-0000-4000-8000-000000000000").status_code == 404


# --- bad bodies: one sentence that names the field


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"backend_id": "aws.sim.sv9"}, ["aws.sim.sv9", SV1]),
        ({"backend_id": None}, ["backend_id"]),
        ({"shots": None}, ["shots"]),
        ({"shots": "10"}, ["shots", "integer"]),
        ({"shots": True}, ["shots", "integer"]),
        ({"shots": -1}, ["shots", "0 to 100000"]),
        ({"shots": 100001}, ["shots", "0 to 100000"]),
        ({"shots": 0, "backend_id": QSIM, "input": {"qasm": BELL2}}, ["shots", "1 to 100000"]),
        ({"input": None}, ["input"]),
        ({"input": {}}, ["input.qasm", "missing"]),
        ({"input": {"qasm": 5}}, ["input.qasm", "string"]),
        ({"input": {"qasm": BELL3, "qsm": ""}}, ["input.qsm"]),
        ({"input_format": "OPEN_QASM_V2"}, ["input_format", "BRAKET_OPEN_QASM_V3"]),
        ({"input_format": "QASM"}, ["input_format"]),
        ({"input_params": {"mode": "sample"}}, ["input_params.mode", "qubit_count"]),
        ({"input_params": {"qubit_count": 0}}, ["input_params.qubit_count"]),
        ({"input_params": {"qubit_count": 1}}, ["qubit_count", "2 qubits"]),
        ({"input_params": []}, ["input_params"]),
        ({"tags": "a"}, ["tags"]),
        ({"sdk_provider": "CIRQ"}, ["sdk_provider"]),
        ({"session_id": "00000000-0000-4000-8000-000000000000"}, ["session_id", "no sessions"]),
    ],
)
def test_bad_fields_are_named(hub: HubProcess, change: dict[str, Any], words: list[str]) -> None:
    hub.run(SV1, BELL3)  # the worker is warm: it gives its verdict at once
    before = hub.http.get("/jobs").json()["total_elements"]
    body = {"backend_id": SV1, "shots": 10, "input": {"qasm": BELL3}, **change}
    answer = hub.http.post(
        "/jobs", json={key: value for key, value in body.items() if value is not None}
    )
    assert answer.status_code in (404, 422), answer.text
    assert set(answer.json()) == {"detail"}
    for word in words:
        assert word in answer.json()["detail"]
    assert hub.http.get("/jobs").json()["total_elements"] == before


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"mode": "amplitudes"}, ["input_params.bitstrings", "missing"]),
        ({"mode": "amplitudes", "bitstrings": ["012"]}, ["input_params.bitstrings"]),
        ({"mode": "amplitudes", "bitstrings": ["000"]}, ["bitstrings", "3 bits", "2 qubits"]),
        ({"mode": "density"}, ["input_params.mode", "statevector"]),
        ({"max_fused_gate_size": 0}, ["max_fused_gate_size"]),
        ({"cpu_threads": -1}, ["cpu_threads"]),
        ({"qubit_count": 2}, ["input_params.qubit_count", "`mode`"]),
    ],
)
def test_bad_parameters_of_qsim_are_named(
    hub: HubProcess, params: dict[str, Any], words: list[str]
) -> None:
    hub.run(QSIM, BELL2)
    answer = hub.post(QSIM, BELL2, input_params=params)
    assert answer.status_code == 422, answer.text
    for word in words:
        assert word in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_job(hub: HubProcess, body: bytes) -> None:
    answer = hub.http.post("/jobs", content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_body_above_the_limit(hub: HubProcess) -> None:
    def parts() -> Any:
        for _ in range(65):
            yield b" " * 2**20

    answer = hub.http.post("/jobs", content=parts())
    assert answer.status_code == 422
    assert "bytes" in answer.json()["detail"]


def test_other_paths_and_methods(hub: HubProcess) -> None:
    assert "detail" in hub.http.get("/nothing").json()
    assert hub.http.put("/jobs").status_code == 405
