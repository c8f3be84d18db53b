"""Pictures of backends and jobs, by matplotlib.

Qiskit's own `plot_error_map` needs seaborn and the program Graphviz. So the coupling map is laid out here with numpy
by the distances in it: a lattice looks like one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from shared_transport.errors import ValidationError
from shared_transport.extras import require_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from qiskit.transpiler import Target

    from .backend import HubBackend
    from .job import HubJob

__all__ = ["coordinates", "errors_of", "plot_backend", "plot_job"]

Pair: TypeAlias = tuple[int, int]

_STEPS = 100
_UNKNOWN = "#bbbbbb"


def plot_backend(backend: HubBackend, kind: str) -> Figure:
    """Draw a backend. `HubBackend.plot` tells of the arguments.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ValidationError: There is nothing of that kind to draw.
    """
    require_extra("A picture of a backend", "notebook", "matplotlib")
    if kind == "errors":
        return _plot_errors(backend)
    if kind == "coherence":
        return _plot_coherence(backend)
    raise ValidationError(f"kind is 'errors' or 'coherence', not {kind!r}.")


def plot_job(job: HubJob, options: Mapping[str, Any]) -> Figure:
    """Draw the histogram of a job. `HubJob.plot` tells of the arguments.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ValidationError: The result has no counts.
    """
    require_extra("A picture of a job", "notebook", "matplotlib")
    from qiskit.exceptions import QiskitError
    from qiskit.visualization import plot_histogram

    result = job.result()
    try:
        counts = result.get_counts()
    except QiskitError as problem:
        reason = str(problem.message)
    else:
        each = counts if isinstance(counts, list) else [counts]
        reason = "" if all(each) else "no shot of a circuit came back"
    if not reason:
        if isinstance(counts, list):
            names = [one.header["name"] for one in result.results]
            options = {"legend": names, **options}
        figure: Figure = plot_histogram(counts, **options)
        return figure
    raise ValidationError(
        f"The job {job.job_id()} has no histogram: {reason}.",
        hint="job.result() has what came back.",
    )


def errors_of(target: Target) -> tuple[dict[int, float], dict[Pair, float]]:
    """The readout error of each qubit, and of each coupled pair the error of its best gate; nan where not known."""
    readout = {
        qubits[0]: _error(figures) for qubits, figures in _places(target, "measure") if qubits
    }
    pairs: dict[Pair, float] = {}
    for name in target.operation_names:
        for qubits, figures in _places(target, name):
            if len(qubits) == 2:
                pair = (min(qubits), max(qubits))
                pairs[pair] = float(np.fmin(pairs.get(pair, math.nan), _error(figures)))
    return readout, pairs


def coordinates(qubits: Sequence[int], pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Where to draw qubits, by how many steps they are apart.

    Args:
        qubits: The qubits.
        pairs: The coupled ones.

    Returns:
        Of shape (qubits, 2). All-to-all devices are a circle.
    """
    number = len(qubits)
    angles = 2 * np.pi * np.arange(number) / max(1, number)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if len(pairs) >= number * (number - 1) / 2 or number < 3:
        return circle
    steps = _steps_between(qubits, pairs)
    # Classical scaling gives a first drawing, majorization of the stress evens it out (Gansner, Koren and North, 2004).
    centred = np.eye(number) - 1 / number
    values, vectors = np.linalg.eigh(-0.5 * centred @ steps**2 @ centred)
    at = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 1e-9))
    weights = 1 / (steps + np.eye(number)) ** 2
    np.fill_diagonal(weights, 0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    solved = np.linalg.pinv(laplacian)
    for _ in range(_STEPS):
        away = np.linalg.norm(at[:, None] - at[None], axis=2)
        pull = weights * steps / np.maximum(away, 1e-9)
        at = solved @ ((np.diag(pull.sum(axis=1)) - pull) @ at)
    # Wider than high, as screens are: the longest extent lies across.
    turned: NDArray[np.float64] = (at - at.mean(axis=0)) @ np.linalg.svd(at - at.mean(axis=0))[2].T
    return turned


def _steps_between(qubits: Sequence[int], pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Steps from each qubit to each other one; what is not connected lies a little beyond the farthest."""
    place = {qubit: i for i, qubit in enumerate(qubits)}
    number = len(qubits)
    steps = np.full((number, number), np.inf)
    np.fill_diagonal(steps, 0)
    for a, b in pairs:
        steps[place[a], place[b]] = steps[place[b], place[a]] = 1
    for middle in range(number):
        steps = np.minimum(steps, steps[:, [middle]] + steps[[middle]])
    farthest = steps[np.isfinite(steps)].max()
    return np.where(np.isfinite(steps), steps, farthest + 1)


def _plot_errors(backend: HubBackend) -> Figure:
    import matplotlib.pyplot as plt
    from qiskit.visualization.utils import matplotlib_close_if_inline

    readout, pairs = errors_of(backend.target)
    if not pairs:
        raise ValidationError(
            f"{backend.name} has no coupling map and no errors to draw.",
            hint="Any two qubits interact; backend.target has its gates.",
        )
    qubits = list(range(backend.num_qubits))
    at = coordinates(qubits, list(pairs))
    extent = np.ptp(at, axis=0)
    height = float(np.clip(8 * extent[1] / max(extent[0], 1e-9), 2.5, 8)) + 0.8
    figure, axes = plt.subplots(figsize=(10, height), layout="constrained")
    _draw_pairs(figure, axes, at, pairs)
    errors = [readout.get(qubit, math.nan) for qubit in qubits]
    _draw_qubits(figure, axes, at, errors, backend.qubit_labels)
    axes.set_title(_title(backend))
    axes.set_aspect("equal")
    axes.margins(0.06)
    axes.axis("off")
    matplotlib_close_if_inline(figure)
    return figure


def _draw_pairs(
    figure: Figure, axes: Axes, at: NDArray[np.float64], pairs: Mapping[Pair, float]
) -> None:
    from matplotlib.collections import LineCollection

    shown = 100 * np.array(list(pairs.values()))
    thin = 1.0 if len(pairs) > 3 * len(at) else 3.5
    lines = LineCollection(
        [at[list(pair)] for pair in pairs], array=shown, cmap=_colours(), linewidths=thin, zorder=1
    )
    if np.isfinite(shown).any():
        _colour(figure, axes, lines, shown, "error of the best two-qubit gate, %")
    else:
        lines.set(array=None, color=_UNKNOWN)
    axes.add_collection(lines)


def _draw_qubits(
    figure: Figure,
    axes: Axes,
    at: NDArray[np.float64],
    errors: Sequence[float],
    labels: Sequence[str],
) -> None:
    shown = 100 * np.array(errors)
    size = float(np.clip(12000 / len(at), 80, 700))
    dots = axes.scatter(
        at[:, 0],
        at[:, 1],
        c=shown,
        s=size,
        cmap=_colours(),
        plotnonfinite=True,
        edgecolors="white",
        zorder=2,
    )
    if np.isfinite(shown).any():
        _colour(figure, axes, dots, shown, "readout error, %")
    words = {label.rstrip("0123456789") for label in labels}
    common = words.pop() if len(words) == 1 else ""
    fills = dots.to_rgba(shown)
    for label, place, fill in zip(labels, at, fills, strict=True):
        light = fill[:3] @ [0.299, 0.587, 0.114] > 0.5
        axes.annotate(
            label.removeprefix(common) or label,
            place,
            ha="center",
            va="center",
            fontsize=0.45 * math.sqrt(size),
            color="black" if light else "white",
        )


def _colours() -> Colormap:
    """From little to much; told apart by whoever cannot tell red from green."""
    import matplotlib as mpl

    return mpl.colormaps["viridis_r"].with_extremes(bad=_UNKNOWN)


def _colour(figure: Figure, axes: Axes, drawn: Any, shown: NDArray[np.float64], label: str) -> None:
    """Colours from the least to the 95th percentile: a single broken pair shall not make all others alike."""
    known = shown[np.isfinite(shown)]
    top = float(np.percentile(known, 95))
    drawn.set_clim(float(known.min()) if top > known.min() else 0.0, top)
    more = "max" if known.max() > top else "neither"
    figure.colorbar(drawn, ax=axes, label=label, shrink=0.7, pad=0.01, extend=more)


def _plot_coherence(backend: HubBackend) -> Figure:
    import matplotlib.pyplot as plt
    from qiskit.visualization.utils import matplotlib_close_if_inline

    properties = backend.target.qubit_properties or []
    microseconds = {
        name: 1e6 * np.array([getattr(one, name, None) or math.nan for one in properties])
        for name in ("t1", "t2")
    }
    if not any(np.isfinite(times).any() for times in microseconds.values()):
        raise ValidationError(
            f"{backend.name} has no T1 and no T2 to draw.", hint="Its calibration tells none."
        )
    figure, axes = plt.subplots(figsize=(10, 4), layout="constrained")
    qubits = np.arange(len(properties))
    for (name, times), marker, colour in zip(
        microseconds.items(), "os", ("#1f6fb4", "#d9730d"), strict=True
    ):
        if np.isfinite(times).any():
            middle = float(np.nanmedian(times))
            label = f"{name.upper()}, median {middle:.4g} us"
            axes.plot(qubits, times, marker, markersize=4, color=colour, label=label)
            axes.axhline(middle, color=colour, linewidth=0.8, linestyle="--")
    if len(qubits) <= 40:
        axes.set_xticks(qubits, backend.qubit_labels, rotation=90, fontsize=8)
    axes.set(xlabel="qubit", ylabel="us", title=_title(backend), ylim=(0, None))
    axes.legend()
    matplotlib_close_if_inline(figure)
    return figure


def _title(backend: HubBackend) -> str:
    when = backend._calibrated_at
    return backend.name if when is None else f"{backend.name}, calibrated {when:%Y-%m-%d %H:%M} UTC"


def _places(target: Target, name: str) -> list[tuple[tuple[int, ...], Any]]:
    """Where a target has an instruction, with its figures; nothing for one that goes anywhere."""
    return [(q, figures) for q, figures in (target[name] or {}).items() if q is not None]


def _error(figures: Any) -> float:
    error = None if figures is None else figures.error
    return math.nan if error is None else float(error)
