"""The operations on sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shared_transport.models import Job, Session, SessionStatus, SessionStatusAnswer
from shared_transport.requests import SessionRequest
from shared_transport.steps import Answer, Operation

from .describe import model_of, models_of, nothing, segment

T = TypeVar("T")


def create_session(request: SessionRequest) -> Operation[Session]:
    """``POST /sessions``: create a session; 422 where the backend has none."""
    name = "createSession"
    about = f"a session on backend {request.backend_id!r}"
    return Operation(
        name, "POST", "/sessions", model_of(name, Session), body=request.to_json(), about=about
    )


def get_session(session_id: str) -> Operation[Session]:
    """``GET /sessions/{id}``: what the Hub knows of a session."""
    return _of("getSession", session_id, "", model_of("getSession", Session))


def get_session_status(session_id: str) -> Operation[SessionStatus | str]:
    """``GET /sessions/{id}/status``: its status alone."""
    name = "getSessionStatus"
    answered = model_of(name, SessionStatusAnswer)
    return _of(name, session_id, "/status", lambda a: answered(a).status or SessionStatus.UNKNOWN)


def get_session_jobs(session_id: str) -> Operation[list[Job]]:
    """``GET /sessions/{id}/jobs``: its jobs. The API promises a list and describes one job: both are read."""
    name = "getSessionJobs"
    return _of(name, session_id, "/jobs", models_of(name, Job, or_one=True))


def update_session_state(session_id: str, *, accept_jobs: bool) -> Operation[Session]:
    """``PATCH /sessions/{id}``: whether it takes further jobs."""
    name = "updateSessionState"
    body = b'{"accept_jobs":true}' if accept_jobs else b'{"accept_jobs":false}'
    return _of(name, session_id, "", model_of(name, Session), method="PATCH", body=body)


def close_session(session_id: str) -> Operation[None]:
    """``DELETE /sessions/{id}``: end it."""
    return _of("closeSession", session_id, "", nothing, method="DELETE")


def _of(
    name: str,
    session_id: str,
    tail: str,
    read: Callable[[Answer], T],
    *,
    method: str = "GET",
    body: bytes | None = None,
) -> Operation[T]:
    path = f"/sessions/{segment('session id', session_id)}{tail}"
    return Operation(name, method, path, read, body=body, about=f"session {session_id}")
