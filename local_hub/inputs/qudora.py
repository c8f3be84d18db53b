"""QUDORA's simulator: one OpenQASM program, or a list of them (API 3.3)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr

from local_hub.inputs.base import Number, Strict

Probability = Annotated[Number, Field(ge=0, le=1, allow_inf_nan=False)]


class Input(Strict):
    """`input` of QUDORA's backends."""

    qasm: StrictStr | Annotated[list[StrictStr], Field(min_length=1)]


class BackendSettings(Strict):
    """The simulator's own settings, as far as QUDORA names them in public."""

    measurement_error_probability: Probability | None = None
    two_qubit_gate_noise_strength: Annotated[Number, Field(allow_inf_nan=False)] | None = None


class Params(Strict):
    """`input_params` of QUDORA's backends."""

    language: Literal["OpenQASM2", "OpenQASM3"] | None = None
    backend_settings: BackendSettings | None = None
