"""AWS analog: one program of an analog Hamiltonian simulation. Numbers may be texts, as Braket's own IR prints them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from local_hub.inputs.base import Strict

_MOST_SITES = 10_000
_LONGEST_SERIES = 100_000


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("should be a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError("should be a number") from None
    if not math.isfinite(number):
        raise ValueError("should be a finite number")
    return number


_Number = Annotated[float, BeforeValidator(_number)]


class _Part(BaseModel):
    """A part of the program. Braket's headers beside it are passed over."""

    model_config = ConfigDict(extra="ignore")


class _Register(_Part):
    sites: Annotated[
        list[Annotated[list[_Number], Field(min_length=2, max_length=2)]],
        Field(min_length=1, max_length=_MOST_SITES),
    ]
    filling: Annotated[list[Annotated[StrictInt, Field(ge=0, le=1)]], Field(max_length=_MOST_SITES)]


class _Setup(_Part):
    ahs_register: _Register


class _Series(_Part):
    values: Annotated[list[_Number], Field(min_length=1, max_length=_LONGEST_SERIES)]
    times: Annotated[list[_Number], Field(min_length=1, max_length=_LONGEST_SERIES)]


class _Field(_Part):
    time_series: _Series
    pattern: Literal["uniform"] | Annotated[list[_Number], Field(max_length=_MOST_SITES)]


class _Driving(_Part):
    amplitude: _Field
    phase: _Field
    detuning: _Field


class _Local(_Part):
    magnitude: _Field


class _Hamiltonian(_Part):
    drivingFields: list[_Driving]  # noqa: N815 - the API's word
    localDetuning: list[_Local] = Field(default_factory=list)  # noqa: N815 - the API's word


class _Program(_Part):
    setup: _Setup
    hamiltonian: _Hamiltonian


class Input(Strict):
    """`input` of AWS analog backends."""

    ahs_program: _Program

    def declared_qubits(self) -> tuple[str, int] | None:
        """One a site."""
        return "input.ahs_program.setup.ahs_register.sites", len(
            self.ahs_program.setup.ahs_register.sites
        )


class Params(Strict):
    """`input_params` of AWS analog backends: there are none."""
