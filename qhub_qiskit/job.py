"""`HubJob`: one or several circuits on their way, as Qiskit's job."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus, JobV1

from shared_transport import models
from shared_transport.client import HubClient
from shared_transport.errors import (
    HubError,
    JobCancelledError,
    JobFailedError,
    ServerError,
)
from shared_transport.jobs import age_of
from shared_transport.models import is_terminal

from .records import CircuitRecord, read_tags
from .results import Outcome, build_result
from .systems import system_for

if TYPE_CHECKING:
    from qiskit.result import Result

    from .backend import HubBackend
    from .systems.base import Decoded

__all__ = ["HubJob", "JobPart"]

SEPARATOR = ","

_STATUS = {
    "UNKNOWN": JobStatus.INITIALIZING,
    "PENDING": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "CANCELLING": JobStatus.RUNNING,
    "COMPLETED": JobStatus.DONE,
    "FAILED": JobStatus.ERROR,
    "ABORTED": JobStatus.ERROR,
    "DETACHED": JobStatus.ERROR,
    "CANCELLED": JobStatus.CANCELLED,
}
# What a list of jobs is, as a whole: the first of these that any of its jobs is.
_LEAST_FINISHED_FIRST = (
    JobStatus.INITIALIZING,
    JobStatus.QUEUED,
    JobStatus.RUNNING,
    JobStatus.ERROR,
    JobStatus.CANCELLED,
    JobStatus.DONE,
)


@dataclass(frozen=True)
class JobPart:
    """One of the Hub's jobs behind a `HubJob`.

    Attributes:
        job: The job as the Hub described it last.
        records: Its circuits.
        params: The system's parameters that it was created with.
        shots: Shots of each circuit.
        born: When it was created, in seconds of `time.time`.
    """

    job: models.Job
    records: tuple[CircuitRecord, ...]
    params: Mapping[str, Any]
    shots: int
    born: float = field(default_factory=time.time)

    @property
    def id(self) -> str:
        """The Hub's id of the job."""
        return self.job.id


class HubJob(JobV1):
    """A job on the Hub.

    It can be awaited, it pickles, and ``provider.job(job.job_id())`` opens it again in any process.
    """

    def __init__(
        self,
        client: HubClient,
        parts: Sequence[JobPart],
        *,
        backend: HubBackend | None = None,
        memory: bool = False,
    ) -> None:
        super().__init__(backend, SEPARATOR.join(part.id for part in parts))
        self._backend: HubBackend | None = backend
        self._client = client
        self._parts = tuple(parts)
        self._memory = memory
        self._result: Result | None = None
        self._ended: dict[str, str] = {
            part.id: str(part.job.status) for part in parts if part.job.ended
        }

    @classmethod
    def open(cls, client: HubClient, job_id: str) -> HubJob:
        """Open jobs by the id that `job_id` gave, whoever created them.

        Raises:
            NotFoundError: The Hub has no such job.
        """
        parts, memory = [], False
        for one in job_id.split(SEPARATOR):
            part, asked = _open_part(client, one.strip())
            parts.append(part)
            memory = memory or asked
        return cls(client, parts, memory=memory)

    def backend(self) -> HubBackend:
        """The backend; asked for from the Hub where the job was opened by its id."""
        if self._backend is None:
            from .backend import HubBackend

            backend_id = self._parts[0].job.backend_id or ""
            self._backend = HubBackend(self._client, self._client.backends.get(backend_id))
        return self._backend

    def result(self, timeout: float | None = None, *, partial: bool = False) -> Result:
        """Wait for the end and give the result.

        Args:
            timeout: Seconds to wait, or None for as long as it takes.
            partial: Give the result of a list of which some circuits failed; each experiment says whether it
                succeeded. Else that raises.

        Raises:
            WaitTimeoutError: The time is over; the job goes on.
            JobFailedError: The job, or one of a list, failed; the error has the Hub's reason.
            JobCancelledError: It was cancelled.
        """
        if self._result is None or not (self._result.success or partial):
            self._wait(timeout)
            outcomes = [
                outcome for part in self._parts for outcome in self._outcomes(part, partial)
            ]
            ended = [time for part in self._parts if (time := part.job.ended_at) is not None]
            self._result = build_result(
                outcomes,
                backend_name=self._parts[0].job.backend_id or "",
                job_id=self.job_id(),
                date=max(ended, default=None),
                memory=self._memory,
            )
        return self._result

    def status(self) -> JobStatus:
        """The status in Qiskit's words; of a list, that of its least finished job."""
        words = [self._ended.get(part.id) or self._look(part) for part in self._parts]
        statuses = {_STATUS.get(word, JobStatus.QUEUED) for word in words}
        return next(status for status in _LEAST_FINISHED_FIRST if status in statuses)

    def cancel(self) -> bool:
        """Ask for the cancellation of every job that has not ended.

        Returns:
            Whether there was any.
        """
        open_parts = [part for part in self._parts if not is_terminal(self._look(part))]
        for part in open_parts:
            self._client.jobs.cancel(part.id)
        return bool(open_parts)

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float | None = None,
        callback: Callable[[str, JobStatus, HubJob], object] | None = None,
    ) -> None:
        """Wait for the end.

        Args:
            timeout: Seconds, or None for as long as it takes.
            wait: Ignored: the client's polling schedule decides when to look.
            callback: Called with the job's id, its status and itself at each look.

        Raises:
            WaitTimeoutError: The time is over; the job goes on.
        """

        def look(word: str) -> None:
            if callback is not None:
                callback(self.job_id(), _STATUS.get(word, JobStatus.QUEUED), self)

        self._wait(timeout, look)

    def submit(self) -> None:
        """Nothing: a `HubJob` exists because it was submitted."""

    def hub_jobs(self) -> list[models.Job]:
        """The Hub's own descriptions, asked for anew: times, runtime in milliseconds, tags."""
        return [self._client.jobs.get(part.id) for part in self._parts]

    def __await__(self) -> Generator[Any, None, Result]:
        return self._await_result().__await__()

    def __repr__(self) -> str:
        return f"<HubJob {self.job_id()!r} on {self._parts[0].job.backend_id}>"

    def _look(self, part: JobPart) -> str:
        word = str(self._client.jobs.status(part.id))
        if is_terminal(word):
            self._ended[part.id] = word
        return word

    def _wait(
        self, timeout: float | None, on_status: Callable[[str], object] | None = None
    ) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        for part in self._open_parts():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            word = self._client.jobs.wait(
                part.id, timeout=left, on_status=on_status, **self._how(part)
            )
            self._ended[part.id] = str(word)

    async def _await_result(self) -> Result:
        parts = self._open_parts()
        waits = [self._client.jobs.wait_async(part.id, **self._how(part)) for part in parts]
        for part, word in zip(parts, await asyncio.gather(*waits), strict=True):
            self._ended[part.id] = str(word)
        return await asyncio.to_thread(self.result)

    def _open_parts(self) -> list[JobPart]:
        return [part for part in self._parts if part.id not in self._ended]

    def _how(self, part: JobPart) -> dict[str, Any]:
        qpu = self._backend is not None and not self._backend.hub_backend.simulator
        return {"age": max(0.0, time.time() - part.born), "qpu": qpu}

    def _outcomes(self, part: JobPart, partial: bool) -> list[Outcome]:
        """How each circuit of a part ended. A failure raises, unless partial results are asked for."""
        try:
            decoded: Sequence[Decoded | HubError] = self._decoded(part)
        except (JobFailedError, JobCancelledError) as failure:
            if not partial:
                raise
            decoded = [failure] * len(part.records)
        return [
            Outcome(record, one, part.id, part.shots)
            for record, one in zip(part.records, decoded, strict=True)
        ]

    def _decoded(self, part: JobPart) -> list[Decoded]:
        document = self._client.jobs.result(part.id, status=self._ended[part.id])
        job = part.job
        system = system_for(job.provider, [str(job.input_format)], job.backend_id or "")
        layouts = [record.layout for record in part.records if record.layout is not None]
        try:
            decoded = system.decode(document, layouts, part.params)
        except (ValueError, KeyError, TypeError, IndexError) as problem:
            reason = f"{type(problem).__name__}: {problem}"
        else:
            if len(decoded) == len(part.records):
                return decoded
            reason = f"{len(decoded)} results for {len(part.records)} circuits"
        raise ServerError(
            f"The result of job {part.id} cannot be read ({reason}).",
            hint="It is not lost: client.jobs.result(id) gives it as it came.",
            operation="getJobResult",
            job_id=part.id,
        )


def _open_part(client: HubClient, job_id: str) -> tuple[JobPart, bool]:
    job = client.jobs.get(job_id)
    if not job.id:
        job = job.model_copy(update={"id": job_id})
    system = system_for(job.provider, [str(job.input_format)], job.backend_id or job_id)
    said = system.layouts(client.jobs.input(job_id))
    records, memory = read_tags(job.tags, said, job_name=job.name)
    born = time.time() - age_of(job)
    return JobPart(job, tuple(records), job.input_params or {}, job.shots or 0, born), memory
