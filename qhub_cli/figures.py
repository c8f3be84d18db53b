"""A device's figures from its calibration: as the Qiskit plugin reads them, which knows each vendor's form."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared_transport.client import HubClient

__all__ = ["Figure", "Figures", "read_figures"]


@dataclass(frozen=True)
class Figure:
    """One kind of figure, over all qubits or pairs that have it.

    Attributes:
        name: Such as ``T1`` or ``error of cz``.
        unit: ``s``, or nothing for an error.
        values: By the labels of its qubits, such as ``3`` or ``3-16``.
        large_is_good: Whether a large value is a good one.
    """

    name: str
    unit: str
    values: dict[str, float]
    large_is_good: bool = False

    @property
    def summary(self) -> tuple[float, float, float]:
        """Median, best and worst."""
        numbers = sorted(self.values.values(), reverse=self.large_is_good)
        return statistics.median(numbers), numbers[0], numbers[-1]

    def text(self, value: float) -> str:
        """A value for people."""
        if self.unit != "s":
            return f"{value:.2e}"
        for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
            if value >= size:
                return f"{value / size:.4g} {unit}"
        return f"{value * 1e9:.4g} ns"


@dataclass(frozen=True)
class Figures:
    """All that is known of a device.

    Attributes:
        labels: The vendor's labels of the qubits.
        figures: The kinds of figures.
    """

    labels: Sequence[str]
    figures: Sequence[Figure]

    def medians(self) -> str:
        """The medians in one line."""
        return ", ".join(
            f"{figure.name} {figure.text(figure.summary[0])}"
            for figure in self.figures
            if not figure.name.startswith("duration")
        )

    def of_single_qubits(self) -> list[Figure]:
        """Those that belong to one qubit each, and are not the same for all of them."""
        return [
            figure
            for figure in self.figures
            if set(figure.values) <= set(self.labels) and len(set(figure.values.values())) > 1
        ]


def read_figures(client: HubClient, backend_id: str) -> Figures | None:
    """Read a backend's figures.

    Returns:
        None where the backend has none of a gate-model device.

    Raises:
        MissingExtraError: Qiskit is not installed.
        HubError: The Hub does not give the documents.
    """
    from qhub_qiskit import HubProvider
    from shared_transport.errors import ValidationError

    try:
        backend = HubProvider(client=client).get_backend(backend_id)
    except ValidationError:
        return None  # an analog device has no gates
    labels = backend.qubit_labels
    found = _merged(_figures(backend.target, labels))
    return Figures(labels, found) if found else None


def _merged(figures: Iterable[Figure]) -> list[Figure]:
    """One entry for gates that are equally good everywhere; those without figures, or with zeros only, are left out."""
    merged: list[Figure] = []
    for figure in figures:
        same = [one for one in merged if one.unit == figure.unit and one.values == figure.values]
        if same:
            (before,) = same
            gate = figure.name.rpartition(" ")[2]
            merged[merged.index(before)] = replace(before, name=f"{before.name}, {gate}")
        elif any(figure.values.values()):
            merged.append(figure)
    return merged


def _figures(target: Any, labels: Sequence[str]) -> Iterator[Figure]:
    properties = target.qubit_properties or ()
    for name, attribute in (("T1", "t1"), ("T2", "t2")):
        values = {
            label: float(value)
            for label, one in zip(labels, properties, strict=False)
            if (value := getattr(one, attribute, None)) is not None
        }
        yield Figure(name, "s", values, large_is_good=True)
    for kind, unit in (("error", ""), ("duration", "s")):
        for name in sorted(target.operation_names, key=lambda name: (name != "measure", name)):
            known = {
                qubits: float(value)
                for qubits, one in (target[name] or {}).items()
                if qubits is not None and (value := getattr(one, kind, None)) is not None
            }
            # A pair that is as good in both directions is one pair.
            values = {
                "-".join(labels[qubit] for qubit in qubits): value
                for qubits, value in known.items()
                if qubits <= qubits[::-1] or known.get(qubits[::-1]) != value
            }
            yield Figure(f"{kind} of {name}", unit, values)
