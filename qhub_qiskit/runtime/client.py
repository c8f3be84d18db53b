"""The client that IBM's classes speak to: the methods of their `RuntimeClient`, answered by the Hub.

Its answers have the form of IBM's REST API ("IBM Quantum Compute REST API"), as `qiskit_ibm_runtime` reads it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from qiskit_ibm_runtime import RuntimeDecoder
from qiskit_ibm_runtime.exceptions import IBMInputValueError

from shared_transport.client import HubClient
from shared_transport.errors import HubError, JobCancelledError, JobFailedError
from shared_transport.models import (
    Backend,
    BackendState,
    Job,
    JobStatus,
    SdkProvider,
    Session,
    SessionMode,
    SessionStatus,
    is_terminal,
)
from shared_transport.requests import SessionRequest
from shared_transport.tags import users_tags

from .errors import HubRequestError, asked, refuse
from .wire import job_request

__all__ = ["HubRuntimeClient"]

# IBM's code asks for a backend's status before every job; an answer may be as old as this, in seconds.
_STATUS_AGE = 5.0
_JOB_WORDS: Mapping[str, str] = {
    JobStatus.UNKNOWN: "QUEUED",
    JobStatus.PENDING: "QUEUED",
    JobStatus.RUNNING: "RUNNING",
    JobStatus.CANCELLING: "RUNNING",
    JobStatus.ABORTED: "FAILED",
    JobStatus.DETACHED: "FAILED",
}
_SESSION_WORDS: Mapping[str, str] = {
    SessionStatus.OPEN: "open",
    SessionStatus.ACTIVE: "active",
    SessionStatus.INACTIVE: "inactive",
    SessionStatus.DRAINING: "active",
}
_BACKEND_WORDS: Mapping[str, str] = {
    BackendState.ONLINE: "active",
    BackendState.PAUSED: "paused",
}


class HubRuntimeClient:
    """What IBM's service, backends, sessions and jobs ask of their server.

    Args:
        client: The Hub.
    """

    # The classes of qiskit_ibm_runtime look for the instance that a client belongs to; the Hub has none.
    _instance: str | None = None

    def __init__(self, client: HubClient) -> None:
        self.hub = client
        self._backends: dict[str, Backend] = {}
        self._states: dict[str, tuple[float, dict[str, Any]]] = {}

    def program_run(
        self,
        program_id: str,
        backend_name: str,
        params: Mapping[str, Any],
        image: str | None = None,
        log_level: str | None = None,
        session_id: str | None = None,
        job_tags: list[str] | None = None,
        max_execution_time: int | None = None,
        start_session: bool | None = False,
        session_time: int | None = None,
        private: bool | None = False,
        calibration_id: str | None = None,
    ) -> dict[str, Any]:
        """Create a job, exactly once.

        Raises:
            NotOnHubError: An argument that the Hub has nothing for; nothing was sent.
            HubRequestError: The Hub refuses it, or nobody knows whether it exists.
        """
        for what, given in (
            ("choice of an image", image),
            ("private jobs", private),
            ("choice of a calibration", calibration_id),
        ):
            if given:
                refuse(what, "Leave it out.")
        if start_session or session_time:
            refuse("sessions that begin with a job", "Use Session(backend).")
        request = asked(
            job_request,
            self.described(backend_name),
            program_id,
            params,
            log_level=log_level,
            max_execution_time=max_execution_time,
            session_id=session_id,
            tags=job_tags or (),
        )
        try:
            job = asked(self.hub.jobs.create, request)
        except HubRequestError as problem:
            # IBM's code takes a 404 for a program that there is not.
            problem.status_code = -1 if problem.status_code == 404 else problem.status_code
            raise
        return {"id": job.id, "backend": backend_name}

    def job_get(self, job_id: str, exclude_params: bool = True) -> dict[str, Any]:
        """A job as IBM's server describes it; its inputs under ``params`` if they are asked for."""
        job = asked(self.hub.jobs.get, job_id)
        described = self.job_document(job)
        if not exclude_params:
            text = json.dumps(asked(self.hub.jobs.input, job_id))
            described["params"] = json.loads(text, cls=RuntimeDecoder)
        if described["state"]["status"] == "FAILED":
            described["state"]["reason"] = self._failure(job_id, str(job.status))
        return described

    def job_document(self, job: Job) -> dict[str, Any]:
        """The same of a job that was read, without the reason of a failure.

        Raises:
            HubRequestError: It is not a job of one of IBM's programs.
        """
        program = (job.input_params or {}).get("program_id")
        if program is None:
            raise HubRequestError(
                f"Job {job.id} runs none of IBM's programs.",
                hint="HubProvider().job(id) of qhub_qiskit opens it.",
                job_id=job.id,
            )
        word = str(job.status or JobStatus.UNKNOWN)
        return {
            "id": job.id,
            "backend": job.backend_id,
            "state": {"status": _JOB_WORDS.get(word, word)},
            "created": _instant(job.created_at),
            "program": {"id": program},
            "session_id": job.session_id,
            "tags": users_tags(job.tags),
            "private": False,
        }

    def job_results(self, job_id: str) -> str:
        """A job's result as text; of a failed one, why it failed."""
        try:
            return asked(self.hub.jobs.result_bytes, job_id).decode()
        except HubRequestError as problem:
            if isinstance(problem.__cause__, (JobFailedError, JobCancelledError)):
                return _reason(problem.__cause__)
            raise

    def job_cancel(self, job_id: str) -> None:
        """Ask for a job's cancellation.

        Raises:
            HubRequestError: It has ended (409), or the Hub does not answer.
        """
        word = asked(self.hub.jobs.status, job_id)
        if is_terminal(word):
            raise HubRequestError(f"Job {job_id} has ended: {word}.", status_code=409)
        asked(self.hub.jobs.cancel, job_id)

    def job_metadata(self, job_id: str) -> dict[str, Any]:
        """Times and usage of a job. Usage is what the Hub tells of it, in seconds of execution."""
        job = asked(self.hub.jobs.get, job_id)
        millis = job.usage_time_millis if job.usage_time_millis is not None else job.runtime
        seconds = None if millis is None else millis / 1000
        final = job.ended and job.usage_time_state in (None, "MEASURED")
        return {
            "timestamps": {
                "created": _instant(job.created_at),
                "running": _instant(job.started_at),
                "finished": _instant(job.ended_at),
            },
            "usage": {
                "quantum_seconds": seconds,
                "qpu_charge_time_seconds": seconds,
                "seconds": seconds,
                "status": "final" if final else "pending",
            },
        }

    def job_delete(self, job_id: str) -> NoReturn:
        """Refused."""
        refuse("way to delete a job", "job.cancel() ends one that has not ended.")

    def job_logs(self, job_id: str) -> NoReturn:
        """Refused."""
        refuse("log of a job", "job.error_message() and job.metrics() say what is known.")

    def update_tags(self, job_id: str, tags: list[str]) -> NoReturn:
        """Refused."""
        refuse(
            "way to change a job's tags",
            'Give them to the job: options.environment.job_tags = ["mine"].',
        )

    def cloud_usage(self) -> NoReturn:
        """Refused."""
        refuse("usage of an instance", "session.usage() and job.usage() say theirs.")

    def create_session(
        self,
        backend: str,
        instance: str | None = None,
        max_time: int | None = None,
        mode: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Create a session, exactly once.

        Raises:
            NotOnHubError: A further argument; nothing was sent.
            IBMInputValueError: `max_time` is no time.
        """
        if max_time is not None and max_time < 1:
            raise IBMInputValueError(f"max_time has to be at least a second, not {max_time}.")
        if more:
            refuse(f"session with {', '.join(more)}", "Use Session(backend, max_time=...).")
        described = self.described(backend)
        request = SessionRequest(
            backend_id=described.id,
            provider=described.provider or "",
            mode=SessionMode(mode or SessionMode.DEDICATED),
            ttl=max_time,
            sdk_provider=SdkProvider.QISKIT,
        )
        return {"id": asked(self.hub.sessions.create, request).id}

    def session_details(self, session_id: str) -> dict[str, Any]:
        """A session as IBM's server describes it; with its jobs' last times, which the Hub is asked for."""
        session = asked(self.hub.sessions.get, session_id)
        jobs = asked(self.hub.sessions.jobs, session_id)
        begun = [job.started_at for job in jobs if job.started_at is not None]
        ended = [job.ended_at for job in jobs if job.ended_at is not None]
        word = str(session.status)
        usage = session.usage_time_millis
        return {
            "id": session.id,
            "backend_name": session.backend_id,
            "max_ttl": _seconds_between(session.created_at, session.expires_at),
            "state": "closed" if session.ended else _SESSION_WORDS.get(word, word.lower()),
            "accepting_jobs": not session.ended and word != SessionStatus.DRAINING,
            "last_job_started": _instant(max(begun, default=None)),
            "last_job_completed": _instant(max(ended, default=None)),
            "started_at": _instant(session.started_at),
            "activated_at": _instant(session.started_at),
            "closed_at": _instant(session.closed_at),
            "mode": None if session.mode is None else str(session.mode),
            "elapsed_time": None if usage is None else usage / 1000,
            "timestamps": [],
        }

    def close_session(self, session_id: str) -> None:
        """Let a session run empty; one that has ended is left alone."""
        if not self._session(session_id).ended:
            asked(self.hub.sessions.close, session_id)

    def cancel_session(self, session_id: str) -> None:
        """End a session; one that has ended is left alone."""
        if not self._session(session_id).ended:
            asked(self.hub.sessions.cancel, session_id)

    def backend_properties(
        self,
        backend_name: str,
        datetime: datetime | None = None,
        calibration_id: str | None = None,
    ) -> dict[str, Any] | None:
        """A backend's properties: the newest, or those effective at a time. None if there are none."""
        if calibration_id:
            refuse("choice of a calibration", "Leave it out.")
        backend_id = self.described(backend_name).id
        read = asked(self.hub.backends.calibration, backend_id, effective_at=datetime)
        return read.calibration if read is not None else None

    def backend_status(self, backend_name: str) -> dict[str, Any]:
        """Whether a backend runs, and its queue. At most a few seconds old."""
        described, now = self.described(backend_name), time.monotonic()
        read_at, state = self._states.get(described.id, (-_STATUS_AGE, {}))
        if now - read_at >= _STATUS_AGE:
            info = asked(self.hub.backends.status, described.id)
            word = str(info.status)
            state = {
                "backend_name": backend_name,
                "backend_version": "",
                "operational": word in _BACKEND_WORDS,
                "status_msg": _BACKEND_WORDS.get(word, word.lower()),
                "pending_jobs": info.queue_size or 0,
            }
            self._states[described.id] = (now, state)
        return dict(state)

    def described(self, backend_id: str) -> Backend:
        """What the Hub says of a backend; read once."""
        if backend_id not in self._backends:
            self._backends[backend_id] = asked(self.hub.backends.get, backend_id)
        return self._backends[backend_id]

    def remember(self, backend: Backend) -> None:
        """Keep what the Hub said of a backend just now."""
        self._backends[backend.id] = backend

    def _session(self, session_id: str) -> Session:
        return asked(self.hub.sessions.get, session_id)

    def _failure(self, job_id: str, word: str) -> str:
        """Why a job failed, as far as the Hub tells."""
        try:
            self.hub.jobs.result_bytes(job_id, status=word)
        except HubError as problem:
            return _reason(problem)
        return f"the Hub says {word}, not why"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.hub,)

    def __deepcopy__(self, memo: object) -> HubRuntimeClient:
        return self


def _reason(problem: HubError) -> str:
    return problem.hub_says or problem.message


def _instant(when: datetime | None) -> str | None:
    """A time as IBM's server writes it."""
    return None if when is None else when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seconds_between(begin: datetime | None, end: datetime | None) -> int | None:
    return None if begin is None or end is None else round((end - begin).total_seconds())
