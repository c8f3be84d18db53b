"""What the documents of AWS's backends have in common."""

from __future__ import annotations

import random
from typing import Any

from scripts.catalog.common import ALL_DAY, CALIBRATED, UPDATED, write

GUIDE = "https://docs.aws.amazon.com/braket/latest/developerguide/braket-devices.html"
SCHEMA = "braket.device_schema"
# Programs of a program set.
EXECUTABLES = 100
RESULT_PRAGMAS = [
    f"braket_result_type_{name}" for name in ("sample", "expectation", "variance", "probability")
]


def header(name: str, version: str = "1") -> dict[str, str]:
    """The header by which Braket knows a document's schema."""
    return {"name": f"{SCHEMA}.{name}", "version": version}


def service(shots: list[int], summary: str, url: str, **more: Any) -> dict[str, Any]:
    """The `service` of a device: when and where it runs, and how many shots it takes."""
    return {
        "braketSchemaHeader": header("device_service_properties"),
        "executionWindows": [
            {
                "executionDay": "Everyday",
                "windowStartHour": "00:00:00",
                "windowEndHour": "23:59:59",
            }
        ],
        "shotsRange": shots,
        "deviceDocumentation": {"summary": summary, "externalDocumentationUrl": url},
        "deviceLocation": "this machine",
        **more,
    }


def result_types(most: int, *, least: int, exact: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The result types of a device; those of `exact` take no shots."""
    observables = ["x", "y", "z", "h", "i", *(["hermitian"] if exact else [])]
    kinds: list[dict[str, Any]] = [
        {"name": "Sample", "observables": observables, "minShots": 1, "maxShots": most},
        {"name": "Expectation", "observables": observables, "minShots": least, "maxShots": most},
        {"name": "Variance", "observables": observables, "minShots": least, "maxShots": most},
        {"name": "Probability", "minShots": least, "maxShots": most},
    ]
    return kinds + [{"name": name, "minShots": 0, "maxShots": 0} for name in exact]


def write_backend(backend_id: str, **fields: Any) -> None:
    """Write a backend's own document."""
    write(
        "backends",
        backend_id,
        {
            "id": backend_id,
            "provider": "AWS",
            "updated_at": UPDATED,
            "access_type": "PAY_PER_USE",
            "availability": ALL_DAY,
            **fields,
        },
    )


def write_history(backend_id: str, seed: int, make: Any) -> Any:
    """Write three calibrations and give the newest."""
    chance = random.Random(seed)
    made = [make(chance) for _ in CALIBRATED]
    entries = [
        {"calibrated_at": when, "calibration": {**figures, "synthetic": True}}
        for when, figures in zip(CALIBRATED, made, strict=True)
    ]
    write("calibrations", backend_id, entries, compact=True)
    return made[-1]


def program_sets() -> dict[str, Any]:
    """The action by which a device takes program sets."""
    return {
        "actionType": "braket.ir.openqasm.program_set",
        "version": ["1"],
        "maximumExecutables": EXECUTABLES,
        "maximumTotalShots": 200_000,
    }


def qpu_action(
    operations: list[str], pragmas: list[str], *, partial_boxes: bool, most: int
) -> dict[str, Any]:
    """The actions of a quantum computer that runs gates."""
    return {
        "braket.ir.openqasm.program": {
            "version": ["1"],
            "actionType": "braket.ir.openqasm.program",
            "supportedOperations": operations,
            "supportedModifiers": [],
            "supportedPragmas": pragmas,
            "forbiddenPragmas": [],
            "maximumQubitArrays": 1,
            "maximumClassicalArrays": 1,
            "forbiddenArrayOperations": [
                "concatenation",
                "negativeIndex",
                "range",
                "rangeWithStep",
            ],
            "requiresAllQubitsMeasurement": False,
            "supportPhysicalQubits": True,
            "requiresContiguousQubitIndices": False,
            "supportsPartialVerbatimBox": partial_boxes,
            "supportsUnassignedMeasurements": True,
            "disabledQubitRewiringSupported": True,
            "supportedResultTypes": result_types(most, least=1),
        },
        "braket.ir.openqasm.program_set": program_sets(),
    }
