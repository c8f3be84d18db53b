"""Ordinary mistakes of a file or an option: a line that says what to do, in words of the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qhub_cli.run import Run
from tests.quick.cli.conftest import Qhub

HEAD_2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD_3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
TWO = "qubit[2] q;\nbit[2] c;\n"
BELL = f"{HEAD_3}{TWO}h q[0];\ncx q[0], q[1];\nc = measure q;\n"
WIDE = f"{HEAD_3}qubit[40] q;\nbit[40] c;\nh q;\nc = measure q;\n"
ANALOG = (
    "Error: aws.quera.aquila is an analog device: it runs no circuits, only programs of atoms, "
    "from Python.\n"
)
SDKS = pytest.mark.parametrize("sdk", ["qiskit", "braket"])
COMMANDS = pytest.mark.parametrize("command", ["run", "explain"])


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@SDKS
@COMMANDS
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("cx q[0], q[7];", "a qubit or bit index is out of range."),
        ("c[9] = measure q[0];", "a qubit or bit index is out of range."),
        ("cx q[0], q[0];", "duplicate bit arguments"),
        ("rx q[0];", "Qiskit's reader fails on it (TypeError: "),
        ("rx(1/0) q[0];", "Qiskit's reader fails on it (ZeroDivisionError: "),
    ],
)
def test_what_cannot_be_parsed(
    at_hub: Qhub, tmp_path: Path, sdk: str, command: str, statement: str, words: str
) -> None:
    path = write(tmp_path / "bad.qasm", f"{HEAD_3}{TWO}{statement}\nc = measure q;\n")
    told = at_hub.refused(6, command, path, "-b", "aws.sim.sv1", "--sdk", sdk)
    assert told.startswith(f"Error: {path} cannot be parsed: {words}")


@SDKS
def test_too_many_qubits(at_hub: Qhub, tmp_path: Path, sdk: str) -> None:
    path = write(tmp_path / "big.qasm", WIDE)
    given = (path, "-b", "aws.sim.sv1", "--sdk", sdk)
    uses = "The circuit uses" if sdk == "braket" else "The circuit 'big' has"
    words = f"{uses} 40 qubits; aws.sim.sv1 has 34."
    before = len(at_hub.json("jobs", "--limit", 0))
    assert at_hub.refused(6, "run", *given).startswith(f"Error: {words} Use fewer qubits")
    assert len(at_hub.json("jobs", "--limit", 0)) == before
    told = at_hub.json("explain", *given)
    assert (told["fits"], told["why"], told["requests"]) == (False, words, [])


@pytest.mark.parametrize("backend", ["aws.sim.sv1", "iqm.qpu.garnet"])
def test_what_a_backend_has_not(at_hub: Qhub, tmp_path: Path, backend: str) -> None:
    """The words are those of `explain`."""
    text = f"{HEAD_3}{TWO}c[0] = measure q[0];\nif (c[0]) {{ x q[1]; }}\nc[1] = measure q[1];\n"
    path = write(tmp_path / "if.qasm", text)
    told = at_hub.json("explain", path, "-b", backend)
    assert f"{backend} has no instruction 'if_else'" in told["why"]
    assert at_hub.refused(6, "run", path, "-b", backend) == f"Error: {told['why']} {told['hint']}\n"


def test_nothing_is_sent_where_a_later_file_does_not_fit(at_hub: Qhub, tmp_path: Path) -> None:
    right = write(tmp_path / "right.qasm", BELL)
    unmeasured = write(tmp_path / "unmeasured.qasm", BELL.replace("c = measure q;", ""))
    before = len(at_hub.json("jobs", "--limit", 0))
    at_hub.refused(6, "run", right, unmeasured, "-b", "aws.sim.sv1")
    assert len(at_hub.json("jobs", "--limit", 0)) == before


@SDKS
@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        (f"{HEAD_3}{TWO}h q[0];\n", "Add measurements to the file: c = measure q;"),
        (f"{HEAD_2}qreg q[1];\nh q[0];\n", "Add measurements to the file: measure q -> c;"),
        (
            f"{HEAD_3}{TWO}input float a;\nrx(a) q[0];\nc = measure q;\n",
            "Write their values into the file.",
        ),
    ],
    ids=["unmeasured-3", "unmeasured-2", "parameter"],
)
def test_the_way_out_is_no_python(
    at_hub: Qhub, tmp_path: Path, sdk: str, text: str, way_out: str
) -> None:
    path = write(tmp_path / "mine.qasm", text)
    given = (path, "-b", "aws.sim.sv1", "--sdk", sdk)
    assert at_hub.refused(6, "run", *given).endswith(f" {way_out}\n")
    if sdk == "braket":
        assert at_hub.refused(6, "explain", *given).endswith(f" {way_out}\n")
    else:
        assert at_hub.json("explain", *given)["hint"] == way_out


def test_parameters_in_brakets_own_dialect(at_hub: Qhub, tmp_path: Path) -> None:
    text = "OPENQASM 3.0;\ninput float a;\nqubit q;\nbit c;\nrx(a) q;\nc = measure q;\n"
    path = write(tmp_path / "mine.qasm", text)
    told = at_hub.refused(6, "run", path, "-b", "aws.sim.sv1", "--sdk", "braket")
    assert told.endswith(" Write their values into the file.\n")


def test_too_many_shots(at_hub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "bell.qasm", BELL)
    way_out = "Give --shots 100000 or fewer; in Python, split_shots=True splits them."
    given = (path, "-b", "aws.sim.sv1", "-s", 10_000_000)
    assert at_hub.refused(6, "run", *given).endswith(f" {way_out}\n")
    assert at_hub.json("explain", *given)["hint"] == way_out
    told = at_hub.refused(6, "run", path, "-b", "aws.sim.sv1", "-s", 0)
    assert told.endswith(" Give --shots within that range.\n")


@SDKS
def test_an_analog_device(at_hub: Qhub, tmp_path: Path, sdk: str) -> None:
    path = write(tmp_path / "bell.qasm", BELL)
    given = (path, "-b", "aws.quera.aquila", "--sdk", sdk)
    assert at_hub.refused(6, "run", *given) == ANALOG
    if sdk == "qiskit":
        assert at_hub.refused(6, "explain", *given) == ANALOG
    else:
        assert f"Error: {at_hub.json('explain', *given)['why']}\n" == ANALOG


def test_a_wait_on_a_hub_that_ends_with_the_command(qhub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "bell.qasm", BELL)
    told = qhub.refused(13, "run", path, "-b", "aws.sim.sv1", "--timeout", 0)
    assert told.endswith(
        ". It ended with its Hub: give a longer timeout, or start a Hub that stays: qhub local.\n"
    )


def test_a_job_that_nobody_can_look_up(qhub: Qhub, at_hub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "bell.qasm", BELL)
    last = "5 shots in [0-9.]+ s, job [0-9a-f-]{36}"
    given = ("run", path, "-b", "aws.sim.sv1", "-s", 5)
    assert re.search(f"^{last} \\(gone with its Hub\\)$", qhub(*given).stdout, re.MULTILINE)
    assert re.search(f"^{last}$", at_hub(*given).stdout, re.MULTILINE)


def test_fewer_shots_than_were_asked_for(at_hub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "bell.qasm", BELL)
    given = ("run", path, "-b", "quandela.sim.altair")
    ran = at_hub.json(*given)
    assert ran["shots"] == sum(ran["counts"].values()) < ran["shots_asked"] == 1000
    assert re.search(
        r"^\d+ of 1,000 shots came back, in [0-9.]+ s, job ", at_hub(*given).stdout, re.MULTILINE
    )
    run = Run("bell", "qiskit", "a", "http://hub", "7", 1000, 2, {"0": 2}, 0.7)
    assert run.outcome == "2 of 1,000 shots came back, in 0.70 s, job 7"


def test_the_token_is_looked_for_first(qhub: Qhub, tmp_path: Path) -> None:
    """Before anything is asked: nobody answers at this address."""
    path = write(tmp_path / "bell.qasm", BELL)
    given = ("-b", "aws.sim.sv1", "--remote", "--base-url", "http://127.0.0.1:9/quantum")
    assert "no token" in qhub.refused(3, "run", path, *given)


ASKS = "OPENQASM 3.0;\nqubit[2] q; h q[0]; cnot q[0], q[1];\n#pragma braket result expectation z(q[0])\n"


def test_no_shots_have_no_counts(at_hub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "exact.qasm", ASKS)
    before = len(at_hub.json("jobs", "--limit", 0))
    given = ("run", path, "-b", "aws.sim.sv1", "--shots", 0, "--sdk")
    assert "Exact results are no counts" in at_hub.refused(6, *given, "braket")
    assert "1 to 100000 shots" in at_hub.refused(
        6, "run", write(tmp_path / "bell.qasm", BELL), *given[2:], "qiskit"
    )
    assert len(at_hub.json("jobs", "--limit", 0)) == before


def test_result_types_are_not_shown_and_it_is_said(at_hub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "asks.qasm", ASKS)
    done = at_hub("run", path, "-b", "aws.sim.sv1", "--sdk", "braket", "--shots", 20)
    job_id = re.search(r"job ([0-9a-f-]{36})", done.stdout)[1]
    words = "The values of the result types that asks asks for are not shown"
    assert done.stderr == f"{words}; qhub result {job_id} has them.\n"
    assert at_hub.json("result", job_id)["resultTypes"][0]["value"] <= 1
