"""Writes docs/reference/command-line.md: every command of `qhub` and its options, as `--help` has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from qhub_cli.main import app

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "command-line.md"
# It hands its options on to `python -m local_hub`.
_ELSEWHERE = {"local": "Its options: [The local Hub's command line](local-hub.md)."}


def page() -> str:
    """The page's text."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    yield "# The command `qhub`\n\n"
    yield "`python -m scripts.docs_commands` writes this page. "
    yield f"How to use it: [Use the command line](../how-to/command-line.md).\n\n{group.help}\n\n"
    yield from _options(group)
    if group.epilog:
        yield f"{group.epilog}\n\n"
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        yield f"## `qhub {name}`\n\n{_plain(command.help)}\n\n"
        if name in _ELSEWHERE:
            yield f"{_ELSEWHERE[name]}\n\n"
        else:
            yield from _options(command)


def _options(command: Any) -> Iterator[str]:
    yield "| | |\n|---|---|\n"
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        yield f"| {_names(parameter)} | {_meaning(parameter)} |\n"
    yield "\n"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).strip('[]{}').upper()}`"
    return ", ".join(f"`{word}`" for word in (*parameter.opts, *parameter.secondary_opts))


def _meaning(parameter: Any) -> str:
    text = _plain(parameter.help)
    if parameter.required:
        text += " Required."
    value = parameter.default
    shown = getattr(parameter, "show_default", False)
    if shown and value not in (None, False, (), []) and not callable(value):
        text += f" By default `{_shown(parameter, value)}`."
    return text.replace("|", "\\|")


def _shown(parameter: Any, value: Any) -> str:
    return str(parameter.opts[0] if value is True else getattr(value, "value", value))


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
