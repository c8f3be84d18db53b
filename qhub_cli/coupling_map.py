"""A coupling map as text, where its qubits lie on a grid as they are numbered: row by row.

So do square lattices and IBM's heavy hexagons: consecutive qubits that are coupled are neighbours in a row, and any
other coupling goes down to the larger number. Where that leads to a contradiction there is no drawing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["couplings", "draw"]

_LINES = {"across": "─", "down": "│"}
_ASCII_LINES = {"across": "-", "down": "|"}


def couplings(graph: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The coupled pairs, each once, as the graph names them."""
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for qubit, neighbours in graph.items():
        for other in neighbours:
            if other != qubit:
                pairs.setdefault(frozenset((qubit, other)), (qubit, other))
    return list(pairs.values())


def draw(graph: Mapping[str, Sequence[str]], width: int, *, ascii_only: bool = False) -> str | None:
    """Draw a coupling map.

    Args:
        graph: The neighbours of each qubit, by label.
        width: The longest line.
        ascii_only: Use no lines that ASCII lacks.

    Returns:
        The drawing; None where the qubits lie on no such grid, or it would be too wide.
    """
    labelled = couplings(graph)
    numbers = _numbers({*graph, *(label for pair in labelled for label in pair)})
    if numbers is None:
        return None
    pairs = [(numbers[a], numbers[b]) for a, b in labelled]
    places = _places(sorted(numbers.values()), pairs)
    if places is None:
        return None
    labels = {number: label for label, number in numbers.items()}
    shortened = {number: str(number) for number in labels}
    lines = _ASCII_LINES if ascii_only else _LINES
    for names, gap in ((labels, 2), (labels, 1), (shortened, 2), (shortened, 1)):
        text = _text(names, places, pairs, gap, lines)
        if max(map(len, text)) <= width:
            return "\n".join(text)
    return None


def _numbers(labels: Iterable[str]) -> dict[str, int] | None:
    """The number in each label; None where it has none, or two have the same."""
    numbers = {}
    for label in labels:
        found = re.fullmatch(r"\D*(\d{1,6})", label)
        if found is None:
            return None
        numbers[label] = int(found[1])
    return numbers if numbers and len(set(numbers.values())) == len(numbers) else None


def _places(
    qubits: Sequence[int], pairs: Sequence[tuple[int, int]]
) -> dict[int, tuple[int, int]] | None:
    """Column and row of each qubit; parts that nothing connects lie below each other."""
    neighbours: dict[int, list[int]] = {qubit: [] for qubit in qubits}
    for a, b in pairs:
        neighbours[a].append(b)
        neighbours[b].append(a)
    places: dict[int, tuple[int, int]] = {}
    top = 0
    for start in qubits:
        if start in places:
            continue
        part = _part(start, neighbours)
        if part is None:
            return None
        left, first = (min(place[axis] for place in part.values()) for axis in (0, 1))
        places |= {q: (x - left, y - first + top) for q, (x, y) in part.items()}
        top = max(y for _, y in places.values()) + 1
    return places


def _part(start: int, neighbours: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, int]] | None:
    """Places of all that is connected to a qubit, relative to it; None where they contradict each other."""
    places = {start: (0, 0)}
    to_do = [start]
    while to_do:
        qubit = to_do.pop()
        x, y = places[qubit]
        for other in neighbours[qubit]:
            step = 1 if other > qubit else -1
            place = (x + step, y) if abs(other - qubit) == 1 else (x, y + step)
            if other not in places:
                places[other] = place
                to_do.append(other)
            elif places[other] != place:
                return None
    return places if len(set(places.values())) == len(places) else None


def _text(
    names: Mapping[int, str],
    places: Mapping[int, tuple[int, int]],
    pairs: Sequence[tuple[int, int]],
    gap: int,
    lines: Mapping[str, str],
) -> list[str]:
    """Rows of labels, and between them rows of the lines that go down."""
    cell = max(map(len, names.values()))
    columns, rows = (1 + max(place[axis] for place in places.values()) for axis in (0, 1))
    canvas = [[" "] * (columns * (cell + gap)) for _ in range(2 * rows - 1)]
    for number, (x, y) in places.items():
        left = x * (cell + gap)
        canvas[2 * y][left : left + cell] = names[number].center(cell)
    for a, b in pairs:
        (x, y), other = sorted((places[a], places[b]))
        left = x * (cell + gap)
        if other[1] == y:
            # From the one label's last letter to the other's first: a short label has room around it.
            row = canvas[2 * y]
            at = left + cell - 1
            while row[at] == " ":
                at -= 1
            at += 1
            while row[at] == " ":
                row[at] = lines["across"]
                at += 1
        else:
            canvas[2 * y + 1][left + (cell - 1) // 2] = lines["down"]
    return ["".join(row).rstrip() for row in canvas]
