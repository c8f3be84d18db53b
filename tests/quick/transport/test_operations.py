"""Each operation against the contract: method, path, parameters; and how its answer is read."""

import re
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote

import pytest

from shared_transport import operations
from shared_transport.errors import ServerError
from shared_transport.models import Backend, Calibration, Job, JobRequest, JobStatus
from tests.quick.transport.tools import CONTRACT, answer

REQUEST = JobRequest(backend_id="aws.sim.sv1", shots=1, input={"qasm": "x"})
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
ODD = "a/b?c=d#e f%2F\u00e9;x"
CALLS = {
    "getBackends": operations.get_backends("AWS", only_planqk_sdk=True),
    "getBackend": operations.get_backend(ODD),
    "getBackendStatus": operations.get_backend_status(ODD),
    "getBackendConfig": operations.get_backend_config(ODD),
    "getBackendCalibration": operations.get_backend_calibration(ODD, WHEN),
    "getLeastBusyBackend": operations.get_least_busy_backend("IBM", 5),
    "createJob": operations.create_job(REQUEST),
    "searchJobs": operations.search_jobs(2, 50, ["created_at,desc", "id"], "se-1"),
    "getJob": operations.get_job(ODD),
    "getJobStatus": operations.get_job_status(ODD),
    "getJobResult": operations.get_job_result(ODD),
    "getJobInput": operations.get_job_input(ODD),
    "getJobCalibration": operations.get_job_calibration(ODD),
    "cancelJob": operations.cancel_job(ODD),
}
DESCRIBED = {
    described["operationId"]: (path, method.upper(), described)
    for path, methods in CONTRACT["paths"].items()
    for method, described in methods.items()
    if "operationId" in described
}


def test_all_of_them_are_here():
    """Every backend and job operation but the streamed result, which comes with the streams."""
    ours = {
        name for name, (path, _, _) in DESCRIBED.items() if path.startswith(("/backends", "/jobs"))
    }
    assert set(CALLS) == ours - {"getJobResultStream"}
    functions = {getattr(operations, name) for name in operations.__all__}
    assert len(functions) == len(CALLS)


@pytest.mark.parametrize(("name", "operation"), CALLS.items())
def test_it_is_the_one_of_the_contract(name, operation):
    path, method, described = DESCRIBED[name]
    assert (operation.name, operation.method) == (name, method)
    pattern = re.sub(r"\\{\w+\\}", "([^/?#]+)", re.escape(path))
    match = re.fullmatch(pattern, operation.path)
    assert match, operation.path
    assert [unquote(group) for group in match.groups()] == [ODD] * path.count("{")
    query = {p["name"]: p for p in described["parameters"] if p["in"] == "query"}
    assert {key for key, _ in operation.params} == set(query)
    assert (operation.body is not None) == ("requestBody" in described)
    for key, value in operation.params:
        kind = query[key]["schema"]["type"]
        assert kind != "integer" or value.isdigit()
        assert kind != "boolean" or value in ("true", "false")


def test_parameters_that_were_not_given_are_not_sent():
    assert operations.get_backends().params == ()
    assert operations.get_backend_calibration("x").params == ()
    assert operations.get_least_busy_backend("IBM").params == (("provider", "IBM"),)
    assert operations.search_jobs().params == (("page", "0"), ("size", "20"))
    assert operations.get_backends(only_planqk_sdk=False).params == (("onlyPlanqkSdk", "false"),)


def test_sort_repeats():
    operation = operations.search_jobs(sort=["created_at,desc", "id"])
    assert operation.params[2:] == (("sort", "created_at,desc"), ("sort", "id"))


def test_effective_at_is_rfc_3339_with_a_zone():
    assert dict(CALLS["getBackendCalibration"].params) == {
        "effectiveAt": "2026-01-02T03:04:05+02:00"
    }
    with pytest.raises(ValueError, match="time zone"):
        operations.get_backend_calibration("x", datetime(2026, 1, 2))


def test_only_a_post_may_not_be_repeated():
    assert [name for name, operation in CALLS.items() if not operation.repeatable] == ["createJob"]


def test_only_the_list_of_backends_is_open_to_all():
    """The contract: security of every other operation names a credential."""
    open_to_all = {name for name in CALLS if {} in DESCRIBED[name][2]["security"]}
    assert open_to_all == {"getBackends"}
    assert not CALLS["getBackends"].needs_token
    assert all(CALLS[name].needs_token for name in CALLS if "job" in name.lower())


@pytest.mark.parametrize("identifier", ["", ".", ".."])
@pytest.mark.parametrize(
    "make", [operations.get_job, operations.cancel_job, operations.get_backend]
)
def test_an_id_that_would_become_another_path_is_refused(make, identifier):
    """``DELETE /jobs/..`` is normalized to ``DELETE /`` on its way, ``GET /jobs/`` is the list."""
    with pytest.raises(ValueError, match="id"):
        make(identifier)


# --- answers  ---


def test_answers_are_read():
    assert operations.get_backends().read(answer(body=[{"id": "a"}, {"id": "b"}]))[1].id == "b"
    assert operations.get_backend("a").read(answer(body={"id": "a"})) == Backend(id="a")
    assert operations.get_backend_status("a").read(answer(body={"queue_size": 3})).queue_size == 3
    assert operations.get_backend_config("a").read(answer(body={"anything": [1]})) == {
        "anything": [1]
    }
    assert operations.get_least_busy_backend("IBM").read(answer(body={"id": "a"})).id == "a"
    assert operations.create_job(REQUEST).read(answer(201, {"id": "j"})) == Job(id="j")
    assert operations.search_jobs().read(answer(body={"content": [{"id": "j"}]})).content == [
        Job(id="j")
    ]
    assert operations.get_job("j").read(answer(body={"id": "j"})).id == "j"
    assert (
        operations.get_job_status("j").read(answer(body={"status": "RUNNING"})) is JobStatus.RUNNING
    )
    assert operations.get_job_input("j").read(answer(body={"qasm": "x"})) == {"qasm": "x"}
    assert operations.get_job_result("j").read(answer(body=b"[1]")).content == b"[1]"
    assert operations.cancel_job("j").read(answer(204)) is None


@pytest.mark.parametrize("document", [{}, {"status": None}, {"state": "RUNNING"}])
def test_a_status_that_is_not_said_is_unknown(document):
    assert operations.get_job_status("j").read(answer(body=document)) is JobStatus.UNKNOWN


@pytest.mark.parametrize(
    "make", [operations.get_backend_calibration, operations.get_job_calibration]
)
def test_no_calibration_is_none(make):
    assert make("x").read(answer(204)) is None
    read = make("x").read(answer(body={"backend_id": "x", "calibrated_at": "2026-01-01T00:00:00Z"}))
    assert isinstance(read, Calibration)
    assert read.calibrated_at == datetime(2026, 1, 1, tzinfo=UTC)


HTML = b"<!DOCTYPE html><title>Log in</title>"
UNREADABLE = [HTML, b"", b'{"id": "a', b'[{"id": "a"}', b"\xff\xfe", b"nonsense"]
OBJECTS = sorted(set(CALLS) - {"getBackends", "getJobResult", "cancelJob"})


@pytest.mark.parametrize("content", [*UNREADABLE, b"[]", b"null", b"3", b'"text"'], ids=repr)
@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_no_object_is_a_server_error_that_names_it(name, content):
    if not content and name.endswith("Calibration"):
        assert CALLS[name].read(answer(200)) is None
        return
    with pytest.raises(ServerError, match=f"{len(content)} bytes, text/html") as caught:
        CALLS[name].read(answer(200, content, content_type="text/html", x_request_id="r1"))
    assert (caught.value.operation, caught.value.status, caught.value.request_id) == (
        name,
        200,
        "r1",
    )
    assert "base URL" in caught.value.hint
    assert caught.value.__context__ is None


@pytest.mark.parametrize("content", [*UNREADABLE, b"{}", b"null", b"3"], ids=repr)
def test_what_is_no_list_is_a_server_error_that_names_it(content):
    with pytest.raises(ServerError, match="cannot be read") as caught:
        CALLS["getBackends"].read(answer(200, content))
    assert caught.value.operation == "getBackends"


@pytest.mark.parametrize("name", ["getBackends", "getBackendConfig", "getJob"])
def test_json_that_is_too_deep_is_a_server_error(name):
    with pytest.raises(ServerError):
        CALLS[name].read(answer(200, b"[" * 200_000))
