"""Batches: results, tasks without one, retries, and how many run at once."""

import json
import logging
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter
from braket.tasks.quantum_task_batch import QuantumTaskBatch

from qhub_braket import HubDevice, HubProvider, HubQuantumTask, HubQuantumTaskBatch
from shared_transport import (
    AuthenticationError,
    HubClient,
    JobFailedError,
    Settings,
    ValidationError,
)

SMALL = {
    "measurements": [[1]],
    "measuredQubits": [0],
    "taskMetadata": {"id": "t", "shots": 1, "deviceId": "d"},
    "additionalMetadata": {"action": {"source": "OPENQASM 3.0;"}},
}


class ScriptedHub:
    """A Hub whose jobs end as `ends` says, job by job: COMPLETED, FAILED, CANCELLED or RUNNING."""

    def __init__(self, device: HubDevice, ends: list[str]) -> None:
        self.ends = ends
        self.posts: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.seconds = 0.0
        self.refused: int | None = None
        self._born: dict[int, float] = {}
        self._lock = threading.Lock()
        settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
        self._config = device.properties.json()
        self.client = HubClient(settings, transport=httpx.MockTransport(self.answer))
        self.device = HubDevice(device._backend, self.client)

    def answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.removeprefix("/quantum").strip("/").split("/")
        if parts[0] == "backends":
            return httpx.Response(200, content=self._config)
        if request.method == "POST":
            with self._lock:
                number = len(self.posts)
                self.posts.append(json.loads(request.content))
                self._born[number] = time.monotonic()
                running = [n for n in range(number + 1) if self._status(n) == "RUNNING"]
                self.most_at_once = max(self.most_at_once, len(running))
            if number == self.refused:
                return httpx.Response(422, json={"detail": "no more"})
            return httpx.Response(201, json={"id": f"j{number}"})
        if len(parts) == 1:
            jobs = [{"id": f"j{n}", "status": self._status(n)} for n in range(len(self.posts))]
            page = {"content": jobs[::-1], "page": 0, "size": 100, "total_pages": 1}
            return httpx.Response(200, json=page)
        number = int(parts[1][1:])
        if parts[-1] == "status":
            return httpx.Response(200, json={"status": self._status(number)})
        if parts[-1] == "result":
            failed = {"error": {"message": f"reason {number}"}}
            return httpx.Response(200, json=SMALL if self._end(number) == "COMPLETED" else failed)
        return httpx.Response(
            200,
            json={
                "id": f"j{number}",
                "status": self._status(number),
                "provider": "AWS",
                "input_format": "BRAKET_OPEN_QASM_V3",
            },
        )

    def _end(self, number: int) -> str:
        return self.ends[number] if number < len(self.ends) else "COMPLETED"

    def _status(self, number: int) -> str:
        if time.monotonic() - self._born[number] < self.seconds:
            return "RUNNING"
        return self._end(number)


@pytest.fixture
def hub(device: HubDevice) -> Callable[..., ScriptedHub]:
    return lambda *ends: ScriptedHub(device, list(ends))


ONE = Circuit().x(0)


@pytest.mark.usefixtures("quiet")
class TestOnTheHub:
    def test_results_come_in_the_order_of_the_programs(self, device: HubDevice) -> None:
        programs = [Circuit().rx(0, 3.141592653589793 * (i % 3 == 0)) for i in range(9)]
        batch = device.run_batch(programs, shots=4)
        assert isinstance(batch, HubQuantumTaskBatch)
        assert isinstance(batch, QuantumTaskBatch)
        assert batch.size == len(batch.tasks) == 9
        assert [task.metadata()["shots"] for task in batch.tasks] == [4] * 9
        words = [result.measurement_counts for result in batch.results()]
        assert words == [{"1" if i % 3 == 0 else "0": 4} for i in range(9)]
        assert batch.results(max_retries=3, fail_unsuccessful=True) == batch.results()
        assert batch.retry_unsuccessful_tasks()
        assert batch.unfinished == batch.unsuccessful == set()

    @pytest.mark.parametrize("kind", [list, tuple, np.array])
    def test_shots_and_inputs_of_each_program(
        self, device: HubDevice, kind: Callable[[list[int]], Any]
    ) -> None:
        circuit = Circuit().rx(0, FreeParameter("a"))
        inputs = [{"a": 0}, {"a": 3.141592653589793}]
        batch = device.run_batch(circuit, shots=kind([1, 2]), inputs=inputs)
        assert [result.measurement_counts for result in batch.results()] == [{"0": 1}, {"1": 2}]

    def test_empty_inputs_are_none(self, device: HubDevice) -> None:
        for inputs in ([], {}):
            assert len(device.run_batch([ONE, ONE], shots=1, inputs=inputs).results()) == 2

    def test_no_programs(self, device: HubDevice) -> None:
        batch = device.run_batch([], shots=1)
        assert (batch.size, batch.results(), batch.unfinished) == (0, [], set())

    def test_a_batch_pickles(self, device: HubDevice) -> None:
        batch = device.run_batch([ONE, ONE], shots=3)
        again = pickle.loads(pickle.dumps(batch))
        assert [result.measurement_counts for result in again.results()] == [{"1": 3}] * 2

    def test_opened_tasks_make_a_batch(self, device: HubDevice, provider: HubProvider) -> None:
        tasks = [provider.task(device.run(ONE, shots=2).id) for _ in range(2)]
        batch = HubQuantumTaskBatch(tasks)
        assert [result.measurement_counts for result in batch.results()] == [{"1": 2}] * 2

    def test_at_most_two_at_once(self, device: HubDevice) -> None:
        batch = device.run_batch([ONE] * 5, shots=1, max_parallel=2, max_connections=1)
        ended = [task.metadata() for task in batch.tasks]
        assert [result.measurement_counts for result in batch.results()] == [{"1": 1}] * 5
        assert sum(one["status"] == "COMPLETED" for one in ended) >= 3


class TestTasksWithoutAResult:
    def test_they_are_none_and_the_log_says_why(
        self, hub: Callable[..., ScriptedHub], caplog: pytest.LogCaptureFixture
    ) -> None:
        world = hub("COMPLETED", "FAILED", "CANCELLED", "COMPLETED")
        batch = world.device.run_batch([ONE] * 4, shots=1, max_connections=1)
        with caplog.at_level(logging.WARNING, "qhub_braket"):
            results = batch.results()
        assert [result is None for result in results] == [False, True, True, False]
        assert batch.unsuccessful == {"j1", "j2"}
        assert "reason 1" in caplog.text
        assert "j2" in caplog.text
        assert len(world.posts) == 4
        with pytest.raises(JobFailedError, match="reason 1"):
            batch.tasks[1].result()
        with pytest.raises(JobFailedError, match=r"2 of 4 tasks have no result: j1, j2") as caught:
            batch.results(fail_unsuccessful=True)
        assert "retries" not in str(caught.value)
        assert len(world.posts) == 4

    def test_nothing_is_bought_again_unless_asked(self, hub: Callable[..., ScriptedHub]) -> None:
        world = hub("FAILED")
        batch = world.device.run_batch([ONE], shots=1)
        assert batch.results() == [None]
        assert batch.results(use_cached_value=False) == [None]
        assert len(world.posts) == 1
        for method in (HubQuantumTaskBatch.results, HubQuantumTaskBatch.retry_unsuccessful_tasks):
            assert "buys" in (method.__doc__ or "")

    def test_a_retry_is_a_new_job(self, hub: Callable[..., ScriptedHub]) -> None:
        world = hub("COMPLETED", "FAILED", "FAILED", "COMPLETED")
        programs = [ONE, Circuit().y(0)]
        batch = world.device.run_batch(programs, shots=1, max_connections=1, name="n")
        first = batch.tasks
        results = batch.results(max_retries=5)
        assert [result.measurement_counts for result in results] == [{"1": 1}] * 2
        assert [task.id for task in batch.tasks] == ["j0", "j3"]
        assert [task.id for task in first] == ["j0", "j1"]
        assert batch.unsuccessful == set()
        texts = [post["input"]["qasm"] for post in world.posts]
        assert texts == [texts[0], texts[1], texts[1], texts[1]]
        assert ["y q[0]" in text for text in texts] == [False, True, True, True]
        tokens = {tag for post in world.posts for tag in post["tags"] if "token" in tag}
        assert len(tokens) == 4
        assert {post["name"] for post in world.posts} == {"n"}

    def test_retries_end(self, hub: Callable[..., ScriptedHub]) -> None:
        world = hub(*["FAILED"] * 10)
        batch = world.device.run_batch([ONE], shots=1)
        with pytest.raises(JobFailedError, match="after 2 retries"):
            batch.results(fail_unsuccessful=True, max_retries=2)
        assert len(world.posts) == 3
        assert batch.retry_unsuccessful_tasks() is False
        assert len(world.posts) == 4
        assert batch.results() == [None]

    @pytest.mark.parametrize("retries", ["a", -1, 1.5, None, True])
    def test_retries_that_are_no_number(
        self, hub: Callable[..., ScriptedHub], retries: object
    ) -> None:
        batch = hub("FAILED").device.run_batch([ONE], shots=1)
        with pytest.raises(ValidationError, match="max_retries has to be a whole number"):
            batch.results(max_retries=retries)

    def test_what_cannot_be_retried(self, hub: Callable[..., ScriptedHub]) -> None:
        world = hub("FAILED")
        batch = world.device.run_batch([ONE], shots=1)
        with pytest.raises(ValidationError, match="nothing to retry"):
            batch.retry_unsuccessful_tasks()
        opened = HubQuantumTaskBatch([HubQuantumTask("j0", world.client)])
        assert opened.results() == [None]
        with pytest.raises(ValidationError, match="only their ids"):
            opened.retry_unsuccessful_tasks()

    def test_a_task_that_takes_too_long(self, hub: Callable[..., ScriptedHub]) -> None:
        world = hub("RUNNING", "COMPLETED")
        batch = world.device.run_batch(
            [ONE, ONE], shots=1, max_connections=1, poll_timeout_seconds=0.3
        )
        started = time.monotonic()
        late, there = batch.results()
        assert time.monotonic() - started < 3
        assert late is None
        assert there.measurement_counts == {"1": 1}
        assert batch.unsuccessful == batch.unfinished == {"j0"}
        world.ends[0] = "COMPLETED"
        assert all(batch.results(use_cached_value=False))
        assert batch.unsuccessful == set()

    def test_unfinished_sees_failures(self, hub: Callable[..., ScriptedHub]) -> None:
        batch = hub("RUNNING", "FAILED", "COMPLETED").device.run_batch(
            [ONE] * 3, shots=1, max_connections=1
        )
        assert batch.unfinished == {"j0"}
        assert batch.unsuccessful == {"j1"}

    def test_a_hub_that_cannot_be_asked_is_no_failed_task(self, device: HubDevice) -> None:
        settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
        client = HubClient(
            settings, transport=httpx.MockTransport(lambda request: httpx.Response(401))
        )
        with pytest.raises(AuthenticationError):
            HubQuantumTaskBatch([HubQuantumTask("j0", client)]).results()


class TestCreating:
    def test_at_most_so_many_are_on_the_hub(self, hub: Callable[..., ScriptedHub]) -> None:
        world = hub()
        world.seconds = 0.15
        started = time.monotonic()
        batch = world.device.run_batch([ONE] * 6, shots=1, max_parallel=2)
        assert time.monotonic() - started > 0.25
        assert len(world.posts) == 6
        assert world.most_at_once == 2
        assert len(batch.results()) == 6
        world.device.run_batch([ONE] * 6, shots=1)
        assert world.most_at_once > 2

    @pytest.mark.parametrize("parallel", [None, 1])
    def test_the_first_failure_is_the_last_job(
        self, hub: Callable[..., ScriptedHub], parallel: int | None
    ) -> None:
        world = hub()
        world.refused = 1
        with pytest.raises(ValidationError, match="no more") as caught:
            world.device.run_batch([ONE] * 5, shots=1, max_connections=1, max_parallel=parallel)
        assert len(world.posts) == 2
        assert [task.id for task in caught.value.job.tasks] == ["j0"]
        assert "j0" in caught.value.__notes__[0]
        assert caught.value.job.results()[0].measurement_counts == {"1": 1}

    def test_ctrl_c_ends_a_wait_at_once_and_creates_no_more(
        self, hub: Callable[..., ScriptedHub]
    ) -> None:
        # Perceval, which other tests of this process import, takes it for itself: shared_transport/loading.py.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        world = hub(*["RUNNING"] * 9)
        batch = world.device.run_batch([ONE] * 3, shots=1)
        for wait in (
            batch.results,
            batch.tasks[0].result,
            lambda: world.device.run_batch([ONE] * 4, shots=1, max_parallel=2),
        ):
            started = time.monotonic()
            timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                wait()
            assert time.monotonic() - started < 1.0 + 5.0
        assert len(world.posts) == 3 + 2
