"""Where credentials come from: an argument, else the environment, else a config file.

The places are those that users of the Hub have today: the variables of its services and of its command
line, under their present and their former names.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from .errors import ConfigurationError

__all__ = ["BASE_URL_VARIABLE", "Token", "find_organization", "find_token"]

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
CONFIG_FILE_VARIABLES = ("KQH_CONFIG_FILE_PATH", "PLANQK_CONFIG_FILE_PATH")
BASE_URL_VARIABLE = "QHUB_QUANTUM_BASE_URL"


@dataclass(frozen=True)
class Token:
    """A token and the place it came from, for messages that say which one is meant."""

    value: SecretStr
    source: str


def find_token(token: str | SecretStr | None = None) -> Token | None:
    """Find the token.

    Order: the argument; the environment (`TOKEN_VARIABLES`); ``auth.value`` in the config file.

    Raises:
        ConfigurationError: A config file that is named or present cannot be read.
    """
    if token is not None:
        token = token if isinstance(token, SecretStr) else SecretStr(token)
        return _checked(Token(token, "the argument `token`"))
    for name in TOKEN_VARIABLES:
        if os.environ.get(name):
            return _checked(Token(SecretStr(os.environ[name]), f"the variable {name}"))
    found = _token_in_file()
    return _checked(found) if found is not None else None


def _token_in_file() -> Token | None:
    path, document = _config_file()
    value = _section(document, "auth").get("value")
    return (
        Token(SecretStr(value), f"the config file {path}")
        if isinstance(value, str) and value
        else None
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
