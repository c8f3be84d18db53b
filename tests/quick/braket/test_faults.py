"""Answers that the local Hub does not give: other Hubs' words, result documents of devices, lost answers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from braket.circuits import Circuit
from braket.tasks import GateModelQuantumTaskResult

from qhub_braket import HubDevice, HubQuantumTask
from qhub_braket.systems import system_of_backend, system_of_job
from qhub_braket.systems.aws import decode
from shared_transport import (
    Backend,
    HubClient,
    HubError,
    Job,
    JobFailedError,
    ServerError,
    Settings,
    SubmissionUncertainError,
    ValidationError,
)


def client(answer: Callable[[httpx.Request], httpx.Response]) -> HubClient:
    settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
    return HubClient(settings, transport=httpx.MockTransport(answer))


def document(**changes: Any) -> bytes:
    """A task result of a device: measurements, and no values of result types."""
    whole = {
        "braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result", "version": "1"},
        "measurements": [[0, 1], [1, 1], [0, 1]],
        "measuredQubits": [4, 2],
        "taskMetadata": {
            "braketSchemaHeader": {"name": "braket.task_result.task_metadata", "version": "1"},
            "id": "task",
            "shots": 3,
            "deviceId": "device",
        },
        "additionalMetadata": {
            "action": {
                "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
                "source": "OPENQASM 3.0;",
            }
        },
        **changes,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING", "QUEUED"),
        ("RUNNING", "RUNNING"),
        ("CANCELLING", "CANCELLING"),
        ("CANCELLED", "CANCELLED"),
        ("COMPLETED", "COMPLETED"),
        ("FAILED", "FAILED"),
        ("ABORTED", "FAILED"),
        ("DETACHED", "FAILED"),
        ("UNKNOWN", "CREATED"),
        ("PONDERING", "PONDERING"),
    ],
)
def test_states_in_brakets_words(status: str, state: str) -> None:
    task = HubQuantumTask("1", client(lambda request: httpx.Response(200, json={"status": status})))
    assert task.state() == state


def failed(request: httpx.Request) -> httpx.Response:
    """A Hub where job 1 has failed."""
    path = request.url.path.removeprefix("/quantum")
    return {
        "/jobs/1/status": httpx.Response(200, json={"status": "FAILED"}),
        "/jobs/1/result": httpx.Response(
            200, json={"error": {"message": "out of memory", "code": "E7"}}
        ),
        "/jobs/1": httpx.Response(200, json={"id": "1", "status": "FAILED"}),
    }[path]


def test_a_failed_task_says_why_every_time() -> None:
    task = HubQuantumTask("1", client(failed))
    for _ in range(2):
        with pytest.raises(JobFailedError, match=r"E7.*out of memory") as caught:
            task.result()
        assert caught.value.job_id == "1"
    assert task.state() == "FAILED"
    assert task.metadata()["failureReason"] == "out of memory"


def test_a_failure_is_raised_where_it_is_awaited() -> None:
    async def main() -> None:
        await HubQuantumTask("1", client(failed))

    with pytest.raises(JobFailedError, match="out of memory"):
        asyncio.run(main())


@pytest.mark.parametrize("wait", ["result", "await"])
def test_an_outage_ends_no_wait(wait: str) -> None:
    looks = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal looks
        if not request.url.path.endswith("/status"):
            return (
                httpx.Response(
                    200, json={"id": "1", "provider": "AWS", "input_format": "BRAKET_OPEN_QASM_V3"}
                )
                if request.url.path.endswith("/1")
                else httpx.Response(200, content=document())
            )
        looks += 1
        if looks == 1:
            raise httpx.ConnectError("down")
        if looks == 2:
            return httpx.Response(503)
        return httpx.Response(200, json={"status": "RUNNING" if looks < 5 else "COMPLETED"})

    task = HubQuantumTask("1", client(answer))

    async def main() -> GateModelQuantumTaskResult:
        return await task

    result = asyncio.run(main()) if wait == "await" else task.result()
    assert result.measurement_counts == {"01": 2, "11": 1}
    assert looks == 5


def waiting(**job: Any) -> HubQuantumTask:
    return HubQuantumTask("1", client(lambda request: httpx.Response(200, json={"id": "1", **job})))


def test_the_place_in_the_queue() -> None:
    known = waiting(status="PENDING", queue_position=3).queue_position()
    assert (known.queue_type, known.queue_position, known.message) == ("Normal", "3", None)
    silent = waiting(status="PENDING").queue_position()
    assert silent.queue_position is None
    assert "does not say" in silent.message
    ended = waiting(status="FAILED", queue_position=3).queue_position()
    assert ended.queue_position is None
    assert "FAILED" in ended.message


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (["COMPLETED", "COMPLETED"], "COMPLETED"),
        (["COMPLETED", "FAILED"], "FAILED"),
        (["CANCELLED", "FAILED"], "FAILED"),
        (["CANCELLED", "COMPLETED"], "CANCELLED"),
        (["FAILED", "RUNNING"], "RUNNING"),
        (["RUNNING", "PENDING"], "QUEUED"),
        (["COMPLETED", "PONDERING"], "PONDERING"),
    ],
)
def test_the_state_of_several_jobs_is_that_of_the_least_finished(
    words: list[str], state: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.split("/")[-2])
        return httpx.Response(200, json={"status": words[number]})

    task = HubQuantumTask("0,1", client(answer))
    assert task.state() == state
    assert task.id == "0,1"


def test_a_job_that_is_not_cancelled_keeps_no_other_one_running() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.split("/")[3])
        refused = asked[-1] == "1"
        return (
            httpx.Response(409, json={"detail": "it has ended"}) if refused else httpx.Response(204)
        )

    ids = [str(number) for number in range(1, 20)]
    with pytest.raises(HubError, match="it has ended"):
        HubQuantumTask(",".join(ids), client(answer)).cancel()
    assert sorted(asked, key=int) == ids


def test_a_detached_job_has_no_result() -> None:
    task = HubQuantumTask(
        "1", client(lambda request: httpx.Response(200, json={"status": "DETACHED"}))
    )
    with pytest.raises(JobFailedError, match="DETACHED"):
        task.result()


def test_a_sparse_job_is_read_by_what_its_backend_takes() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/quantum")
        return {
            "/jobs/1/status": httpx.Response(200, json={"status": "COMPLETED"}),
            "/jobs/1/result": httpx.Response(200, content=document()),
            "/jobs/1": httpx.Response(200, json={"id": "1", "backend_id": "new"}),
            "/backends/new": httpx.Response(
                200,
                json={
                    "id": "new",
                    "configuration": {"supported_input_formats": ["BRAKET_OPEN_QASM_V3"]},
                },
            ),
        }[path]

    assert HubQuantumTask("1", client(answer)).result().measurement_counts == {"01": 2, "11": 1}


def test_a_lost_answer_is_not_sent_again(device: HubDevice) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=device.properties.json())
        sent.append(request)
        raise httpx.ReadTimeout("too late")

    other = HubDevice(device._backend, client(answer))
    with pytest.raises(SubmissionUncertainError) as caught:
        other.run(Circuit().h(0), shots=5)
    assert len(sent) == 1
    body = json.loads(sent[0].content)
    assert f"qhub-token:{caught.value.token}" in body["tags"]
    assert body["sdk_provider"] == "BRAKET"
    assert body["input_format"] == "BRAKET_OPEN_QASM_V3"
    assert "input_params" not in body


def test_a_backend_without_a_braket_document_runs(device: HubDevice) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(404)
        return httpx.Response(201, json={"id": "job-1"})

    other = HubDevice(device._backend, client(answer))
    assert other.run(Circuit().h(0), shots=5).id == "job-1"
    with pytest.raises(ValidationError, match="35 qubits"):
        other.run(Circuit().h(range(35)), shots=5)


def test_measurements_of_a_device() -> None:
    result = decode(document(), Job(id="1"))
    assert isinstance(result, GateModelQuantumTaskResult)
    assert result.measured_qubits == [4, 2]
    assert result.measurements.tolist() == [[0, 1], [1, 1], [0, 1]]
    assert result.measurement_counts == {"01": 2, "11": 1}
    assert result.measurement_probabilities == {"01": 2 / 3, "11": 1 / 3}
    stock = GateModelQuantumTaskResult.from_string(document().decode())
    assert stock.measurement_counts == result.measurement_counts
    np.testing.assert_array_equal(stock.measurements, result.measurements)


def test_result_types_that_a_device_leaves_to_the_client() -> None:
    wishes = [
        {"type": "expectation", "observable": ["z"], "targets": [2]},
        {"type": "probability", "targets": [4]},
        {"type": "sample", "observable": ["z", "z"], "targets": [4, 2]},
        {"type": "variance", "observable": ["z"], "targets": [4]},
    ]
    action = {
        "braketSchemaHeader": {"name": "braket.ir.jaqcd.program", "version": "1"},
        "instructions": [],
        "results": wishes,
    }
    content = document(additionalMetadata={"action": action})
    result = decode(content, Job(id="1"))
    assert result.values[0] == -1
    assert result.values[1].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert result.values[2].tolist() == [-1, 1, -1]
    assert result.values[3] == pytest.approx(8 / 9)


def test_probabilities_in_place_of_measurements() -> None:
    content = document(measurements=None, measurementProbabilities={"01": 2 / 3, "11": 1 / 3})
    first, second = decode(content, Job(id="1")), decode(content, Job(id="1"))
    assert first.measurement_counts == {"01": 2, "11": 1}
    np.testing.assert_array_equal(first.measurements, second.measurements)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not json", "Expecting value"),
        (b"[1]", "no JSON object"),
        (b'{"counts": {"00": 1}}', "taskMetadata"),
        (document(measurements=[[0, 1], [2, 1]]), "outcomes are 0 or 1"),
        (document(measurements=[[0, 1], [1]]), "differ in length"),
        (document(measuredQubits=[0, 1, 2]), "3 measured qubits and 2 bits"),
        (document(measurements=[0, 1]), "rows of bits"),
        (document(measuredQubits=[-1]), "measuredQubits"),
        (document(measurements=None), "measurementProbabilities"),
    ],
)
def test_documents_that_are_none(content: bytes, says: str) -> None:
    with pytest.raises(ServerError, match=says) as caught:
        decode(content, Job(id="job-1"))
    assert caught.value.job_id == "job-1"


def backend(provider: str | None, *formats: str) -> Backend:
    return Backend.model_validate(
        {
            "id": "new",
            "provider": provider,
            "configuration": {"supported_input_formats": list(formats)},
        }
    )


def test_the_room_is_found_by_what_the_hub_says() -> None:
    served = system_of_backend(backend("AWS", "BRAKET_OPEN_QASM_V3"))
    assert system_of_backend(backend("SOMEONE_NEW", "X", "BRAKET_OPEN_QASM_V3")) is served
    assert system_of_backend(backend(None, "braket.openqasm.v3")) is served
    assert system_of_job(Job(id="1", provider="AWS", input_format="BRAKET_OPEN_QASM_V3")) is served
    atoms = system_of_backend(backend("AWS", "BRAKET_AHS_PROGRAM"))
    assert atoms is not served
    assert system_of_backend(backend("SOMEONE_NEW", "BRAKET_AHS_PROGRAM")) is atoms
    for other in (backend("AWS", "QIR_V1"), backend("NOBODY", "QOQO"), backend("AWS")):
        with pytest.raises(ValidationError, match="BRAKET_OPEN_QASM_V3"):
            system_of_backend(other)
