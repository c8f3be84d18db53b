"""kill -9 of the server and its workers under load: every accepted job ends once, with one result."""

from pathlib import Path

import pytest

from tests.crash import Crash, sqlite_query


@pytest.mark.timeout(1500)
def test_every_accepted_job_is_accounted_for(tmp_path: Path, full: bool) -> None:
    crash = Crash(tmp_path, ["--ideal"], seed=5)
    crash.run(kills=50 if full else 5)
    crash.check(sqlite_query(tmp_path / "state" / "hub.sqlite"))
