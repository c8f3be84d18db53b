"""Faults and latency as options of the command line."""

from __future__ import annotations

import time

from tests.quick.local_hub.faults.raw import raw
from tests.quick.local_hub.hub_process import HubProcess


def test_faults_and_latency_of_the_command_line() -> None:
    process = HubProcess(
        *("--latency", "0.1", "--fault", "503:getBackends:times=1"),
        *("--fault", "reset:GET /jobs/*:times=1", "--workers", "1"),
    )
    begin = time.monotonic()
    answers = [raw(process, "GET", path) for path in ("/backends", "/backends", "/jobs/5")]
    assert [answer.status for answer in answers] == [503, 200, None]
    assert answers[2].end == "reset"
    assert time.monotonic() - begin >= 0.2
    assert process.http.get("/admin/faults").json()["latency"] == "0.1"
    assert process.close() == 0
