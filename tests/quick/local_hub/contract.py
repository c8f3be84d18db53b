"""Answers held against the contract."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from tests.quick.local_hub.hub_process import ROOT

_CONTRACT = json.loads((ROOT / "tests/contract/contract.json").read_text())


def conforms(document: Any, schema: dict[str, Any]) -> None:
    """Hold a document against a schema of the contract."""
    whole = {**schema, "components": _CONTRACT["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(
        document
    )


def component(name: str) -> dict[str, Any]:
    """A schema of the contract by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def schema(name: str) -> dict[str, Any]:
    """The schema itself."""
    found: dict[str, Any] = _CONTRACT["components"]["schemas"][name]
    return found
