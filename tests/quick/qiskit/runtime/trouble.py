"""Difficulties that a local Hub can be brought into: lost connections, states of backends, long queues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from qhub_qiskit import HubRuntimeService
from tests.quick.qiskit.runtime.traffic import Traffic, recorded

__all__ = ["Trouble"]


class Trouble:
    """A Hub and the admin's way to it.

    Attributes:
        service: A service on it.
    """

    def __init__(self, service: HubRuntimeService) -> None:
        settings = service.client.settings
        assert settings.token is not None
        self.service = service
        self._admin = httpx.Client(
            base_url=settings.base_url,
            headers={"X-Auth-Token": settings.token.get_secret_value()},
            timeout=30,
        )

    def fresh(self) -> HubRuntimeService:
        """A service that remembers nothing of the Hub."""
        return HubRuntimeService(client=self.service.client)

    @contextmanager
    def client(self, **settings: Any) -> Iterator[tuple[HubRuntimeService, Traffic]]:
        """A service of a client of its own, and what it sends."""
        with recorded(self.service, **settings) as pair:
            yield pair

    def fault(self, text: str) -> str:
        """Put a fault in force; its id. `python -m local_hub --help` tells of the syntax."""
        answer = self._admin.post("/admin/faults", json={"fault": text})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def remove(self, fault: str) -> None:
        """End a fault."""
        assert self._admin.delete(f"/admin/faults/{fault}").status_code == 204

    def struck(self, fault: str) -> int:
        """How often a fault struck."""
        listed = self._admin.get("/admin/faults").json()["faults"]
        (found,) = (one for one in listed if one["id"] == fault)
        return int(found["struck"])

    def state(self, backend: str, word: str) -> None:
        """Give a backend a state."""
        answer = self._admin.put(f"/admin/backends/{backend}", json={"status": word})
        assert answer.status_code == 200, answer.text

    def jobs(self) -> list[str]:
        """The ids of all jobs that the Hub has."""
        return [job.id for job in self.service.client.jobs.list()]

    def sessions(self) -> set[str]:
        """The ids of all sessions that the Hub has."""
        listed = self.service.client.workloads.list()
        return {one.id for one in listed if str(one.type).upper() == "SESSION"}

    def end(self) -> None:
        """End all difficulties."""
        assert self._admin.post("/admin/reset").status_code == 204
        self._admin.close()
