"""A Hub whose disk takes no more, as the system itself says it: by its limit on the size of files."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from tests.quick.local_hub.hub_process import BELL3, LONG3, HubProcess

SV1 = "aws.sim.sv1"
# Some seconds in the worker.
SOME3 = "OPENQASM 3.0;\nqubit[2] q;\nfor int i in [0:9000] { h q[0]; }\n"


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    hub = HubProcess("--workers", "1", "--state", str(tmp_path), log=Path(os.devnull))
    try:
        done = hub.submit(SV1, BELL3)
        assert hub.wait(done) == "COMPLETED"
        result = hub.http.get(f"/jobs/{done}/result").content
        running, waiting = hub.submit(SV1, SOME3), hub.submit(SV1, LONG3)
        hub.wait(running, "RUNNING")
        size = (tmp_path / "hub.sqlite-wal").stat().st_size
        _, hard = resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (size, -1))
        for refused in (
            hub.post(SV1, BELL3),
            hub.http.post("/sessions", json=session()),
            hub.http.post("/admin/users", json={"name": "ada"}),
            hub.http.delete(f"/jobs/{waiting}"),
        ):
            assert refused.status_code == 503, refused.text
            assert "stored" in refused.json()["detail"]
            assert refused.headers["Retry-After"] == "2"
        # What is stored is served.
        assert hub.http.get(f"/jobs/{done}/result").content == result
        listed = {job["id"] for job in hub.http.get("/jobs").json()["content"]}
        assert listed == {done, running, waiting}
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert hub.wait(running) == "COMPLETED"
        assert hub.wait(waiting) == "CANCELLED"
        assert len(hub.run(SV1, BELL3)["measurements"]) == 100
        assert hub.http.get("/workloads").json()["total_elements"] == 4
    finally:
        assert hub.close() == 0


def session() -> dict[str, str]:
    return {"backend_id": "ibm.qpu.fez", "provider": "IBM", "mode": "batch"}
