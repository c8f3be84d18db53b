"""The server's end of the gateway: a child process and a socket to it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from local_hub import frames

_SECONDS_TO_CONNECT = 20.0
_SECONDS_TO_END = 4.0
_BUFFER = 2**20


class Connection:
    """A gateway process, and through it a cluster."""

    def __init__(self, address: str) -> None:
        """Start the gateway.

        Args:
            address: HOST:PORT of the cluster.
        """
        self.cpus = 0
        self._address = address
        self._socket, theirs = socket.socketpair()
        flags = ["-P"] if sys.flags.safe_path else []
        command = [sys.executable, *flags, "-m", "local_hub.cluster.gateway"]
        with theirs:
            self._process = subprocess.Popen(
                [*command, "--address", address, "--socket", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what Ray prints is none of the Hub's output
                pass_fds=[theirs.fileno()],
            )

    def greet(self) -> None:
        """Wait until the gateway is connected, and note how many CPUs there are. Blocks.

        Raises:
            OSError: it could not connect; the text says why.
        """
        self._socket.settimeout(_SECONDS_TO_CONNECT)
        try:
            # Nothing follows the first frame until the gateway is asked, so that the buffer holds nothing else.
            with self._socket.makefile("rb") as stream:
                frame = frames.read(stream)
        except TimeoutError:
            self.end(at_once=True)
            raise OSError(
                f"the Ray cluster at {self._address} did not answer within {_SECONDS_TO_CONNECT:g} seconds"
            ) from None
        if frame is None or frame[0]["op"] != "connected":
            self.end(at_once=True)
            raise OSError(
                frame[0]["message"]
                if frame
                else f"the process that connects to Ray at {self._address} ended early"
            )
        self.cpus = frame[0]["cpus"]

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Make the socket one of the event loop, and let the gateway begin."""
        self._socket.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=self._socket, limit=_BUFFER)
        writer.write(frames.pack({"op": "serve"}))
        return reader, writer

    def end(self, *, at_once: bool = False) -> None:
        """Wait until the gateway is gone, which its socket's end makes it; kill it when that takes too long. Blocks.

        Args:
            at_once: Whether to kill it without waiting.
        """
        if at_once:
            self._process.kill()
            self._socket.close()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
