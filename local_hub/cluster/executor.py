"""The executor that computes on a cluster: it hands out the places that are ready, and starts missing ones."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from functools import partial

from local_hub import frames
from local_hub.cluster.connection import Connection
from local_hub.cluster.place import Place
from local_hub.executor import Lease, WorkerLease
from local_hub.settings import Cluster

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_TRIES = 2.0
_STARTS = 3  # a node may leave just when a place starts on it
_KILLED = "its process was killed by SIGKILL"


class ClusterExecutor:
    """Places on a cluster: at most one job each, started when first needed, used again and again."""

    def __init__(
        self, cluster: Cluster, connection: Connection, on_free: Callable[[], None]
    ) -> None:
        """Begin to serve. Needs a running event loop.

        Args:
            cluster: Which cluster, and how much of it.
            connection: The connection to it.
            on_free: Called whenever a place becomes free.
        """
        self._cluster = cluster
        self._connection = connection
        self._on_free = on_free
        self._cpus = 0
        self._places: dict[int, Place] = {}
        self._numbers = itertools.count(1)
        self._missed = False
        self._failed_starts = 0
        self._writer: asyncio.StreamWriter | None = None
        self._serving = asyncio.create_task(self._serve())

    def lease(self, engine: str) -> Lease | None:
        """Take a place that is ready. Where none is, start some: `on_free` tells when they are ready."""
        free = [place for place in self._places.values() if place.is_free]
        self._missed = not free
        if not free:
            # Twice as many with every round, so that a full queue soon has the whole cluster.
            self._start(max(1, sum(place.leased for place in self._places.values())))
            return None
        place = max(free, key=lambda place: place.readiness(engine))
        place.leased = True
        return WorkerLease(place, partial(self._kill, place), partial(self._release, place))

    def warm(self, engine: str | None = None) -> None:
        """Start one place if there is none, and load the engine in one that no job needs."""
        places = self._places.values()
        if engine and max((place.readiness(engine) for place in places), default=0) > 1:
            return
        free = [place for place in places if place.is_free and place.is_ready]
        if free:
            place = max(free, key=lambda place: (place.is_blank, place.readiness(engine or "")))
            place.warm(engine)
            return
        starting = next((place for place in places if not place.is_ready and place.is_blank), None)
        if starting is None:
            starting = self._start(1)
        if starting is not None:
            starting.warm(engine)

    async def close(self) -> None:
        """End all places and the gateway, and wait until it is gone."""
        self._serving.cancel()
        await asyncio.wait({self._serving})
        for place in self._places.values():
            place.lose(_KILLED)
        self._places.clear()
        if self._writer is None:
            await asyncio.to_thread(self._connection.end, at_once=True)
        else:
            self._writer.close()
            await asyncio.to_thread(self._connection.end)

    def _start(self, count: int) -> Place | None:
        """Start some places, as far as there is room; the last of them, or None."""
        limit = min(self._cpus, self._cluster.workers or self._cpus)
        place = None
        for _ in range(min(count, limit - len(self._places)) if self._writer else 0):
            place = Place(next(self._numbers), self._send)
            self._places[place.number] = place
            self._send(
                {
                    "op": "start",
                    "place": place.number,
                    "memory_mb": self._cluster.memory_limit,
                }
            )
        return place

    def _send(self, message: frames.Message, body: bytes = b"") -> None:
        if self._writer is not None:
            self._writer.write(frames.pack(message, body))

    def _kill(self, place: Place) -> None:
        if self._places.pop(place.number, None) is not None:
            self._send({"op": "kill", "place": place.number})
        place.lose(_KILLED)

    def _release(self, place: Place) -> None:
        place.leased = False
        if place.is_lost:
            self._places.pop(place.number, None)
        self._on_free()

    async def _serve(self) -> None:
        while True:
            self._cpus = self._connection.cpus
            reader, self._writer = await self._connection.open()
            self._on_free()
            while (frame := await frames.read_async(reader)) is not None:
                self._handle(*frame)
            writer, self._writer = self._writer, None
            writer.close()
            self._lose_all()
            await asyncio.to_thread(self._connection.end)
            await self._connect_again()

    def _lose_all(self) -> None:
        text = f"the connection to the Ray cluster at {self._cluster.address} was lost"
        _log.warning("%s", text)
        places = list(self._places.values())
        self._places.clear()
        for place in places:
            place.lose(text)

    async def _connect_again(self) -> None:
        last = ""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
            self._connection = Connection(self._cluster.address)
            try:
                await asyncio.to_thread(self._connection.greet)
            except OSError as error:
                if str(error) != last:
                    _log.warning("jobs wait: %s", error)
                last = str(error)
            else:
                return

    def _handle(self, message: frames.Message, body: bytes) -> None:
        if message["op"] == "cpus":
            grown = message["cpus"] > self._cpus
            self._cpus = message["cpus"]
            if grown:
                self._on_free()
            return
        place = self._places.get(message["place"])
        if place is None:
            return  # it was killed meanwhile
        if message["op"] == "answer":
            place.answer(message["ask"], body)
        elif message["op"] == "started":
            self._failed_starts = 0
            place.ready()
            self._on_free()
        else:
            self._lose(place, message["message"])

    def _lose(self, place: Place, text: str) -> None:
        """Note that a place is gone. If several in turn did not start, a job that waits is told why."""
        _log.warning("a worker on the cluster was lost: %s", text)
        self._failed_starts += not place.is_ready
        hopeless = not place.is_ready and self._failed_starts >= _STARTS
        place.lose(text)
        if not (hopeless and self._missed):
            self._places.pop(place.number, None)
        self._on_free()
