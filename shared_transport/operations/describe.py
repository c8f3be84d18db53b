"""How paths and queries are made and answers read. Shared by the modules of this package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from shared_transport.answers import read_json, unreadable
from shared_transport.errors import ValidationError
from shared_transport.steps import Answer

__all__ = [
    "as_it_came",
    "model_of",
    "model_or_none",
    "models_of",
    "nothing",
    "object_of",
    "query",
    "rfc3339",
    "segment",
    "value_of",
]

M = TypeVar("M", bound=BaseModel)
Words: TypeAlias = "str | int | bool | Sequence[str] | None"


def segment(what: str, value: str) -> str:
    """One part of a path. An empty one or dots would be normalized into another path on the way."""
    if value in ("", ".", "..") or len(value) > 1000:
        raise ValidationError(f"{value[:50]!r} is not a {what}.")
    return quote(value, safe="")


def query(**values: Words) -> tuple[tuple[str, str], ...]:
    """Query parameters; what is None is left out, a sequence repeats its name."""
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        if value is None:
            continue
        if isinstance(value, bool):
            pairs.append((key, "true" if value else "false"))
        elif isinstance(value, (str, int)):
            pairs.append((key, str(value)))
        else:
            pairs.extend((key, item) for item in value)
    return tuple(pairs)


def rfc3339(when: datetime) -> str:
    """A time with its zone.

    Raises:
        ValueError: It has none.
    """
    if when.tzinfo is None:
        raise ValueError("effective_at needs a time zone, such as datetime.now(timezone.utc)")
    return when.isoformat()


def nothing(answer: Answer) -> None:
    """Read an answer that says nothing."""


def as_it_came(answer: Answer) -> Answer:
    """Read an answer whose form is the vendor's."""
    return answer


def value_of(name: str) -> Callable[[Answer], Any]:
    """A reader of any JSON value; None where there is none (204)."""
    return lambda answer: None if answer.status == 204 else read_json(name, answer)


def object_of(name: str) -> Callable[[Answer], dict[str, Any]]:
    """A reader of a JSON object of the vendor's."""

    def read(answer: Answer) -> dict[str, Any]:
        document = read_json(name, answer)
        if not isinstance(document, dict):
            raise unreadable(name, answer, f"an object was expected, not {type(document).__name__}")
        return document

    return read


def model_of(name: str, kind: type[M]) -> Callable[[Answer], M]:
    """A reader of one model."""

    def read(answer: Answer) -> M:
        try:
            return kind.model_validate_json(answer.content)
        except PydanticError as problem:
            reason = problem.errors(include_input=False, include_url=False)[0]["msg"]
        raise unreadable(name, answer, reason)

    return read


def model_or_none(name: str, kind: type[M]) -> Callable[[Answer], M | None]:
    """A reader of one model where there may be none (204)."""
    read = model_of(name, kind)
    return lambda answer: None if answer.status == 204 or not answer.content else read(answer)


def models_of(name: str, kind: type[M], *, or_one: bool = False) -> Callable[[Answer], list[M]]:
    """A reader of a list of models, or where the API promises a list and describes one, of either."""

    def read(answer: Answer) -> list[M]:
        document = read_json(name, answer)
        if or_one and isinstance(document, dict):
            document = [document]
        if not isinstance(document, list):
            raise unreadable(name, answer, f"a list was expected, not {type(document).__name__}")
        return [kind.model_validate(item) for item in document if isinstance(item, dict)]

    return read
