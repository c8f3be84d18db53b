"""What `HubClient` makes of answers: lists of many pages, results, the other reads, and waits."""

import json

import httpx
import pytest

from shared_transport.errors import (
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    ResultNotReadyError,
    ServerError,
    WaitTimeoutError,
)
from shared_transport.job_calls import age_of
from shared_transport.models import Job
from shared_transport.watcher import PollingSchedule
from tests.quick.transport.tools import Hub, client_of


def job_hub(word, result=None, status=200):
    answers = {"/jobs/j1/status": (200, {"status": word})}
    if result is not None:
        answers["/jobs/j1/result"] = (status, result)
    return Hub(**answers)


# --- lists  ---


def paged(sizes, *, drop=()):
    """A Hub with pages of its own size, whatever was asked."""

    def handler(request):
        number = int(request.url.params["page"])
        start = sum(sizes[:number])
        content = (
            [{"id": f"j{start + i}"} for i in range(sizes[number])] if number < len(sizes) else []
        )
        page = {"content": content, "page": number, "size": 20, "total_elements": sum(sizes)}
        page["total_pages"] = len(sizes)
        return httpx.Response(
            200, json={key: value for key, value in page.items() if key not in drop}
        )

    return client_of(handler)


def test_all_pages_are_read_as_they_are_needed():
    assert [job.id for job in paged([20, 20, 7]).jobs.list()] == [f"j{i}" for i in range(47)]
    assert next(iter(paged([20, 20, 7]).jobs.list())).id == "j0"
    assert list(paged([0]).jobs.list()) == []
    assert list(paged([]).jobs.list()) == []


@pytest.mark.parametrize(
    "drop", [["total_pages"], ["total_pages", "total_elements", "size", "page"]]
)
def test_nothing_is_lost_where_a_page_says_less(drop):
    """Nothing is guaranteed present: without a number of pages the list goes on to an empty one."""
    assert [job.id for job in paged([20, 20, 7], drop=drop).jobs.list()] == [
        f"j{i}" for i in range(47)
    ]


# --- results  ---


@pytest.mark.parametrize("word", ["PENDING", "RUNNING", "CANCELLING", "UNKNOWN", "TELEPORTING"])
def test_before_the_end_there_is_no_result(word):
    hub = job_hub(word)
    with pytest.raises(ResultNotReadyError, match=f"j1.*{word}") as caught:
        client_of(hub).jobs.result("j1")
    assert caught.value.job_id == "j1"
    assert hub.paths() == ["/quantum/jobs/j1/status"]


@pytest.mark.parametrize("document", [{"counts": {"00": 5}}, [1, 2], None, 3.5, "text", True])
def test_any_json_is_a_result(document):
    client = client_of(job_hub("COMPLETED", document if document is not None else b"null"))
    assert client.jobs.result("j1") == document
    assert json.loads(client.jobs.result_bytes("j1")) == document


def test_a_known_end_is_not_asked_for_again():
    hub = job_hub("COMPLETED", {})
    client_of(hub).jobs.result("j1", status="COMPLETED")
    assert hub.paths() == ["/quantum/jobs/j1/result"]


@pytest.mark.parametrize(
    ("document", "words", "code"),
    [
        (
            {"error": {"message": "Out of qubits.", "code": "E42", "details": {}}},
            "Out of qubits.",
            "E42",
        ),
        ({"error": {"message": "Out of qubits."}}, "Out of qubits.", None),
        ({"error": "Out of qubits."}, "Out of qubits.", None),
        ({"error": {}}, None, None),
        ({"error": None}, None, None),
        ([], None, None),
        (b"<html>", None, None),
    ],
    ids=str,
)
def test_a_failed_job_says_why(document, words, code):
    client = client_of(job_hub("FAILED", document))
    with pytest.raises(JobFailedError, match="j1") as caught:
        client.jobs.result("j1")
    assert caught.value.job_id == "j1"
    if words:
        assert caught.value.hub_says == words
    if code:
        assert code in str(caught.value)


@pytest.mark.parametrize("status", [404, 500, 403])
def test_a_failed_job_has_failed_even_where_its_reason_cannot_be_read(status):
    client = client_of(job_hub("FAILED", {"detail": "No."}, status=status))
    with pytest.raises(JobFailedError, match="j1"):
        client.jobs.result("j1")


def test_a_cancelled_job_is_said_to_be():
    with pytest.raises(JobCancelledError, match="j1") as caught:
        client_of(job_hub("CANCELLED")).jobs.result("j1")
    assert caught.value.job_id == "j1"


@pytest.mark.parametrize("word", ["ABORTED", "DETACHED"])
def test_other_ends_have_no_result_either(word):
    with pytest.raises(JobFailedError, match=word):
        client_of(job_hub(word)).jobs.result("j1")


def test_an_unknown_job_is_not_found():
    with pytest.raises(NotFoundError, match="j9"):
        client_of(Hub()).jobs.result("j9")


@pytest.mark.parametrize("content", [b"", b'{"counts": {"00', b"<html></html>", b"\xff"])
def test_a_result_that_is_no_json_is_a_server_error(content):
    with pytest.raises(ServerError, match=f"{len(content)} bytes") as caught:
        client_of(job_hub("COMPLETED", content)).jobs.result("j1")
    assert caught.value.operation == "getJobResult"


# --- the rest of the operations  ---


def test_the_reads_and_cancel():
    hub = Hub(
        **{
            "/backends/b": (200, {"id": "b"}),
            "/backends/b/status": (200, {"status": "ONLINE"}),
            "/backends/b/config": (200, {"anything": 1}),
            "/backends/b/calibration": (204, b""),
            "/jobs/j1": (200, {"id": "j1"}),
            "/jobs/j1/status": (200, {"status": "RUNNING"}),
            "/jobs/j1/input": (200, {"qasm": "x"}),
            "/jobs/j1/calibration": (204, b""),
        }
    )
    client = client_of(hub)
    assert client.backends.get("b").id == "b"
    assert client.backends.status("b").status == "ONLINE"
    assert client.backends.config("b") == {"anything": 1}
    assert client.backends.calibration("b") is None
    assert client.jobs.get("j1").id == "j1"
    assert client.jobs.status("j1") == "RUNNING"
    assert client.jobs.input("j1") == {"qasm": "x"}
    assert client.jobs.calibration("j1") is None
    assert client.jobs.cancel("j1") is None
    assert hub.requests[-1].method == "DELETE"


def test_wait():
    words = ["PENDING", "RUNNING", "COMPLETED"]
    client = client_of(lambda request: httpx.Response(200, json={"status": words.pop(0)}))
    seen = []
    assert client.jobs.wait("j1", on_status=seen.append) == "COMPLETED"
    assert seen == ["PENDING", "RUNNING", "COMPLETED"]
    with pytest.raises(WaitTimeoutError):
        client_of(job_hub("RUNNING")).jobs.wait("j1", timeout=0.02)


def test_a_qpu_far_away_is_not_hurried_and_one_on_this_machine_is():
    schedule = PollingSchedule(patient_first_look=0.05, first_looks=(0.0001,))
    far = job_hub("RUNNING")
    with pytest.raises(WaitTimeoutError):
        client_of(far, polling=schedule).jobs.wait("j1", timeout=0.02, qpu=True)
    assert len(far.requests) == 1
    words = ["RUNNING", "COMPLETED"]
    near = client_of(
        lambda request: httpx.Response(200, json={"status": words.pop(0)}),
        polling=PollingSchedule(patient_first_look=60.0),
        base_url="http://127.0.0.1/quantum",
    )
    assert near.jobs.wait("j1", timeout=50.0, qpu=True) == "COMPLETED"
    assert words == []


def test_an_age_is_never_negative():
    assert age_of(Job()) == 0.0
    assert age_of(Job.model_validate({"created_at": "2999-01-01 00:00:00"})) == 0.0
    assert age_of(Job.model_validate({"created_at": "2020-01-01 00:00:00"})) > 1e6
