"""Every body that satisfies the contract, and every one that clients send today, is accepted and computed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import ROOT, HubProcess

BODIES = ROOT / "tests/contract/bodies"
JOBS = sorted(BODIES.rglob("job_*.json"))
# Clients send numbers as texts, a program without its object, a discriminator: kept as the API describes them.
AS_DESCRIBED = {path.stem for path in (BODIES / "as-sent-today").glob("*.json")}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """A Hub of its own: these load every engine there is."""
    process = HubProcess("--seed", "7", "--workers", "1")
    yield process
    assert process.close() == 0


def named(path: Path) -> str:
    return path.relative_to(BODIES).with_suffix("").as_posix()


def without_nulls(value: Any) -> Any:
    """Absent and null mean the same."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


@pytest.mark.parametrize("path", JOBS, ids=named)
def test_a_job_is_accepted_and_computed(hub: HubProcess, path: Path) -> None:
    sent = json.loads(path.read_bytes())
    answer = hub.http.post(
        "/jobs", content=path.read_bytes(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 201, answer.text
    job = answer.json()
    conforms(job, component("Job"))
    same = ("backend_id", "shots", "name", "input_format", "input_params", "sdk_provider")
    for name in same:
        if sent.get(name):
            assert job[name] == sent[name]
    status = hub.wait(job["id"])
    result = hub.http.get(f"/jobs/{job['id']}/result").json()
    assert status == "COMPLETED", result
    assert "error" not in result
    conforms(hub.http.get(f"/jobs/{job['id']}").json(), component("Job"))
    kept = hub.http.get(f"/jobs/{job['id']}/input").json()
    if isinstance(sent["input"], str):
        assert kept == {"qasm": sent["input"]}
    elif path.stem not in AS_DESCRIBED:
        assert kept == without_nulls(sent["input"])


def test_a_session_is_created_and_changed(hub: HubProcess) -> None:
    wish = json.loads((BODIES / "session_create.json").read_bytes())
    session = hub.http.post("/sessions", json=wish)
    assert session.status_code == 201, session.text
    conforms(session.json(), component("Session"))
    for name in ("backend_id", "provider", "mode", "metadata", "sdk_provider"):
        if name in wish:
            assert session.json()[name] == wish[name]
    path = f"/sessions/{session.json()['id']}"
    changed = hub.http.patch(path, json=json.loads((BODIES / "session_update.json").read_bytes()))
    assert changed.status_code == 200, changed.text
    conforms(changed.json(), component("Session"))
    assert changed.json()["status"] in ("DRAINING", "CLOSED")
    assert hub.http.delete(path).status_code == 204
