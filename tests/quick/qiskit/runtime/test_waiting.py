"""Waiting for IBM's jobs goes through the client's one watcher."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from qiskit_ibm_runtime import Batch, SamplerV2, Session
from qiskit_ibm_runtime.exceptions import RuntimeJobTimeoutError

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic, recorded
from tests.quick.qiskit.runtime.trouble import Trouble

FLIP = flip(156)


@pytest.fixture
def watched_slow(slow: HubRuntimeService) -> Iterator[tuple[HubIBMBackend, Traffic]]:
    """A backend whose jobs last a second, and what its client sends."""
    with recorded(slow) as (service, traffic):
        backend = service.backend("ibm_fez")
        assert backend.target is not None
        yield backend, traffic
        traffic.assert_clean()


def watchers() -> int:
    return sum(thread.name == "qhub-watcher" for thread in threading.enumerate())


def test_a_wait_that_is_too_short(slow_fez: HubIBMBackend) -> None:
    job = SamplerV2(slow_fez).run([FLIP], shots=1)
    started = time.monotonic()
    with pytest.raises(RuntimeJobTimeoutError, match=rf"{job.job_id()}.*0\.2 s"):
        job.result(timeout=0.2)
    with pytest.raises(RuntimeJobTimeoutError):
        job.wait_for_final_state(timeout=0.1)
    assert time.monotonic() - started < 5
    assert job.status() in ("QUEUED", "RUNNING")
    assert job.wait_for_final_state(timeout=30) is None
    assert job.result(timeout=0.01)[0].data.c.get_counts() == {"1": 1}


def test_the_watcher_looks_when_it_wants(slow_fez: HubIBMBackend) -> None:
    """poll_interval has no effect: IBM's own loop would sleep an hour."""
    job = SamplerV2(slow_fez).run([FLIP], shots=1)
    assert job.result(timeout=60, poll_interval=3600)[0].data.c.get_counts() == {"1": 1}


def test_one_wait_asks_seldom(watched_slow: tuple[HubIBMBackend, Traffic]) -> None:
    """IBM's own loop reads the whole job ten times a second in a session."""
    backend, traffic = watched_slow
    with Session(backend) as session:
        job = SamplerV2(session).run([FLIP], shots=1)
        traffic.forget()
        job.result()
        assert traffic.count("GET /jobs/[^/]+") <= 1
        assert traffic.count("GET /jobs/[^/]+/status") <= 20
        assert traffic.count("GET /jobs/[^/]+/result.*") == 1
        traffic.forget()
        job.result()
        assert traffic.count("GET /jobs/[^/]+/result.*") == 1
        assert len(traffic.sent) <= 2


def test_many_waits_share_one_watcher(watched_slow: tuple[HubIBMBackend, Traffic]) -> None:
    """Eight jobs of a second, two at a time, in a batch: IBM's own loops would ask for each ten times a second."""
    backend, traffic = watched_slow
    before = watchers()
    with Batch(backend):
        jobs = [SamplerV2().run([FLIP], shots=1) for _ in range(8)]
        traffic.forget()
        with ThreadPoolExecutor(8) as pool:
            waits = [pool.submit(job.result) for job in jobs]
            time.sleep(0.5)
            assert watchers() - before == 1
            counts = [wait.result()[0].data.c.get_counts() for wait in waits]
    assert counts == [{"1": 1}] * 8
    assert traffic.count("GET /jobs/[^/]+") <= 8  # one look at each when it has ended
    assert traffic.count("GET /jobs/[^/]+/status") + traffic.count("GET /jobs") <= 80
    time.sleep(0.3)
    assert watchers() == before


def test_several_threads_wait_for_one_job(slow_fez: HubIBMBackend) -> None:
    job = SamplerV2(slow_fez).run([FLIP], shots=5)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: job.result(), range(4)))
    assert [result[0].data.c.get_counts() for result in results] == [{"1": 5}] * 4


def test_an_outage_ends_no_wait(trouble: Trouble) -> None:
    trouble.fault("slow-queue:seconds=1:times=1")
    job = SamplerV2(trouble.service.backend("ibm_fez")).run([FLIP], shots=2)
    outage = trouble.fault("503:getJobStatus,getJob,searchJobs:times=4")
    dropped = trouble.fault("drop:getJobStatus,getJob,searchJobs:skip=1:times=2")
    assert job.result(timeout=60)[0].data.c.get_counts() == {"1": 2}
    assert trouble.struck(outage) == 4
    assert trouble.struck(dropped) > 0
