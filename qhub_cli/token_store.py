"""Where `qhub login` puts a token: the system's keyring where one runs, else the config file, for its owner alone.

Both are read by `shared_transport.credentials`. The config file is the one of the Hub's own command line; what it
holds besides is kept.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shared_transport.credentials import KEYRING_USER, config_file
from shared_transport.errors import ConfigurationError
from shared_transport.extras import require_extra

__all__ = ["forget", "has_plain_token", "keyring_runs", "store_in_file", "store_in_keyring"]

SERVICE = "qhub"


def keyring_runs() -> bool:
    """Whether there is a keyring of this system that can be used now."""
    if find_spec("keyring") is None:
        return False
    import keyring

    # By keyring's own scale: 0 and below is none at all, below 1 is not recommended, such as a plain file.
    return keyring.get_keyring().priority >= 1


def has_plain_token() -> bool:
    """Whether the config file holds a token already, of the Hub's own command line for example."""
    return bool(_section(_read(config_file()), "auth").get("value"))


def store_in_file(token: str, organization: str | None) -> str:
    """Put a token into the config file.

    Args:
        token: The token.
        organization: The organization's id, to be stored too; None to leave that as it is.

    Returns:
        Where it is, in words.

    Raises:
        ConfigurationError: The file that is there is not one of this form.
        OSError: It cannot be written.
    """
    path = config_file()
    _change(path, {"type": "API_KEY", "value": token}, organization)
    return f"the config file {path}"


def store_in_keyring(token: str, organization: str | None) -> str:
    """Put a token into the system's keyring, and a note of that into the config file. As `store_in_file`.

    Raises:
        MissingExtraError: The package that speaks with keyrings is not installed.
        ConfigurationError: There is no keyring, or it does not take the token.
    """
    require_extra("The system's keyring", "keyring", "keyring")
    import keyring.errors

    try:
        keyring.set_password(SERVICE, KEYRING_USER, token)
        reason = None
    except keyring.errors.KeyringError as problem:
        reason = str(problem) or type(problem).__name__
    if reason is not None:
        raise ConfigurationError(
            f"The system's keyring does not take the token: {reason}.",
            hint="Start or unlock it, or store the token in the config file: qhub login --file.",
        )
    _change(config_file(), {"type": "API_KEY", "keyring": SERVICE}, organization)
    return f"the system's keyring (entry {SERVICE!r}; {config_file()} says so)"


def forget() -> str | None:
    """Remove the token from wherever the config file says that it is.

    Returns:
        Where it was, in words; None if there was none.

    Raises:
        ConfigurationError: The keyring does not let it go.
        OSError: The file cannot be written.
    """
    path = config_file()
    auth = _section(_read(path), "auth")
    service = auth.get("keyring")
    if not service and not auth.get("value"):
        return None
    if service:
        _forget_in_keyring(str(service))
    _change(path, {}, None)
    return f"the system's keyring (entry {service!r})" if service else f"the config file {path}"


def _forget_in_keyring(service: str) -> None:
    require_extra("The system's keyring", "keyring", "keyring")
    import keyring.errors

    try:
        # One that is gone already is as good.
        with suppress(keyring.errors.PasswordDeleteError):
            keyring.delete_password(service, KEYRING_USER)
        return
    except keyring.errors.KeyringError as problem:
        reason = str(problem) or type(problem).__name__
    raise ConfigurationError(
        f"The system's keyring does not let the token go: {reason}.", hint="Start or unlock it."
    )


def _change(path: Path, auth: Mapping[str, str], organization: str | None) -> None:
    """Write the file anew: whole or not at all, and readable by its owner alone."""
    path = path.resolve()  # a link stays a link
    document = {**_read(path), "auth": dict(auth)}
    if not auth:
        del document["auth"]
    if organization is not None:
        document["context"] = {"id": organization, "isOrganization": True}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as problem:
        reason = type(problem).__name__  # never its text: it may hold the token
    else:
        if isinstance(document, dict):
            return document
        reason = "it is no JSON object"
    raise ConfigurationError(
        f"The config file {path} cannot be read ({reason}).", hint="Correct or remove it."
    )


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}
