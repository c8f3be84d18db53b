"""Ctrl-C in a real terminal, at any moment: quiet, at once, and nothing is lost."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from qhub_cli.hub_faults import HubFaults
from tests.quick.local_hub.hub_process import HubProcess
from tests.system.terminal.terminal import (
    Terminal,
    held,
    open_files,
    plain,
    processes,
    run,
    shell,
    slow_to_load,
    tagged,
    until,
)


@pytest.mark.parametrize(
    "module", ["shared_transport.client", "qiskit", "qiskit.transpiler.preset_passmanagers"]
)
def test_ctrl_c_while_something_is_loaded(
    environment: dict[str, str], tmp_path: Path, bell: Path, module: str
) -> None:
    slow_to_load(environment, tmp_path, module)
    running = Terminal(environment, "qhub", "run", bell, "-b", "kipu.sim.qsim")
    running.sees(f"loading {module}")
    running.interrupt()
    assert plain(running.ends(130)).split("\n")[1:] == ["^C", ""]


def test_ctrl_c_waits_for_no_answer(environment: dict[str, str], faults: HubFaults) -> None:
    """Also where several questions are under way, in threads: the answers come after the test has given up."""
    fault = faults.delay(120, "getBackendStatus")
    asking = Terminal(environment, "qhub", "backends")
    until(lambda: faults.strikes(fault).seen >= 2)
    asking.interrupt()
    assert plain(asking.ends(130)).strip() == "^C"


def test_ctrl_c_says_which_job_goes_on(
    environment: dict[str, str], hub: HubProcess, faults: HubFaults, bell: Path
) -> None:
    faults.slow_queue(600, times=1)
    place = ("--backend", "kipu.sim.qsim", "--tag", "interrupted")
    running = Terminal(environment, "qhub", "run", bell, *place)
    running.sees("queued .*0/1")
    running.interrupt()
    (job,) = tagged(hub, "interrupted")
    assert f"Job {job} was submitted: qhub job {job}" in plain(running.ends(130)).replace("\n", " ")
    asked = faults.delay(0.01, "getJobStatus")
    waiting = Terminal(environment, "qhub", "job", job, "--wait")
    until(lambda: faults.strikes(asked).seen)
    waiting.interrupt()
    assert plain(waiting.ends(130)).strip() == "^C"
    assert f"{job} CANCELLED" in plain(run(environment, "cancel", job))


def hub_is_gone(environment: dict[str, str]) -> None:
    """Wait for the end of a Hub of that user, with its workers; its folder went with it."""
    until(lambda: not processes(environment, "--embedded", "local_hub.worker"))
    assert os.listdir(environment["TMPDIR"]) == []


def says_nothing_more(terminal: Terminal) -> None:
    """A shell whose command was interrupted."""
    terminal.types("echo ended with $?")
    terminal.sees("ended with 130")
    terminal.types("exit")
    terminal.ends(0)


def test_ctrl_c_while_a_hub_starts(environment: dict[str, str], tmp_path: Path, bell: Path) -> None:
    """The command is gone before the Hub could say where it is: the Hub ends too, and says nothing."""
    loaded = slow_to_load(environment, tmp_path, "local_hub.process")
    terminal = shell(environment, "--noprofile", "--norc")
    terminal.types(f"qhub run {bell} -b kipu.sim.qsim --local")
    terminal.sees("loading local_hub.process")
    terminal.interrupt()
    terminal.sees("ready> ")
    loaded.touch()
    hub_is_gone(environment)
    says_nothing_more(terminal)


def test_ctrl_c_twice(environment: dict[str, str]) -> None:
    """The second one comes while the command waits for its Hub's end."""
    terminal = shell(environment, "--noprofile", "--norc")
    terminal.types("qhub backends 'kipu*' --local --watch")
    terminal.sees("Ctrl-C ends")
    (hub,) = processes(environment, "--embedded")
    (command,) = processes(environment, "--watch")
    stdin = os.readlink(f"/proc/{hub.pid}/fd/0")
    with held(hub):
        terminal.interrupt()
        until(lambda: stdin not in open_files(command))
        terminal.interrupt()
        terminal.sees("ready> ")
    hub_is_gone(environment)
    says_nothing_more(terminal)


def test_ctrl_c_at_pythons_prompt_while_a_hub_starts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Python goes on, the Hub that nobody waits for does not, and the next one is as good as ever."""
    loaded = slow_to_load(environment, tmp_path, "local_hub.process")
    python = Terminal(environment, sys.executable, "-q")
    python.types("from qhub_qiskit import HubProvider")
    python.types("HubProvider.local()")
    python.sees("loading local_hub.process")
    python.interrupt()
    python.sees("KeyboardInterrupt")
    python.sees(">>> ")
    loaded.touch()
    hub_is_gone(environment)
    python.types("'page of', HubProvider.local().client.jobs.page().size")
    python.sees(r"\('page of', 20\)")
    python.sees(">>> ")
    python.child.sendcontrol("d")
    python.ends(0, tracebacks=1)
    assert os.listdir(environment["TMPDIR"]) == []


def test_a_hub_until_ctrl_c(environment: dict[str, str], bell: Path) -> None:
    serving = Terminal(environment, "qhub", "local", "--port", "0", "--workers", "1", columns=200)
    serving.sees(r"The local Hub serves (http://\S+)")
    place = serving.child.match[1]
    serving.sees(r"Token: (\S+)")
    token = serving.child.match[1]
    there = {"QHUB_QUANTUM_BASE_URL": place, "KQH_PERSONAL_ACCESS_TOKEN": token}
    assert "1,000 shots in" in run({**environment, **there}, "run", bell, "-b", "kipu.sim.qsim")
    serving.interrupt()
    serving.ends(0)
    assert os.listdir(environment["TMPDIR"]) == []


def test_ctrl_c_while_a_hub_is_loaded(environment: dict[str, str], tmp_path: Path) -> None:
    slow_to_load(environment, tmp_path, "local_hub.process")
    serving = Terminal(environment, "qhub", "local", "--port", "0")
    serving.sees("loading local_hub.process")
    serving.interrupt()
    assert plain(serving.ends(130)).split("\n")[1:] == ["^C"]
