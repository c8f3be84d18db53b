"""``python -m benchmarks NAME``."""

from __future__ import annotations

import argparse
import sys

from benchmarks import transport


def main() -> int:
    """Measure what is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    transport.add_arguments(commands.add_parser("transport", help=transport.SUMMARY))
    arguments = parser.parse_args()
    return transport.main(arguments)


sys.exit(main())
