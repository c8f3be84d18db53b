"""AWS analog: the atoms of a program, and what its fields do over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from local_hub.engines.base import Task
from local_hub.engines.pictures.base import Drawing, preparing

_MOST_ATOMS = 256
_MOST_POINTS = 12
_MICRO = 1e6


def draw(task: Task) -> Iterator[Drawing]:
    """Write the program down."""
    program = task.input["ahs_program"]
    register = program["setup"]["ahs_register"]
    yield Drawing("Atoms", "\n".join(_atoms(register["sites"], register["filling"])))
    hamiltonian = program["hamiltonian"]
    lines: list[str] = []
    for driving in hamiltonian["drivingFields"]:
        lines += _field("amplitude", "rad/s", driving["amplitude"])
        lines += _field("detuning", "rad/s", driving["detuning"])
        lines += _field("phase", "rad", driving["phase"])
    for local in hamiltonian.get("localDetuning") or ():
        lines += _field("local detuning", "rad/s", local["magnitude"])
    yield Drawing("Fields", "\n".join(lines))


def _atoms(sites: Sequence[Sequence[float]], filling: Sequence[int]) -> Iterator[str]:
    yield f"{len(sites)} sites, {sum(filling)} of them with an atom"
    yield ""
    yield "  site      x (µm)      y (µm)"
    for number, (site, filled) in enumerate(zip(sites[:_MOST_ATOMS], filling, strict=False)):
        x, y = (_MICRO * float(part) for part in site)
        yield f"{number:>6}  {x:>10.3f}  {y:>10.3f}  {'●' if filled else '○ empty'}"
    if len(sites) > _MOST_ATOMS:
        yield f"… and {len(sites) - _MOST_ATOMS} more"


def _field(name: str, unit: str, field: dict[str, Any]) -> Iterator[str]:
    series = field["time_series"]
    times, values = [float(time) for time in series["times"]], [float(v) for v in series["values"]]
    pattern = field["pattern"]
    where = pattern if isinstance(pattern, str) else f"a pattern over {len(pattern)} sites"
    yield f"{name} ({unit}), {where}: {min(values):.6g} to {max(values):.6g} in {_MICRO * times[-1]:.6g} µs"
    for time, value in list(zip(times, values, strict=False))[:_MOST_POINTS]:
        yield f"{_MICRO * time:>12.4f} µs  {value:>14.6g}"
    if len(times) > _MOST_POINTS:
        yield f"    … and {len(times) - _MOST_POINTS} more points"
    yield ""


prepare = preparing(draw)
