"""Writes QuEra Aquila, from the capabilities that Amazon and QuEra publish."""

from __future__ import annotations

import random
from typing import Any

from scripts.catalog.aws.common import header, service, write_backend, write_history
from scripts.catalog.common import around, write


def main() -> None:
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

    performance = write_history(backend_id, 256, measured)
    write(
        "devices",
        backend_id,
        {
            "braketSchemaHeader": header("quera.quera_device_capabilities"),
            "synthetic": True,
            "service": service(
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
                "braketSchemaHeader": header("quera.quera_ahs_paradigm_properties"),
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
    write_backend(
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
