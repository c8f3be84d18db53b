"""A job of the Hub behind a task: its state, its description, and its result as the system's room reads it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_transport.client import HubClient
from shared_transport.errors import JobFailedError
from shared_transport.job_calls import age_of
from shared_transport.models import Job, JobStatus, is_terminal

from .systems import System, system_of_backend, system_of_job

__all__ = ["TaskJob", "least_finished", "word_of"]

# Results of more shots come through a file, so that their text is never held twice.
SHOTS_IN_MEMORY = 1 << 16

_WORDS = {
    JobStatus.UNKNOWN: "CREATED",
    JobStatus.PENDING: "QUEUED",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.CANCELLING: "CANCELLING",
    JobStatus.COMPLETED: "COMPLETED",
    JobStatus.FAILED: "FAILED",
    JobStatus.ABORTED: "FAILED",
    JobStatus.DETACHED: "FAILED",
    JobStatus.CANCELLED: "CANCELLED",
}
# What a task of several jobs is, as a whole: the first of these that any of them is.
_LEAST_FINISHED_FIRST = (
    "CREATED",
    "QUEUED",
    "RUNNING",
    "CANCELLING",
    "FAILED",
    "CANCELLED",
    "COMPLETED",
)


def word_of(status: JobStatus | str) -> str:
    """A status in Braket's words; one that is not known stays as the Hub says it."""
    return _WORDS[status] if isinstance(status, JobStatus) else status


def least_finished(words: Sequence[str]) -> str:
    """Of several jobs the state of the least finished one; a word that is not known has not ended."""
    unknown = [word for word in words if word not in _LEAST_FINISHED_FIRST]
    return unknown[0] if unknown else min(words, key=_LEAST_FINISHED_FIRST.index)


@dataclass
class TaskJob:
    """One job.

    Attributes:
        id: Its id.
        client: The Hub.
        job: What was read of it last, or None.
        status: Its status as it was read last, or None.
        created_at: When it was created, by the monotonic clock, or None if that is not known.
    """

    id: str
    client: HubClient
    job: Job | None = None
    status: JobStatus | str | None = None
    created_at: float | None = None

    @classmethod
    def new(cls, job: Job, client: HubClient) -> TaskJob:
        """One that was created just now."""
        return cls(job.id, client, job, job.status, time.monotonic())

    @property
    def ended(self) -> bool:
        """Whether it is known to have ended."""
        return is_terminal(self.status)

    @property
    def age(self) -> float:
        """Its age in seconds; 0 if that is not known."""
        if self.created_at is not None:
            return time.monotonic() - self.created_at
        return age_of(self.job) if self.job is not None else 0.0

    def state(self, use_cached_value: bool) -> str:
        """Its state in Braket's words; asked for unless it is known and has ended, or an older one will do."""
        if self.status is None or not (use_cached_value or self.ended):
            self.status = self.client.jobs.status(self.id)
        return word_of(self.status)

    def described(self, use_cached_value: bool = False) -> Job:
        """What the Hub knows of it."""
        if self.job is None or not use_cached_value:
            told = self.client.jobs.get(self.id)
            self.job = told if told.id else told.model_copy(update={"id": self.id})
            if self.job.status is not None:
                self.status = self.job.status
        return self.job

    def result(self) -> Any:
        """Download its result and read it.

        Raises:
            JobFailedError, JobCancelledError: It has none.
            ServerError: It cannot be read.
            ValidationError: It is none that Braket has.
        """
        job = self.job
        if job is None or job.input_format is None or job.provider is None:
            job = self.described()
        content = self._content(large=(job.shots or 0) > SHOTS_IN_MEMORY)
        system, job = self._system(job)
        return system.decode(content, job, lambda: self.client.jobs.input(self.id))

    def failure_reason(self) -> str | None:
        """Why it failed, in the Hub's words; None if it did not."""
        if self.status is None or word_of(self.status) != "FAILED":
            return None
        try:
            self.client.jobs.result_bytes(self.id, status=self.status)
        except JobFailedError as problem:
            return problem.hub_says or problem.message
        return None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "created_at": None}

    def _content(self, *, large: bool) -> bytes:
        jobs = self.client.jobs
        if not large:
            return jobs.result_bytes(self.id, status=self.status)
        with tempfile.TemporaryDirectory(prefix="qhub-") as folder:
            path = Path(folder) / "result.json"
            return jobs.result_to_file(self.id, path, status=self.status).read_bytes()

    def _system(self, job: Job) -> tuple[System, Job]:
        """The room that reads the result, and the job; what the Hub left out of it, its backend says."""
        if job.input_format is not None or job.backend_id is None:
            return system_of_job(job), job
        backend = self.client.backends.get(job.backend_id)
        formats = backend.configuration.supported_input_formats
        known = {
            "provider": job.provider or backend.provider,
            "input_format": formats[0] if formats else None,
        }
        return system_of_backend(backend), job.model_copy(update=known)
