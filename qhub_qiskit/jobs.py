"""Finding jobs: filters, and putting the jobs of one call of `run` together again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qiskit.providers import JobStatus

from shared_transport.client import HubClient
from shared_transport.errors import ValidationError
from shared_transport.models import Job

from .job import HubJob, status_of
from .parts import part_of
from .records import place_of

__all__ = ["JobFilter", "find_jobs", "newest"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobFilter:
    """Conditions on a job of the Hub; those that are absent always hold. `HubProvider.jobs` tells of each."""

    backend_id: str | None = None
    statuses: str | JobStatus | Sequence[str | JobStatus] | None = None
    name: str | None = None
    tags: frozenset[str] = field(default_factory=frozenset)
    session_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def __post_init__(self) -> None:
        for when in (self.created_after, self.created_before):
            if when is not None and when.tzinfo is None:
                raise ValidationError(
                    f"The time {when.isoformat()} has no zone.",
                    hint="Give an aware one: datetime(..., tzinfo=UTC).",
                )

    def fits(self, job: Job) -> bool:
        """Whether a job fulfils all conditions."""
        when = job.created_at
        return (
            self.backend_id in (None, job.backend_id)
            and self.name in (None, job.name)
            and self.session_id in (None, job.session_id)
            and self.tags <= frozenset(job.tags)
            and self._has_status(job)
            and (self.created_after is None or (when is not None and when >= self.created_after))
            and (self.created_before is None or (when is not None and when <= self.created_before))
        )

    def too_old(self, job: Job) -> bool:
        """Whether a job, and whatever is older, is not wanted."""
        after, when = self.created_after, job.created_at
        return after is not None and when is not None and when < after

    def _has_status(self, job: Job) -> bool:
        wanted = self.statuses
        if wanted is None:
            return True
        if isinstance(wanted, (str, JobStatus)):
            wanted = [wanted]
        word = str(job.status)
        status = status_of(word)
        return word in wanted or status in wanted or status.name in wanted


def find_jobs(client: HubClient, conditions: JobFilter, limit: int | None) -> Iterator[HubJob]:
    """Read the Hub's jobs page by page, and give those that fit.

    Args:
        client: The Hub.
        conditions: What a job has to fulfil; of several jobs of one call, one of them.
        limit: How many at the most.
    """
    found = 0
    for group in _grouped(newest(client, conditions)):
        if limit is not None and found >= limit:
            return
        if not any(map(conditions.fits, group)):
            continue
        try:
            parts = [part_of(job) for job in group]
        except ValidationError as problem:
            _log.debug("left out: %s", problem)
            continue
        found += 1
        yield HubJob(client, parts)


def newest(client: HubClient, conditions: JobFilter) -> Iterator[Job]:
    """Each job once. Where the Hub gives the newest first, reading ends at the first that is too old."""
    seen: set[str] = set()
    falls = True
    before: datetime | None = None
    for job in client.jobs.list(newest_first=True):
        when = job.created_at
        falls = falls and (before is None or (when is not None and when <= before))
        before = when
        if falls and conditions.too_old(job):
            return
        if job.id not in seen:
            seen.add(job.id)
            yield job


def _grouped(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """The jobs of each call of `run`, in their order, as soon as the last one was read."""
    waiting: dict[str, dict[int, Job]] = {}
    for job in jobs:
        place = place_of(job.tags)
        if place is None:
            yield [job]
            continue
        members = waiting.setdefault(place.run, {})
        members[place.number] = job
        if len(members) == place.of:
            yield _in_order(waiting.pop(place.run))
    # Of these some jobs were not read: too old, or never created.
    yield from map(_in_order, waiting.values())


def _in_order(members: dict[int, Job]) -> list[Job]:
    return [members[number] for number in sorted(members)]
