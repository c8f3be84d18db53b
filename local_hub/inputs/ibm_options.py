"""The options of IBM's primitives and of its noise learner, as the fields of `input.options`.

Source: SamplerOptions, EstimatorOptions and NoiseLearnerOptions of qiskit_ibm_runtime 0.48 to 0.51, and
`interleave_randomizations`, which IBM's service names in the metadata of its results.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from local_hub.inputs.base import Number, Strict


def _count_or_auto(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value != "auto" and not (whole and value >= 1):
        raise ValueError("should be a whole number of at least 1, or 'auto'")
    return value


def _gain(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value != "auto" and not (number and value >= 0):
        raise ValueError("should be a number of at least 0, or 'auto'")
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Count = Annotated[StrictInt, Field(ge=1)]
_CountOrAuto = Annotated[Any, AfterValidator(_count_or_auto)]
_CountOrNone = Annotated[StrictInt, Field(ge=0)]
_Factors = list[Annotated[Number, Field(ge=1)]]
_Depths = list[Annotated[StrictInt, Field(ge=0)]]
_Strategy = Literal["active", "active-accum", "active-circuit", "all"]
_Extrapolator = Literal[
    "linear",
    "exponential",
    "double_exponential",
    "fallback",
    "polynomial_degree_1",
    "polynomial_degree_2",
    "polynomial_degree_3",
    "polynomial_degree_4",
    "polynomial_degree_5",
    "polynomial_degree_6",
    "polynomial_degree_7",
]


class DynamicalDecoupling(Strict):
    """Pulses in idle times."""

    enable: StrictBool | None = None
    sequence_type: Literal["XX", "XpXm", "XY4"] | None = None
    extra_slack_distribution: Literal["middle", "edges"] | None = None
    scheduling_method: Literal["alap", "asap"] | None = None
    skip_reset_qubits: StrictBool | None = None


class Twirling(Strict):
    """Random Pauli gates around layers and measurements."""

    enable_gates: StrictBool | None = None
    enable_measure: StrictBool | None = None
    num_randomizations: _CountOrAuto | None = None
    shots_per_randomization: _CountOrAuto | None = None
    interleave_randomizations: StrictBool | None = None
    strategy: _Strategy | None = None


class Execution(Strict):
    """How shots follow each other, and what they return. Estimators have no `meas_type`."""

    init_qubits: StrictBool | None = None
    rep_delay: Annotated[Number, Field(ge=0)] | None = None
    meas_type: Literal["classified", "kerneled", "avg_kerneled"] | None = None


class Simulator(Strict):
    """What IBM's local testing mode reads."""

    noise_model: Any = None
    seed_simulator: Annotated[StrictInt, Field(ge=0)] | None = None
    coupling_map: list[list[StrictInt]] | None = None
    basis_gates: list[StrictStr] | None = None


class MeasureNoiseLearning(Strict):
    """How readout errors are learned."""

    num_randomizations: _Count | None = None
    shots_per_randomization: _CountOrAuto | None = None


class LayerNoiseLearning(Strict):
    """How layers' errors are learned."""

    max_layers_to_learn: _CountOrNone | None = None
    shots_per_randomization: _Count | None = None
    num_randomizations: _Count | None = None
    layer_pair_depths: _Depths | None = None


class Zne(Strict):
    """Extrapolation to no noise."""

    amplifier: Literal["gate_folding", "gate_folding_front", "gate_folding_back", "pea"] | None = (
        None
    )
    noise_factors: _Factors | None = None
    extrapolator: Annotated[list[_Extrapolator], BeforeValidator(_listed)] | None = None
    extrapolated_noise_factors: list[Number] | None = None


class Pec(Strict):
    """Cancellation of noise by sampling its inverse."""

    max_overhead: Annotated[Number, Field(gt=0)] | None = None
    noise_gain: Annotated[Any, AfterValidator(_gain)] | None = None


class Resilience(Strict):
    """Mitigation of errors. A model of layers' noise is kept as it came: nothing here reads it."""

    measure_mitigation: StrictBool | None = None
    measure_noise_learning: MeasureNoiseLearning | None = None
    zne_mitigation: StrictBool | None = None
    zne: Zne | None = None
    pec_mitigation: StrictBool | None = None
    pec: Pec | None = None
    layer_noise_learning: LayerNoiseLearning | None = None
    layer_noise_model: list[Any] | dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.zne_mitigation and self.pec_mitigation:
            raise ValueError("takes either `zne_mitigation` or `pec_mitigation`, not both")
        return self


class Options(Strict):
    """All options there are. The engine knows which program takes which."""

    default_shots: _CountOrNone | None = None
    default_precision: Annotated[Number, Field(gt=0)] | None = None
    seed_estimator: Annotated[StrictInt, Field(ge=0)] | None = None
    dynamical_decoupling: DynamicalDecoupling | None = None
    twirling: Twirling | None = None
    execution: Execution | None = None
    resilience: Resilience | None = None
    simulator: Simulator | None = None
    experimental: dict[str, Any] | None = None
    max_layers_to_learn: _CountOrNone | None = None
    shots_per_randomization: _Count | None = None
    num_randomizations: _Count | None = None
    layer_pair_depths: _Depths | None = None
    twirling_strategy: _Strategy | None = None
    support_qiskit: StrictBool | None = None
