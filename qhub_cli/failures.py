"""How the command ends where something goes wrong: a line of text and an exit code, no traceback."""

from __future__ import annotations

import copy
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import typer

from shared_transport import errors
from shared_transport.errors import HubError

__all__ = ["EXIT_CODES", "INTERRUPTED", "NOBODY_READS", "exit_code", "orderly", "report"]

# One for each branch of the tree of errors. 0 is success, 1 whatever has no code of its own, 2 wrong usage.
EXIT_CODES: dict[type[HubError], int] = {
    errors.AuthenticationError: 3,
    errors.NotFoundError: 4,
    errors.PermissionDeniedError: 5,
    errors.ValidationError: 6,
    errors.ConfigurationError: 7,
    errors.MissingExtraError: 8,
    errors.RateLimitError: 9,
    errors.ServerError: 10,
    errors.TransportError: 11,
    errors.SubmissionUncertainError: 12,
    errors.WaitTimeoutError: 13,
    errors.JobFailedError: 14,
    errors.JobCancelledError: 15,
    errors.ResultNotReadyError: 16,
}
# As a shell reports a program that SIGINT or SIGPIPE ended.
INTERRUPTED = 130
NOBODY_READS = 141

# What a hint says of Python, in the command's words.
_REMEDIES: dict[type[HubError], str] = {
    errors.AuthenticationError: "`qhub login` stores one that is complete and has not expired, `qhub whoami` says "
    "which one is used; a Hub on this machine (--local, where a command has it) needs none.",
    errors.PermissionDeniedError: "Check the organization (--organization) and the token's scopes.",
    errors.TransportError: "Check the network and the address (--base-url or QHUB_QUANTUM_BASE_URL).",
}
_OF_PYTHON = "HubProvider"


def exit_code(problem: HubError) -> int:
    """The code of an error: its own class's, else that of the nearest class above it."""
    return next((EXIT_CODES[kind] for kind in type(problem).__mro__ if kind in EXIT_CODES), 1)


@contextmanager
def orderly(*, debug: bool) -> Iterator[None]:
    """Run a command: its errors become a line and an exit code, Ctrl-C and a closed pipe only a code.

    Args:
        debug: Show tracebacks, and what the client logs.
    """
    if debug:
        _log_to_stderr()
    else:
        sys.excepthook = _one_line
        warnings.showwarning = _warn
    try:
        yield
        sys.stdout.flush()
        return
    except BrokenPipeError:
        stop_writing()
        code = NOBODY_READS
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            typer.echo(err=True)  # after the terminal's own ^C
        code = INTERRUPTED
    except HubError as problem:
        if debug:
            traceback.print_exc()
        report(_text(problem))
        code = exit_code(problem)
    except OSError as problem:
        if debug:
            traceback.print_exc()
        where = f"{problem.filename}: " if problem.filename else ""
        report(f"{where}{problem.strerror or problem}.")
        code = 1
    raise typer.Exit(code)


def report(text: str, kind: str = "Error") -> None:
    """Write an error, or a warning, to standard error."""
    from rich.text import (
        Text,
    )  # rich takes time to load: where all goes well, a command may not need it

    from .output import clean, console

    style = "bold red" if kind == "Error" else "yellow"
    line = Text.assemble((f"{kind}:", style), " ", clean(text))
    console(stderr=True).print(line, soft_wrap=True)


def stop_writing() -> None:
    """Let go of a standard output that nobody reads, so that nothing complains about it later."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _text(problem: HubError) -> str:
    """The error's words; where its hint is one for programs, the command's."""
    remedy = next((_REMEDIES[kind] for kind in type(problem).__mro__ if kind in _REMEDIES), None)
    if isinstance(problem, errors.MissingExtraError):
        from .versions import install_line

        remedy = f"Install them: {install_line(problem.extra)}"
    elif remedy is None or _OF_PYTHON not in (problem.hint or ""):
        return f"{problem}"
    shown = copy.copy(problem)
    shown.hint = remedy
    return f"{shown}"


def _one_line(
    kind: type[BaseException], problem: BaseException, trace: TracebackType | None
) -> None:
    """What the interpreter shows of an error that nobody expected."""
    report(f"{kind.__name__}: {problem} (not expected: --debug shows where)")


def _warn(message: Warning | str, *place: object, **more: object) -> None:
    """Show a warning without the line of code that it came from."""
    report(f"{message}", "Warning")


def _log_to_stderr() -> None:
    import logging

    # Not below INFO: httpcore logs headers at DEBUG, and the token is in one.
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
