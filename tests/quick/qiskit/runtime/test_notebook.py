"""IBM's jobs and service in a notebook: HTML, the bar while somebody waits, and `await`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from qiskit_ibm_runtime import SamplerV2, Session

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.html_page import seen
from tests.quick.qiskit.runtime.circuits import failing, flip

FLIP = flip(156)
HOSTILE = "<script>alert(1)</script>"


def test_a_service_is_the_table_of_its_backends(ideal: HubRuntimeService) -> None:
    page = seen(ideal)
    assert [row[0] for row in page.rows[1:]] == [backend.name for backend in ideal.backends()]
    assert "and 12 that IBM's programs cannot run on".replace("'", "&#x27;") in ideal._repr_html_()


def test_a_job_is_shown_as_it_is_now(slow_fez: HubIBMBackend) -> None:
    with Session(slow_fez) as session:
        sampler = SamplerV2(session, options={"environment": {"job_tags": [HOSTILE]}})
        job = sampler.run([FLIP], shots=7)
        told = seen(job).told
        assert told["status"] in ("PENDING", "RUNNING")
        assert "ended" not in told
        job.result()
    told = seen(job).told
    assert told["id"] == job.job_id()
    assert told["status"] == "COMPLETED"
    assert told["program"] == "sampler"
    assert told["shots"] == "7"
    assert told["tags"] == HOSTILE
    assert told["session"] == session.session_id
    assert "why" not in told


def test_a_job_that_failed_says_why(fez: HubIBMBackend) -> None:
    job = SamplerV2(fez).run([failing(156)], shots=1)
    job.wait_for_final_state()
    told = seen(job).told
    assert told["status"] == "FAILED"
    assert told["why"] == job.error_message()
    assert "60 qubits" in told["why"]


def test_a_wait_has_a_bar(
    slow_fez: HubIBMBackend, bar: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sampler = SamplerV2(slow_fez)

    def second() -> Any:
        """A job that waits for another one."""
        sampler.run([FLIP], shots=1)
        return sampler.run([FLIP], shots=1)

    async def awaited() -> Any:
        return await second()

    for wait in (lambda: second().result(), lambda: asyncio.run(awaited())):
        result = wait()
        assert result[0].data.c.get_counts() == {"1": 1}
        drawn = capsys.readouterr().err
        assert "ibm.qpu.fez: " in drawn
        assert "0/1" in drawn
        assert drawn.endswith("\r")


def test_several_jobs_are_awaited(fez: HubIBMBackend) -> None:
    async def several() -> list[Any]:
        jobs = [SamplerV2(fez).run([FLIP], shots=shots) for shots in (1, 2, 3)]
        return await asyncio.gather(*jobs)

    counted = [result[0].data.c.get_counts() for result in asyncio.run(several())]
    assert counted == [{"1": 1}, {"1": 2}, {"1": 3}]
