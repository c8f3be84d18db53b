"""Writes the catalog of QUDORA's XG1 simulator (`python -m scripts.catalog.qudora`).

Sources: gates, `if`, `reset`, the measurement that resets and the names of the settings from the manual and the Qiskit
backend of `qudora-sdk` 2.0; the range of shots from the Hub's public client. QUDORA publishes neither the number of
qubits of the simulator nor its device document: those here are the local Hub's own, and say so.
"""

from __future__ import annotations

from scripts.catalog.common import ALL_DAY, UPDATED, gates, write

BACKEND = "qudora.sim.xg1"
MANUAL = "https://www.qudora.com/"
QUBITS = 20
PROGRAMS = 100
SHOTS = {"min": 1, "max": 10_000}
NATIVE = {"r", "rxx"}
# Any gate of the languages is compiled; these have names in Qiskit's `qelib1.inc` or `stdgates.inc`.
GATES = [
    *("r", "rxx", "id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz"),
    *("p", "u", "cx", "cy", "cz", "ch", "csx", "cp", "crx", "cry", "crz", "cu", "swap", "rzz"),
    *("ccx", "cswap"),
]


def main() -> None:
    """Write all files."""
    write(
        "backends",
        BACKEND,
        {
            "id": BACKEND,
            "internal_id": "XG1 Simulator",
            "provider": "QUDORA",
            "hardware_provider": "QUDORA",
            "name": "xg1",
            "display_name": "QUDORA XG1 Simulator",
            "type": "SIMULATOR",
            "technology": "TRAPPED_ION",
            "updated_at": UPDATED,
            "access_type": "PAY_PER_USE",
            "documentation": {
                "description": "Simulator of a trapped-ion computer. Here: Aer without gate noise, on this machine. "
                "The number of qubits is not published; this one is the local Hub's own (synthetic).",
                "url": MANUAL,
                "location": "this machine",
                "sdks": ["QISKIT"],
            },
            "configuration": {
                "gates": gates(GATES, NATIVE),
                "operations": ["measure", "barrier"],
                "instructions": ["measure", "barrier", "reset", "if_else"],
                "qubit_count": QUBITS,
                "connectivity": {"fully_connected": True},
                "shots_range": SHOTS,
                "supported_input_formats": ["OPEN_QASM_V2", "OPEN_QASM_V3"],
                "memory_result_supported": True,
                "max_pubs_per_job": PROGRAMS,
            },
            "availability": ALL_DAY,
            "has_calibration": False,
        },
    )
    probability = {"type": "number", "minimum": 0, "maximum": 1, "default": 0}
    write(
        "devices",
        BACKEND,
        {
            "synthetic": True,
            "description": "QUDORA publishes no device document; this one has the fields that its API gives "
            "its clients.",
            "username": "xg1",
            "full_name": "XG1 Simulator",
            "max_n_qubits": QUBITS,
            "max_shots": SHOTS["max"],
            "max_programs_per_job": PROGRAMS,
            "user_settings_schema": {
                "properties": {
                    "measurement_error_probability": probability,
                    "two_qubit_gate_noise_strength": {"type": "number", "const": 0, "default": 0},
                }
            },
            "measurement_resets_qubit": True,
            "mid_circuit_measurement": True,
            "classical_control": ["if"],
        },
    )
    write(
        "limits",
        BACKEND,
        {
            "qubits": QUBITS,
            "programs": PROGRAMS,
            "gates": 200_000,
            "openqasm3_characters": 400_000,
            "memory_characters": 10_000_000,
        },
    )


if __name__ == "__main__":
    main()
