"""Writes DM1: the default simulator's own properties, with the limits that Amazon's developer guide publishes."""

from __future__ import annotations

import json

from braket.default_simulator import DensityMatrixSimulator

from scripts.catalog.aws.common import (
    EXECUTABLES,
    GUIDE,
    program_sets,
    result_types,
    service,
    write_backend,
)
from scripts.catalog.common import gates, write


def main() -> None:
    """Write its files."""
    document = json.loads(DensityMatrixSimulator().properties.json())
    openqasm = document["action"]["braket.ir.openqasm.program"]
    openqasm["supportedResultTypes"] = result_types(100_000, least=0, exact=("DensityMatrix",))
    openqasm["supportedPragmas"] = sorted(
        pragma
        for pragma in openqasm["supportedPragmas"]
        if pragma.startswith(("braket_unitary", "braket_noise", "braket_result"))
        and not pragma.endswith(("state_vector", "amplitude"))
    )
    openqasm["supportPhysicalQubits"] = False
    openqasm["supportsPartialVerbatimBox"] = False
    document["action"] = {
        "braket.ir.openqasm.program": openqasm,
        "braket.ir.openqasm.program_set": program_sets(),
    }
    summary = "Amazon Braket density matrix simulator"
    document["service"] = service([0, 100_000], summary, GUIDE)
    document["paradigm"]["qubitCount"] = 17
    write("devices", "aws.sim.dm1", document)
    names = openqasm["supportedOperations"]
    write_backend(
        "aws.sim.dm1",
        internal_id="arn:aws:braket:::device/quantum-simulator/amazon/dm1",
        hardware_provider="AWS",
        name="dm1",
        display_name="Amazon Braket DM1",
        type="SIMULATOR",
        technology="UNKNOWN",
        documentation={
            "description": "Density matrix simulator with noise. Here: Amazon's default simulator, on this machine.",
            "url": GUIDE,
            "location": "this machine",
            "sdks": ["QISKIT", "PENNYLANE"],
        },
        configuration={
            "gates": gates(names, set(names)),
            "operations": ["measure", "barrier"],
            "qubit_count": 17,
            "connectivity": {"fully_connected": True},
            "shots_range": {"min": 0, "max": 100_000},
            "supported_input_formats": ["BRAKET_OPEN_QASM_V3"],
            "memory_result_supported": True,
            "max_pubs_per_job": EXECUTABLES,
        },
        has_calibration=False,
    )
    limits = {"qubits": 12, "density_matrix_qubits": 10, "probability_qubits": 12}
    write("limits", "aws.sim.dm1", limits)
