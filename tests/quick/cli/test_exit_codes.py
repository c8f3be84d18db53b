"""Each class of error has its exit code, its words on standard error, and no traceback without --debug."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qhub_cli.failures import EXIT_CODES, exit_code
from qhub_cli.hub_faults import HubFaults
from shared_transport import errors
from tests.quick.cli.conftest import QHUB, Qhub
from tests.quick.local_hub.hub_process import BELL2, BELL3, LONG3, HubProcess

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL2)
    return path


def test_every_branch_of_the_tree_has_one_of_its_own() -> None:
    branches = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.HubError)
        and kind is not errors.HubError
    }
    assert set(EXIT_CODES) == branches
    assert len(set(EXIT_CODES.values())) == len(branches)
    assert {0, 1, 2, 130, 141}.isdisjoint(EXIT_CODES.values())
    assert exit_code(errors.HubError("x")) == 1
    below = type("Below", (errors.ServerError,), {})
    assert exit_code(below("x")) == EXIT_CODES[errors.ServerError]


def test_the_help_names_each_code(qhub: Qhub) -> None:
    text = " ".join(qhub("--help").stdout.split())
    codes = {int(word) for word in re.findall(r"(?:[:;]) (\d+) ", text)}
    assert codes == {0, 1, 2, *EXIT_CODES.values(), 130, 141}


def test_usage(qhub: Qhub) -> None:
    assert "No such command" in qhub("nosuch", code=2).stderr
    assert "Missing argument" in qhub("job", code=2).stderr


def test_authentication(at_hub: Qhub) -> None:
    words = at_hub.refused(3, "jobs", KQH_PERSONAL_ACCESS_TOKEN="wrong")
    assert words.startswith("Error: The Hub does not accept the token.")
    assert "qhub login" in words
    assert "HubProvider" not in words
    assert "wrong" not in words


def test_not_found(at_hub: Qhub) -> None:
    for command in ("job", "result", "cancel", "session", "backend", "calibration"):
        assert UNKNOWN in at_hub.refused(4, command, UNKNOWN)


def test_permission(at_hub: Qhub, hub: HubProcess) -> None:
    made = hub.http.post("/admin/users", json={"name": "eve", "organizations": ["physics"]}).json()
    at_hub.environment["KQH_PERSONAL_ACCESS_TOKEN"] = made["token"]
    at_hub("jobs", "--organization", "physics")
    assert "--organization" in at_hub.refused(5, "jobs", "--organization", "law")
    done = at_hub("whoami", "--organization", "law", code=5)
    assert re.search(r"^Accepted +no$", done.stdout, re.MULTILINE)


def test_validation(at_hub: Qhub, bell: Path) -> None:
    assert "-1" in at_hub.refused(6, "run", bell, "-b", "kipu.sim.qsim", "--shots", "-1")


def test_configuration(at_hub: Qhub) -> None:
    assert "plain http" in at_hub.refused(7, "jobs", "--base-url", "http://hub.example/quantum")


@pytest.mark.parametrize(
    ("absent", "command", "extra"),
    [
        ("qiskit", ["run", "FILE", "-b", "kipu.sim.qsim"], "qiskit"),
        ("braket", ["run", "FILE", "-b", "aws.sim.sv1", "--sdk", "braket"], "braket"),
        ("fastapi", ["local"], "local"),
        ("fastapi", ["backends", "--local"], "local"),
    ],
)
def test_missing_extra(
    at_hub: Qhub, bell: Path, absent: str, command: list[str], extra: str
) -> None:
    given = [str(bell) if word == "FILE" else word for word in command]
    done = without(absent, at_hub, *given)
    assert done.returncode == 8, done.stderr
    assert f"pip install 'qhub-plugins[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_extra_where_pipx_installed_the_command(at_hub: Qhub, tmp_path: Path) -> None:
    (tmp_path / "pipx_metadata.json").touch()
    absent = f"import sys; sys.modules['fastapi'] = None; sys.prefix = {str(tmp_path)!r}"
    done = after(absent, at_hub, "local")
    assert done.returncode == 8
    assert "pipx install --force 'qhub-plugins[local]'" in done.stderr


def test_a_keyring_is_an_extra_too(at_hub: Qhub) -> None:
    done = without("keyring", at_hub, "login", "--keyring", "--no-check", stdin="token")
    assert done.returncode == 8
    assert "pip install 'qhub-plugins[keyring]'" in done.stderr
    done = without("keyring", at_hub, "login", "--no-check", stdin="token")
    assert "Stored in the config file" in done.stdout


def test_what_needs_no_extra_works_without_it(at_hub: Qhub, hub: HubProcess) -> None:
    """And says what it would show with it."""
    job_id = hub.submit("kipu.sim.qsim", BELL2)
    hub.wait(job_id)
    done = without("qiskit", at_hub, "job", job_id)
    assert done.returncode == 0, done.stderr
    assert "cx q[0],q[1];" in done.stdout  # the program as it was sent
    assert "pip install 'qhub-plugins[qiskit]'" in done.stdout
    assert "pip install 'qhub-plugins[qiskit]'" in done.stderr  # and no histogram
    page = without("qiskit", at_hub, "backend", "iqm.qpu.garnet")
    assert "QB1───QB2" in page.stdout
    assert "pip install 'qhub-plugins[qiskit]'" in page.stdout
    document = without("qiskit", at_hub, "calibration", "iqm.qpu.garnet")
    assert re.search(r"^observations +\d+ entries", document.stdout, re.MULTILINE)


def test_rate_limit(at_hub: Qhub, faults: HubFaults) -> None:
    faults.status(429, "searchJobs", retry_after=3600)
    assert "takes no more requests" in at_hub.refused(9, "jobs")


def test_server(at_hub: Qhub, faults: HubFaults) -> None:
    faults.status(500, "searchJobs")
    assert "HTTP 500" in at_hub.refused(10, "jobs")


def test_transport(at_hub: Qhub) -> None:
    words = at_hub.refused(11, "jobs", "--base-url", "http://127.0.0.1:9/quantum")
    assert "--base-url" in words


def test_submission_uncertain(at_hub: Qhub, hub: HubProcess, faults: HubFaults, bell: Path) -> None:
    """The answer is lost, and the job is not listed in the time in which it should be."""
    # Somebody who has no jobs: jobs with tags would show that the Hub keeps them, and it would be sent again.
    made = hub.http.post("/admin/users", json={"name": "uma", "organizations": []}).json()
    at_hub.environment["KQH_PERSONAL_ACCESS_TOKEN"] = made["token"]
    faults.late_listing(60)
    faults.reset_after("createJob", times=1)
    hasty = (
        "from shared_transport.settings import Settings; usual = Settings.resolve;"
        "Settings.resolve = classmethod(lambda cls, **given: usual(**given, settle_time=0.5))"
    )
    done = after(hasty, at_hub, "run", str(bell), "-b", "kipu.sim.qsim")
    assert done.returncode == 12, done.stderr
    assert "qhub-token:" in done.stderr


def test_wait_timeout_tells_which_job_goes_on(
    at_hub: Qhub, hub: HubProcess, faults: HubFaults, bell: Path
) -> None:
    faults.slow_queue(60, times=1)
    words = at_hub.refused(13, "run", bell, "-b", "kipu.sim.qsim", "--timeout", "0.5")
    assert "had not ended after 0.5 s" in words
    job_id = re.search(r"qhub job (\S+)\n", words)[1]
    assert "after 0.1 s" in at_hub.refused(13, "job", job_id, "--wait", "--timeout", "0.1")
    at_hub("cancel", job_id)
    assert hub.wait(job_id) == "CANCELLED"
    assert "was cancelled" in at_hub.refused(15, "result", job_id)


def test_job_failed(at_hasty_hub: Qhub, hasty_hub: HubProcess) -> None:
    job_id = hasty_hub.submit("aws.sim.sv1", LONG3)
    hasty_hub.wait(job_id)
    assert "0.5 seconds" in at_hasty_hub.refused(14, "result", job_id)


def test_result_not_ready(at_hub: Qhub, hub: HubProcess, faults: HubFaults) -> None:
    faults.slow_queue(60, times=1)
    job_id = hub.submit("aws.sim.sv1", BELL3)
    assert "has no result yet" in at_hub.refused(16, "result", job_id)
    at_hub("cancel", job_id)


def test_debug_shows_where(at_hub: Qhub) -> None:
    command = [QHUB, "job", UNKNOWN, "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, env=at_hub.environment)
    assert done.returncode == 4
    assert "Traceback (most recent call last)" in done.stderr
    assert "HTTP Request: GET" in done.stderr
    assert at_hub.environment["KQH_PERSONAL_ACCESS_TOKEN"] not in done.stdout + done.stderr


def test_what_nobody_expected_is_a_line(at_hub: Qhub) -> None:
    broken = "import shared_transport.client as c; c.HubClient.__init__ = lambda *a: 1 / 0"
    for more, traceback in (((), False), (("--debug",), True)):
        done = after(broken, at_hub, "jobs", *more)
        assert done.returncode == 1
        assert "ZeroDivisionError: division by zero" in done.stderr
        assert ("Traceback" in done.stderr) is traceback


def test_a_warning_is_a_line(apart: Qhub, tmp_path: Path) -> None:
    del apart.environment["KQH_PERSONAL_ACCESS_TOKEN"]
    path = tmp_path / "open.json"
    path.write_text('{"auth": {"value": "wrong"}}')
    path.chmod(0o644)
    words = apart.refused(3, "jobs", KQH_CONFIG_FILE_PATH=str(path))
    assert words.splitlines()[0] == (
        f"Warning: Others on this machine have access to the token in {path}: chmod 600 {path}"
    )


def without(
    module: str, user: Qhub, *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`qhub` where a package is not installed."""
    return after(f"import sys; sys.modules[{module!r}] = None", user, *arguments, stdin=stdin)


def after(
    code: str, user: Qhub, *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`qhub` in a Python where something else was done first."""
    return subprocess.run(
        [sys.executable, "-c", f"{code}\nfrom qhub_cli.main import app\napp()", *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        env=user.environment,
        timeout=60,
    )
