"""Whether amazon-braket-sdk is installed. It is asked before anything of it is imported."""

from __future__ import annotations

from importlib.util import find_spec

from shared_transport.errors import MissingExtraError

__all__ = ["require_braket"]


def require_braket(feature: str) -> None:
    """Make sure that amazon-braket-sdk is there.

    Args:
        feature: What needs it, as the start of a sentence.

    Raises:
        MissingExtraError: It is not; the error says how to install it.
    """
    # `braket` alone proves nothing: several distributions share that namespace.
    try:
        found = find_spec("braket.devices") is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise MissingExtraError(feature, "braket")
