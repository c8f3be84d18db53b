"""How counts look, of one job or of the demonstration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .demo import DemoRow, largest_distance
from .output import View, clean, console, write_json
from .run import Run

__all__ = ["histogram", "show_demo", "submitted_view"]

MOST_ROWS = 32
BAR_WIDTH = 24
# A shorter bar tells nothing.
SHORTEST_BAR = 6
# What lines and spaces take of a row of three cells, and of a fourth.
_FRAME, _FRAME_OF_BAR = 10, 3
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def submitted_view(run: Run) -> View:
    """A run that nobody waits for: its id, alone on its line."""
    document = {"name": run.name, "backend": run.backend, "hub": run.hub, "job_id": run.job_id}
    return View(document, lambda out: [Text(run.job_id)])


def histogram(counts: Mapping[str, int], order: str | None = None) -> Iterator[RenderableType]:
    """Counts with bars, in the order of the outcomes; the most frequent ones where there are many.

    Args:
        counts: How often each outcome came.
        order: How the bits of an outcome are ordered, in a sentence.
    """
    shown = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]
    yield _Bars(sorted(shown), sum(counts.values()))
    if order is not None:
        yield order
    if len(counts) > len(shown):
        yield f"and {len(counts) - len(shown)} rarer outcomes (--json has them all)"


@dataclass(frozen=True)
class _Bars:
    """A table of outcomes. Where the terminal is narrow the bars go first; then the outcomes are folded."""

    rows: Sequence[tuple[str, int]]
    total: int

    def __rich_console__(self, out: Console, options: ConsoleOptions) -> RenderResult:
        largest = max((count for _, count in self.rows), default=1)
        texts = [
            (clean(word), f"{count}", f"{100 * count / self.total:.1f} %")
            for word, count in self.rows
        ]
        headings = ("Outcome", "Counts", "Share")
        columns = zip(headings, *texts, strict=True)
        needed = _FRAME + sum(max(map(cell_len, column)) for column in columns)
        bar = min(BAR_WIDTH, options.max_width - needed - _FRAME_OF_BAR)
        # Lines between outcomes that are folded: else nobody could tell where the next one begins.
        table = Table(show_lines=needed > options.max_width)
        for name in headings:
            numbers = name != "Outcome"
            table.add_column(
                name, justify="right" if numbers else "left", no_wrap=numbers, overflow="fold"
            )
        if bar >= SHORTEST_BAR:
            table.add_column("", width=bar, no_wrap=True)
        for (word, *others), (_, count) in zip(texts, self.rows, strict=True):
            drawn = _bar(count / largest, bar, ascii_only=options.ascii_only)
            bars = [drawn] if bar >= SHORTEST_BAR else []
            table.add_row(Text(word), *others, *bars)
        yield table


def show_demo(rows: Iterable[DemoRow], *, shots: int, as_json: bool) -> bool:
    """Print rows as they come.

    Args:
        rows: The rows.
        shots: How often each circuit is executed.
        as_json: Whether a program reads it.

    Returns:
        Whether every answer is right.
    """
    if as_json:
        done = list(rows)
        facts = [{**asdict(row), "right": row.right} for row in done]
        write_json(facts)
        return all(row.right for row in done)
    table = Table(
        title="Known circuits on the local Hub",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for name in ("Circuit", "SDK", "Backend", "Mostly"):
        table.add_column(name, no_wrap=True)
    for name in ("Off", "Time"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Check", no_wrap=True)
    done = []
    out = console()
    # A table that grows while it is watched; elsewhere it is printed once, when it is whole.
    with Live(table, console=out, auto_refresh=False) if out.is_terminal else nullcontext() as live:
        for row in rows:
            done.append(row)
            run = row.run
            word, count = max(run.counts.items(), key=lambda item: (item[1], item[0]))
            table.add_row(
                row.title,
                run.sdk,
                run.backend,
                f"{word} {100 * count / run.shots:3.0f} %",
                f"{row.distance:.3f}",
                f"{run.seconds:.2f} s",
                Text("right", "green") if row.right else Text("wrong", "bold red"),
            )
            if live is not None:
                live.refresh()
    if not out.is_terminal:
        out.print(table)
    right = sum(row.right for row in done)
    out.print(
        f"{right} of {len(done)} right: at most {largest_distance(shots):.3g} off the known answer (total "
        "variation distance).\nQiskit prints qubit 0 rightmost, Braket leftmost.",
        soft_wrap=True,
    )
    return bool(done) and right == len(done)


def _bar(share: float, width: int, *, ascii_only: bool) -> str:
    if ascii_only:
        return "#" * max(1, round(share * width))
    eighths = round(share * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")) or "▏"
