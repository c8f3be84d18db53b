"""Where the Hub is, who asks, and how patiently: everything that a client needs to know before it speaks."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from .credentials import (
    BASE_URL_VARIABLE,
    DEFAULT_SCOPE,
    DEFAULT_TOKEN_URL,
    Login,
    Token,
    find_credentials,
    find_organization,
    is_header,
)
from .errors import ConfigurationError
from .retry import RetryPolicy
from .watcher import PollingSchedule
from .web import httpx

__all__ = ["DEFAULT_BASE_URL", "Settings"]

DEFAULT_BASE_URL = "https://api.hub.kipu-quantum.com/quantum"


@dataclass(frozen=True)
class Settings:
    """Settings of a client.

    Who asks is a token or a login by OAuth 2 (user, password, client id, token URL); where there are both, the
    token is used. A pickle holds neither token nor password: it keeps the addresses and who logs in, and the
    rest is looked up again where it is opened.

    Attributes:
        base_url: The Hub's address, taken as it is; it includes ``/quantum``.
        token: The token, or None (only the public view of the backends works without one).
        token_source: Where the token came from, for messages.
        username: Who logs in, or None.
        password: The password, or None.
        client_id: The client registered at the token endpoint, or None.
        token_url: The token endpoint, or None.
        scope: What a login asks for.
        organization: The organization's id, or None.
        connect_timeout: Seconds to establish a connection.
        read_timeout: Seconds between two bytes of an answer.
        retry: How patiently requests are repeated.
        polling: When a waiting client looks at a job.
        settle_time: Seconds in which a job that the Hub accepted appears in its list.
        journal: File in which submissions are noted before they are sent; None for none. By default
            ``qhub/jobs.jsonl`` in the user's state folder; ``QHUB_JOURNAL=0`` turns it off. An embedded Hub,
            whose jobs end with it, has none.
        runtime_file: Owner-only file of an embedded Hub that holds its token, or None.
    """

    base_url: str
    token: SecretStr | None = None
    token_source: str | None = None
    organization: str | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    polling: PollingSchedule = field(default_factory=PollingSchedule)
    settle_time: float = 10.0
    journal: Path | None = None
    runtime_file: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    client_id: str | None = None
    token_url: str | None = None
    scope: str = DEFAULT_SCOPE

    def __post_init__(self) -> None:
        if self.token is not None and not is_header(self.token.get_secret_value()):
            raise ConfigurationError(
                "The token has characters that no token has.", hint="Copy it again."
            )
        if self.organization is not None and not is_header(self.organization):
            raise ConfigurationError(
                f"{self.organization!r} is not the id of an organization.",
                hint="Correct the argument `organization` or KQH_ORGANIZATION_ID.",
            )

        if self.password is not None and self.login is None:
            raise ConfigurationError("A login needs username, password, client_id and token_url.")

    def __copy__(self) -> Settings:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Settings:
        return self

    @classmethod
    def resolve(
        cls,
        *,
        base_url: str | None = None,
        token: str | SecretStr | None = None,
        organization: str | None = None,
        allow_http: bool | None = None,
        username: str | None = None,
        password: str | SecretStr | None = None,
        client_id: str | None = None,
        token_url: str | None = None,
        journal: bool | str | Path | None = None,
        **others: Any,
    ) -> Settings:
        """Fill in from arguments, environment and config file.

        Who asks, in this order: the arguments (a token or a login, not both); a token in the environment; a login
        in the environment (``QHUB_USERNAME``, ``QHUB_PASSWORD``, ``QHUB_CLIENT_ID``, ``QHUB_TOKEN_URL``); the token
        of the config file. A login's missing parts come from those variables.

        Args:
            base_url: The Hub's address; else ``QHUB_QUANTUM_BASE_URL``, else the public Hub.
            token: The token.
            organization: The organization's id; else the environment, else the config file.
            allow_http: Accept plain http to other machines; else ``QHUB_ALLOW_HTTP=1``.
            username: Who logs in.
            password: The password.
            client_id: The client registered at the token endpoint.
            token_url: The token endpoint; by default the public Hub's.
            journal: The file of the journal; False for none; True for the usual one, whatever ``QHUB_JOURNAL`` says.
            **others: The other attributes of `Settings`.

        Raises:
            ConfigurationError: An address is none, or plain http to another machine; a login lacks something;
                or there are arguments for both a token and a login.
        """
        token = SecretStr(token) if isinstance(token, str) else token
        password = SecretStr(password) if isinstance(password, str) else password
        url = base_url or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL
        if allow_http is None:
            allow_http = os.environ.get("QHUB_ALLOW_HTTP") == "1"
        found = find_credentials(
            token=token,
            username=username,
            password=password,
            client_id=client_id,
            token_url=token_url,
        )
        return cls(
            base_url=_checked_url(url, allow_http=allow_http),
            organization=find_organization(organization),
            journal=_journal(journal),
            **_who(found, allow_http=allow_http),
            **others,
        )

    @classmethod
    def of_runtime_file(cls, path: str | Path, **others: Any) -> Settings:
        """Settings of an embedded Hub from its runtime file.

        Raises:
            ConfigurationError: The Hub, and with it the file, is gone.
        """
        found = _runtime(path)
        if found is None:
            raise ConfigurationError(
                "The local Hub that this object belonged to has ended.",
                hint="Start one with HubProvider.local() and run again; "
                "`qhub local --state DIR` keeps jobs beyond a process.",
            )
        return cls(
            base_url=found[0],
            token=found[1],
            token_source="the local Hub",  # noqa: S106 - a place, not a secret
            runtime_file=str(path),
            **others,
        )

    @property
    def authenticated(self) -> bool:
        """Whether there are credentials, of either kind."""
        return self.token is not None or self.password is not None

    @property
    def login(self) -> Login | None:
        """The login, if it is complete."""
        if self.password and self.username and self.client_id and self.token_url:
            return Login(self.username, self.password, self.client_id, self.token_url)
        return None

    @property
    def loopback(self) -> bool:
        """Whether the Hub is on this machine."""
        return _is_loopback(httpx.URL(self.base_url).host)

    def with_token(self, token: Token) -> Settings:
        """The same settings with another token."""
        return replace(self, token=token.value, token_source=token.source)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "token": None, "token_source": None, "password": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.runtime_file is not None:
            fresh = Settings.of_runtime_file(self.runtime_file)
            self.__dict__.update(
                base_url=fresh.base_url, token=fresh.token, token_source=fresh.token_source
            )
            return
        secret = os.environ.get("QHUB_PASSWORD")
        if self.username and secret and os.environ.get("QHUB_USERNAME") in (None, self.username):
            self.__dict__.update(password=SecretStr(secret))
            return
        del secret
        found = find_credentials()
        if found is not None:
            self.__dict__.update(_who(found, allow_http=os.environ.get("QHUB_ALLOW_HTTP") == "1"))


def _who(found: Token | Login | None, *, allow_http: bool) -> dict[str, Any]:
    """Credentials as attributes of `Settings`."""
    if isinstance(found, Token):
        return {"token": found.value, "token_source": found.source}
    if found is None:
        return {}
    return {
        "username": found.username,
        "password": found.password,
        "client_id": found.client_id,
        "token_url": _checked_url(found.token_url, allow_http=allow_http, of_login=True),
    }


def _journal(wish: bool | str | Path | None) -> Path | None:
    if wish is False or (wish is None and os.environ.get("QHUB_JOURNAL") == "0"):
        return None
    if isinstance(wish, (str, Path)):
        return Path(wish)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "qhub" / "jobs.jsonl"


def _runtime(path: str | Path) -> tuple[str, SecretStr] | None:
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return str(document["base_url"]), SecretStr(document["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_url(url: str, *, allow_http: bool, of_login: bool = False) -> str:
    """Check the address of a Hub or of its login."""
    name, role, secret, example = (
        ("token URL", "a login", "password", DEFAULT_TOKEN_URL)
        if of_login
        else ("base URL", "a Hub", "token", DEFAULT_BASE_URL)
    )
    try:
        parsed = httpx.URL(url)
        port, host = parsed.port or 1, parsed.host
    except (httpx.InvalidURL, ValueError) as problem:
        reason: str | None = str(problem)
        shown = f"The {name}"
    else:
        reason = None
        shown = repr(url)
        if not 0 < port < 65536:
            reason = "there is no such port"
        elif parsed.fragment or (parsed.query and not of_login):
            reason = "it must not have a query or a fragment"
        elif parsed.scheme not in ("http", "https") or not host:
            reason = "it has to start with https:// and name a host"
        elif parsed.userinfo:
            shown = f"The {name}"
            reason = "it must not contain a user or a password"
    if reason is not None:
        raise ConfigurationError(
            f"{shown} is not the address of {role}: {reason}.",
            hint=f"An example: {example}",
        )
    if parsed.scheme == "http" and not _is_loopback(parsed.host):
        if not allow_http:
            raise ConfigurationError(
                f"{url!r} is plain http to another machine: anyone on the way could read the {secret}.",
                hint="Use https, or say allow_http=True or QHUB_ALLOW_HTTP=1 if that is meant.",
            )
        warnings.warn(f"The {secret} travels to {parsed.host} over plain http.", stacklevel=4)
    return url if of_login else url.rstrip("/")
