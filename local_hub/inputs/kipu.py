"""Kipu's qsim: one OpenQASM 2 program, run in one of three modes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, StrictStr, model_validator

from local_hub.inputs.base import QasmInput, Strict

Input = QasmInput


class Params(Strict):
    """`input_params` of Kipu's qsim."""

    mode: Literal["sample", "statevector", "amplitudes"] | None = None
    max_fused_gate_size: Annotated[StrictInt, Field(ge=1)] | None = None
    cpu_threads: Annotated[StrictInt, Field(ge=0)] | None = None
    bitstrings: list[Annotated[StrictStr, Field(pattern="^[01]+$")]] | None = None

    @model_validator(mode="after")
    def _amplitudes_need_bitstrings(self) -> Self:
        if self.mode == "amplitudes" and not self.bitstrings:
            raise ValueError(
                "is incomplete: `input_params.bitstrings` is missing, and mode amplitudes needs at least one"
            )
        return self
