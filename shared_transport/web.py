"""httpx, imported without its command line, whose rich and click take longer to import than all the rest of it.

It is what httpx itself does where they are not installed. A process that has imported httpx already keeps what it has.
"""

import sys

__all__ = ["httpx"]

_COMMAND_LINE = "httpx._main"


def _importable() -> bool:
    return "httpx" in sys.modules or _COMMAND_LINE in sys.modules


if _importable():
    import httpx
else:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # "this is not installed", to the import system
    try:
        import httpx
    finally:
        del sys.modules[_COMMAND_LINE]
