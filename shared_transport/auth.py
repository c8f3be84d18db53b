"""Credentials on their way into a request: here alone, so that no frame of ours holds them meanwhile."""

from __future__ import annotations

from collections.abc import Generator

import httpx
from pydantic import SecretStr

from .settings import Settings

__all__ = ["ApiKey", "auth_of"]


def auth_of(settings: Settings) -> httpx.Auth:
    """How requests to the Hub of these settings are authenticated."""
    return ApiKey(settings.token, httpx.URL(settings.base_url))


class ApiKey(httpx.Auth):
    """Puts the token into ``X-Auth-Token``, for the Hub's own address alone.

    Args:
        token: The token; without one nothing is added.
        hub: The Hub's address. A request to another scheme, host or port gets no token.
    """

    def __init__(self, token: SecretStr | None, hub: httpx.URL) -> None:
        self._token = token
        self._origin = _origin(hub)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        if self._token is not None and _origin(request.url) == self._origin:
            request.headers["X-Auth-Token"] = self._token.get_secret_value()
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
