"""Tasks: waiting in every way, opening them elsewhere, and ends without a result."""

import asyncio
import itertools
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from braket.circuits import Circuit
from braket.tasks import QuantumTask

from qhub_braket import HubDevice, HubProvider, HubQuantumTask
from shared_transport import (
    HubClient,
    JobCancelledError,
    NotFoundError,
    ValidationError,
    WaitTimeoutError,
)

ONE = Circuit().x(0).i(1)


def test_a_task_from_start_to_end(device: HubDevice) -> None:
    task = device.run(ONE, shots=7, name="one", tags={"project": "x", "kind": "test"})
    assert isinstance(task, QuantumTask)
    assert task.state() in ("QUEUED", "RUNNING", "COMPLETED")
    result = task.result()
    assert result.measurement_counts == {"10": 7}
    assert task.result() is result
    assert task.state() == task.state(use_cached_value=True) == "COMPLETED"
    metadata = task.metadata()
    assert metadata["quantumTaskArn"] == task.id
    assert metadata["deviceArn"] == "aws.sim.sv1"
    assert metadata["status"] == "COMPLETED"
    assert metadata["shots"] == 7
    assert metadata["name"] == "one"
    assert sorted(metadata["tags"]) == ["kind=test", "project=x"]
    assert metadata["createdAt"] <= metadata["endedAt"]
    assert metadata["hub"]["sdk_provider"] == "BRAKET"
    assert metadata["hub"]["input_format"] == "BRAKET_OPEN_QASM_V3"
    assert "failureReason" not in metadata
    assert task.metadata(use_cached_value=True) == metadata


def test_a_task_is_opened_by_its_id(device: HubDevice, provider: HubProvider) -> None:
    task = device.run(ONE, shots=7)
    again = provider.task(task.id)
    assert again == task
    assert len({again, task}) == 1
    assert again.result().measurement_counts == {"10": 7}
    assert repr(again) == f"HubQuantumTask({task.id!r})"


def test_an_ended_task_is_noticed_at_once(device: HubDevice, provider: HubProvider) -> None:
    task = device.run(ONE, shots=7)
    provider.task(task.id).result()
    # By the schedule, a task of this age would be looked at in 15 s.
    task._jobs[0].created_at -= 100
    started = time.monotonic()
    assert task.result().measurement_counts == {"10": 7}
    assert time.monotonic() - started < 2


def test_an_unknown_task(provider: HubProvider) -> None:
    task = provider.task("00000000-0000-4000-8000-000000000000")
    for ask in (task.result, task.state, task.metadata, task.cancel):
        with pytest.raises(NotFoundError):
            ask()
    for no_id in ("", None, 3):
        with pytest.raises(ValidationError):
            provider.task(no_id)


def test_a_task_is_reopened_in_another_process(device: HubDevice, provider: HubProvider) -> None:
    task = device.run(ONE, shots=7, poll_timeout_seconds=50)
    token = provider.client.settings.token.get_secret_value()
    pickled = pickle.dumps(task)
    assert token.encode() not in pickled
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).result().measurement_counts)"
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickled, capture_output=True, timeout=100
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().strip() == "Counter({'10': 7})"


def test_a_task_pickles_in_every_state(device: HubDevice) -> None:
    task = device.run(ONE, shots=7)
    task.result()
    again = pickle.loads(pickle.dumps(task))
    assert again.id == task.id
    assert again.result().measurements.tolist() == [[1, 0]] * 7


def test_a_task_is_opened_with_a_device_or_without(
    device: HubDevice, provider: HubProvider
) -> None:
    task = device.run(ONE, shots=7)
    for again in (
        HubQuantumTask(task.id, device=device),
        HubQuantumTask(task.id, provider.client),
        HubQuantumTask(task.id, provider.client, device=device, poll_timeout_seconds=50),
    ):
        assert again.result().measurement_counts == {"10": 7}
        assert again.metadata()["deviceArn"] == device.arn
    assert again.poll_timeout_seconds == 50


def test_waiting_as_users_of_amazons_tasks_write_it(device: HubDevice) -> None:
    task = device.run(ONE, shots=7)
    while task.state() not in HubQuantumTask.TERMINAL_STATES:
        time.sleep(0.01)
    assert task.state() in HubQuantumTask.RESULTS_READY_STATES
    assert task.queue_position().queue_position is None
    assert "COMPLETED" in task.queue_position().message


def test_jobs_of_other_clients_open_as_tasks(provider: HubProvider) -> None:
    from shared_transport import JobRequest

    source = "OPENQASM 3.0; qubit[2] q; bit[2] b; x q[1]; b[0] = measure q[1]; b[1] = measure q[0];"
    job = provider.client.jobs.create(
        JobRequest(backend_id="aws.sim.sv1", shots=3, input={"qasm": source})
    )
    result = provider.task(job.id).result()
    assert result.measured_qubits == [1, 0]
    assert result.measurement_counts == {"10": 3}


class TestAsync:
    def test_await_leaves_the_loop_free(self, device: HubDevice) -> None:
        async def main() -> tuple[object, int]:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    ticks += 1
                    await asyncio.sleep(0.001)

            ticking = asyncio.create_task(tick())
            result = await device.run(Circuit().h(range(18)), shots=20_000)
            ticking.cancel()
            return result, ticks

        result, ticks = asyncio.run(main())
        assert result.measurements.shape == (20_000, 18)
        assert ticks > 5

    def test_async_result_is_a_task_of_the_running_loop(self, device: HubDevice) -> None:
        async def main() -> None:
            task = device.run(ONE, shots=7)
            future = task.async_result()
            assert isinstance(future, asyncio.Task)
            assert task.async_result() is future
            result = await future
            assert result.measurement_counts == {"10": 7}
            assert await task is result
            assert pickle.loads(pickle.dumps(task)) == task
            assert task.result() is result

        asyncio.run(main())

    def test_the_loop_that_braket_users_run_themselves(self, device: HubDevice) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            future = device.run(ONE, shots=7).async_result()
            assert loop.run_until_complete(future).measurement_counts == {"10": 7}
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def test_result_inside_a_running_loop(self, device: HubDevice) -> None:
        async def main() -> object:
            return device.run(ONE, shots=7).result()

        assert asyncio.run(main()).measurement_counts == {"10": 7}

    def test_many_at_once(self, device: HubDevice) -> None:
        async def main() -> list[object]:
            tasks = [
                device.run(Circuit().i(0).rx(0, 3.141592653589793 * (i % 2)), shots=5)
                for i in range(8)
            ]
            return await asyncio.gather(*tasks)

        words = [next(iter(result.measurement_counts)) for result in asyncio.run(main())]
        assert words == ["0", "1"] * 4


def test_an_ended_task_is_not_cancelled(device: HubDevice, provider: HubProvider) -> None:
    task = device.run(ONE, shots=7)
    task.result()
    task.cancel()
    assert task.state() == "COMPLETED"
    assert provider.task(task.id).state() == "COMPLETED"


def test_results_from_many_threads(device: HubDevice) -> None:
    task = device.run(ONE, shots=7)
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(task.result())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.measurement_counts for result in results] == [{"10": 7}] * 8


@pytest.fixture(scope="module")
def long_task(device: HubDevice) -> Iterator[HubQuantumTask]:
    """A task that would take a minute. Its last test cancels it."""
    circuit = Circuit()
    for layer in range(40):
        for qubit in range(23):
            circuit.rx(qubit, 0.1 + layer).cnot(qubit, (qubit + 1) % 23)
    task = device.run(circuit, shots=10, poll_timeout_seconds=0.1)
    yield task
    task.cancel()


class TestALongTask:
    def test_time_outs_of_result(self, long_task: HubQuantumTask) -> None:
        for wait in (long_task.result, lambda: long_task.result(timeout=0.05)):
            started = time.monotonic()
            with pytest.raises(WaitTimeoutError, match=long_task.id):
                wait()
            assert time.monotonic() - started < 3

    def test_the_interval_between_looks(
        self, long_task: HubQuantumTask, provider: HubProvider
    ) -> None:
        looks: list[float] = []
        watching = HubClient(
            provider.client.settings,
            event_hooks={"request": [lambda request: looks.append(time.monotonic())]},
        )
        with pytest.raises(WaitTimeoutError):
            HubQuantumTask(long_task.id, watching, poll_interval_seconds=0.25).result(timeout=1.1)
        pauses = [later - earlier for earlier, later in itertools.pairwise(looks)]
        assert 1 <= len(pauses) <= 4
        assert min(pauses) > 0.24

    def test_giving_up_waiting_ends_at_once(
        self, long_task: HubQuantumTask, provider: HubProvider
    ) -> None:
        patient = provider.task(long_task.id)

        async def main() -> None:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(patient.async_result(), 0.2)
            again = patient.async_result()
            assert not again.cancelled()
            again.cancel()

        started = time.monotonic()
        asyncio.run(main())
        assert time.monotonic() - started < 2
        assert patient.state() in ("QUEUED", "RUNNING")

    def test_a_cancelled_task(self, long_task: HubQuantumTask, provider: HubProvider) -> None:
        long_task.cancel()
        for cancelled in (long_task, provider.task(long_task.id)):
            with pytest.raises(JobCancelledError, match=long_task.id):
                cancelled.result(timeout=20)
            assert cancelled.state() == "CANCELLED"
