"""The console: a page at `/` that shows backends, queues, jobs and sessions, live, and what a job looks like.

The page loads nothing but these files, and asks the public operations with the token that its reader gives it.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from local_hub.access import Access, Caller
from local_hub.api.common import uuid_of
from local_hub.api.jobs import JobReads
from local_hub.console.pictures import Pictures
from local_hub.lifecycle import Lifecycle
from local_hub.problems import Problem

_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FILES = {
    "/": "index.html",
    "/console/console.css": "console.css",
    "/console/console.js": "console.js",
    "/console/parts.js": "parts.js",
    "/console/icon.svg": "icon.svg",
}


def console(lifecycle: Lifecycle, reads: JobReads, pictures: Pictures, access: Access) -> APIRouter:
    """The router; it stands outside `/quantum`."""
    router = APIRouter()
    By = Annotated[Caller, Depends(access.required)]

    for path, name in _FILES.items():
        router.add_api_route(path, _file(name), methods=["GET", "HEAD"], response_class=Response)

    @router.get("/console/jobs/{job_id}/picture")
    async def get_picture(job_id: str, caller: By) -> Response:
        """A job's circuits and histograms, for its owner and for the Hub's."""
        if caller.is_admin:
            record = lifecycle.get(uuid_of(job_id, "job"))
            if record is None:
                raise Problem(404, f"There is no job {job_id}.")
        else:
            record = reads.find(job_id, caller.scope)
        return Response(await pictures.of(record), media_type="application/json")

    return router


def _file(name: str) -> Callable[[], Awaitable[Response]]:
    path = _HERE / name
    content = path.read_bytes()

    async def file() -> Response:
        return Response(content, headers=_HEADERS, media_type=_TYPES[path.suffix])

    return file
