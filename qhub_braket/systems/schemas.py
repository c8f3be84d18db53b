"""What Braket's schemas say against a document."""

from __future__ import annotations

from pydantic.v1 import ValidationError as SchemaError

__all__ = ["told_by_schema"]


def told_by_schema(problem: SchemaError) -> str:
    """The first faults that a schema found, each with its place in the document."""
    found = ["/".join(map(str, error["loc"])) + ": " + error["msg"] for error in problem.errors()]
    return "; ".join(found[:3])
