"""What a run would be, before it is one: what `explain` of both plugins gives. Nothing of it was submitted."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, overload

from . import html
from .requests import JobRequest

__all__ = ["Explanation", "Explanations", "Success"]

_WIDTH = 80
_SHOWN_JSON = 4000


@dataclass(frozen=True)
class Success:
    """How likely a shot is to see no error.

    Attributes:
        estimate: The product of 1 - error over the gates and readouts of the circuit, a number from 0 to 1; None where
            there are no figures.
        basis: How it was computed, or why it was not.
        uncounted: Gates of the circuit without a figure, by name, and how many: they are left out, so that the
            estimate is an upper bound.
    """

    estimate: float | None = None
    basis: str = "the Hub has no figures of this backend's errors"
    uncounted: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.estimate is None:
            return f"not known: {self.basis}"
        return f"{self.short}: {self.basis}"

    @property
    def short(self) -> str | None:
        """The estimate as a percentage."""
        if self.estimate is None:
            return None
        return f"{'at most ' if self.uncounted else ''}{100 * self.estimate:.3g} %"


@dataclass(frozen=True)
class Explanation:
    """What a run on one backend would be.

    Attributes:
        backend: The backend's id.
        fits: Whether `run` would take it; None if the backend could not be asked.
        why: Why it does not fit.
        hint: What to do about that.
        name: The circuit's name.
        qubits: Qubits that the program uses.
        backend_qubits: Qubits that the backend has.
        input_format: The format that it is sent in.
        transpiled: Whether it fits only after transpiling; `circuit` is what fits. None where the plugin compiles the
            program by itself, or the device does.
        depth: Depth of what is executed, measurements counted, barriers not.
        gates: How many of each gate and other instruction are executed, barriers not.
        two_qubit_gates: How many of them act on two qubits.
        larger_gates: How many of them act on more.
        success: How likely a shot is to see no error.
        seconds: Seconds that the gates and measurements of one shot take; None where that is not known.
        shots: Shots that would be asked for.
        shots_range: Fewest and most shots of a job; None for no limit.
        status: Whether the backend runs, by the Hub's word.
        queue: Jobs that wait for it.
        queue_seconds: Seconds that a job waits on average, by the Hub.
        requests: What would be sent, in order. `run` adds one tag, which marks the submission.
        price: What it costs by the user's price; None without one.
        price_basis: How the price is made up, or why there is none.
        circuit: The circuit as `run` takes it; None where there is none.
    """

    backend: str
    fits: bool | None
    why: str | None = None
    hint: str | None = None
    name: str | None = None
    qubits: int | None = None
    backend_qubits: int | None = None
    input_format: str | None = None
    transpiled: bool | None = None
    depth: int | None = None
    gates: Mapping[str, int] = field(default_factory=dict)
    two_qubit_gates: int | None = None
    larger_gates: int | None = None
    success: Success = Success()
    seconds: float | None = None
    shots: int | None = None
    shots_range: tuple[int, int | None] = (1, None)
    status: str | None = None
    queue: int | None = None
    queue_seconds: int | None = None
    requests: tuple[JobRequest, ...] = ()
    price: float | None = None
    price_basis: str | None = None
    circuit: Any = field(default=None, compare=False)

    @cached_property
    def json(self) -> tuple[str, ...]:
        """The body of each request, as text."""
        return tuple(request.to_json().decode() for request in self.requests)

    def to_dict(self) -> dict[str, Any]:
        """All of it but `circuit`, as what JSON knows; the requests are their bodies."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        del told["circuit"]
        told["gates"] = dict(self.gates)
        told["shots_range"] = list(self.shots_range)
        told["success"] = {
            "estimate": self.success.estimate,
            "basis": self.success.basis,
            "uncounted": dict(self.success.uncounted),
        }
        told["requests"] = [json.loads(text) for text in self.json]
        return told

    def __str__(self) -> str:
        margin = " " * 13
        lines = [self._title()]
        for name, value in self._facts():
            if value is not None:
                told = f"{name:<11}{value}"
                lines.append(
                    textwrap.fill(told, _WIDTH, initial_indent="  ", subsequent_indent=margin)
                )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Explanation: {self._title()}>"

    def _repr_html_(self) -> str:
        bodies = [
            (f"JSON, {len(text):,} characters", _start(text, _SHOWN_JSON)) for text in self.json
        ]
        return html.facts(self._title(), self._facts(), more=bodies[:3])

    @property
    def verdict(self) -> str:
        """Whether it fits, in words."""
        if self.fits:
            how = {None: "", True: " after transpiling", False: " as it is"}
            return f"fits{how[self.transpiled]}"
        return "could not be asked" if self.fits is None else "does not fit"

    def _title(self) -> str:
        return f"{self.backend}: {self.verdict}"

    def _facts(self) -> list[tuple[str, str | None]]:
        size = sum(map(len, self.json))
        sent = f", {_many(len(self.requests), 'job')}, {size:,} characters of JSON"
        return [
            ("why", self.why),
            ("way out", self.hint),
            ("circuit", self._circuit()),
            ("gates", self._executed()),
            ("success", str(self.success) if self.gates else None),
            ("duration", None if self.seconds is None else f"{1e6 * self.seconds:.4g} us a shot"),
            ("input", f"{self.input_format}{sent if self.requests else ''}"),
            (
                "shots",
                f"{self.shots:,} of {_range(self.shots_range)}" if self.shots is not None else None,
            ),
            ("queue", self._queue()),
            ("price", self._price()),
        ]

    def _circuit(self) -> str | None:
        if self.qubits is None:
            return None
        used = _many(self.qubits, "qubit")
        if self.backend_qubits is not None:
            used = f"{self.qubits} of {_many(self.backend_qubits, 'qubit')}"
        return f"{self.name or 'a program'}, {used}"

    def _executed(self) -> str | None:
        if not self.gates:
            return None
        each = ", ".join(f"{number} {name}" for name, number in self.gates.items())
        two = _many(self.two_qubit_gates or 0, "two-qubit gate")
        larger = f", {_many(self.larger_gates, 'larger gate')}" if self.larger_gates else ""
        return f"depth {self.depth}, {two}{larger}; {each}"

    def _queue(self) -> str | None:
        known = [
            None if self.queue is None else f"{self.queue:,} waiting",
            None if self.queue_seconds is None else f"{self.queue_seconds:,} s on average",
            self.status,
        ]
        return ", ".join(word for word in known if word) or None

    def _price(self) -> str | None:
        if self.price is None:
            return self.price_basis
        return f"{self.price:.6g} ({self.price_basis})"


class Explanations(Sequence[Explanation]):
    """What a run would be on each of several backends: where it fits first, likeliest to succeed first.

    A sequence; ``explanations["ibm.qpu.fez"]`` is that of one backend.
    """

    def __init__(self, explanations: Sequence[Explanation]) -> None:
        self._rows = sorted(explanations, key=_rank)

    @property
    def fitting(self) -> list[Explanation]:
        """Those of the backends that it fits on."""
        return [row for row in self._rows if row.fits]

    def to_dict(self) -> list[dict[str, Any]]:
        """`Explanation.to_dict` of each."""
        return [row.to_dict() for row in self._rows]

    @overload
    def __getitem__(self, which: int | str) -> Explanation: ...
    @overload
    def __getitem__(self, which: slice) -> list[Explanation]: ...
    def __getitem__(self, which: int | str | slice) -> Explanation | list[Explanation]:
        if isinstance(which, str):
            for row in self._rows:
                if row.backend == which:
                    return row
            raise KeyError(which)
        return self._rows[which]

    def __len__(self) -> int:
        return len(self._rows)

    def __str__(self) -> str:
        headings, rows = self._table()
        cells = [headings, *rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
        lines = [
            "  ".join(
                cell.ljust(width) if i < _WORDS else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        rest = [row for row in self._rows if not row.fits]
        if rest:
            lines += ["", "Elsewhere it does not fit:"]
        for row in rest:
            why = (row.why or "").removeprefix(f"{row.backend} ")
            told = f"{row.backend}: {why}"
            lines.append(textwrap.fill(told, _WIDTH, initial_indent="  ", subsequent_indent="    "))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Explanations of {len(self)} backends, {len(self.fitting)} fit>"

    def _repr_html_(self) -> str:
        headings, rows = self._table()
        fitting = html.table(
            f"Fits on {len(rows)} of {len(self)} backends",
            headings,
            rows,
            numbers=range(_WORDS, len(headings)),
        )
        rest = [(row.backend, row.why, row.hint) for row in self._rows if not row.fits]
        if not rest:
            return fitting
        return fitting + html.table("Does not fit", ("backend", "why", "way out"), rest)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        columns: dict[str, list[object]] = {
            "backend": [row.backend for row in self.fitting],
            "fits": [_HOW[row.transpiled] for row in self.fitting],
            "depth": [row.depth for row in self.fitting],
            "2-qubit": [row.two_qubit_gates for row in self.fitting],
            "success": [row.success.short for row in self.fitting],
            "queue": [row.queue for row in self.fitting],
        }
        if any(row.price_basis is not None for row in self._rows):
            prices = [row.price for row in self.fitting]
            columns["price"] = [None if price is None else f"{price:.6g}" for price in prices]
        rows = zip(*columns.values(), strict=True)
        return list(columns), [["-" if cell is None else str(cell) for cell in row] for row in rows]


_HOW = {None: "yes", True: "transpiled", False: "as it is"}
# So many columns of the table are words.
_WORDS = 2


def _rank(row: Explanation) -> tuple[bool, bool, float]:
    estimate = row.success.estimate
    return not row.fits, estimate is None, -(estimate or 0.0)


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _range(shots: tuple[int, int | None]) -> str:
    least, most = shots
    return f"{least:,} or more" if most is None else f"{least:,} to {most:,}"


def _start(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    return f"{text[:characters]} ... (all of it: .json)"
