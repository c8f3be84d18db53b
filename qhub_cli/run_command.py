"""The command that runs circuits from files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .completion import backend_ids
from .options import Call, LocalOrNot, Sdk, SdkOption, command

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from .output import View
    from .run import Run, Submitted

__all__ = ["run"]


@command
def run(
    call: Call,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Files of OpenQASM 2 or 3.", show_default=False),
    ],
    backend: Annotated[
        str,
        typer.Option(
            "--backend",
            "-b",
            help="Id of the backend, such as aws.sim.sv1.",
            autocompletion=backend_ids,
            show_default=False,
        ),
    ],
    shots: Annotated[
        int, typer.Option("--shots", "-s", help="How often a circuit is executed.")
    ] = 1000,
    sdk: SdkOption = Sdk.qiskit,
    name: Annotated[
        str | None, typer.Option(help="Name of the job; by default the file's.", show_default=False)
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag of the job; repeat it for several.")
    ] = None,
    session: Annotated[
        str | None, typer.Option(help="Id of the session that it runs in.", show_default=False)
    ] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait/--no-wait", help="Wait for the counts, or only tell the job's id."),
    ] = True,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds to wait at the most.", min=0, show_default=False)
    ] = None,
    local: LocalOrNot = None,
) -> None:
    """Run circuits and show their counts. --json prints one line for each file.

    All files are read and transpiled before the first is sent.
    """
    from shared_transport.client import HubClient
    from shared_transport.http import no_token

    from .programs import read_source
    from .run import Wishes, prepare
    from .tables import submitted_view

    sources = [read_source(path) for path in files]
    settings = call.settings_or_local(local)
    if settings is None and not wait:
        raise typer.BadParameter(
            "a Hub that is started for this command ends with it: --no-wait would lose the job. "
            "Start one with `qhub local`."
        )
    if settings is not None and not settings.authenticated:
        raise no_token("createJob")  # before the Hub is asked for what needs none
    client = HubClient(settings or call.settings(local=True))
    wishes = Wishes(backend, sdk.value, shots, name, tuple(tag or ()), session)
    ready = [prepare(client, source, wishes) for source in sources]
    sent: list[Submitted] = []
    if sys.stderr.isatty() and not call.as_json:
        os.environ.setdefault("QHUB_PROGRESS", "1")  # somebody looks: a wait that lasts has a bar
    try:
        for submit in ready:
            sent.append(submit())
            if not wait:
                call.show(submitted_view(sent[-1].run))
        while wait and sent:
            call.show(_run_view(sent[0].finish(timeout)))
            del sent[0]
    except BaseException:
        _tell_what_goes_on(sent)
        raise


def _run_view(run: Run) -> View:
    """A run's counts, and below them what came of it."""
    from rich.text import Text

    from .outcomes import ORDERS
    from .output import View, heading
    from .tables import histogram

    def picture(out: Console) -> Iterator[RenderableType]:
        where = "the local Hub" if run.embedded else run.hub
        yield heading(f"{run.name} on {run.backend} ({where})")
        yield from histogram(run.counts, ORDERS[run.sdk])
        yield Text(run.outcome, "dim")

    notes = []
    if run.asks_for_more:
        way = (
            "start a Hub that stays: qhub local"
            if run.embedded
            else f"qhub result {run.job_id} has them"
        )
        notes = [f"The values of the result types that {run.name} asks for are not shown; {way}."]
    return View(asdict(run), picture, notes)


def _tell_what_goes_on(sent: list[Submitted]) -> None:
    """Say which jobs were submitted and not waited for: they are not lost, and may cost."""
    from .output import note

    for one in sent:
        if not one.run.embedded:
            note(f"Job {one.run.job_id} was submitted: qhub job {one.run.job_id}")
