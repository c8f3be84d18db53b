"""The operations on jobs, for programs that wait in a thread. asyncio is imported where it is awaited, not before."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .groups import SyncGroup
from .job_calls import JobCalls, OnStatus, Status, how_to_wait, one_look, too_long
from .models import is_terminal

if TYPE_CHECKING:
    from .client import HubClient
    from .watcher import PollingSchedule

__all__ = ["Jobs"]


class Jobs(JobCalls, SyncGroup):
    """The jobs of whoever the token belongs to."""

    def __init__(self, client: HubClient) -> None:
        super().__init__(client, client.settings.retry)
        self._hub = client
        self._submitter = client.submitter

    def future(
        self,
        job_id: str,
        *,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
        schedule: PollingSchedule | None = None,
    ) -> concurrent.futures.Future[Status]:
        """A job's end as a future of its terminal status. All waits share one thread.

        Args:
            job_id: The job.
            age: Its age in seconds: 0 for one created just now.
            qpu: Whether it runs on a QPU: one that is not on this machine is not hurried.
            on_status: Called in another thread with each status that is read; what it raises is logged.
            schedule: When to look; by default the client's settings say.
        """
        how = how_to_wait(self._hub.settings, age, qpu, on_status, schedule)
        return self._hub.watcher.future(job_id, **how)

    def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
        schedule: PollingSchedule | None = None,
    ) -> Status:
        """Wait until a job has ended.

        Args:
            job_id: The job.
            timeout: Seconds, or None for as long as it takes. An outage ends no wait.
            age: As for `future`.
            qpu: As for `future`.
            on_status: As for `future`.
            schedule: As for `future`.

        Returns:
            The terminal status.

        Raises:
            WaitTimeoutError: The time is over; the job goes on.
            HubError: The job cannot be looked at (401, 403, 404).
        """
        future = self.future(job_id, age=age, qpu=qpu, on_status=on_status, schedule=schedule)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError:
            seen = self._hub.watcher.status(job_id)
        finally:
            self._hub.watcher.release(job_id, future)
        if seen is None:
            seen = self._hub.run(one_look(job_id))
        if seen is not None and is_terminal(seen):
            return seen
        raise too_long(job_id, timeout, seen)

    async def wait_async(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        schedule: PollingSchedule | None = None,
    ) -> Status:
        """The same as `wait` for a running event loop, which goes on meanwhile."""
        import asyncio

        future = self.future(job_id, age=age, qpu=qpu, schedule=schedule)
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            seen = self._hub.watcher.status(job_id)
        finally:
            self._hub.watcher.release(job_id, future)
        raise too_long(job_id, timeout, seen)

    def as_completed(
        self,
        job_ids: Iterable[str],
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
    ) -> Iterator[tuple[str, Status]]:
        """Job ids and their terminal statuses in the order in which the jobs end.

        Args:
            job_ids: The jobs.
            timeout: Seconds for all of them, or None for as long as it takes.
            age: As for `future`, of the youngest.
            qpu: As for `future`.
            on_status: As for `future`, for each of the jobs.

        Raises:
            WaitTimeoutError: The time is over; the other jobs go on.
        """
        how: dict[str, Any] = {"age": age, "qpu": qpu, "on_status": on_status}
        waiting = {self.future(job_id, **how): job_id for job_id in dict.fromkeys(job_ids)}
        try:
            for future in concurrent.futures.as_completed(list(waiting), timeout):
                yield waiting.pop(future), future.result()
            return
        except concurrent.futures.TimeoutError:
            left = list(waiting.values())
        finally:
            for future, job_id in waiting.items():
                self._hub.watcher.release(job_id, future)
        raise too_long(f"{left[0]} and {len(left) - 1} others", timeout)

    def wait_all(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> dict[str, Status]:
        """Wait until all jobs have ended, and give their terminal statuses. Errors as `as_completed`."""
        return dict(self.as_completed(job_ids, timeout=timeout))
