"""JSON that is written already: an encoder's own text, which nobody parses to write it again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, overload

__all__ = ["JsonArray", "write_json"]


class JsonArray(Sequence[Any]):
    """A JSON array as text. Whoever looks into it reads it; `write_json` does not.

    Args:
        items: The JSON text of each item.

    Attributes:
        text: The JSON text of the array.
    """

    def __init__(self, items: Iterable[str]) -> None:
        self.text = f"[{','.join(items)}]"

    @classmethod
    def of_text(cls, text: str) -> JsonArray:
        """An array of which there is the whole text."""
        array = cls(())
        array.text = text
        return array

    @cached_property
    def _items(self) -> list[Any]:
        items: list[Any] = json.loads(self.text)
        return items

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, JsonArray):
            return self._items == other._items
        return self._items == other

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __repr__(self) -> str:
        return repr(self._items)


def write_json(value: Any, plain: Callable[[Any], Any]) -> str:
    """Compact JSON text, with each `JsonArray` as it stands.

    Args:
        value: What is written.
        plain: Makes something that JSON knows of a value of another type, or raises TypeError.

    Raises:
        TypeError, ValueError: A value has no JSON form.
    """
    written: list[str] = []
    mark = secrets.token_hex(8)  # in no text of the user's

    def placed(other: Any) -> Any:
        if not isinstance(other, JsonArray):
            return plain(other)
        written.append(other.text)
        return mark

    text = json.dumps(
        value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=placed
    )
    between = iter(text.split(f'"{mark}"'))  # in the order in which they were met
    pieces = [next(between)]
    for array, after in zip(written, between, strict=True):
        pieces += [array, after]
    return "".join(pieces)  # one copy, as they may be large
