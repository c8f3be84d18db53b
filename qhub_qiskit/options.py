"""Options of `run`: typed, closed against unknown names, and still a mapping as Qiskit's own are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from pydantic import ValidationError as PydanticError

from shared_transport.errors import ValidationError, did_you_mean

__all__ = ["RunOptions"]


class RunOptions(BaseModel):
    """The options that every backend has. A system's room adds its own parameters under the API's names.

    Attributes:
        shots: How often each circuit is executed.
        memory: Whether the result has the outcome of each shot.
        seed_simulator: Only None: the Hub's jobs carry no seed. Where a backend returns probabilities, and
            the counts are drawn here, a room allows a number.
        meas_level: Only 2, classified outcomes.
    """

    draws_counts: ClassVar[bool] = False

    model_config = ConfigDict(extra="forbid", defer_build=True)

    shots: int = 1024
    memory: bool = False
    seed_simulator: int | None = Field(default=None, ge=0)
    meas_level: int = 2

    def update_options(self, **values: Any) -> None:
        """Set options, all or none.

        Raises:
            ValidationError: An option that this backend does not have, or a value that it cannot take.
        """
        for name, value in self.changed(**values).items():
            super().__setattr__(name, value)

    def changed(self, **values: Any) -> RunOptions:
        """A copy with some options set.

        Raises:
            ValidationError: As `update_options`.
        """
        fields = type(self).model_fields
        for name, value in values.items():
            if name not in fields:
                raise ValidationError(
                    f"There is no option {name!r}.",
                    hint=did_you_mean(name, fields, f"There are: {', '.join(fields)}."),
                )
            if name == "seed_simulator" and value is not None and not self.draws_counts:
                raise ValidationError(
                    "seed_simulator cannot be honoured: the Hub's jobs carry no seed.",
                    hint="Leave it out; HubProvider.local(seed=...) makes a local Hub reproducible.",
                )
            if name == "meas_level" and value != 2:
                raise ValidationError(
                    f"meas_level={value!r} cannot be honoured: the Hub returns classified outcomes.",
                    hint="Leave it out, or give 2.",
                )
        values = {name: _plain(value) for name, value in values.items()}
        try:
            return type(self).model_validate({**dict(self.items()), **values}, strict=True)
        except PydanticError as problem:
            first = problem.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise ValidationError(
            f"The option {name}={first['input']!r} is not possible: {first['msg']}."
        )

    def __setattr__(self, name: str, value: Any) -> None:
        self.update_options(**{name: value})

    # A mapping, as qiskit.providers.Options is one.
    def keys(self) -> Iterator[str]:
        """Names of the options."""
        return iter(type(self).model_fields)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Names and values."""
        return ((name, getattr(self, name)) for name in type(self).model_fields)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an option, or a default for a name that there is not."""
        return getattr(self, name) if name in self else default

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update_options(**{name: value})

    def __contains__(self, name: object) -> bool:
        return name in type(self).model_fields

    def __len__(self) -> int:
        return len(type(self).model_fields)


def _plain(value: Any) -> Any:
    """Numpy's integers and truth values as Python's."""
    return value.item() if isinstance(value, (np.integer, np.bool_)) else value


Mapping.register(RunOptions)
