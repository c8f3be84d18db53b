"""AWS gate model: one OpenQASM 3 program, or a list of them (a program set, API 3.3)."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from local_hub.inputs.base import Number, Strict


class Input(Strict):
    """`input` of AWS gate model backends."""

    qasm: StrictStr | Annotated[list[StrictStr], Field(min_length=1)]


class Params(Strict):
    """`input_params` of AWS gate model backends."""

    disable_qubit_rewiring: StrictBool | None = None
    qubit_count: Annotated[Number, Field(ge=1)] | None = None

    def declared_qubits(self) -> tuple[str, int] | None:
        """As `qubit_count` says."""
        if self.qubit_count is None:
            return None
        return "input_params.qubit_count", math.ceil(self.qubit_count)
