"""Braket's cost tracker counts the Hub's tasks and shots, and knows nothing of their costs."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from braket.circuits import Circuit
from braket.program_sets import ProgramSet
from braket.tracking import Tracker

from qhub_braket import HubDevice, HubProvider, HubQuantumTask
from shared_transport import Backend, HubClient, JobFailedError, Settings

ONE = Circuit().x(0)


def test_tasks_and_shots_are_counted(provider: HubProvider) -> None:
    sv1, forte = provider.get_device("aws.sim.sv1"), provider.get_device("aws.ionq.forte")
    sv1.run(ONE, shots=1).result()
    with Tracker() as tracker:
        first = sv1.run(ONE, shots=10)
        assert tracker.quantum_tasks_statistics() == {
            "aws.sim.sv1": {"shots": 10, "tasks": {"CREATED": 1}}
        }
        first.result()
        batch = forte.run_batch([ONE, ONE], shots=[20, 30])
        batch.results()
        whole = sv1.run(ProgramSet([ONE, ONE], 7))
        whole.result()
    sv1.run(ONE, shots=100).result()
    assert tracker.quantum_tasks_statistics() == {
        "aws.sim.sv1": {"shots": 24, "tasks": {"COMPLETED": 2}},
        "aws.ionq.forte": {"shots": 50, "tasks": {"COMPLETED": 2}},
    }
    assert set(tracker.tracked_resources()) == {
        first.id,
        whole.id,
        *(task.id for task in batch.tasks),
    }
    assert tracker.qpu_tasks_cost() == tracker.simulator_tasks_cost() == Decimal(0)


@pytest.mark.parametrize("id", ["ibm.qpu.fez", "azure.ionq.simulator", "aws.sim.sv1"])
def test_no_price_is_looked_up_whatever_a_device_is_called(
    device: HubDevice,
    monkeypatch: pytest.MonkeyPatch,
    requests_follow_the_contract: list[str],
    id: str,
) -> None:
    def price_search(**kwargs: Any) -> Any:
        raise AssertionError("a price was looked up")

    monkeypatch.setattr("braket.tracking.tracker.price_search", price_search)
    backend = Backend.model_validate({**device._backend.model_dump(), "id": id})

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json={"id": "j"})
        if request.url.path.endswith("/j/status"):
            return httpx.Response(200, json={"status": "FAILED"})
        if request.url.path.endswith("/j/result"):
            return httpx.Response(200, json={"error": {"message": "no"}})
        return httpx.Response(404)

    settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
    other = HubDevice(backend, HubClient(settings, transport=httpx.MockTransport(answer)))
    with Tracker() as tracker:
        task = other.run(ONE, shots=5)
        assert isinstance(task, HubQuantumTask)
        with pytest.raises(JobFailedError):
            task.result()
    requests_follow_the_contract.clear()  # a circuit under the id of a device that takes none
    assert tracker.quantum_tasks_statistics() == {id: {"shots": 5, "tasks": {"FAILED": 1}}}
    assert tracker.qpu_tasks_cost() == tracker.simulator_tasks_cost() == Decimal(0)


def test_states_are_told(provider: HubProvider) -> None:
    sv1 = provider.get_device("aws.sim.sv1")
    with Tracker() as tracker:
        task = sv1.run(ONE, shots=1)
        provider.task(task.id).result()
        assert task.state() == "COMPLETED"
    assert tracker.quantum_tasks_statistics()["aws.sim.sv1"]["tasks"] == {"COMPLETED": 1}
