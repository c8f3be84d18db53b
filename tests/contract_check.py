"""Checks requests against the contract: each one that a test causes is one that the API describes.

`check_request` checks one. `recording_transport` and `async_recording_transport` wrap a transport and check
what passes through. Only what is named here may differ from the contract: `NEWER_READS`, `NEWER_FILTERS` and
`ZERO_SHOTS`; and requests for an OAuth token, which are not requests to the Hub.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import jsonschema

CONTRACT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "contract" / "contract.json").read_text(encoding="utf-8")
)
# Reads of API 3.3, which the contract (1.0) does not describe. None takes a parameter or a body.
NEWER_READS = {
    "/backends/{id}/calibration-history": "getBackendCalibrationHistory",
    "/jobs/{id}/input/normalized": "getJobInputNormalized",
    "/jobs/{id}/result/normalized": "getJobResultNormalized",
    "/jobs/{id}/result/normalized/memory": "getJobResultNormalizedMemory",
    "/runtime-minutes": "getRuntimeMinutes",
    "/service-executions/{serviceExecutionId}/sessions/{sessionId}": "getServiceExecutionSession",
}
# Filters of getWorkloads in API 3.3, each repeatable.
NEWER_FILTERS = frozenset(
    {"type", "status", "provider", "backendId", "tag", "origin", "serviceExecutionId"}
)
# Where the local Hub takes shots=0: an extension of its own.
ZERO_SHOTS = frozenset({"aws.sim.sv1", "aws.sim.dm1"})

_CREDENTIALS = ("x-auth-token", "authorization")
_JSON_KINDS = {"integer": r"-?(0|[1-9][0-9]*)", "boolean": "true|false", "string": r"(?s).*"}
_FORMATS = jsonschema.FormatChecker(formats=["uuid", "date"])


def _int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


def _int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _rfc3339(value: object) -> bool:
    if not isinstance(value, str):
        return True
    shape = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    return bool(re.fullmatch(shape, value)) and datetime.fromisoformat(value.upper()) is not None


_FORMATS.checks("int32")(_int32)
_FORMATS.checks("int64")(_int64)
_FORMATS.checks("date-time", raises=ValueError)(_rfc3339)


@dataclass(frozen=True)
class Described:
    """An operation as the contract has it.

    Attributes:
        id: Its operation id.
        path: Its path, with the parameters' names in braces.
        parameters: Their schemas and more by place and name, such as ``("query", "page")``.
        body: The schema of its body, or None where it has none.
        body_required: Whether there has to be one.
    """

    id: str
    path: str
    parameters: Mapping[tuple[str, str], Mapping[str, Any]]
    body: Mapping[str, Any] | None = None
    body_required: bool = False


def check_request(
    method: str,
    url_path_below_base: str,
    params: Iterable[tuple[str, str]] | Mapping[str, str] = (),
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    short_ids: bool = False,
) -> None:
    """Check a request.

    Args:
        method: The HTTP method.
        url_path_below_base: The path after the base URL's, percent-encoded, such as ``/jobs``.
        params: The query's pairs, decoded.
        headers: The headers. None leaves them unchecked, a content type too.
        body: The body as it is sent.
        short_ids: Whether the ids in the path may be any text (``j1``) and need not be UUIDs.

    Raises:
        AssertionError: It is not a request that the contract describes.
    """
    described, values = find(method, url_path_below_base)
    name = described.id
    if not short_ids:
        for key, value in values.items():
            parameter = described.parameters.get(("path", key), {"schema": {"type": "string"}})
            _check_value(f"{name}: path parameter {key!r}", parameter["schema"], value)
    pairs = list(params.items() if isinstance(params, Mapping) else params)
    _check_query(described, pairs)
    if headers is not None:
        _check_headers(described, {key.lower(): value for key, value in headers.items()}, body)
    _check_body(described, body)


def find(method: str, path: str) -> tuple[Described, dict[str, str]]:
    """The operation that a request means, and the values of the parameters in its path.

    Raises:
        AssertionError: There is none.
    """
    there = False
    # A path without parameters wins: /backends/least-busy is no backend's.
    for pattern, methods in _patterns():
        match = pattern.fullmatch(path)
        if match:
            there = True
            if method in methods:
                found = methods[method]
                names = re.findall(r"{(\w+)}", found.path)
                return found, dict(zip(names, map(unquote, match.groups()), strict=True))
    why = "this path has no such method" if there else "no such path"
    raise AssertionError(f"{method} {path}: {why} in the contract")


@functools.cache
def operation_ids() -> frozenset[str]:
    """The ids of the contract's operations, those of API 3.3 not among them."""
    newer = set(NEWER_READS.values())
    return frozenset(o.id for _, methods in _patterns() for o in methods.values()) - newer


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Described]]]:
    paths: dict[str, dict[str, Described]] = {}
    for path, methods in CONTRACT["paths"].items():
        paths[path] = {
            method.upper(): _described(path, operation) for method, operation in methods.items()
        }
    for path, name in NEWER_READS.items():
        paths.setdefault(path, {}).setdefault("GET", Described(name, path, {}))
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "([^/?#]+)", re.escape(path))), paths[path])
        for path in sorted(paths, key=lambda path: path.count("{"))
    ]


def _described(path: str, operation: Mapping[str, Any]) -> Described:
    body = operation.get("requestBody")
    parameters = {(p["in"], p["name"]): p for p in operation.get("parameters", ())}
    if operation["operationId"] == "getWorkloads":
        words = {"schema": {"type": "array", "items": {"type": "string"}}}
        parameters |= {("query", name): words for name in NEWER_FILTERS}
    return Described(
        operation["operationId"],
        path,
        parameters,
        body["content"]["application/json"]["schema"] if body else None,
        bool(body and body.get("required")),
    )


def _check_query(described: Described, pairs: list[tuple[str, str]]) -> None:
    seen: set[str] = set()
    for key, value in pairs:
        where = f"{described.id}: query parameter {key!r}"
        parameter = described.parameters.get(("query", key))
        assert parameter is not None, f"{where} is not in the contract"
        schema = parameter["schema"]
        if schema["type"] == "array":
            schema = schema["items"]
        else:
            assert key not in seen, f"{where} is given twice"
        seen.add(key)
        _check_value(where, schema, value)
    for (place, key), parameter in described.parameters.items():
        if place == "query" and parameter.get("required"):
            assert key in seen, f"{described.id}: query parameter {key!r} is missing"


def _check_value(where: str, schema: Mapping[str, Any], text: str) -> None:
    kind = schema["type"]
    assert re.fullmatch(_JSON_KINDS[kind], text), f"{where} is no {kind}: {text!r}"
    _validate(where, schema, text if kind == "string" else json.loads(text))


def _check_headers(described: Described, headers: Mapping[str, str], body: bytes | None) -> None:
    name = described.id
    for key in headers:
        known = key in _CREDENTIALS or key == "x-organizationid" or not key.startswith("x-")
        assert known, f"{name}: header {key!r} is not in the contract"
    both = all(key in headers for key in _CREDENTIALS)
    assert not both, f"{name}: an API key and an OAuth token at once"
    assert headers.get("x-organizationid") != "", f"{name}: an empty X-OrganizationId"
    if body:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        assert kind == "application/json", f"{name}: the body's content type is {kind!r}"


def _check_body(described: Described, body: bytes | None) -> None:
    name, schema = described.id, described.body
    if schema is None:
        assert not body, f"{name}: it takes no body"
        return
    if not body:
        assert not described.body_required, f"{name}: its body is missing"
        return
    try:
        document = json.loads(body, parse_constant=_no_json)
    except ValueError as problem:
        reason = str(problem)
        document = None
    else:
        reason = ""
    assert not reason, f"{name}: the body is no JSON: {reason}"
    if isinstance(document, dict):
        declared = CONTRACT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for key in document:
            assert key in declared["properties"], f"{name}: {key!r} is not in the body's schema"
        shots = document.get("shots")
        if shots == 0 and type(shots) is int and document.get("backend_id") in ZERO_SHOTS:
            document = {**document, "shots": 1}
    for one in _one_by_one(document):
        _validate(f"{name}: body", schema, one)


def _one_by_one(document: Any) -> list[Any]:
    """A body whose ``input.qasm`` is a list, as API 3.3 has it on QUDORA and AWS, as one body a program."""
    job_input = document.get("input") if isinstance(document, dict) else None
    programs = job_input.get("qasm") if isinstance(job_input, dict) else None
    if not isinstance(programs, list) or not programs:
        return [document]
    return [{**document, "input": {**job_input, "qasm": program}} for program in programs]


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not in JSON")


def _validate(where: str, schema: Mapping[str, Any], value: Any) -> None:
    problem = jsonschema.exceptions.best_match(_validator(json.dumps(schema)).iter_errors(value))
    if problem is not None:
        place = "".join(f"[{part!r}]" for part in problem.absolute_path)
        raise AssertionError(f"{where}{place}: {problem.message[:500]}")


@functools.cache
def _validator(schema: str) -> Any:
    whole = {**json.loads(schema), "components": CONTRACT["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=_FORMATS)


# --- transports  ---


@dataclass
class Record:
    """What passed through transports. Several may share one.

    Attributes:
        base_path: The path of the base URL.
        short_ids: As for `check_request`.
        seen: The operation ids, in the order of the requests.
        violations: What was wrong. A client may swallow an error in a thread; this keeps it.
    """

    base_path: str = "/quantum"
    short_ids: bool = False
    seen: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def check(self, request: httpx.Request) -> None:
        """Check a request whose body was read.

        Raises:
            AssertionError: It is not a request that the contract describes.
        """
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        try:
            if self._asks_for_a_token(request, path):
                return
            below = path.removeprefix(self.base_path)
            inside = path.startswith(self.base_path) and below.startswith("/")
            assert inside, f"{request.method} {path} is not below {self.base_path!r}"
            self.seen.append(find(request.method, below)[0].id)
            check_request(
                request.method,
                below,
                request.url.params.multi_items(),
                request.headers,
                request.content,
                short_ids=self.short_ids,
            )
        except AssertionError as problem:
            self.violations.append(str(problem))
            raise

    def assert_clean(self) -> None:
        """Check once more at the end that nothing was wrong.

        Raises:
            AssertionError: Something was.
        """
        assert not self.violations, "\n".join(self.violations)

    def _asks_for_a_token(self, request: httpx.Request, path: str) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0]
        form = kind == "application/x-www-form-urlencoded"
        return request.method == "POST" and form and not path.startswith(self.base_path + "/")


class RecordingTransport(httpx.BaseTransport):
    """A transport that checks each request and hands it on."""

    def __init__(self, inner: httpx.BaseTransport, record: Record) -> None:
        self.inner = inner
        self.record = record

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.record.check(request)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


class AsyncRecordingTransport(httpx.AsyncBaseTransport):
    """The same for asynchronous clients."""

    def __init__(self, inner: httpx.AsyncBaseTransport, record: Record) -> None:
        self.inner = inner
        self.record = record

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.record.check(request)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


def recording_transport(
    inner: httpx.BaseTransport, record: Record | None = None
) -> RecordingTransport:
    """Wrap a transport, so that each request that passes through it is checked."""
    return RecordingTransport(inner, record or Record())


def async_recording_transport(
    inner: httpx.AsyncBaseTransport, record: Record | None = None
) -> AsyncRecordingTransport:
    """Wrap an asynchronous transport likewise."""
    return AsyncRecordingTransport(inner, record or Record())
