"""What this process sends to any Hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared_transport.http import Exchange
from shared_transport.tags import TOKEN_PREFIX


class SentRequests:
    """Records every request of this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[dict[str, Any]] = []
        plain = Exchange.request.fget

        def recorded(exchange: Exchange) -> dict[str, Any]:
            request: dict[str, Any] = plain(exchange)
            self.sent.append(request)
            return request

        monkeypatch.setattr(Exchange, "request", property(recorded))

    @property
    def methods(self) -> set[str]:
        return {request["method"] for request in self.sent}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The JSON of what was POSTed, without the mark of the submission."""
        bodies = [json.loads(r["content"]) for r in self.sent if r["method"] == "POST"]
        for body in bodies:
            body["tags"] = [tag for tag in body["tags"] if not tag.startswith(TOKEN_PREFIX)]
            if not body["tags"]:
                del body["tags"]
        return bodies
