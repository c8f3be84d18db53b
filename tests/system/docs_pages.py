"""The blocks of the documentation's pages, and what each one is by the rules of CONTRIBUTING."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "ROOT", "Block", "blocks_of", "commands_of", "pages"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass
class Block:
    """A fenced block of a page.

    Attributes:
        line: The line of the page on which its text begins.
        language: What stands behind the fence.
        title: The name of the file that it is, or None.
        text: What it holds.
        output: What it prints, where the page shows that: `...` stands for anything.
    """

    line: int
    language: str
    title: str | None
    text: str
    output: str | None = None

    @property
    def kind(self) -> str:
        """`file`, `python` or `sh`, as it is to be run.

        Raises:
            ValueError: No rule fits.
        """
        if self.title is not None:
            return "file"
        if self.language in ("python", "sh"):
            return self.language
        raise ValueError(f"line {self.line}: there is no rule for a block of {self.language!r}")


def pages() -> list[Path]:
    """All pages."""
    return sorted(path for path in DOCS.rglob("*.md") if "theme" not in path.parts)


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page in their order; a block of `text` is what the one before it prints.

    Raises:
        ValueError: A block of `text` follows none that prints.
    """
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("body")) + 1
        language, _, rest = match["info"].strip().partition(" ")
        title = _TITLE.search(rest)
        indent = match["indent"]
        body = "".join(one.removeprefix(indent) for one in match["body"].splitlines(keepends=True))
        if language == "text" and title is None:
            if not found or found[-1].kind == "file" or found[-1].output is not None:
                raise ValueError(f"{page.name}:{line}: this output belongs to no block")
            found[-1].output = body
        else:
            found.append(Block(line, language, title[1] if title else None, body))
        end = match.end()
    if "```" in text[end:]:
        raise ValueError(f"{page.name}: a block has no end")
    return found


def commands_of(block: Block) -> Iterator[tuple[int, list[str]]]:
    """The commands of a block of `sh`, with the lines on which they stand."""
    waiting = ""
    for number, line in enumerate(block.text.splitlines(), block.line):
        waiting += line
        if waiting.endswith("\\"):
            waiting = waiting[:-1]
            continue
        words = shlex.split(waiting, comments=True)
        if words:
            yield number, words
        waiting = ""
