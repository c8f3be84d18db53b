"""Does to requests and answers what the faults in force say."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local_hub.faults import transport
from local_hub.faults.board import Faults, PlacedFault
from local_hub.faults.spec import Moment


class FaultMiddleware:
    """An ASGI middleware around the API below a prefix; the admin API is left alone."""

    def __init__(self, app: ASGIApp, faults: Faults, prefix: str) -> None:
        self._app = app
        self._faults = faults
        self._prefix = prefix + "/"
        self._never = (f"{prefix}/admin/", f"{prefix}/admin")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or not."""
        if self._faults.idle or scope["type"] != "http" or not self._is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        answer = _Answer(self._faults, scope, self._prefix, receive, send)
        struck = answer.strike(Moment.BEFORE)
        if struck is None:
            await self._app(scope, receive, answer.send)
        else:
            await _all_of(receive)
            await answer.instead(struck)
        if answer.is_cut:
            await _end_of_connection(receive)

    def _is_api(self, path: str) -> bool:
        return path.startswith(self._prefix) and not (
            path.startswith(self._never[0]) or path == self._never[1]
        )


class _Answer:
    """An answer on its way out.

    Attributes:
        is_cut: Whether the connection was closed below it.
    """

    def __init__(
        self, faults: Faults, scope: Scope, prefix: str, receive: Receive, send: Send
    ) -> None:
        self._faults = faults
        self._scope = scope
        self._request = scope["method"], scope["path"][len(prefix) - 1 :]
        self._receive = receive
        self._send = send
        self._is_lost = False
        # How many bytes of the body still go out; None for all.
        self._left: int | None = None
        self.is_cut = False

    def strike(self, *moments: Moment) -> PlacedFault | None:
        """The first fault of these moments that strikes, if one does."""
        return self._faults.strike(*self._request, *moments)

    async def send(self, message: Message) -> None:
        """Send a part of the answer that was made, as far as it goes out."""
        if self._is_lost:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        elif self._left is None:
            await self._send(message)
        else:
            piece = message.get("body", b"")[: self._left]
            self._left -= len(piece)
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            if not self._left:
                self._cut()

    async def instead(self, struck: PlacedFault) -> None:
        """Answer what a fault says; its kind may be not to answer."""
        self._is_lost = True
        kind, status = struck.fault.kind.removesuffix("-after"), struck.fault.status
        if status is None:
            self._cut(by_reset=kind == "reset")
            return
        await self._wait()
        words = f"{status} {HTTPStatus(status).phrase}, by the fault {struck.fault.text}."
        body = json.dumps({"detail": words}).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        if struck.fault.retry_after is not None:
            headers["retry-after"] = str(struck.fault.retry_after)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, message: Message) -> None:
        if 200 <= message["status"] < 300:
            half = _length(message) // 2
            struck = self.strike(Moment.AFTER, *([Moment.BODY] if half else []))
            if struck is not None and struck.fault.moment is Moment.AFTER:
                await self.instead(struck)
                return
            if struck is not None:
                self._left = half
        await self._wait()
        await self._send(message)

    async def _wait(self) -> None:
        seconds = self._faults.delay(*self._request)
        if seconds:
            # Nobody waits for whom nobody waits: the request has been read, what may come is its connection's end.
            end = asyncio.create_task(_end_of_connection(self._receive))
            try:
                await asyncio.wait({end}, timeout=seconds)
            finally:
                end.cancel()

    def _cut(self, *, by_reset: bool = False) -> None:
        self._is_lost = self.is_cut = True
        (transport.reset if by_reset else transport.close)(self._scope)


async def _all_of(receive: Receive) -> None:
    """Read a request to its end: a socket that is closed with unread bytes in it is reset instead."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _end_of_connection(receive: Receive) -> None:
    """Wait until the server knows that the connection has ended: it would complete the answer otherwise."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _length(message: Message) -> int:
    """How long a body is said to be; 0 where it is not said."""
    lengths = (value for name, value in message["headers"] if name.lower() == b"content-length")
    return int(next(lengths, b"0"))
