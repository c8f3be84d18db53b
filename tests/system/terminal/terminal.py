"""A command in a real terminal, as somebody sees it and types."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pexpect
import psutil

from tests.quick.local_hub.hub_process import HubProcess

ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[a-zA-Z]|\][^\x07]*\x07)")
# Colours of letters and grounds; bold, dim and the like are none.
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9]+)*m")
# Nothing here takes so long; other work on the machine makes it no error.
SECONDS = 60
# `qhub` for one command after the other: the SDKs are loaded once.
_SEVERAL = """
import json, sys
from qhub_cli.main import app
for words in json.loads(sys.argv[1]):
    try:
        app(words, prog_name="qhub")
    except SystemExit as end:
        print(end=f"\\x1f{end.code}\\x1e", flush=True)
"""
# Python's `sitecustomize.py`: a module that takes as long to load as one likes.
_SLOW_IMPORT = """
import os, sys, time

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == os.environ["SLOW_MODULE"]:
            print("loading", name, file=sys.stderr, flush=True)
            end = time.monotonic() + 600
            while not os.path.exists(os.environ["LOADED"]) and time.monotonic() < end:
                time.sleep(0.02)

sys.meta_path.insert(0, Finder)
"""

T = TypeVar("T")


class Terminal:
    """A command in a terminal.

    Attributes:
        child: The command.
    """

    def __init__(
        self, environment: dict[str, str], *command: object, columns: int = 80, lines: int = 40
    ) -> None:
        program, *arguments = map(str, command)
        self.child = pexpect.spawn(
            program,
            arguments,
            env=environment,
            dimensions=(lines, columns),
            encoding="utf-8",
            timeout=SECONDS,
        )
        self._seen = ""

    def sees(self, pattern: str) -> None:
        """Wait until this was written."""
        self.child.expect(pattern)
        self._seen += self.child.before + self.child.after

    def types(self, text: str) -> None:
        """Type a line."""
        self.child.sendline(text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.child.sendcontrol("c")

    def ends(self, code: int, *, tracebacks: int = 0) -> str:
        """Wait for its end, and give all that it and its children wrote."""
        self.child.expect(pexpect.EOF)
        self._seen += self.child.before
        self.child.close()
        assert self.child.exitstatus == code, self._seen
        assert self._seen.count("Traceback") == tracebacks, self._seen
        return self._seen


def plain(text: str) -> str:
    """Letters alone; what was written over is a line of its own."""
    return ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def run(environment: dict[str, str], *command: object, columns: int = 80, code: int = 0) -> str:
    """What `qhub` writes to a terminal."""
    return Terminal(environment, "qhub", *command, columns=columns).ends(code)


def run_several(
    environment: dict[str, str], commands: Sequence[str], *, columns: int = 80, notes: bool = True
) -> dict[str, tuple[int, str]]:
    """Exit code and text of each command, all in one terminal and one process.

    Args:
        environment: Whose.
        commands: What follows `qhub`.
        columns: The terminal's width.
        notes: Whether standard error goes to the terminal too.
    """
    words = json.dumps([command.split() for command in commands])
    program = 'exec "$0" -c "$1" "$2"' + ("" if notes else " 2>/dev/null")
    terminal = Terminal(
        environment, "bash", "-c", program, sys.executable, _SEVERAL, words, columns=columns
    )
    *parts, rest = terminal.ends(0).split("\x1e")
    assert (len(parts), rest) == (len(commands), ""), rest
    done = [part.rpartition("\x1f") for part in parts]
    return {
        command: (int(code), text) for command, (text, _, code) in zip(commands, done, strict=True)
    }


def shell(environment: dict[str, str], *options: str) -> Terminal:
    """A shell at its prompt, ``ready> ``."""
    terminal = Terminal({**environment, "PS1": "ready> "}, "bash", *options, columns=200)
    terminal.sees("ready> ")
    return terminal


def until(look: Callable[[], T]) -> T:
    """Wait until something is so, and give what it is."""
    end = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def processes(environment: dict[str, str], *words: str) -> list[psutil.Process]:
    """The processes of somebody, known by the home folder, that were called with one of these words."""
    found = psutil.process_iter(["environ", "cmdline"])
    return [
        process
        for process in found
        if (process.info["environ"] or {}).get("HOME") == environment["HOME"]
        and not {*words}.isdisjoint(process.info["cmdline"] or ())
    ]


def open_files(process: psutil.Process) -> list[str]:
    """What a process has open, pipes too."""
    found = []
    for path in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it is closed again
            found.append(os.readlink(path))
    return found


@contextmanager
def held(process: psutil.Process) -> Iterator[None]:
    """Let a process stand still."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def slow_to_load(environment: dict[str, str], folder: Path, module: str) -> Path:
    """Let a module be loaded, wherever Python would do that, for as long as a file is not there.

    Returns:
        The file.
    """
    (folder / "sitecustomize.py").write_text(_SLOW_IMPORT)
    loaded = folder / "loaded"
    environment.update(PYTHONPATH=str(folder), SLOW_MODULE=module, LOADED=str(loaded))
    return loaded


def tagged(hub: HubProcess, tag: str) -> list[str]:
    """The jobs with a tag."""
    return [job["id"] for job in hub.listed("/jobs") if tag in job.get("tags", ())]
