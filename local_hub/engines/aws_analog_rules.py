"""What an analog device takes: the limits of its published capabilities, held against a program."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from local_hub.engines.base import Refused

# Numbers come as floats of decimals: so far from a multiple of the resolution is still on it.
_TOLERANCE = 1e-3
_SLACK = 1e-9
_Series = dict[str, list[float]]


def check(program: dict[str, Any], paradigm: dict[str, Any], device: str) -> None:
    """Hold a program against a device's capabilities.

    Args:
        program: The `ahs_program`, in SI units (m, s, rad/s).
        paradigm: The device document's `paradigm`.
        device: Its id, for messages.

    Raises:
        Refused: the device does not take it; the text says which value, and the limit.
    """
    register = program["setup"]["ahs_register"]
    _check_register(register, paradigm["lattice"], device)
    hamiltonian = program["hamiltonian"]
    rydberg = paradigm["rydberg"]
    if len(hamiltonian["drivingFields"]) != 1:
        number = len(hamiltonian["drivingFields"])
        raise Refused(f"`drivingFields` has {number} entries: {device} takes exactly one.")
    ends = _check_driving(hamiltonian["drivingFields"][0], rydberg["rydbergGlobal"])
    local = hamiltonian.get("localDetuning") or []
    if len(local) > 1:
        raise Refused(f"`localDetuning` has {len(local)} entries: {device} takes at most one.")
    if local:
        sites = len(register["sites"])
        ends["localDetuning.magnitude"] = _check_local(
            local[0]["magnitude"], rydberg["rydbergLocal"], sites
        )
    if len(set(ends.values())) > 1:
        told = ", ".join(f"{name} {end}" for name, end in ends.items())
        raise Refused(f"the time series end at different times (s): {told}.")


def _check_register(register: dict[str, Any], lattice: dict[str, Any], device: str) -> None:
    sites, geometry, area = register["sites"], lattice["geometry"], lattice["area"]
    if len(register["filling"]) != len(sites):
        raise Refused(
            f"`filling` has {len(register['filling'])} entries for {len(sites)} `sites`: one each."
        )
    if len(sites) > geometry["numberSitesMax"]:
        raise Refused(f"{len(sites)} `sites`: {device} has {geometry['numberSitesMax']}.")
    for axis, name in enumerate(("width", "height")):
        spread = max(site[axis] for site in sites) - min(site[axis] for site in sites)
        if spread > area[name] * (1 + _SLACK):
            raise Refused(
                f"the `sites` are {spread} m apart: the {name} is at most {area[name]} m."
            )
    for number, site in enumerate(sites):
        for value in site:
            _on_grid(value, geometry["positionResolution"], f"`sites[{number}]`")
    ordered = sorted(range(len(sites)), key=lambda index: (sites[index][1], sites[index][0]))
    for position, index in enumerate(ordered):
        for other in ordered[position + 1 :]:
            up = sites[other][1] - sites[index][1]
            if up >= geometry["spacingRadialMin"]:
                break
            distance = math.dist(sites[index], sites[other])
            where = f"`sites[{index}]` and `sites[{other}]`"
            if distance < geometry["spacingRadialMin"] * (1 - _SLACK):
                least = geometry["spacingRadialMin"]
                raise Refused(f"{where} are {distance} m apart: at least {least} m.")
            if 0 < up < geometry["spacingVerticalMin"] * (1 - _SLACK):
                least = geometry["spacingVerticalMin"]
                raise Refused(
                    f"{where} are in rows {up} m apart: rows are the same, or at least {least} m apart."
                )


def _check_driving(field: dict[str, Any], limits: dict[str, Any]) -> dict[str, float]:
    kinds = {
        "amplitude": ("rabiFrequencyRange", "rabiFrequencyResolution", "rabiFrequencySlewRateMax"),
        "detuning": ("detuningRange", "detuningResolution", "detuningSlewRateMax"),
        "phase": ("phaseRange", "phaseResolution", None),
    }
    ends = {}
    for name, (bounds, resolution, slew) in kinds.items():
        where = f"drivingFields.{name}"
        if field[name]["pattern"] != "uniform":
            raise Refused(f"`{where}.pattern` has to be 'uniform'.")
        series = field[name]["time_series"]
        _check_times(series, limits, where)
        if series["times"][-1] > limits["timeMax"] * (1 + _SLACK):
            raise Refused(
                f"`{where}` lasts {series['times'][-1]} s: at most {limits['timeMax']} s."
            )
        _check_values(series, limits[bounds], where)
        for value in series["values"]:
            _on_grid(value, limits[resolution], f"`{where}.values`")
        if slew is not None:
            _check_slew(series, limits[slew], where)
        ends[where] = series["times"][-1]
    amplitude = field["amplitude"]["time_series"]["values"]
    if amplitude[0] or amplitude[-1]:
        raise Refused("`drivingFields.amplitude` has to begin and to end with 0.")
    return ends


def _check_local(field: dict[str, Any], limits: dict[str, Any], sites: int) -> float:
    where = "localDetuning.magnitude"
    pattern = field["pattern"]
    if pattern == "uniform" or len(pattern) != sites:
        raise Refused(f"`{where}.pattern` needs a number for each of the {sites} sites.")
    low, high = limits["siteCoefficientRange"]
    for value in pattern:
        if not low <= value <= high:
            raise Refused(f"`{where}.pattern` has {value}: {low} to {high}.")
    series: _Series = field["time_series"]
    _check_times(series, limits, where)
    _check_values(series, limits["detuningRange"], where)
    _check_slew(series, limits["detuningSlewRateMax"], where)
    if series["values"][0] or series["values"][-1]:
        raise Refused(f"`{where}` has to begin and to end with 0.")
    return series["times"][-1]


def _check_times(series: _Series, limits: dict[str, Any], where: str) -> None:
    times, values = series["times"], series["values"]
    if len(times) != len(values) or len(times) < 2:
        raise Refused(
            f"`{where}` has {len(times)} times for {len(values)} values: one each, at least two."
        )
    if times[0] != 0:
        raise Refused(f"`{where}.times` begins at {times[0]} s: it has to be 0.")
    for time in times:
        _on_grid(time, limits["timeResolution"], f"`{where}.times`")
    for before, after in pairwise(times):
        if after - before < limits["timeDeltaMin"] * (1 - _TOLERANCE):
            raise Refused(
                f"`{where}.times` has {before} s and {after} s: at least {limits['timeDeltaMin']} s between them."
            )


def _check_values(series: _Series, bounds: list[float], where: str) -> None:
    low, high = bounds
    for value in series["values"]:
        if not low <= value <= high:
            raise Refused(f"`{where}.values` has {value}: {low} to {high}.")


def _check_slew(series: _Series, most: float, where: str) -> None:
    points = list(zip(series["times"], series["values"], strict=True))
    for (t0, v0), (t1, v1) in pairwise(points):
        slew = abs(v1 - v0) / (t1 - t0)
        if slew > most * (1 + _SLACK):
            raise Refused(
                f"`{where}` changes by {slew:.6g} a second from {t0} s to {t1} s: at most {most:.6g}."
            )


def _on_grid(value: float, resolution: float, where: str) -> None:
    steps = value / resolution
    if abs(steps - round(steps)) > _TOLERANCE:
        raise Refused(f"{where} has {value}: a multiple of {resolution} is needed.")
