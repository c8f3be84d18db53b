"""How the command ends where something goes wrong: a line of text and an exit code, no traceback."""

from __future__ import annotations

import copy
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
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
_NO_TOKEN = (
    "There is no token for the Hub: store one with qhub login, or set KQH_PERSONAL_ACCESS_TOKEN."  # noqa: S105 - words
)
_NEEDS_NONE = "--local needs none (run, explain, backends)."


def exit_code(problem: HubError) -> int:
    """The code of an error: its own class's, else that of the nearest class above it."""
    return next((EXIT_CODES[kind] for kind in type(problem).__mro__ if kind in EXIT_CODES), 1)


@contextmanager
def orderly(*, debug: bool, advice: Callable[[HubError], str] | None = None) -> Iterator[None]:
    """Run a command: its errors become a line and an exit code, Ctrl-C and a closed pipe only a code.

    Args:
        debug: Show tracebacks, and what the client logs.
        advice: What else the command says of an error.
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
        report(_text(problem, "" if advice is None else advice(problem)))
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


def _text(problem: HubError, advice: str) -> str:
    """The error's words; where its hint is one for programs, the command's."""
    shown = copy.copy(problem)
    remedy = next((_REMEDIES[kind] for kind in type(problem).__mro__ if kind in _REMEDIES), None)
    if isinstance(problem, errors.MissingExtraError):
        from .versions import install_line

        shown.hint = f"Install them: {install_line(problem.extra)}"
    elif _is_of_no_token(problem):
        shown.message, shown.hint = _NO_TOKEN, _NEEDS_NONE
    elif remedy is not None and _OF_PYTHON in (problem.hint or ""):
        shown.hint = remedy
    shown.hint = " ".join(filter(None, (shown.hint, advice)))
    return f"{shown}"


def _is_of_no_token(problem: HubError) -> bool:
    """Whether there was no token to send; a token that the Hub does not take is another error."""
    if not isinstance(problem, errors.AuthenticationError):
        return False
    from shared_transport.http import no_token

    return problem.message == no_token("").message


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
