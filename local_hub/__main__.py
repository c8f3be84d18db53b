"""The command line: `python -m local_hub`."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from local_hub.faults.spec import SUMMARY, Fault, Seconds, parse_fault, parse_seconds

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765
# Set by the command `qhub local`, which hands its options on: it is what usage and errors are about then.
BY_QHUB = "--by-qhub"


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop.

    Args:
        arguments: The command line; that of the process when None.

    Returns:
        The exit code: 0 after an orderly end, 1 when the Hub could not start.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser("qhub local" if BY_QHUB in arguments else "python -m local_hub").parse_args(
        arguments
    )
    gc.disable()  # a tenth of the time to load all this; `serve` enables it when it is ready
    from local_hub.process import Announcement, serve

    # An embedded Hub keeps its stdout to itself: one line for the parent, and nothing that a library prints.
    announcement = Announcement.to_parent() if options.embedded else Announcement.terminal()
    try:
        serve(options, announcement)
    except (OSError, ValueError) as error:
        announcement.failure(str(error))
        return 1
    return 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="The quantum Hub on this machine.",
        epilog=SUMMARY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    add("--port", type=_port, help=f"port to listen on, 0: a free one (default: {DEFAULT_PORT})")
    add("--token", help="token that clients must send (default: a random one, printed)")
    add("--state", type=Path, metavar="DIR", help="folder of the jobs (default: a temporary one)")
    add(
        "--database",
        metavar="URL",
        help="keep the jobs in PostgreSQL, postgresql://USER@HOST:PORT/NAME; give the password in"
        " PGPASSWORD or ~/.pgpass: a command line can be seen (default: a file in the state folder)",
    )
    add("--workers", type=_positive, metavar="N", help="jobs at a time (default: one a core)")
    add(
        "--executor",
        type=_cluster,
        metavar="URL",
        help="compute on a Ray cluster, ray:HOST:PORT, that this machine is a node of (default: here)",
    )
    add("--seed", type=int, metavar="N", help="make job ids and results repeatable")
    add(
        "--job-time-limit",
        type=_seconds,
        metavar="S",
        help="seconds a job may run, loading its simulator included (default: 900)",
    )
    add(
        "--job-memory-limit",
        type=_megabytes,
        metavar="MB",
        help="memory a job may take, 0: any (default: 3/4 of this machine's)",
    )
    add(
        "--job-seconds",
        type=_seconds,
        metavar="S",
        help="let every job last at least S seconds (default: as long as its simulation)",
    )
    add(
        "--sessions",
        action="append",
        default=[],
        metavar="BACKEND",
        help="give a backend sessions, or `all` of them (default: IBM's have them); may be repeated",
    )
    add(
        "--session-idle-limit",
        type=_seconds,
        metavar="S",
        help="seconds without a job until a session is INACTIVE (default: 60)",
    )
    add(
        "--user",
        action="append",
        default=[],
        type=_user,
        metavar="NAME:PASSWORD",
        help="let somebody log in by OAuth 2; may be repeated",
    )
    add(
        "--token-seconds",
        type=_positive_seconds,
        metavar="N",
        help="seconds until a token of a login ends (default: 300)",
    )
    add("--tls-cert", type=Path, metavar="FILE", help="serve https with this certificate (PEM)")
    add("--tls-key", type=Path, metavar="FILE", help="the certificate's key, without a password")
    add("--ideal", action="store_true", help="simulate quantum computers without their noise")
    add(
        "--latency",
        type=_latency,
        metavar="S",
        help="let every answer come S seconds later, or A-B seconds (default: 0)",
    )
    add(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="SPEC",
        help="let something go wrong on purpose, see below; may be repeated",
    )
    add(
        "--embedded",
        action="store_true",
        help="serve one parent: a free port, one line of JSON on stdout, end when stdin does",
    )
    add(BY_QHUB, action="store_true", help=argparse.SUPPRESS)
    return parser


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _positive(text: str) -> int:
    return _whole(text, 1, 1024)


def _megabytes(text: str) -> int:
    return _whole(text, 0, 2**40)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def _positive_seconds(text: str) -> int:
    return _whole(text, 1, 2**31 - 1)


def _latency(text: str) -> Seconds:
    try:
        return parse_seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _cluster(text: str) -> str:
    """HOST:PORT of a cluster's head. `ray://` is the address of another server, Ray's client server."""
    scheme, _, address = text.partition(":")
    host, _, port = address.rpartition(":")
    if scheme != "ray" or not host or "/" in address or not port.isdigit():
        raise argparse.ArgumentTypeError(
            f"{text} is not ray:HOST:PORT, with the address that `ray start --address` takes"
        )
    _whole(port, 1, 65535)
    return address


def _user(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    if not name or not password:
        raise argparse.ArgumentTypeError("a user is NAME:PASSWORD")
    return name, password


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number between {least} and {most}")
    return value


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while all this is loaded: later a handler ends the server
        sys.exit(130)
