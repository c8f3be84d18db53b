"""The check of requests against the contract can fail, and for the reason that it names."""

import asyncio
import json

import httpx
import pytest

from tests.contract_check import (
    NEWER_FILTERS,
    NEWER_READS,
    Record,
    async_recording_transport,
    check_request,
    find,
    operation_ids,
    recording_transport,
)

ID = "5904a9f2-f43b-453d-9d08-beedcdb93e54"
JOB = {"backend_id": "aws.sim.sv1", "shots": 1, "input": {"qasm": "x"}}
SESSION = {"backend_id": "ibm.qpu.fez", "mode": "batch", "provider": "IBM"}
JSON = {"content-type": "application/json"}


def sent(document):
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def test_all_33_operations_are_known():
    assert len(operation_ids()) == 33
    assert not operation_ids() & set(NEWER_READS.values())


def test_a_path_of_its_own_wins_over_a_parameter():
    assert find("GET", "/backends/least-busy")[0].id == "getLeastBusyBackend"
    assert find("GET", "/backends/x%2Fy") == (find("GET", "/backends/z")[0], {"id": "x/y"})


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("GET", "/jobs", [("page", "0"), ("size", "20"), ("sort", "a"), ("sort", "b,desc")]),
        ("GET", f"/jobs/{ID}/result-stream", []),
        ("GET", "/backends", [("onlyPlanqkSdk", "true")]),
        ("GET", "/backends/x/calibration", [("effectiveAt", "2026-01-02T03:04:05+02:00")]),
        ("GET", "/backends/x/calibration", [("effectiveAt", "2026-01-02T03:04:05.25Z")]),
        ("GET", "/backends/least-busy", [("provider", "IBM"), ("minQubits", "5")]),
        ("DELETE", f"/service-executions/{ID}/sessions/{ID}", []),
        ("GET", "/workloads", [(name, "a") for name in sorted(NEWER_FILTERS)] * 2),
        *[("GET", path.replace("{", "").replace("}", ""), []) for path in NEWER_READS],
    ],
)
def test_what_the_contract_describes_passes(method, path, params):
    check_request(method, path, params, {"X-Auth-Token": "t", "X-OrganizationId": "o"})


@pytest.mark.parametrize(
    ("method", "path", "params", "why"),
    [
        ("GET", "/job", [], "no such path"),
        ("GET", "/jobs/", [], "no such path"),
        ("GET", f"/jobs/{ID}/", [], "no such path"),
        ("PUT", "/jobs", [], "no such method"),
        ("DELETE", f"/jobs/{ID}/input/normalized", [], "no such method"),
        ("GET", "/jobs/j1", [], "'id'.*uuid"),
        ("GET", f"/service-executions/{ID}/jobs/j1", [], "'jobId'.*uuid"),
        ("GET", "/jobs", [("page", "-1")], "'page'.*minimum"),
        ("GET", "/jobs", [("size", "0")], "'size'.*minimum"),
        ("GET", "/jobs", [("size", "1.0")], "'size' is no integer"),
        ("GET", "/jobs", [("size", "1"), ("size", "2")], "twice"),
        ("GET", "/jobs", [("serviceExecutionId", "s1")], "uuid"),
        ("GET", "/jobs", [("service_execution_id", ID)], "not in the contract"),
        ("GET", "/jobs", [("status", "RUNNING")], "not in the contract"),
        ("GET", f"/service-executions/{ID}/workloads", [("tag", "a")], "not in the contract"),
        ("GET", "/runtime-minutes", [("year", "2026")], "not in the contract"),
        ("GET", "/backends", [("onlyPlanqkSdk", "True")], "no boolean"),
        ("GET", "/backends/least-busy", [], "'provider' is missing"),
        ("GET", "/backends/least-busy", [("provider", "a"), ("minQubits", str(2**31))], "int32"),
        ("GET", "/backends/x/calibration", [("effectiveAt", "2026-01-02 03:04:05")], "date-time"),
        ("GET", "/backends/x/calibration", [("effectiveAt", "2026-13-02T03:04:05Z")], "date-time"),
    ],
)
def test_a_request_that_the_contract_does_not_describe_is_caught(method, path, params, why):
    with pytest.raises(AssertionError, match=why):
        check_request(method, path, params, {})


def test_ids_in_the_path_may_be_short_where_a_test_says_so():
    check_request("GET", "/jobs/j1", short_ids=True)
    with pytest.raises(AssertionError, match="uuid"):
        check_request("GET", "/jobs", [("serviceExecutionId", "s1")], short_ids=True)


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("POST", "/jobs", JOB),
        ("POST", "/jobs", {**JOB, "shots": 0}),
        ("POST", "/jobs", {**JOB, "backend_id": "tomorrow.qpu.x", "input": {"any": 1}}),
        ("POST", "/sessions", SESSION),
        ("POST", "/sessions", {**SESSION, "ttl": 3600, "metadata": {"k": None}, "tags": ["a"]}),
        ("PATCH", f"/sessions/{ID}", {"accept_jobs": False}),
    ],
)
def test_bodies_of_the_contract_pass(method, path, document):
    check_request(method, path, (), JSON, sent(document))


@pytest.mark.parametrize(
    ("method", "path", "document", "why"),
    [
        ("POST", "/jobs", b"", "missing"),
        ("POST", "/jobs", b"{", "no JSON"),
        ("POST", "/jobs", b'{"shots": NaN}', "NaN"),
        ("POST", "/jobs", [], "type 'object'"),
        ("POST", "/jobs", {**JOB, "shotz": 1}, "'shotz' is not in"),
        ("POST", "/jobs", {**JOB, "shots": False}, "shots"),
        ("POST", "/jobs", {**JOB, "shots": -1}, "shots"),
        ("POST", "/jobs", {**JOB, "shots": 0, "backend_id": "kipu.sim.qsim"}, "shots"),
        ("POST", "/jobs", {**JOB, "name": None}, "name"),
        ("POST", "/jobs", {**JOB, "tags": ["a", "a"]}, "tags"),
        ("POST", "/jobs", {**JOB, "session_id": "s1"}, "session_id"),
        ("POST", "/jobs", {**JOB, "input": {"program": "x"}}, "input"),
        ("POST", "/jobs", {**JOB, "input": {"qasm": [1]}}, "input"),
        ("POST", "/jobs", {**JOB, "input_params": {"mode": "sample"}}, "input_params"),
        ("POST", "/sessions", {**SESSION, "mode": "DEDICATED"}, "mode"),
        ("POST", "/sessions", {**SESSION, "ttl": 2**31}, "ttl"),
        ("POST", "/sessions", {"backend_id": "x", "mode": "batch"}, "provider"),
        ("PATCH", f"/sessions/{ID}", {"acceptJobs": False}, "acceptJobs"),
        ("PATCH", f"/sessions/{ID}", {"accept_jobs": "no"}, "accept_jobs"),
        ("DELETE", f"/sessions/{ID}", {}, "takes no body"),
        ("GET", "/runtime-minutes", {}, "takes no body"),
    ],
)
def test_a_body_that_the_contract_does_not_describe_is_caught(method, path, document, why):
    with pytest.raises(AssertionError, match=why):
        check_request(method, path, (), JSON, sent(document))


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({**JSON, "X-Quantum": "1"}, "x-quantum"),
        ({**JSON, "X-Auth-Token": "t", "Authorization": "Bearer t"}, "at once"),
        ({**JSON, "X-OrganizationId": ""}, "empty"),
        ({"content-type": "text/plain"}, "content type"),
        ({}, "content type"),
    ],
)
def test_headers_that_the_contract_does_not_describe_are_caught(headers, why):
    with pytest.raises(AssertionError, match=why):
        check_request("POST", "/jobs", (), headers, sent(JOB))


# --- transports  ---


def handle(request):
    return httpx.Response(200, json=[])


def test_a_transport_checks_what_passes_through():
    record = Record()
    transport = recording_transport(httpx.MockTransport(handle), record)
    with httpx.Client(transport=transport, base_url="https://hub.test/quantum") as client:
        assert client.get("/jobs", params={"sort": ["a,desc", "b"]}).status_code == 200
        client.post("/jobs", json=JOB)
        with pytest.raises(AssertionError, match="'kind' is not in the contract"):
            client.get("/jobs", params={"kind": "a"})
        with pytest.raises(AssertionError, match="no such path"):
            client.get("/elsewhere")
        with pytest.raises(AssertionError, match="not below"):
            client.get("https://hub.test/jobs")
        with pytest.raises(AssertionError, match="not below"):
            client.get("https://hub.test/quantumjobs")
    assert record.seen == ["searchJobs", "createJob", "searchJobs"]
    assert len(record.violations) == 4
    with pytest.raises(AssertionError, match="kind"):
        record.assert_clean()


def test_a_request_for_a_token_is_no_request_to_the_hub():
    transport = recording_transport(httpx.MockTransport(handle))
    with httpx.Client(transport=transport) as client:
        client.post("https://login.test/token", data={"grant_type": "password"})
        with pytest.raises(AssertionError):
            client.post("https://hub.test/quantum/token", data={"grant_type": "password"})
    assert transport.record.seen == []


def test_an_asynchronous_transport_checks_too():
    record = Record(short_ids=True)

    async def main():
        transport = async_recording_transport(httpx.MockTransport(handle), record)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://hub.test/quantum"
        ) as client:
            await client.get("/jobs/j1/status")
            await client.post("/sessions", json=SESSION)
            with pytest.raises(AssertionError, match="mode"):
                await client.post("/sessions", json={**SESSION, "mode": "alone"})

    asyncio.run(main())
    assert record.seen == ["getJobStatus", "createSession", "createSession"]
    assert len(record.violations) == 1
