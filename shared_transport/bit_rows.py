"""Reading an array of bits, ``[[0,1,...],...]``, from JSON text without making a Python object of each bit.

Where the text has the same form in each row, as every JSON writer gives it, the rows are read as one array of
bytes, each of which is checked. Any other text is parsed as usual.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Content", "read_bit_rows"]

Content: TypeAlias = bytes | mmap.mmap
Bits: TypeAlias = NDArray[np.uint8]

_ROWS_AT_ONCE = 1 << 16
_ROW = re.compile(rb"\[\s*[01](?:\s*,\s*[01])*\s*\]\s*,\s*")
_END = re.compile(rb"\]\s*\]")


def read_bit_rows(content: Content, key: str) -> tuple[dict[str, Any], Iterator[Bits]]:
    """Read a JSON object of which one member is an array of bits.

    Args:
        content: The JSON text.
        key: The member's name.

    Returns:
        The object, in which that member is None, and the bits in pieces of shape (rows, columns), to be read
        while `content` is open.

    Raises:
        ValueError: It is no JSON object, or the member is no array of rows of bits of one length.
        KeyError: There is no such member.
    """
    found = re.search(rb'(?<!\\)"' + key.encode() + rb'"\s*:\s*(\[)\s*\[', content)
    end = _END.search(content, found.end()) if found else None
    if found and end:
        document = _without(content, found.start(1), end.end(), key)
        if document is not None:
            # From the bracket that opens the first row to the one that closes the last.
            rows = _FixedRows.of(content, found.end() - 1, end.start() + 1)
            if rows is not None:
                return document, iter(rows)
    document = json.loads(content[:])
    if not isinstance(document, dict):
        raise ValueError("the result is no JSON object")
    listed = document[key]
    document[key] = None
    return document, iter([_checked(listed)])


def _without(content: Content, start: int, end: int, key: str) -> dict[str, Any] | None:
    """The object with None in the place of the array, or None if that was not the member of this name."""
    try:
        document = json.loads(content[:start] + b"null" + content[end:])
    except ValueError:
        return None
    fits = isinstance(document, dict) and key in document and document[key] is None
    return document if fits else None


class _FixedRows:
    """Rows that all have the form of the first one."""

    def __init__(self, content: Content, start: int, form: Bits, rows: int) -> None:
        self._content = content
        self._start = start
        self._form = form
        self._rows = rows
        self._digits = np.flatnonzero((form == ord("0")) | (form == ord("1")))
        self._others = np.flatnonzero((form != ord("0")) & (form != ord("1")))

    @classmethod
    def of(cls, content: Content, start: int, end: int) -> _FixedRows | None:
        """The rows between two offsets, or None if they do not all have one form."""
        first_end = content.find(b"]", start, end) + 1
        second = content.find(b"[", first_end, end)
        separator = content[first_end:second] if second >= 0 else b","
        text = content[start:first_end] + separator
        if _ROW.fullmatch(text) is None:
            return None
        form = np.frombuffer(text, np.uint8)
        rows, left = divmod(end + len(separator) - start, len(form))
        if left:
            return None
        found = cls(content, start, form, rows)
        return found if all(found._fits(piece) for piece in found._pieces()) else None

    def __iter__(self) -> Iterator[Bits]:
        for piece in self._pieces():
            yield piece[:, self._digits] - ord("0")

    def _pieces(self) -> Iterator[Bits]:
        """The text, a row of it a row of bits; the separator that the last row lacks is added."""
        stride = len(self._form)
        for first in range(0, self._rows, _ROWS_AT_ONCE):
            last = min(first + _ROWS_AT_ONCE, self._rows)
            text = self._content[self._start + first * stride : self._start + last * stride]
            if last == self._rows:
                closing = stride * (last - first) - self._separator_length
                text = text[:closing] + self._form.tobytes()[stride - self._separator_length :]
            yield np.frombuffer(text, np.uint8).reshape(last - first, stride)

    @property
    def _separator_length(self) -> int:
        return len(self._form) - 1 - int(np.flatnonzero(self._form == ord("]"))[-1])

    def _fits(self, piece: Bits) -> bool:
        digits = piece[:, self._digits]
        return bool(
            ((digits == ord("0")) | (digits == ord("1"))).all()
            and (piece[:, self._others] == self._form[self._others]).all()
        )


def _checked(listed: Any) -> Bits:
    if not isinstance(listed, list) or not all(isinstance(row, list) for row in listed):
        raise ValueError("the bits are no array of rows")
    if len({len(row) for row in listed}) > 1:
        raise ValueError("the rows of bits differ in length")
    columns = len(listed[0]) if listed else 0
    if not all(type(bit) is int and 0 <= bit <= 1 for row in listed for bit in row):
        raise ValueError("outcomes are 0 or 1")
    return np.array(listed, dtype=np.uint8).reshape(len(listed), columns)
