"""Threads, forks, pickles and event loops while jobs are being waited for, against the local Hub."""

import asyncio
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from shared_transport import AsyncHubClient, HubClient, JobRequest, embedded_hub
from shared_transport.models import InputFormat

FLIP = "OPENQASM 3.0;\nbit[1] b;\nqubit[1] q;\nx q[0];\nb[0] = measure q[0];\n"
REQUEST = JobRequest(
    backend_id="aws.sim.sv1",
    shots=3,
    input={"qasm": FLIP},
    input_format=InputFormat.BRAKET_OPEN_QASM_V3,
)
JOB_SECONDS = 1.5


@pytest.fixture(scope="module")
def settings():
    return embedded_hub(job_seconds=JOB_SECONDS, workers=4)


def ones(client, job_id):
    return client.jobs.result(job_id)["measurements"] == [[1], [1], [1]]


def test_threads_wait_together_and_on_their_own(settings):
    with HubClient(settings) as client, ThreadPoolExecutor(12) as pool:
        jobs = [client.jobs.create(REQUEST).id for _ in range(4)]
        waits = [pool.submit(client.jobs.wait, job_id) for job_id in jobs * 3]
        done, running = wait(waits, timeout=60)
        assert not running
        assert {future.result() for future in done} == {"COMPLETED"}
        assert all(ones(client, job_id) for job_id in jobs)


def test_a_thread_that_gives_up_takes_nothing_from_another(settings):
    with HubClient(settings) as client, ThreadPoolExecutor(2) as pool:
        job_id = client.jobs.create(REQUEST).id
        patient = pool.submit(client.jobs.wait, job_id)
        hasty = pool.submit(client.jobs.wait, job_id, timeout=0.2)
        with pytest.raises(TimeoutError):
            hasty.result(30)
        assert not patient.done()
        assert patient.result(30) == "COMPLETED"


def test_a_pickle_made_in_the_middle_of_a_wait(settings):
    """Another process opens it and waits for the same job, while this one goes on waiting."""
    with HubClient(settings) as client, ThreadPoolExecutor(1) as pool:
        job_id = client.jobs.create(REQUEST).id
        looked = threading.Event()
        waiting = pool.submit(client.jobs.wait, job_id, on_status=lambda _: looked.set())
        assert looked.wait(30)
        text = pickle.dumps((client, job_id))
        assert not waiting.done()
        other = (
            "import pickle, sys; client, job_id = pickle.load(sys.stdin.buffer); "
            "print(client.jobs.wait(job_id), client.jobs.result(job_id)['measurements'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", other], input=text, capture_output=True, timeout=60
        )
        assert done.stdout.decode().split(None, 1) == ["COMPLETED", "[[1], [1], [1]]\n"], (
            done.stderr.decode()
        )
        assert waiting.result(30) == "COMPLETED"


FORK = f"""
import os, threading
from concurrent.futures import ThreadPoolExecutor
from shared_transport import HubClient, JobRequest, embedded_hub

request = JobRequest(backend_id="aws.sim.sv1", shots=3, input={{"qasm": {FLIP!r}}},
                     input_format="BRAKET_OPEN_QASM_V3")
client = HubClient(embedded_hub(job_seconds={JOB_SECONDS}))
job = client.jobs.create(request).id
looked = threading.Event()
pool = ThreadPoolExecutor(1)
waiting = pool.submit(client.jobs.wait, job, on_status=lambda _: looked.set())
assert looked.wait(30)
child = os.fork()
if child == 0:
    code = 1
    try:
        own = client.jobs.create(request).id
        ends = client.jobs.wait_all([job, own], timeout=30)
        code = 0 if set(ends.values()) == {{"COMPLETED"}} else 2
    finally:
        os._exit(code)
assert not waiting.done()
print("parent", waiting.result(30), "child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_in_the_middle_of_a_wait():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=90)
    assert done.stdout.strip() == "parent COMPLETED child 0", done.stderr


def test_awaited_waits_share_a_loop(settings):
    async def main():
        async with AsyncHubClient(settings) as client:
            jobs = [(await client.jobs.create(REQUEST)).id for _ in range(3)]
            beats = 0

            async def beat():
                nonlocal beats
                while True:
                    await asyncio.sleep(0.01)
                    beats += 1

            heart = asyncio.create_task(beat())
            hasty = asyncio.create_task(client.jobs.wait(jobs[0], timeout=0.2))
            dropped = asyncio.create_task(client.jobs.wait(jobs[0]))
            await asyncio.sleep(0.1)
            dropped.cancel()
            ends = await asyncio.gather(*[client.jobs.wait(job_id) for job_id in jobs * 2])
            heart.cancel()
            with pytest.raises(TimeoutError):
                await hasty
            assert ends == ["COMPLETED"] * 6
            assert dropped.cancelled()
            # The loop was never held up by a wait.
            assert beats > 20

    asyncio.run(main())


def test_one_async_client_in_two_event_loops_after_each_other(settings):
    client = AsyncHubClient(settings)

    async def one():
        async with client:
            job = await client.jobs.create(REQUEST)
            return await client.jobs.wait(job.id)

    assert [asyncio.run(one()), asyncio.run(one())] == ["COMPLETED", "COMPLETED"]


def test_a_loop_that_ended_in_the_middle_of_a_wait(settings):
    """As when a notebook's cell is interrupted: the next one waits for the same job with the same client."""
    client = AsyncHubClient(settings)

    async def begin():
        job_id = (await client.jobs.create(REQUEST)).id
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(client.jobs.wait(job_id)), 0.1)
        return job_id

    async def end(job_id):
        async with client:
            return await client.jobs.wait(job_id)

    assert asyncio.run(end(asyncio.run(begin()))) == "COMPLETED"
