"""``python -m benchmarks NAME``."""

from __future__ import annotations

import argparse
import sys

from benchmarks import braket_plugin, local_hub, qiskit_plugin, runtime_sessions, transport

_ALL = {
    "transport": transport,
    "local-hub": local_hub,
    "qiskit": qiskit_plugin,
    "runtime": runtime_sessions,
    "braket": braket_plugin,
}


def main() -> int:
    """Measure what is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in _ALL.items():
        command = commands.add_parser(name, help=module.SUMMARY)
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        command.add_argument("--quick", action="store_true", help="fewer repetitions, fewer jobs")
    arguments = parser.parse_args()
    status: int = _ALL[arguments.command].main(arguments)
    return status


sys.exit(main())
