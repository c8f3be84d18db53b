"""What the groups of operations have in common: ids, bodies, pages, documents."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any, TypeAlias, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, ValidationError

from local_hub.problems import Problem, brief, sentence
from local_hub.store.pages import Order

_LARGEST_PAGE = 100
_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_M = TypeVar("_M", bound=BaseModel)

PageNumber: TypeAlias = Annotated[int, Query(alias="page", ge=0)]
PageSize: TypeAlias = Annotated[int, Query(alias="size", ge=1)]
Sort: TypeAlias = Annotated[list[str] | None, Query()]


def uuid_of(text: str, what: str) -> str:
    """An id in its one spelling.

    Raises:
        Problem: 404; a text that is no UUID names nothing.
    """
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Problem(404, f"There is no {what} {brief(text)!r}: its id is a UUID.") from None


def size_of(asked: int) -> int:
    """The size that a page really has."""
    return min(asked, _LARGEST_PAGE)


def order_of(sort: list[str] | None) -> Order:
    """`property,(asc|desc)`, repeated, as names and whether descending. A name that comes again decides nothing."""
    order: dict[str, bool] = {}
    for text in sort or []:
        name, _, way = text.partition(",")
        order.setdefault(name, way.lower() == "desc")
    return list(order.items())


async def body_of(request: Request, limit: int) -> bytes:
    """A request's body.

    Raises:
        Problem: 422, it has more than `limit` bytes, or is compressed.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Problem(
            422, f"Content-Encoding {brief(encoding)} is not taken here: send the body as it is."
        )
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Problem(
                422,
                f"The body has more than {limit} bytes, this Hub's limit: make the input smaller.",
            )
        parts.append(part)
    return b"".join(parts)


async def model_of(model: type[_M], request: Request, limit: int) -> _M:
    """A request's body as a model.

    Raises:
        Problem: 422, it is not as it should be.
    """
    body = await body_of(request, limit)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Problem(422, sentence(first)) from None


def json_document(body: bytes | None) -> Response:
    """A stored document; 204 where there is none."""
    if body is None:
        return Response(status_code=204)
    return Response(body, media_type="application/json")


def file_of(request: Request, job_id: str, body: bytes) -> Response:
    """A result as a file. One range of bytes may be asked for (RFC 9110, 14); a result never changes."""
    tag = f'"{job_id}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{job_id}.json"',
        "ETag": tag,
    }
    status, part = 200, body
    bounds = _bounds(request.headers.get("range", ""), len(body))
    if bounds and request.headers.get("if-range", tag) == tag:
        begin, end = bounds
        if begin >= len(body):
            headers["Content-Range"] = f"bytes */{len(body)}"
            return Response(status_code=416, headers=headers)
        headers["Content-Range"] = f"bytes {begin}-{end}/{len(body)}"
        status, part = 206, body[begin : end + 1]
    return Response(part, status, headers, "application/octet-stream")


def _bounds(asked: str, length: int) -> tuple[int, int] | None:
    """The first and the last byte of a range; None where it is none, or several."""
    match = _ONE_RANGE.fullmatch(asked)
    first, last = match.groups() if match else ("", "")
    if first and last and int(last) < int(first):
        return None
    if first:
        return int(first), min(int(last), length - 1) if last else length - 1
    if last:  # that many from the end
        return (max(0, length - int(last)), length - 1) if int(last) else (length, length)
    return None
