"""`HubSession` on the local Hub."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

from qhub_qiskit import HubBackend, HubProvider, HubSession
from shared_transport import NotFoundError, ValidationError


@pytest.fixture(scope="module")
def backend() -> HubBackend:
    return HubProvider.local(seed=7, sessions=True).get_backend("aws.sim.sv1")


def flip() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_jobs_run_in_it_and_leaving_lets_it_run_empty(backend):
    with HubSession(backend, mode="batch", max_time="1h 30m") as session:
        job = session.run([flip(), flip()], shots=5)
        assert job.result().get_counts() == [{"1": 5}, {"1": 5}]
        assert {one.session_id for one in job.hub_jobs()} == {session.session_id}
        details = session.details()
        assert details.mode == "batch"
        assert (details.expires_at - details.created_at).total_seconds() == pytest.approx(
            5400, abs=2
        )
    assert session.details().ended
    assert session.usage() > 0
    with pytest.raises(ValidationError):
        session.run(flip())


def test_leaving_by_an_exception_closes_it_too(backend):
    session = HubSession(backend)

    def fails() -> None:
        with session:
            session.run(flip()).result()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert session.status() in ("DRAINING", "CLOSED")


def test_it_is_opened_by_its_id_and_ended(backend):
    session = HubSession(backend)
    again = HubSession.from_id(session.session_id, backend)
    job = backend.run(flip(), shots=3, session=again)
    assert job.result().get_counts() == {"1": 3}
    again.cancel()
    assert session.details().ended
    with session:  # one that has ended is left alone
        pass


def test_refusals(backend, provider):
    with pytest.raises(ValidationError, match="dedicated"):
        HubSession(backend, mode="both")
    with pytest.raises(ValidationError, match="no duration"):
        HubSession(backend, max_time="soon")
    with pytest.raises(ValidationError, match="no duration"):
        HubSession(backend, max_time=1.5)
    with pytest.raises(NotFoundError):
        HubSession.from_id("00000000-0000-0000-0000-000000000000", backend)
    with pytest.raises(ValidationError, match=r"kipu\.sim\.qsim has no sessions") as none:
        HubSession(provider.get_backend("kipu.sim.qsim"))
    assert "backend.run(circuits)" in none.value.hint
    other = HubProvider.local(seed=7, sessions=True).get_backend("kipu.sim.qsim")
    session = HubSession(backend)
    with pytest.raises(ValidationError, match=r"one of aws\.sim\.sv1, not of kipu"):
        HubSession.from_id(session.session_id, other)
    session.cancel()
