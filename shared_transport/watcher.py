"""Waiting for jobs: when to look, and the work of waiting as steps."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import operations
from .answers import error_of
from .errors import ConfigurationError, HubError, ServerError, WaitTimeoutError
from .models import JobStatus, is_terminal
from .retry import retry_after
from .steps import Answer, Failure, Outcome, Send, Sleep, Steps

__all__ = ["PollingSchedule", "wait_for_end"]

_log = logging.getLogger(__name__)


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


def wait_for_end(
    job_id: str,
    schedule: PollingSchedule,
    *,
    age: float = 0.0,
    patient: bool = False,
    timeout: float | None = None,
    on_status: Callable[[JobStatus | str], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    chance: Callable[[], float] = random.random,
) -> Steps[JobStatus | str]:
    """Look at a job until it has ended.

    A Hub that does not answer, or answers 5xx or 429, is asked again at the schedule's pace, for as long as
    it takes: a sleeping laptop or a dropped network ends no wait.

    Args:
        job_id: The job.
        schedule: When to look.
        age: The job's age in seconds at the start.
        patient: Whether it runs on a QPU that is not on this machine.
        timeout: Seconds to wait, or None for as long as it takes.
        on_status: Called with each status that was read.
        clock: Seconds from any origin.
        chance: Random numbers in [0, 1).

    Returns:
        The terminal status.

    Raises:
        WaitTimeoutError: The time is over. The job goes on.
        HubError: The Hub answers that the job cannot be looked at (401, 403, 404, ...).
    """
    operation = operations.get_job_status(job_id)
    started = clock()
    born = started - age
    status: JobStatus | str | None = None
    silent = False
    pause = schedule.until_first_look(age, patient=patient)
    while True:
        if timeout is not None:
            left = started + timeout - clock()
            if left <= 0 and status is not None:
                raise WaitTimeoutError(
                    f"Job {job_id} had not ended after {timeout:g} s (its status is {status}).",
                    hint="It goes on: call result() again, or give a longer timeout.",
                    job_id=job_id,
                )
            pause = min(pause, max(left, 0.0))
        yield Sleep(pause)
        outcome: Outcome = yield Send(operation)
        pause = schedule.pause(clock() - born, patient=patient, chance=chance())
        if _comes_back(outcome):
            problem: HubError = error_of(operation, outcome)
            if isinstance(outcome, Answer):
                pause = max(pause, min(retry_after(outcome) or 0.0, schedule.ceiling))
        elif isinstance(outcome, Failure) or not 200 <= outcome.status < 300:
            raise error_of(operation, outcome)
        else:
            try:
                status = operation.read(outcome)
            except ServerError as unreadable:
                # Something on the way answered in the Hub's place, as networks that ask for a login do.
                problem = unreadable
            else:
                silent = False
                if on_status is not None:
                    on_status(status)
                if is_terminal(status):
                    return status
                continue
        if not silent:
            _log.warning("waiting for job %s: %s", job_id, problem)
        silent = True
        status = status or JobStatus.UNKNOWN


def _comes_back(outcome: Outcome) -> bool:
    if isinstance(outcome, Answer):
        return outcome.status in (408, 429) or outcome.status >= 500
    return True
