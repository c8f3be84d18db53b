"""IBM's own job, whose server is the Hub."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import EstimatorV2, RuntimeJobV2, SamplerV2
from qiskit_ibm_runtime.decoders.result_decoder import ResultDecoder
from qiskit_ibm_runtime.exceptions import (
    IBMRuntimeError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobNotFound,
)
from qiskit_ibm_runtime.noise_learner import NoiseLearner

from qhub_qiskit import HubProvider, HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from qhub_qiskit.runtime.job import HubRuntimeJob
from shared_transport import HubClient, Settings
from tests.quick.qiskit.runtime.circuits import failing, flip

FLIP = flip(156)
# What IBM's class has; each name is looked at in this folder.
FACE = {
    "JOB_FINAL_STATES", "ERROR", "job_id", "primitive_id", "session_id", "creation_date", "tags", "inputs", "image",
    "private", "instance", "backend", "status", "done", "running", "cancelled", "errored", "in_final_state", "result",
    "wait_for_final_state", "cancel", "error_message", "metrics", "usage", "usage_estimation", "properties",
    "logs", "update_tags",
}  # fmt: skip


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)


def test_nothing_of_ibms_class_is_forgotten() -> None:
    public = {name for name in dir(RuntimeJobV2) if not name.startswith("_")}
    assert public == FACE, "qiskit_ibm_runtime has changed: look at what is new, then note it here"


def test_what_a_job_says_of_itself(fez: HubIBMBackend) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    sampler = SamplerV2(fez)
    sampler.options.environment.job_tags = ["mine"]
    job = sampler.run([FLIP], shots=4)
    result = job.result()
    again = fez.service.job(job.job_id())
    for one in (job, again):
        assert isinstance(one, RuntimeJobV2)
        assert isinstance(one, HubRuntimeJob)
        assert one.job_id() == job.job_id()
        assert job.job_id() in repr(one)
        assert one.primitive_id == "sampler"
        assert one.tags == ["mine"]
        assert one.session_id is None
        assert one.backend().name == "ibm.qpu.fez"
        assert before <= one.creation_date <= datetime.now(UTC)
        assert one.status() == "DONE"
        assert one.done()
        assert one.in_final_state()
        assert (one.running(), one.cancelled(), one.errored()) == (False, False, False)
        assert one.error_message() is None
        assert not one.image
        assert not one.private
        assert one.instance is None
        assert one.usage_estimation == {"quantum_seconds": None}
        assert one.result()[0].data.c.get_counts() == result[0].data.c.get_counts() == {"1": 4}


def test_the_id_is_the_hubs(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    job = SamplerV2(fez).run([FLIP], shots=3)
    job.result()
    assert ideal.client.jobs.get(job.job_id()).backend_id == "ibm.qpu.fez"
    counts = HubProvider(client=ideal.client).job(job.job_id()).result().get_counts()
    assert counts == {"1": 3}  # the plugin opens it too


def test_it_pickles(fez: HubIBMBackend) -> None:
    job = SamplerV2(fez).run([FLIP], shots=3)
    again = pickle.loads(pickle.dumps(job))
    assert isinstance(again, HubRuntimeJob)
    assert again.job_id() == job.job_id()
    assert again.result()[0].data.c.get_counts() == {"1": 3}


def test_metrics_and_usage(slow_fez: HubIBMBackend) -> None:
    job = SamplerV2(slow_fez).run([FLIP], shots=1)
    until(job.running)
    assert job.usage() == 0
    assert job.metrics()["usage"]["status"] == "pending"
    assert job.metrics()["timestamps"]["finished"] is None
    job.result()
    metrics = job.metrics()
    times = [
        datetime.fromisoformat(metrics["timestamps"][name])
        for name in ("created", "running", "finished")
    ]
    assert times == sorted(times)
    assert times[0] == job.creation_date
    assert times[2] - times[1] >= timedelta(seconds=1)
    assert metrics["usage"]["status"] == "final"
    assert 1.0 <= job.usage() < 10
    assert job.usage() == job.usage(partial=True) == metrics["usage"]["quantum_seconds"]


def test_properties_are_those_of_its_time(fez: HubIBMBackend) -> None:
    job = SamplerV2(fez).run([FLIP], shots=1)
    job.result()
    then = job.properties()
    assert (then.t1(0), then.t2(7)) == (fez.properties().t1(0), fez.properties().t2(7))
    assert then.last_update_date == fez.properties().last_update_date


def test_inputs_are_what_was_given(fez: HubIBMBackend) -> None:
    circuit, _ = failing(156)
    sampler = SamplerV2(fez, options={"twirling": {"strategy": "all"}})
    job = sampler.run([(circuit, [0.0], 7)])
    inputs = fez.service.job(job.job_id()).inputs
    assert inputs["options"] == {"twirling": {"strategy": "all"}}
    ((sent, parameters, shots),) = inputs["pubs"]
    assert sent == circuit
    np.testing.assert_array_equal(np.ravel(parameters), [0.0])
    assert shots == 7
    estimator = EstimatorV2(fez)
    inputs = estimator.run([(QuantumCircuit(156), "Z" * 156, None, 0.1)]).inputs
    assert inputs["pubs"][0][3] == 0.1
    assert inputs["pubs"][0][1] == {"Z" * 156: 1.0}
    assert NoiseLearner(fez).run([QuantumCircuit(156)]).inputs["circuits"] == [QuantumCircuit(156)]
    job.result()


def test_a_decoder_of_the_users(fez: HubIBMBackend) -> None:
    class Raw(ResultDecoder):
        @classmethod
        def decode(cls, result: str) -> str:
            return result

    job = SamplerV2(fez).run([FLIP], shots=2)
    text = job.result(decoder=Raw)
    assert text.encode() == fez.client.jobs.result_bytes(job.job_id())


@pytest.mark.parametrize("kind", ["running", "queued"])
def test_cancelling(slow_fez: HubIBMBackend, kind: str) -> None:
    sampler = SamplerV2(slow_fez)
    before = [sampler.run([FLIP], shots=1) for _ in range(4 if kind == "queued" else 0)]
    job = sampler.run([FLIP], shots=1)
    if kind == "running":
        until(job.running)
    else:
        assert job.status() == "QUEUED"
    job.cancel()
    assert job.status() == "CANCELLED"
    for one in (job, slow_fez.service.job(job.job_id())):
        assert one.cancelled()
        assert one.in_final_state()
        assert one.error_message() is None
        with pytest.raises(RuntimeInvalidStateError, match="was cancelled"):
            one.result()
        with pytest.raises(RuntimeInvalidStateError, match="cannot be cancelled"):
            one.cancel()
    for one in before:
        one.cancel()


def test_a_job_that_has_ended_cannot_be_cancelled(fez: HubIBMBackend) -> None:
    job = SamplerV2(fez).run([FLIP], shots=1)
    job.result()
    with pytest.raises(RuntimeInvalidStateError, match="COMPLETED"):
        job.cancel()
    assert job.result()[0].data.c.get_counts() == {"1": 1}
    assert fez.service.job(job.job_id()).status() == "DONE"


def test_a_failed_job_says_why_every_time(fez: HubIBMBackend) -> None:
    job = SamplerV2(fez).run([failing(156)], shots=1)
    job.wait_for_final_state()
    for one in (job, job, fez.service.job(job.job_id())):
        with pytest.raises(RuntimeJobFailureError, match=r"60 qubits.*limit"):
            one.result()
        assert one.status() == "ERROR"
        assert one.errored()
        assert "60 qubits" in one.error_message()
        assert job.job_id() in one.error_message()


@pytest.mark.parametrize("job_id", ["00000000-0000-0000-0000-000000000000", "nonsense"])
def test_there_is_no_such_job(ideal: HubRuntimeService, job_id: str) -> None:
    with pytest.raises(RuntimeJobNotFound, match=job_id):
        ideal.job(job_id)


def test_a_job_of_no_program_of_ibms_says_who_opens_it(ideal: HubRuntimeService) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    provider = HubProvider(client=ideal.client)
    job = provider.get_backend("aws.sim.sv1").run(circuit, shots=1)
    with pytest.raises(IBMRuntimeError, match=r"none of IBM's programs.*HubProvider\(\)\.job"):
        ideal.job(job.job_id())


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("UNKNOWN", "QUEUED"),
        ("PENDING", "QUEUED"),
        ("RUNNING", "RUNNING"),
        ("CANCELLING", "RUNNING"),
        ("CANCELLED", "CANCELLED"),
        ("COMPLETED", "DONE"),
        ("FAILED", "ERROR"),
        ("ABORTED", "ERROR"),
        ("DETACHED", "ERROR"),
        ("PONDERING", "PONDERING"),
    ],
)
def test_the_hubs_words_are_ibms(word: str, status: str) -> None:
    """Words that no local Hub says, and one that nobody knows."""
    document = {
        "id": "1",
        "status": word,
        "backend_id": "gone",
        "input_params": {"program_id": "sampler"},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/quantum")
        known = {
            "/jobs/1": document,
            "/jobs/1/status": {"status": word},
            "/jobs/1/result": {"error": {"message": "it is broken"}},
            "/backends": [],
        }
        return httpx.Response(200, json=known[path])

    settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
    with HubClient(settings, transport=httpx.MockTransport(answer)) as client:
        job = HubRuntimeService(client=client).job("1")
        assert job.status() == status
        assert job.backend().name == "gone"  # a retired one
        if status == "ERROR":
            with pytest.raises(
                RuntimeJobFailureError, match="broken" if word == "FAILED" else word
            ):
                job.result()
