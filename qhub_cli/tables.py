"""How results look: tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .demo import LARGEST_DISTANCE, DemoRow
from .run import Run

__all__ = ["show_demo", "show_run"]

MOST_ROWS = 32
BAR_WIDTH = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show_run(run: Run, *, as_json: bool) -> None:
    """Print counts."""
    if as_json:
        typer.echo(json.dumps(asdict(run)))
        return
    where = "the local Hub" if run.hub == "local" else run.hub
    table = Table(
        title=f"{run.name} on {run.backend} ({where})",
        title_justify="left",
    )
    table.add_column("Outcome", no_wrap=True)
    table.add_column("Counts", justify="right")
    table.add_column("Share", justify="right")
    table.add_column("", width=BAR_WIDTH, no_wrap=True)
    shown = sorted(run.counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]
    largest = shown[0][1] if shown else 1
    for word, count in sorted(shown):
        share = f"{100 * count / run.shots:.1f} %"
        table.add_row(word, str(count), share, _bar(count / largest))
    console = _console()
    console.print(table)
    if len(run.counts) > len(shown):
        console.print(f"and {len(run.counts) - len(shown)} rarer outcomes (--json has them all)")
    console.print(
        f"{run.shots} shots in {run.seconds:.2f} s, job {run.job_id}", soft_wrap=True, style="dim"
    )


def show_demo(rows: Iterable[DemoRow], *, as_json: bool) -> bool:
    """Print rows as they come.

    Returns:
        Whether every answer is right.
    """
    if as_json:
        done = list(rows)
        facts = [{**asdict(row), "right": row.right} for row in done]
        typer.echo(json.dumps(facts))
        return all(row.right for row in done)
    table = Table(
        title="Known circuits on the local Hub",
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for heading in ("Circuit", "SDK", "Backend", "Mostly"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Off", "Time"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Check", no_wrap=True)
    done = []
    console = _console()
    # A table that grows while it is watched; elsewhere it is printed once, when it is whole.
    with (
        Live(table, console=console, auto_refresh=False)
        if console.is_terminal
        else nullcontext() as live
    ):
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
    if not console.is_terminal:
        console.print(table)
    right = sum(row.right for row in done)
    console.print(
        f"{right} of {len(done)} right: at most {LARGEST_DISTANCE} off the known answer (total "
        "variation distance).\nQiskit prints qubit 0 rightmost, Braket leftmost.",
        soft_wrap=True,
    )
    return bool(done) and right == len(done)


def _console() -> Console:
    return Console(highlight=False)


def _bar(share: float) -> str:
    eighths = round(share * BAR_WIDTH * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")) or "▏"
