"""Both clients against the local Hub: the same calls, blocking and awaited."""

from __future__ import annotations

import asyncio
import json

import pytest

from shared_transport import AsyncHubClient, HubClient, JobRequest, NotFoundError, embedded_hub
from shared_transport.models import InputFormat

BELL = (
    "OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\n"
    "b[0] = measure q[0];\nb[1] = measure q[1];\n"
)


def bell(shots: int = 10) -> JobRequest:
    return JobRequest(
        backend_id="aws.sim.sv1",
        shots=shots,
        input={"qasm": BELL},
        input_format=InputFormat.BRAKET_OPEN_QASM_V3,
    )


@pytest.fixture(scope="module")
def settings():
    return embedded_hub(seed=3)


def test_blocking(settings, tmp_path):
    with HubClient(settings) as client:
        assert {"aws.sim.sv1", "kipu.sim.qsim"} <= {b.id for b in client.backends.list()}
        jobs = [client.jobs.create(bell(shots)) for shots in range(1, 9)]
        statuses = client.jobs.wait_all([job.id for job in jobs], timeout=60)
        assert set(statuses.values()) == {"COMPLETED"}
        assert client.jobs.result(jobs[2].id)["measuredQubits"] == [0, 1]
        path = client.jobs.result_to_file(jobs[2].id, tmp_path / "result.json")
        assert json.loads(path.read_bytes()) == client.jobs.result(jobs[2].id)
        assert list(tmp_path.glob("*.part")) == list(tmp_path.glob(".*.part")) == []
        assert {job.id for job in jobs} <= {job.id for job in client.jobs.list()}
        with pytest.raises(NotFoundError, match="no getRuntimeMinutes"):
            client.runtime_minutes()


def test_awaited(settings, tmp_path):
    async def main():
        async with AsyncHubClient(settings) as client:
            assert "aws.sim.sv1" in {b.id for b in await client.backends.list()}
            jobs = await asyncio.gather(*[client.jobs.create(bell(n)) for n in range(1, 9)])
            seen = []
            assert await client.jobs.wait(jobs[0].id, on_status=seen.append) == "COMPLETED"
            assert seen[-1] == "COMPLETED"
            ids = [job.id for job in jobs]
            assert {job_id async for job_id, _ in client.jobs.as_completed(ids)} == set(ids)
            path = await client.jobs.result_to_file(jobs[3].id, tmp_path / "result.json")
            document = await client.jobs.result(jobs[3].id)
            assert json.loads(path.read_bytes()) == document
            assert len(document["measurements"]) == 4
            listed = {job.id async for job in client.jobs.list()}
            assert set(ids) <= listed

    asyncio.run(main())
