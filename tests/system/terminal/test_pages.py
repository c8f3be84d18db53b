"""`qhub` in a real terminal: widths, colours, keys, and a person who watches and types."""

from __future__ import annotations

import json
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest

from qhub_cli.hub_faults import HubFaults
from tests.quick.local_hub.hub_process import BELL2, ROOT, HubProcess
from tests.system.terminal.terminal import (
    COLOUR,
    Terminal,
    plain,
    run,
    run_several,
    shell,
    tagged,
    until,
)

BIN = Path(sys.executable).parent
CIRCUITS = ROOT / "notebooks" / "circuits"
# Every page and list; its width is that of the terminal, whatever the Hub says.
PAGES = """--help
run --help
jobs --help
backends --help
backends
backend ibm.qpu.fez
backend aws.rigetti.cepheus
calibration ibm.qpu.fez
calibration aws.quera.aquila
jobs
job JOB
sessions
session SESSION
workloads
whoami
run BELL --backend kipu.sim.qsim
explain BELL --backend ibm.qpu.fez""".splitlines()


@pytest.fixture
def job_id(hub: HubProcess) -> str:
    job_id = hub.submit("kipu.sim.qsim", BELL2, name="a name of some length" * 10, tags=["t" * 70])
    hub.wait(job_id)
    return job_id


@pytest.fixture
def session_id(hub: HubProcess) -> str:
    session_id = str(hub.session("kipu.sim.qsim")["id"])
    hub.wait(hub.submit("kipu.sim.qsim", BELL2, session_id=session_id))
    return session_id


@pytest.mark.parametrize(("columns", "told"), [(60, 2), (80, 5), (130, 7)])
def test_no_line_is_broken(
    environment: dict[str, str], job_id: str, session_id: str, bell: Path, columns: int, told: int
) -> None:
    """A line that is longer than the terminal would be broken anywhere. Notes are prose, on standard error.

    `told` is how many columns of the jobs there is room for, whatever their names.
    """
    words = {"JOB": job_id, "SESSION": session_id, "BELL": str(bell)}
    commands = [" ".join(words.get(word, word) for word in page.split()) for page in PAGES]
    done = run_several(environment, commands, columns=columns, notes=False)
    assert {command: code for command, (code, _) in done.items() if code} == {}
    pages = dict(zip(PAGES, (plain(text) for _, text in done.values()), strict=True))
    assert [page for page, text in pages.items() if not text.strip()] == []
    longest = {page: max(map(len, text.splitlines())) for page, text in pages.items()}
    assert {page: length for page, length in longest.items() if length > columns} == {}
    # Ids are whole, so that they can be copied.
    for page, known in (("jobs", job_id), ("sessions", session_id)):
        assert known in pages[page]
        assert known in pages["workloads"]
    # Nothing is cut, but for names; and the options of the help in less than 80 columns.
    pages["jobs"] = pages["jobs"].replace("a name of s…", "")
    cut = [page for page, text in pages.items() if "…" in text]
    assert [page for page in cut if "--help" not in page or columns >= 80] == []
    heading, newest, *_ = pages["jobs"].splitlines()
    assert len(heading.split()) == told
    assert told < 4 or re.search(r" \d+[smhd] ", newest)


def test_every_bit_of_an_outcome_is_there(
    environment: dict[str, str], hub: HubProcess, tmp_path: Path
) -> None:
    """In 80 columns, of a run and of its job, however many bits there are."""
    widths = (3, 40, 156)
    for bits in widths:
        head = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[{bits}];\nx q[0];\n'
        flips = (f"measure q[{number % 2}] -> c[{number}];\n" for number in range(bits))
        (tmp_path / f"wide{bits}.qasm").write_text(head + "".join(flips))
    place = "--backend kipu.sim.qsim --shots 1234"
    done = run_several(environment, [f"run {tmp_path}/wide{bits}.qasm {place}" for bits in widths])
    ids = {job.get("name"): job["id"] for job in hub.listed("/jobs")}
    done |= run_several(environment, [f"job {ids[f'wide{bits}']}" for bits in widths])
    for bits, (code, text) in zip(2 * widths, done.values(), strict=True):
        assert code == 0
        assert max(map(len, plain(text).splitlines())) <= 80
        rows = re.findall(r"^│ ([01]+) +│ +(\d*) │ +([\d.]*)", plain(text), re.MULTILINE)
        assert "".join(word for word, _, _ in rows) == ("01" * bits)[-bits:]
        assert rows[0][1:] == ("1234", "100.0")


def test_without_a_command_there_is_help(environment: dict[str, str]) -> None:
    assert max(map(len, plain(run(environment, code=2)).splitlines())) <= 80
    assert run(environment, "--version").startswith("qhub-plugins ")


@pytest.mark.parametrize(
    ("variables", "pattern"),
    [({}, None), ({"NO_COLOR": "1"}, COLOUR), ({"TERM": "dumb"}, re.compile("\x1b"))],
    ids=["colours", "NO_COLOR", "dumb"],
)
def test_colours_and_none(
    environment: dict[str, str],
    job_id: str,
    variables: dict[str, str],
    pattern: re.Pattern[str] | None,
) -> None:
    """Where there are none, the pattern says what is not written."""
    commands = ["backends", "jobs", f"job {job_id}", "job nosuch"]
    done = run_several({**environment, **variables}, commands)
    assert [code for code, _ in done.values()] == [0, 0, 0, 4]
    assert plain(done["job nosuch"][1]).startswith("Error: ")
    for command, (_, text) in done.items():
        assert bool((pattern or COLOUR).search(text)) is (pattern is None), command


def test_json_is_indented_for_people(environment: dict[str, str]) -> None:
    text = run(environment, "whoami", "--json")
    assert "\x1b" not in text
    assert text.splitlines()[1].startswith('  "hub": ')
    assert json.loads(text)["accepted"] is True


def test_watching_changes_in_place(
    environment: dict[str, str], hub: HubProcess, faults: HubFaults
) -> None:
    first = hub.submit("kipu.sim.qsim", BELL2)
    hub.wait(first)
    watching = Terminal(environment, "qhub", "jobs", "--watch", "--interval", "0.3", "--limit", "3")
    watching.sees(first)
    watching.sees("every 0.3 s, Ctrl-C ends")
    faults.slow_queue(600, times=1)
    second = hub.submit("kipu.sim.qsim", BELL2)
    watching.sees(f"{second} +kipu.sim.qsim +.*PENDING")
    faults.clear()
    watching.sees(f"{second} +kipu.sim.qsim +.*COMPLETED")
    outage = faults.status(429, "searchJobs", retry_after=3600)
    watching.sees("takes no more requests")
    faults.remove(outage)
    watching.sees(hub.submit("kipu.sim.qsim", BELL2))
    watching.interrupt()
    text = watching.ends(130)
    assert "\x1b[?25l" in text  # the cursor was hidden
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # and is back
    assert "\x1b[1A" in text  # each table was written over the one before


def test_watching_backends(environment: dict[str, str], faults: HubFaults) -> None:
    watching = Terminal(environment, "qhub", "backends", "qudora*", "--watch", "--interval", "0.3")
    watching.sees("qudora.sim.xg1.*ONLINE")
    faults.backend("qudora.sim.xg1", "PAUSED")
    watching.sees("qudora.sim.xg1.*PAUSED")
    watching.interrupt()
    watching.ends(130)


def test_a_token_is_not_shown(environment: dict[str, str], tmp_path: Path) -> None:
    token = environment.pop("KQH_PERSONAL_ACCESS_TOKEN")
    asking = Terminal(environment, "qhub", "login")
    asking.sees(r"Token \(it is not shown\): ")
    asking.types(token)
    text = asking.ends(0)
    path = tmp_path / ".config" / "qhubctl" / "config.json"
    assert token not in text
    assert f"Stored in the config file {path}." in plain(text).replace("\n", "")
    assert json.loads(path.read_text())["auth"]["value"] == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Accepted     yes" in plain(run(environment, "whoami"))


@pytest.mark.parametrize(("key", "code", "words"), [("c", 130, ""), ("d", 7, "No token was given")])
def test_a_token_that_is_not_given(
    environment: dict[str, str], tmp_path: Path, key: str, code: int, words: str
) -> None:
    asking = Terminal(environment, "qhub", "login")
    asking.sees(r"Token \(it is not shown\): ")
    asking.child.sendcontrol(key)
    assert words in plain(asking.ends(code))
    assert not (tmp_path / ".config").exists()


def test_a_run_that_lasts_has_a_bar(
    environment: dict[str, str], hub: HubProcess, faults: HubFaults, bell: Path
) -> None:
    """On a terminal; not in a pipe, which waits longer here."""
    faults.slow_queue(600, times=2)
    command = f"qhub run {bell} -b kipu.sim.qsim --tag piped 2>&1 | cat"
    piped = Terminal(environment, "bash", "-c", command)
    until(lambda: tagged(hub, "piped"))
    running = Terminal(environment, "qhub", "run", bell, "--backend", "kipu.sim.qsim")
    running.sees(r"kipu\.sim\.qsim: queued .*0/1")
    faults.clear()
    assert "1,000 shots in" in running.ends(0)
    text = piped.ends(0)
    assert "1,000 shots in" in text
    assert "queued" not in text


def test_the_demo_grows_as_it_is_watched(environment: dict[str, str], tmp_path: Path) -> None:
    answers = json.loads((CIRCUITS / "answers.json").read_text())
    folder = tmp_path / "circuits"
    folder.mkdir()
    (folder / "answers.json").write_text(json.dumps({"bell": answers["bell"]}))
    shutil.copy(CIRCUITS / "bell.qasm", folder)
    text = run(environment, "demo", folder)
    assert "3 of 3 right" in text
    assert text.count("\x1b[1A") >= 3  # the table was written anew for each row
    assert max(map(len, plain(text).splitlines())) <= 80


def test_completion_is_installed_and_works(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("PS1='ready> '\nbind 'set enable-bracketed-paste off'\n")
    installing = shell(environment, "--noprofile")
    installing.types("qhub --install-completion")
    installing.sees("bash completion installed in")
    installing.sees("ready> ")
    installing.types("exit")
    installing.ends(0)
    typing = shell(environment, "--noprofile")
    for typed, offered in (
        ("qhub calib\t", "qhub calibration "),
        ("qhub backend iqm.qpu.g\t", "qhub backend iqm.qpu.garnet "),
        ("qhub jobs --status RUN\t", "qhub jobs --status RUNNING "),
        ("qhub backends --min\t", "qhub backends --min-num-qubits "),
    ):
        typing.child.send(typed)
        typing.sees(offered)
        typing.child.sendcontrol("u")
    typing.child.send("qhub backend ibm.qpu.\t\t")
    typing.sees(r"ibm\.qpu\.aachen +ibm\.qpu\.")
    typing.sees(r"ready> qhub backend ibm\.qpu\.")
    typing.child.sendcontrol("u")
    typing.types("exit")
    typing.ends(0)
