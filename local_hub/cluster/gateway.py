"""The gateway: the process between the server and the cluster (`python -m local_hub.cluster.gateway`).

It is the driver of a Ray job: it starts the actors of the places, passes requests and answers on, and tells the server
how many CPUs there are. It ends when the server's end of the socket closes, and the actors end with it, since they are
its job's.

From the server: `serve`, `start` a place, `ask` it something (the worker's request follows), `kill` it.
To the server: `connected` or `unreachable` first; `cpus`, `started`, `answer` (the worker's answers follow), `lost`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
from collections.abc import Coroutine
from types import ModuleType
from typing import Any

from local_hub import frames
from local_hub.cluster.actor import Worker, installed_version

_SECONDS_TO_REACH = 3.0
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_TO_END = 10
_BUFFER = 2**20


def main() -> None:
    """Connect, and serve until the socket ends."""
    parser = argparse.ArgumentParser(prog="python -m local_hub.cluster.gateway")
    parser.add_argument("--address", required=True, help="HOST:PORT of the cluster")
    parser.add_argument("--socket", required=True, type=int, help="file descriptor to the server")
    arguments = parser.parse_args()
    server = socket.socket(fileno=arguments.socket)
    try:
        ray = _connect(arguments.address)
    except _Unreachable as error:
        server.sendall(frames.pack({"op": "unreachable", "message": str(error)}))
        return
    # Ctrl-C reaches the server too, and the server ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server.sendall(frames.pack({"op": "connected", "cpus": _cpus(ray)}))
    asyncio.run(_Gateway(ray).serve(server))
    # A cluster that is gone must not keep this process: its calls wait for a minute.
    signal.alarm(_SECONDS_TO_END)
    ray.shutdown()


class _Unreachable(Exception):
    """There is no cluster to work with. The text says why."""


def _connect(address: str) -> ModuleType:
    try:
        import ray
    except ImportError:
        raise _Unreachable(
            "Ray is not installed; install it with: pip install 'qhub-plugins[team]'"
        ) from None
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_REACH).close()
    except OSError as error:
        raise _Unreachable(
            f"no Ray cluster can be reached at {address}: {error.strerror or error}"
        ) from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        text = " ".join(str(error).split())
        raise _Unreachable(
            f"the Ray cluster at {address} cannot be used: {text or type(error).__name__} "
            "(this machine must be a node of the cluster, with its versions of Python and Ray)"
        ) from None
    return ray


def _cpus(ray: ModuleType) -> int:
    """How many whole CPUs the nodes that are alive have. Blocks."""
    return sum(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])


class _Gateway:
    def __init__(self, ray: ModuleType) -> None:
        self._ray = ray
        self._actor_class: Any = ray.remote(Worker)
        self._actors: dict[int, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, server: socket.socket) -> None:
        """Carry the server's messages out until there are no more."""
        reader, self._writer = await asyncio.open_connection(sock=server, limit=_BUFFER)
        while (frame := await frames.read_async(reader)) is not None:
            message, body = frame
            if message["op"] == "serve":
                self._begin(self._count())
            elif message["op"] == "start":
                self._begin(self._attend(message["place"], message["memory_mb"]))
            elif message["op"] == "ask":
                self._begin(self._ask(message["place"], message["ask"], message["load"], body))
            else:
                self._kill(message["place"])
        for number in list(self._actors):
            self._kill(number)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, message: frames.Message, body: bytes = b"") -> None:
        self._writer.write(frames.pack(message, body))

    async def _count(self) -> None:
        known = -1
        while True:
            cpus = await asyncio.to_thread(_cpus, self._ray)
            if cpus != known:
                self._say({"op": "cpus", "cpus": cpus})
            known = cpus
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def _attend(self, number: int, memory_mb: int | None) -> None:
        """Start a place and wait for its end."""
        actor = self._actor_class.options(
            num_cpus=1, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD"
        ).remote()
        self._actors[number] = actor
        try:
            await actor.open.remote(installed_version(), memory_mb)
            self._say({"op": "started", "place": number})
            self._lose(number, await actor.ended.remote())
        except self._ray.exceptions.RayError as error:
            self._lose(number, _reason(error))

    async def _ask(self, number: int, ask: int, load: bool, request: bytes) -> None:
        actor = self._actors.get(number)
        if actor is None:
            return  # it was lost, and the server is told so
        try:
            answers = await actor.ask.remote(request, load=load)
        except self._ray.exceptions.RayError as error:
            self._lose(number, _reason(error))
            return
        if answers is not None:
            self._say({"op": "answer", "place": number, "ask": ask}, answers)

    def _lose(self, number: int, text: str) -> None:
        if number in self._actors:
            self._kill(number)
            self._say({"op": "lost", "place": number, "message": text})

    def _kill(self, number: int) -> None:
        actor = self._actors.pop(number, None)
        if actor is not None:
            self._ray.kill(actor)


def _reason(error: Exception) -> str:
    """Ray's report in a clause, after "each time": what was lost, or the last line of what was raised."""
    text = str(error)
    if "temporarily unavailable" in text:  # its connection broke, and Ray does not know yet of what
        return "its process or its node on the cluster was lost"
    if "node has died" in text or "node was terminated" in text:
        return "its node left the cluster"
    if "worker process has died" in text:
        return "its process on the cluster was killed or crashed"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"its process on the cluster could not be used: {lines[-1] if lines else type(error).__name__}"


if __name__ == "__main__":
    main()
