"""What the systems' models have in common."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr


class Strict(BaseModel):
    """An object whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    def declared_qubits(self) -> tuple[str, int] | None:
        """The field that says how many qubits a job needs, and their number; None where only a circuit says it."""
        return None


class QasmInput(Strict):
    """The input of a system that takes one OpenQASM program."""

    qasm: StrictStr


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("should be a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("should be a finite number")
    return value


Number = Annotated[float, BeforeValidator(_number)]
"""A JSON number: no text and no boolean that looks like one, and none of those that JSON does not know."""
