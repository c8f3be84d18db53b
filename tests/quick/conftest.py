"""Every request that a test causes in this process is held against the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shared_transport.http import Exchange
from tests.contract_check import check_request
from tests.quick.sent_requests import SentRequests


@pytest.fixture(autouse=True)
def requests_follow_the_contract(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Check what both clients send, over whatever transport. A test that breaks the contract clears the list."""
    violations: list[str] = []
    plain = Exchange.request.fget

    def checked(exchange: Exchange) -> dict[str, Any]:
        request: dict[str, Any] = plain(exchange)
        path = request["url"].removeprefix(exchange._settings.base_url)
        pairs = request["params"] or ()
        try:
            check_request(
                request["method"],
                path,
                pairs,
                request["headers"],
                request["content"],
                short_ids=True,
            )
        except AssertionError as problem:
            violations.append(str(problem))
        return request

    monkeypatch.setattr(Exchange, "request", property(checked))
    yield violations
    assert not violations, "\n".join(violations)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> SentRequests:
    """What this process sends to any Hub."""
    return SentRequests(monkeypatch)
