"""The admin API's part for tests: faults and latency as objects, and the states of backends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from shared_transport import HubClient, JobRequest, Settings, ValidationError
from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import BELL2, HubProcess

QSIM = "kipu.sim.qsim"
FEZ = "ibm.qpu.fez"
EVERY_REQUEST = [
    ("GET", "/admin/faults", None),
    ("POST", "/admin/faults", {"fault": "503"}),
    ("DELETE", "/admin/faults/1", None),
    ("DELETE", "/admin/faults", None),
    ("PUT", "/admin/latency", {"seconds": 1}),
    ("GET", "/admin/backends", None),
    ("PUT", f"/admin/backends/{QSIM}", {"status": "OFFLINE"}),
    ("POST", "/admin/reset", None),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[HubProcess]:
    process = HubProcess("--seed", "7", "--workers", "1")
    yield process
    assert process.close() == 0


@pytest.fixture
def hub(shared: HubProcess) -> Iterator[HubProcess]:
    """A Hub as it was started, and again so after each test."""
    yield shared
    assert shared.http.post("/admin/reset").status_code == 204
    assert shared.http.get("/admin/faults").json() == {"latency": None, "faults": []}


def set_status(hub: HubProcess, backend: str, status: str, **fields: object) -> None:
    answer = hub.http.put(f"/admin/backends/{backend}", json={"status": status, **fields})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == status


# --- who may, and what is refused


@pytest.mark.parametrize(("method", "path", "body"), EVERY_REQUEST)
def test_it_is_the_owners(hub: HubProcess, method: str, path: str, body: object) -> None:
    token = hub.http.post("/admin/users", json={"name": "ann"}).json()["token"]
    ann = hub.with_token(token)
    assert ann.request(method, path, json=body).status_code == 403
    assert hub.anonymous.request(method, path, json=body).status_code == 401
    assert hub.http.get("/admin/faults").json() == {"latency": None, "faults": []}
    assert hub.http.get(f"/backends/{QSIM}/status").json()["status"] == "ONLINE"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/admin/faults", {"fault": "418"}, 422, "'418' is no kind of fault"),
        ("POST", "/admin/faults", {}, 422, "`fault` is missing"),
        ("POST", "/admin/faults", {"fault": 503}, 422, "`fault`"),
        ("POST", "/admin/faults", {"fault": "503", "times": 1}, 422, "`times` is not known"),
        ("POST", "/admin/faults", {"fault": "503" * 999}, 422, "`fault`"),
        ("DELETE", "/admin/faults/77", None, 404, "There is no fault '77'"),
        ("PUT", "/admin/latency", {"seconds": -1}, 422, "'-1' is no time"),
        ("PUT", "/admin/latency", {"seconds": "2-1"}, 422, "'2-1' is no time"),
        ("PUT", "/admin/latency", {}, 422, "`seconds` is missing"),
        ("PUT", "/admin/latency", {"seconds": [1]}, 422, "seconds"),
        ("PUT", f"/admin/backends/{QSIM}", {"status": "BROKEN"}, 422, "`status`"),
        ("PUT", f"/admin/backends/{QSIM}", {}, 422, "`status` is missing"),
        ("PUT", "/admin/backends/kipu.sim.qsin", {"status": "OFFLINE"}, 404, QSIM),
        (
            "PUT",
            f"/admin/backends/{QSIM}",
            {"status": "ONLINE", "availability": [{"start": "0"}]},
            422,
            "`availability.0.granularity` is missing",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    hub: HubProcess, method: str, path: str, body: object, status: int, words: str
) -> None:
    answer = hub.http.request(method, path, json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_no_fault_strikes_the_admin_api(hub: HubProcess) -> None:
    hub.http.put("/admin/latency", json={"seconds": 20})
    for text in ("reset", "500", "reset-after", "truncate", "503:/admin/*", "503:POST"):
        assert hub.http.post("/admin/faults", json={"fault": text}).status_code == 201
    begin = time.monotonic()
    for method, path, body in EVERY_REQUEST:
        answer = hub.http.request(method, path, json=body)
        assert answer.status_code in (200, 201, 204), answer.text
    hub.http.post("/admin/users", json={"name": "bob"})
    assert time.monotonic() - begin < 10


# --- faults as objects


def test_faults_are_listed_counted_and_removed(hub: HubProcess) -> None:
    texts = ["503:getBackends:skip=1:times=1", "500:getBackends,getBackend"]
    first, second = (hub.http.post("/admin/faults", json={"fault": text}).json() for text in texts)
    assert first == {
        "id": "1",
        "fault": texts[0],
        "kind": "503",
        "seen": 0,
        "struck": 0,
        "struck_operations": {},
        "spent": False,
    }
    paths = ("/backends", "/backends", f"/backends/{QSIM}", "/jobs")
    # The first fault lets the first one pass, to the second; of two that may strike, the first does.
    assert [hub.http.get(path).status_code for path in paths] == [500, 503, 500, 200]
    counted = {
        fault["id"]: (fault["seen"], fault["struck"], fault["struck_operations"], fault["spent"])
        for fault in hub.http.get("/admin/faults").json()["faults"]
    }
    assert counted == {
        first["id"]: (2, 1, {"getBackends": 1}, True),
        second["id"]: (2, 2, {"getBackends": 1, "getBackend": 1}, False),
    }
    assert hub.http.delete(f"/admin/faults/{second['id']}").status_code == 204
    assert hub.http.delete(f"/admin/faults/{second['id']}").status_code == 404
    assert hub.http.get("/backends").status_code == 200
    hub.http.post("/admin/faults", json={"fault": "503"})
    assert hub.http.delete("/admin/faults").status_code == 204
    assert hub.http.get("/backends").status_code == 200


def test_there_is_a_limit_to_faults(hub: HubProcess) -> None:
    for _ in range(1000):
        assert hub.http.post("/admin/faults", json={"fault": "503:DELETE"}).status_code == 201
    answer = hub.http.post("/admin/faults", json={"fault": "503:DELETE"})
    assert (answer.status_code, "remove some first" in answer.json()["detail"]) == (409, True)


# --- states of backends


@pytest.mark.parametrize("status", ["UNKNOWN", "ONLINE", "PAUSED", "OFFLINE", "RETIRED"])
def test_a_backend_says_its_status(hub: HubProcess, status: str) -> None:
    set_status(hub, FEZ, status)
    answer = hub.http.get(f"/backends/{FEZ}/status").json()
    conforms(answer, component("BackendStateInfo"))
    assert answer["status"] == status
    listed = {row["id"]: row["status"] for row in hub.http.get("/admin/backends").json()}
    assert listed.pop(FEZ) == status
    assert set(listed.values()) == {"ONLINE"}
    assert {item["id"] for item in hub.http.get("/backends").json()} == {FEZ, *listed}


def test_a_paused_backend_takes_jobs_and_runs_none(hub: HubProcess) -> None:
    running = hub.submit(QSIM, BELL2)
    hub.wait(running)
    set_status(hub, QSIM, "PAUSED")
    waiting = [hub.submit(QSIM, BELL2) for _ in range(3)]
    elsewhere = hub.submit("qudora.sim.xg1", BELL2)
    assert hub.wait(elsewhere) == "COMPLETED"
    for job_id in waiting:
        assert hub.http.get(f"/jobs/{job_id}/status").json() == {"status": "PENDING"}
    assert hub.http.get(f"/backends/{QSIM}").json()["queue_size"] == 3
    state = hub.http.get(f"/backends/{QSIM}/status").json()
    conforms(state, component("BackendStateInfo"))
    assert (state["status"], state["queue_size"]) == ("PAUSED", 3)
    assert hub.http.delete(f"/jobs/{waiting[1]}").status_code == 204
    assert hub.wait(waiting[1]) == "CANCELLED"
    set_status(hub, QSIM, "ONLINE")
    assert [hub.wait(waiting[index]) for index in (0, 2)] == ["COMPLETED", "COMPLETED"]
    assert hub.http.get(f"/backends/{QSIM}").json()["queue_size"] == 0


@pytest.mark.parametrize("status", ["OFFLINE", "RETIRED"])
def test_an_offline_backend_takes_no_jobs(hub: HubProcess, status: str) -> None:
    set_status(hub, QSIM, "PAUSED")
    job_id = hub.submit(QSIM, BELL2)
    set_status(hub, QSIM, status)
    before = hub.http.get("/jobs").json()["total_elements"]
    answer = hub.post(QSIM, BELL2)
    assert answer.status_code == 409
    assert f"{QSIM} is {status} and takes no jobs" in answer.json()["detail"]
    assert hub.http.get("/jobs").json()["total_elements"] == before
    # What it had taken before waits.
    assert hub.http.get(f"/jobs/{job_id}/status").json() == {"status": "PENDING"}
    backend = hub.http.get(f"/backends/{QSIM}").json()
    conforms(backend, component("Backend"))
    assert (backend["availability"], backend["queue_size"]) == ([], 1)
    client = HubClient(Settings.of_runtime_file(hub.info["runtime_file"]))
    request = JobRequest(backend_id=QSIM, shots=1, input={"qasm": BELL2})
    with client, pytest.raises(ValidationError, match=f"{QSIM} is {status}"):
        client.jobs.create(request)
    assert hub.http.get("/jobs").json()["total_elements"] == before
    hub.http.post("/admin/reset")
    assert hub.wait(job_id) == "COMPLETED"


def test_a_job_that_runs_is_not_stopped() -> None:
    process = HubProcess("--workers", "1", "--job-seconds", "0.5")
    job_id = process.submit(QSIM, BELL2)
    process.wait(job_id, "RUNNING")
    set_status(process, QSIM, "OFFLINE")
    assert process.wait(job_id) == "COMPLETED"
    assert process.close() == 0


def test_availability_can_be_stated(hub: HubProcess) -> None:
    usual = hub.http.get(f"/backends/{FEZ}").json()["availability"]
    window = {"granularity": "WEEKLY", "start": "08:00:00", "end": "12:00:00"}
    set_status(hub, FEZ, "ONLINE", availability=[window])
    backend = hub.http.get(f"/backends/{FEZ}").json()
    conforms(backend, component("Backend"))
    assert backend["availability"] == [window]
    (public,) = (item for item in hub.anonymous.get("/backends").json() if item["id"] == FEZ)
    assert "availability" not in public
    set_status(hub, FEZ, "ONLINE")
    assert hub.http.get(f"/backends/{FEZ}").json()["availability"] == usual


def test_the_least_busy_backend_is_one_that_works(hub: HubProcess) -> None:
    def least_busy() -> str:
        answer = hub.http.get("/backends/least-busy", params={"provider": "IBM"})
        return str(answer.json()["id"] if answer.status_code == 200 else answer.status_code)

    names = [row["id"] for row in hub.http.get("/admin/backends").json()]
    names = [name for name in names if name.startswith("ibm.")]
    assert len(names) > 1
    left = set(names)
    for status in ("OFFLINE", "PAUSED", "RETIRED", *["OFFLINE"] * len(names)):
        found = least_busy()
        if not left:
            assert found == "404"
            break
        assert found in left
        set_status(hub, found, status)
        left.discard(found)
    assert not left


def test_an_unknown_state_says_nothing_about_jobs(hub: HubProcess) -> None:
    set_status(hub, QSIM, "UNKNOWN")
    assert hub.wait(hub.submit(QSIM, BELL2)) == "COMPLETED"
    assert json.loads(hub.http.get(f"/backends/{QSIM}/status").text)["status"] == "UNKNOWN"
