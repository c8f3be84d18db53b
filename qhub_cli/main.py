"""The command ``qhub``: which commands there are. What they do loads what it needs when it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import backends, calibration, explain, job, jobs, login, run_command, sessions
from .failures import INTERRUPTED, NOBODY_READS, orderly, stop_writing
from .options import Call, command

__all__ = ["app"]

_EXIT_CODES = (
    "Exit codes: 0 done; 1 a wrong answer in the demo, a file that cannot be written, the unexpected; 2 usage; "
    "3 the Hub takes no such token; 4 not found; 5 no permission; 6 refused as invalid; 7 a setting; "
    "8 an extra is not installed; 9 too many requests; 10 the Hub failed; 11 no answer; 12 nobody knows whether "
    "the job was submitted; 13 waited too long; 14 the job failed; 15 the job was cancelled; 16 no result yet; "
    "130 Ctrl-C; 141 the pipe was closed."
)


class _App(typer.Typer):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and write what is left: where nobody reads it, quietly."""
        try:
            try:
                return super().__call__(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            stop_writing()
            sys.exit(NOBODY_READS)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


app = _App(
    help="Quantum circuits on the backends of the Hub, or on a Hub on this machine.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from .versions import version_text

        typer.echo(version_text())
        raise typer.Exit


@app.callback()
def _qhub(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show versions, and which extras are installed.",
        ),
    ] = False,
) -> None:
    pass


@command
def demo(
    call: Call,
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with circuits and answers.json.", show_default=False),
    ] = None,
    # With fewer than 100, chance alone may be nearly as far off as a wrong answer.
    shots: Annotated[int, typer.Option(help="How often each circuit is executed.", min=100)] = 4000,
) -> None:
    """Run known circuits through both SDKs on a Hub on this machine, and check the answers."""
    from .demo import run_demo
    from .tables import show_demo

    call.refuse_beside_local()
    if not show_demo(run_demo(folder, shots=shots), shots=shots, as_json=call.as_json):
        raise typer.Exit(1)


def local(context: typer.Context) -> None:
    """Run a Hub on this machine until Ctrl-C. Its options: qhub local --help."""
    with orderly(debug=False):
        from shared_transport.embedded import require_local_hub

        require_local_hub()
    arguments = [sys.executable, "-m", "local_hub", "--by-qhub", *context.args]
    if os.name == "posix":
        os.execv(sys.executable, arguments)
    raise typer.Exit(subprocess.call(arguments))


_PANELS = {
    "Jobs": (run_command.run, jobs.jobs, job.job, job.result, job.cancel),
    "Backends": (
        backends.backends,
        backends.backend,
        calibration.calibration,
        explain.explain,
    ),
    "Sessions": (sessions.sessions, sessions.session, sessions.workloads),
    "You": (login.login, login.logout, login.whoami),
    "This machine": (demo,),
}
for _panel, _functions in _PANELS.items():
    for _function in _functions:
        app.command(rich_help_panel=_panel)(_function)
app.command(
    rich_help_panel="This machine",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    },
)(local)
