"""HTML for notebooks: tables and lists of facts. Escaped, without scripts, in the colours of the page they stand in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

__all__ = ["facts", "table"]

# Lines of a grey that can be seen on white and on black; all else is the page's own.
_LINE = "border-bottom:1px solid rgba(128,128,128,.4)"
_CELL = f"padding:.2em .8em .2em 0;{_LINE};vertical-align:top;white-space:pre-wrap;background:none"
_TABLE = "border-collapse:collapse;border:0;margin:.3em 0;color:inherit"
_CAPTION = (
    "caption-side:top;text-align:left;font-weight:bold;padding:.2em 0;color:inherit;opacity:1"
)


def table(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Collection[int] = (),
    note: str | None = None,
) -> str:
    """A table.

    Args:
        caption: What it shows.
        headings: One for each column.
        rows: Their cells; None is a dash.
        numbers: The columns of numbers, which are aligned on the right.
        note: A line below it.
    """
    columns = range(len(headings))
    style = [f"{_CELL};text-align:{'right' if i in numbers else 'left'}" for i in columns]
    head = "".join(
        f'<th scope="col" style="{style[i]}">{escape(headings[i])}</th>' for i in columns
    )
    body = "".join(
        "<tr>" + "".join(f'<td style="{style[i]}">{_text(row[i])}</td>' for i in columns) + "</tr>"
        for row in rows
    )
    below = f'<div style="opacity:.8">{escape(note)}</div>' if note else ""
    return (
        f'<div><table style="{_TABLE}"><caption style="{_CAPTION}">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
    )


def facts(
    title: str, told: Iterable[tuple[str, object]], *, more: Sequence[tuple[str, str]] = ()
) -> str:
    """What is known of one thing.

    Args:
        title: What it is.
        told: Names and values; one whose value is None is left out.
        more: Names and long texts, folded up below.
    """
    name = f"{_CELL};text-align:left;font-weight:normal;opacity:.8"
    rows = "".join(
        f'<tr><th scope="row" style="{name}">{escape(word)}</th>'
        f'<td style="{_CELL};text-align:left">{_text(value)}</td></tr>'
        for word, value in told
        if value is not None
    )
    folded = "".join(
        f"<details><summary>{escape(word)}</summary>"
        f'<pre style="white-space:pre-wrap;max-height:20em;overflow:auto;color:inherit;background:none">'
        f"{escape(text)}</pre></details>"
        for word, text in more
    )
    return (
        f'<div><table style="{_TABLE}"><caption style="{_CAPTION}">{escape(title)}</caption>'
        f"<tbody>{rows}</tbody></table>{folded}</div>"
    )


def _text(value: object) -> str:
    return "-" if value is None else escape(str(value))
