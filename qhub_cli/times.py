"""Times as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

__all__ = ["read_time"]

_AGO = re.compile(r"(\d+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_time(text: str, option: str) -> datetime:
    """A time in ISO 8601, the local one where it has no zone; or how long ago it is: 30m, 2h, 7d.

    Args:
        text: The text.
        option: Where it was given, for the error.

    Raises:
        BadParameter: It is neither.
    """
    ago = _AGO.fullmatch(text.strip().lower())
    try:
        if ago is not None:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        reason = f"{text!r} is neither a time, such as 2026-11-22T10:00, nor an age, such as 2h."
    raise typer.BadParameter(reason, param_hint=option)
