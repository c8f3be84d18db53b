"""Hostile requests: each is answered, none with a 500, and the Hub goes on."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.quick.local_hub.hub_process import BELL3, HubProcess

SV1, QSIM, QUDORA = "aws.sim.sv1", "kipu.sim.qsim", "qudora.sim.xg1"
JOB: dict[str, Any] = {"backend_id": SV1, "shots": 10, "input": {"qasm": BELL3}}
SESSION = {"backend_id": SV1, "provider": "AWS", "mode": "batch"}
JSON = {"Content-Type": "application/json"}
DEEP = 100_000


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """A Hub whose server is spoken to; its worker is of no interest here."""
    process = HubProcess("--seed", "7", "--workers", "1", "--sessions", "all")
    yield process
    assert process.http.get("/backends").status_code == 200
    assert process.close() == 0


def with_value(body: dict[str, Any], field: str, text: str) -> bytes:
    """A body in which a field has a value that no JSON writer writes."""
    return json.dumps({**body, field: "@@"}).replace('"@@"', text).encode()


def refused(hub: HubProcess, path: str, body: bytes, *words: str) -> None:
    began = time.monotonic()
    answer = hub.http.post(path, content=body, headers=JSON)
    assert answer.status_code == 422, answer.text[:500]
    for word in words:
        assert word in answer.json()["detail"]
    assert len(answer.text) < 2_000
    assert time.monotonic() - began < 5


# --- bodies


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("field", ["input", "input_params", "tags", "name"])
def test_deep_json(hub: HubProcess, field: str, opening: str, closing: str) -> None:
    refused(hub, "/jobs", with_value(JOB, field, opening * DEEP + "1" + closing * DEEP), "JSON")
    refused(hub, "/jobs", opening.encode() * DEEP, "JSON")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5_000])
@pytest.mark.parametrize(
    ("path", "body", "field", "shape"),
    [
        ("/jobs", JOB, "shots", "{}"),
        ("/jobs", JOB, "input_params", '{{"qubit_count": {}}}'),
        (
            "/jobs",
            {**JOB, "backend_id": "iqm.qpu.garnet"},
            "input_params",
            '{{"custom_settings": {{"a": {}}}}}',
        ),
        ("/jobs", JOB, "input", '{{"qasm": [{}]}}'),
        ("/sessions", SESSION, "metadata", '{{"a": [{}]}}'),
        ("/sessions", SESSION, "ttl", "{}"),
    ],
)
def test_numbers_that_json_does_not_know(
    hub: HubProcess, path: str, body: dict[str, Any], field: str, shape: str, value: str
) -> None:
    refused(
        hub,
        path,
        with_value(body, field, shape.format(value)),
        "JSON" if len(value) > 99 else field,
    )


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udfff\\ud800"', '"a\\u0000b"'])
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/jobs", JOB, "name"),
        ("/jobs", JOB, "tags"),
        ("/sessions", SESSION, "tags"),
        ("/sessions", SESSION, "metadata"),
    ],
)
def test_characters_that_a_database_does_not_store(
    hub: HubProcess, path: str, body: dict[str, Any], field: str, text: str
) -> None:
    shape = {"name": "{}", "tags": "[{}]", "metadata": '{{"a": {0}, {0}: 1}}'}[field]
    refused(hub, path, with_value(body, field, shape.format(text)))


@pytest.mark.parametrize(
    ("path", "body", "change", "words"),
    [
        ("/jobs", JOB, {"name": "x" * 1_001}, ["`name`", "1000"]),
        ("/jobs", JOB, {"tags": ["x" * 1_001]}, ["`tags.0`", "1000"]),
        ("/jobs", JOB, {"tags": [str(number) for number in range(50_000)]}, ["`tags`", "1000"]),
        ("/jobs", JOB, {"backend_id": "x" * 10_000_000}, ["`backend_id`", "100"]),
        ("/jobs", JOB, {"session_id": "x" * 10_000_000}, ["`session_id`"]),
        ("/jobs", JOB, {"session_id": "5"}, ["`session_id`", "UUID"]),
        ("/jobs", JOB, {"input_format": "x" * 1_000_000}, ["`input_format`"]),
        ("/jobs", JOB, {"sdk_provider": ["x"] * 1_000_000}, ["`sdk_provider`"]),
        ("/jobs", JOB, {"input_params": {"a": "x" * 2_000_000}}, ["`input_params`", "1000000"]),
        ("/jobs", JOB, {"shots": 10**300}, ["`shots`", "0 to 100000"]),
        ("/sessions", SESSION, {"metadata": {"a": "x" * 2_000_000}}, ["`metadata`", "1000000"]),
        ("/sessions", SESSION, {"provider": "x" * 1_000}, ["`provider`"]),
        ("/sessions", SESSION, {"ttl": 2**31}, ["`ttl`"]),
    ],
)
def test_too_much(
    hub: HubProcess, path: str, body: dict[str, Any], change: dict[str, Any], words: list[str]
) -> None:
    refused(hub, path, json.dumps({**body, **change}).encode(), *words)


def test_what_is_just_not_too_much(hub: HubProcess) -> None:
    tags = [f"{number:04}" + "😀" * 996 for number in range(40)] + [str(n) for n in range(960)]
    body = {**JOB, "name": "é" * 1_000, "tags": tags}
    job = hub.http.post("/jobs", json=body).json()
    assert job["tags"] == tags
    assert (
        hub.http.get("/workloads", params={"tag": tags[3]}).json()["content"][0]["id"] == job["id"]
    )


def test_of_two_equal_keys_the_last_counts(hub: HubProcess) -> None:
    body = b'{"backend_id": "kipu.sim.qsim", "shots": 0, ' + json.dumps(JOB).encode()[1:]
    answer = hub.http.post("/jobs", content=body)
    assert (answer.status_code, answer.json()["backend_id"]) == (201, SV1)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe{\0}\0",
        b"\xef\xbb\xbf{}",
        b"\0" * 1_000,
        b"null",
        b'"a"',
        gzip.compress(b"{}", mtime=0),
    ],
)
@pytest.mark.parametrize("path", ["/jobs", "/sessions"])
def test_what_is_no_json_object(hub: HubProcess, path: str, body: bytes) -> None:
    refused(hub, path, body)


def test_how_a_body_is_sent(hub: HubProcess) -> None:
    text = json.dumps(JOB).encode()

    def parts() -> Iterator[bytes]:
        for begin in range(0, len(text), 7):
            yield text[begin : begin + 7]

    assert hub.http.post("/jobs", content=parts(), headers=JSON).status_code == 201
    packed = hub.http.post(
        "/jobs", content=gzip.compress(text), headers={**JSON, "Content-Encoding": "gzip"}
    )
    assert (packed.status_code, "gzip" in packed.json()["detail"]) == (422, True)
    assert hub.http.post("/jobs", data={"backend_id": SV1}).status_code == 422
    assert hub.http.post("/jobs", files={"input": text}).status_code == 422


@pytest.mark.parametrize(
    "request_text",
    [
        "POST /quantum/jobs HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{",
        "POST /quantum/jobs HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /quantum/jobs HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST /quantum/jobs HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "GET /quantum/jobs HTTP/1.1\r\nHost: h\r\nX-Auth-Token: a\0b\r\n\r\n",
        "GET /quantum/" + "a" * 300_000 + " HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://elsewhere/quantum/jobs HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0",
    ],
)
def test_what_is_hardly_http(hub: HubProcess, request_text: str) -> None:
    place = urlsplit(hub.info["base_url"])
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 80), timeout=5) as connection:
        connection.sendall(request_text.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert b" 500 " not in answer
    assert answer[:12] in (b"", *(b"HTTP/1.1 %d" % code for code in (400, 401, 404, 414, 422)))


# --- queries, paths and headers

PAGES = [
    *(("page", value, 422) for value in ("-1", "x", "1e3", "NaN", "%00", "9" * 5_000)),
    *(("page", value, 200) for value in ("99999999999999999999", "9223372036854775807")),
    *(("size", value, 422) for value in ("0", "-1", "9" * 5_000)),
    ("size", "99999999999999999999", 200),
    *(
        ("sort", value, 200)
        for value in ("%00", ",,,", "id;drop table jobs", "id,asc&sort=" * 3_000, "number,sideways")
    ),
]


@pytest.mark.parametrize("path", ["/jobs", "/workloads"])
@pytest.mark.parametrize(("name", "value", "code"), PAGES, ids=lambda value: str(value)[:20])
def test_pages(hub: HubProcess, path: str, name: str, value: str, code: int) -> None:
    answer = hub.http.get(f"{path}?{name}={value}")
    assert answer.status_code == code, answer.text[:300]
    if code == 422:
        assert f"`{name}`" in answer.json()["detail"]
    assert hub.http.get(path).status_code == 200


@pytest.mark.parametrize(
    "query", ["tag=" + "x" * 50_000, "status=%00", "tag=" + "&tag=".join(map(str, range(2_000)))]
)
def test_filters(hub: HubProcess, query: str) -> None:
    answer = hub.http.get(f"/workloads?{query}")
    assert answer.status_code == 422
    assert f"`{query.partition('=')[0]}`" in answer.json()["detail"]


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "../../etc/passwd",
        "%00",
        "a" * 5_000,
        "%ff",
        "%0d%0aX-Evil:%201",
        "'or'1'='1",
    ],
)
@pytest.mark.parametrize(
    "path",
    ["/jobs/{}", "/sessions/{}/jobs", "/backends/{}/config", "/service-executions/{}/workloads"],
)
def test_ids(hub: HubProcess, path: str, name: str) -> None:
    answer = hub.http.get(path.format(name))
    assert answer.status_code == 404
    assert len(answer.json()["detail"]) < 1_000
    assert "x-evil" not in answer.headers
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-Auth-Token": b"\xe9\xff"}, 401),
        ({"X-Auth-Token": "x" * 60_000}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"X-OrganizationId": "x" * 5_000}, 403),
        ({"X-OrganizationId": b"a\xff'--"}, 200),
        ({"X-OrganizationId": ""}, 200),
        ({"Range": "bytes=0-" + "9" * 1_000, "Cookie": "a" * 30_000}, 200),
    ],
    ids=lambda value: str(value)[:30],
)
def test_headers(hub: HubProcess, headers: dict[str, Any], code: int) -> None:
    assert hub.http.get("/jobs", headers=headers).status_code == code
