"""The commands on jobs, against what the API itself says, and against exact answers."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qhub_cli.hub_faults import HubFaults
from shared_transport import HubClient, JobRequest, Settings
from tests.quick.cli.conftest import Qhub, place_of, said
from tests.quick.local_hub.hub_process import BELL3, LONG3, HubProcess

BODIES = Path(__file__).parents[2] / "contract" / "bodies"

FLIP = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
x q[1];
measure q -> c;
"""


@pytest.fixture
def flips(hub: HubProcess) -> list[str]:
    """Three jobs, the oldest first."""
    ids = [
        hub.submit("kipu.sim.qsim", FLIP, 10 + number, name=f"flip{number}", tags=["flips"])
        for number in range(3)
    ]
    for job_id in ids:
        hub.wait(job_id)
    return ids


def of_api(hub: HubProcess, job_id: str) -> Any:
    return said(hub.http.get(f"/jobs/{job_id}").json())


def test_the_list_is_the_apis(at_hub: Qhub, hub: HubProcess, flips: list[str]) -> None:
    listed = at_hub.json("jobs", "--limit", "0")
    known = {one["id"]: said(one) for one in hub.listed("/jobs")}
    assert len(listed) == len(known)
    assert {one["id"]: one for one in listed} == known
    times = [one["created_at"] for one in listed]
    assert times == sorted(times, reverse=True)


def test_its_lines(at_hub: Qhub, hub: HubProcess, flips: list[str]) -> None:
    lines = {line[0]: line for line in at_hub.lines("jobs", "--limit", "0")}
    described = of_api(hub, flips[1])
    assert lines[flips[1]] == [
        *(flips[1], "kipu.sim.qsim", "COMPLETED"),
        *(described["created_at"], "11", "flip1"),
    ]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--name", "flip1"], {1}),
        (["--name", "flip[12]"], {1, 2}),
        (["--status", "completed", "--status", "FAILED"], {0, 1, 2}),
        (["--status", "RUNNING"], set()),
        (["--backend", "kipu.*"], {0, 1, 2}),
        (["--backend", "aws.*"], set()),
        (["--since", "1h"], {0, 1, 2}),
        (["--since", "2100-01-01T00:00Z"], set()),
        (["--tag", "other"], set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_filters(at_hub: Qhub, flips: list[str], given: list[str], wanted: set[int]) -> None:
    found = at_hub.json("jobs", "--tag", "flips", "--limit", "0", *given)
    assert {one["id"] for one in found} & set(flips) == {flips[number] for number in wanted}


def test_no_more_than_the_limit(at_hub: Qhub, flips: list[str]) -> None:
    done = at_hub("jobs", "--limit", "2")
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == "The newest 2; --limit 0 shows all.\n"


@pytest.mark.parametrize(
    ("command", "word", "known"),
    [("jobs", "FOO", "COMPLETED"), ("sessions", "PENDING", "ACTIVE"), ("workloads", "no", "OPEN")],
)
def test_a_status_that_there_is_not(at_hub: Qhub, command: str, word: str, known: str) -> None:
    words = at_hub.refused(2, command, "--status", word)
    assert f"there is no {word.upper()}" in words
    assert known in words


def test_mine_are_those_of_the_journal(
    at_hub: Qhub, hub: HubProcess, flips: list[str], tmp_path: Path
) -> None:
    assert at_hub.json("jobs", "--mine") == []
    journal = tmp_path / "xdg_state_home" / "qhub" / "jobs.jsonl"
    settings = Settings.resolve(
        base_url=hub.info["base_url"], token=hub.info["token"], journal=journal
    )
    with HubClient(settings) as client:
        request = JobRequest(backend_id="kipu.sim.qsim", shots=5, input={"qasm": FLIP})
        mine = [client.jobs.create(request).id for _ in range(2)]
    hub.wait(mine[1])
    with journal.open("a") as file:
        lost = {"token": "lost", "kind": "job", "hub": hub.info["base_url"]}
        file.write(f"{json.dumps(lost)}\n")
        file.write('{"token": "other", "kind": "job", "hub": "https://hub.example/quantum"}\n')
        file.write('{"token": "other", "id": "not-here"}\n{"tok')
    done = at_hub("jobs", "--mine", "--json")
    assert [one["id"] for one in json.loads(done.stdout)] == mine[::-1]
    shown = at_hub("jobs", "--mine", "--limit", "1")
    assert shown.stdout.splitlines()[1].split()[0] == mine[1]
    assert "qhub jobs --tag qhub-token:lost" in shown.stderr
    assert "other" not in shown.stderr
    assert "QHUB_JOURNAL=0" in at_hub.refused(7, "jobs", "--mine", QHUB_JOURNAL="0")


def test_watch_shows_each_change(at_hub: Qhub, hub: HubProcess, flips: list[str]) -> None:
    given = ("--watch", "--interval", "0.2", "--limit", "1")
    with at_hub.started("jobs", *given) as watching:
        heading, first = watching.stdout.readline(), watching.stdout.readline()
        new = hub.submit("kipu.sim.qsim", FLIP)
        seen = []
        while not seen or seen[-1][:3] != [new, "kipu.sim.qsim", "COMPLETED"]:
            assert watching.stdout.readline().split() == heading.split()
            seen.append(watching.stdout.readline().split())
        watching.send_signal(signal.SIGINT)
        rest, errors = watching.communicate(timeout=20)
    assert watching.returncode == 130
    assert "Traceback" not in errors
    assert first.split()[0] == flips[2]
    assert rest == ""


def test_a_page_of_a_job(at_hub: Qhub, hub: HubProcess, flips: list[str]) -> None:
    described = of_api(hub, flips[0])
    assert at_hub.json("job", flips[0]) == {**described, "counts": {"10": 10}}
    assert at_hub.json("job", flips[0], "--details") == described
    page = at_hub("job", flips[0]).stdout
    facts = dict(re.findall(r"^(\S[\w ]*?)  +(\S.*)$", page, re.MULTILINE))
    assert facts["Job"] == flips[0]
    assert (facts["Name"], facts["Status"], facts["Tags"]) == ("flip0", "COMPLETED", "flips")
    assert facts["Created"] == described["created_at"].replace("T", " ").replace("Z", " UTC")
    circuit = QuantumCircuit(2, 2)
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    drawn = [line.rstrip() for line in str(circuit.draw("text", cregbundle=True)).splitlines()]
    assert "\n".join(drawn) in page
    assert re.search(r"│ 10 +│ +10 │ 100\.0 % │ █+ │", page)
    assert page.endswith("┘\nQiskit's order: bit 0 rightmost.\n")


FIRST_OF_THREE = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[3];
x q[0];
measure q -> c;
"""


@pytest.mark.parametrize(
    ("sdk", "word", "order"),
    [
        ("qiskit", "001", "Qiskit's order: bit 0 rightmost."),
        ("braket", "100", "Braket's order: the first measured qubit leftmost."),
    ],
)
def test_a_job_has_the_counts_of_its_run(
    at_hub: Qhub, tmp_path: Path, sdk: str, word: str, order: str
) -> None:
    """By the order of the SDK that it was written in, which is said."""
    path = tmp_path / "first.qasm"
    path.write_text(FIRST_OF_THREE)
    ran = at_hub.json("run", path, "-b", "aws.sim.sv1", "--shots", 9, "--sdk", sdk)
    assert ran["counts"] == {word: 9}
    assert at_hub.json("job", ran["job_id"])["counts"] == {word: 9}
    page = at_hub("job", ran["job_id"]).stdout
    assert re.search(rf"^Written in +{sdk.upper()}$", page, re.MULTILINE)
    assert "\nOutcomes of first, 9 shots\n" in page
    assert re.search(rf"│ {word} +│ +9 │", page)
    assert page.splitlines()[-1] == order


def test_the_counts_of_a_program_set(at_hub: Qhub, hub: HubProcess) -> None:
    """Each program's, in the order of the set."""
    from braket.circuits import Circuit
    from braket.program_sets import ProgramSet

    from qhub_braket import HubProvider

    settings = Settings.resolve(base_url=hub.info["base_url"], token=hub.info["token"])
    device = HubProvider(client=HubClient(settings)).get_device("aws.sim.sv1")
    programs = ProgramSet([Circuit().x(0).i(1), Circuit().i(0).x(1)])
    task = device.run(programs, shots=20)
    task.result()
    every = [at_hub.json("job", one)["counts"] for one in task.id.split(",")]
    assert every in ([[{"10": 10}, {"01": 10}]], [{"10": 10}, {"01": 10}])


def test_a_result_without_counts_says_so(at_hub: Qhub, hub: HubProcess) -> None:
    body = {
        "backend_id": "aws.sim.sv1",
        "input": {
            "qasm": "OPENQASM 3.0;\nqubit[1] q;\nx q[0];\n#pragma braket result state_vector\n"
        },
        "shots": 0,
        "sdk_provider": "BRAKET",
    }
    job_id = hub.http.post("/jobs", json=body).json()["id"]
    assert hub.wait(job_id) == "COMPLETED"
    done = at_hub("job", job_id)
    assert "Counts" not in done.stdout
    assert done.stderr == f"The result has no counts: qhub result {job_id}\n"


def test_a_result_goes_into_no_folder_that_is_not_there(
    at_hub: Qhub, flips: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "absent" / "out.json"
    words = at_hub.refused(1, "result", flips[0], "-o", path)
    assert words == f"Error: {path}: No such file or directory.\n"


def test_several_jobs_are_a_line_each(at_hub: Qhub, flips: list[str]) -> None:
    """Also where a plugin calls several jobs of the Hub one."""
    done = at_hub("job", ",".join(flips[:2]), flips[2], "--json", "--details")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == flips
    assert "an id is empty" in at_hub.refused(2, "job", f"{flips[0]},")


# What each kind of input is drawn as, and how many outcomes its result has.
DRAWN = {
    "job_aws_qasm3": (["q0 : ─┤ H ├───●───┤ M ├─"], {"00", "11"}),
    "job_aws_ahs_spec_example": (["3 sites", "amplitude: 0 to 1.57e+07 in 3 µs"], None),
    "job_azure_ionq": (["q_0: ┤ H ├──■──"], {"00", "11"}),
    "job_azure_ionq_type_key": (["┤ rx(π/2) ├"], {"00", "01", "10", "11"}),
    "job_ibm_sampler": (["q_0: ┤ H ├──■──", "meas: 2/"], {"00", "01", "10", "11"}),
    "job_ibm_sampler_qasm": (["q_0: ┤ H ├──■──"], {"00", "01", "10", "11"}),
    "job_ibm_sampler_strict_shape": (["q_0: ┤ H ├──■──"], {"00", "01", "10", "11"}),
    "job_ibm_estimator": (["┤ Ry(t) ├", "Expectation values of PUB 0: "], None),
    "job_ibm_noise_learner": (["┤ Ry(t) ├"], None),
    "job_iqm": (["QB1: ┤ prx(π/2,π/2) ├─■─"], {"00", "01", "10", "11"}),
    "job_kipu": (["q_0: ┤ H ├──■──┤M├"], {"00", "11"}),
    "job_kipu_amplitudes": (["q_0: ┤ H ├──■──┤M├"], None),
    "job_quandela": (["Circuit, input |1,1>", "┤BS.Rx├"], {"|0,2>", "|1,1>", "|2,0>"}),
    "job_qudora": (["q_0: ┤ H ├──■──┤M├"], {"00", "11"}),
}


@pytest.fixture(scope="module")
def pages(hub: HubProcess) -> dict[str, str]:
    """The page of a job of each kind, all by one call."""
    ids = {}
    for name in DRAWN:
        body = json.loads((BODIES / f"{name}.json").read_text())
        ids[hub.http.post("/jobs", json=body).json()["id"]] = name
    for job_id in ids:
        assert hub.wait(job_id) == "COMPLETED"
    done = Qhub({**os.environ, **place_of(hub)}, apart=False)("job", *ids)
    found = re.split(r"^Job +(\S+)\n", done.stdout, flags=re.MULTILINE)
    return {ids[job_id]: page for job_id, page in zip(found[1::2], found[2::2], strict=True)}


@pytest.mark.parametrize("name", DRAWN)
def test_each_kind_of_job_is_drawn(pages: dict[str, str], name: str) -> None:
    texts, outcomes = DRAWN[name]
    for text in texts:
        assert text in pages[name]
    counted = dict(re.findall(r"^│ (\S+) +│ +(\d+) │", pages[name], re.MULTILINE))
    shots = json.loads((BODIES / f"{name}.json").read_text())["shots"]
    if outcomes is not None:
        assert set(counted) <= outcomes
        assert sum(map(int, counted.values())) == shots


def test_expectation_values_are_numbers_for_programs(at_hub: Qhub, hub: HubProcess) -> None:
    body = json.loads((BODIES / "job_ibm_estimator.json").read_text())
    job_id = hub.http.post("/jobs", json=body).json()["id"]
    hub.wait(job_id)
    (pub,) = at_hub.json("job", job_id)["expectation_values"]
    assert len(pub["evs"]) == len(pub["stds"]) == 2
    for value, error in zip(pub["evs"], pub["stds"], strict=True):
        assert abs(value) < 1 + 10 * error


def test_a_failed_job_says_why(at_hasty_hub: Qhub, hasty_hub: HubProcess) -> None:
    job_id = hasty_hub.submit("aws.sim.sv1", LONG3)
    assert hasty_hub.wait(job_id) == "FAILED"
    done = at_hasty_hub("job", job_id)
    assert re.search(r"^Status +FAILED$", done.stdout, re.MULTILINE)
    reason = hasty_hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"]
    assert reason in done.stderr
    assert (
        "for int i in [0:600000]" in done.stdout
    )  # the program as it was sent: too long to be drawn


def test_a_job_that_waits_is_waited_for(at_hub: Qhub, hub: HubProcess, faults: HubFaults) -> None:
    faults.slow_queue(2, times=1)
    job_id = hub.submit("kipu.sim.qsim", FLIP)
    assert at_hub.json("job", job_id, "--details")["status"] in ("PENDING", "RUNNING")
    assert at_hub.json("job", job_id, "--wait")["counts"] == {"10": 100}


def test_a_long_circuit_is_drawn_in_part(at_hub: Qhub, hub: HubProcess) -> None:
    gates = "x q[0];\n" * 1000
    job_id = hub.submit("kipu.sim.qsim", FLIP.replace("x q[1];\n", gates), 10)
    hub.wait(job_id)
    done = at_hub("job", job_id)
    assert "(the first 400 of 1002 operations)" in done.stdout
    assert done.stdout.count("┤ X ├") == 400


def test_texts_of_others_do_not_command_the_terminal(at_hub: Qhub, hub: HubProcess) -> None:
    job_id = hub.submit("kipu.sim.qsim", FLIP, 10, name="a\x1b]0;title\x07b", tags=["[red]t[/]"])
    hub.wait(job_id)
    for command in (["jobs", "--limit", "1"], ["job", job_id]):
        printed = at_hub(*command).stdout
        assert "\x1b" not in printed
        assert "\x07" not in printed
    assert "[red]t[/]" in at_hub("job", job_id).stdout


def test_cancelling(at_hub: Qhub, hub: HubProcess, faults: HubFaults) -> None:
    faults.slow_queue(60, times=1)
    waiting = hub.submit("aws.sim.sv1", BELL3)
    ended = hub.submit("kipu.sim.qsim", FLIP)
    hub.wait(ended)
    lines = at_hub("cancel", waiting, ended).stdout.splitlines()
    assert lines[1] == f"{ended} COMPLETED"
    assert hub.wait(waiting) == "CANCELLED"
    assert at_hub.json("cancel", waiting) == of_api(hub, waiting)
