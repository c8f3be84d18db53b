"""Writes Rigetti Cepheus: 108 qubits in a lattice of 12 rows of 9 with 193 couplers.

Two of the 195 places have none; which two is not published. Native are rx at multiples of a quarter turn, rz, cz.
"""

from __future__ import annotations

import random
from typing import Any

from scripts.catalog.aws.common import (
    EXECUTABLES,
    GUIDE,
    RESULT_PRAGMAS,
    header,
    qpu_action,
    service,
    write_backend,
    write_history,
)
from scripts.catalog.common import around, gates, write

COMPILED = [
    *("cz", "xy", "ccnot", "cnot", "cphaseshift", "cphaseshift00", "cphaseshift01"),
    *("cphaseshift10", "cswap", "h", "i", "iswap", "phaseshift", "pswap", "rx", "ry", "rz"),
    *("s", "si", "swap", "t", "ti", "x", "y", "z"),
]
MISSING_COUPLERS = {(40, 49), (76, 77)}


def main() -> None:
    """Write its files."""
    backend_id = "aws.rigetti.cepheus"
    rows, columns = 12, 9
    qubits = range(rows * columns)
    edges = [(q, q + 1) for q in qubits if (q + 1) % columns]
    edges += [(q, q + columns) for q in qubits if q + columns < rows * columns]
    edges = sorted(set(edges) - MISSING_COUPLERS)
    graph: dict[str, list[str]] = {str(q): [] for q in qubits}
    for first, second in edges:
        graph[str(first)].append(str(second))
        graph[str(second)].append(str(first))

    def measured(chance: random.Random) -> dict[str, Any]:
        return {
            "braketSchemaHeader": header("standardized_gate_model_qpu_device_properties"),
            "oneQubitProperties": {str(q): _one_qubit(chance) for q in qubits},
            "twoQubitProperties": {f"{a}-{b}": _two_qubits(chance, a, b) for a, b in edges},
        }

    standardized = write_history(backend_id, 108, measured)
    native = ["rx", "rz", "cz", "barrier"]
    url = "https://qcs.rigetti.com"
    write(
        "devices",
        backend_id,
        {
            "braketSchemaHeader": header("rigetti.rigetti_device_capabilities", "2"),
            "synthetic": True,
            "service": service([1, 50_000], "Rigetti Cepheus-1-108Q, simulated", url),
            "action": qpu_action(
                COMPILED, ["verbatim", *RESULT_PRAGMAS], partial_boxes=True, most=50_000
            ),
            "paradigm": {
                "braketSchemaHeader": header("gate_model_qpu_paradigm_properties"),
                "connectivity": {"fullyConnected": False, "connectivityGraph": graph},
                "qubitCount": len(qubits),
                "nativeGateSet": native,
            },
            "deviceParameters": {},
            "standardized": standardized,
        },
        compact=True,
    )
    write_backend(
        backend_id,
        internal_id="arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q",
        hardware_provider="RIGETTI",
        name="Cepheus-1-108Q",
        display_name="Rigetti Cepheus-1-108Q",
        type="QPU",
        technology="SUPERCONDUCTING",
        documentation={
            "description": "Superconducting quantum computer. Here: Amazon's default simulator, on this machine, "
            "with synthetic calibration figures.",
            "url": GUIDE,
            "location": "this machine",
            "sdks": ["QISKIT", "PENNYLANE"],
        },
        configuration={
            "gates": gates([*native[:3], *(n for n in COMPILED if n not in native)], set(native)),
            "operations": ["measure", "barrier"],
            "qubits": [{"id": str(q)} for q in qubits],
            "qubit_count": len(qubits),
            "connectivity": {"fully_connected": False, "graph": graph},
            "shots_range": {"min": 1, "max": 50_000},
            "supported_input_formats": ["BRAKET_OPEN_QASM_V3"],
            "memory_result_supported": True,
            "max_pubs_per_job": EXECUTABLES,
        },
        has_calibration=True,
    )
    write("limits", backend_id, {"qubits": 24, "probability_qubits": 20, "noisy_qubits": 8})


def _one_qubit(chance: random.Random) -> dict[str, Any]:
    return {
        "T1": {"value": around(chance, 3.2e-5), "standardError": None, "unit": "S"},
        "T2": {"value": around(chance, 1.9e-5), "standardError": None, "unit": "S"},
        "oneQubitFidelity": [
            {
                "fidelityType": {"name": "RANDOMIZED_BENCHMARKING", "description": None},
                "fidelity": round(1 - around(chance, 0.0009), 6),
                "standardError": None,
            },
            {
                "fidelityType": {"name": "READOUT", "description": None},
                "fidelity": round(1 - around(chance, 0.045), 6),
                "standardError": None,
            },
        ],
    }


def _two_qubits(chance: random.Random, first: int, second: int) -> dict[str, Any]:
    return {
        "twoQubitGateFidelity": [
            {
                "direction": {"control": first, "target": second},
                "gateName": "CZ",
                "fidelity": round(1 - around(chance, 0.009), 6),
                "standardError": None,
                "fidelityType": {
                    "name": "INTERLEAVED_RANDOMIZED_BENCHMARKING",
                    "description": None,
                },
            }
        ]
    }
