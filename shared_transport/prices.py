"""Prices that the user gives: the Hub's API tells none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import TypeAlias

from .errors import ValidationError, did_you_mean

__all__ = ["Price", "Prices", "price_of"]


@dataclass(frozen=True)
class Price:
    """What a backend takes, in the money that you count in.

    Attributes:
        per_task: For each job.
        per_shot: For each shot.
        per_second: For each second of execution.

    Raises:
        ValidationError: A number is negative or not finite.
    """

    per_task: float = 0.0
    per_shot: float = 0.0
    per_second: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and value >= 0):
                raise ValidationError(f"{field.name}={value!r} is no price: give a number from 0.")

    def of(self, *, tasks: int, shots: int, seconds: float | None) -> tuple[float | None, str]:
        """The price of a run, and how it is made up.

        Args:
            tasks: Jobs.
            shots: Shots of all of them.
            seconds: Seconds that the gates and measurements of all shots take; None if that is not known.
        """
        if self.per_second and seconds is None:
            return None, "not known: there is a price a second, and no duration of the gates"
        parts = [(self.per_task, f"{tasks:,} x {self.per_task:g} a task", tasks)]
        parts.append((self.per_shot, f"{shots:,} x {self.per_shot:g} a shot", shots))
        text = " + ".join(word for price, word, _ in parts if price)
        total = sum(price * number for price, _, number in parts)
        if self.per_second and seconds is not None:
            total += self.per_second * seconds
            timed = f"{seconds:.3g} s x {self.per_second:g} a second"
            text = f"at least {text} + {timed}" if text else f"at least {timed}"
            text += "; the seconds are those of the gates and measurements alone"
        return total, text or "nothing"


Prices: TypeAlias = Mapping[str, Price | Mapping[str, float]]


def price_of(prices: Prices | None, backend_id: str) -> Price | None:
    """The price of a backend.

    Args:
        prices: By the backend's id, or a pattern such as ``ibm.*``; the first that fits counts. A price is a
            `Price`, or a dictionary of its fields.
        backend_id: The backend.

    Raises:
        ValidationError: One that fits is no price.
    """
    for pattern, price in (prices or {}).items():
        if not fnmatchcase(backend_id, pattern):
            continue
        if isinstance(price, Price):
            return price
        known = [field.name for field in fields(Price)]
        if not isinstance(price, Mapping):
            raise ValidationError(
                f"The price of {pattern} is no dictionary: {price!r}.",
                hint=f"An example: {{{pattern!r}: {{'per_shot': 0.001}}}}",
            )
        for name in price:
            if name not in known:
                raise ValidationError(
                    f"A price has no {name!r}.",
                    hint=did_you_mean(name, known, f"It has {', '.join(known)}."),
                )
        return Price(**price)
    return None
