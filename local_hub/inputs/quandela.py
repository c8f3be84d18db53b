"""Quandela: what Perceval puts into a job, in its older form (`circuit`) and in that since 0.13 (`experiment`).

Texts that begin with `:PCVL:` are Perceval objects: workers read them. Source: perceval-quandela 1.3
(`payload_generator`, `payload_updater`, `parameter_iterator`, `sampler`) and the API's description.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, StrictInt, StrictStr, field_validator, model_validator

from local_hub.inputs.base import Number, Strict

# Far above what any platform takes, and far below what numpy can draw.
_LARGEST_NUMBER = 10**15
_MOST_ITERATIONS = 10_000

_Count = Annotated[StrictInt, Field(ge=0, le=_LARGEST_NUMBER)]
_Positive = Annotated[StrictInt, Field(ge=1, le=_LARGEST_NUMBER)]
_Seed = Annotated[StrictInt, Field(ge=-(2**63), lt=2**63)]


class Iteration(Strict):
    """What one computation of a job has of its own."""

    circuit_params: dict[str, Number] | None = None
    input_state: StrictStr | None = None
    min_detected_photons: _Count | None = None
    max_samples: _Count | None = None
    max_shots: _Positive | None = None
    noise: StrictStr | None = None
    postselect: StrictStr | None = None
    compilation_seed: _Seed | None = None


class Context(Strict):
    """How the client turns the results into what it was asked for; it comes back with them."""

    result_mapping: list[StrictStr] | None = None
    mapping_delta_parameters: dict[str, _Count | None] | None = None


class Input(Strict):
    """`input` of Quandela's backends."""

    command: StrictStr
    experiment: StrictStr | None = None
    circuit: StrictStr | None = None
    input_state: StrictStr | None = None
    noise: StrictStr | None = None
    postselect: StrictStr | None = None
    heralds: dict[str, _Count] | None = None
    parameters: dict[str, Any] | None = None
    max_samples: _Count | None = None
    max_shots: _Positive | None = None
    iterator: Annotated[list[Iteration], Field(max_length=_MOST_ITERATIONS)] | None = None
    job_context: Context | None = None
    # Perceval sends an empty list where the platform is to mitigate nothing.
    mitigations: Annotated[list[Any], Field(max_length=0)] | None = None

    @field_validator("max_samples", mode="before")
    @classmethod
    def _no_samples_asked(cls, value: Any) -> Any:
        # Perceval's RemoteComputer writes 0 for a number that the user did not give.
        return None if value == 0 and value is not False else value

    @model_validator(mode="before")
    @classmethod
    def _no_archive(cls, value: Any) -> Any:
        if isinstance(value, dict) and "computation" in value:
            raise ValueError(
                "holds a `computation`, which only platforms take whose /config lists `commands`: send `experiment`"
            )
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.circuit is None) == (self.experiment is None):
            raise ValueError("needs either `experiment`, or `circuit` and `input_state`")
        older = ("input_state", "postselect", "heralds")
        given = [name for name in older if getattr(self, name) is not None]
        if self.experiment is not None and given:
            raise ValueError(f"has `experiment`, which holds `{given[0]}`: leave the latter out")
        return self


class Params(Strict):
    """`input_params` of Quandela's backends."""

    pcvl_version: StrictStr | None = None
    platform_name: StrictStr | None = None
    process_id: StrictStr | None = None
    job_group_name: StrictStr | None = None
    max_duration: StrictInt | None = None
