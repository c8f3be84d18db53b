"""Each operation against the contract: method, path, parameters; and how its answer is read."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote

import pytest

from shared_transport import operations
from shared_transport.answers import error_of
from shared_transport.errors import NotFoundError, PermissionDeniedError, ServerError
from shared_transport.models import Backend, Calibration, Job, JobStatus, SessionStatus
from shared_transport.requests import JobRequest, SessionRequest
from tests.contract_check import NEWER_READS, check_request, find, operation_ids
from tests.quick.transport.tools import CONTRACT, answer

REQUEST = JobRequest(backend_id="aws.sim.sv1", shots=1, input={"qasm": "x"})
SESSION = SessionRequest(backend_id="ibm.qpu.fez", provider="IBM", mode="batch", ttl=60)
EXECUTION = "5904a9f2-f43b-453d-9d08-beedcdb93e54"
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
    "searchJobs": operations.search_jobs(2, 50, ["created_at,desc", "id"], EXECUTION),
    "getJob": operations.get_job(ODD),
    "getJobStatus": operations.get_job_status(ODD),
    "getJobResult": operations.get_job_result(ODD),
    "getJobInput": operations.get_job_input(ODD),
    "getJobCalibration": operations.get_job_calibration(ODD),
    "cancelJob": operations.cancel_job(ODD),
    "getJobResultStream": operations.get_job_result_stream(ODD),
    "createSession": operations.create_session(SESSION),
    "getSession": operations.get_session(ODD),
    "getSessionStatus": operations.get_session_status(ODD),
    "getSessionJobs": operations.get_session_jobs(ODD),
    "updateSessionState": operations.update_session_state(ODD, accept_jobs=False),
    "closeSession": operations.close_session(ODD),
    "getWorkloads": operations.get_workloads(2, 50, ["created_at,desc", "id"]),
    "getServiceExecutionJob": operations.get_service_execution_job(ODD, ODD),
    "getServiceExecutionJobStatus": operations.get_service_execution_job_status(ODD, ODD),
    "getServiceExecutionJobInput": operations.get_service_execution_job_input(ODD, ODD),
    "getServiceExecutionJobResultStream": operations.get_service_execution_job_result_stream(
        ODD, ODD
    ),
    "getServiceExecutionJobCalibration": operations.get_service_execution_job_calibration(ODD, ODD),
    "cancelServiceExecutionJob": operations.cancel_service_execution_job(ODD, ODD),
    "getServiceExecutionSessionStatus": operations.get_service_execution_session_status(ODD, ODD),
    "getServiceExecutionSessionJobs": operations.get_service_execution_session_jobs(ODD, ODD),
    "updateServiceExecutionSessionState": operations.update_service_execution_session_state(
        ODD, ODD, accept_jobs=True
    ),
    "closeServiceExecutionSession": operations.close_service_execution_session(ODD, ODD),
    "getServiceExecutionWorkloads": operations.get_service_execution_workloads(
        ODD, 2, 50, ["created_at,desc", "id"]
    ),
}
NEWER = {
    operation.name: operation
    for operation in (
        operations.get_backend_calibration_history(ODD),
        operations.get_job_input_normalized(ODD),
        operations.get_job_result_normalized(ODD),
        operations.get_job_result_normalized_memory(ODD),
        operations.get_runtime_minutes(),
        operations.get_service_execution_session(ODD, ODD),
    )
}
DESCRIBED = {
    described["operationId"]: (path, method.upper(), described)
    for path, methods in CONTRACT["paths"].items()
    for method, described in methods.items()
    if "operationId" in described
}


def test_all_33_of_them_are_here():
    assert set(CALLS) == operation_ids()
    assert set(NEWER) == set(NEWER_READS.values())
    functions = {getattr(operations, name) for name in operations.__all__}
    assert len(functions) == len(CALLS) + len(NEWER)


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
    body = operation.body
    headers = {"content-type": "application/json"} if body else {}
    check_request(method, operation.path, operation.params, headers, body, short_ids=True)
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
    once = {name for name, operation in CALLS.items() if not operation.repeatable}
    assert once == {"createJob", "createSession"}
    assert all(operation.repeatable for operation in NEWER.values())


def test_only_the_list_of_backends_is_open_to_all():
    """The contract: security of every other operation names a credential."""
    open_to_all = {name for name in CALLS if {} in DESCRIBED[name][2]["security"]}
    assert open_to_all == {"getBackends"}
    assert not CALLS["getBackends"].needs_token
    assert all(CALLS[name].needs_token for name in CALLS if "Backend" not in name)
    assert all(operation.needs_token for operation in NEWER.values())


@pytest.mark.parametrize("identifier", ["", ".", ".."])
@pytest.mark.parametrize(
    "make",
    [
        operations.get_job,
        operations.cancel_job,
        operations.get_backend,
        operations.get_session,
        operations.close_session,
        lambda i: operations.get_service_execution_job(i, "j"),
        lambda i: operations.get_service_execution_job("s", i),
        lambda i: operations.close_service_execution_session("s", i),
    ],
)
def test_an_id_that_would_become_another_path_is_refused(make, identifier):
    """``DELETE /jobs/..`` is normalized to ``DELETE /`` on its way, ``GET /jobs/`` is the list."""
    with pytest.raises(ValueError, match="id"):
        make(identifier)


@pytest.mark.parametrize("accept_jobs", [True, False])
def test_whether_a_session_takes_jobs_is_a_boolean(accept_jobs):
    for operation in (
        operations.update_session_state("s", accept_jobs=accept_jobs),
        operations.update_service_execution_session_state("e", "s", accept_jobs=accept_jobs),
    ):
        assert json.loads(operation.body) == {"accept_jobs": accept_jobs}


def test_a_filter_of_workloads_is_sent_where_it_is_given_and_repeats():
    assert operations.get_workloads().params == (("page", "0"), ("size", "20"))
    operation = operations.get_workloads(
        type="JOB",
        status=["RUNNING", "PENDING"],
        provider=["IBM"],
        backend_id="ibm.qpu.fez",
        tag=("a", "b"),
        origin="API",
        service_execution_id=EXECUTION,
    )
    check_request("GET", operation.path, operation.params)
    assert operation.params[2:] == (
        ("type", "JOB"),
        ("status", "RUNNING"),
        ("status", "PENDING"),
        ("provider", "IBM"),
        ("backendId", "ibm.qpu.fez"),
        ("tag", "a"),
        ("tag", "b"),
        ("origin", "API"),
        ("serviceExecutionId", EXECUTION),
    )


# --- API 3.3  ---


@pytest.mark.parametrize(("name", "operation"), NEWER.items())
def test_a_read_of_api_3_3_says_so_where_the_hub_has_none(name, operation):
    assert find(operation.method, operation.path)[0].id == name
    check_request(operation.method, operation.path, operation.params, {}, operation.body)
    for status in (404, 405, 501):
        error = error_of(operation, answer(status, {"detail": "No."}))
        assert type(error) is NotFoundError
        assert "This Hub has no" in error.message
        assert "part of API 3.3" in str(error)
        assert (error.operation, error.status, error.hub_says) == (name, status, "No.")
    assert type(error_of(operation, answer(403))) is PermissionDeniedError
    for operation in CALLS.values():
        assert "3.3" not in str(error_of(operation, answer(404)))


@pytest.mark.parametrize("document", [{"a": 1}, [], [1], None, 3.5, "text"])
def test_a_read_of_api_3_3_gives_what_came(document):
    for name, operation in NEWER.items():
        if name != "getServiceExecutionSession":  # it has a model
            assert operation.read(answer(body=json.dumps(document))) == document


def test_a_read_of_api_3_3_gives_none_where_there_is_nothing():
    for name, operation in NEWER.items():
        if name != "getServiceExecutionSession":
            assert operation.read(answer(204)) is None


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
    assert operations.get_job_result_stream("j").read(answer(body=b"[1]")).content == b"[1]"
    assert operations.cancel_job("j").read(answer(204)) is None
    assert operations.close_session("s").read(answer(204)) is None


ONE = {"id": "a", "status": "ACTIVE"}
PAGE = {"content": [ONE], "total_pages": 1}


def test_answers_about_sessions_and_workloads_are_read():
    made = [
        operations.create_session(SESSION),
        operations.get_session("a"),
        operations.update_session_state("a", accept_jobs=True),
        operations.update_service_execution_session_state("e", "a", accept_jobs=True),
    ]
    for operation in made:
        session = operation.read(answer(200, ONE))
        assert (session.id, session.status) == ("a", SessionStatus.ACTIVE)
    for operation in (operations.get_workloads(), operations.get_service_execution_workloads("e")):
        page = operation.read(answer(200, PAGE))
        assert ([w.id for w in page.content], page.total_pages) == (["a"], 1)
    for make in (
        operations.get_session_status,
        lambda i: operations.get_service_execution_session_status("e", i),
    ):
        assert make("a").read(answer(200, ONE)) is SessionStatus.ACTIVE
        assert make("a").read(answer(200, {"status": None})) is SessionStatus.UNKNOWN
        assert make("a").read(answer(200, {"status": "NAPPING"})) == "NAPPING"


@pytest.mark.parametrize(
    ("document", "ids"), [([], []), ([{"id": "a"}, {"id": "b"}, 3], ["a", "b"]), ({"id": "a"}, "a")]
)
def test_the_jobs_of_a_session_come_as_a_list_or_as_one(document, ids):
    """The API promises a list; its schema is one job."""
    for operation in (
        operations.get_session_jobs("s"),
        operations.get_service_execution_session_jobs("e", "s"),
    ):
        assert [job.id for job in operation.read(answer(200, document))] == list(ids)


def test_a_twin_reads_as_the_plain_operation_does():
    job = answer(200, {"id": "j", "status": "RUNNING"})
    twins = operations
    assert twins.get_service_execution_job("e", "j").read(job).id == "j"
    assert twins.get_service_execution_job_status("e", "j").read(job) is JobStatus.RUNNING
    assert twins.get_service_execution_job_input("e", "j").read(job)["id"] == "j"
    assert twins.get_service_execution_job_result_stream("e", "j").read(job) is job
    assert twins.get_service_execution_job_calibration("e", "j").read(answer(204)) is None
    assert twins.cancel_service_execution_job("e", "j").read(answer(204)) is None
    assert twins.close_service_execution_session("e", "s").read(answer(204)) is None


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
AS_IT_CAME = {name for name in CALLS if "Result" in name}
NOTHING = {name for name in CALLS if name.startswith(("cancel", "close"))}
LISTS = {"getBackends", "getSessionJobs", "getServiceExecutionSessionJobs"}
# A twin shares the plain operation's reader, and with it the name in such an error.
TWINS = {name for name in CALLS if "ServiceExecution" in name}
OBJECTS = sorted(set(CALLS) - AS_IT_CAME - NOTHING - LISTS - TWINS)


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
