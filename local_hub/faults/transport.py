"""The TCP connection below a request, so that faults can close and reset it."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_TRANSPORT = "local_hub.transport"
# Close at once, and throw away what is not sent: the kernel sends RST.
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class _TransportInState(asyncio.Protocol):
    """Puts a connection's transport into what uvicorn copies into each request's scope anyway, at no cost."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


def http_protocol() -> type[asyncio.Protocol]:
    """The HTTP of uvicorn, whichever of its two is installed, with the transport in every request's scope."""
    return type("HubProtocol", (_TransportInState, AutoHTTPProtocol), {})


def close(scope: Any) -> None:
    """Close a request's connection once what was written is sent."""
    _transport(scope).close()


def reset(scope: Any) -> None:
    """Reset a request's connection: the other side gets a TCP RST."""
    transport = _transport(scope)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def _transport(scope: Any) -> asyncio.Transport:
    transport: asyncio.Transport | None = scope.get("state", {}).get(_TRANSPORT)
    if transport is None:
        raise RuntimeError("This server does not run on http_protocol(): it has no connection.")
    return transport
