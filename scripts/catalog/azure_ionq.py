"""Writes the catalog of IonQ's simulator on Azure (`python -m scripts.catalog.azure_ionq`).

Sources: 29 qubits and the ideal simulation from Microsoft's page on the provider IonQ, gates and controls from IonQ's
API reference, the gateset from the Hub's API. Neither publishes a device document for it: the one here has the fields
of IonQ's `GET /backends`, filled by hand, and says so.
"""

from __future__ import annotations

from scripts.catalog.common import ALL_DAY, UPDATED, gates, write

BACKEND = "azure.ionq.simulator"
MANUAL = "https://learn.microsoft.com/azure/quantum/provider-ionq"
QUBITS = 29
SHOTS = {"min": 1, "max": 1_000_000}
GATES = [
    *("x", "y", "z", "rx", "ry", "rz", "h", "s", "si", "v", "vi", "t", "ti", "not", "cnot"),
    *("swap", "xx", "yy", "zz", "pauliexp"),
]


def main() -> None:
    """Write all files."""
    write(
        "backends",
        BACKEND,
        {
            "id": BACKEND,
            "internal_id": "ionq.simulator",
            "provider": "AZURE",
            "hardware_provider": "IONQ",
            "name": "simulator",
            "display_name": "IonQ Simulator",
            "type": "SIMULATOR",
            "technology": "TRAPPED_ION",
            "updated_at": UPDATED,
            "access_type": "PAY_PER_USE",
            "documentation": {
                "description": "IonQ's ideal simulator on Azure: exact probabilities. Here: Aer, on this machine. The "
                "device document is synthetic.",
                "url": MANUAL,
                "status_url": "https://status.ionq.co",
                "location": "this machine",
                "sdks": ["QISKIT", "PENNYLANE"],
            },
            "configuration": {
                "gates": gates(GATES, set(GATES)),
                "operations": ["measure", "barrier"],
                "qubit_count": QUBITS,
                "connectivity": {"fully_connected": True},
                "shots_range": SHOTS,
                "supported_input_formats": ["IONQ_CIRCUIT_V1"],
                "output_format": "IONQ_RESULT_V1",
                "memory_result_supported": False,
            },
            "availability": ALL_DAY,
            "has_calibration": False,
        },
    )
    write(
        "devices",
        BACKEND,
        {
            "synthetic": True,
            "description": "Neither IonQ nor Microsoft publishes a device document for it; this one was written for "
            "the local Hub.",
            "backend": "simulator",
            "target": "ionq.simulator",
            "status": "available",
            "qubits": QUBITS,
            "shots_range": SHOTS,
            "noise_models": ["ideal"],
            "gatesets": {"qis": GATES},
            "controls": {"maximum": 7, "swap": 1},
            "input_data_format": "ionq.circuit.v1",
            "output_data_format": "ionq.quantum-results.v1",
            "result": "exact probabilities of integers, qubit 0 least significant, whatever the shots",
        },
    )
    write(
        "limits",
        BACKEND,
        {"qubits": 24, "gates": 500_000, "histogram_entries": 2**20},
    )


if __name__ == "__main__":
    main()
