"""Writes the catalog of AWS: DM1, Rigetti Cepheus, IonQ Forte, QuEra Aquila (`python -m scripts.catalog.aws`).

Sources: DM1 from the default simulator's own properties and the limits that Amazon's developer guide publishes.
Aquila from the capabilities that Amazon and QuEra publish. Cepheus: 108 qubits in a lattice of 12 rows of 9 with
193 couplers (two of the 195 places have none; which two is not published), native rx at multiples of a quarter turn,
rz, cz. Forte: 36 ions, all to all, native gpi, gpi2, zz. What is measured on a device (errors, times) is drawn here
around typical published values by a seed, and says so: "synthetic": true.
"""

from __future__ import annotations

import json
import random
from typing import Any

from braket.default_simulator import DensityMatrixSimulator

from scripts.catalog.common import ALL_DAY, CALIBRATED, UPDATED, around, gates, write

GUIDE = "https://docs.aws.amazon.com/braket/latest/developerguide/braket-devices.html"
SCHEMA = "braket.device_schema"
COMPILED = [
    *("cz", "xy", "ccnot", "cnot", "cphaseshift", "cphaseshift00", "cphaseshift01"),
    *("cphaseshift10", "cswap", "h", "i", "iswap", "phaseshift", "pswap", "rx", "ry", "rz"),
    *("s", "si", "swap", "t", "ti", "x", "y", "z"),
]
ION_COMPILED = [
    *("x", "y", "z", "h", "s", "si", "t", "ti", "v", "vi", "rx", "ry", "rz", "cnot", "swap"),
    *("xx", "yy", "zz"),
]
MISSING_COUPLERS = {(40, 49), (76, 77)}


def main() -> None:
    """Write all files."""
    _dm1()
    _cepheus()
    _forte()
    _aquila()


def _header(name: str, version: str = "1") -> dict[str, str]:
    return {"name": f"{SCHEMA}.{name}", "version": version}


def _service(shots: list[int], summary: str, url: str, **more: Any) -> dict[str, Any]:
    return {
        "braketSchemaHeader": _header("device_service_properties"),
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


def _results(most: int, *, least: int, exact: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    observables = ["x", "y", "z", "h", "i", *(["hermitian"] if exact else [])]
    kinds: list[dict[str, Any]] = [
        {"name": "Sample", "observables": observables, "minShots": 1, "maxShots": most},
        {"name": "Expectation", "observables": observables, "minShots": least, "maxShots": most},
        {"name": "Variance", "observables": observables, "minShots": least, "maxShots": most},
        {"name": "Probability", "minShots": least, "maxShots": most},
    ]
    return kinds + [{"name": name, "minShots": 0, "maxShots": 0} for name in exact]


def _backend(backend_id: str, **fields: Any) -> None:
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


def _history(backend_id: str, seed: int, make: Any) -> Any:
    """Write three calibrations and give the newest."""
    chance = random.Random(seed)
    made = [make(chance) for _ in CALIBRATED]
    entries = [
        {"calibrated_at": when, "calibration": {**figures, "synthetic": True}}
        for when, figures in zip(CALIBRATED, made, strict=True)
    ]
    write("calibrations", backend_id, entries, compact=True)
    return made[-1]


def _dm1() -> None:
    document = json.loads(DensityMatrixSimulator().properties.json())
    openqasm = document["action"]["braket.ir.openqasm.program"]
    openqasm["supportedResultTypes"] = _results(100_000, least=0, exact=("DensityMatrix",))
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
        "braket.ir.openqasm.program_set": _program_sets(),
    }
    summary = "Amazon Braket density matrix simulator"
    document["service"] = _service([0, 100_000], summary, GUIDE)
    document["paradigm"]["qubitCount"] = 17
    write("devices", "aws.sim.dm1", document)
    names = openqasm["supportedOperations"]
    _backend(
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
        },
        has_calibration=False,
    )
    limits = {"qubits": 12, "density_matrix_qubits": 10, "probability_qubits": 12}
    write("limits", "aws.sim.dm1", limits)


def _program_sets() -> dict[str, Any]:
    return {
        "actionType": "braket.ir.openqasm.program_set",
        "version": ["1"],
        "maximumExecutables": 100,
        "maximumTotalShots": 200_000,
    }


def _qpu_action(
    operations: list[str], pragmas: list[str], *, partial_boxes: bool, most: int
) -> dict[str, Any]:
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
            "supportedResultTypes": _results(most, least=1),
        },
        "braket.ir.openqasm.program_set": _program_sets(),
    }


RESULT_PRAGMAS = [
    f"braket_result_type_{name}" for name in ("sample", "expectation", "variance", "probability")
]


def _cepheus() -> None:
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
            "braketSchemaHeader": _header("standardized_gate_model_qpu_device_properties"),
            "oneQubitProperties": {str(q): _one_qubit(chance) for q in qubits},
            "twoQubitProperties": {f"{a}-{b}": _two_qubits(chance, a, b) for a, b in edges},
        }

    standardized = _history(backend_id, 108, measured)
    native = ["rx", "rz", "cz", "barrier"]
    url = "https://qcs.rigetti.com"
    write(
        "devices",
        backend_id,
        {
            "braketSchemaHeader": _header("rigetti.rigetti_device_capabilities", "2"),
            "synthetic": True,
            "service": _service([1, 50_000], "Rigetti Cepheus-1-108Q, simulated", url),
            "action": _qpu_action(
                COMPILED, ["verbatim", *RESULT_PRAGMAS], partial_boxes=True, most=50_000
            ),
            "paradigm": {
                "braketSchemaHeader": _header("gate_model_qpu_paradigm_properties"),
                "connectivity": {"fullyConnected": False, "connectivityGraph": graph},
                "qubitCount": len(qubits),
                "nativeGateSet": native,
            },
            "deviceParameters": {},
            "standardized": standardized,
        },
        compact=True,
    )
    _backend(
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


def _forte() -> None:
    backend_id = "aws.ionq.forte"

    def measured(chance: random.Random) -> dict[str, Any]:
        return {
            "braketSchemaHeader": _header("ionq.ionq_provider_properties"),
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

    provider = _history(backend_id, 36, measured)
    native = ["GPI", "GPI2", "ZZ"]
    write(
        "devices",
        backend_id,
        {
            "braketSchemaHeader": _header("ionq.ionq_device_capabilities"),
            "synthetic": True,
            "service": _service([1, 5_000], "IonQ Forte, simulated", "https://ionq.com"),
            "action": _qpu_action(
                ION_COMPILED, ["verbatim", *RESULT_PRAGMAS], partial_boxes=False, most=5_000
            ),
            "paradigm": {
                "braketSchemaHeader": _header("gate_model_qpu_paradigm_properties"),
                "connectivity": {"fullyConnected": True, "connectivityGraph": {}},
                "qubitCount": 36,
                "nativeGateSet": native,
            },
            "deviceParameters": {},
            "provider": provider,
        },
    )
    _backend(
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
        },
        has_calibration=True,
    )
    write("limits", backend_id, {"qubits": 24, "probability_qubits": 20, "noisy_qubits": 8})


def _aquila() -> None:
    """QuEra's published figures; the calibration history is drawn around them."""
    backend_id = "aws.quera.aquila"

    def measured(chance: random.Random) -> dict[str, Any]:
        lattice = {
            "positionErrorAbs": 2.25e-7,
            "sitePositionError": 1e-7,
            "atomPositionError": 2e-7,
            "fillingErrorTypical": 0.008,
            "fillingErrorWorst": 0.05,
            "vacancyErrorTypical": 0.001,
            "vacancyErrorWorst": 0.005,
            "atomLossProbabilityTypical": 0.005,
            "atomLossProbabilityWorst": 0.01,
            "atomCaptureProbabilityTypical": 0.001,
            "atomCaptureProbabilityWorst": 0.002,
            "atomDetectionErrorFalsePositiveTypical": 0.001,
            "atomDetectionErrorFalsePositiveWorst": 0.005,
            "atomDetectionErrorFalseNegativeTypical": 0.001,
            "atomDetectionErrorFalseNegativeWorst": 0.005,
        }
        typical = {"fillingErrorTypical", "vacancyErrorTypical", "atomLossProbabilityTypical"}
        return {
            "lattice": {
                name: around(chance, value, 0.05) if name in typical else value
                for name, value in lattice.items()
            },
            "rydberg": {
                "rydbergGlobal": {
                    "rabiFrequencyErrorRel": 0.03,
                    "rabiFrequencyGlobalErrorRel": 0.02,
                    "rabiFrequencyInhomogeneityRel": 0.02,
                    "groundDetectionError": around(chance, 0.05, 0.05),
                    "rydbergDetectionError": around(chance, 0.1, 0.05),
                    "groundPrepError": 0.01,
                    "rydbergPrepErrorBest": 0.05,
                    "rydbergPrepErrorWorst": 0.07,
                    "T1Single": 7.5e-5,
                    "T1Ensemble": 7.5e-5,
                    "T2StarSingle": 5e-6,
                    "T2StarEnsemble": 4.75e-6,
                    "T2EchoSingle": 8e-6,
                    "T2EchoEnsemble": 7e-6,
                    "T2RabiSingle": 8e-6,
                    "T2RabiEnsemble": 7e-6,
                    "T2BlockadedRabiSingle": 8e-6,
                    "T2BlockadedRabiEnsemble": 7e-6,
                    "detuningError": 1e6,
                    "detuningInhomogeneity": 1e6,
                    "rabiAmplitudeRampCorrection": [
                        {"rampTime": 5e-8, "rabiCorrection": 0.92},
                        {"rampTime": 7.5e-8, "rabiCorrection": 0.97},
                        {"rampTime": 1e-7, "rabiCorrection": 1.0},
                    ],
                }
            },
        }

    performance = _history(backend_id, 256, measured)
    write(
        "devices",
        backend_id,
        {
            "braketSchemaHeader": _header("quera.quera_device_capabilities"),
            "synthetic": True,
            "service": _service(
                [1, 1_000], "QuEra Aquila, simulated", "https://www.quera.com/aquila"
            ),
            "action": {
                "braket.ir.ahs.program": {
                    "version": ["1"],
                    "actionType": "braket.ir.ahs.program",
                }
            },
            "deviceParameters": {},
            "paradigm": {
                "braketSchemaHeader": _header("quera.quera_ahs_paradigm_properties"),
                "qubitCount": 256,
                "lattice": {
                    "area": {"width": 7.5e-5, "height": 7.6e-5},
                    "geometry": {
                        "spacingRadialMin": 4e-6,
                        "spacingVerticalMin": 4e-6,
                        "positionResolution": 1e-8,
                        "numberSitesMax": 256,
                    },
                },
                "rydberg": {
                    "c6Coefficient": 5.42e-24,
                    "rydbergGlobal": {
                        "rabiFrequencyRange": [0.0, 1.58e7],
                        "rabiFrequencyResolution": 400.0,
                        "rabiFrequencySlewRateMax": 4e14,
                        "detuningRange": [-1.25e8, 1.25e8],
                        "detuningResolution": 0.2,
                        "detuningSlewRateMax": 6e15,
                        "phaseRange": [-99.0, 99.0],
                        "phaseResolution": 5e-7,
                        "timeResolution": 1e-9,
                        "timeDeltaMin": 5e-8,
                        "timeMin": 0.0,
                        "timeMax": 4e-6,
                    },
                    "rydbergLocal": {
                        "detuningRange": [0.0, 1.25e8],
                        "detuningSlewRateMax": 1.2566e15,
                        "siteCoefficientRange": [0.0, 1.0],
                        "numberLocalDetuningSitesMax": 200,
                        "spacingRadialMin": 4e-6,
                        "timeResolution": 1e-9,
                        "timeDeltaMin": 5e-8,
                    },
                },
                "performance": performance,
            },
        },
    )
    _backend(
        backend_id,
        internal_id="arn:aws:braket:us-east-1::device/qpu/quera/Aquila",
        hardware_provider="QUERA",
        name="Aquila",
        display_name="QuEra Aquila",
        type="QPU",
        technology="NEUTRAL_ATOMS",
        documentation={
            "description": "Analog quantum computer of neutral atoms. Here: Amazon's AHS simulator, on this machine; "
            "the history of its calibration is synthetic.",
            "url": "https://www.quera.com/aquila",
            "location": "this machine",
            "sdks": ["PENNYLANE"],
        },
        configuration={
            "qubit_count": 256,
            "connectivity": {"fully_connected": False},
            "shots_range": {"min": 1, "max": 1_000},
            "supported_input_formats": ["BRAKET_AHS_PROGRAM"],
            "memory_result_supported": True,
        },
        has_calibration=True,
    )
    write("limits", backend_id, {"atoms": 13, "noisy_atoms": 6})


if __name__ == "__main__":
    main()
