"""AWS gate model: one OpenQASM 3 program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from local_hub.inputs.base import Number, QasmInput, Strict

Input = QasmInput


class Params(Strict):
    """`input_params` of AWS gate model backends."""

    disable_qubit_rewiring: StrictBool | None = None
    qubit_count: Annotated[Number, Field(ge=1)] | None = None
