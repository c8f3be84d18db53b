"""What the systems' models have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr


class Strict(BaseModel):
    """An object whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class QasmInput(Strict):
    """The input of a system that takes one OpenQASM program."""

    qasm: StrictStr


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("should be a number")
    return value


Number = Annotated[float, BeforeValidator(_number)]
"""A JSON number; no text and no boolean that looks like one."""
