"""Errors are IBM's own classes where IBM's code has one, and everywhere else both IBM's and ours."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from qiskit_ibm_runtime import SamplerV2, Session
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMRuntimeError
from qiskit_ibm_runtime.session import AdvancedSession

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from qhub_qiskit.runtime.errors import NotOnHubError
from shared_transport import AuthenticationError, HubClient, HubError, RetryPolicy
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic
from tests.quick.qiskit.runtime.trouble import Trouble

FLIP = flip(156)
UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def stranger(ideal: HubRuntimeService) -> Iterator[HubRuntimeService]:
    """A service whose token the Hub does not know."""
    settings = replace(ideal.client.settings, token=SecretStr("wrong"))
    with HubClient(settings) as client:
        yield HubRuntimeService(client=client)


@pytest.mark.parametrize(
    "call",
    [
        lambda service: service.backends(),
        lambda service: service.backend("ibm_fez"),
        lambda service: service.least_busy(),
        lambda service: service.least_busy(simulator=False),
        lambda service: service.jobs(),
        lambda service: service.jobs(backend_name="ibm_fez"),
    ],
    ids=["backends", "backend", "least_busy", "least_busy_filtered", "jobs", "jobs_of_backend"],
)
def test_a_wrong_token(stranger: HubRuntimeService, call: Callable[[Any], Any]) -> None:
    with pytest.raises(HubError, match="does not accept the token") as caught:
        call(stranger)
    error = caught.value
    assert isinstance(error, RequestsApiError)  # what IBM's own service raises
    assert error.status_code == error.status == 401
    assert isinstance(error.__cause__, AuthenticationError)
    assert "HubProvider(token=...)" in str(error)
    assert "wrong" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status_code) == (str(error), 401)


def test_a_wrong_token_where_ibms_code_translates(stranger: HubRuntimeService) -> None:
    with pytest.raises(IBMRuntimeError, match=r"Failed to retrieve job.*token") as caught:
        stranger.job(UNKNOWN)
    assert type(caught.value) is IBMRuntimeError


def test_an_outage_where_ibms_code_translates(trouble: Trouble) -> None:
    policy = RetryPolicy(attempts=2, first_delay=0.01)
    with trouble.client(retry=policy) as (service, _):
        job = SamplerV2(service.backend("ibm_fez")).run([FLIP], shots=1)
        job.result()
        outage = trouble.fault("503:getJob,getJobStatus,cancelJob")
        for call, said in (
            (job.cancel, "cancel job"),
            (job.metrics, "get job metadata"),
            (job.usage, "get job metadata"),
            (lambda: service.job(job.job_id()), "retrieve job"),
        ):
            with pytest.raises(IBMRuntimeError, match=f"Failed to {said}.*503") as caught:
                call()
            assert type(caught.value) is IBMRuntimeError
        trouble.remove(outage)
        assert job.metrics()["usage"]["status"] == "final"


def test_what_the_hub_does_not_know_is_no_unknown_program(fez: HubIBMBackend) -> None:
    """IBM's code takes a 404 for a program that there is not; here it is the session."""
    with pytest.raises(IBMRuntimeError, match=f"no session {UNKNOWN}") as caught:
        fez.service._run(
            program_id="sampler",
            inputs={"pubs": [(FLIP, None, 1)], "version": 2},
            options={"backend": fez},
            session_id=UNKNOWN,
        )
    assert type(caught.value) is IBMRuntimeError


def test_fields_of_a_session_that_the_hub_has_not(
    watched_fez: tuple[HubIBMBackend, Traffic],
) -> None:
    backend, traffic = watched_fez
    with pytest.raises(NotOnHubError, match="mine"):
        AdvancedSession(backend, mine=1)
    assert traffic.count("POST .*") == 0


@pytest.mark.parametrize("given", ["nonsense", "0 minutes"])
def test_a_time_that_is_none(fez: HubIBMBackend, given: str) -> None:
    with pytest.raises(ValueError, match="max_time"):
        Session(fez, max_time=given)


@pytest.mark.parametrize("given", [0, -1])
def test_a_time_that_is_too_short(fez: HubIBMBackend, given: int) -> None:
    with pytest.raises(IBMInputValueError, match=f"max_time has to be .*not {given}"):
        Session(fez, max_time=given)


def test_services_of_one_client_are_equal(
    ideal: HubRuntimeService, stranger: HubRuntimeService
) -> None:
    same = HubRuntimeService(client=ideal.client)
    assert same == ideal
    assert hash(same) == hash(ideal)
    assert stranger != ideal
