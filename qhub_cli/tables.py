"""How counts look, of one run or of the demonstration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .demo import DemoRow, largest_distance
from .outcomes import ORDERS
from .output import View, clean, console, heading, write_json
from .run import Run

__all__ = ["histogram", "run_view", "show_demo", "submitted_view"]

MOST_ROWS = 32
BAR_WIDTH = 24
# A shorter bar tells nothing.
SHORTEST_BAR = 6
# What lines and spaces take of a row of three cells, and of a fourth.
_FRAME, _FRAME_OF_BAR = 10, 3
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def run_view(run: Run) -> View:
    """A run's counts."""

    def picture(out: Console) -> Iterator[RenderableType]:
        where = "the local Hub" if run.hub == "local" else run.hub
        yield heading(f"{run.name} on {run.backend} ({where})")
        yield from histogram(run.counts, out.width, ORDERS[run.sdk])
        yield Text(f"{run.shots} shots in {run.seconds:.2f} s, job {run.job_id}", "dim")

    return View(asdict(run), picture)


def submitted_view(run: Run) -> View:
    """A run that nobody waits for: its id, alone on its line."""
    document = {"name": run.name, "backend": run.backend, "hub": run.hub, "job_id": run.job_id}
    return View(document, lambda out: [Text(run.job_id)])


def histogram(
    counts: Mapping[str, int], width: int, order: str | None = None
) -> Iterator[RenderableType]:
    """Counts with bars, in the order of the outcomes; the most frequent ones where there are many.

    Args:
        counts: How often each outcome came.
        width: Of the terminal. Where it is narrow the bars go first; then the outcomes are folded.
        order: How the bits of an outcome are ordered, in a sentence.
    """
    shown = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]
    largest = shown[0][1] if shown else 1
    total = sum(counts.values())
    rows = [
        (clean(word), str(count), f"{100 * count / total:.1f} %", count / largest)
        for word, count in sorted(shown)
    ]
    headings = ("Outcome", "Counts", "Share")
    needed = _FRAME + sum(
        max(cell_len(heading), *(cell_len(row[place]) for row in rows), 0)
        for place, heading in enumerate(headings)
    )
    bar = min(BAR_WIDTH, width - needed - _FRAME_OF_BAR)
    # Folded outcomes have lines between them, so that one can tell where the next begins.
    table = Table(show_lines=needed > width)
    table.add_column("Outcome", overflow="fold")
    table.add_column("Counts", justify="right", no_wrap=True)
    table.add_column("Share", justify="right", no_wrap=True)
    if bar >= SHORTEST_BAR:
        table.add_column("", width=bar, no_wrap=True)
    for word, count_text, share, part in rows:
        cells = [Text(word), Text(count_text), Text(share), Text(_bar(part, bar))]
        table.add_row(*cells[: len(table.columns)])
    yield table
    if order is not None:
        yield order
    if len(counts) > len(shown):
        yield f"and {len(counts) - len(shown)} rarer outcomes (--json has them all)"


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


def _bar(share: float, width: int) -> str:
    eighths = round(share * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")) or "▏"
