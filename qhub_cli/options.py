"""The options that all commands share: which Hub, as whom, and in which form the answer is wanted."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from .failures import orderly

if TYPE_CHECKING:
    from shared_transport.client import HubClient
    from shared_transport.errors import HubError
    from shared_transport.settings import Settings

    from .output import View

__all__ = ["Call", "Interval", "Local", "LocalOrNot", "Sdk", "SdkOption", "Watch", "command"]

P = ParamSpec("P")

_HUB = "Which Hub"
_FORM = "Answer"


class Sdk(StrEnum):
    """The SDK that a circuit goes through."""

    qiskit = "qiskit"
    braket = "braket"


Local = Annotated[
    bool,
    typer.Option(
        "--local", help="A Hub on this machine, started for this command.", rich_help_panel=_HUB
    ),
]
LocalOrNot = Annotated[
    bool | None,
    typer.Option(
        "--local/--remote",
        help="A Hub on this machine, or the one that your token is for. "
        "Without either: the latter if there is a token or an address.",
        show_default=False,
        rich_help_panel=_HUB,
    ),
]
SdkOption = Annotated[Sdk, typer.Option(help="The SDK that a circuit goes through.")]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch", "-w", help="Look again and again, until Ctrl-C.", rich_help_panel=_FORM
    ),
]
Interval = Annotated[
    float,
    typer.Option(help="Seconds between two looks of --watch.", min=0.2, rich_help_panel=_FORM),
]


@dataclass(frozen=True)
class Call:
    """How a command was called.

    Attributes:
        as_json: Whether the answer is JSON.
        debug: Whether errors show their tracebacks.
        base_url: The Hub's address; None for that of the environment, else the public Hub.
        token_file: A file that holds the token; None for the usual places.
        organization: The organization's id; None for the usual places.
    """

    as_json: bool = False
    debug: bool = False
    base_url: str | None = None
    token_file: Path | None = None
    organization: str | None = None

    def settings(self, *, local: bool = False) -> Settings:
        """Where the Hub is, and who asks.

        Args:
            local: Start a Hub on this machine.

        Raises:
            ConfigurationError: A setting is wrong, or there is no Hub to be started.
        """
        from shared_transport.embedded import embedded_hub
        from shared_transport.settings import Settings

        if local:
            self.refuse_beside_local()
            return embedded_hub()
        token = None if self.token_file is None else _read_token(self.token_file)
        found = Settings.resolve(
            base_url=self.base_url, token=token, organization=self.organization
        )
        if token is None:
            return found
        return replace(found, token_source=f"the file {self.token_file}")

    def settings_or_local(self, local: bool | None) -> Settings | None:
        """Where the Hub is; None where one on this machine is meant, which is not started yet.

        Args:
            local: Whether that was said; None if nothing was: then it is meant where there is neither a token nor
                an address.

        Raises:
            ConfigurationError: A setting is wrong.
        """
        from shared_transport.credentials import BASE_URL_VARIABLE

        if local:
            return None
        settings = self.settings()
        named = self.base_url is not None or bool(os.environ.get(BASE_URL_VARIABLE))
        return settings if settings.authenticated or named or local is False else None

    def advice(self, problem: HubError) -> str:
        """What to do where the public Hub does not answer somebody without a token."""
        from shared_transport.credentials import BASE_URL_VARIABLE
        from shared_transport.errors import TransportError

        named = self.base_url is not None or bool(os.environ.get(BASE_URL_VARIABLE))
        if named or not isinstance(problem, TransportError) or self.settings().authenticated:
            return ""
        return "--local asks a Hub on this machine."

    def client(self, *, local: bool = False) -> HubClient:
        """A client of that Hub. Errors as `settings`."""
        from shared_transport.client import HubClient

        return HubClient(self.settings(local=local))

    def refuse_beside_local(self) -> None:
        """Refuse options that name a Hub where one on this machine is asked for."""
        named = [
            option
            for option, value in (
                ("--base-url", self.base_url),
                ("--token-file", self.token_file),
                ("--organization", self.organization),
            )
            if value is not None
        ]
        if named:
            raise typer.BadParameter(
                f"--local starts a Hub of its own: leave {' and '.join(named)} out."
            )

    def show(self, view: View) -> None:
        """Print an answer in the form that is wanted."""
        from .output import show

        show(view, as_json=self.as_json)

    def show_or_watch(self, look: Callable[[], View], *, watching: bool, interval: float) -> None:
        """Print an answer, once or anew whenever it has changed."""
        from .output import watch

        if watching:
            watch(look, as_json=self.as_json, interval=interval)
        else:
            self.show(look())


def command(function: Callable[Concatenate[Call, P], None]) -> Callable[..., None]:
    """Give a command the shared options, as its first argument, and its errors their exit codes."""
    own = inspect.signature(function, eval_str=True).parameters
    shared = inspect.signature(_shared, eval_str=True).parameters

    @functools.wraps(function)
    def run(*args: Any, **given: Any) -> None:
        call = Call(**{name: given.pop(name) for name in shared})
        # Of a command that has --local (given as None where it decides by itself).
        local = given.get("local") is False

        def advice(problem: HubError) -> str:
            return call.advice(problem) if local else ""

        with orderly(debug=call.debug, advice=advice):
            function(call, *args, **given)

    parameters = [*list(own.values())[1:], *shared.values()]
    vars(run)["__signature__"] = inspect.Signature(parameters)  # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _of_hub(text: str) -> Any:
    """An option that says which Hub."""
    return typer.Option(help=text, show_default=False, rich_help_panel=_HUB)


def _shared(
    *,
    base_url: Annotated[
        str | None,
        _of_hub(
            "Address of the Hub, with its /quantum. Else QHUB_QUANTUM_BASE_URL, else the public Hub."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        _of_hub("File with the token. Else the environment, else what `qhub login` stored."),
    ] = None,
    organization: Annotated[str | None, _of_hub("Id of the organization.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON.", rich_help_panel=_FORM)
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show tracebacks and requests.", rich_help_panel=_FORM),
    ] = False,
) -> None:
    """The shared options, for their signature."""


def _read_token(path: Path) -> str:
    from shared_transport.errors import ConfigurationError

    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        reason = problem.strerror
    except UnicodeDecodeError:
        reason = "it is not text"
    else:
        if text:
            return text
        reason = "it is empty"
    raise ConfigurationError(
        f"The token cannot be read from {path}: {reason}.",
        hint="Give a file that holds the token and nothing else.",
    )
