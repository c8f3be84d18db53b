"""Writes the catalog of IQM: Garnet and Emerald (`python -m scripts.catalog.iqm`).

Lattices, operations and names of implementations: IQM's open source client (iqm-client 36: fake Apollo, Garnet and
Aphrodite, dynamic quantum architecture); that Garnet has feedback (cc_prx): Amazon's announcement of dynamic circuits.
Garnet's newest figures are those that IQM publishes with its fake Garnet. Emerald has none published by qubit: they are
drawn around the medians of IQM's sample for the same 54-qubit lattice (fake Aphrodite). Drawn by a seed or assumed:
older calibrations, qubit frequencies, the time of a measurement, the most shots, feedback on Emerald. All calibrations
say so: "synthetic": true.
"""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.catalog.common import ALL_DAY, CALIBRATED, UPDATED, around, gates, write

URL = "https://resonance.iqm.tech"
IMPLEMENTATIONS = {
    "prx": "drag_crf",
    "cz": "crf",
    "measure": "constant",
    "cc_prx": "prx_composite_drag_crf",
}
MEASURE_SECONDS = 1.2e-6
# Where each row of the lattice begins, and how many qubits it has; qubits are numbered row by row.
GARNET_ROWS = [(1, 2), (0, 5), (0, 5), (0, 5), (1, 3)]
EMERALD_ROWS = [(4, 2), (2, 5), (1, 7), (0, 8), (0, 9), (1, 8), (1, 7), (2, 5), (3, 3)]

# QB1 to QB20: T1 and T2 in ns, depolarizing parameters of prx in 1e-5, errors of reading 0 and 1 in 1e-4.
GARNET_T1 = [
    *(37741, 32584, 24468, 11555, 34257, 40051, 35708, 25686, 34113, 37391),
    *(25809, 60725, 44802, 48137, 39052, 43968, 36670, 38151, 50012, 54911),
]
GARNET_T2 = [
    *(9180, 10040, 10950, 9670, 8960, 10130, 8590, 9050, 9380, 9820),
    *(9460, 9940, 10070, 9030, 9590, 9710, 10180, 9250, 8270, 11930),
]
GARNET_PRX = [
    *(85, 183, 165, 111, 114, 384, 265, 84, 122, 113),
    *(274, 76, 89, 74, 278, 67, 85, 61, 69, 88),
]
GARNET_READ_0 = [
    *(255, 245, 285, 245, 250, 265, 255, 290, 260, 220),
    *(280, 255, 265, 240, 230, 220, 240, 245, 250, 280),
]
GARNET_READ_1 = [
    *(260, 240, 245, 240, 255, 275, 260, 250, 245, 245),
    *(245, 250, 255, 245, 245, 255, 240, 260, 255, 285),
]
# Depolarizing parameters of cz in 1e-5, couplers in ascending order.
GARNET_CZ = [
    *(578, 804, 749, 809, 599, 431, 650, 474, 339, 527),
    *(1401, 294, 399, 485, 638, 548, 682, 961, 899, 712),
    *(407, 251, 506, 420, 771, 711, 643, 562, 507, 578),
]


@dataclass(frozen=True)
class Figures:
    """What is measured on a device.

    Attributes:
        t1: Relaxation times in seconds, by qubit.
        t2: Coherence times in seconds, by qubit.
        prx: Depolarizing parameters of prx, by qubit.
        cz: Depolarizing parameters of cz, by coupler.
        read_0: Chances to read 1 where 0 was, by qubit.
        read_1: Chances to read 0 where 1 was, by qubit.
    """

    t1: Sequence[float]
    t2: Sequence[float]
    prx: Sequence[float]
    cz: Sequence[float]
    read_0: Sequence[float]
    read_1: Sequence[float]


@dataclass(frozen=True)
class Chip:
    """A device: its qubits, couplers, and how long its gates take, in seconds."""

    backend_id: str
    qubits: list[str]
    couplers: list[tuple[int, int]]
    prx_seconds: float
    cz_seconds: float


def main() -> None:
    """Write all files."""
    garnet = _chip("iqm.qpu.garnet", GARNET_ROWS, 20e-9, 40e-9)
    published = Figures(
        [t * 1e-9 for t in GARNET_T1],
        [t * 1e-9 for t in GARNET_T2],
        [p * 1e-5 for p in GARNET_PRX],
        [p * 1e-5 for p in GARNET_CZ],
        [p * 1e-4 for p in GARNET_READ_0],
        [p * 1e-4 for p in GARNET_READ_1],
    )

    def garnet_figures(chance: random.Random, *, newest: bool) -> Figures:
        return published if newest else _near(chance, published)

    _write(garnet, "Garnet", 20, garnet_figures)

    emerald = _chip("iqm.qpu.emerald", EMERALD_ROWS, 40e-9, 120e-9)
    n, m = len(emerald.qubits), len(emerald.couplers)
    chance = random.Random(54)
    drawn = _near(
        chance,
        Figures([48.9e-6] * n, [9.55e-6] * n, [1.16e-3] * n, [1.5e-2] * m, [0.05] * n, [0.05] * n),
        0.25,
    )

    def emerald_figures(chance: random.Random, *, newest: bool) -> Figures:
        return drawn if newest else _near(chance, drawn)

    _write(emerald, "Emerald", 54, emerald_figures)


def _chip(
    backend_id: str, rows: list[tuple[int, int]], prx_seconds: float, cz_seconds: float
) -> Chip:
    places: dict[tuple[int, int], int] = {}
    for y, (start, length) in enumerate(rows):
        for x in range(start, start + length):
            places[x, y] = len(places)
    couplers = sorted(
        (qubit, places[neighbour])
        for (x, y), qubit in places.items()
        for neighbour in ((x + 1, y), (x, y + 1))
        if neighbour in places
    )
    return Chip(
        backend_id,
        [f"QB{qubit + 1}" for qubit in range(len(places))],
        couplers,
        prx_seconds,
        cz_seconds,
    )


def _near(chance: random.Random, figures: Figures, spread: float = 0.08) -> Figures:
    def all_near(values: Sequence[float]) -> list[float]:
        return [around(chance, value, spread) for value in values]

    return Figures(
        all_near(figures.t1),
        all_near(figures.t2),
        all_near(figures.prx),
        all_near(figures.cz),
        all_near(figures.read_0),
        all_near(figures.read_1),
    )


def _write(chip: Chip, name: str, seed: int, figures: Callable[..., Figures]) -> None:
    chance = random.Random(seed)
    frequencies = [round(chance.uniform(4.1e9, 5.1e9), -3) for _ in chip.qubits]
    history: list[dict[str, Any]] = []
    for when in CALIBRATED:
        set_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        now = figures(chance, newest=when == CALIBRATED[-1])
        observations = _observations(chip, now, frequencies, when)
        history.append(
            {
                "calibrated_at": when,
                "calibration": {
                    "calibrationSetId": set_id,
                    "observations": observations,
                    "synthetic": True,
                },
            }
        )
    write("calibrations", chip.backend_id, history, compact=True)
    newest = history[-1]["calibration"]
    write("devices", chip.backend_id, _architecture(chip, newest), compact=True)
    write("backends", chip.backend_id, _backend(chip, name))
    write(
        "limits",
        chip.backend_id,
        {"qubits": 24, "noisy_qubits": 12, "instructions": 100_000, "measured_bits": 1_000},
    )


def _observations(
    chip: Chip, figures: Figures, frequencies: list[float], when: str
) -> list[dict[str, Any]]:
    rows: list[tuple[str, float, str]] = []
    for index, qubit in enumerate(chip.qubits):
        error_0, error_1 = figures.read_0[index], figures.read_1[index]
        measure = f"measure.{IMPLEMENTATIONS['measure']}.{qubit}"
        prx = f"prx.{IMPLEMENTATIONS['prx']}.{qubit}"
        prx_fidelity = _fidelity(figures, [index], chip.prx_seconds, figures.prx[index])
        rows += [
            (f"characterization.model.{qubit}.t1_time", figures.t1[index], "s"),
            (f"characterization.model.{qubit}.t2_time", figures.t2[index], "s"),
            (f"controllers.{qubit}.drive.frequency", frequencies[index], "Hz"),
            (f"metrics.ssro.{measure}.error_0_to_1", error_0, ""),
            (f"metrics.ssro.{measure}.error_1_to_0", error_1, ""),
            (f"metrics.ssro.{measure}.fidelity", 1 - (error_0 + error_1) / 2, ""),
            (f"metrics.rb.{prx}.fidelity", prx_fidelity, ""),
            (f"gates.{prx}.duration", chip.prx_seconds, "s"),
            (f"gates.{measure}.duration", MEASURE_SECONDS, "s"),
        ]
    for index, pair in enumerate(chip.couplers):
        cz = f"cz.{IMPLEMENTATIONS['cz']}.{'__'.join(chip.qubits[qubit] for qubit in pair)}"
        cz_fidelity = _fidelity(figures, pair, chip.cz_seconds, figures.cz[index])
        rows += [
            (f"metrics.irb.{cz}.fidelity", cz_fidelity, ""),
            (f"gates.{cz}.duration", chip.cz_seconds, "s"),
        ]
    return [
        {
            "observation_id": number,
            "dut_field": field,
            "value": float(f"{value:.6g}"),
            "unit": unit,
            "uncertainty": None,
            "invalid": False,
            "created_timestamp": when,
            "modified_timestamp": when,
        }
        for number, (field, value, unit) in enumerate(rows, 1)
    ]


def _fidelity(
    figures: Figures, qubits: Sequence[int], seconds: float, depolarizing: float
) -> float:
    """The average fidelity of relaxation for a time, followed by a depolarizing channel."""
    process = 1.0
    for qubit in qubits:
        population = math.exp(-seconds / figures.t1[qubit])
        coherence = math.exp(-seconds / figures.t2[qubit])
        process *= (1 + population + 2 * coherence) / 4
    dimension = 1 << len(qubits)
    process = (1 - depolarizing) * process + depolarizing / dimension**2
    return (dimension * process + 1) / (dimension + 1)


def _architecture(chip: Chip, calibration: dict[str, Any]) -> dict[str, Any]:
    """IQM's dynamic quantum architecture, with the calibration beside it, as the Hub gives it."""
    single = [[qubit] for qubit in chip.qubits]
    pairs = [[chip.qubits[first], chip.qubits[second]] for first, second in chip.couplers]
    return {
        "calibration_set_id": calibration["calibrationSetId"],
        "qubits": chip.qubits,
        "computational_resonators": [],
        "gates": {
            gate: {
                "implementations": {
                    implementation: {"loci": pairs if gate == "cz" else single},
                },
                "default_implementation": implementation,
                "override_default_implementation": {},
            }
            for gate, implementation in IMPLEMENTATIONS.items()
        },
        "calibrationData": {
            "calibrationSetId": calibration["calibrationSetId"],
            "observations": calibration["observations"],
        },
        "synthetic": True,
    }


def _backend(chip: Chip, name: str) -> dict[str, Any]:
    graph: dict[str, list[str]] = {qubit: [] for qubit in chip.qubits}
    for first, second in chip.couplers:
        graph[chip.qubits[first]].append(chip.qubits[second])
        graph[chip.qubits[second]].append(chip.qubits[first])
    return {
        "id": chip.backend_id,
        "provider": "IQM",
        "updated_at": UPDATED,
        "access_type": "PAY_PER_USE",
        "availability": ALL_DAY,
        "internal_id": name.lower(),
        "hardware_provider": "IQM",
        "name": name.lower(),
        "display_name": f"IQM {name}",
        "type": "QPU",
        "technology": "SUPERCONDUCTING",
        "documentation": {
            "description": f"Superconducting quantum computer of {len(chip.qubits)} qubits in a square lattice. Here: "
            "Qiskit Aer, on this machine, with synthetic calibration figures.",
            "url": URL,
            "location": "this machine",
            "sdks": ["QISKIT"],
        },
        "configuration": {
            "gates": gates(["prx", "cz"], {"prx", "cz"}),
            "operations": ["measure", "reset", "cc_prx", "delay", "barrier"],
            "qubits": [{"id": qubit} for qubit in chip.qubits],
            "qubit_count": len(chip.qubits),
            "connectivity": {"fully_connected": False, "graph": graph},
            "shots_range": {"min": 1, "max": 20_000},
            "supported_input_formats": ["IQM_JOB_INPUT_V1"],
            "memory_result_supported": False,
        },
        "has_calibration": True,
    }


if __name__ == "__main__":
    main()
