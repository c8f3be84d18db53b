"""How the command behaves in a pipe, in a shell, and at its start."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
from rich.console import Console

from qhub_cli.tables import histogram
from tests.quick.cli.conftest import QHUB, Qhub
from tests.quick.local_hub.hub_process import BELL2, HubProcess

COMMANDS = """backend backends calibration cancel demo explain job jobs local login logout result run session sessions
whoami workloads""".split()
SDKS = ("qiskit", "braket", "perceval", "cirq", "qiskit_ibm_runtime", "qiskit_aer", "boto3")


def shell(command: str, user: Qhub) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        env={**user.environment, "QHUB": QHUB},
        timeout=60,
    )


def test_a_pipe_gets_whole_lines_without_colour(apart: Qhub, hub: HubProcess) -> None:
    long = "n" * 300
    job_id = hub.submit("kipu.sim.qsim", BELL2, name=long)
    hub.wait(job_id)
    done = apart("jobs", "--name", long, COLUMNS="40", TERM="xterm-256color")
    heading, line = done.stdout.splitlines()
    assert line.split()[5] == long
    assert "\x1b" not in done.stdout + done.stderr
    assert [text == text.rstrip() for text in (heading, line)] == [True, True]


@pytest.mark.parametrize("bits", [3, 40, 156])
@pytest.mark.parametrize("columns", [40, 80])
def test_counts_in_a_narrow_terminal(bits: int, columns: int) -> None:
    """Every bit of every outcome can be read, and so can its count; what goes first are the bars."""
    counts = {"0" * bits: 499, "1" + "01" * (bits // 2 - 1) + "0" * (bits % 2) + "1": 501}
    out = Console(width=columns, force_terminal=True, color_system=None)
    with out.capture() as lines:
        for part in histogram(counts, "Whose order."):
            out.print(part)
    text = lines.get()
    assert max(map(len, text.splitlines())) <= columns
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if line.startswith("│")
    ]
    read: list[list[str]] = []
    for row in rows:
        if row[1]:
            read.append(row)
        else:
            read[-1][0] += row[0]
    assert [row[:3] for row in read] == [
        [word, str(count), f"{count / 10} %"] for word, count in sorted(counts.items())
    ]
    bar = bits == 3 or (bits, columns) == (40, 80)
    assert [len(row[3:]) for row in read] == [bar, bar]
    assert "…" not in text
    assert text.splitlines()[-1] == "Whose order."


def test_a_reader_that_has_enough(at_hub: Qhub) -> None:
    """The command ends as others do whose pipe is closed: with 141, and without a word."""
    done = shell('"$QHUB" calibration ibm.qpu.fez --json | head -c 20', at_hub)
    assert (done.stdout, done.stderr) == ('{"backend_id": "ibm.', "")
    assert done.returncode == 141
    short = shell('"$QHUB" backends | true', at_hub)
    assert (short.stdout, short.stderr) == ("", "")
    assert short.returncode in (0, 141)
    watching = shell('"$QHUB" jobs --watch --interval 0.2 2>/dev/null | head -n 1', at_hub)
    assert watching.stdout.startswith("ID ")
    assert watching.returncode == 141


def test_words_for_awk(at_hub: Qhub) -> None:
    done = shell('"$QHUB" backends | awk \'$2 == "SIMULATOR" {print $1}\' | sort', at_hub)
    assert done.stdout.split() == [
        *("aws.sim.dm1", "aws.sim.sv1", "azure.ionq.simulator"),
        *("kipu.sim.qsim", "quandela.sim.altair", "qudora.sim.xg1"),
    ]


def test_a_narrow_encoding(apart: Qhub) -> None:
    done = apart("backend", "iqm.qpu.garnet", PYTHONIOENCODING="ascii")
    assert done.stdout.isascii()
    assert "T1 37.57 ?s" in done.stdout
    assert apart.json("backend", "iqm.qpu.garnet", PYTHONIOENCODING="ascii")["id"]
    assert "QB3---QB4---QB5---QB6---QB7" in done.stdout
    bell = Path(__file__).parents[3] / "notebooks" / "circuits" / "bell.qasm"
    ran = apart("run", bell, "-b", "aws.sim.sv1", "-s", 50, PYTHONIOENCODING="ascii").stdout
    assert ran.isascii()
    assert re.search(r"\| #{12,24} *\|$", ran, re.MULTILINE)
    assert "?" not in ran


def test_the_help_lists_each_command(qhub: Qhub) -> None:
    text = qhub("--help").stdout
    assert sorted(re.findall(r"^│ (\w+) {2,}\S", text, re.MULTILINE)) == COMMANDS
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"local"}))
def test_each_command_has_the_shared_options(at_hub: Qhub, command: str) -> None:
    text = at_hub(command, "--help").stdout
    for option in ("--json", "--debug", "--base-url", "--token-file", "--organization"):
        assert option in text


def test_the_start_loads_no_sdk_and_no_client(qhub: Qhub) -> None:
    code = (
        "import sys; from qhub_cli.main import app\n"
        "try: app(['--help'], prog_name='qhub')\n"
        "except SystemExit: print('loaded', *sys.modules)"
    )
    done = qhub.python(code)
    loaded = set(done.stdout.rpartition("loaded")[2].split())
    heavy = {*SDKS, "numpy", "pydantic", "httpx", "authlib", "asyncio", "shared_transport.client"}
    assert "qhub_cli.jobs" in loaded
    assert loaded & heavy == set()


def test_help_comes_at_once(qhub: Qhub) -> None:
    """0.25 s on a quiet machine, a tenth of what an SDK takes; the best of five, since others work here too."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        qhub("--help")
        times.append(time.perf_counter() - begin)
    assert min(times) < 1.0


def test_versions_and_extras(qhub: Qhub) -> None:
    lines = qhub("--version").stdout.splitlines()
    python = ".".join(map(str, sys.version_info[:3]))
    assert lines[0] == f"qhub-plugins {metadata.version('qhub-plugins')}, Python {python}"
    shown = {line.split()[0]: line for line in lines[1:]}
    known = metadata.metadata("qhub-plugins").get_all("Provides-Extra")
    assert set(shown) == set(known) - {"all", "dev"}
    assert f"qiskit {metadata.version('qiskit')}" in shown["qiskit"]
    assert shown["qiskit"].split()[1] == "present"


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        ("", "pip install 'qhub-plugins[qiskit]'"),
        ("pipx", "pipx install --force 'qhub-plugins[qiskit]'"),
    ],
)
def test_an_extra_that_is_missing(qhub: Qhub, tmp_path, prefix: str, line: str) -> None:
    """By the distribution's metadata, in which one package is not to be found."""
    if prefix:
        (tmp_path / "pipx_metadata.json").touch()
    code = f"""
import sys
from importlib import metadata

sys.prefix = {str(tmp_path)!r}
known = metadata.version

def version(name):
    if name == "qiskit-qasm3-import":
        raise metadata.PackageNotFoundError(name)
    return known(name)

metadata.version = version
from qhub_cli.main import app
app(["--version"])
"""
    done = qhub.python(code)
    shown = {words.split()[0]: words for words in done.stdout.splitlines()[1:]}
    assert shown["qiskit"].split(maxsplit=2)[1:] == ["missing", line]
    assert shown["runtime"].split()[1] == "present"


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_completion_script(qhub: Qhub, name: str) -> None:
    done = subprocess.run(
        [QHUB],
        capture_output=True,
        text=True,
        env={**qhub.environment, "_QHUB_COMPLETE": f"source_{name}"},
    )
    assert done.returncode == 0
    assert f"complete_{name}" in done.stdout


def completed(user: Qhub, line: str) -> list[str]:
    """What bash is offered after a line."""
    words = line.split(" ")
    done = subprocess.run(
        [QHUB],
        capture_output=True,
        text=True,
        env={
            **user.environment,
            "_QHUB_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        timeout=30,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion(at_hub: Qhub, hub: HubProcess) -> None:
    assert completed(at_hub, "qhub ba") == ["backends", "backend"]
    known = [one["id"] for one in hub.http.get("/backends").json()]
    assert completed(at_hub, "qhub backend ibm.") == [one for one in known if one[:4] == "ibm."]
    assert completed(at_hub, "qhub run x --backend ku") == []
    assert completed(at_hub, "qhub run x --backend kip") == ["kipu.sim.qsim"]
    assert completed(at_hub, "qhub jobs --status CA") == ["CANCELLING", "CANCELLED"]
    assert completed(at_hub, "qhub sessions --status DR") == ["DRAINING"]


def test_completion_says_nothing_where_no_hub_answers(at_hub: Qhub) -> None:
    at_hub.environment["QHUB_QUANTUM_BASE_URL"] = "http://127.0.0.1:9/quantum"
    begin = time.monotonic()
    assert completed(at_hub, "qhub backend ibm.") == []
    assert time.monotonic() - begin < 10


def test_json_is_one_line_that_any_reader_takes(at_hub: Qhub) -> None:
    (line,) = at_hub("backends", "--json").stdout.splitlines()
    assert len(json.loads(line)) == 20
