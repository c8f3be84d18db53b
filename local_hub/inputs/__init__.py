"""What the server checks of each system's input and parameters: one light module per system, named like its engine.

Such a module has two pydantic models, `Input` and `Params`. It imports no vendor SDK: circuits are read by workers.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from local_hub.inputs.base import Strict


class SystemInput(Protocol):
    """What a module of this package looks like."""

    Input: type[Strict]
    Params: type[Strict]


def load_input(engine: str) -> SystemInput:
    """The models of the system that an engine runs."""
    return cast(SystemInput, importlib.import_module(f"local_hub.inputs.{engine}"))
