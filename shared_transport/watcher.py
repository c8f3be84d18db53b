"""Waiting for jobs: when to look, and looking at all that are waited for, as steps."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from . import operations
from .answers import error_of
from .errors import ConfigurationError, HubError, ServerError
from .listing import NEWEST_FIRST, PAGE_SIZE, scan
from .models import Job, JobStatus, is_terminal
from .retry import retry_after
from .steps import Answer, Failure, Outcome, Send, Sleep, Steps

__all__ = ["PollingSchedule", "Watch"]

_log = logging.getLogger(__name__)
Status: TypeAlias = "JobStatus | str"

# Above this many jobs the list is asked instead of each one.
HANDFUL = 5
MOST_PAGES = 50
# A pass over the list takes at least this long a page, so that many jobs do not mean many requests.
SECONDS_A_PAGE = 0.05


@dataclass(frozen=True)
class PollingSchedule:
    """When a waiting client looks at a job, by the job's age.

    Short jobs are noticed within milliseconds, long ones within a share of their age, and a Hub far away
    is not hurried: a job on a QPU that is not on this machine is first looked at after `patient_first_look`.

    Attributes:
        first_looks: Ages in seconds of the first looks.
        share: After those, the next look comes after this share of the job's age ...
        plus: ... and so many seconds more ...
        ceiling: ... but at the latest after so many seconds.
        jitter: Looks come up to this share of the pause earlier, so that many clients do not march in step.
        patient_first_look: Age in seconds of the first look at a QPU that is not on this machine.
    """

    first_looks: tuple[float, ...] = (0.010, 0.025, 0.045, 0.075, 0.115, 0.165, 0.230, 0.310)
    share: float = 0.15
    plus: float = 0.05
    ceiling: float = 30.0
    jitter: float = 0.1
    patient_first_look: float = 1.0

    def __post_init__(self) -> None:
        if not self.first_looks or min(self.share, self.plus, self.ceiling) < 0:
            raise ConfigurationError(
                "A polling schedule needs at least one first look, and no negative number."
            )

    def until_first_look(self, age: float, *, patient: bool = False) -> float:
        """Seconds until the first look at a job of this age in seconds: none if its time has come."""
        first = self.patient_first_look if patient else self.first_looks[0]
        return max(0.0, first - age)

    def pause(self, age: float, *, patient: bool = False, chance: float = 0.0) -> float:
        """Seconds until the next look, after one at this age.

        Args:
            age: The job's age in seconds, at least 0.
            patient: Whether the job runs on a QPU that is not on this machine.
            chance: A random number in [0, 1).
        """
        if patient and age < self.patient_first_look:
            return self.patient_first_look - age
        if not patient:
            for look in self.first_looks:
                if age < look - 1e-3:
                    return look - age
        pause = min(self.ceiling, self.share * age + self.plus)
        return pause * (1.0 - self.jitter * chance)


@dataclass
class Watched:
    """A job that is waited for.

    Attributes:
        schedule: When to look at it.
        born: When it was created, by the watch's clock.
        patient: Whether it runs on a QPU that is not on this machine.
        due: When to look at it next.
        status: What was read last.
        read: When that was.
    """

    schedule: PollingSchedule
    born: float
    patient: bool
    due: float
    status: Status | None = None
    read: float = float("-inf")


@dataclass
class Watch:
    """All the jobs that a client waits for, and the steps of looking at them.

    A Hub that does not answer, or answers 5xx, 429 or nonsense, is asked again at the schedule's pace, for as
    long as it takes: a sleeping laptop or a dropped network ends no wait.

    Attributes:
        on_status: Called with a job's id and each status that was read.
        on_end: Called once with a job's id and its terminal status, or the error that ends the wait.
    """

    on_status: Callable[[str, Status], object]
    on_end: Callable[[str, Status | HubError], object]
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    jobs: dict[str, Watched] = field(default_factory=dict)
    _next_pass: float = 0.0
    _silent: bool = False

    def add(
        self, job_id: str, schedule: PollingSchedule, *, age: float = 0.0, patient: bool = False
    ) -> None:
        """Wait for a job of this age in seconds. One that is waited for already stays as it is."""
        if job_id not in self.jobs:
            now = self.clock()
            due = now + schedule.until_first_look(age, patient=patient)
            self.jobs[job_id] = Watched(schedule, now - age, patient, due)

    def remove(self, job_id: str) -> None:
        """Wait for a job no longer."""
        self.jobs.pop(job_id, None)

    def steps(self) -> Steps[None]:
        """Look at jobs until none is waited for. Jobs may be added and removed meanwhile, between steps."""
        while self.jobs:
            now = self.clock()
            due = [job_id for job_id, job in list(self.jobs.items()) if job.due <= now]
            if not due:
                yield Sleep(min(job.due for job in list(self.jobs.values())) - now)
            elif len(self.jobs) <= HANDFUL:
                for job_id in due:
                    yield from self._look_at(job_id)
            elif now < self._next_pass:
                yield Sleep(self._next_pass - now)
            else:
                yield from self._look_at_all(due)

    def _look_at(self, job_id: str) -> Steps[bool]:
        """Ask for one job's status; whether there was an answer to it."""
        operation = operations.get_job_status(job_id)
        outcome: Outcome = yield Send(operation)
        wait = 0.0
        answered = False
        if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
            try:
                self._read(job_id, operation.read(outcome))
                answered = True
            except ServerError as unreadable:
                # Something on the way answered in the Hub's place, as networks that ask for a login do.
                self._out_of_reach(unreadable)
        elif _comes_back(outcome):
            self._out_of_reach(error_of(operation, outcome))
            if isinstance(outcome, Answer):
                wait = retry_after(outcome) or 0.0
        else:
            self._end(job_id, error_of(operation, outcome))
        self._plan(job_id, wait)
        return answered

    def _look_at_all(self, due: Sequence[str]) -> Steps[None]:
        """Read the list instead of each job; what it does not show is asked for by itself."""
        started = self.clock()
        missing = set(self.jobs)
        pages = 0

        def visit(entries: Sequence[Job], answer: Answer) -> bool:
            nonlocal pages
            pages += 1
            for entry in entries:
                if entry.id in missing:
                    missing.discard(entry.id)
                    if entry.status is not None:
                        self._read(entry.id, entry.status)
            return not missing

        reachable = True
        try:
            yield from scan(
                lambda number: operations.search_jobs(number, PAGE_SIZE, NEWEST_FIRST),
                visit,
                most_pages=MOST_PAGES,
            )
        except HubError as problem:
            reachable = False
            if isinstance(problem, (ServerError,)) or problem.status in (None, 408, 429):
                self._out_of_reach(problem)
            else:
                for job_id in list(self.jobs):
                    self._end(job_id, problem)
        unread = [job_id for job_id in due if job_id in missing]
        if not reachable:
            # The list breaks off: some by themselves, those first that were not read for longest, so that
            # each one's turn comes however long the list is and however seldom it can be read to its end.
            unread.sort(key=lambda job_id: self.jobs[job_id].read if job_id in self.jobs else 0.0)
            unread = unread[:HANDFUL]
        for job_id in unread:
            answered = yield from self._look_at(job_id)
            if not (answered or reachable):
                break
        now = self.clock()
        youngest = 0.0
        for job_id in list(self.jobs):
            self._plan(job_id, 0.0)
        if self.jobs:
            youngest = min(job.due for job in list(self.jobs.values())) - now
        self._next_pass = max(started + SECONDS_A_PAGE * pages, now + min(youngest, 0.5))

    def _read(self, job_id: str, status: Status) -> None:
        self._silent = False
        job = self.jobs.get(job_id)
        if job is None:
            return
        job.status = status
        job.read = self.clock()
        self.on_status(job_id, status)
        if is_terminal(status):
            self._end(job_id, status)

    def _end(self, job_id: str, outcome: Status | HubError) -> None:
        if self.jobs.pop(job_id, None) is not None:
            self.on_end(job_id, outcome)

    def _plan(self, job_id: str, at_least: float) -> None:
        job = self.jobs.get(job_id)
        if job is not None:
            now = self.clock()
            pause = job.schedule.pause(now - job.born, patient=job.patient, chance=self.chance())
            job.due = now + max(pause, min(at_least, job.schedule.ceiling))

    def _out_of_reach(self, problem: HubError) -> None:
        """Say once that the Hub cannot be asked; the next status that is read ends the silence."""
        if not self._silent:
            some = ", ".join(list(self.jobs)[:HANDFUL])
            _log.warning("waiting for %d jobs (%s): %s", len(self.jobs), some, problem)
        self._silent = True


def _comes_back(outcome: Outcome) -> bool:
    if isinstance(outcome, Failure):
        return True
    return outcome.status in (408, 429) or outcome.status >= 500
