"""`HubRuntimeJob`: IBM's own job, waiting in the client's one watcher."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qiskit_ibm_runtime import RuntimeJobV2
from qiskit_ibm_runtime.exceptions import RuntimeJobTimeoutError

from shared_transport.errors import WaitTimeoutError
from shared_transport.progress import progress

from .errors import HubRequestError, asked

if TYPE_CHECKING:
    from .client import HubRuntimeClient

__all__ = ["HubRuntimeJob"]


class HubRuntimeJob(RuntimeJobV2):
    """A job of one of IBM's programs; its ``job_id()`` is the Hub's.

    All but the waiting and how it looks in a notebook is IBM's own. It can be awaited: ``result = await job``.
    """

    _api_client: HubRuntimeClient
    # When it was submitted or found; a job that was submitted by this process is looked at early.
    _known_since: datetime | None = None

    @classmethod
    def of(cls, job: RuntimeJobV2) -> HubRuntimeJob:
        """The job that IBM's service made, as one of these."""
        job.__class__ = cls
        assert isinstance(job, cls)
        job._known_since = datetime.now(UTC)
        return job

    def wait_for_final_state(
        self, timeout: float | None = None, poll_interval: float | None = None
    ) -> None:
        """Wait until the job has ended.

        Args:
            timeout: Seconds, or None for as long as it takes. An outage ends no wait.
            poll_interval: Without effect: all waits share one watcher, which looks early at young jobs and seldom at
                old ones.

        Raises:
            RuntimeJobTimeoutError: The time is over; the job goes on.
            HubRequestError: The job cannot be looked at (401, 403, 404).
        """
        if self._status not in self.JOB_FINAL_STATES:
            late = None
            try:
                with self._progress():
                    asked(
                        self._api_client.hub.jobs.wait,
                        self.job_id(),
                        timeout=timeout,
                        age=self._age(),
                        qpu=True,
                    )
            except HubRequestError as problem:
                if not isinstance(problem.__cause__, WaitTimeoutError):
                    raise
                late = str(problem.__cause__)
            if late is not None:
                raise RuntimeJobTimeoutError(late)
            self._set_status_and_error_message()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._await_result().__await__()

    def _repr_html_(self) -> str:
        from qhub_qiskit.display import runtime_job_html

        return runtime_job_html(self._api_client.hub, self)

    async def _await_result(self) -> Any:
        if self._status not in self.JOB_FINAL_STATES:
            with self._progress():
                await self._api_client.hub.jobs.wait_async(self.job_id(), age=self._age(), qpu=True)
        return await asyncio.to_thread(self.result)

    def _progress(self) -> AbstractContextManager[object]:
        """A bar for those who wait at a notebook or a prompt."""
        hub, backend = self._api_client.hub, self.backend()
        return progress(
            hub, [self.job_id()], hub.watcher.status, backend_id=backend.name if backend else None
        )

    def _age(self) -> float:
        created = self._known_since if self._known_since is not None else self.creation_date
        if created is None:
            return 0.0
        return max(0.0, (datetime.now(UTC) - created).total_seconds())
