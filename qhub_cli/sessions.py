"""The commands on sessions, and on the Hub's list of jobs and sessions together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from .completion import job_statuses, session_statuses
from .jobs import BackendFilter, Limit
from .options import Call, Interval, Watch, command

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from shared_transport.client import HubClient
    from shared_transport.models import Job, Session, Workload

    from .output import View

__all__ = ["session", "sessions", "workloads"]


class WorkloadType(StrEnum):
    """What a workload is, by the Hub's word."""

    job = "JOB"
    session = "SESSION"


@command
def sessions(
    call: Call,
    backend: BackendFilter = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            help="Such as ACTIVE; repeat it for several.", autocompletion=session_statuses
        ),
    ] = None,
    limit: Limit = 20,
    watch: Watch = False,
    interval: Interval = 5.0,
) -> None:
    """List sessions, the newest first."""
    from shared_transport.parallel import at_once

    client = call.client()
    wanted = _wanted("SESSION", backend, status)

    def look() -> View:
        listed = _newest(client, wanted, limit, type="SESSION")
        # The list says neither how a session runs nor when it ends.
        found = at_once(lambda one: client.sessions.get(one.id), listed)
        return _sessions_view(found, limit)

    call.show_or_watch(look, watching=watch, interval=interval)


def _sessions_view(found: Sequence[Session], limit: int) -> View:
    from .lists import BACKEND, CREATED, ID, STATUS, Field, list_view, notes_on
    from .output import Column, stamp

    fields: list[Field[Session]] = [
        *(ID, BACKEND, STATUS),
        Field(Column("Mode"), lambda one, out: str(one.mode or "")),
        CREATED,
        Field(Column("Expires"), lambda one, out: stamp(one.expires_at)),
    ]
    return list_view(fields, found, notes_on(len(found), limit, "session"))


@command
def session(
    call: Call,
    id: Annotated[str, typer.Argument(help="Id of the session.", show_default=False)],
    close: Annotated[
        bool, typer.Option("--close", help="Let it run empty: no more jobs, those it has go on.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End it.")] = False,
) -> None:
    """Show a session and its jobs; close it, or cancel it."""
    if close and cancel:
        raise typer.BadParameter("--close lets it run empty, --cancel ends it: give one of them.")
    client = call.client()
    if close:
        client.sessions.close(id)
    if cancel:
        client.sessions.cancel(id)
    call.show(_session_view(client.sessions.get(id), client.sessions.jobs(id)))


def _session_view(described: Session, jobs: Sequence[Job]) -> View:
    from .jobs import jobs_view
    from .output import View, facts_table, status_text, when

    listed = jobs_view(jobs)
    document = described.model_dump(mode="json", exclude_unset=True)
    document["jobs"] = listed.document

    def picture(out: Console) -> Iterator[RenderableType]:
        spent = described.usage_time_millis
        yield facts_table(
            [
                ("Session", described.id),
                ("Backend", described.backend_id),
                ("Status", status_text(described.status)),
                ("Mode", str(described.mode or "")),
                ("Written in", described.sdk_provider),
                ("Id at the provider", described.provider_id),
                ("Created", when(described.created_at)),
                ("Started", when(described.started_at)),
                ("Expires", when(described.expires_at)),
                ("Closed", when(described.closed_at)),
                ("Execution", None if spent is None else f"{spent / 1000:g} s"),
            ]
        )
        yield ""
        if jobs:
            yield from listed.picture(out)
        else:
            yield "It has no jobs."

    return View(document, picture)


@command
def workloads(
    call: Call,
    type: Annotated[
        WorkloadType | None, typer.Option(help="Only these.", case_sensitive=False)
    ] = None,
    backend: BackendFilter = None,
    provider: Annotated[str | None, typer.Option(help="The cloud, such as AWS.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Such as RUNNING; repeat it for several.", autocompletion=job_statuses),
    ] = None,
    limit: Limit = 20,
    watch: Watch = False,
    interval: Interval = 5.0,
) -> None:
    """List jobs and sessions together, the newest first."""
    client = call.client()
    wanted = _wanted(type, backend, status, provider)

    def look() -> View:
        return _workloads_view(_newest(client, wanted, limit, type=type), limit)

    call.show_or_watch(look, watching=watch, interval=interval)


def _workloads_view(found: Sequence[Workload], limit: int) -> View:
    from .lists import BACKEND, CREATED, ID, STATUS, Field, list_view, notes_on
    from .output import Column, stamp

    fields: list[Field[Workload]] = [
        ID,
        Field(Column("Type"), lambda one, out: one.type or ""),
        *(BACKEND, STATUS, CREATED),
        Field(Column("Ended"), lambda one, out: stamp(one.ended_at)),
    ]
    return list_view(fields, found, notes_on(len(found), limit, "workload"))


def _wanted(
    kind: str | None, backend: str | None, status: list[str] | None, provider: str | None = None
) -> Callable[[Workload], bool]:
    from shared_transport.models import JobStatus, SessionStatus

    from .lists import known_words

    known = {"JOB": [*JobStatus], "SESSION": [*SessionStatus]}.get(
        kind or "", [*JobStatus, *SessionStatus]
    )
    statuses = known_words(status, known, "--status")

    def fits(one: Workload) -> bool:
        return (
            (kind is None or one.type == kind)
            and (backend is None or fnmatchcase(one.backend_id or "", backend))
            and (provider is None or (one.provider or "").upper() == provider.upper())
            and (not statuses or one.status in statuses)
        )

    return fits


def _newest(
    client: HubClient, fits: Callable[[Workload], bool], limit: int, *, type: str | None
) -> list[Workload]:
    from shared_transport import operations
    from shared_transport.listing import NEWEST_FIRST, PAGE_SIZE

    from .newest import newest

    # Only the type is filtered by the Hub, and only by one that knows how: the rest is done here.
    return newest(
        client,
        lambda number: operations.get_workloads(number, PAGE_SIZE, NEWEST_FIRST, type=type),
        fits,
        limit=limit,
    )
