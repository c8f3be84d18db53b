"""What the shell offers when Tab is pressed. Nothing is said where nothing is known, nor for long."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["backend_ids", "job_statuses", "session_statuses"]

_PATIENCE = 2.0  # seconds


def backend_ids(incomplete: str) -> Iterator[tuple[str, str]]:
    """Ids of the Hub's backends, each with its name."""
    from shared_transport.client import HubClient
    from shared_transport.errors import HubError
    from shared_transport.retry import RetryPolicy
    from shared_transport.settings import Settings

    try:
        settings = Settings.resolve(
            connect_timeout=_PATIENCE, read_timeout=_PATIENCE, retry=RetryPolicy(attempts=1)
        )
        with HubClient(settings) as client:
            known = client.backends.list()
    except HubError:
        return  # the shell shows the line that is typed: there is no room for an error
    for backend in known:
        if backend.id.startswith(incomplete):
            yield backend.id, backend.display_name or backend.name or ""


def job_statuses(incomplete: str) -> list[str]:
    """The words for a job's status."""
    from shared_transport.models import JobStatus

    return [word for word in JobStatus if word.startswith(incomplete.upper())]


def session_statuses(incomplete: str) -> list[str]:
    """The words for a session's status."""
    from shared_transport.models import SessionStatus

    return [word for word in SessionStatus if word.startswith(incomplete.upper())]
