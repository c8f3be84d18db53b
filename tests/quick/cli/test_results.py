"""`qhub result`: the document of the API, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

from qhub_cli.hub_faults import HubFaults
from tests.quick.cli.conftest import QHUB, Qhub
from tests.quick.local_hub.hub_process import BELL3, HubProcess


def test_on_standard_output_and_in_a_file(at_hub: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    job_id = hub.submit("aws.sim.sv1", BELL3)
    hub.wait(job_id)
    document = hub.http.get(f"/jobs/{job_id}/result").text
    assert at_hub("result", job_id).stdout == document
    path = tmp_path / "result.json"
    done = at_hub("result", job_id, "-o", path)
    assert path.read_text() == document
    assert (done.stdout, done.stderr) == ("", f"{len(document)} bytes in {path}\n")
    said = at_hub.json("result", job_id, "--output", path)
    assert said == {"id": job_id, "file": str(path), "bytes": len(document)}


def test_it_waits_where_it_is_told_to(at_hub: Qhub, hub: HubProcess, faults: HubFaults) -> None:
    faults.slow_queue(1.5, times=1)
    job_id = hub.submit("aws.sim.sv1", BELL3)
    assert "has no result yet" in at_hub.refused(16, "result", job_id)
    waited = at_hub("result", job_id, "--wait").stdout
    assert waited == hub.http.get(f"/jobs/{job_id}/result").text


def test_a_download_that_breaks_off_goes_on(
    at_hub: Qhub, hub: HubProcess, faults: HubFaults, tmp_path: Path
) -> None:
    job_id = hub.submit("aws.sim.sv1", BELL3, 5000)
    hub.wait(job_id)
    fault = faults.truncate("getJobResultStream", times=1)
    at_hub("result", job_id, "-o", tmp_path / "whole.json")
    assert faults.strikes(fault).struck == 1
    assert (tmp_path / "whole.json").read_text() == hub.http.get(f"/jobs/{job_id}/result").text


def test_a_file_that_cannot_be_written(at_hub: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    job_id = hub.submit("aws.sim.sv1", BELL3)
    hub.wait(job_id)
    words = at_hub.refused(1, "result", job_id, "-o", tmp_path / "absent" / "result.json")
    assert "No such file or directory" in words
    assert list(tmp_path.glob("*.json")) == []


def test_large_ones_go_through_a_pipe(at_hub: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    """And a pipe that is closed half-way ends the command without a word."""
    job_id = hub.submit("aws.sim.sv1", BELL3, 100_000)
    hub.wait(job_id)
    with subprocess.Popen(
        [QHUB, "result", job_id],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=at_hub.environment,
    ) as command:
        assert command.stdout.read(10) == b'{"braketSc'
        command.stdout.close()
        assert command.stderr.read() == b""
        assert command.wait(30) == 141
