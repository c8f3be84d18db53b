"""The command that lists jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from .completion import backend_ids, job_statuses
from .options import Call, Interval, Watch, command

if TYPE_CHECKING:
    from shared_transport.client import HubClient
    from shared_transport.models import Job

    from .output import View

__all__ = ["BackendFilter", "Limit", "jobs", "jobs_view"]

# So many of the journal's jobs are asked for before it is seen whether they are enough.
_CHUNK = 32

BackendFilter = Annotated[
    str | None,
    typer.Option(
        "--backend",
        "-b",
        help="Id of the backend, or a pattern such as 'ibm.*'.",
        autocompletion=backend_ids,
    ),
]
Limit = Annotated[int, typer.Option(help="How many at the most, the newest; 0 for all.", min=0)]


@dataclass(frozen=True)
class _Wanted:
    """Conditions on a job; those that are absent always hold."""

    backend: str | None = None
    statuses: Sequence[str] = ()
    name: str | None = None
    tags: frozenset[str] = field(default_factory=frozenset)
    session: str | None = None
    after: datetime | None = None

    def fits(self, job: Job) -> bool:
        """Whether a job fulfils all of them."""
        return (
            (self.backend is None or fnmatchcase(job.backend_id or "", self.backend))
            and (not self.statuses or str(job.status) in self.statuses)
            and (self.name is None or fnmatchcase(job.name or "", self.name))
            and self.tags <= frozenset(job.tags)
            and self.session in (None, job.session_id)
            and (
                self.after is None or (job.created_at is not None and job.created_at >= self.after)
            )
        )


@command
def jobs(
    call: Call,
    backend: BackendFilter = None,
    status: Annotated[
        list[str] | None,
        typer.Option(help="Such as RUNNING; repeat it for several.", autocompletion=job_statuses),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The job's name, or a pattern such as 'bell*'.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag that it has; repeat it for several.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Id of its session.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Created since then: 2h, 7d, 2026-11-22T10:00.", metavar="TIME"),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="Only those that were submitted from this machine.")
    ] = False,
    limit: Limit = 20,
    watch: Watch = False,
    interval: Interval = 5.0,
) -> None:
    """List jobs, the newest first."""
    from shared_transport.models import JobStatus

    from .lists import known_words, notes_on
    from .times import read_time

    wanted = _Wanted(
        backend=backend,
        statuses=known_words(status, JobStatus, "--status"),
        name=name,
        tags=frozenset(tag or ()),
        session=session,
        after=None if since is None else read_time(since, "--since"),
    )
    client = call.client()

    def look() -> View:
        found, notes = (_mine if mine else _all)(client, wanted, limit)
        return jobs_view(found, [*notes, *notes_on(len(found), limit, "job")])

    call.show_or_watch(look, watching=watch, interval=interval)


def jobs_view(found: Sequence[Job], notes: Sequence[str] = ()) -> View:
    """Jobs as a list."""
    from .lists import BACKEND, CREATED, ID, STATUS, Field, list_view
    from .output import Column

    shots = Column("Shots", right=True)
    fields: list[Field[Job]] = [
        *(ID, BACKEND, STATUS, CREATED),
        Field(shots, lambda job, out: "" if job.shots is None else str(job.shots)),
        Field(Column("Name", cut=True), lambda job, out: job.name or ""),
        Field(Column("Session"), lambda job, out: job.session_id or ""),
    ]
    return list_view(fields, found, notes)


def _all(client: HubClient, wanted: _Wanted, limit: int) -> tuple[list[Job], list[str]]:
    from shared_transport import operations
    from shared_transport.listing import NEWEST_FIRST, PAGE_SIZE

    from .newest import newest

    # Not too few: a page has to show whether the list is in order.
    size = PAGE_SIZE if wanted != _Wanted() or not limit else min(PAGE_SIZE, max(20, limit))
    found = newest(
        client,
        lambda number: operations.search_jobs(number, size, NEWEST_FIRST),
        wanted.fits,
        limit=limit,
        after=wanted.after,
    )
    return found, []


def _mine(client: HubClient, wanted: _Wanted, limit: int) -> tuple[list[Job], list[str]]:
    from shared_transport.errors import ConfigurationError, NotFoundError
    from shared_transport.parallel import at_once
    from shared_transport.tags import token_tag

    from .journal_jobs import noted_jobs

    settings = client.settings
    if settings.journal is None:
        raise ConfigurationError(
            "There is no journal of submissions (QHUB_JOURNAL=0), so nobody knows which jobs are yours.",
            hint="Leave --mine out, or unset QHUB_JOURNAL for the jobs to come.",
        )
    noted = noted_jobs(settings.journal, settings.base_url)

    def get(job_id: str) -> Job | None:
        try:
            return client.jobs.get(job_id)
        except NotFoundError:
            return None

    found: list[Job] = []
    gone = 0
    for start in range(0, len(noted.ids), _CHUNK):
        known = at_once(get, noted.ids[start : start + _CHUNK])
        gone += known.count(None)
        found += [job for job in known if job is not None and wanted.fits(job)]
        if limit and len(found) >= limit:
            break
    notes = [f"The Hub does not know {gone} of the jobs in {settings.journal}."] if gone else []
    notes += [
        f"A submission was not seen to be answered: qhub jobs --tag {token_tag(token)}"
        for token in noted.lost
    ]
    return found[: limit or None], notes
