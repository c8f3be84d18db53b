"""`HubJob`: one or several circuits on their way, as Qiskit's job."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus, JobV1

from shared_transport import models
from shared_transport.client import HubClient
from shared_transport.errors import JobCancelledError, JobFailedError, ValidationError
from shared_transport.models import is_terminal
from shared_transport.parallel import at_once
from shared_transport.progress import progress
from shared_transport.tags import users_tags

from .parts import (
    JobPart,
    describe,
    open_part,
    outcomes_joined,
    read_outcomes,
    shares_joined,
)
from .records import JobRecord
from .results import Outcome, build_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from qiskit.result import Result

    from .backend import HubBackend

__all__ = ["SEPARATOR", "HubJob", "least_finished", "status_of"]

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


def status_of(word: str) -> JobStatus:
    """Qiskit's status for the Hub's word; one that is not known is a job that has not ended."""
    return _STATUS.get(word, JobStatus.QUEUED)


def least_finished(statuses: Sequence[JobStatus]) -> JobStatus:
    """Of several jobs the status of the least finished one."""
    return min(statuses, key=_LEAST_FINISHED_FIRST.index)


class HubJob(JobV1):
    """A job on the Hub, of one circuit or of a list.

    It can be awaited, it pickles, and ``provider.job(job.job_id())`` opens it again in any process. Behind a list
    there may be several jobs of the Hub: `job_id` has their ids, joined by commas.
    """

    def __init__(
        self, client: HubClient, parts: Sequence[JobPart], *, backend: HubBackend | None = None
    ) -> None:
        super().__init__(backend, SEPARATOR.join(part.id for part in parts))
        self._backend: HubBackend | None = backend
        self._client = client
        self._parts = tuple(parts)
        self._result: Result | None = None
        self._ended: dict[str, str] = {
            part.id: str(part.job.status) for part in parts if part.job.ended
        }

    @classmethod
    def open(cls, client: HubClient, job_id: str) -> HubJob:
        """Open jobs by the id that `job_id` gave, whoever created them.

        Raises:
            NotFoundError: The Hub has no such job.
            ValidationError: It is not one of gate-model or photonic circuits, or the id is no text.
        """
        if not isinstance(job_id, str):
            raise ValidationError(f"A job's id is a text, not {job_id!r}.")
        ids = [one.strip() for one in job_id.split(SEPARATOR)]
        return cls(client, at_once(lambda one: open_part(client, one), ids))

    def backend(self) -> HubBackend:
        """The backend; asked for from the Hub where the job was opened by its id."""
        if self._backend is None:
            from .opening import open_backend

            backend_id = self._parts[0].job.backend_id or ""
            self._backend = open_backend(self._client, self._client.backends.get(backend_id))
        return self._backend

    def result(self, timeout: float | None = None, *, partial: bool = False) -> Result:
        """Wait for the end and give the result.

        Args:
            timeout: Seconds to wait, or None for as long as it takes. In a notebook and at a prompt a bar shows a
                wait of more than two seconds; ``QHUB_PROGRESS=0`` in the environment turns it off.
            partial: Give the result of a list of which some circuits failed; each experiment says whether it
                succeeded. Else that raises.

        Raises:
            WaitTimeoutError: The time is over; the job goes on.
            JobFailedError: The job, or one of a list, failed; the error has the Hub's reason.
            JobCancelledError: It was cancelled.
        """
        if self._result is None or not (self._result.success or partial):
            with self._progress():
                self._wait(timeout)
            outcomes = at_once(lambda part: self._outcomes(part, partial), self._parts)
            self._result = build_result(
                shares_joined(outcomes, outcomes_joined),
                backend_name=self._parts[0].job.backend_id or "",
                job_id=self.job_id(),
                # Where the Hub told it already; it is not asked for by itself.
                date=max((p.job.ended_at for p in self._parts if p.job.ended_at), default=None),
                memory=any(self._record(part).memory for part in self._parts),
            )
        return self._result

    def status(self) -> JobStatus:
        """The status in Qiskit's words; of a list, that of its least finished circuit."""
        return least_finished(self._part_statuses())

    def statuses(self) -> list[JobStatus]:
        """The status of each circuit, in their order."""
        records = [self._record(part) for part in self._parts]
        parts = [
            (record.share, [status] * len(record.circuits))
            for record, status in zip(records, self._part_statuses(), strict=True)
        ]
        return shares_joined(parts, least_finished)

    def cancel(self) -> bool:
        """Ask for the cancellation of every job that has not ended.

        Returns:
            Whether there was any.
        """
        open_parts = [part for part in self._parts if not is_terminal(self._look(part))]
        at_once(lambda part: self._client.jobs.cancel(part.id), open_parts)
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
                callback(self.job_id(), status_of(word), self)

        self._wait(timeout, look)

    def submit(self) -> None:
        """Nothing: a `HubJob` exists because it was submitted."""

    def hub_jobs(self) -> list[models.Job]:
        """The Hub's own descriptions, asked for anew: times, runtime in milliseconds, tags."""
        return [self._client.jobs.get(part.id) for part in self._parts]

    def queue_position(self) -> int | None:
        """How many jobs stand before it, where the Hub says so; None where it does not, or it has ended."""
        places = [
            place
            for job in self._described()
            if isinstance(place := (job.model_extra or {}).get("queue_position"), int)
        ]
        return max(places, default=None)

    def creation_date(self) -> datetime | None:
        """When the job was created, of a list the first; an aware time in UTC."""
        return min((job.created_at for job in self._described() if job.created_at), default=None)

    def time_per_step(self) -> dict[str, datetime]:
        """When the job was ``CREATED``, ``RUNNING`` and ``COMPLETED``, as far as it is known.

        Of a list: the first creation and start, the last end. Aware times in UTC.
        """
        described = self._described()
        steps = {
            "CREATED": min((j.created_at for j in described if j.created_at), default=None),
            "RUNNING": min((j.started_at for j in described if j.started_at), default=None),
        }
        if all(job.ended_at for job in described):
            steps["COMPLETED"] = max(job.ended_at for job in described if job.ended_at)
        return {step: when for step, when in steps.items() if when is not None}

    def usage(self) -> float | None:
        """Seconds of execution that the Hub counts, summed over a list; None while it tells none."""
        millis = [
            spent
            for job in self._described()
            if (spent := job.runtime if job.usage_time_millis is None else job.usage_time_millis)
            is not None
        ]
        return sum(millis) / 1000 if millis else None

    def error_message(self) -> str | None:
        """Why the job failed, in the Hub's words, with the ids of a list; None if it did not."""
        reasons = []
        for part in self._parts:
            word = self._ended.get(part.id) or self._look(part)
            if is_terminal(word) and word not in ("COMPLETED", "CANCELLED"):
                try:
                    self._client.jobs.result_bytes(part.id, status=word)
                except JobFailedError as failure:
                    reasons.append(str(failure))
        return "\n".join(reasons) or None

    def calibration(self) -> models.Calibration | None:
        """The device's calibration when the job was executed; None if there is none."""
        return self._client.jobs.calibration(self._parts[0].id)

    def input(self) -> dict[str, Any] | list[dict[str, Any]]:
        """What was sent, as the Hub kept it; of several jobs a list."""
        inputs = [self._client.jobs.input(part.id) for part in self._parts]
        return inputs[0] if len(inputs) == 1 else inputs

    def tags(self) -> list[str]:
        """The tags that the user gave."""
        return list(dict.fromkeys(t for job in self._described() for t in users_tags(job.tags)))

    def name(self) -> str | None:
        """The name that it was given."""
        return self._parts[0].job.name

    def session_id(self) -> str | None:
        """The session that it runs in, or None."""
        return self._described()[0].session_id

    def plot(self, **options: Any) -> Figure:
        """Wait for the end and draw the histogram of the counts, with matplotlib; of a list in one picture.

        Args:
            **options: Those of Qiskit's `plot_histogram`, such as ``sort`` or ``number_to_keep``.

        Raises:
            MissingExtraError: matplotlib is not installed.
            ValidationError: The result has no counts.
            JobFailedError, JobCancelledError: As `result`.
        """
        from .plots import plot_job

        return plot_job(self, options)

    def _repr_html_(self) -> str:
        from .display import job_html

        return job_html(self)

    def __await__(self) -> Generator[Any, None, Result]:
        return self._await_result().__await__()

    def __repr__(self) -> str:
        return f"<HubJob {self.job_id()!r} on {self._parts[0].job.backend_id}>"

    def _described(self) -> list[models.Job]:
        """What the Hub says of each job; of an ended one, what it said after its end."""
        fresh = at_once(
            lambda part: describe(self._client, part, ended=part.id in self._ended), self._parts
        )
        self._parts = tuple(fresh)
        return [part.job for part in fresh]

    def _record(self, part: JobPart) -> JobRecord:
        return part.read_record(self._client)

    def _part_statuses(self) -> list[JobStatus]:
        words = at_once(lambda part: self._ended.get(part.id) or self._look(part), self._parts)
        return [status_of(word) for word in words]

    def _look(self, part: JobPart) -> str:
        word = str(self._client.jobs.status(part.id))
        if is_terminal(word):
            self._ended[part.id] = word
        return word

    def _wait(
        self, timeout: float | None, on_status: Callable[[str], object] | None = None
    ) -> None:
        parts = self._open_parts()
        jobs = self._client.jobs
        if len(parts) == 1:
            (part,) = parts
            word = jobs.wait(part.id, timeout=timeout, on_status=on_status, **self._how(part))
            self._ended[part.id] = str(word)
        elif parts:
            how = self._how(parts[0])
            for job_id, word in jobs.as_completed(
                [part.id for part in parts], timeout=timeout, on_status=on_status, **how
            ):
                self._ended[job_id] = str(word)

    async def _await_result(self) -> Result:
        import asyncio

        async def end_of(part: JobPart) -> None:
            word = await self._client.jobs.wait_async(part.id, **self._how(part))
            self._ended[part.id] = str(word)

        with self._progress():
            await asyncio.gather(*map(end_of, self._open_parts()))
        return await asyncio.to_thread(self.result)

    def _progress(self) -> AbstractContextManager[object]:
        """A bar for those who wait at a notebook or a prompt."""
        return progress(
            self._client,
            [part.id for part in self._open_parts()],
            lambda job_id: self._ended.get(job_id) or self._client.watcher.status(job_id),
            backend_id=self._parts[0].job.backend_id,
        )

    def _open_parts(self) -> list[JobPart]:
        return [part for part in self._parts if part.id not in self._ended]

    def _how(self, part: JobPart) -> dict[str, Any]:
        qpu = self._backend is not None and not self._backend.hub_backend.simulator
        return {"age": max(0.0, time.time() - part.born), "qpu": qpu}

    def _outcomes(self, part: JobPart, partial: bool) -> tuple[tuple[int, int], list[Outcome]]:
        """How each circuit of a part ended, and which share of its shots that is.

        A failure raises, unless partial results are asked for.
        """
        record = self._record(part)
        try:
            outcomes = read_outcomes(self._client, part, self._ended[part.id])
        except (JobFailedError, JobCancelledError) as failure:
            if not partial:
                raise
            outcomes = part.failed(record, failure)
        return record.share, outcomes
