"""From an operation to an httpx request, and from what happens to an outcome. Shared by both clients."""

from __future__ import annotations

import logging
import ssl
import time
from typing import Any, TypedDict

from .answers import content_range
from .errors import AuthenticationError
from .oauth import login_failure
from .settings import Settings
from .steps import Answer, Failure, Operation, Save
from .web import httpx

__all__ = ["Exchange", "client_options", "failure_of", "no_token"]

_log = logging.getLogger("shared_transport.requests")
CONNECTIONS = 32
CHUNK = 1 << 20
# A token below this length is none that anybody protects, and a part of ordinary words.
SHORTEST_SECRET = 6


class ClientOptions(TypedDict):
    """Arguments that both of httpx's clients take."""

    timeout: httpx.Timeout
    limits: httpx.Limits
    follow_redirects: bool
    trust_env: bool
    verify: ssl.SSLContext | bool


def client_options(settings: Settings) -> ClientOptions:
    """Options of an httpx client.

    Proxies and certificates are httpx's own settings (``HTTPS_PROXY``, ``SSL_CERT_FILE``); on loopback there is no
    proxy.
    Redirects are not followed: the token goes to the Hub alone.
    """
    return {
        "timeout": httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout),
        "limits": httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        "follow_redirects": False,
        "trust_env": not settings.loopback,
        "verify": _verification(settings),
    }


def _verification(settings: Settings) -> ssl.SSLContext | bool:
    """Whom to trust. Where nothing is asked over https, no certificates are loaded, and no one is trusted."""
    if not any((url or "").startswith("https:") for url in (settings.base_url, settings.token_url)):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context() if settings.loopback else True


class Exchange:
    """One request and what came of it.

    Args:
        operation: What is sent.
        settings: Where to, and who asks.
        offset: From which byte of the answer on.

    Raises:
        AuthenticationError: The operation needs credentials, and there are none.
    """

    def __init__(self, operation: Operation[Any], settings: Settings, offset: int = 0) -> None:
        if operation.needs_token and not settings.authenticated:
            raise no_token(operation.name)
        self._operation = operation
        self._settings = settings
        self._offset = offset
        self._started = time.monotonic()

    @property
    def request(self) -> dict[str, Any]:
        """Arguments of httpx's ``request`` and ``stream``."""
        operation, settings = self._operation, self._settings
        headers = {"Accept": "application/json"}
        if operation.body is not None:
            headers["Content-Type"] = "application/json"
        if settings.organization:
            headers["X-OrganizationId"] = settings.organization
        if self._offset:
            headers["Range"] = f"bytes={self._offset}-"
            # Offsets are those of the plain content, whatever the first answer was packed with.
            headers["Accept-Encoding"] = "identity"
        return {
            "method": operation.method,
            "url": settings.base_url + operation.path,
            "params": list(operation.params) or None,
            "content": operation.body,
            "headers": headers,
        }

    def answered(self, status: int, headers: httpx.Headers, content: bytes) -> Answer:
        """The outcome of a request that was answered.

        Raises:
            AuthenticationError: It was refused because there are no credentials.
        """
        self._note(status, len(content))
        if status == 401 and not self._settings.authenticated:
            raise no_token(self._operation.name)
        token = self._settings.token
        secret = token.get_secret_value().encode() if token is not None else b""
        if status >= 400 and len(secret) >= SHORTEST_SECRET:
            # A Hub that quotes a request back must not put the token into an error.
            content = content.replace(secret, b"***")
        return Answer(status, headers, content)

    def failed(self, outcome: Failure | AuthenticationError) -> Failure:
        """The outcome of a request that was not answered.

        Raises:
            AuthenticationError: The login was refused. It comes without the frames that held the password.
        """
        if isinstance(outcome, AuthenticationError):
            self._note("login refused", 0)
            outcome.operation = self._operation.name
            raise outcome
        self._note(outcome.reason, 0)
        return outcome

    def _note(self, outcome: int | str, size: int) -> None:
        if not _log.isEnabledFor(logging.DEBUG):
            return
        operation = self._operation
        milliseconds = 1e3 * (time.monotonic() - self._started)
        # One line a request; it has neither headers nor bodies.
        _log.debug(
            "operation=%s method=%s path=%s outcome=%r bytes=%d ms=%.1f",
            operation.name,
            operation.method,
            operation.path,
            outcome,
            size,
            milliseconds,
        )


class Saving:
    """Writes an answer's content to a file as it comes: all of it, or the rest that was asked for."""

    def __init__(self, step: Save) -> None:
        self._file = step.file
        self._offset = step.offset
        self._pieces: list[bytes] = []
        self._size = 0

    def begin(self, status: int, headers: httpx.Headers) -> bool:
        """Whether the content goes into the file, which an answer without success does not.

        A Hub that answers 200 to the request for a rest sends everything: the file begins anew.
        """
        if status not in (200, 206):
            return False
        start = 0
        if status == 206:
            start, _ = content_range(headers)
            if start != self._offset:
                return False
        self._file.seek(start)
        self._file.truncate()
        return True

    def add(self, piece: bytes) -> bool:
        """Take some of the content; whether there is so much now that it is to be written."""
        self._pieces.append(piece)
        self._size += len(piece)
        return self._size >= CHUNK

    def write(self) -> None:
        """Write what was taken. After a broken connection too: what came need not come again."""
        self._file.write(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0


def failure_of(problem: Exception, settings: Settings) -> Failure | None:
    """The outcome for an exception of httpx, or None for one that is not about the transport."""
    if isinstance(problem, httpx.HTTPError) and (failure := login_failure(problem)) is not None:
        return failure
    where = f" ({settings.base_url})"
    # The words only: the exception itself holds the request, and its headers the token.
    text = (str(problem) or type(problem).__name__).rstrip(".") + where
    if isinstance(problem, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Failure(text, sent=False)
    if isinstance(problem, (httpx.TransportError, httpx.DecodingError)):
        return Failure(text, sent=True)
    return None


def no_token(operation_name: str) -> AuthenticationError:
    """The error for an operation that needs credentials where there are none."""
    return AuthenticationError(
        "There is no token for the Hub.",
        hint="Give HubProvider(token=...), or set KQH_PERSONAL_ACCESS_TOKEN; "
        "HubProvider.local() runs a Hub on this machine and needs none.",
        operation=operation_name,
    )
