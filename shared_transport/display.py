"""How what the Hub says looks in a notebook: backends, jobs and sessions as short tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from . import html
from .errors import HubError
from .models import Backend, BackendType, Job, Session
from .tags import users_tags

__all__ = ["backend_html", "backends_html", "jobs_html", "or_why_not", "session_html", "some"]

# Of a list so many are shown.
_SHOWN = 12


def backends_html(caption: str, backends: Iterable[Backend], *, note: str | None = None) -> str:
    """A table of backends.

    Args:
        caption: What they are.
        backends: What the Hub says of each.
        note: A line below it.
    """
    rows = [
        (
            one.id,
            one.hardware_provider or one.provider,
            _word(one.type),
            _word(one.technology),
            one.configuration.qubit_count,
            _range(one),
            one.queue_size,
        )
        for one in backends
    ]
    headings = ("backend", "made by", "type", "technology", "qubits", "shots", "queue")
    return html.table(caption, headings, rows, numbers=(4, 5, 6), note=note)


def backend_html(backend: Backend, further: Iterable[tuple[str, object]] = ()) -> str:
    """What the Hub said of a backend when it was read.

    Args:
        backend: The backend.
        further: Names and values of what else is known of it.
    """
    configuration = backend.configuration
    gates = [gate.name for gate in configuration.gates if gate.name]
    told = [
        ("name", backend.display_name or backend.name),
        ("made by", backend.hardware_provider or backend.provider),
        ("type", some([_word(backend.type), _word(backend.technology)])),
        ("qubits", configuration.qubit_count),
        ("gates", some(gates)),
        ("input", some(map(str, configuration.supported_input_formats))),
        ("shots", _range(backend)),
        ("queue", backend.queue_size),
        ("payment", _word(backend.access_type)),
    ]
    return html.facts(backend.id, [*told, *further])


def jobs_html(title: str, jobs: Sequence[Job], further: Iterable[tuple[str, object]] = ()) -> str:
    """One job, or several that are one to the user.

    Args:
        title: What it is.
        jobs: What the Hub says of each.
        further: Names and values of what else is known of it.
    """
    first = jobs[0]
    words = Counter(str(job.status) for job in jobs)
    millis = [job.runtime for job in jobs if job.runtime is not None]
    told = [
        ("status", _counted(words) if len(jobs) > 1 else str(first.status)),
        ("id", some(job.id for job in jobs)),
        ("name", first.name),
        ("tags", some(dict.fromkeys(tag for job in jobs for tag in users_tags(job.tags)))),
        ("shots", first.shots),
        ("session", first.session_id),
        ("created", _time(min((j.created_at for j in jobs if j.created_at), default=None))),
        ("started", _time(min((j.started_at for j in jobs if j.started_at), default=None))),
        ("ended", _time(_end(jobs))),
        ("runtime", f"{sum(millis) / 1000:g} s" if millis else None),
    ]
    return html.facts(title, [*told, *further])


def session_html(session: Session) -> str:
    """A session as the Hub describes it."""
    used = session.usage_time_millis
    return html.facts(
        f"Session on {session.backend_id}",
        [
            ("status", None if session.status is None else str(session.status)),
            ("id", session.id),
            ("mode", None if session.mode is None else str(session.mode)),
            ("created", _time(session.created_at)),
            ("closed", _time(session.closed_at)),
            ("expires", None if session.ended else _time(session.expires_at)),
            ("usage", None if used is None else f"{used / 1000:g} s"),
        ],
    )


def or_why_not(thing: object, told: Callable[[], str]) -> str:
    """A picture of something is no place to fail: where the Hub cannot be asked, it says so.

    Args:
        thing: What is shown.
        told: Makes the picture, asking the Hub.
    """
    try:
        return told()
    except HubError as problem:
        return html.facts(repr(thing), [("not known", str(problem))])


def some(words: Iterable[str | None]) -> str | None:
    """The first dozen of several words, and how many more there are; None of none."""
    listed = [word for word in words if word]
    if len(listed) > _SHOWN:
        listed[_SHOWN:] = [f"and {len(listed) - _SHOWN} more"]
    return ", ".join(listed) or None


def _range(backend: Backend) -> str | None:
    stated = backend.configuration.shots_range
    if stated is None or stated.max is None:
        return None
    return f"{stated.min or 0:,} to {stated.max:,}"


def _end(jobs: Sequence[Job]) -> datetime | None:
    ends = [job.ended_at for job in jobs if job.ended_at is not None]
    return max(ends) if len(ends) == len(jobs) else None


def _time(when: datetime | None) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _word(word: str | None) -> str | None:
    """The Hub's word as a person would write it; None for one that says nothing."""
    if word is None or word == BackendType.UNKNOWN:
        return None
    return str(word) if word == BackendType.QPU else str(word).replace("_", " ").lower()


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
