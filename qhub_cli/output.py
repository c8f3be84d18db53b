"""How answers look: tables for people, JSON for machines, and both anew while somebody watches."""

from __future__ import annotations

import io
import json
import select
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

__all__ = [
    "Column",
    "View",
    "age",
    "block",
    "clean",
    "console",
    "facts_table",
    "heading",
    "listing",
    "note",
    "show",
    "stamp",
    "status_text",
    "watch",
    "when",
    "write_json",
]

# Wider than any line: what is not a terminal gets its lines whole.
_NO_LIMIT = 100_000
# Letters between two columns, and those that are left of a cell that is cut.
_GAP, _CUT_TO = 2, 12
_STATUS_STYLES = {
    "COMPLETED": "green",
    "ONLINE": "green",
    "ACTIVE": "green",
    "OPEN": "green",
    "RUNNING": "cyan",
    "DRAINING": "cyan",
    "CANCELLING": "yellow",
    "CANCELLED": "yellow",
    "PAUSED": "yellow",
    "FAILED": "red",
    "ABORTED": "red",
    "DETACHED": "red",
    "OFFLINE": "red",
    "RETIRED": "red",
}


class View(NamedTuple):
    """What a command answers.

    Attributes:
        document: For machines.
        picture: Draws it for people; only called where people look.
        notes: What people should know beside it; they go to standard error.
    """

    document: Any
    picture: Callable[[Console], Iterable[RenderableType]]
    notes: Sequence[str] = ()


class Column(NamedTuple):
    """A column of a list.

    Attributes:
        heading: Its heading.
        right: Whether it is aligned to the right.
        cut: Whether its cells may be cut where the terminal is narrow.
    """

    heading: str
    right: bool = False
    cut: bool = False


def show(view: View, *, as_json: bool) -> None:
    """Print an answer."""
    if as_json:
        write_json(view.document)
        return
    out = console()
    with out.capture() as lines:
        for part in view.picture(out):
            out.print(part)
    # Cells are filled up with spaces, which are of no use to a program.
    _write(lines.get() if out.is_terminal else _stripped(lines.get()))
    for text in view.notes:
        note(text)


def watch(look: Callable[[], View], *, as_json: bool, interval: float) -> None:
    """Print an answer, and print it anew whenever it has changed, until Ctrl-C.

    On a terminal it changes in its place. An outage ends nothing: it is told, and the next look comes.

    Args:
        look: Asks the Hub.
        as_json: One JSON document a line, for each answer that differs from the one before.
        interval: Seconds between two looks.
    """
    from rich.console import Group
    from rich.live import Live

    from shared_transport.errors import RateLimitError, ServerError, TransportError

    out = console()
    in_place = sys.stdout.isatty() and not as_json
    view = look()
    if not in_place:
        before: Any = object()
        outage = ""
        while True:
            if view.document != before:
                before = view.document
                show(view, as_json=as_json)
            _pause(interval)
            try:
                view, outage = look(), ""
            except (RateLimitError, ServerError, TransportError) as problem:
                if outage != f"{problem}":
                    outage = f"{problem}"
                    note(outage)
    trouble: list[Text] = []
    with Live(console=out, auto_refresh=False) as live:
        while True:
            looked = Text(f"{datetime.now():%H:%M:%S}, every {interval:g} s, Ctrl-C ends", "dim")
            live.update(Group(*view.picture(out), *trouble, looked), refresh=True)
            _pause(interval)
            try:
                view, trouble = look(), []
            except (RateLimitError, ServerError, TransportError) as problem:
                trouble = [Text(clean(f"{problem}"), "red")]


def _pause(seconds: float) -> None:
    """Wait, unless nobody reads any more: nothing may be written for hours that would tell."""
    if not hasattr(select, "poll"):
        time.sleep(seconds)
        return
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # for nothing: that the other end is gone is told anyway
    if poll.poll(1000 * seconds):
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Where text is printed: as wide as the terminal; without limits where it is none."""
    stream = sys.stderr if stderr else sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        # What the terminal's encoding lacks is replaced, not an error.
        stream.reconfigure(errors="replace")
    return _Console(
        stderr=stderr,
        width=None if stream.isatty() else _NO_LIMIT,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to whoever runs the command."""
        raise BrokenPipeError


def write_json(document: Any) -> None:
    """Print JSON: a line where a program reads it, indented on a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    narrow = not sys.stdout.encoding.lower().startswith("utf")
    _write(json.dumps(document, indent=indent, ensure_ascii=narrow, default=_plain) + "\n")


def note(text: str) -> None:
    """Tell people something that is not the answer itself: on standard error."""
    console(stderr=True).print(Text(clean(text), "dim"), soft_wrap=True)


def listing(columns: Sequence[Column], rows: Iterable[Sequence[str | Text]], width: int) -> Table:
    """A table without lines, for `less` and `awk` too.

    Args:
        columns: What it has, the most important first: the last ones are left out where the terminal is narrow.
        rows: A cell for each column.
        width: Of the terminal.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    longest = [
        max([len(column.heading), *(row[place].cell_len for row in cells)])
        for place, column in enumerate(columns)
    ]
    needed = [
        max(len(column.heading), min(most, _CUT_TO)) if column.cut else most
        for column, most in zip(columns, longest, strict=True)
    ]
    shown = len(columns)
    while shown > 1 and _with_gaps(needed[:shown]) > width:
        shown -= 1
    spare = max(0, width - _with_gaps(needed[:shown]))
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, _GAP, 0, 0),
        header_style="bold",
    )
    for column, least, most in zip(columns[:shown], needed, longest, strict=False):
        more = min(most - least, spare)
        spare -= more
        table.add_column(
            column.heading,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis" if column.cut else "fold",
            width=least + more,
        )
    for row in cells:
        table.add_row(*row[:shown])
    return table


def facts_table(facts: Iterable[tuple[str, str | Text | None]]) -> Table:
    """Names and values; those without a value are left out."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value is not None and value != "":
            table.add_row(name, _cell(value))
    return table


def status_text(word: str | None) -> Text:
    """A status, in its colour."""
    return Text(clean(word or ""), _STATUS_STYLES.get(str(word), ""))


def when(time_: datetime | None) -> str:
    """A time in full."""
    return "" if time_ is None else f"{time_.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def stamp(time_: datetime | None) -> str:
    """A time in one word."""
    return "" if time_ is None else f"{time_.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def age(time_: datetime | None, out: Console) -> str:
    """On a terminal how long ago something was; elsewhere when, in one word."""
    if time_ is None:
        return ""
    if out.width == _NO_LIMIT:
        return stamp(time_)
    seconds = max(0, int((datetime.now(UTC) - time_).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clean(text: str) -> str:
    """A text on one line, without what would command a terminal: the Hub's words are others' words."""
    return "".join(c if c.isprintable() else " " for c in text)


def heading(text: str) -> Text:
    """A line in bold, of others' words too."""
    return Text(clean(text), "bold")


def block(text: str) -> Text:
    """Lines as they are, never folded, of others' words too."""
    lines = map(clean, text.expandtabs().splitlines())
    return Text("\n".join(lines), no_wrap=True, overflow="ignore")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _with_gaps(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _stripped(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _cell(value: str | Text) -> Text:
    return Text(clean(value)) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
