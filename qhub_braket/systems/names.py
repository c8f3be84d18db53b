"""Names of gates as they compare."""

from __future__ import annotations

__all__ = ["plain"]


def plain(name: str) -> str:
    """A name as it compares: devices write ``phase_flip``, Braket's classes ``PhaseFlip``."""
    return name.lower().replace("_", "")
