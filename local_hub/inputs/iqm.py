"""IQM: a batch of circuits in IQM's native format, in the API's dialect and in those that IQM's clients send.

The API's: `qubits`, angles in turns (`angle_t`, `phase_t`). IQM's clients since 2025: `locus`, angles in radians
(`angle`, `phase`), `qubit_mapping` as an object, the options in `input_params`, `null` for what is not set.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
    with_config,
)
from typing_extensions import TypedDict

from local_hub.inputs.base import Number, Strict

_LONGEST_NAME = 256
_LARGEST_BATCH = 1_000

_Name = Annotated[StrictStr, Field(max_length=_LONGEST_NAME)]


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("should be a UUID") from None


# Not a model: there may be many thousands, and these cost half as much.
@with_config(ConfigDict(extra="forbid"))
class _Instruction(TypedDict, total=False):
    name: Required[_Name]
    args: dict[str, Any] | None
    implementation: _Name | None
    qubits: list[_Name] | None
    locus: list[_Name] | None
    metadata: dict[str, Any] | None


class _Circuit(Strict):
    name: StrictStr
    instructions: list[_Instruction]
    args: dict[str, Any] | None = None
    implementation: StrictStr | None = None
    qubits: list[_Name] | None = None
    metadata: dict[str, Any] | None = None


class _MappedQubit(Strict):
    logical_name: _Name
    physical_name: _Name


class _Decoupling(Strict):
    # A sequence is a ratio, gates as letters or as pairs of angles, and an alignment; the API's schema says texts only.
    gate_sequences: list[list[StrictStr | Number | list[list[Number]]]] | None = None
    merge_contiguous_waits: StrictBool | None = None
    skip_leading_wait: StrictBool | None = None
    skip_trailing_wait: StrictBool | None = None
    target_qubits: list[_Name] | None = None


class _Options(Strict):
    """What holds for all circuits of a job."""

    shots: Annotated[StrictInt, Field(ge=1)] | None = None
    calibration_set_id: Annotated[StrictStr, AfterValidator(_uuid)] | None = None
    qubit_mapping: list[_MappedQubit] | None = None
    custom_settings: dict[str, Any] | None = None
    dd_mode: Literal["disabled", "enabled"] | None = None
    dd_strategy: _Decoupling | None = None
    heralding_mode: Literal["none", "zeros"] | None = None
    move_gate_frame_tracking_mode: Literal["full", "no_detuning_correction", "none"] | None = None
    move_gate_frame_tracking: Literal["full", "no_detuning_correction", "none"] | None = None
    move_validation_mode: Literal["strict", "allow_prx", "none"] | None = None
    move_gate_validation: Literal["strict", "allow_prx", "none"] | None = None
    max_circuit_duration_over_t2: Annotated[Number, Field(ge=0, allow_inf_nan=False)] | None = None
    active_reset_cycles: Annotated[StrictInt, Field(ge=0)] | None = None

    @field_validator("qubit_mapping", mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return [
            {"logical_name": logical, "physical_name": physical}
            for logical, physical in value.items()
        ]


class Input(_Options):
    """`input` of IQM's quantum computers."""

    circuits: Annotated[list[_Circuit], Field(min_length=1, max_length=_LARGEST_BATCH)]


class Params(_Options):
    """`input_params` of IQM's quantum computers: none by the API's schema; clients send the options here."""
