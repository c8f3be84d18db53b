"""IBM: PUBs of SamplerV2 or EstimatorV2, or circuits of NoiseLearner, as IBM's `RuntimeEncoder` writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StrictStr,
    WrapValidator,
    model_validator,
)

from local_hub.inputs.base import Number, Strict
from local_hub.inputs.ibm_options import Options

_MOST_PUBS = 10_000


def _as_it_came(value: Any, check: Callable[[Any], Any]) -> Any:
    """Check options, and keep what was sent: null is an answer of its own to some of them."""
    check(value)
    return value


class Input(Strict):
    """`input` of IBM's backends. Circuits and arrays are read by workers."""

    pubs: Annotated[list[Any], Field(min_length=1, max_length=_MOST_PUBS)] | None = None
    circuits: Annotated[list[Any], Field(min_length=1, max_length=_MOST_PUBS)] | None = None
    options: Annotated[Options, WrapValidator(_as_it_came), PlainSerializer(dict)] | None = None
    shots: Annotated[StrictInt, Field(ge=1)] | None = None
    precision: Annotated[Number, Field(gt=0)] | None = None
    resilience_level: Literal[0, 1, 2] | None = None
    support_qiskit: StrictBool | None = None
    version: Literal[2] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.pubs is None) == (self.circuits is None):
            raise ValueError(
                "needs either `input.pubs` (sampler, estimator) or `input.circuits` (noise-learner)"
            )
        return self


class Params(Strict):
    """`input_params` of IBM's backends. Beside the API's fields it takes those that IBM's client sends."""

    program_id: Literal["sampler", "estimator", "noise-learner"]
    max_execution_time: Annotated[StrictInt, Field(ge=1)] | None = None
    log_level: Literal["critical", "error", "warning", "info", "debug"] | None = None
    backend_name: StrictStr | None = None
    image: StrictStr | None = None
    job_tags: list[StrictStr] | None = None
    start_session: StrictBool | None = None
    session_time: StrictInt | None = None
    version: StrictInt | None = None
    private: StrictBool | None = None
