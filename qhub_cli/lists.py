"""Lists of jobs and of sessions: for machines as the Hub has them, for people a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import typer

from .output import Column, View, age, listing, status_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from shared_transport.models import Job, Session, Workload

    Entry: TypeAlias = Job | Session | Workload

__all__ = ["BACKEND", "CREATED", "ID", "STATUS", "Field", "known_words", "list_view", "notes_on"]

E = TypeVar("E", bound="Entry")
E_contra = TypeVar("E_contra", contravariant=True)


@dataclass(frozen=True)
class Field(Generic[E_contra]):
    """Something that a list tells of each entry.

    Attributes:
        column: Its column.
        cell: What stands there.
    """

    column: Column
    cell: Callable[[E_contra, Console], str | Text]


ID: Field[Entry] = Field(Column("ID"), lambda one, out: one.id)
BACKEND: Field[Entry] = Field(Column("Backend"), lambda one, out: one.backend_id or "")
STATUS: Field[Entry] = Field(Column("Status"), lambda one, out: status_text(one.status))
CREATED: Field[Entry] = Field(
    Column("Created", right=True), lambda one, out: age(one.created_at, out)
)


def list_view(fields: Sequence[Field[E]], entries: Sequence[E], notes: Sequence[str] = ()) -> View:
    """Entries as a list.

    Args:
        fields: What is told, the most important first.
        entries: Of what.
        notes: What people should know beside it.
    """

    def picture(out: Console) -> Iterator[RenderableType]:
        rows = [[field.cell(one, out) for field in fields] for one in entries]
        yield listing([field.column for field in fields], rows, out.width)

    documents = [one.model_dump(mode="json", exclude_unset=True) for one in entries]
    return View(documents, picture, notes)


def known_words(given: Sequence[str] | None, known: Iterable[str], option: str) -> list[str]:
    """Words of the API as it writes them, from an option that takes several.

    Raises:
        BadParameter: The API has no such word.
    """
    words = [word.upper() for word in given or ()]
    every = list(dict.fromkeys(map(str, known)))
    for word in words:
        if word not in every:
            raise typer.BadParameter(
                f"there is no {word}, only {', '.join(every)}.", param_hint=option
            )
    return words


def notes_on(found: int, limit: int, what: str) -> list[str]:
    """What to say beside a list: that nothing fits, or that the limit may have left something out."""
    if not found:
        return [f"No {what} fits."]
    return [f"The newest {limit}; --limit 0 shows all."] if found == limit else []
