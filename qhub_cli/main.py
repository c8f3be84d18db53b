"""The command ``qhub``: its commands and options, and how errors look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared_transport.errors import HubError

__all__ = ["app"]

app = typer.Typer(
    help="Quantum circuits on the backends of the Hub, or on a Hub on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)


class Sdk(StrEnum):
    """The SDK that a circuit goes through."""

    qiskit = "qiskit"
    braket = "braket"


@app.callback()
def _qhub() -> None:
    """Keep the names of the commands, also while there are few."""


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A file of OpenQASM 2 or 3.", show_default=False)],
    backend: Annotated[str, typer.Option(help="Id of the backend, such as aws.sim.sv1.")],
    shots: Annotated[int, typer.Option(help="How often the circuit is executed.")] = 1000,
    sdk: Annotated[Sdk, typer.Option(help="The SDK that the circuit goes through.")] = Sdk.qiskit,
    local: Annotated[
        bool | None,
        typer.Option(
            "--local/--remote",
            help="A Hub on this machine, or the one that your token is for. "
            "Without either: the latter if there is a token.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run a circuit and show its counts."""
    with _plain_errors():
        from .run import run_file
        from .tables import show_run

        done = run_file(file, backend_id=backend, shots=shots, sdk=sdk.value, local=local)
        show_run(done, as_json=as_json)


@app.command()
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with circuits and answers.json.", show_default=False),
    ] = None,
    shots: Annotated[int, typer.Option(help="How often each circuit is executed.")] = 4000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run known circuits through both SDKs on a Hub on this machine, and check the answers."""
    with _plain_errors():
        from .demo import run_demo
        from .tables import show_demo

        rows = run_demo(folder, shots=shots)
        if not show_demo(rows, as_json=as_json):
            raise typer.Exit(1)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def local(context: typer.Context) -> None:
    """Run a Hub on this machine until Ctrl-C. Its options: qhub local --help."""
    with _plain_errors():
        from shared_transport.embedded import require_local_hub

        require_local_hub()
    command = [sys.executable, "-m", "local_hub", *context.args]
    if os.name == "posix":
        os.execv(sys.executable, command)
    raise typer.Exit(subprocess.call(command))


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Show an error of ours as its text, not as a traceback."""
    try:
        yield
    except HubError as problem:
        message = f"{problem}"
    else:
        return
    typer.secho(f"Error: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
