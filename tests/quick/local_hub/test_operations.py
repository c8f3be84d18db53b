"""All 33 operations: each is served, and whatever it answers is as the contract says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.quick.local_hub.contract import OPERATIONS, check_answer
from tests.quick.local_hub.hub_process import BELL2, BELL3, HubProcess

SV1, QSIM, GARNET = "aws.sim.sv1", "kipu.sim.qsim", "iqm.qpu.garnet"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NATIVE = {
    "name": "a",
    "instructions": [{"name": "measure", "qubits": ["QB1"], "args": {"key": "m"}}],
}
QUERIES = {"getLeastBusyBackend": {"provider": "IBM"}}
# What an unknown id means where the path has none.
UNKNOWN_BODIES: dict[str, Any] = {
    "createJob": {"backend_id": "no.such.one", "shots": 1, "input": {}},
    "createSession": {"backend_id": "no.such.one", "provider": "AWS", "mode": "batch"},
}
BODIES: dict[str, Any] = {
    "createJob": {"backend_id": QSIM, "shots": 10, "input": {"qasm": BELL2}},
    "createSession": {"backend_id": SV1, "provider": "AWS", "mode": "batch", "ttl": 60},
    "updateSessionState": {"accept_jobs": False},
    "updateServiceExecutionSessionState": {"accept_jobs": False},
}
BAD_BODIES: dict[str, Any] = {name: {"accept_jobs": "maybe"} for name in BODIES}


class World:
    """A Hub with a finished job and a session, and the same within a service execution."""

    def __init__(self) -> None:
        self.hub = HubProcess("--seed", "7", "--workers", "1", "--sessions", "all")
        made = self.hub.http.post("/admin/service-executions").json()
        self.inside = self.hub.with_token(made["token"])
        self.ids = {"serviceExecutionId": made["id"]}
        for names, http in (
            (("jobId", "sessionId"), self.inside),
            (("job", "session"), self.hub.http),
        ):
            session = http.post("/sessions", json=BODIES["createSession"])
            body = {"backend_id": SV1, "shots": 10, "input": {"qasm": BELL3}}
            job = http.post("/jobs", json={**body, "session_id": session.json()["id"]})
            self.ids |= dict(zip(names, (job.json()["id"], session.json()["id"]), strict=True))
        self.hub.wait(self.ids["job"])

    def path(self, name: str, *, backend: str = SV1) -> str:
        """An operation's path with ids of what there is."""
        path = OPERATIONS[name][1]
        kind = "session" if path.startswith("/sessions") else "job"
        own = backend if path.startswith("/backends") else self.ids[kind]
        return path.format(id=own, **self.ids)

    def call(
        self, name: str, http: httpx.Client | None = None, path: str | None = None, **options: Any
    ) -> httpx.Response:
        """Ask an operation, and hold the answer against the contract."""
        method = OPERATIONS[name][0]
        options.setdefault("params", QUERIES.get(name, {}))
        if name in BODIES:
            options.setdefault("json", BODIES[name])
        answer = (http or self.hub.http).request(method, path or self.path(name), **options)
        assert check_answer(answer) == name
        return answer


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.inside.close()
    assert made.hub.close() == 0


# What ends things comes last.
IN_ORDER = sorted(OPERATIONS, key=lambda name: (OPERATIONS[name][0] in ("PATCH", "DELETE"), name))


def test_there_are_33() -> None:
    assert len(OPERATIONS) == 33


@pytest.mark.parametrize("name", IN_ORDER)
def test_it_answers_its_success(world: World, name: str) -> None:
    answer = world.call(name)
    wanted = next(code for code in OPERATIONS[name][2]["responses"] if code.startswith("2"))
    if name.endswith("Calibration"):
        wanted = "204"
    assert answer.status_code == int(wanted), answer.text


@pytest.mark.parametrize("name", IN_ORDER)
def test_it_needs_a_token_unless_the_contract_says_otherwise(world: World, name: str) -> None:
    public = {} in OPERATIONS[name][2]["security"]
    assert public == (name == "getBackends")
    assert world.call(name, world.hub.anonymous).status_code == (200 if public else 401)
    wrong = world.call(name, world.hub.anonymous, headers={"X-Auth-Token": "wrong"})
    assert wrong.status_code == 401


@pytest.mark.parametrize("name", IN_ORDER)
def test_others_organizations_are_closed(world: World, name: str) -> None:
    token = world.hub.http.post("/admin/users", json={"name": "ann"}).json()["token"]
    with world.hub.with_token(token, **{"X-OrganizationId": "physics"}) as ann:
        assert world.call(name, ann).status_code == 403


@pytest.mark.parametrize(
    "name", [name for name in IN_ORDER if "{" in OPERATIONS[name][1] or name in UNKNOWN_BODIES]
)
def test_what_is_not_there_is_not_found(world: World, name: str) -> None:
    path = OPERATIONS[name][1]
    unknown = "no.such.one" if path.startswith("/backends") else UNKNOWN
    execution = (
        world.ids["serviceExecutionId"] if name != "getServiceExecutionWorkloads" else UNKNOWN
    )
    path = path.format(id=unknown, jobId=unknown, sessionId=unknown, serviceExecutionId=execution)
    body = {"json": UNKNOWN_BODIES[name]} if name in UNKNOWN_BODIES else {}
    answer = world.call(name, path=path, **body)
    assert answer.status_code == 404
    assert (unknown if "{" in OPERATIONS[name][1] else "no.such.one") in answer.json()["detail"]


@pytest.mark.parametrize("name", [n for n in IN_ORDER if n.startswith(("getServ", "cancelServ"))])
def test_a_service_execution_is_its_owners(world: World, name: str) -> None:
    assert world.call(name, world.inside).status_code in (200, 204)
    token = world.hub.http.post("/admin/users", json={"name": "bob"}).json()["token"]
    with world.hub.with_token(token) as bob:
        assert world.call(name, bob).status_code == 404


OF_SOMEBODY = [
    name
    for name in IN_ORDER
    if "{" in OPERATIONS[name][1] and "/backends" not in OPERATIONS[name][1]
]


@pytest.mark.parametrize("name", OF_SOMEBODY)
@pytest.mark.parametrize("organization", [None, "physics"])
def test_strangers_find_nothing(world: World, name: str, organization: str | None) -> None:
    body = {"name": "eve", "organizations": ["physics"]}
    token = world.hub.http.post("/admin/users", json=body).json()["token"]
    headers = {} if organization is None else {"X-OrganizationId": organization}
    with world.hub.with_token(token, **headers) as eve:
        assert world.call(name, eve).status_code == 404


def test_strangers_lists_are_empty(world: World) -> None:
    token = world.hub.http.post("/admin/users", json={"name": "eve"}).json()["token"]
    with world.hub.with_token(token) as eve:
        for name in ("searchJobs", "getWorkloads"):
            assert world.call(name, eve).json()["total_elements"] == 0


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_bad_body_is_refused(world: World, name: str) -> None:
    for body in (BAD_BODIES[name], [], None, "text"):
        assert world.call(name, json=body).status_code == 422


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        *((name, "page=-1", 422) for name in ("searchJobs", "getWorkloads")),
        ("getServiceExecutionWorkloads", "size=0", 422),
        ("searchJobs", "page=x", 422),
        ("searchJobs", "serviceExecutionId=5", 422),
        ("getBackends", "onlyPlanqkSdk=perhaps", 422),
        ("getBackendCalibration", "effectiveAt=yesterday", 422),
        ("getLeastBusyBackend", "", 400),
        ("getLeastBusyBackend", "provider=AWS", 400),
        ("getLeastBusyBackend", "provider=IBM&minQubits=many", 400),
        ("getLeastBusyBackend", "provider=IBM&minQubits=99999999999", 400),
        ("getLeastBusyBackend", "provider=IBM&minQubits=500", 404),
    ],
)
def test_a_bad_query_is_refused(world: World, name: str, query: str, code: int) -> None:
    answer = world.call(name, path=f"{world.path(name)}?{query}", params=None)
    assert answer.status_code == code
    if query.partition("=")[0] and code != 404:
        assert f"`{query.split('&')[-1].partition('=')[0]}`" in answer.json()["detail"]


def test_a_quantum_computers_calibration_is_told(world: World) -> None:
    assert (
        world.call(
            "getBackendCalibration", path=world.path("getBackendCalibration", backend=GARNET)
        ).status_code
        == 200
    )
    body = {"backend_id": GARNET, "shots": 5, "input": {"circuits": [NATIVE]}}
    for http, name, path in (
        (world.hub.http, "getJobCalibration", "/jobs/{}/calibration"),
        (
            world.inside,
            "getServiceExecutionJobCalibration",
            f"/service-executions/{world.ids['serviceExecutionId']}/jobs/{{}}/calibration",
        ),
    ):
        job = world.call("createJob", http, json=body).json()
        calibration = world.call(name, http, path=path.format(job["id"]))
        assert calibration.json()["backend_id"] == GARNET


def test_a_job_that_has_not_ended_has_no_result(world: World) -> None:
    job = world.call(
        "createJob", json={**BODIES["createJob"], "backend_id": SV1, "input": {"qasm": BELL3}}
    ).json()
    world.call("cancelJob", path=f"/jobs/{job['id']}")
    status = world.call("getJobStatus", path=f"/jobs/{job['id']}/status").json()["status"]
    result = world.call("getJobResult", path=f"/jobs/{job['id']}/result")
    assert result.status_code == (404 if status == "CANCELLED" else 200)
