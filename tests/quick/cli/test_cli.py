"""The command `qhub`, run as a person runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from qiskit import qasm2, qasm3
from qiskit.quantum_info import Statevector

ROOT = Path(__file__).parents[3]
CIRCUITS = ROOT / "notebooks" / "circuits"
QHUB = str(Path(sys.executable).with_name("qhub"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Nobody's environment: no token, no config file."""
    kept = {k: v for k, v in os.environ.items() if "TOKEN" not in k and not k.startswith("QHUB")}
    return {**kept, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "COLUMNS": "80"}


@pytest.fixture
def qhub(environment):
    def run(*arguments: object, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [QHUB, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=90,
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done

    return run


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
def test_counts_as_json(qhub, tmp_path, sdk, key):
    path = write(tmp_path / "mine.qasm", TWO_BITS)
    done = qhub("run", path, "--backend", "aws.sim.sv1", "--shots", 7, "--sdk", sdk, "--json")
    facts = json.loads(done.stdout)
    assert facts["counts"] == {key: 7}
    assert (facts["backend"], facts["sdk"], facts["hub"], facts["shots"]) == (
        "aws.sim.sv1",
        sdk,
        "local",
        7,
    )


def test_openqasm_3_with_brakets_own_gates(qhub, tmp_path):
    text = "OPENQASM 3.0;\nqubit[2] q;\nbit[2] b;\nx q[0];\ncnot q[0], q[1];\nb = measure q;\n"
    path = write(tmp_path / "braket.qasm", text)
    done = qhub("run", path, "--backend", "aws.sim.sv1", "--sdk", "braket", "--shots", 5, "--json")
    assert json.loads(done.stdout)["counts"] == {"11": 5}
    refused = qhub("run", path, "--backend", "aws.sim.sv1", ok=False)
    assert "--sdk braket" in refused.stderr


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
def test_bad_files(qhub, tmp_path, content, words):
    path = tmp_path / "bad.qasm"
    path.write_bytes(content)
    done = qhub("run", path, "--backend", "aws.sim.sv1", ok=False)
    assert done.stderr.startswith("Error: ")
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_not_there(qhub, tmp_path):
    done = qhub("run", tmp_path / "absent.qasm", "--backend", "aws.sim.sv1", ok=False)
    assert "absent.qasm cannot be read (No such file or directory)" in done.stderr
    done = qhub("run", tmp_path, "--backend", "aws.sim.sv1", ok=False)
    assert "cannot be read (Is a directory)" in done.stderr


@pytest.mark.parametrize("sdk", ["qiskit", "braket"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--backend", "aws.sim.sv2"], ["'aws.sim.sv2'", "'aws.sim.sv1'"]),
        (["--backend", "aws.sim.sv1", "--shots", "-1"], ["-1"]),
        (["--backend", "aws.sim.sv1", "--shots", "1000000"], ["1000000", "100000"]),
    ],
    ids=["backend", "negative", "many"],
)
def test_bad_choices(qhub, sdk, given, words):
    done = qhub("run", CIRCUITS / "bell.qasm", "--sdk", sdk, *given, ok=False)
    for word in words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_the_users_own_hub_without_a_token(qhub):
    done = qhub("run", CIRCUITS / "bell.qasm", "--backend", "aws.sim.sv1", "--remote", ok=False)
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_a_hub_run_by_hand_serves_run(environment, qhub, tmp_path):
    """`qhub local` in one terminal, `qhub run` in another."""
    with subprocess.Popen(
        [QHUB, "local", "--port", "0", "--state", str(tmp_path / "jobs")],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as hub:
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
        refused = qhub("run", CIRCUITS / "bell.qasm", "--backend", "kipu.sim.qsim", ok=False)
        assert "does not accept the token" in refused.stderr
        hub.send_signal(signal.SIGINT)
        assert hub.wait(20) in (0, -signal.SIGINT, 130)


def test_an_unreachable_hub(qhub, environment):
    environment.update(
        QHUB_QUANTUM_BASE_URL="http://127.0.0.1:9/quantum", KQH_PERSONAL_ACCESS_TOKEN="x"
    )
    done = qhub("run", CIRCUITS / "bell.qasm", "--backend", "aws.sim.sv1", ok=False)
    assert "did not answer" in done.stderr
    assert "127.0.0.1:9" in done.stderr


def test_demo_checks_every_circuit(qhub):
    printed = qhub("demo").stdout
    assert len(re.findall(r" right *$", printed, re.MULTILINE)) == 18
    assert "18 of 18 right" in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_demo_says_so_when_an_answer_is_wrong(qhub, tmp_path):
    """The check can fail: with another circuit under a known name it does."""
    answers = json.loads((CIRCUITS / "answers.json").read_text())
    (tmp_path / "answers.json").write_text(json.dumps({"bell": answers["bell"]}))
    (tmp_path / "bell.qasm").write_text(
        TWO_BITS.replace("creg a[1];\ncreg b[1];", "creg c[2];")
        .replace("a[0]", "c[0]")
        .replace("b[0]", "c[1]")
    )
    printed = qhub("demo", tmp_path, ok=False).stdout
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
