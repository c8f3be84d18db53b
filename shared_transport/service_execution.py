"""The operations of one service execution, for both clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import operations
from .groups import AsyncGroup, AsyncRunner, Group, Runner, SyncGroup, both, listed
from .models import Calibration, Job, JobStatus, Page, Session, SessionStatus, Workload
from .retry import RetryPolicy, with_retries
from .steps import Operation, Steps

__all__ = ["AsyncServiceExecution", "ServiceExecution"]


class _ServiceExecutionCalls(Group):
    """What both clients do with a service execution, as steps."""

    id: str

    @both
    def job(self, job_id: str) -> Steps[Job]:
        """What the Hub knows of a job."""
        return self._execute(operations.get_service_execution_job(self.id, job_id))

    @both
    def job_status(self, job_id: str) -> Steps[JobStatus | str]:
        """A job's status."""
        return self._execute(operations.get_service_execution_job_status(self.id, job_id))

    @both
    def job_input(self, job_id: str) -> Steps[dict[str, Any]]:
        """A job's input as it was sent."""
        return self._execute(operations.get_service_execution_job_input(self.id, job_id))

    @both
    def job_result(self, job_id: str) -> Steps[bytes]:
        """A job's result document, as the JSON text that came.

        Raises:
            NotFoundError: There is no such job, or it has no result yet: ask for its status first.
        """
        operation = operations.get_service_execution_job_result_stream(self.id, job_id)
        answer = yield from with_retries(operation, self._retry)
        return answer.content

    @both
    def job_calibration(self, job_id: str) -> Steps[Calibration | None]:
        """The backend's calibration when the job was executed. None if there is none."""
        return self._execute(operations.get_service_execution_job_calibration(self.id, job_id))

    @both
    def cancel_job(self, job_id: str) -> Steps[None]:
        """Ask for a job's cancellation."""
        return self._execute(operations.cancel_service_execution_job(self.id, job_id))

    @both
    def session(self, session_id: str) -> Steps[Session]:
        """What the Hub knows of a session (API 3.3).

        Raises:
            NotFoundError: This Hub has no such read, or there is no such session.
        """
        return self._execute(operations.get_service_execution_session(self.id, session_id))

    @both
    def session_status(self, session_id: str) -> Steps[SessionStatus | str]:
        """A session's status."""
        return self._execute(operations.get_service_execution_session_status(self.id, session_id))

    @both
    def session_jobs(self, session_id: str) -> Steps[list[Job]]:
        """The jobs of a session."""
        return self._execute(operations.get_service_execution_session_jobs(self.id, session_id))

    @both
    def close_session(self, session_id: str) -> Steps[Session]:
        """Let a session run empty (``accept_jobs=false``)."""
        return self._execute(
            operations.update_service_execution_session_state(
                self.id, session_id, accept_jobs=False
            )
        )

    @both
    def cancel_session(self, session_id: str) -> Steps[None]:
        """End a session (``DELETE``). The Hub lets the jobs that it has go on."""
        return self._execute(operations.close_service_execution_session(self.id, session_id))

    @both
    def workloads_page(
        self, page: int = 0, size: int = 20, sort: Sequence[str] = ()
    ) -> Steps[Page[Workload]]:
        """One page of its jobs and sessions, counted from zero."""
        return self._execute(operations.get_service_execution_workloads(self.id, page, size, sort))

    @listed
    def workloads(self) -> Callable[[int], Operation[Page[Workload]]]:
        """Its jobs and sessions, page by page as they are needed."""
        return lambda number: operations.get_service_execution_workloads(self.id, number, 100)


class ServiceExecution(_ServiceExecutionCalls, SyncGroup):
    """What belongs to one service execution.

    Attributes:
        id: Its id.
    """

    def __init__(self, client: Runner, retry: RetryPolicy, identifier: str) -> None:
        super().__init__(client, retry)
        self.id = identifier


class AsyncServiceExecution(_ServiceExecutionCalls, AsyncGroup):
    """What belongs to one service execution, to be awaited.

    Attributes:
        id: Its id.
    """

    def __init__(self, client: AsyncRunner, retry: RetryPolicy, identifier: str) -> None:
        super().__init__(client, retry)
        self.id = identifier
