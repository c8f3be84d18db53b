"""The operations on sessions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from local_hub.access import Access, Caller
from local_hub.api.common import model_of, uuid_of
from local_hub.lifecycle import Lifecycle
from local_hub.records import Scope
from local_hub.schemas import CreateSession, Job, Session, SessionState, UpdateSession
from local_hub.sessions import Sessions
from local_hub.settings import Settings
from local_hub.store import Store


class SessionCalls:
    """What is asked of one session, by its owner or within a service execution."""

    def __init__(
        self, settings: Settings, lifecycle: Lifecycle, sessions: Sessions, store: Store
    ) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._sessions = sessions
        self._store = store

    def get(self, session_id: str, scope: Scope) -> Session:
        """A session."""
        return Session.of(self._sessions.find(uuid_of(session_id, "session"), scope))

    def jobs(self, session_id: str, scope: Scope) -> list[Job]:
        """Its jobs, oldest first."""
        record = self._sessions.find(uuid_of(session_id, "session"), scope)
        found = self._store.jobs.of_session(record.id)
        return [Job.of(self._lifecycle.current(job)) for job in found]

    async def update(self, session_id: str, request: Request, scope: Scope) -> Session:
        """Let it run empty, or take jobs again."""
        session_id = uuid_of(session_id, "session")
        self._sessions.find(session_id, scope)
        wish = await model_of(UpdateSession, request, self._settings.max_body)
        change = self._sessions.accept_jobs(session_id, scope, wish.accept_jobs)
        return Session.of(await self._store.patiently(change))

    async def close(self, session_id: str, scope: Scope) -> Response:
        """End it."""
        await self._store.patiently(self._sessions.close(uuid_of(session_id, "session"), scope))
        return Response(status_code=204)


def sessions(settings: Settings, rules: Sessions, calls: SessionCalls, access: Access) -> APIRouter:
    """The router."""
    router = APIRouter(prefix="/sessions")
    By = Annotated[Caller, Depends(access.required)]

    @router.post("", status_code=201, response_model_exclude_none=True)
    async def create_session(request: Request, caller: By) -> Session:
        wish = await model_of(CreateSession, request, settings.max_body)
        return Session.of(await rules.create(wish, caller.scope))

    @router.get("/{session_id}", response_model_exclude_none=True)
    async def get_session(session_id: str, caller: By) -> Session:
        return calls.get(session_id, caller.scope)

    @router.patch("/{session_id}", response_model_exclude_none=True)
    async def update_session_state(session_id: str, request: Request, caller: By) -> Session:
        return await calls.update(session_id, request, caller.scope)

    @router.delete("/{session_id}", status_code=204)
    async def close_session(session_id: str, caller: By) -> Response:
        return await calls.close(session_id, caller.scope)

    @router.get("/{session_id}/status")
    async def get_session_status(session_id: str, caller: By) -> SessionState:
        return SessionState(status=calls.get(session_id, caller.scope).status)

    @router.get("/{session_id}/jobs", response_model_exclude_none=True)
    async def get_session_jobs(session_id: str, caller: By) -> list[Job]:
        return calls.jobs(session_id, caller.scope)

    return router
