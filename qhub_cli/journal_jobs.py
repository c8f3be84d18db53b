"""The jobs that were submitted from this machine, by the journal that the client keeps of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Noted", "noted_jobs"]


@dataclass(frozen=True)
class Noted:
    """What a journal says of one Hub.

    Attributes:
        ids: Ids of the jobs, the newest first.
        lost: Tokens of the submissions whose id nobody noted: sent, but not seen to be answered.
    """

    ids: list[str]
    lost: list[str]


def noted_jobs(path: Path, hub: str) -> Noted:
    """Read a journal (`shared_transport.journal` tells of its form).

    Args:
        path: The journal; one that is not there is empty.
        hub: The address of the Hub that is asked for.

    Raises:
        OSError: It cannot be read.
    """
    sent: dict[str, str | None] = {}
    if path.exists():
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    note = json.loads(line)
                except ValueError:
                    continue  # a line that a crash cut off
                token = note.get("token") if isinstance(note, dict) else None
                if not isinstance(token, str):
                    continue
                if note.get("kind") == "job" and note.get("hub") == hub:
                    sent.setdefault(token, None)
                elif token in sent and isinstance(note.get("id"), str):
                    sent[token] = note["id"]
    ids = [identifier for identifier in sent.values() if identifier is not None]
    return Noted(
        list(dict.fromkeys(reversed(ids))),
        [token for token, identifier in sent.items() if identifier is None],
    )
