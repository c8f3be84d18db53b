"""Whether an optional package is installed: asked before anything of it is imported."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import MissingExtraError

__all__ = ["require_extra"]


def require_extra(feature: str, extra: str, *modules: str) -> None:
    """Make sure that modules are there.

    Args:
        feature: What needs them, as the start of a sentence.
        extra: The extra of ``qhub-plugins`` that brings them.
        modules: Names to be found; of a namespace package, one that only the wanted distribution has.

    Raises:
        MissingExtraError: One is not; the error says how to install it.
    """
    for module in modules:
        try:
            found = find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise MissingExtraError(feature, extra)
