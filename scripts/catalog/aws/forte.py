"""Writes IonQ Forte: 36 ions, all to all, native gpi, gpi2, zz."""

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

ION_COMPILED = [
    *("x", "y", "z", "h", "s", "si", "t", "ti", "v", "vi", "rx", "ry", "rz", "cnot", "swap"),
    *("xx", "yy", "zz"),
]


def main() -> None:
    """Write its files."""
    backend_id = "aws.ionq.forte"

    def measured(chance: random.Random) -> dict[str, Any]:
        return {
            "braketSchemaHeader": header("ionq.ionq_provider_properties"),
            "fidelity": {
                "1Q": {"mean": round(1 - around(chance, 0.0002, 0.1), 6)},
                "2Q": {"mean": round(1 - around(chance, 0.0046, 0.1), 6)},
                "spam": {"mean": round(1 - around(chance, 0.005, 0.1), 6)},
            },
            "timing": {
                "T1": 100.0,
                "T2": 1.0,
                "1Q": 1.3e-4,
                "2Q": 9.7e-4,
                "readout": 1.5e-4,
                "reset": 5e-5,
            },
        }

    provider = write_history(backend_id, 36, measured)
    native = ["GPI", "GPI2", "ZZ"]
    write(
        "devices",
        backend_id,
        {
            "braketSchemaHeader": header("ionq.ionq_device_capabilities"),
            "synthetic": True,
            "service": service([1, 5_000], "IonQ Forte, simulated", "https://ionq.com"),
            "action": qpu_action(
                ION_COMPILED, ["verbatim", *RESULT_PRAGMAS], partial_boxes=False, most=5_000
            ),
            "paradigm": {
                "braketSchemaHeader": header("gate_model_qpu_paradigm_properties"),
                "connectivity": {"fullyConnected": True, "connectivityGraph": {}},
                "qubitCount": 36,
                "nativeGateSet": native,
            },
            "deviceParameters": {},
            "provider": provider,
        },
    )
    write_backend(
        backend_id,
        internal_id="arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1",
        hardware_provider="IONQ",
        name="Forte-1",
        display_name="IonQ Forte",
        type="QPU",
        technology="TRAPPED_ION",
        documentation={
            "description": "Trapped-ion quantum computer. Here: Amazon's default simulator, on this machine, "
            "with synthetic calibration figures.",
            "url": GUIDE,
            "location": "this machine",
            "sdks": ["QISKIT", "PENNYLANE"],
        },
        configuration={
            "gates": gates(
                [*(n.lower() for n in native), *(n for n in ION_COMPILED if n != "zz")],
                {n.lower() for n in native},
            ),
            "operations": ["measure", "barrier"],
            "qubit_count": 36,
            "connectivity": {"fully_connected": True},
            "shots_range": {"min": 1, "max": 5_000},
            "supported_input_formats": ["BRAKET_OPEN_QASM_V3"],
            "memory_result_supported": True,
            "max_pubs_per_job": EXECUTABLES,
        },
        has_calibration=True,
    )
    write("limits", backend_id, {"qubits": 24, "probability_qubits": 20, "noisy_qubits": 8})
