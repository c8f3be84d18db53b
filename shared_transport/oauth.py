"""The login: OAuth 2 with a password and with a refresh token, as an authentication of httpx."""

from __future__ import annotations

import copy
import enum
import json
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from pydantic import SecretStr

from .auth import HubAuth, same_origin
from .credentials import DEFAULT_SCOPE, Login, is_header
from .errors import AuthenticationError
from .steps import Failure
from .web import httpx

if TYPE_CHECKING:
    import asyncio

__all__ = ["OAuthPassword", "login_failure"]

# A token is renewed this many seconds before its end, or at four fifths of a shorter life.
MARGIN = 30.0
# Where renewing fails while the token is still good, it is tried again after this many seconds.
POSTPONED = 5.0
_LOGIN = "qhub.login"
_REFUSED = (400, 401, 403)


class _Turn(enum.Enum):
    """What the steps of a login ask for, besides requests: that nobody else logs in meanwhile."""

    TAKE = enum.auto()
    GIVE = enum.auto()


_Steps: TypeAlias = Generator["httpx.Request | _Turn", "httpx.Response", None]


@dataclass(frozen=True)
class _Grant:
    """What the token endpoint gave.

    Attributes:
        access: The access token.
        refresh: The refresh token, if there is one.
        renew_at: When to renew, by the clock of the flow; infinite where no end is known.
        expires_at: When the access token ends, likewise.
        number: Counts the grants, so that a refused token is known without being compared.
    """

    access: SecretStr
    refresh: SecretStr | None
    renew_at: float
    expires_at: float
    number: int


class OAuthPassword(HubAuth):
    """OAuth 2, password flow with refresh (RFC 6749, 4.3 and 6), for the Hub's own address alone.

    The first request logs in. The token is renewed shortly before its end, and once after a 401; a second 401
    stands. Where the refresh token is refused, the password is used again. All threads or tasks of a client
    share one token: one of them renews it and the others wait, those of an event loop without blocking it.

    The steps are a generator that does no I/O. The token endpoint is asked through the client's own connections.

    Args:
        hub: The Hub's address. A request to another scheme, host or port gets no token.
        login: Who logs in, and where.
        scope: What is asked for.
        clock: Seconds that only go forward.
    """

    # Only the token endpoint's answers are read here: the Hub's may be streams.
    requires_response_body = False

    def __init__(
        self,
        hub: httpx.URL,
        login: Login,
        *,
        scope: str = DEFAULT_SCOPE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._login = login
        self._scope = scope
        self._clock = clock
        self._grant: _Grant | None = None
        # How many logins were tried, and what the last one failed with.
        self._tried = 0
        self._error: AuthenticationError | None = None
        self._lock = threading.Lock()
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            weakref.WeakKeyDictionary()
        )

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Run the steps in a thread."""
        flow = self._steps(request)
        held = False
        try:
            step = next(flow)
            while True:
                if isinstance(step, _Turn):
                    held = step is _Turn.TAKE
                    (self._lock.acquire if held else self._lock.release)()
                    step = next(flow)
                else:
                    response = yield step
                    if held:
                        response.read()
                    step = flow.send(response)
        except StopIteration:
            pass
        finally:
            flow.close()
            if held:
                self._lock.release()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Run the steps in an event loop."""
        flow = self._steps(request)
        lock = self._lock_of_loop()
        held = False
        try:
            step = next(flow)
            while True:
                if isinstance(step, _Turn):
                    if step is _Turn.TAKE:
                        await lock.acquire()
                    else:
                        lock.release()
                    held = step is _Turn.TAKE
                    step = next(flow)
                else:
                    response = yield step
                    if held:
                        await response.aread()
                    step = flow.send(response)
        except StopIteration:
            pass
        finally:
            flow.close()
            if held:
                lock.release()

    def _lock_of_loop(self) -> asyncio.Lock:
        import asyncio

        with self._lock:
            return self._loops.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    def _steps(self, request: httpx.Request) -> _Steps:
        if not same_origin(request.url, self._hub):
            yield request
            return
        refused = 0
        while True:
            if self._due(refused):
                tried = self._tried
                yield _Turn.TAKE
                yield from self._renew(request, refused, tried)
                yield _Turn.GIVE
            number = self._sign(request)
            response = yield request
            if response.status_code != 401 or refused:
                return
            refused = number
            # An error of the login to come holds this request in its traceback.
            del request.headers["Authorization"]

    def _due(self, refused: int) -> bool:
        grant = self._grant
        return grant is None or grant.number == refused or self._clock() >= grant.renew_at

    def _sign(self, request: httpx.Request) -> int:
        grant = self._grant
        assert grant is not None
        request.headers["Authorization"] = f"Bearer {grant.access.get_secret_value()}"
        return grant.number

    def _renew(self, request: httpx.Request, refused: int, tried: int) -> _Steps:
        """Get a new token, unless another thread or task did so while this one waited for its turn.

        Raises:
            AuthenticationError: The user, the password or the client is refused.
            httpx.TransportError: The token endpoint fails.
        """
        if not self._due(refused):
            return
        if self._tried != tried and self._error is not None:
            # A password that is wrong for one is wrong for all; asking again and again locks accounts.
            raise copy.copy(self._error)
        old = self._grant
        usable = old is not None and old.number != refused and self._clock() < old.expires_at
        self._tried += 1
        self._error = None
        if old is not None and usable:
            # Should no answer come, the next request goes on with the token that is still good.
            self._grant = replace(old, renew_at=self._clock() + POSTPONED)
        asked_at = self._clock()
        response: httpx.Response | None = None
        if old is not None and old.refresh is not None:
            response = yield self._refreshing(old.refresh, request)
        if response is None or response.status_code in _REFUSED:
            if response is not None and old is not None:
                self._grant = replace(self._grant or old, refresh=None)
            asked_at = self._clock()
            response = yield self._logging_in(request)
        grant = self._read(response, asked_at) if response.status_code == 200 else None
        if grant is not None:
            self._grant = grant
        elif response.status_code in _REFUSED:
            self._error = self._refusal(response)
            raise copy.copy(self._error)
        elif not usable:
            what = (
                "has no token that can be used" if response.status_code == 200 else "is no success"
            )
            text = f"its answer with status {response.status_code} {what}"
            raise httpx.TransportError(text, request=response.request)

    def _logging_in(self, request: httpx.Request) -> httpx.Request:
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        return self._asking(
            request,
            lambda: prepare_token_request(
                "password",
                client_id=self._login.client_id,
                username=self._login.username,
                password=self._login.password.get_secret_value(),
                scope=self._scope,
            ),
        )

    def _refreshing(self, refresh: SecretStr, request: httpx.Request) -> httpx.Request:
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        return self._asking(
            request,
            lambda: prepare_token_request(
                "refresh_token",
                client_id=self._login.client_id,
                refresh_token=refresh.get_secret_value(),
                scope=self._scope,
            ),
        )

    def _asking(self, request: httpx.Request, body: Callable[[], str]) -> httpx.Request:
        """A request to the token endpoint, as patient as the one that it is made for."""
        patience = {k: v for k, v in request.extensions.items() if k == "timeout"}
        return httpx.Request(
            "POST",
            self._login.token_url,
            content=body(),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            extensions={**patience, _LOGIN: True},
        )

    def _read(self, response: httpx.Response, asked_at: float) -> _Grant | None:
        """Read what the endpoint gave, or None. Nothing is raised here: this frame holds the tokens."""
        from authlib.oauth2.rfc6749 import OAuth2Token

        try:
            given = OAuth2Token.from_dict(json.loads(response.content))
            access, refresh = given.get("access_token"), given.get("refresh_token")
            kind = given.get("token_type") or "bearer"
            life = float(given.get("expires_in") or "inf")
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return None
        if not isinstance(access, str) or not access or not is_header(access):
            return None
        if not isinstance(kind, str) or kind.lower() != "bearer" or life != life:
            return None
        old = self._grant
        if not isinstance(refresh, str) or not refresh:
            # No new refresh token: the old one stays good (RFC 6749, 6).
            kept = old.refresh if old is not None else None
        else:
            kept = SecretStr(refresh)
        return _Grant(
            SecretStr(access),
            kept,
            renew_at=asked_at + max(life - MARGIN, 0.8 * life),
            expires_at=asked_at + life,
            number=old.number + 1 if old is not None else 1,
        )

    def _refusal(self, response: httpx.Response) -> AuthenticationError:
        return AuthenticationError(
            "The login is refused.",
            hint="Check QHUB_USERNAME, QHUB_PASSWORD and QHUB_CLIENT_ID. "
            f"The login is at {self._login.token_url} (QHUB_TOKEN_URL).",
            status=response.status_code,
            hub_says=self._words_of(response),
        )

    def _words_of(self, response: httpx.Response) -> str | None:
        """The endpoint's own words (RFC 6749, 5.2), without what it may echo."""
        try:
            document = json.loads(response.content)
            parts = [document.get("error"), document.get("error_description")]
        except (ValueError, AttributeError, RecursionError):
            return None
        words = ": ".join(part for part in parts if isinstance(part, str) and part)
        grant = self._grant
        known = [self._login.password, *((grant.access, grant.refresh) if grant else ())]
        for secret in known:
            if secret is not None and secret.get_secret_value():
                words = words.replace(secret.get_secret_value(), "***")
        return words[:500] or None


def login_failure(problem: httpx.HTTPError) -> Failure | None:
    """The outcome for a request whose login got no good answer; None where the problem lies elsewhere.

    The Hub received nothing of such a request.
    """
    try:
        request = problem.request
    except RuntimeError:
        return None
    if not request.extensions.get(_LOGIN):
        return None
    text = (str(problem) or type(problem).__name__).rstrip(".")
    return Failure(f"The login failed: {text} ({request.url})", sent=False)
