"""`qhub explain`: what would be sent is what is sent, and nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.quick.cli.conftest import Qhub
from tests.quick.local_hub.hub_process import BELL2, BELL3, HubProcess


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL2)
    return path


def test_one_backend(at_hub: Qhub, hub: HubProcess, bell: Path) -> None:
    before = at_hub.json("jobs", "--limit", "0")
    given = (bell, "-b", "iqm.qpu.garnet", "--shots", "50")
    told = at_hub.json("explain", *given)
    assert (told["fits"], told["transpiled"], told["two_qubit_gates"]) == (True, True, 1)
    assert 0.8 < told["success"]["estimate"] < 1
    page = at_hub("explain", *given).stdout
    assert page.startswith("iqm.qpu.garnet: fits after transpiling\n")
    assert "1 two-qubit gate;" in page
    assert max(map(len, page.splitlines())) <= 80
    assert at_hub.json("jobs", "--limit", "0") == before
    (request,) = told["requests"]
    ran = at_hub.json("run", *given)
    sent = hub.http.get(f"/jobs/{ran['job_id']}").json()
    assert request["shots"] == sent["shots"] == 50
    assert request["input_format"] == sent["input_format"]


def test_what_would_be_sent_is_what_is_sent(at_hub: Qhub, hub: HubProcess, bell: Path) -> None:
    (request,) = at_hub.json("explain", bell, "-b", "kipu.sim.qsim")["requests"]
    ran = at_hub.json("run", bell, "-b", "kipu.sim.qsim")
    assert hub.http.get(f"/jobs/{ran['job_id']}/input").json() == request["input"]


def test_all_backends(at_hub: Qhub, bell: Path) -> None:
    page = at_hub("explain", bell).stdout
    lines = page.splitlines()
    assert lines[0].split() == ["backend", "fits", "depth", "2-qubit", "success", "queue"]
    assert any(line.split()[:2] == ["aws.sim.sv1", "as"] for line in lines)
    assert "aws.quera.aquila: is an analog device: it runs no circuits" in page


def test_a_pattern_and_prices(at_hub: Qhub, bell: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"iqm.*": {"per_task": 0.5, "per_shot": 0.01}}))
    told = at_hub.json("explain", bell, "-b", "iqm.*", "--prices", prices, "--shots", "100")
    assert {one["backend"]: one["price"] for one in told} == {
        "iqm.qpu.garnet": pytest.approx(1.5),
        "iqm.qpu.emerald": pytest.approx(1.5),
    }
    prices.write_text("[]")
    assert "no JSON object" in at_hub.refused(6, "explain", bell, "--prices", prices)
    none = at_hub("explain", bell, "-b", "nope*")
    assert none.stderr == "No backend fits.\n"
    prices.write_text('{"iqm.*": {"per_day": 1}}')
    assert "per_day" in at_hub.refused(6, "explain", bell, "-b", "iqm.*", "--prices", prices)


def test_by_braket(at_hub: Qhub, tmp_path: Path, bell: Path) -> None:
    path = tmp_path / "braket.qasm"
    path.write_text(BELL3)
    told = at_hub.json("explain", path, "-b", "aws.sim.sv1", "--sdk", "braket")
    (request,) = told["requests"]
    assert (told["fits"], request["input_format"]) == (True, "BRAKET_OPEN_QASM_V3")
    some = at_hub.json("explain", path, "-b", "aws.sim.*", "--sdk", "braket")
    assert {one["backend"] for one in some} == {"aws.sim.sv1", "aws.sim.dm1"}
    everywhere = at_hub.json("explain", bell, "--sdk", "braket")
    assert [one["backend"] for one in everywhere if not one["fits"]] == ["aws.quera.aquila"]


def test_a_circuit_that_fits_nowhere_is_an_answer(at_hub: Qhub, tmp_path: Path) -> None:
    path = tmp_path / "wide.qasm"
    path.write_text(BELL2.replace("[2]", "[200]"))
    told = at_hub.json("explain", path, "-b", "iqm.qpu.garnet")
    assert (told["fits"], told["requests"]) == (False, [])
    assert "does not fit" in at_hub("explain", path, "-b", "iqm.qpu.garnet").stdout
