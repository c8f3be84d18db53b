"""The jobs and sessions that the Hub really has, and what it says of them."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fault_hub.world import Entry, World

# Written out here, not imported: the client's own word for them would hide its change.
TOKEN_TAG = "qhub-token:"
TOKEN_KEY = "qhub_token"
START = datetime(2026, 1, 1, tzinfo=UTC)
TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class Resources:
    """What a Hub keeps, and the operations on it. Each gives a status and a document.

    Attributes:
        world: How the Hub behaves.
        random: What everything is drawn from.
        jobs: All jobs there are, as they were accepted: the truth.
        sessions: Likewise all sessions.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.jobs: list[Entry] = []
        self.sessions: list[Entry] = []

    def clock(self) -> float:
        """Seconds since the start: the client's monotonic clock."""
        raise NotImplementedError

    # --- jobs  ---

    def _create_job(self, asked: Asked) -> tuple[int, Any]:
        body = asked.document
        missing = [word for word in ("backend_id", "shots", "input") if word not in body]
        if missing:
            return 422, {"detail": f"{missing[0]} is missing."}
        session_id = body.get("session_id")
        if session_id is not None:
            session = self._find(self.sessions, session_id)
            if session is None:
                return 404, {"detail": "There is no such session."}
            if not (session.alive and session.accepts_jobs):
                return 409, {"detail": "The session accepts no jobs."}
        return 201, self._job(self._create("job", body))

    def _get_job(self, asked: Asked) -> tuple[int, Any]:
        job = self._find(self.jobs, asked.identifier)
        return _known(job and self._job(job))

    def _get_job_status(self, asked: Asked) -> tuple[int, Any]:
        job = self._find(self.jobs, asked.identifier)
        return _known(job and {"status": self.status(job)})

    def _get_job_result(self, asked: Asked) -> tuple[int, Any]:
        job = self._find(self.jobs, asked.identifier)
        status = job and self.status(job)
        if status == "COMPLETED":
            return 200, {"counts": {"00": 1}}
        if status == "FAILED":
            return 200, {"error": {"message": "It failed.", "code": "E1"}}
        return _known(None)

    def _get_job_input(self, asked: Asked) -> tuple[int, Any]:
        job = self._find(self.jobs, asked.identifier)
        return (200, job.body["input"]) if job else _known(None)

    def _cancel_job(self, asked: Asked) -> tuple[int, Any]:
        job = self._find(self.jobs, asked.identifier)
        if job is None:
            return _known(None)
        if self.status(job) not in TERMINAL:
            job.stopped = self.clock()
        return 204, None

    def _search_jobs(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._page(self.jobs, self._job, asked)

    def status(self, job: Entry) -> str:
        """A job's true status now."""
        if job.stopped is not None:
            return "CANCELLED"
        if self.clock() < job.starts:
            return "PENDING"
        if job.ends is None or self.clock() < job.ends:
            return "RUNNING"
        return "FAILED" if job.fails else "COMPLETED"

    def _job(self, job: Entry) -> dict[str, Any]:
        status = self.status(job)
        shown = {
            **{k: v for k, v in job.body.items() if k not in ("input", "tags")},
            "id": job.id,
            "status": status,
            "tags": [] if self.world.drops_tags else list(job.body.get("tags", ())),
            "created_at": self._text(job.created),
        }
        if status not in ("PENDING",) and job.starts <= self.clock():
            shown["started_at"] = self._text(job.starts)
        if status in TERMINAL:
            shown["ended_at"] = self._text(job.stopped if job.stopped is not None else job.ends)
        return shown

    # --- sessions  ---

    def _create_session(self, asked: Asked) -> tuple[int, Any]:
        body = asked.document
        missing = [word for word in ("backend_id", "mode", "provider") if word not in body]
        if missing:
            return 422, {"detail": f"{missing[0]} is missing."}
        return 201, self._session(self._create("session", body))

    def _get_session(self, asked: Asked) -> tuple[int, Any]:
        session = self._find(self.sessions, asked.identifier)
        return _known(session and self._session(session))

    def _get_session_status(self, asked: Asked) -> tuple[int, Any]:
        session = self._find(self.sessions, asked.identifier)
        return _known(session and {"status": self._session_status(session)})

    def _get_session_jobs(self, asked: Asked) -> tuple[int, Any]:
        if self._find(self.sessions, asked.identifier) is None:
            return _known(None)
        jobs = [job for job in self.jobs if job.body.get("session_id") == asked.identifier]
        return 200, [self._job(job) for job in jobs]

    def _update_session(self, asked: Asked) -> tuple[int, Any]:
        session = self._find(self.sessions, asked.identifier)
        if session is not None:
            session.accepts_jobs = bool(asked.document.get("accept_jobs"))
        return _known(session and self._session(session))

    def _close_session(self, asked: Asked) -> tuple[int, Any]:
        session = self._find(self.sessions, asked.identifier)
        if session is None:
            return _known(None)
        if session.stopped is None:
            session.stopped = self.clock()
        return 204, None

    def _get_workloads(self, asked: Asked) -> tuple[int, Any]:
        return 200, self._page([*self.jobs, *self.sessions], self._workload, asked)

    def _session_status(self, session: Entry) -> str:
        if not session.alive:
            return "CLOSED"
        return "OPEN" if session.accepts_jobs else "DRAINING"

    def _session(self, session: Entry) -> dict[str, Any]:
        shown = {
            **{k: v for k, v in session.body.items() if k in ("backend_id", "provider", "mode")},
            "id": session.id,
            "status": self._session_status(session),
            "metadata": {} if self.world.drops_tags else session.body.get("metadata", {}),
            "created_at": self._text(session.created),
        }
        if session.stopped is not None:
            shown["closed_at"] = self._text(session.stopped)
        return shown

    def _workload(self, entry: Entry) -> dict[str, Any]:
        whole = self._job(entry) if entry.kind == "job" else self._session(entry)
        words = ("id", "backend_id", "provider", "status", "created_at", "started_at", "ended_at")
        return {"type": entry.kind.upper(), **{k: whole[k] for k in words if k in whole}}

    # --- what both are  ---

    def _create(self, kind: str, body: dict[str, Any]) -> Entry:
        world, now = self.world, self.clock()
        starts = now + self.random.uniform(*world.queue_seconds)
        runs = self.random.uniform(*world.job_seconds)
        if re.fullmatch(r"\d+(\.\d+)?", str(body.get("name", ""))):
            runs = float(body["name"])
        entry = Entry(
            id=str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            kind=kind,
            body=body,
            token=_token_of(body),
            created=now,
            listed=now + self.random.uniform(*world.listed_after),
            starts=starts,
            ends=starts + runs if kind == "job" else None,
            fails=self.random.random() < world.fails,
            key=self.random.random(),
        )
        (self.jobs if kind == "job" else self.sessions).append(entry)
        return entry

    def _find(self, entries: Sequence[Entry], identifier: str) -> Entry | None:
        return next((entry for entry in entries if entry.id == identifier), None)

    def _page(
        self, entries: Sequence[Entry], show: Callable[[Entry], dict[str, Any]], asked: Asked
    ) -> dict[str, Any]:
        number = int(asked.query.get("page", "0"))
        size = self.world.page_size or min(
            int(asked.query.get("size", "20")), self.world.most_a_page
        )
        listed = [entry for entry in entries if entry.listed <= self.clock()]
        order = self.world.order
        if order == "asked":
            key, _, way = (asked.sort[0] if asked.sort else "created_at,desc").partition(",")
            known = key in ("created_at", "createdAt")
            order = "oldest" if known and way != "desc" else "newest"
        if order == "shuffled":
            self.random.shuffle(listed)
        elif order == "random":
            listed.sort(key=lambda entry: entry.key)
        else:
            listed.sort(key=lambda entry: entry.created, reverse=order == "newest")
        page = {
            "content": [show(entry) for entry in listed[number * size : (number + 1) * size]],
            "page": number,
            "size": size,
        }
        if self.world.totals:
            page["total_elements"] = len(listed)
            page["total_pages"] = -(-len(listed) // size)
        return page

    def _server_time(self, when: float) -> datetime:
        return START + timedelta(seconds=when + self.world.clock_offset)

    def _text(self, when: float | None) -> str | None:
        return None if when is None else self._server_time(when).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Asked:
    identifier: str
    query: Mapping[str, str]
    sort: Sequence[str]
    body: bytes | None

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.body or b"{}")
        assert isinstance(document, dict)
        return document


def _token_of(body: Mapping[str, Any]) -> str | None:
    tags = [tag for tag in body.get("tags") or () if tag.startswith(TOKEN_TAG)]
    if tags:
        return str(tags[0][len(TOKEN_TAG) :])
    token = (body.get("metadata") or {}).get(TOKEN_KEY)
    return token if isinstance(token, str) else None


def _known(document: dict[str, Any] | None) -> tuple[int, Any]:
    return (404, {"detail": "Not found."}) if document is None else (200, document)


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()
