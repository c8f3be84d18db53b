"""The command on a backend's calibration: how good it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .backends import BackendId
from .options import Call, Local, command

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console, RenderableType

    from shared_transport.client import HubClient
    from shared_transport.models import Calibration

__all__ = ["calibration"]

# An object with more members is a table: it is not for reading.
_LONGEST_OBJECT = 40


@command
def calibration(
    call: Call,
    id: BackendId,
    at: Annotated[
        str | None,
        typer.Option(
            help="The one in force at this time, such as 2026-11-22T10:00.", metavar="TIME"
        ),
    ] = None,
    local: Local = False,
) -> None:
    """Show a backend's calibration: medians, and each qubit. --json has the vendor's own document."""
    from .output import View, facts_table, when
    from .times import read_time

    client = call.client(local=local)
    effective_at = None if at is None else read_time(at, "--at")
    found = client.backends.calibration(id, effective_at=effective_at)
    if found is None:
        from shared_transport.provider import ProviderBase

        ProviderBase(client=client)._describe(id)  # an id that does not exist is an error
        of_then = "" if at is None else f" that was in force at {at}"
        call.show(View(None, lambda out: (), [f"{id} has no calibration{of_then}."]))
        return

    def picture(out: Console) -> Iterator[RenderableType]:
        synthetic = (found.calibration or {}).get("synthetic") is True
        yield facts_table(
            [
                ("Backend", found.backend_id or id),
                ("Calibrated", when(found.calibrated_at)),
                ("Note", "it says itself that it holds synthetic figures" if synthetic else None),
            ]
        )
        yield ""
        yield from _figures(client, id, found, effective_at, out)

    call.show(View(found.model_dump(mode="json", exclude_unset=True), picture))


def _figures(
    client: HubClient, id: str, found: Calibration, at: datetime | None, out: Console
) -> Iterator[RenderableType]:
    """The figures as tables, where the Qiskit plugin reads them; else what stands in the document."""
    from shared_transport.errors import MissingExtraError

    from .figures import read_figures
    from .output import Column, facts_table, listing, note

    figures = None
    try:
        figures = read_figures(client, id) if at is None else None
    except MissingExtraError as missing:
        note(f"{missing}")
    if figures is None:
        yield facts_table(_outline(found.calibration or {}))
        return
    columns = [
        Column(""),
        *(Column(word, right=True) for word in ("Median", "Best", "Worst", "Of")),
    ]
    yield listing(
        columns,
        (
            (figure.name, *map(figure.text, figure.summary), str(len(figure.values)))
            for figure in figures.figures
        ),
        out.width,
    )
    single = figures.of_single_qubits()
    if single:
        yield ""
        columns = [Column("Qubit"), *(Column(one.name, right=True) for one in single)]
        rows = (
            (label, *(one.text(one.values[label]) if label in one.values else "" for one in single))
            for label in figures.labels
        )
        yield listing(columns, rows, out.width)


def _outline(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The numbers and words of a document; of its lists only how long they are."""
    for name, value in document.items():
        where = f"{before}{name}"
        if isinstance(value, Mapping) and len(value) <= _LONGEST_OBJECT:
            yield from _outline(value, f"{where}.")
        elif isinstance(value, (Mapping, list)):
            yield where, f"{len(value)} entries (--json has them)"
        else:
            yield where, f"{value}"
