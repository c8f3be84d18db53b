"""What an analog device refuses of a program of atoms, said before anything is sent.

The rules are the device's own: the ``paradigm`` of its capabilities document, in metres, seconds and radians a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from shared_transport.errors import ValidationError

__all__ = ["check_program"]

# Numbers are floats of decimals: so far from a multiple of the resolution is still on it.
_TOLERANCE = 1e-3
_SLACK = 1e-9
_DISCRETIZE = "program.discretize(device) rounds a program to what the device takes."


def check_program(program: Mapping[str, Any], paradigm: Any, device: str) -> None:
    """Hold a program against a device.

    Args:
        program: The program, as it is sent.
        paradigm: The device document's ``paradigm``, or None where nobody knows.
        device: The device's id, for messages.

    Raises:
        ValidationError: The device does not run it; the error names the value, and the limit.
    """
    register, hamiltonian = program["setup"]["ahs_register"], program["hamiltonian"]
    fields, shifts = hamiltonian["drivingFields"], hamiltonian.get("localDetuning") or []
    _check_filling(register)
    if len(fields) != 1:
        raise ValidationError(
            f"The program has {len(fields)} driving fields; {device} takes exactly one.",
            hint="Add them up to one DrivingField.",
        )
    if len(shifts) > 1:
        raise ValidationError(
            f"The program has {len(shifts)} local detunings; {device} takes one at most."
        )
    if paradigm is None:
        return
    _check_register(register, paradigm.lattice, device)
    limits = paradigm.rydberg.rydbergGlobal
    parts = {name: fields[0][name] for name in ("amplitude", "phase", "detuning")}
    for name, part in parts.items():
        if part["pattern"] != "uniform":
            raise ValidationError(f"The {name} of the driving field has to be uniform on {device}.")
        _check_series(part["time_series"], f"the {name}", _Limits.driving(name, limits))
    for shift in shifts:
        local = paradigm.rydberg.rydbergLocal
        if local is None:
            raise ValidationError(f"{device} has no local detuning.", hint="Leave it out.")
        parts["local detuning"] = shift["magnitude"]
        _check_local(shift["magnitude"], len(register["sites"]), local, device)
    ends = {name: part["time_series"]["times"][-1] for name, part in parts.items()}
    if len(set(ends.values())) > 1:
        told = ", ".join(f"{name} at {end:g} s" for name, end in ends.items())
        raise ValidationError(
            f"The time series end at different times: {told}.", hint="Let all end together."
        )


class _Limits:
    """The limits of a time series."""

    def __init__(
        self,
        values: Sequence[Any],
        resolution: Any,
        slew: Any,
        times: Any,
        *,
        zero_ends: bool,
        longest: Any = None,
    ) -> None:
        self.low, self.high = map(float, values)
        self.resolution = None if resolution is None else float(resolution)
        self.slew = None if slew is None else float(slew)
        self.step = float(times.timeDeltaMin)
        self.grid = float(times.timeResolution)
        self.longest = None if longest is None else float(longest)
        self.zero_ends = zero_ends

    @classmethod
    def driving(cls, name: str, limits: Any) -> _Limits:
        values, resolution, slew = {
            "amplitude": (
                limits.rabiFrequencyRange,
                limits.rabiFrequencyResolution,
                limits.rabiFrequencySlewRateMax,
            ),
            "phase": (limits.phaseRange, limits.phaseResolution, None),
            "detuning": (
                limits.detuningRange,
                limits.detuningResolution,
                limits.detuningSlewRateMax,
            ),
        }[name]
        zero = name == "amplitude"
        return cls(values, resolution, slew, limits, zero_ends=zero, longest=limits.timeMax)


def _check_filling(register: Mapping[str, Any]) -> None:
    sites, filling = register["sites"], register["filling"]
    if len(sites) != len(filling) or not all(len(site) == 2 for site in sites):
        raise ValidationError(
            f"The register has {len(sites)} sites and {len(filling)} fillings: a site is two coordinates, with "
            "a filling each."
        )
    if not set(filling) <= {0, 1} or not any(filling):
        raise ValidationError(
            "The register has no atom.", hint="Fill one site at least: fillings are 1 and 0."
        )


def _check_register(register: Mapping[str, Any], lattice: Any, device: str) -> None:
    sites, geometry = register["sites"], lattice.geometry
    if len(sites) > geometry.numberSitesMax:
        raise ValidationError(
            f"The register has {len(sites)} sites; {device} has {geometry.numberSitesMax}."
        )
    for axis, name in enumerate(("width", "height")):
        most = float(getattr(lattice.area, name))
        spread = max(site[axis] for site in sites) - min(site[axis] for site in sites)
        if spread > most * (1 + _SLACK):
            raise ValidationError(
                f"The {name} of the register is {spread:g} m; on {device} it is at most {most:g} m."
            )
    for number, site in enumerate(sites):
        for value in site:
            _check_grid(value, float(geometry.positionResolution), f"Site {number}")
    least = float(geometry.spacingRadialMin)
    row = float(geometry.spacingVerticalMin)
    for first, second in _near(sites, max(least, row)):
        distance = math.dist(sites[first], sites[second])
        up = abs(sites[first][1] - sites[second][1])
        if distance < least * (1 - _SLACK):
            raise ValidationError(
                f"Sites {first} and {second} are {distance:g} m apart; on {device} at least {least:g} m."
            )
        if _SLACK * row < up < row * (1 - _SLACK):
            raise ValidationError(
                f"Sites {first} and {second} are in rows {up:g} m apart; on {device} rows are at least {row:g} m "
                "apart, or the same."
            )


def _near(sites: Sequence[Sequence[float]], distance: float) -> Iterator[tuple[int, int]]:
    """Pairs of sites whose rows are closer than this."""
    ordered = sorted(range(len(sites)), key=lambda number: sites[number][1])
    for place, first in enumerate(ordered):
        for second in ordered[place + 1 :]:
            if sites[second][1] - sites[first][1] >= distance:
                break
            yield first, second


def _check_series(series: Mapping[str, Any], what: str, limits: _Limits) -> None:
    times, values = series["times"], series["values"]
    if len(times) != len(values) or len(times) < 2 or times[0] != 0:
        raise ValidationError(
            f"The times of {what} have to begin at 0 and be two at least, a value each."
        )
    if limits.longest is not None and times[-1] > limits.longest * (1 + _SLACK):
        raise ValidationError(f"{what} lasts {times[-1]:g} s; at most {limits.longest:g} s.")
    for time in times:
        _check_grid(time, limits.grid, f"A time of {what}")
    for before, after in pairwise(times):
        if after - before < limits.step * (1 - _TOLERANCE):
            raise ValidationError(
                f"The times {before:g} s and {after:g} s of {what} are too close: at least {limits.step:g} s."
            )
    for value in values:
        if not limits.low <= value <= limits.high:
            raise ValidationError(
                f"A value of {what} is {value:g}; it has to be {limits.low:g} to {limits.high:g}."
            )
        if limits.resolution is not None:
            _check_grid(value, limits.resolution, f"A value of {what}")
    if limits.zero_ends and (values[0] or values[-1]):
        raise ValidationError(f"{what} has to begin and to end with 0.")
    if limits.slew is not None:
        for (t0, v0), (t1, v1) in pairwise(zip(times, values, strict=True)):
            slew = abs(v1 - v0) / (t1 - t0)
            if slew > limits.slew * (1 + _SLACK):
                raise ValidationError(
                    f"Between {t0:g} s and {t1:g} s {what} changes by {slew:g} a second; at most {limits.slew:g}."
                )


def _check_local(magnitude: Mapping[str, Any], sites: int, local: Any, device: str) -> None:
    pattern = magnitude["pattern"]
    if not isinstance(pattern, list) or len(pattern) != sites:
        raise ValidationError(
            f"The pattern of the local detuning needs a number for each of the {sites} sites."
        )
    low, high = map(float, local.siteCoefficientRange)
    for value in pattern:
        if not low <= value <= high:
            raise ValidationError(
                f"The pattern of the local detuning has {value:g}; on {device} it has {low:g} to {high:g}."
            )
    limits = _Limits(local.detuningRange, None, local.detuningSlewRateMax, local, zero_ends=True)
    _check_series(magnitude["time_series"], "the local detuning", limits)


def _check_grid(value: float, resolution: float, what: str) -> None:
    steps = value / resolution
    if abs(steps - round(steps)) > _TOLERANCE:
        raise ValidationError(
            f"{what} is {value!r}; it has to be a multiple of {resolution:g}.", hint=_DISCRETIZE
        )
