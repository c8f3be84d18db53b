"""The commands on who asks: storing a token, removing it, and saying which one is used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Call, command

if TYPE_CHECKING:
    from pydantic import SecretStr
    from rich.console import Console, RenderableType

    from shared_transport.settings import Settings

__all__ = ["login", "logout", "whoami"]


@command
def login(
    call: Call,
    in_file: Annotated[
        bool | None,
        typer.Option(
            "--file/--keyring",
            help="In the config file, or in the system's keyring. Without either: in the keyring, "
            "where one runs and the file holds no token yet.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Ask the Hub whether it takes the token.")
    ] = True,
) -> None:
    """Store a token for this user: asked for without echo, or read from standard input.

    --organization stores that too.
    """
    from shared_transport.credentials import TOKEN_VARIABLES, config_file
    from shared_transport.settings import Settings

    from .output import View, clean
    from .token_store import has_plain_token, keyring_runs, store_in_file, store_in_keyring

    if call.token_file is not None:
        raise typer.BadParameter("give the token on standard input: qhub login < FILE.")
    token = _ask()
    if check:
        # A config file that is named and not there yet is written below; it is not read before.
        organization = call.organization if config_file().is_file() else call.organization or ""
        _require_acceptance(
            Settings.resolve(base_url=call.base_url, token=token, organization=organization)
        )
    if in_file is None:
        in_file = has_plain_token() or not keyring_runs()
    store = store_in_file if in_file else store_in_keyring
    where = store(token.get_secret_value(), call.organization)
    notes = [
        f"The variable {name} is set: it goes before what is stored."
        for name in TOKEN_VARIABLES
        if os.environ.get(name)
    ]

    def picture(out: Console) -> Iterator[RenderableType]:
        yield clean(f"Stored in {where}.")

    call.show(View({"stored": where, "checked": check}, picture, notes))


def _ask() -> SecretStr:
    """The token from the person at the terminal, without echo; else from standard input.

    Raises:
        ConfigurationError: There is none, or it has characters that no token has.
    """
    from getpass import getpass

    from pydantic import SecretStr

    from shared_transport.credentials import find_token
    from shared_transport.errors import ConfigurationError

    if sys.stdin.isatty():
        try:
            text = getpass("Token (it is not shown): ")
        except EOFError:
            text = ""
    else:
        text = sys.stdin.read()
    found = find_token(SecretStr(text.strip())) if text.strip() else None
    if found is None:
        raise ConfigurationError(
            "No token was given.", hint="Enter it, or give it on standard input: qhub login < FILE."
        )
    return found.value


@command
def logout(call: Call) -> None:
    """Remove the token that is stored, from the keyring or the config file."""
    from .output import View, clean
    from .token_store import forget

    where = forget()

    def picture(out: Console) -> Iterator[RenderableType]:
        yield clean(f"Removed from {where}." if where else "There was none.")

    call.show(View({"removed": where}, picture))


@command
def whoami(call: Call) -> None:
    """Say which Hub is meant, whose token is used, and whether the Hub takes it."""
    from shared_transport.errors import AuthenticationError, HubError, PermissionDeniedError

    from .output import View, facts_table

    settings = call.settings()
    trouble: HubError | None = None
    accepted: bool | None = True
    try:
        _require_acceptance(settings)
    except HubError as problem:
        trouble = problem
        # Another error says nothing about the token.
        refused = isinstance(problem, (AuthenticationError, PermissionDeniedError))
        accepted = False if refused else None
    source = settings.token_source if settings.token is not None else None
    if settings.login is not None:
        source = f"a login at {settings.token_url}"
    document = {
        "hub": settings.base_url,
        "credentials": source,
        "user": settings.username,
        "organization": settings.organization,
        "accepted": accepted,
    }

    def picture(out: Console) -> Iterator[RenderableType]:
        yield facts_table(
            [
                ("Hub", settings.base_url),
                ("Credentials", source or "none"),
                ("User", settings.username),
                ("Organization", settings.organization),
                ("Accepted", {True: "yes", False: "no", None: "not known"}[accepted]),
            ]
        )

    call.show(View(document, picture))
    if trouble is not None:
        raise trouble


def _require_acceptance(settings: Settings) -> None:
    """Ask the Hub for something that it gives to nobody without credentials.

    Raises:
        HubError: What it says instead.
    """
    from shared_transport.client import HubClient

    with HubClient(settings) as client:
        client.jobs.page(0, 1)
