"""Answers held against the contract."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jsonschema

from tests import contract_check
from tests.quick.local_hub.hub_process import ROOT

CONTRACT: dict[str, Any] = json.loads((ROOT / "tests/contract/contract.json").read_text())
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}
# Codes that happen though the operation names them nowhere: a query outside of its schema (422); a backend that there
# is not (404); a session whose state forbids it (422); a part of a file (206, 416; RFC 9110).
_QUERY = {name: {422} for name in ("searchJobs", "getWorkloads", "getServiceExecutionWorkloads")}
_FILES = {name: {206, 416} for name in ("getJobResultStream", "getServiceExecutionJobResultStream")}
UNDOCUMENTED: dict[str, set[int]] = {
    **_QUERY,
    **_FILES,
    "getBackends": {401, 403, 422},
    "getBackendCalibration": {422},
    "getLeastBusyBackend": {403},
    "createSession": {404},
    "updateServiceExecutionSessionState": {400, 422},
}


def conforms(document: Any, schema: dict[str, Any]) -> None:
    """Hold a document against a schema of the contract."""
    whole = {**schema, "components": CONTRACT["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(
        document
    )


def component(name: str) -> dict[str, Any]:
    """A schema of the contract by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def schema(name: str) -> dict[str, Any]:
    """The schema itself."""
    found: dict[str, Any] = CONTRACT["components"]["schemas"][name]
    return found


def check_answer(answer: httpx.Response, base_path: str = "/quantum") -> str:
    """Hold an answer against the operation that was asked: its code, its content type and its body.

    Returns:
        The operation's id.
    """
    path = answer.request.url.raw_path.partition(b"?")[0].decode().removeprefix(base_path)
    name = contract_check.find(answer.request.method, path)[0].id
    documented = OPERATIONS[name][2]["responses"]
    code = answer.status_code
    told = f"{name} answered {code}: {answer.text[:300]}"
    assert str(code) in documented or code in UNDOCUMENTED.get(name, ()), told
    assert code != 500, told
    if code == 204:
        assert answer.content == b"", told
    elif code >= 400 and code != 416:
        assert answer.headers["content-type"] == "application/json", told
        assert isinstance(answer.json()["detail"], str), told
        assert answer.json()["detail"], told
    else:
        # A part of a file (206, 416) is described as the file is.
        _check_success(answer, documented[str(code) if str(code) in documented else "200"])
    return name


def _check_success(answer: httpx.Response, described: dict[str, Any]) -> None:
    content = described.get("content", {})
    if "application/json" in content:
        assert answer.headers["content-type"] == "application/json"
        conforms(answer.json(), content["application/json"]["schema"])
    else:
        assert "*/*" in content or not answer.content
