"""IonQ's simulator on Azure: one circuit as JSON, in the gateset `qis` (IonQ API 0.4)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from local_hub.inputs.base import Number, Strict

# The contract writes `pauliExp`; IonQ's clients send `pauliexp`.
GateName = Literal[
    "x",
    "y",
    "z",
    "rx",
    "ry",
    "rz",
    "h",
    "s",
    "si",
    "v",
    "vi",
    "t",
    "ti",
    "not",
    "cnot",
    "swap",
    "xx",
    "yy",
    "zz",
    "pauliExp",
    "pauliexp",
]
Finite = Annotated[Number, Field(allow_inf_nan=False)]


class GateApplication(Strict):
    """A gate and its qubits. IonQ's clients call its name `gate`; the contract calls it `type`."""

    gate: GateName | None = None
    type: GateName | None = None
    targets: Annotated[list[StrictInt], Field(min_length=1)]
    controls: list[StrictInt] | None = None
    rotation: Finite | None = None
    terms: Annotated[list[StrictStr], Field(min_length=1)] | None = None
    coefficients: list[Finite] | None = None
    time: Finite | None = None

    @model_validator(mode="after")
    def _has_one_name(self) -> Self:
        if self.gate is None and self.type is None:
            raise ValueError("names no gate: add `gate`")
        if self.gate is not None and self.type is not None and self.gate != self.type:
            raise ValueError(f"is both a {self.gate} and a {self.type}: leave `type` out")
        return self


class Input(Strict):
    """`input` of IonQ's simulator."""

    circuit: list[GateApplication]
    gateset: Literal["qis"]
    qubits: Annotated[StrictInt, Field(ge=1)]
    registers: dict[str, list[StrictInt]] | None = None

    def declared_qubits(self) -> tuple[str, int] | None:
        """As `qubits` says."""
        return "input.qubits", self.qubits


class Params(Strict):
    """`input_params` of IonQ's simulator: what clients leave there for their own decoder. It changes no result."""

    meas_map: StrictStr | list[StrictInt | None] | None = None
    memory: StrictBool | None = None
    qubits: StrictInt | StrictStr | None = None
