"""Writes the catalog of Quandela: Altair as a simulator, and Belenos (`python -m scripts.catalog.quandela`).

Photons, modes and clock of Altair (10 in 20) and Belenos (12 in 24): Scaleway's page on Quandela's computers. The form
of a platform's details, the inputs connected on Belenos, its commands and its threshold detectors: the details of a
Hub's Belenos in Perceval's own tests (`providers.kipu`, 1.3); the parameters of Altair, all ideal by default: those of
`sim:altair` in Perceval's tests (0.7). That an input has one photon in a mode: Perceval's `support_multi_photon`.
Drawn by a seed, around the transmittance that Perceval assumes where none is known and the purity and
indistinguishability that Maring and others (Nature Photonics 18, 2024) report of an earlier machine: all figures of
Belenos's calibrations. A rectangle of Mach-Zehnder interferometers stands for its chip. They say so: "synthetic": true.
"""

from __future__ import annotations

import random
import uuid
from typing import Any

from scripts.catalog.common import ALL_DAY, CALIBRATED, UPDATED, around, write

URL = "https://cloud.quandela.com"
MOST_SHOTS = 1_000_000_000
ALTAIR, BELENOS = "quandela.sim.altair", "quandela.qpu.belenos"
COMMON_PARAMETERS = {
    "min_detected_photons": "least number of photons of a sample, heralds apart (default: those of the input)",
    "compute_physical_logical_perf": "whether to give both performances; here they are always given (default false)",
}
ALTAIR_PARAMETERS = {
    **COMMON_PARAMETERS,
    "HOM": "indistinguishability of the photons (default 1)",
    "g2": "g2 of the source (default 0)",
    "transmittance": "chance that a photon is sent and detected (default 1)",
    "phase_imprecision": "imprecision of the phase shifters (default 0)",
    "backend_name": "accepted and without effect: the simulator is SLOS",
}


def main() -> None:
    """Write all files."""
    altair = _details(
        "sim:altair",
        "simulator",
        "Simulator of Altair: ideal, unless a job has noise; counts photons, unless a job has detectors",
        commands=["probs", "sample_count", "samples"],
        modes=20,
        photons=10,
        many=True,
        detector="pnr",
        inputs=list(range(0, 20, 2)),
        parameters=ALTAIR_PARAMETERS,
        perfs={},
    )
    write("devices", ALTAIR, altair)
    write("backends", ALTAIR, _backend(ALTAIR, "sim:altair", "Altair", altair, "SIMULATOR"))

    history = _calibrations()
    write("calibrations", BELENOS, history)
    belenos = _details(
        "qpu:belenos",
        "qpu",
        "Photonic quantum computer of 24 modes",
        commands=["sample_count", "samples"],
        modes=24,
        photons=12,
        many=False,
        detector="threshold",
        inputs=list(range(1, 24, 2)),
        parameters=COMMON_PARAMETERS,
        perfs=history[-1]["calibration"]["perfs"],
    )
    belenos["specs"]["specific_circuit"] = _chip(24)
    belenos["synthetic"] = True
    write("devices", BELENOS, belenos)
    write("backends", BELENOS, _backend(BELENOS, "qpu:belenos", "Belenos", belenos, "QPU"))

    limits = {
        "states": 1_000_000,
        "noisy_photons": 6,
        "noisy_states": 100_000,
        "components": 5_000,
        "components_of_all": 50_000,
        "serialized_characters": 4_000_000,
        "iterations": 1_000,
        "samples": 1_000_000,
        "shots": MOST_SHOTS,
    }
    for backend_id in (ALTAIR, BELENOS):
        write("limits", backend_id, limits)


def _calibrations() -> list[dict[str, Any]]:
    chance = random.Random(24)
    history = []
    for when in CALIBRATED:
        noise = {
            "indistinguishability": round(1 - around(chance, 0.06, 0.1), 4),
            "g2": around(chance, 0.015, 0.1),
            "transmittance": around(chance, 0.06, 0.05),
            "phase_error": around(chance, 0.01, 0.1),
        }
        perfs = {
            "HOM (%)": round(noise["indistinguishability"] * 100, 2),
            "Transmittance (%)": round(noise["transmittance"] * 100, 3),
            "g2 (%)": round(noise["g2"] * 100, 3),
            "Clock (MHz)": 3,
        }
        history.append(
            {
                "calibrated_at": when,
                "calibration": {"perfs": perfs, "noise": noise, "synthetic": True},
            }
        )
    return history


def _chip(modes: int) -> str:
    """An interferometer that can be any unitary, serialized as Quandela's platforms give theirs."""
    from perceval import BS, PS, Circuit, GenericInterferometer, P
    from perceval.serialization import serialize

    def cell(number: int) -> Circuit:
        phases = (P(f"phi{2 * number}"), P(f"phi{2 * number + 1}"))
        return Circuit(2) // PS(phases[0]) // BS() // PS(phases[1]) // BS()

    chip: str = serialize(GenericInterferometer(modes, cell))
    return chip


def _details(
    name: str,
    kind: str,
    description: str,
    *,
    commands: list[str],
    modes: int,
    photons: int,
    many: bool,
    detector: str,
    inputs: list[int],
    parameters: dict[str, str],
    perfs: dict[str, float],
) -> dict[str, Any]:
    """A platform's details as Quandela's cloud gives them."""
    return {
        "id": str(uuid.UUID(int=random.Random(name).getrandbits(128), version=4)),
        "name": name,
        "type": kind,
        "status": "available",
        "description": description,
        "waiting_jobs": 0,
        "perfs": perfs,
        "specs": {
            "available_commands": commands,
            "connected_input_modes": inputs,
            "constraints": {
                "max_mode_count": modes,
                "min_mode_count": 1,
                "max_photon_count": photons,
                "min_photon_count": 1,
                "support_multi_photon": many,
            },
            "description": description,
            "detector": detector,
            "parameters": parameters,
            "pcvl_version": "1.3.1",
        },
    }


def _backend(
    backend_id: str, name: str, title: str, details: dict[str, Any], kind: str
) -> dict[str, Any]:
    constraints = details["specs"]["constraints"]
    what = "Simulator of a photonic" if kind == "SIMULATOR" else "Photonic"
    figures = " with synthetic calibration figures" if kind == "QPU" else " ideal by default"
    return {
        "id": backend_id,
        "provider": "QUANDELA",
        "updated_at": UPDATED,
        "access_type": "PAY_PER_USE",
        "availability": ALL_DAY,
        "internal_id": name,
        "hardware_provider": "QUANDELA",
        "name": name,
        "display_name": f"Quandela {title}",
        "type": kind,
        "technology": "PHOTONIC",
        "documentation": {
            "description": f"{what} quantum computer of {constraints['max_photon_count']} photons in "
            f"{constraints['max_mode_count']} modes. Here: Perceval's SLOS, on this machine,{figures}.",
            "url": URL,
            "location": "this machine",
            "sdks": ["PERCEVAL"],
        },
        "configuration": {
            "gates": [],
            "operations": details["specs"]["available_commands"],
            "qubits": [{"id": str(qubit)} for qubit in range(constraints["max_photon_count"])],
            "qubit_count": constraints["max_photon_count"],
            "connectivity": {"fully_connected": True},
            "shots_range": {"min": 1, "max": MOST_SHOTS},
            "supported_input_formats": ["PERCEVAL"],
            "memory_result_supported": True,
            "photonic_properties": {
                "max_modes": constraints["max_mode_count"],
                "min_modes": constraints["min_mode_count"],
                "max_photons": constraints["max_photon_count"],
                "min_photons": constraints["min_photon_count"],
            },
        },
        "has_calibration": kind == "QPU",
    }


if __name__ == "__main__":
    main()
