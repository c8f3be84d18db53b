"""Faults on real sockets of the loopback interface."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from shared_transport.steps import Failure
from tests.fault_hub.faults import ProcessKilled
from tests.fault_hub.hub import FaultHub
from tests.fault_hub.resources import as_json


@dataclass
class Request:
    """A request as it came; `path` is below the base URL and has no query."""

    method: str
    path: str
    params: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    raw: bytes = field(repr=False, default=b"")


# Does something to a connection; says whether it stays open for the next request.
Behaviour = Callable[[socket.socket, Request], bool]


def answers(
    status: int,
    body: bytes | str | dict[str, Any] | list[Any] | None = b"",
    *,
    content_type: str | None = "application/json",
    length: int | None = None,
    piece: int | None = None,
    pause: float = 0.0,
    **headers: str,
) -> Behaviour:
    """An answer, whatever is in it.

    Args:
        status: Any status.
        body: Bytes or text as they are, anything else as JSON.
        content_type: Its content type, or none.
        length: A ``Content-Length`` that is not the body's: beyond it, the body is cut off.
        piece: Send so many bytes at once ...
        pause: ... and wait so many seconds after each.
        **headers: Further headers; underscores become hyphens.
    """
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"" if body is None else as_json(body)
    lines = [f"HTTP/1.1 {status} X"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    if length is not None or (status >= 200 and status not in (204, 304)):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"

    def behaviour(connection: socket.socket, request: Request) -> bool:
        if piece is None:
            connection.sendall(head + body)
        else:
            connection.sendall(head)
            for start in range(0, len(body), piece):
                connection.sendall(body[start : start + piece])
                time.sleep(pause)
        return length is None

    return behaviour


def says_raw(text: bytes) -> Behaviour:
    """These bytes, whether they are HTTP or not, and then the end of the connection."""

    def behaviour(connection: socket.socket, request: Request) -> bool:
        connection.sendall(text)
        return False

    return behaviour


def closes(connection: socket.socket, request: Request) -> bool:
    """The request was read, and the connection is closed."""
    return False


def resets(connection: socket.socket, request: Request) -> bool:
    """The request was read, and the connection is reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def hangs(connection: socket.socket, request: Request) -> bool:
    """Nothing comes until the client has given up."""
    connection.settimeout(30)
    connection.recv(1)
    return False


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other; the last one again and again."""
    waiting = deque(behaviours)

    def behaviour(connection: socket.socket, request: Request) -> bool:
        now = waiting.popleft() if len(waiting) > 1 else waiting[0]
        return now(connection, request)

    return behaviour


class RawFaultServer:
    """A server on the loopback interface that does what its behaviours say. A context manager.

    Args:
        behaviours: One for all requests, or by ``"POST /jobs"``, ``"/jobs"`` or ``"*"``, the first of these
            that is there. Without any, the answer is 404.

    Attributes:
        base_url: Its address, with ``/quantum``.
        requests: The requests that were read.
    """

    def __init__(self, behaviours: Behaviour | Mapping[str, Behaviour]) -> None:
        self.behaviours = behaviours if isinstance(behaviours, Mapping) else {"*": behaviours}
        self.requests: list[Request] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/quantum"
        self._ending = False
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RawFaultServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        # Closing does not wake accept() up; a connection does.
        self._ending = True
        socket.create_connection(self._socket.getsockname()).close()
        self._thread.join(5)
        self._socket.close()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._ending:
                connection.close()
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                unread = b""
                while True:
                    request, unread = _read(connection, unread)
                    if request is None:
                        return
                    self.requests.append(request)
                    if not self._behaviour(request)(connection, request):
                        return
        except OSError:
            pass  # the client has gone
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _behaviour(self, request: Request) -> Behaviour:
        for key in (f"{request.method} {request.path}", request.path, "*"):
            if key in self.behaviours:
                return self.behaviours[key]
        return answers(404, {"detail": "Not found."})


def _read(connection: socket.socket, text: bytes) -> tuple[Request | None, bytes]:
    """The next request of a connection and what came after it; None at its end."""
    while b"\r\n\r\n" not in text:
        more = connection.recv(65536)
        if not more:
            return None, b""
        text += more
    head, _, rest = text.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            return None, b""
        rest += more
    parts = urlsplit(target)
    path = parts.path.removeprefix("/quantum")
    params = parse_qsl(parts.query, keep_blank_values=True)
    body, rest = rest[:length], rest[length:]
    return Request(method, path, params, headers, body, head + b"\r\n\r\n" + body), rest


@contextmanager
def serve(hub: FaultHub) -> Iterator[RawFaultServer]:
    """Put a `FaultHub` behind a real socket. It has to run in real time.

    A lost answer becomes a reset where its reason says so, an answer that does not come for a read time-out
    (the client's own patience ends it), and else a closed connection. A refused connection cannot be made here:
    take the address of a server that has ended.
    """
    if hub._zero is None:
        raise ValueError("only a Hub in real time can be served")

    def behaviour(connection: socket.socket, request: Request) -> bool:
        try:
            outcome = hub.handle(request.method, request.path, request.params, request.body or None)
        except ProcessKilled:
            return closes(connection, request)
        if isinstance(outcome, Failure):
            if not outcome.sent:
                raise AssertionError("a refused connection cannot be served")
            if "time-out" in outcome.reason:
                return hangs(connection, request)
            return (resets if "reset" in outcome.reason else closes)(connection, request)
        headers = {k: v for k, v in outcome.headers.items() if k != "content-type"}
        return answers(outcome.status, outcome.content, **headers)(connection, request)

    with RawFaultServer(behaviour) as server:
        yield server
