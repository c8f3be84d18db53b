"""`HubSession` on IBM's backends and on another system: the same behaviour, and the same sessions as IBM's classes'."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime import SamplerV2, Session

from qhub_qiskit import (
    HubBackend,
    HubEstimator,
    HubProvider,
    HubRuntimeService,
    HubSampler,
    HubSession,
)
from qhub_qiskit.runtime.backend import HubIBMBackend
from shared_transport import NotFoundError, ValidationError
from tests.quick.qiskit.runtime.circuits import flip


@pytest.fixture(scope="module")
def provider() -> HubProvider:
    return HubProvider.local(seed=7, noise=False, sessions=True, job_seconds=1.0)


@pytest.fixture(params=["ibm.qpu.fez", "aws.sim.sv1"])
def backend(request: pytest.FixtureRequest, provider: HubProvider) -> HubBackend:
    return provider.get_backend(request.param)


def one() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.02)


def runs(job: Any) -> bool:
    return job.status().name == "RUNNING"


def test_the_backends_are_of_both_kinds(provider: HubProvider) -> None:
    assert isinstance(provider.get_backend("ibm.qpu.fez"), HubIBMBackend)
    assert not isinstance(provider.get_backend("aws.sim.sv1"), HubIBMBackend)


@pytest.mark.parametrize("mode", ["dedicated", "batch"])
def test_a_session_and_primitives_in_it(backend: HubBackend, mode: str) -> None:
    with HubSession(backend, mode=mode, max_time="30m") as session:
        ran = session.run(one(), shots=3)
        passed = backend.run(one(), shots=4, session=session)
        sampled = HubSampler(mode=session).run([one()], shots=5)
        state = one().remove_final_measurements(inplace=False)
        estimated = HubEstimator(mode=session).run([(state, SparsePauliOp("Z"))])
        assert ran.result().get_counts() == {"1": 3}
        assert passed.result().get_counts() == {"1": 4}
        assert sampled.result()[0].data.c.get_counts() == {"1": 5}
        assert estimated.result()[0].data.evs == pytest.approx(-1)
        details = session.details()
        assert details.mode == mode
        assert (details.expires_at - details.created_at).total_seconds() == 1800
        jobs = backend.client.sessions.jobs(session.session_id)
        assert len(jobs) == 4
    assert session.status() == "CLOSED"
    assert session.usage() == pytest.approx(sum(job.runtime for job in jobs) / 1000, abs=0.01)
    with pytest.raises(ValidationError, match="CLOSED"):
        HubSampler(mode=session).run([one()])


def test_closing_lets_it_run_empty(backend: HubBackend) -> None:
    session = HubSession(backend)
    job = session.run(one(), shots=2)
    until(lambda: runs(job))
    session.close()
    assert session.status() == "DRAINING"
    with pytest.raises(ValidationError, match="DRAINING"):
        session.run(one())
    assert job.result().get_counts() == {"1": 2}
    until(lambda: session.status() == "CLOSED", 2)


def test_cancelling_ends_it(backend: HubBackend) -> None:
    session = HubSession(backend)
    job = session.run(one(), shots=2)
    until(lambda: runs(job))
    session.cancel()
    assert session.status() == "CLOSED"
    assert job.result().get_counts() == {"1": 2}


def test_leaving_by_an_exception_lets_it_run_empty(backend: HubBackend) -> None:
    session = HubSession(backend)

    def fails() -> None:
        with session:
            session.run(one())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert session.status() == "DRAINING"
    until(lambda: session.status() == "CLOSED", 20)


def test_it_expires(backend: HubBackend) -> None:
    session = HubSession(backend, max_time=1)
    assert session.status() == "OPEN"
    until(lambda: session.status() == "CLOSED", 4)
    with pytest.raises(ValidationError, match="CLOSED"):
        session.run(one())
    with session:  # leaving one that has ended is no error
        pass


def test_it_is_opened_by_its_id(backend: HubBackend, provider: HubProvider) -> None:
    session = HubSession(backend, mode="batch")
    again = HubSession.from_id(session.session_id, backend)
    assert again.run(one(), shots=2).result().get_counts() == {"1": 2}
    with pytest.raises(ValidationError, match=r"not of kipu\.sim\.qsim"):
        HubSession.from_id(session.session_id, provider.get_backend("kipu.sim.qsim"))
    with pytest.raises(NotFoundError):
        HubSession.from_id("00000000-0000-0000-0000-000000000000", backend)
    again.cancel()
    assert session.status() == "CLOSED"


def test_they_are_the_same_sessions_as_those_of_ibms_classes(
    provider: HubProvider, slow: HubRuntimeService
) -> None:
    backend = provider.get_backend("ibm.qpu.fez")
    ours = HubSession(backend)
    theirs = Session.from_id(ours.session_id, slow)
    job = SamplerV2(theirs).run([flip(156)], shots=2)
    assert job.result()[0].data.c.get_counts() == {"1": 2}
    theirs.close()
    assert ours.status() == "CLOSED"
    with Session(backend) as theirs:
        ours = HubSession.from_id(theirs.session_id, backend)
        assert HubSampler(mode=ours).run([one()], shots=3).result()[0].data.c.get_counts() == {
            "1": 3
        }
        assert backend.run(one(), shots=4, session=theirs).result().get_counts() == {"1": 4}
        assert len(backend.client.sessions.jobs(theirs.session_id)) == 2
    assert ours.details().ended
