"""The project's own client survives the faults of the local Hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared_transport import HubClient, JobRequest, RetryPolicy, ServerError, Settings
from tests.quick.local_hub.faults.raw import QSIM, add, struck
from tests.quick.local_hub.hub_process import BELL2, HubProcess


def client_of(hub: HubProcess, **settings: Any) -> HubClient:
    quick = RetryPolicy(attempts=5, first_delay=0.02, deadline=20)
    own = Settings.of_runtime_file(hub.info["runtime_file"])
    return HubClient(replace(own, retry=quick, **{"settle_time": 0.6, **settings}))


def submit(client: HubClient, tag: str) -> str:
    request = JobRequest(backend_id=QSIM, shots=10, input={"qasm": BELL2}, tags=(tag,))
    return str(client.jobs.create(request).id)


def jobs_with(client: HubClient, tag: str) -> list[str]:
    return [str(job.id) for job in client.jobs.list() if tag in (job.tags or ())]


@pytest.mark.parametrize(
    "fault",
    [
        "429:createJob:times=2",
        "503:createJob:times=1",
        "drop:createJob:times=1",
        "reset:createJob:times=1",
        "drop-after:createJob:times=1",
        "reset-after:createJob:times=1",
        "503-after:createJob:times=1",
        "truncate:createJob:times=1",
        "reset-after:createJob:times=1 late-listing:seconds=0.3:times=1",
        "reset-after:createJob:times=1 503:searchJobs:times=2",
        "drop:createJob:times=1 drop-after:createJob:times=1",
    ],
)
def test_a_job_is_created_exactly_once(
    hub: HubProcess, fault: str, request: pytest.FixtureRequest
) -> None:
    tag = request.node.name[:100]
    with client_of(hub) as client:
        submit(client, "the Hub gives tags back")
        placed = [add(hub, text) for text in fault.split()]
        job_id = submit(client, tag)
        assert all(struck(hub, one) for one in placed)
        assert client.jobs.wait(job_id) == "COMPLETED"
        assert jobs_with(client, tag) == [job_id]


def test_a_500_is_the_hubs_word_that_there_is_no_job(hub: HubProcess) -> None:
    with client_of(hub) as client:
        fault = add(hub, "500:createJob:times=1")
        with pytest.raises(ServerError, match="by the fault 500:createJob:times=1"):
            submit(client, "failed")
        assert struck(hub, fault) == {"createJob": 1}
        assert jobs_with(client, "failed") == []


def test_a_result_that_breaks_off_again_and_again_is_whole_in_the_end(
    hub: HubProcess, tmp_path: Path
) -> None:
    with client_of(hub) as client:
        job_id = submit(client, "download")
        client.jobs.wait(job_id)
        whole = hub.http.get(f"/jobs/{job_id}/result").content
        fault = add(hub, "truncate:getJobResultStream:times=3")
        client.jobs.result_to_file(job_id, tmp_path / "result.json")
        assert (tmp_path / "result.json").read_bytes() == whole
        assert struck(hub, fault) == {"getJobResultStream": 3}


def test_a_wait_outlives_faults(hub: HubProcess) -> None:
    with client_of(hub) as client:
        add(hub, "slow-queue:seconds=0.5:times=1")
        job_id = submit(client, "wait")
        add(hub, "reset:GET:probability=0.3")
        add(hub, "503:GET:probability=0.3")
        assert client.jobs.wait(job_id, timeout=30) == "COMPLETED"
