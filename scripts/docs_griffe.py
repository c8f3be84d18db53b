"""What a reader of the reference sees: of an operation what a call gives, of an option its default.

Extensions of griffe, which reads the source for mkdocstrings.
"""

from __future__ import annotations

from typing import Any

from griffe import Attribute, Class, DocstringSectionKind, Expr, ExprSubscript, Extension, Function

__all__ = ["Defaults", "OperationsAsCalled"]

_OPTIONS = ("RunOptions", "_Group")


class Defaults(Extension):
    """Tells the defaults of options, which stand in the source and not in the docstrings."""

    def on_class(self, *, cls: Class, **_: Any) -> None:
        """Add them to the attributes of the class's docstring."""
        if cls.docstring is None or not {cls.name, *map(str, cls.bases)} & set(_OPTIONS):
            return
        for section in cls.docstring.parsed:
            if section.kind is DocstringSectionKind.attributes:
                for told in section.value:
                    default = _default(cls.members.get(told.name))
                    if default != "None" and not default.endswith("()"):  # these say nothing
                        told.description += f" By default `{default}`."


class OperationsAsCalled(Extension):
    """Shows `Steps[T]` of an operation as `T`, and the pages of a list as an iterator.

    `both` and `listed` are the decorators of `shared_transport.groups`.
    """

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Replace the return type of a decorated operation."""
        decorators = {str(decorator.value) for decorator in func.decorators}
        if "both" in decorators:
            func.returns = _inner(func.returns, "Steps")
        elif "listed" in decorators:
            entries = _inner(_inner(_last(func.returns), "Operation"), "Page")
            func.returns = f"Iterator[{entries}]"


def _default(member: object) -> str:
    assert isinstance(member, Attribute), member
    value = str(member.value)
    if value.startswith("Field("):  # pydantic's, whose own default stands in it
        return value.removeprefix("Field(").partition(",")[0].rpartition("=")[2]
    return value


def _inner(annotation: str | Expr | None, wrapper: str) -> Expr | str:
    assert isinstance(annotation, ExprSubscript) and str(annotation.left) == wrapper, annotation
    return annotation.slice


def _last(annotation: str | Expr | None) -> str | Expr:
    """The result of a `Callable`."""
    assert isinstance(annotation, ExprSubscript), annotation
    elements: Any = annotation.slice
    last: str | Expr = elements.elements[-1]
    return last
