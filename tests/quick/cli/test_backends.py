"""The commands on backends, against what the API itself says."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from qhub_cli.coupling_map import couplings, draw
from qhub_cli.hub_faults import HubFaults
from qhub_cli.options import Call
from shared_transport.credentials import BASE_URL_VARIABLE, TOKEN_VARIABLES
from shared_transport.errors import ServerError, TransportError
from tests.quick.cli.conftest import Qhub, said
from tests.quick.local_hub.hub_process import HubProcess

ON_A_GRID = (
    *("ibm.qpu.fez", "ibm.qpu.miami"),
    *("iqm.qpu.garnet", "iqm.qpu.emerald", "aws.rigetti.cepheus"),
)


def of_api(hub: HubProcess, backend_id: str) -> dict[str, object]:
    document = said(hub.http.get(f"/backends/{backend_id}").json())
    return {**document, "state": hub.http.get(f"/backends/{backend_id}/status").json()}


def test_the_list_is_the_apis(at_hub: Qhub, hub: HubProcess) -> None:
    known = hub.http.get("/backends").json()
    assert at_hub.json("backends") == [of_api(hub, one["id"]) for one in known]
    lines = at_hub.lines("backends")
    assert [line[0] for line in lines] == [one["id"] for one in known]
    assert all("ONLINE" in line for line in lines)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["ibm.qpu.f*"], {"ibm.qpu.fez"}),
        (["--provider", "quandela"], {"quandela.qpu.belenos", "quandela.sim.altair"}),
        (["--hardware-provider", "IonQ"], {"aws.ionq.forte", "azure.ionq.simulator"}),
        (["--technology", "neutral_atoms"], {"aws.quera.aquila"}),
        (["--simulator", "--min-num-qubits", "30"], {"aws.sim.sv1", "kipu.sim.qsim"}),
        (
            ["--qpu", "aws.*", "--min-num-qubits", "100"],
            {"aws.quera.aquila", "aws.rigetti.cepheus"},
        ),
        (["--not-operational"], set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_filters(at_hub: Qhub, given: list[str], wanted: set[str]) -> None:
    done = at_hub("backends", *given)
    assert {line.split()[0] for line in done.stdout.splitlines()[1:]} == wanted
    assert ("No backend fits" in done.stderr) is (not wanted)


def test_those_that_run_now(at_hub: Qhub, faults: HubFaults) -> None:
    faults.backend("azure.ionq.simulator", "PAUSED")
    (line,) = at_hub.lines("backends", "azure*", "--not-operational")
    assert line[:5] == ["azure.ionq.simulator", "SIMULATOR", "TRAPPED_ION", "29", "PAUSED"]
    assert at_hub.json("backends", "azure*", "--operational") == []


def test_without_a_token_the_list_is_there(at_hub: Qhub, hub: HubProcess) -> None:
    del at_hub.environment["KQH_PERSONAL_ACCESS_TOKEN"]
    done = at_hub("backends", "k*")
    assert done.stdout.splitlines()[1].split()[0] == "kipu.sim.qsim"
    assert "qhub login" in done.stderr
    public = {one["id"]: said(one) for one in hub.anonymous.get("/backends").json()}
    assert at_hub.json("backend", "kipu.sim.qsim") == public["kipu.sim.qsim"]
    assert "aws.sim.sv1" in at_hub.refused(4, "backend", "aws.sim.sv2")


def test_a_page_of_a_backend(at_hub: Qhub, hub: HubProcess) -> None:
    calibrated_at = hub.http.get("/backends/iqm.qpu.garnet/calibration").json()["calibrated_at"]
    assert at_hub.json("backend", "iqm.qpu.garnet") == {
        **of_api(hub, "iqm.qpu.garnet"),
        "calibrated_at": calibrated_at,
    }
    page = at_hub("backend", "iqm.qpu.garnet").stdout
    facts = dict(re.findall(r"^(\S[\w ]*?)  +(\S.*)$", page, re.MULTILINE))
    assert facts["Qubits"] == "20"
    assert facts["Native gates"] == "prx cz"
    assert facts["State"] == "ONLINE"
    assert facts["Queue"] == "0 waiting"
    assert facts["Shots"] == "1 to 20000"
    assert re.search(r"T1 [\d.]+ µs, T2 [\d.]+ µs, error of measure \d", facts["Medians"])
    assert "Coupling map (30 pairs)" in page


def test_the_medians_are_those_of_the_document(at_hub: Qhub, hub: HubProcess) -> None:
    document = hub.http.get("/backends/iqm.qpu.garnet/calibration").json()
    assert at_hub.json("calibration", "iqm.qpu.garnet") == document
    times = sorted(
        1e6 * one["value"]
        for one in document["calibration"]["observations"]
        if one["dut_field"].endswith("t1_time")
    )
    page = at_hub("calibration", "iqm.qpu.garnet").stdout
    median, best, worst, number = re.search(
        r"^T1 +([\d.]+) µs +([\d.]+) µs +([\d.]+) µs +(\d+)$", page, re.MULTILINE
    ).groups()
    assert float(median) == pytest.approx((times[9] + times[10]) / 2, rel=1e-3)
    assert (float(best), float(worst)) == pytest.approx((times[-1], times[0]), rel=1e-3)
    assert int(number) == len(times) == 20
    first = next(
        1e6 * one["value"]
        for one in document["calibration"]["observations"]
        if one["dut_field"] == "characterization.model.QB1.t1_time"
    )
    assert re.search(rf"^QB1 +{first:.4g} µs ", page, re.MULTILINE)


def test_an_earlier_calibration(at_hub: Qhub, hub: HubProcess) -> None:
    newest = hub.http.get("/backends/iqm.qpu.garnet/calibration").json()
    earlier = at_hub.json("calibration", "iqm.qpu.garnet", "--at", "2026-10-20T00:00Z")
    asked = {"effectiveAt": "2026-10-20T00:00:00Z"}
    assert earlier == hub.http.get("/backends/iqm.qpu.garnet/calibration", params=asked).json()
    assert earlier["calibrated_at"] < newest["calibrated_at"]
    assert "neither a time" in at_hub.refused(2, "calibration", "iqm.qpu.garnet", "--at", "soon")


def test_a_calibration_that_is_no_gate_models(at_hub: Qhub) -> None:
    page = at_hub("calibration", "aws.quera.aquila").stdout
    assert re.search(r"^lattice\.positionErrorAbs +2\.25e-07$", page, re.MULTILINE)


def test_a_backend_without_calibration(at_hub: Qhub) -> None:
    assert at_hub.json("calibration", "aws.sim.sv1") is None
    done = at_hub("calibration", "aws.sim.sv1")
    assert (done.stdout, done.stderr) == ("", "aws.sim.sv1 has no calibration.\n")
    done = at_hub("calibration", "ibm.qpu.fez", "--at", "1999-01-01")
    words = "ibm.qpu.fez has no calibration that was in force at 1999-01-01.\n"
    assert (done.stdout, done.stderr) == ("", words)


def test_a_hub_on_this_machine_needs_no_account(qhub: Qhub) -> None:
    assert [line[0] for line in qhub.lines("backends", "kipu*", "--local")] == ["kipu.sim.qsim"]
    elsewhere = ("--base-url", "https://hub.example/quantum")
    assert "--base-url" in qhub.refused(2, "backends", "--local", *elsewhere)


def test_without_a_token_and_a_network_there_is_a_hub_on_this_machine(qhub: Qhub) -> None:
    words = qhub.refused(11, "backends", HTTPS_PROXY="http://127.0.0.1:9")
    offer = "--local asks a Hub on this machine."
    assert f"(--base-url or QHUB_QUANTUM_BASE_URL). {offer} (" in words


def test_it_is_offered_only_where_the_public_hub_was_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And by nobody whom that Hub knows."""
    for name in (*TOKEN_VARIABLES, BASE_URL_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    silence = TransportError("The Hub did not answer.")
    assert Call().advice(silence) == "--local asks a Hub on this machine."
    assert Call().advice(ServerError("The Hub failed.")) == ""
    assert Call(base_url="https://hub.example/quantum").advice(silence) == ""
    monkeypatch.setenv(BASE_URL_VARIABLE, "https://hub.example/quantum")
    assert Call().advice(silence) == ""
    monkeypatch.delenv(BASE_URL_VARIABLE)
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", "token")
    assert Call().advice(silence) == ""


@pytest.mark.parametrize("command", [["calibration", "ibm.qpu.fez"], ["jobs"]])
def test_a_token_that_is_missing(qhub: Qhub, command: list[str]) -> None:
    words = qhub.refused(3, *command)
    assert words.startswith(
        "Error: There is no token for the Hub: store one with qhub login, or set "
        "KQH_PERSONAL_ACCESS_TOKEN. --local needs none (run, explain, backends). ("
    )


@pytest.mark.parametrize("backend_id", ON_A_GRID)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_drawn_map_has_the_couplings_of_the_api(
    hub: HubProcess, backend_id: str, ascii_only: bool
) -> None:
    """Read back from its letters: which label a line leads to."""
    graph = hub.http.get(f"/backends/{backend_id}").json()["configuration"]["connectivity"]["graph"]
    drawing = draw(graph, 80, ascii_only=ascii_only)
    assert drawing is not None
    assert max(map(len, drawing.splitlines())) <= 80
    assert drawing.isascii() is ascii_only
    expected = {frozenset((a, b)) for a, others in graph.items() for b in others}
    assert read_back(drawing) == expected
    assert len(couplings(graph)) == len(expected)


@pytest.mark.parametrize("columns", [80, 60, 45])
def test_a_narrow_terminal_gets_shorter_labels_or_a_list(at_hub: Qhub, hub: HubProcess, columns):
    graph = hub.http.get("/backends/iqm.qpu.emerald").json()["configuration"]["connectivity"][
        "graph"
    ]
    drawing = draw(graph, columns)
    assert max(map(len, drawing.splitlines())) <= columns
    numbers = {frozenset(re.findall(r"\d+", " ".join(pair))) for pair in couplings(graph)}
    read = {frozenset(re.findall(r"\d+", " ".join(pair))) for pair in read_back(drawing)}
    assert read == numbers


@pytest.mark.parametrize(
    "graph",
    [
        {"0": ["1", "2", "3"], "1": ["2"], "2": ["3"], "3": []},
        {"c": ["q1", "q2"], "q1": [], "q2": []},
        {"1": ["3", "5"], "3": [], "5": []},
        {"a1": ["b1"], "b1": []},
        {},
    ],
    ids=["contradiction", "no numbers", "one place for two", "same number", "empty"],
)
def test_what_lies_on_no_grid_is_not_drawn(graph: Mapping[str, Sequence[str]]) -> None:
    assert draw(graph, 80) is None


def test_too_wide_is_not_drawn() -> None:
    row = {str(number): [str(number + 1)] for number in range(40)}
    assert draw(row, 80) is None
    assert read_back(draw(row, 200)) == {frozenset((a, b)) for a, (b,) in row.items()}


def test_watch_tells_of_a_change_and_of_an_outage(at_hub: Qhub, faults: HubFaults) -> None:
    """In a pipe, a line of JSON for each answer that differs from the one before."""
    given = ("qudora*", "--watch", "--json", "--interval", "0.2")
    with at_hub.started("backends", *given) as watching:
        first = json.loads(watching.stdout.readline())
        outage = faults.status(429, "getBackends", retry_after=3600)
        trouble = watching.stderr.readline()
        faults.remove(outage)
        faults.backend("qudora.sim.xg1", "PAUSED")
        second = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=20)
    assert watching.returncode == 130
    assert "The Hub takes no more requests for now" in trouble
    assert [one[0]["state"]["status"] for one in (first, second)] == ["ONLINE", "PAUSED"]


def read_back(drawing: str) -> set[frozenset[str]]:
    """The pairs that a drawing shows."""
    rows = drawing.splitlines()
    found = set()
    for row in rows:
        # The later label of a pair is the earlier one of the next.
        found |= {frozenset(pair) for pair in re.findall(r"([A-Z]*\d+)[─-]+(?=([A-Z]*\d+))", row)}
    for number, row in enumerate(rows):
        for line in re.finditer(r"[│|]", row):
            above, below = (label_at(rows[number + step], line.start()) for step in (-1, 1))
            found.add(frozenset((above, below)))
    return found


def label_at(row: str, column: int) -> str:
    for label in re.finditer(r"[A-Z]*\d+", row):
        if label.start() - 1 <= column <= label.end():
            return label.group()
    raise AssertionError(f"nothing at {column} in {row!r}")
