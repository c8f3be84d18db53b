"""The journal of submissions: what was sent is noted before it is sent, so that a crash loses no job.

One JSON object a line: ``{"time", "token", "kind", "backend_id", "hub"}`` before the request, and
``{"time", "token", "id"}`` once the id is known. Nothing in it opens anything.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Journal"]

_log = logging.getLogger(__name__)


class Journal:
    """Appends to a file, or does nothing where there is none.

    Args:
        path: The file; None for no journal.
        now: Seconds since the epoch.
    """

    def __init__(self, path: Path | None, *, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._now = now

    def sending(self, token: str, *, kind: str, backend_id: str, hub: str) -> None:
        """Note what is about to be sent."""
        self._note({"token": token, "kind": kind, "backend_id": backend_id, "hub": hub})

    def created(self, token: str, identifier: str) -> None:
        """Note the id that it got."""
        self._note({"token": token, "id": identifier})

    def id_of(self, token: str) -> str | None:
        """The id that a submission got, or None if it is not known."""
        return next((note["id"] for note in self._notes(token) if "id" in note), None)

    def first_sent(self, token: str) -> float | None:
        """When a submission was first sent, in seconds since the epoch; None if it never was."""
        return next((float(note["time"]) for note in self._notes(token) if "kind" in note), None)

    def _note(self, facts: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        line = json.dumps({"time": round(self._now(), 3), **facts}) + "\n"
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as problem:
            # Without a journal a job is still submitted, and found by its tag; only a crash may lose it.
            _log.warning("the journal %s cannot be written: %s", self.path, problem.strerror)
            self.path = None

    def _notes(self, token: str) -> Iterator[dict[str, Any]]:
        if self.path is None or not self.path.exists():
            return
        with open(self.path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if token not in line:
                    continue
                try:
                    note = json.loads(line)
                except ValueError:
                    continue  # a line that a crash cut off
                if isinstance(note, dict) and note.get("token") == token:
                    yield note
