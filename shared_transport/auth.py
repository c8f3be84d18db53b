"""How a request is authenticated, as httpx does it; nothing here touches the network."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NoReturn

from pydantic import SecretStr

from .settings import Settings
from .web import httpx

__all__ = ["ApiKey", "HubAuth", "auth_of", "same_origin"]


def auth_of(settings: Settings) -> httpx.Auth:
    """How requests to the Hub of these settings are authenticated: by token, else by login, else not at all."""
    hub = httpx.URL(settings.base_url)
    login = settings.login
    if settings.token is not None or login is None:
        return ApiKey(settings.token, hub)
    from .oauth import OAuthPassword

    return OAuthPassword(hub, login, scope=settings.scope)


def same_origin(url: httpx.URL, hub: httpx.URL) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    return (url.scheme, url.host, _port(url)) == (hub.scheme, hub.host, _port(hub))


class HubAuth(httpx.Auth):
    """What has secrets inside and does not travel."""

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds secrets and is not pickled; pickle Settings.")


class ApiKey(HubAuth):
    """Puts the token into ``X-Auth-Token``, for the Hub's own address alone.

    Args:
        token: The token, or None to send none.
        hub: The Hub's address. A request to another scheme, host or port gets no token.
    """

    def __init__(self, token: SecretStr | None, hub: httpx.URL) -> None:
        self._token = token
        self._hub = hub

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        if self._token is not None and same_origin(request.url, self._hub):
            request.headers["X-Auth-Token"] = self._token.get_secret_value()
        yield request


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)
