"""The operations on sessions and workloads, for both clients."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from . import operations
from .groups import AsyncGroup, Group, SyncGroup, both, listed
from .models import Job, Page, Session, SessionStatus, Workload
from .requests import SessionRequest
from .steps import Operation, Steps
from .submission import Submitter

if TYPE_CHECKING:
    from .async_client import AsyncHubClient
    from .client import HubClient

__all__ = ["AsyncSessions", "AsyncWorkloads", "Sessions", "Workloads"]


Words: TypeAlias = "str | Sequence[str] | None"


class _SessionCalls(Group):
    """What both clients do with sessions, as steps."""

    _submitter: Submitter

    @both
    def create(self, request: SessionRequest, *, token: str | None = None) -> Steps[Session]:
        """Create a session, exactly once; `token` as for jobs.

        Raises:
            SubmissionUncertainError: Nobody knows whether it exists; the error has the token.
            ValidationError: The Hub refuses it: for example, the backend has no sessions.
        """
        return self._submitter.session(request, token)

    @both
    def get(self, session_id: str) -> Steps[Session]:
        """What the Hub knows of a session."""
        return self._execute(operations.get_session(session_id))

    @both
    def status(self, session_id: str) -> Steps[SessionStatus | str]:
        """A session's status; a word that this client does not know stays that word."""
        return self._execute(operations.get_session_status(session_id))

    @both
    def jobs(self, session_id: str) -> Steps[list[Job]]:
        """The jobs of a session."""
        return self._execute(operations.get_session_jobs(session_id))

    @both
    def close(self, session_id: str) -> Steps[Session]:
        """Let a session run empty: it takes no more jobs, those it has go on (``accept_jobs=false``)."""
        return self._execute(operations.update_session_state(session_id, accept_jobs=False))

    @both
    def reopen(self, session_id: str) -> Steps[Session]:
        """Let a session that runs empty take jobs again (``accept_jobs=true``)."""
        return self._execute(operations.update_session_state(session_id, accept_jobs=True))

    @both
    def cancel(self, session_id: str) -> Steps[None]:
        """End a session (``DELETE``). The Hub lets the jobs that it has go on."""
        return self._execute(operations.close_session(session_id))


class Sessions(_SessionCalls, SyncGroup):
    """The sessions of whoever the token belongs to."""

    def __init__(self, client: HubClient) -> None:
        super().__init__(client, client.settings.retry)
        self._submitter = client.submitter


class AsyncSessions(_SessionCalls, AsyncGroup):
    """The sessions of whoever the token belongs to, to be awaited."""

    def __init__(self, client: AsyncHubClient) -> None:
        super().__init__(client, client.settings.retry)
        self._submitter = client.submitter


class _WorkloadCalls(Group):
    """What both clients do with workloads, as steps."""

    @both
    def page(
        self, page: int = 0, size: int = 20, sort: Sequence[str] = ()
    ) -> Steps[Page[Workload]]:
        """One page of jobs and sessions, counted from zero. Its order is not to be relied on."""
        return self._execute(operations.get_workloads(page, size, sort))

    @listed
    def list(
        self,
        *,
        type: Words = None,
        status: Words = None,
        provider: Words = None,
        backend_id: Words = None,
        tag: Words = None,
        origin: Words = None,
        service_execution_id: Words = None,
    ) -> Callable[[int], Operation[Page[Workload]]]:
        """All jobs and sessions, page by page as they are needed.

        The filters are of API 3.3, each a word or several; a Hub that does not know them gives everything.
        """
        return functools.partial(
            operations.get_workloads,
            size=100,
            type=type,
            status=status,
            provider=provider,
            backend_id=backend_id,
            tag=tag,
            origin=origin,
            service_execution_id=service_execution_id,
        )


class Workloads(_WorkloadCalls, SyncGroup):
    """Jobs and sessions in one list."""


class AsyncWorkloads(_WorkloadCalls, AsyncGroup):
    """Jobs and sessions in one list, to be awaited."""
