"""Every operation of the API by both clients, against the local Hub; each request is held against the contract."""

from __future__ import annotations

import asyncio
import inspect
import json
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from shared_transport import AsyncHubClient, HubClient, JobRequest, NotFoundError, Settings
from shared_transport.errors import HubError, ValidationError
from shared_transport.models import SessionStatus
from shared_transport.requests import SessionRequest
from tests.contract_check import (
    NEWER_READS,
    Record,
    async_recording_transport,
    operation_ids,
    recording_transport,
)
from tests.quick.local_hub.hub_process import BELL2, HubProcess

QSIM = "kipu.sim.qsim"


@pytest.fixture(scope="module")
def hub():
    process = HubProcess("--seed", "7", "--workers", "1", "--sessions", "all", "--user", "ann:word")
    yield process
    assert process.close() == 0


def bell(**fields):
    return JobRequest(backend_id=QSIM, shots=10, input={"qasm": BELL2}, **fields)


async def answer_of(call):
    """What a client's method gives: at once, when awaited, or item by item."""
    if inspect.isawaitable(call):
        return await call
    if hasattr(call, "__aiter__"):
        return [item async for item in call]
    return list(call) if hasattr(call, "__next__") else call


async def refusal_of(make):
    """The error that a client's method raises."""
    with pytest.raises(HubError) as caught:
        await answer_of(make())
    return caught.value


async def ask_for_everything(client, inside, execution_id, folder):
    """All operations: `client` is the owner's, `inside` has the token of the service execution."""
    do = answer_of
    # backends
    assert QSIM in {backend.id for backend in await do(client.backends.list())}
    assert [b.id for b in await do(client.backends.list(provider="KIPU"))] == [QSIM]
    assert (await do(client.backends.get(QSIM))).provider == "KIPU"
    assert (await do(client.backends.status(QSIM))).status == "ONLINE"
    assert (await do(client.backends.config(QSIM)))["synthetic"] is True
    assert await do(client.backends.calibration(QSIM)) is None
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert await do(client.backends.calibration(QSIM, effective_at=moment)) is None
    error = await refusal_of(lambda: client.backends.least_busy("KIPU", min_qubits=2))
    assert isinstance(error, ValidationError)
    # jobs
    job = await do(client.jobs.create(bell(name="bell", tags=["a"])))
    assert await do(client.jobs.wait(job.id)) == "COMPLETED"
    assert await do(client.jobs.status(job.id)) == "COMPLETED"
    known = await do(client.jobs.get(job.id))
    assert (known.name, known.shots, known.created_at.tzinfo) == ("bell", 10, UTC)
    assert await do(client.jobs.input(job.id)) == {"qasm": BELL2}
    assert await do(client.jobs.calibration(job.id)) is None
    result = await do(client.jobs.result(job.id))
    assert sum(result["counts"].values()) == 10
    path = await do(client.jobs.result_to_file(job.id, folder / f"{job.id}.json"))
    assert json.loads(path.read_bytes()) == result
    assert job.id in {item.id for item in await do(client.jobs.list())}
    assert (await do(client.jobs.page(0, 1, ["created_at,desc"]))).size == 1
    await do(client.jobs.cancel(job.id))
    # sessions
    wish = SessionRequest(
        backend_id=QSIM, provider="KIPU", ttl=600, tags=["a"], metadata={"k": [1]}
    )
    session = await do(client.sessions.create(wish))
    assert (session.status, session.mode) == (SessionStatus.OPEN, "dedicated")
    assert (session.expires_at - session.created_at).total_seconds() == 600
    joined = await do(client.jobs.create(bell(session_id=session.id)))
    assert joined.session_id == session.id
    await do(client.jobs.wait(joined.id))
    assert [item.id for item in await do(client.sessions.jobs(session.id))] == [joined.id]
    assert await do(client.sessions.status(session.id)) == SessionStatus.ACTIVE
    assert (await do(client.sessions.close(session.id))).status == SessionStatus.CLOSED
    closed = await do(client.sessions.get(session.id))
    assert closed.metadata["k"] == [1]
    assert closed.closed_at.tzinfo is UTC
    await do(client.sessions.cancel(session.id))
    # workloads
    assert {session.id, joined.id} <= {item.id for item in await do(client.workloads.list())}
    only = await do(client.workloads.list(type="SESSION", backend_id=[QSIM], tag="a"))
    assert session.id in {item.id for item in only}
    assert {item.type for item in only} == {"SESSION"}
    assert (await do(client.workloads.page(0, 1))).total_elements >= 3
    # within a service execution
    job = await do(inside.jobs.create(bell()))
    session = await do(inside.sessions.create(SessionRequest(backend_id=QSIM, provider="KIPU")))
    joined = await do(inside.jobs.create(bell(session_id=session.id)))
    await do(inside.jobs.wait(joined.id))
    assert isinstance(await refusal_of(lambda: client.jobs.get(job.id)), NotFoundError)
    execution = client.service_execution(execution_id)
    assert (await do(execution.job(job.id))).id == job.id
    assert await do(execution.job_status(joined.id)) == "COMPLETED"
    assert await do(execution.job_input(job.id)) == {"qasm": BELL2}
    assert sum(json.loads(await do(execution.job_result(joined.id)))["counts"].values()) == 10
    assert await do(execution.job_calibration(job.id)) is None
    assert await do(execution.session_status(session.id)) == SessionStatus.ACTIVE
    assert [item.id for item in await do(execution.session_jobs(session.id))] == [joined.id]
    assert (await do(execution.close_session(session.id))).status == SessionStatus.CLOSED
    await do(execution.cancel_session(session.id))
    await do(execution.cancel_job(job.id))
    owned = {job.id, joined.id, session.id}
    assert owned <= {item.id for item in await do(execution.workloads())}
    assert (await do(execution.workloads_page(0, 2))).size == 2
    listed = await do(client.jobs.list(service_execution_id=execution_id))
    assert {job.id, joined.id} <= {item.id for item in listed}
    # what is newer than this Hub
    for read in (
        lambda: client.backends.calibration_history(QSIM),
        lambda: client.jobs.input_normalized(job.id),
        lambda: client.jobs.result_normalized(job.id),
        lambda: client.jobs.result_normalized_memory(job.id),
        lambda: client.runtime_minutes(),
        lambda: execution.session(session.id),
    ):
        error = await refusal_of(read)
        assert isinstance(error, NotFoundError)
        assert "3.3" in str(error)


def of_token(hub, token):
    return Settings(base_url=hub.info["base_url"], token=token, journal=None)


def execution_of(hub):
    answer = hub.http.post("/admin/service-executions").json()
    return answer["id"], answer["token"]


def check(record):
    record.assert_clean()
    assert operation_ids() <= set(record.seen)
    assert set(NEWER_READS.values()) <= set(record.seen)


def test_blocking(hub, tmp_path):
    record = Record()
    execution_id, token = execution_of(hub)
    clients = [
        HubClient(
            of_token(hub, SecretStr(own)),
            transport=recording_transport(httpx.HTTPTransport(), record),
        )
        for own in (hub.info["token"], token)
    ]
    asyncio.run(ask_for_everything(*clients, execution_id, tmp_path))
    for client in clients:
        client.close()
    check(record)


def test_awaited(hub, tmp_path):
    record = Record()
    execution_id, token = execution_of(hub)

    async def main():
        clients = [
            AsyncHubClient(
                of_token(hub, SecretStr(own)),
                transport=async_recording_transport(httpx.AsyncHTTPTransport(), record),
            )
            for own in (hub.info["token"], token)
        ]
        await ask_for_everything(*clients, execution_id, tmp_path)
        for client in clients:
            await client.aclose()

    asyncio.run(main())
    check(record)
