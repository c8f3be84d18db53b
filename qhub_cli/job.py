"""The commands on one job: what became of it, its result, its cancellation."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Call, command

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from shared_transport.client import HubClient
    from shared_transport.job_calls import Status
    from shared_transport.models import Job

    from .output import View

__all__ = ["cancel", "job", "result"]

JobIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID",
        help="Ids of jobs; a plugin's list of them, joined by commas, too.",
        show_default=False,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")]
Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds to --wait at the most.", min=0, show_default=False),
]


@command
def job(
    call: Call,
    ids: JobIds,
    wait: Wait = False,
    timeout: Timeout = None,
    details: Annotated[
        bool, typer.Option("--details", help="Only the details: no circuit, no result.")
    ] = False,
) -> None:
    """Show a job: its details, its circuit, and its result as a histogram. --json has the counts."""
    client = call.client()
    for job_id in _each(ids):
        if wait:
            _wait(client, job_id, timeout)
        call.show(_page(client, client.jobs.get(job_id), whole=not details))


def _page(client: HubClient, described: Job, *, whole: bool) -> View:
    from .outcomes import Outcomes, read_outcomes
    from .output import View, block, heading

    outcomes = read_outcomes(client, described) if whole and described.ended else Outcomes()
    document = described.model_dump(mode="json", exclude_unset=True)
    if outcomes.histograms:
        every = [one.counts for one in outcomes.histograms]
        document["counts"] = every[0] if len(every) == 1 else every
    if outcomes.expectations:
        document["expectation_values"] = [
            {"evs": one.evs, "stds": one.stds} for one in outcomes.expectations
        ]

    def picture(out: Console) -> Iterator[RenderableType]:
        from .pictures import draw_circuits
        from .tables import histogram

        yield _facts(described)
        if not whole:
            return
        for drawing in draw_circuits(client, described, out.width):
            yield ""
            yield heading(drawing.title)
            yield block(drawing.text)
        for one in outcomes.histograms:
            yield ""
            yield heading(one.title)
            yield from histogram(one.counts, one.order)
        if outcomes.expectations:
            yield ""
        for values in outcomes.expectations:
            yield values.text()

    return View(document, picture, outcomes.notes)


def _facts(described: Job) -> RenderableType:
    from shared_transport.tags import users_tags

    from .output import facts_table, status_text, when

    millis = (
        described.runtime if described.usage_time_millis is None else described.usage_time_millis
    )
    queue = (described.model_extra or {}).get("queue_position")
    return facts_table(
        [
            ("Job", described.id),
            ("Name", described.name),
            ("Backend", described.backend_id),
            ("Status", status_text(described.status)),
            ("In the queue", f"{queue} before it" if isinstance(queue, int) else None),
            ("Shots", None if described.shots is None else str(described.shots)),
            ("Input", None if described.input_format is None else str(described.input_format)),
            ("Parameters", " ".join(f"{k}={v}" for k, v in (described.input_params or {}).items())),
            ("Tags", " ".join(users_tags(described.tags))),
            ("Session", described.session_id),
            ("Written in", described.sdk_provider),
            ("Id at the provider", described.provider_job_id),
            ("Created", when(described.created_at)),
            ("Started", when(described.started_at)),
            ("Ended", when(described.ended_at)),
            ("Execution", None if millis is None else f"{millis / 1000:g} s"),
        ]
    )


@command
def result(
    call: Call,
    id: Annotated[str, typer.Argument(help="Id of the job.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write it to this file, as it comes.", show_default=False
        ),
    ] = None,
    wait: Wait = False,
    timeout: Timeout = None,
) -> None:
    """Give a job's result document as the backend wrote it: JSON, on standard output or into a file."""
    client = call.client()
    status = _wait(client, id, timeout) if wait else None
    if output is None:
        _to_stdout(client, id, status)
        return
    try:
        client.jobs.result_to_file(id, output, status=status)
        size = output.stat().st_size
    except OSError as problem:
        # It is written under a name of its own until it is whole: nobody knows that one.
        raise OSError(problem.errno, problem.strerror, str(output)) from problem
    if call.as_json:
        from .output import write_json

        write_json({"id": id, "file": str(output), "bytes": size})
    else:
        from .output import note

        note(f"{size} bytes in {output}")


def _wait(client: HubClient, job_id: str, timeout: float | None) -> Status:
    """Wait for a job's end: patiently where it is old already."""
    from shared_transport.job_calls import age_of

    age = age_of(client.jobs.get(job_id))
    return client.jobs.wait(job_id, timeout=timeout, age=age)


def _to_stdout(client: HubClient, job_id: str, status: Status | None) -> None:
    """The document as it came, by way of a file: it may be larger than the memory."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="qhub-") as folder:
        path = client.jobs.result_to_file(job_id, Path(folder) / "result.json", status=status)
        with path.open("rb") as file:
            sys.stdout.flush()
            shutil.copyfileobj(file, sys.stdout.buffer)
    if sys.stdout.isatty():
        typer.echo()


@command
def cancel(call: Call, ids: JobIds) -> None:
    """Cancel jobs. One that has ended stays as it is."""
    from .output import View, status_text

    client = call.client()
    for job_id in _each(ids):
        if not client.jobs.get(job_id).ended:
            client.jobs.cancel(job_id)
        described = client.jobs.get(job_id)

        def picture(out: Console, described: Job = described) -> Iterator[RenderableType]:
            from rich.text import Text

            yield Text.assemble(described.id, " ", status_text(described.status))

        call.show(View(described.model_dump(mode="json", exclude_unset=True), picture))


def _each(ids: list[str]) -> list[str]:
    """Each id once; what a plugin calls one job may be several of the Hub's, joined by commas."""
    found = [one.strip() for text in ids for one in text.split(",")]
    if not all(found):
        raise typer.BadParameter("an id is empty.", param_hint="ID")
    return list(dict.fromkeys(found))
