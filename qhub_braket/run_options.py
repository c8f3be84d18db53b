"""The arguments of `HubDevice.run` and `run_batch`: each one is honoured, or refused by its name."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from shared_transport.errors import ValidationError, did_you_mean
from shared_transport.models import Backend
from shared_transport.tags import checked_tags

from .task import seconds

__all__ = [
    "DEFAULT_SHOTS",
    "aligned",
    "at_least_one",
    "check_options",
    "checked_inputs",
    "limits_of",
    "shots_of",
    "tags_of",
    "whole",
]

DEFAULT_SHOTS = 1000

# Keywords of AwsDevice.run that mean nothing here, and the way out.
REFUSED: Mapping[str, str] = {
    "s3_destination_folder": "Leave it out: the Hub keeps the results, and task.result() fetches them.",
    "gate_definitions": "The Hub takes no pulse calibrations; use the device's own gates.",
    "reservation_arn": "The Hub has no reservations; leave it out.",
    "experimental_capabilities": "The Hub cannot switch them on; leave it out.",
    "device_parameters": "Of these, the Hub takes disable_qubit_rewiring=True as a keyword of run.",
    "logger": "The waiting is logged by the loggers 'shared_transport' and 'qhub_braket' of the module logging.",
}
_OPTIONS = (
    "disable_qubit_rewiring",
    "name",
    "tags",
    "poll_timeout_seconds",
    "poll_interval_seconds",
    "quiet",
)


def check_options(options: Mapping[str, Any], of_the_system: Sequence[str] = ()) -> dict[str, Any]:
    """Check the keywords of a run.

    Args:
        options: What was given.
        of_the_system: Further keywords that the device's system understands.

    Returns:
        Those of the system.

    Raises:
        ValidationError: One is not known, or cannot be honoured, or its value makes no sense.
    """
    known = (*_OPTIONS, *of_the_system)
    for name, value in options.items():
        if name == "name" and not isinstance(value, str | None):
            raise ValidationError(f"name has to be a text, not {value!r}.")
        if name in ("poll_timeout_seconds", "poll_interval_seconds"):
            seconds(name, value)
        if name in REFUSED:
            # Braket's libraries pass the defaults along: None and {}.
            if value is not None and value != {}:
                raise ValidationError(f"run does not honour {name}.", hint=REFUSED[name])
        elif name not in known:
            raise ValidationError(
                f"run has no keyword {name!r}.",
                hint=did_you_mean(name, ("shots", "inputs", *known), f"It has {', '.join(known)}."),
            )
    return {name: options[name] for name in of_the_system if name in options}


def limits_of(backend: Backend) -> tuple[int, int | None]:
    """The least and the most shots of a job; None where nobody says the most."""
    stated = backend.configuration.shots_range
    if stated is None:
        return 1, None
    return (stated.min if stated.min is not None else 1), stated.max


def shots_of(backend: Backend, shots: Any) -> int:
    """The shots of a run.

    Args:
        backend: The backend.
        shots: What was given; None for Braket's own default, as near as the backend's range allows.

    Raises:
        ValidationError: They are no number, or outside of the backend's range.
    """
    lowest, highest = limits_of(backend)
    if shots is None:
        if backend.simulator and lowest == 0:
            return 0
        return max(lowest, min(DEFAULT_SHOTS, highest or DEFAULT_SHOTS))
    number = whole(shots)
    if number is None:
        hint = REFUSED["s3_destination_folder"] if isinstance(shots, tuple) else None
        raise ValidationError(f"shots has to be a whole number, not {shots!r}.", hint=hint)
    if number < lowest or (highest is not None and number > highest):
        upper = f"to {highest}" if highest is not None else "or more"
        raise ValidationError(
            f"{backend.id} does not take shots={number}.", hint=f"It takes {lowest} {upper}."
        )
    return number


def checked_inputs(inputs: Any) -> Mapping[str, Any]:
    """Values of parameters by name.

    Raises:
        ValidationError: It is no such thing.
    """
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping) or not all(isinstance(name, str) for name in inputs):
        raise ValidationError(
            f"inputs has to map parameter names to numbers, not be {inputs!r}.",
            hint="An example: inputs={'theta': 0.3}",
        )
    return inputs


def tags_of(tags: Any) -> tuple[str, ...]:
    """The user's tags as texts.

    Raises:
        ValidationError: They are none.
    """
    if isinstance(tags, Mapping):
        tags = [f"{key}={value}" for key, value in tags.items()]
    return checked_tags(tags)


def at_least_one(name: str, number: Any) -> int | None:
    """A number of things at once, or None, as it was given.

    Raises:
        ValidationError: It is neither.
    """
    given = whole(number)
    if number is not None and (given is None or given < 1):
        raise ValidationError(f"{name} has to be a whole number above 0, not {number!r}.")
    return given


def aligned(programs: Any, shots: Any, inputs: Any) -> list[tuple[Any, Any, Any]]:
    """One (program, shots, inputs) a task; what is given once serves all.

    Raises:
        ValidationError: There are not as many of each.
    """
    nothing = isinstance(inputs, (Mapping, Sequence)) and not inputs  # as Braket has it
    given = {"programs": programs, "shots": shots, "inputs": None if nothing else inputs}
    lists = {name: list(values) for name, values in given.items() if _is_list(values)}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{count} {name}" for name, count in lengths.items())
        raise ValidationError(
            f"run_batch got {said}.", hint="Give as many of each, or one for all."
        )
    count = max(lengths.values(), default=1)
    columns = [lists.get(name, [value] * count) for name, value in given.items()]
    return list(zip(*columns, strict=True))


def whole(number: Any) -> int | None:
    """A whole number of any kind as an int; None for anything else, True and False included."""
    try:
        return None if isinstance(number, bool) else operator.index(number)
    except TypeError:
        return None


def _is_list(values: Any) -> bool:
    """Whether it is one for each program. A string is a program."""
    is_sequence = isinstance(values, Sequence) and not isinstance(values, str)
    return is_sequence or getattr(values, "ndim", None) == 1
