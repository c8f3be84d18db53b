"""What the local Hub answers when it says no: a status and one plain sentence."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

_LONGEST_QUOTE = 200


def brief(value: object) -> str:
    """What somebody sent, short enough to be quoted."""
    text = str(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


class Problem(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after
        self.detail = detail


def sentence(error: Any, *, where: str = "") -> str:
    """Turn one of pydantic's errors into a sentence that names the field and the way out.

    Args:
        error: An entry of `ValidationError.errors()`.
        where: The name of the object that was validated, put before the field.
    """
    parts = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "header")]
    field = ".".join([where, *parts] if where else parts)
    kind = error["type"]
    if kind == "missing":
        return f"`{field}` is missing: add it."
    if kind == "extra_forbidden":
        return f"`{field}` is not known here: remove it."
    if kind == "json_invalid":
        return f"The body is not JSON: {error['msg'].removeprefix('Invalid JSON: ')}."
    text = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"`{field}` {text}." if field else f"The body {text}."


def install(app: FastAPI) -> None:
    """Make every error of an app answer with `detail`."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        return JSONResponse({"detail": error.detail}, error.status, headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": sentence(error.errors()[0])}, 422)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        known = {
            404: f"There is no {request.url.path} here.",
            405: f"{request.method} is not allowed here.",
        }
        return JSONResponse(
            {"detail": known.get(error.status_code, str(error.detail))}, error.status_code
        )

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse(
            {"detail": f"The local Hub failed ({type(error).__name__}); its log says where."}, 500
        )
