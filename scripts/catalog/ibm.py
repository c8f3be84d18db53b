"""Writes the catalog of IBM's eight backends (`python -m scripts.catalog.ibm`).

Source: configuration and properties that IBM publishes in qiskit_ibm_runtime's fake backends of the same names. Two
things are added, so the documents say "synthetic": true: the fractional gates rx and rzz of the Heron family, with the
errors and times of sx and cz; and two older calibrations, drawn around the published one by a seed.
"""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from scripts.catalog.common import ALL_DAY, UPDATED, write

NAMES = ("aachen", "berlin", "boston", "fez", "kingston", "marrakesh", "miami", "pittsburgh")
URL = "https://quantum.cloud.ibm.com/computers"
_DRAWN = {"T1", "T2", "gate_error", "readout_error", "prob_meas0_prep1", "prob_meas1_prep0"}
_MEASURED = ("cz", "id", "rz", "sx", "x", "rx", "rzz")


def main() -> None:
    """Write all files."""
    for number, name in enumerate(NAMES):
        _backend(name, seed=1000 + number)


def _backend(name: str, seed: int) -> None:
    backend_id = f"ibm.qpu.{name}"
    folder = files("qiskit_ibm_runtime.fake_provider.backends") / name
    config = json.loads((folder / f"conf_{name}.json").read_text(encoding="utf-8"))
    properties = json.loads((folder / f"props_{name}.json").read_text(encoding="utf-8"))
    config["backend_name"] = properties["backend_name"] = f"ibm_{name}"
    if config["processor_type"]["family"] == "Heron":
        _add_fractional_gates(config, properties)
    device = {"config": config, "properties": properties, "synthetic": True}
    write("devices", backend_id, device, packed=True)
    write("calibrations", backend_id, _history(properties, seed), packed=True)
    graph: dict[str, list[str]] = {str(qubit): [] for qubit in range(config["n_qubits"])}
    for first, second in config["coupling_map"]:
        graph[str(first)].append(str(second))
    supported = config["supported_instructions"]
    gates = [gate for gate in _MEASURED if gate in config["basis_gates"]]
    write(
        "backends",
        backend_id,
        {
            "id": backend_id,
            "internal_id": f"ibm_{name}",
            "provider": "IBM",
            "hardware_provider": "IBM",
            "name": f"ibm_{name}",
            "display_name": f"IBM {name.capitalize()}",
            "type": "QPU",
            "technology": "SUPERCONDUCTING",
            "updated_at": UPDATED,
            "access_type": "PAY_PER_USE",
            "documentation": {
                "description": "Superconducting quantum computer. Here: Qiskit Aer, on this machine, with the "
                "calibration that IBM published.",
                "url": URL,
                "location": "this machine",
                "sdks": ["QISKIT", "QISKIT_RUNTIME"],
            },
            "configuration": {
                "gates": [{"name": gate, "native_gate": True} for gate in gates],
                "operations": [word for word in ("measure", "reset", "delay") if word in supported],
                "instructions": [word for word in supported if word not in config["basis_gates"]],
                "qubits": [{"id": qubit} for qubit in graph],
                "qubit_count": config["n_qubits"],
                "connectivity": {"fully_connected": False, "graph": graph},
                "shots_range": {"min": 1, "max": config["max_shots"]},
                "supported_input_formats": ["QISKIT_QPY"],
                "memory_result_supported": True,
            },
            "availability": ALL_DAY,
            "has_calibration": True,
        },
        compact=True,
    )
    write("limits", backend_id, {"qubits": 24, "noisy_qubits": 12, "openqasm3_characters": 200_000})


def _add_fractional_gates(config: dict[str, Any], properties: dict[str, Any]) -> None:
    for new, like, definition in (
        ("rx", "sx", "gate rx(theta) q { U(theta, -pi/2, pi/2) q; }"),
        ("rzz", "cz", "gate rzz(theta) a, b { cx a, b; U(0, 0, theta) b; cx a, b; }"),
    ):
        if new in config["basis_gates"]:
            continue
        model = next(gate for gate in config["gates"] if gate["name"] == like)
        config["basis_gates"].append(new)
        config["supported_instructions"].append(new)
        config["gates"].append(
            {**model, "name": new, "parameters": ["theta"], "qasm_def": definition}
        )
        properties["gates"] += [
            {**gate, "gate": new, "name": new + "_".join(map(str, gate["qubits"]))}
            for gate in list(properties["gates"])
            if gate["gate"] == like
        ]


def _history(properties: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    newest = datetime.fromisoformat(properties["last_update_date"]).astimezone(UTC)
    entries = []
    for days in (14, 7, 0):
        figures = copy.deepcopy(properties)
        when = newest - timedelta(days=days)
        figures["last_update_date"] = when.isoformat()
        if days:
            gates = [gate["parameters"] for gate in figures["gates"]]
            for parameters in [*figures["qubits"], *gates]:
                for entry in parameters:
                    if entry["name"] in _DRAWN and 0 < entry["value"] < 1e9:
                        drawn = entry["value"] * chance.lognormvariate(0.0, 0.1)
                        top = 1.0 if entry["name"] not in ("T1", "T2") else drawn
                        entry["value"] = float(f"{min(drawn, top):.6g}")
        entries.append(
            {
                "calibrated_at": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "calibration": {**figures, "synthetic": True},
            }
        )
    return entries


if __name__ == "__main__":
    main()
