"""What somebody sees of HTML in a notebook."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

PLAIN = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre"}


class Seen(HTMLParser):
    """The tags and the cells of some HTML; it has to be well formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    @property
    def told(self) -> dict[str, str]:
        return {row[0]: row[1] for row in self.rows}


def seen(thing: Any) -> Seen:
    page = Seen(thing._repr_html_())
    assert set(page.tags) <= PLAIN
    assert page.attributes <= {"style", "scope"}
    assert len(thing._repr_html_()) < 40_000
    return page
