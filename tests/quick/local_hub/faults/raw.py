"""Requests on raw sockets, and the faults that a Hub was given."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.quick.local_hub.hub_process import BELL2, HubProcess

QSIM = "kipu.sim.qsim"
BELL_JOB = {"backend_id": QSIM, "shots": 10, "input": {"qasm": BELL2}}


@dataclass
class Raw:
    """What came back on a socket.

    Attributes:
        status: The status; None where nothing came.
        end: `complete`, or how the connection ended before that: `closed` or `reset`.
    """

    status: int | None
    headers: dict[str, str]
    body: bytes
    end: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def raw(hub: HubProcess, method: str, path: str, document: Any = None) -> Raw:
    """Send a request on a connection of its own and read until the answer or the connection ends."""
    body = b"" if document is None else json.dumps(document).encode()
    host, port = urlsplit(hub.info["base_url"]).hostname, urlsplit(hub.info["base_url"]).port
    lines = [
        f"{method} /quantum{path} HTTP/1.1",
        f"Host: {host}",
        f"X-Auth-Token: {hub.info['token']}",
        f"Content-Length: {len(body)}",
    ]
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        got, end = b"", "complete"
        while not _is_whole(got):
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                end = "reset"
                break
            if not piece:
                end = "closed"
                break
            got += piece
    if not got:
        return Raw(None, {}, b"", end)
    status, headers, content = _parts(got)
    return Raw(status, headers, content, end)


def _is_whole(got: bytes) -> bool:
    if b"\r\n\r\n" not in got:
        return False
    _, headers, content = _parts(got)
    return len(content) >= int(headers.get("content-length", "0"))


def _parts(got: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, content = got.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, content


def add(hub: HubProcess, text: str) -> str:
    answer = hub.http.post("/admin/faults", json={"fault": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def struck(hub: HubProcess, fault_id: str) -> dict[str, int]:
    listed = hub.http.get("/admin/faults").json()["faults"]
    (found,) = (fault for fault in listed if fault["id"] == fault_id)
    assert sum(found["struck_operations"].values()) == found["struck"]
    return dict(found["struck_operations"])


def jobs_now(hub: HubProcess) -> int:
    return int(hub.http.get("/jobs", params={"size": 1}).json()["total_elements"])
