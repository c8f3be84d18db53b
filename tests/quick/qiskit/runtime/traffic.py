"""What a service sends to its Hub, written down and held against the contract."""

from __future__ import annotations

import base64
import functools
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema

from qhub_qiskit import HubRuntimeService
from shared_transport import HubClient
from tests.contract_check import CONTRACT, Record, recording_transport

__all__ = ["Traffic", "qpy_versions", "recorded"]


class Traffic(httpx.BaseTransport):
    """A transport that keeps what passes.

    Attributes:
        sent: Method and path of each request, such as ``GET /jobs``, in their order.
        bodies: The bodies of the POSTs of jobs.
    """

    def __init__(self, base_path: str) -> None:
        self._record = Record(base_path=base_path)
        self._inner = recording_transport(httpx.HTTPTransport(), self._record)
        self._base_path = base_path
        self.sent: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(self._base_path)
        self.sent.append(f"{request.method} {path}")
        if self.sent[-1] == "POST /jobs":
            self.bodies.append(json.loads(request.read()))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()

    def count(self, pattern: str) -> int:
        """How many requests there were of a kind, such as ``GET /jobs/.+/status``."""
        return sum(re.fullmatch(pattern, one) is not None for one in self.sent)

    def forget(self) -> None:
        """Begin anew."""
        self.sent.clear()
        self.bodies.clear()
        self._record.violations.clear()

    def assert_clean(self) -> None:
        """Check that the contract allows every request, and that each job satisfies the schemas of IBM's.

        Raises:
            AssertionError: It does not.
        """
        self._record.assert_clean()
        for body in self.bodies:
            if str(body["backend_id"]).startswith("ibm."):
                _validator("IBM_JobInput").validate(body["input"])
                _validator("IBM_JobInputParams").validate(body["input_params"])
                assert body["input_format"] == "QISKIT_QPY"
                assert body["sdk_provider"] == "QISKIT"
                versions = qpy_versions(body["input"])
                assert versions
                assert max(versions) <= 17  # what IBM's service reads


@contextmanager
def recorded(
    service: HubRuntimeService, **settings: Any
) -> Iterator[tuple[HubRuntimeService, Traffic]]:
    """Another service on the same Hub, whose requests are kept.

    Args:
        service: The service.
        **settings: Settings that differ.
    """
    plain = service.client.settings
    traffic = Traffic(urlsplit(plain.base_url).path)
    with HubClient(replace(plain, **settings), transport=traffic) as client:
        yield HubRuntimeService(client=client), traffic


def qpy_versions(document: Any) -> list[int]:
    """The versions of all QPY in a job's input: the byte after QISKIT, at the beginning of its file."""
    if isinstance(document, list):
        return [version for entry in document for version in qpy_versions(entry)]
    if not isinstance(document, dict):
        return []
    if document.get("__type__") in ("QuantumCircuit", "Instruction"):
        content = zlib.decompress(base64.standard_b64decode(document["__value__"]))
        assert content[:6] == b"QISKIT"
        return [content[6]]
    return [version for entry in document.values() for version in qpy_versions(entry)]


@functools.cache
def _validator(name: str) -> Any:
    schema = {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}
    return jsonschema.Draft202012Validator(schema)
