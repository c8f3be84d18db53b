"""`qhub run`, `qhub demo` and `qhub local`, as a person calls them."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from qiskit import qasm2, qasm3
from qiskit.quantum_info import Statevector

from qhub_cli.demo import largest_distance
from qhub_cli.hub_faults import HubFaults
from tests.quick.cli.conftest import Qhub, said
from tests.quick.local_hub.hub_process import HubProcess

ROOT = Path(__file__).parents[3]
CIRCUITS = ROOT / "notebooks" / "circuits"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


TWO_BITS = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg a[1];
creg b[1];
x q[1];
measure q[0] -> a[0];
measure q[1] -> b[0];
"""


def test_counts_as_a_table(qhub, tmp_path):
    printed = qhub(
        "run", write(tmp_path / "mine.qasm", TWO_BITS), "--backend", "kipu.sim.qsim", "--shots", 30
    )
    assert "mine on kipu.sim.qsim (the local Hub)" in printed.stdout
    assert re.search(r"1 0 +│ +30 │ 100\.0 % │ █+ │", printed.stdout)
    assert re.search(r"30 shots in \d+\.\d\d s, job [0-9a-f-]{36}", printed.stdout)
    assert max(map(len, printed.stdout.splitlines())) <= 80
    assert printed.stderr == ""


@pytest.mark.parametrize(("sdk", "key"), [("qiskit", "1 0"), ("braket", "01")])
def test_counts_as_json(at_hub, hub, tmp_path, sdk, key):
    path = write(tmp_path / "mine.qasm", TWO_BITS)
    facts = at_hub.json("run", path, "--backend", "aws.sim.sv1", "--shots", 7, "--sdk", sdk)
    assert facts["counts"] == {key: 7}
    assert (facts["backend"], facts["sdk"], facts["hub"], facts["shots"]) == (
        "aws.sim.sv1",
        sdk,
        hub.info["base_url"],
        7,
    )


def test_openqasm_3_with_brakets_own_gates(at_hub, tmp_path):
    text = "OPENQASM 3.0;\nqubit[2] q;\nbit[2] b;\nx q[0];\ncnot q[0], q[1];\nb = measure q;\n"
    path = write(tmp_path / "braket.qasm", text)
    place = ("--backend", "aws.sim.sv1")
    facts = at_hub.json("run", path, *place, "--sdk", "braket", "--shots", 5)
    assert facts["counts"] == {"11": 5}
    assert "--sdk braket" in at_hub.refused(6, "run", path, *place)


def test_several_files_are_a_line_each(at_hub: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    """All are read before the first is sent; names and tags are those that were given."""
    first, second = (write(tmp_path / f"{name}.qasm", TWO_BITS) for name in ("first", "second"))
    given = ("-b", "kipu.sim.qsim", "-s", 7, "--tag", "a", "--tag", "b")
    done = at_hub("run", first, second, *given, "--json")
    ran = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["name"], one["counts"]) for one in ran] == [
        ("first", {"1 0": 7}),
        ("second", {"1 0": 7}),
    ]
    jobs = [hub.http.get(f"/jobs/{one['job_id']}").json() for one in ran]
    assert [job["name"] for job in jobs] == ["first", "second"]
    assert all({"a", "b"} < set(job["tags"]) for job in jobs)
    before = len(at_hub.json("jobs", "--limit", 0))
    write(second, "OPENQASM 4.0;\n")
    assert "OpenQASM 4" in at_hub.refused(6, "run", first, second, *given)
    assert len(at_hub.json("jobs", "--limit", 0)) == before


@pytest.mark.parametrize("sdk", ["qiskit", "braket"])
def test_without_waiting(
    at_hub: Qhub, hub: HubProcess, faults: HubFaults, tmp_path: Path, sdk: str
) -> None:
    faults.slow_queue(3, times=1)
    path = write(tmp_path / "mine.qasm", TWO_BITS)
    given = ("-b", "aws.sim.sv1", "--sdk", sdk, "--no-wait", "--name", "patient", "-s", 5)
    job_id = at_hub("run", path, *given).stdout.strip()
    job = said(hub.http.get(f"/jobs/{job_id}").json())
    assert (job["name"], job["status"]) == ("patient", "PENDING")
    outcome = {"qiskit": "1 0", "braket": "01"}[sdk]
    assert at_hub.json("job", job_id, "--wait")["counts"] == {outcome: 5}


def test_without_waiting_on_a_hub_that_ends_with_the_command(qhub: Qhub, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.qasm", TWO_BITS)
    assert "qhub local" in qhub("run", path, "-b", "aws.sim.sv1", "--no-wait", code=2).stderr


def test_an_address_without_a_token_is_meant(qhub: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    """Not a Hub on this machine instead."""
    path = write(tmp_path / "mine.qasm", TWO_BITS)
    given = ("-b", "aws.sim.sv1", "--base-url", hub.info["base_url"])
    assert "no token" in qhub.refused(3, "run", path, *given)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello\n", ["is not OpenQASM", "OPENQASM 2.0;"]),
        (b"", ["is not OpenQASM"]),
        (b"\x89PNG\xff\xfe", ["is not text"]),
        (b"OPENQASM 4.0;\n", ["OpenQASM 4"]),
        (b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nnosuch q[0];\n', ["4,0", "nosuch"]),
        (b'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q\n', ["cannot be parsed", "line 4"]),
        (
            b'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[0];\n',
            ["measures nothing"],
        ),
    ],
    ids=["prose", "empty", "binary", "version", "gate", "syntax", "unmeasured"],
)
def test_bad_files(at_hub, tmp_path, content, words):
    path = tmp_path / "bad.qasm"
    path.write_bytes(content)
    done = at_hub("run", path, "--backend", "aws.sim.sv1", code=6)
    assert done.stderr.startswith("Error: ")
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_not_there(at_hub, tmp_path):
    done = at_hub("run", tmp_path / "absent.qasm", "--backend", "aws.sim.sv1", code=6)
    assert "absent.qasm cannot be read (No such file or directory)" in done.stderr
    done = at_hub("run", tmp_path, "--backend", "aws.sim.sv1", code=6)
    assert "cannot be read (Is a directory)" in done.stderr


@pytest.mark.parametrize("sdk", ["qiskit", "braket"])
@pytest.mark.parametrize(
    ("given", "words", "code"),
    [
        (["--backend", "aws.sim.sv2"], ["'aws.sim.sv2'", "'aws.sim.sv1'"], 4),
        (["--backend", "aws.sim.sv1", "--shots", "-1"], ["-1"], 6),
        (["--backend", "aws.sim.sv1", "--shots", "1000000"], ["1000000", "100000"], 6),
    ],
    ids=["backend", "negative", "many"],
)
def test_bad_choices(at_hub, sdk, given, words, code):
    done = at_hub("run", CIRCUITS / "bell.qasm", "--sdk", sdk, *given, code=code)
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_the_users_own_hub_without_a_token(at_hub: Qhub) -> None:
    del at_hub.environment["KQH_PERSONAL_ACCESS_TOKEN"]
    given = (CIRCUITS / "bell.qasm", "--backend", "aws.sim.sv1")
    assert "no token" in at_hub.refused(3, "run", *given, "--remote")


def test_a_hub_run_by_hand_serves_run(environment, qhub, tmp_path):
    """`qhub local` in one terminal, `qhub run` in another."""
    with qhub.started("local", "--port", 0, "--state", tmp_path / "jobs") as hub:
        base_url = re.fullmatch(r"The local Hub serves (http://\S+)\n", hub.stdout.readline())[1]
        token = re.fullmatch(r"Token: (\S+)\n", hub.stdout.readline())[1]
        environment.update(QHUB_QUANTUM_BASE_URL=base_url, KQH_PERSONAL_ACCESS_TOKEN=token)
        done = qhub("run", CIRCUITS / "bell.qasm", "--backend", "kipu.sim.qsim", "--json")
        facts = json.loads(done.stdout)
        assert facts["hub"] == base_url
        job = httpx.get(
            f"{base_url}/jobs/{facts['job_id']}", headers={"X-Auth-Token": token}
        ).json()
        assert (job["name"], job["status"]) == ("bell", "COMPLETED")
        environment["KQH_PERSONAL_ACCESS_TOKEN"] = "another"
        refused = qhub("run", CIRCUITS / "bell.qasm", "--backend", "kipu.sim.qsim", code=3)
        assert "does not accept the token" in refused.stderr
        hub.send_signal(signal.SIGINT)
        assert hub.wait(20) in (0, -signal.SIGINT, 130)


def test_it_is_called_what_it_was_started_as(qhub: Qhub) -> None:
    assert qhub("local", "--help").stdout.startswith("usage: qhub local [-h]")
    words = qhub("local", "--nosuch", code=2).stderr
    assert words.endswith("qhub local: error: unrecognized arguments: --nosuch\n")
    done = subprocess.run(
        [sys.executable, "-m", "local_hub", "--help"], capture_output=True, text=True
    )
    assert done.stdout.startswith("usage: python -m local_hub [-h]")
    assert "--by-qhub" not in done.stdout


def test_an_unreachable_hub(qhub, environment):
    environment.update(
        QHUB_QUANTUM_BASE_URL="http://127.0.0.1:9/quantum", KQH_PERSONAL_ACCESS_TOKEN="x"
    )
    done = qhub("run", CIRCUITS / "bell.qasm", "--backend", "aws.sim.sv1", code=11)
    assert "did not answer" in done.stderr
    assert "127.0.0.1:9" in done.stderr


def test_demo_checks_every_circuit(qhub):
    printed = qhub("demo").stdout
    assert len(re.findall(r" right *$", printed, re.MULTILINE)) == 18
    assert "18 of 18 right" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_a_demo_of_few_shots_leaves_more_to_chance(qhub, tmp_path):
    """Of 16 outcomes that are equally likely, 100 shots are 0.15 off on average."""
    answers = json.loads((CIRCUITS / "answers.json").read_text())
    (tmp_path / "answers.json").write_text(json.dumps({"qft4": answers["qft4"]}))
    shutil.copy(CIRCUITS / "qft4.qasm", tmp_path)
    printed = qhub("demo", tmp_path, "--shots", 100).stdout
    assert "3 of 3 right: at most 0.379 off" in printed  # 0.06 * sqrt(4000 / 100)
    assert "--shots" in qhub("demo", tmp_path, "--shots", 99, code=2).stderr


def test_its_own_number_of_shots_leaves_little() -> None:
    assert largest_distance(4000) == 0.06
    assert largest_distance(16000) == 0.03


def test_demo_says_so_when_an_answer_is_wrong(qhub, tmp_path):
    """The check can fail: with another circuit under a known name it does."""
    answers = json.loads((CIRCUITS / "answers.json").read_text())
    (tmp_path / "answers.json").write_text(json.dumps({"bell": answers["bell"]}))
    (tmp_path / "bell.qasm").write_text(
        TWO_BITS.replace("creg a[1];\ncreg b[1];", "creg c[2];")
        .replace("a[0]", "c[0]")
        .replace("b[0]", "c[1]")
    )
    printed = qhub("demo", tmp_path, "--shots", 100, code=1).stdout
    assert len(re.findall(r" wrong *$", printed, re.MULTILINE)) == 3
    assert "0 of 3 right" in printed


@pytest.mark.parametrize("path", sorted(CIRCUITS.glob("*.qasm")), ids=lambda path: path.stem)
def test_the_known_answers_are_exact(path):
    """By Qiskit's own simulation, not by ours."""
    text = path.read_text()
    if "OPENQASM 2" in text:
        circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    else:
        circuit = qasm3.loads(text)
    answer = json.loads((CIRCUITS / "answers.json").read_text())[path.stem]
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    exact = state.probabilities_dict(qargs=range(answer["bits"]))
    for number in range(2 ** answer["bits"]):
        word = format(number, f"0{answer['bits']}b")
        assert exact.get(word, 0) == pytest.approx(
            answer["likely"].get(word, answer["others"]), abs=1e-9
        )
