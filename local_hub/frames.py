"""The language between the server and its workers: a JSON header and raw bytes, each with its length before it.

Result documents travel as raw bytes, so that the server never parses one.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, BinaryIO

Message = dict[str, Any]
_LENGTHS = struct.Struct(">IQ")


def pack(message: Message, body: bytes = b"") -> bytes:
    """Write a frame."""
    header = json.dumps(message).encode()
    return _LENGTHS.pack(len(header), len(body)) + header + body


def read(stream: BinaryIO) -> tuple[Message, bytes] | None:
    """Read a frame from a blocking stream; None at its end."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header_size, body_size = _LENGTHS.unpack(lengths)
    header, body = stream.read(header_size), stream.read(body_size)
    if len(header) < header_size or len(body) < body_size:
        return None
    return json.loads(header), body


async def read_async(stream: asyncio.StreamReader) -> tuple[Message, bytes] | None:
    """Read a frame from an asyncio stream; None at its end."""
    try:
        header_size, body_size = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
        header = await stream.readexactly(header_size)
        body = await stream.readexactly(body_size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return json.loads(header), body
