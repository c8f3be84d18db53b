"""The operations on jobs, to be awaited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from .groups import AsyncGroup
from .job_calls import JobCalls, OnStatus, Status, how_to_wait, one_look, too_long
from .models import is_terminal

if TYPE_CHECKING:
    from .async_client import AsyncHubClient

__all__ = ["AsyncJobs"]


class AsyncJobs(JobCalls, AsyncGroup):
    """The jobs of whoever the token belongs to, to be awaited."""

    def __init__(self, client: AsyncHubClient) -> None:
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
    ) -> asyncio.Future[Status]:
        """A job's end as a future of the running event loop. Arguments as for `Jobs.future`."""
        how = how_to_wait(self._hub.settings, age, qpu, on_status, None)
        return self._hub.watcher.future(job_id, **how)

    async def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: OnStatus | None = None,
    ) -> Status:
        """Wait until a job has ended. Arguments and errors as for `Jobs.wait`."""
        future = self.future(job_id, age=age, qpu=qpu, on_status=on_status)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            seen = self._hub.watcher.status(job_id)
        finally:
            self._hub.watcher.release(job_id, future)
        if seen is None:
            seen = await self._hub.run(one_look(job_id))
        if seen is not None and is_terminal(seen):
            return seen
        raise too_long(job_id, timeout, seen)

    async def as_completed(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> AsyncIterator[tuple[str, Status]]:
        """As `Jobs.as_completed`."""
        waiting = {self.future(job_id): job_id for job_id in dict.fromkeys(job_ids)}
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while waiting:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                done, _ = await asyncio.wait(
                    waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    others = list(waiting.values())
                    raise too_long(f"{others[0]} and {len(others) - 1} others", timeout)
                for future in done:
                    yield waiting.pop(future), future.result()
        finally:
            for future, job_id in waiting.items():
                self._hub.watcher.release(job_id, future)

    async def wait_all(
        self, job_ids: Iterable[str], *, timeout: float | None = None
    ) -> dict[str, Status]:
        """As `Jobs.wait_all`."""
        return {
            job_id: status async for job_id, status in self.as_completed(job_ids, timeout=timeout)
        }
