"""Where credentials come from: an argument, else the environment, else a config file.

The places are those that users of the Hub have today: the variables of its services and of its command
line, under their present and their former names.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from .errors import ConfigurationError
from .extras import require_extra

__all__ = [
    "BASE_URL_VARIABLE",
    "DEFAULT_TOKEN_URL",
    "Login",
    "Token",
    "config_file",
    "find_credentials",
    "find_organization",
    "find_token",
]

TOKEN_VARIABLES = (
    "KQH_SERVICE_EXECUTION_TOKEN",
    "KQH_PERSONAL_ACCESS_TOKEN",
    "PLANQK_SERVICE_EXECUTION_TOKEN",
    "SERVICE_EXECUTION_TOKEN",
    "PLANQK_PERSONAL_ACCESS_TOKEN",
)
ORGANIZATION_VARIABLES = (
    "KQH_ORGANIZATION_ID",
    "QHUB_ORGANIZATION_ID",
    "PLANQK_ORGANIZATION_ID",
)
KEYRING_USER = "token"
CONFIG_FILE_VARIABLES = ("KQH_CONFIG_FILE_PATH", "PLANQK_CONFIG_FILE_PATH")
BASE_URL_VARIABLE = "QHUB_QUANTUM_BASE_URL"
DEFAULT_TOKEN_URL = "https://login.hub.kipu-quantum.com/realms/planqk/protocol/openid-connect/token"  # noqa: S105 - an address
DEFAULT_SCOPE = "profile"
_warned: set[Path] = set()


@dataclass(frozen=True)
class Token:
    """A token and the place it came from, for messages that say which one is meant."""

    value: SecretStr
    source: str


@dataclass(frozen=True)
class Login:
    """A login by OAuth 2, complete."""

    username: str
    password: SecretStr
    client_id: str
    token_url: str


def find_credentials(
    *,
    token: str | SecretStr | None = None,
    username: str | None = None,
    password: SecretStr | None = None,
    client_id: str | None = None,
    token_url: str | None = None,
) -> Token | Login | None:
    """Find a token or a login.

    Arguments win over the environment and the environment over the config file; in the environment, a token
    wins over a login. What a login lacks is filled in from ``QHUB_USERNAME``, ``QHUB_PASSWORD``,
    ``QHUB_CLIENT_ID`` and ``QHUB_TOKEN_URL``; the last one has a default. The variables ask for a login if
    they name a user or a password.

    Raises:
        ConfigurationError: Arguments for both, half a login, or a config file that cannot be read.
    """
    given = [
        name
        for name, value in (
            ("username", username),
            ("password", password),
            ("client_id", client_id),
            ("token_url", token_url),
        )
        if value is not None
    ]
    if token is not None and given:
        raise ConfigurationError(
            f"There are both a token and a login ({', '.join(given)}).", hint="Give one of them."
        )
    if token is not None:
        return find_token(token)
    if not given:
        found = _token_in_environment()
        if found is not None:
            return found
        if not (os.environ.get("QHUB_USERNAME") or os.environ.get("QHUB_PASSWORD")):
            return find_token()
    if password is None and os.environ.get("QHUB_PASSWORD"):
        password = SecretStr(os.environ["QHUB_PASSWORD"])
    return _login(
        username or os.environ.get("QHUB_USERNAME"),
        password,
        client_id or os.environ.get("QHUB_CLIENT_ID"),
        token_url or os.environ.get("QHUB_TOKEN_URL") or DEFAULT_TOKEN_URL,
    )


def _login(
    username: str | None, password: SecretStr | None, client_id: str | None, token_url: str
) -> Login:
    if username and password is not None and password.get_secret_value() and client_id:
        for name, text in (
            ("username", SecretStr(username)),
            ("password", password),
            ("client_id", SecretStr(client_id)),
        ):
            if not _is_text(text):
                raise ConfigurationError(f"The {name} of the login is not text in UTF-8.")
        return Login(username, password, client_id, token_url)
    missing = [
        f"{name} (or QHUB_{name.upper()})"
        for name, there in (
            ("username", bool(username)),
            ("password", password is not None and bool(password.get_secret_value())),
            ("client_id", bool(client_id)),
        )
        if not there
    ]
    raise ConfigurationError(
        f"The login lacks {' and '.join(missing)}.",
        hint="Give what is missing, or a token instead of the login.",
    )


def _is_text(text: SecretStr) -> bool:
    try:
        text.get_secret_value().encode()
    except UnicodeEncodeError:
        return False
    return True


def find_token(token: str | SecretStr | None = None) -> Token | None:
    """Find the token.

    Order: the argument; the environment (`TOKEN_VARIABLES`); ``auth.value`` in the config file, or the entry of the
    system's keyring that its ``auth.keyring`` names.

    Raises:
        ConfigurationError: A config file that is named or present cannot be read.
    """
    if token is not None:
        token = token if isinstance(token, SecretStr) else SecretStr(token)
        return _checked(Token(token, "the argument `token`"))
    found = _token_in_environment() or _token_in_file()
    return _checked(found) if found is not None else None


def _token_in_environment() -> Token | None:
    for name in TOKEN_VARIABLES:
        if os.environ.get(name):
            return _checked(Token(SecretStr(os.environ[name]), f"the variable {name}"))
    return None


def _token_in_file() -> Token | None:
    path, document = _config_file()
    auth = _section(document, "auth")
    if path is not None and isinstance(auth.get("keyring"), str):
        return _token_in_keyring(auth["keyring"], path)
    value = auth.get("value")
    if path is None or not isinstance(value, str) or not value:
        return None
    found = Token(SecretStr(value), f"the config file {path}")
    # A warning may be turned into an exception, and this frame hang on it.
    del value, auth, document
    _warn_if_open(path)
    return found


def _token_in_keyring(service: str, path: Path) -> Token:
    """The token that `qhub login` put into the system's keyring, as the config file says."""
    require_extra("The token in the system's keyring", "keyring", "keyring")
    import keyring.errors

    try:
        value = keyring.get_password(service, KEYRING_USER)
        reason = f"it has no entry {service!r}"
    except keyring.errors.KeyringError as problem:
        value, reason = None, type(problem).__name__
    if value:
        return Token(SecretStr(value), f"the system's keyring (entry {service!r})")
    raise ConfigurationError(
        f"The token that {path} keeps in the system's keyring cannot be read: {reason}.",
        hint="Unlock the keyring, or store the token anew: qhub login.",
    )


def _warn_if_open(path: Path) -> None:
    """Warn, once a file, of a token that others on this machine can read."""
    if sys.platform == "win32" or path in _warned:
        return
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if mode & 0o077:
        _warned.add(path)
        warnings.warn(
            f"Others on this machine have access to the token in {path}: chmod 600 {path}",
            stacklevel=2,
        )


def find_organization(organization: str | None = None) -> str | None:
    """Find the organization id: the argument, the environment, else ``context.id`` of the config file."""
    if organization is not None:
        return organization or None
    for name in ORGANIZATION_VARIABLES:
        if os.environ.get(name):
            return os.environ[name]
    context = _section(_config_file()[1], "context")
    identifier = context.get("id")
    return (
        identifier
        if context.get("isOrganization") is True and isinstance(identifier, str)
        else None
    )


def is_header(text: str) -> bool:
    """Whether an HTTP header can carry this text."""
    return text.isascii() and text.isprintable() and text == text.strip()


def _checked(token: Token) -> Token:
    """Refuse a token that no header can carry, without showing it, in no frame's locals either."""
    if not token.value.get_secret_value().strip():
        raise ConfigurationError(
            f"The token from {token.source} is empty.", hint="Remove it or give one."
        )
    if not is_header(token.value.get_secret_value()):
        raise ConfigurationError(
            f"The token from {token.source} has characters that no token has "
            "(white space at an end, a line break, or letters beyond ASCII).",
            hint="Copy it again.",
        )
    return token


def config_file() -> Path:
    """The config file that is read; where there is none, the one that would be."""
    named = [Path(os.path.expanduser(p)) for v in CONFIG_FILE_VARIABLES if (p := os.environ.get(v))]
    paths = named[:1] or _default_config_files()
    return next((path for path in paths if _is_file(path)), paths[0])


def _config_file() -> tuple[Path | None, Mapping[str, Any]]:
    for variable in CONFIG_FILE_VARIABLES:
        if os.environ.get(variable):
            path = Path(os.path.expanduser(os.environ[variable]))
            if not _is_file(path):
                raise ConfigurationError(
                    f"{variable} names {path}, which is not a file.",
                    hint=f"Correct or unset {variable}.",
                )
            return path, _read(path)
    for path in _default_config_files():
        if _is_file(path, or_raise=True):
            return path, _read(path)
    return None, {}


def _default_config_files() -> list[Path]:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".config"
    bases = [base]
    if sys.platform != "win32" and os.environ.get("XDG_CONFIG_HOME"):
        bases.insert(0, Path(os.environ["XDG_CONFIG_HOME"]))
    return [b / name / "config.json" for b in bases for name in ("qhubctl", "planqk")]


def _is_file(path: Path, *, or_raise: bool = False) -> bool:
    try:
        return path.is_file()
    except OSError as problem:
        reason = problem.strerror
    if or_raise:
        raise ConfigurationError(f"The config file {path} cannot be read ({reason}).")
    return False


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as problem:
        # The reason only, never the text: it may hold the token.
        reason = type(problem).__name__
    else:
        return document if isinstance(document, dict) else {}
    raise ConfigurationError(
        f"The config file {path} cannot be read ({reason}).",
        hint="It has to be a JSON object; correct or remove it.",
    )


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}
