"""The parent's side of the embedded Hub, with children that do one thing each."""

import json
import os
import subprocess
import sys

import pytest

from shared_transport import embedded, extras
from shared_transport.embedded import embedded_hub
from shared_transport.errors import ConfigurationError, MissingExtraError
from tests.quick.transport.tools import SECRET

pytestmark = pytest.mark.usefixtures("packages")
STAYS = "exec cat"


@pytest.fixture
def packages(monkeypatch):
    """As if the extra `local` were installed."""
    monkeypatch.setattr(extras, "find_spec", lambda name: object())
    monkeypatch.setattr(embedded, "START_LIMIT", 5.0)
    monkeypatch.setattr(embedded, "_hubs", {})


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Makes the next child run this shell script; gives the processes that were started."""
    started = []
    popen = subprocess.Popen

    def record(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        return started[-1]

    def becomes(script):
        path = tmp_path / "child.sh"
        path.write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\n{script}\n', encoding="utf-8"
        )
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return started

    monkeypatch.setattr(subprocess, "Popen", record)
    yield becomes
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def report(path, port=4711):
    path.write_text(json.dumps({"base_url": f"http://127.0.0.1:{port}/quantum", "token": SECRET}))
    return "echo '" + json.dumps({"runtime_file": str(path)}) + "'"


def arguments(tmp_path):
    """What the children were called with, a line each."""
    return [line.removeprefix("-P ") for line in (tmp_path / "arguments").read_text().splitlines()]


def test_it_starts_and_is_shared(child, tmp_path):
    started = child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    settings = embedded_hub()
    assert settings.base_url == "http://127.0.0.1:4711/quantum"
    assert settings.token.get_secret_value() == SECRET
    assert settings.runtime_file == str(tmp_path / "hub.json")
    assert embedded_hub() is settings
    assert len(started) == 1
    assert arguments(tmp_path) == ["-m local_hub --embedded"]
    assert SECRET not in repr(embedded._hubs)


def test_each_combination_of_arguments_is_one_hub(child, tmp_path):
    started = child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    embedded_hub(seed=0, state=tmp_path / "state", workers=2)
    embedded_hub(seed=0, state=tmp_path / "state", workers=2)
    embedded_hub(seed=1)
    first, second = arguments(tmp_path)
    assert first == f"-m local_hub --embedded --seed 0 --state {tmp_path / 'state'} --workers 2"
    assert second == "-m local_hub --embedded --seed 1"
    assert len(started) == 2


def test_the_child_ends_when_its_input_closes(child, tmp_path):
    started = child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    embedded_hub()
    (process,) = started
    assert process.poll() is None
    embedded._stop_all()
    assert process.returncode == 0
    assert embedded._hubs == {}


def test_one_that_has_died_is_started_anew(child, tmp_path):
    started = child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    embedded_hub()
    started[0].kill()
    started[0].wait()
    child(f"{report(tmp_path / 'hub.json', port=4712)}\n{STAYS}")
    assert embedded_hub().base_url == "http://127.0.0.1:4712/quantum"
    assert len(started) == 2


def test_the_child_finds_the_same_packages(child, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/some/where")
    child(f'echo "$PYTHONPATH" > {tmp_path}/path\n{report(tmp_path / "hub.json")}\n{STAYS}')
    embedded_hub()
    first, second = (tmp_path / "path").read_text().strip().split(os.pathsep)
    assert os.path.isdir(os.path.join(first, "shared_transport"))
    assert second == "/some/where"


def test_files_of_the_user_do_not_stand_in_for_modules(child, tmp_path):
    """``python -m`` puts the current folder first: a ``random.py`` there would be imported by the Hub."""
    child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    embedded_hub()
    assert (tmp_path / "arguments").read_text().startswith("-P -m local_hub")


def test_a_line_that_comes_in_pieces_is_one_line(child, tmp_path):
    line = report(tmp_path / "hub.json").removeprefix("echo '").removesuffix("'")
    child(f"printf '%s' '{line[:9]}'; sleep 0.05; printf '%s\\n' '{line[9:]}'\n{STAYS}")
    assert embedded_hub().runtime_file == str(tmp_path / "hub.json")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (f'echo \'{{"error": "the port is taken"}}\'\n{STAYS}', "the port is taken"),
        ('echo \'{"error": "no room on the disk"}\'; exit 1', "no room on the disk"),
        (f"echo Welcome to the machine\n{STAYS}", "Welcome to the machine"),
        (f"echo '[1]'\n{STAYS}", r"\[1\]"),
        (f"printf '\\377\\n'\n{STAYS}", "xff"),
        ("exit 3", "ended before it was ready"),
        ("printf half", "ended before it was ready"),
        (f"echo '{{}}'\n{STAYS}", "does not start"),
        (f'echo \'{{"runtime_file": "/no/such/file"}}\'\n{STAYS}', "does not start"),
    ],
)
def test_one_that_does_not_start_says_why_and_is_ended(child, script, words):
    started = child(script)
    with pytest.raises(ConfigurationError, match=words):
        embedded_hub()
    (process,) = started
    assert process.returncode is not None
    assert embedded._hubs == {}


def test_a_line_with_a_token_in_it_is_never_shown(child):
    """The child's own line carries the token; a library that prints before it makes both one garbage."""
    line = json.dumps({"base_url": "http://127.0.0.1:1/quantum", "token": SECRET})
    child(f"printf '%s\\n%s\\n' 'Warning: old library' '{line}'\n{STAYS}")
    with pytest.raises(ConfigurationError) as caught:
        embedded_hub()
    assert SECRET not in str(caught.value)


def test_one_that_says_nothing_is_given_up(child, monkeypatch):
    monkeypatch.setattr(embedded, "START_LIMIT", 0.1)
    started = child(STAYS)
    with pytest.raises(ConfigurationError, match=r"said nothing for 0\.1 s"):
        embedded_hub()
    assert started[0].returncode is not None


def test_one_that_does_not_start_does_not_stand_in_the_way_of_the_next(child, tmp_path):
    child("exit 3")
    with pytest.raises(ConfigurationError):
        embedded_hub()
    child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    assert embedded_hub().token.get_secret_value() == SECRET


def test_without_its_packages_the_extra_is_named(child, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "uvicorn" else object())
    started = child(STAYS)
    with pytest.raises(MissingExtraError, match=r"pip install 'qhub-plugins\[local\]'"):
        embedded_hub()
    assert started == []


def test_a_forked_child_lets_go_of_the_parents_hub(child, tmp_path):
    child(f"{report(tmp_path / 'hub.json')}\n{STAYS}")
    embedded_hub()
    process = embedded._hubs[()].process
    pid = os.fork()
    if pid == 0:
        closed = process.stdin.closed and process.stdout.closed
        os._exit(0 if closed and embedded._hubs == {} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert process.poll() is None
    assert embedded._hubs[()].running
