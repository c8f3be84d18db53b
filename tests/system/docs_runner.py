"""Runs the blocks of one page of the documentation in order, in one process: `python -m tests.system.docs_runner PAGE`.

It works in the current folder. Where a block fails, or prints something else than its page shows, it says so and exits
with 1. The rules:

- `python` runs, all blocks of a page in one namespace;
- a block with a title is a file of that name;
- `text` is what the block before it prints, `...` standing for anything;
- `sh` of nothing but `qhub`, `pytest`, `python` and assignments `x=$(qhub ...)` is a script of bash, which has to exit
  with 0; other `sh` is a list of commands:
    - these run as they stand, and have to exit with 0;
    - `qhub local` is started, has to say where it serves, and runs until the page ends, on a port of its own;
    - `export` sets variables; port 8765 is that of the Hub that was started last, the token `...` is its token or that
      of the test's Hub, and another variable's `...` is the value that the test gave it;
    - `pip install` may only name extras that `pyproject.toml` has, and `make` only targets of the Makefile;
    - `openssl` runs; of `ray start` only the options are looked up, for a cluster runs already. Anything else fails.

PostgreSQL and Ray are not on the hosts that a page names: the variable DOCS_PLACES maps such names to places.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path

from tests.system.docs_pages import ROOT, Block, blocks_of, commands_of

BIN = Path(sys.executable).parent
_CHECKER = doctest.OutputChecker()
_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SCRIPT = re.compile(r"(?:\w+=\$\()?(?:qhub(?! local\b(?! --help))|pytest|python)\b")
_COUNTED = {"python": 0, "sh": 0, "file": 0, "commands": 0, "outputs": 0}


class Failed(Exception):
    """A block does not do what its page says."""


class LocalHubs:
    """The Hubs that a page starts with `qhub local`."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []
        self.url = self.token = ""

    def start(self, words: list[str]) -> None:
        if "--port" in words:
            place = words.index("--port")
            del words[place : place + 2]
        process = subprocess.Popen(
            [BIN / words[0], *words[1:], "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        self._running.append(process)
        assert process.stdout is not None
        told = dict(process.stdout.readline().strip().rsplit(" ", 1) for _ in range(2))
        self.url, self.token = told["The local Hub serves"], told["Token:"]
        print(f"The local Hub serves {self.url}\nToken: {self.token}")
        # What else it says is read, so that it never waits for a reader.
        threading.Thread(target=process.stdout.read, daemon=True).start()

    def stop(self) -> None:
        for process in self._running:
            process.terminate()
        codes = [process.wait(60) for process in self._running]
        if any(codes):
            raise Failed(f"qhub local ended with {codes}")


HUBS = LocalHubs()


def run_page(page: Path) -> None:
    """Run the blocks of a page.

    Raises:
        Failed: One of them fails.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            _run(block, where, namespace)
        _COUNTED[block.kind] += 1
        if block.output is not None:
            _COUNTED["outputs"] += 1
            if not _CHECKER.check_output(block.output, printed.getvalue(), _SAME):
                raise Failed(
                    f"{where}: the page shows\n{block.output}\nbut it prints\n{printed.getvalue()}"
                )


def _run(block: Block, where: str, namespace: dict[str, object]) -> None:
    if block.kind == "file":
        assert block.title is not None
        path = Path(block.title)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    elif block.kind == "python":
        # The lines of a traceback are those of the page.
        code = compile("\n" * (block.line - 1) + block.text, where.partition(":")[0], "exec")
        exec(code, namespace)
    elif all(map(_SCRIPT.match, _commands(block))):
        _COUNTED["commands"] += len(_commands(block))
        _bash(block.text)  # a script of programs alone
    else:
        for line, words in commands_of(block):
            _COUNTED["commands"] += 1
            rule = _RULES.get(words[0])
            if rule is None:
                raise Failed(f"{where}: line {line}: there is no rule for {words[0]!r}")
            rule(_placed(words))


def _commands(block: Block) -> list[str]:
    return [" ".join(words) for _, words in commands_of(block)]


def _bash(script: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    print(done.stdout, end="")
    if done.returncode:
        raise Failed(f"the script exits with {done.returncode}:\n{done.stdout}\n{done.stderr}")


def _placed(words: list[str]) -> list[str]:
    """The words with the places of this machine instead of those that the page names."""
    places = json.loads(os.environ.get("DOCS_PLACES", "{}"))
    return [next((real for name, real in places.items() if word == name), word) for word in words]


def _qhub(words: list[str]) -> None:
    if words[1] == "local" and "--help" not in words:
        HUBS.start(words)
    else:
        _program(words)


def _program(words: list[str]) -> None:
    _bash(shlex.join(words))


def _openssl(words: list[str]) -> None:
    """It says how it gets on."""
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def _export(words: list[str]) -> None:
    for word in words[1:]:
        name, _, value = word.partition("=")
        if HUBS.url:
            address = HUBS.url.partition("/quantum")[0]
            value = re.sub(r"https?://[\w.]+:8765", address, value)
            if name == "KQH_PERSONAL_ACCESS_TOKEN":
                value = value.replace("...", HUBS.token)
        if value == "...":
            if name not in os.environ:
                raise Failed(f"the test has no value for {name}")
        else:
            os.environ[name] = os.path.expandvars(value)


def _pip(words: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = set(project["optional-dependencies"])
    if words[1] != "install":
        raise Failed("only `pip install` is known")
    for word in words[2:]:
        found = re.fullmatch(rf"(?:\.|{project['name']})(?:\[([a-z,]+)\])?", word)
        if found is None:
            raise Failed(f"{word!r} is not this project")
        if unknown := set((found[1] or "").split(",")) - known - {""}:
            raise Failed(f"there is no extra {', '.join(unknown)}")


def _make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in words[1:]:
        if "=" not in word and not re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE):
            raise Failed(f"the Makefile has no target {word}")


def _ray(words: list[str]) -> None:
    """A cluster runs already: its options have to exist."""
    told = subprocess.run(
        [BIN / "ray", words[1], "--help"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    for word in words[2:]:
        option = word.partition("=")[0]
        if option.startswith("--") and option not in told:
            raise Failed(f"ray {words[1]} has no option {option}")


_RULES: dict[str, Callable[[list[str]], None]] = {
    "export": _export,
    "make": _make,
    "openssl": _openssl,
    "pip": _pip,
    "pytest": _program,
    "python": _program,
    "qhub": _qhub,
    "ray": _ray,
}


if __name__ == "__main__":
    try:
        try:
            run_page(Path(sys.argv[1]).resolve())
        finally:
            HUBS.stop()
    except Failed as failure:
        sys.exit(str(failure))
    print(json.dumps(_COUNTED))
