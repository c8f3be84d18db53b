"""Perceval's own remote classes around a local Hub, and exact distributions from permanents in numpy."""

from __future__ import annotations

import cmath
import itertools
import json
import math
from typing import Any

import numpy as np
import perceval as pcvl
from numpy.typing import NDArray
from perceval.algorithm import Sampler
from perceval.runtime import RemoteComputer
from perceval.runtime.legacy import RemoteProcessor
from perceval.serialization import deserialize, serialize

from tests.quick.local_hub.hub_process import HubProcess

ALTAIR, BELENOS = "quandela.sim.altair", "quandela.qpu.belenos"
Matrix = NDArray[np.complex128]
States = dict[tuple[int, ...], float]


class Handler:
    """What Perceval's remote classes talk to: the Hub, with the fields that Perceval's own provider for it sends."""

    url, proxies, headers = "", {}, {}

    def __init__(self, hub: HubProcess, backend: str) -> None:
        self.hub, self.backend, self.name = hub, backend, backend
        self.sent: dict[str, Any] = {}

    def fetch_platform_details(self) -> Any:
        return self.hub.http.get(f"/backends/{self.backend}/config").json()

    def create_job(self, cloud_data: dict[str, Any]) -> str:
        self.sent = json.loads(json.dumps(cloud_data))
        payload = self.sent["payload"]
        params = {key: self.sent[key] for key in ("pcvl_version", "process_id")}
        shots = payload.get("max_shots") or payload.get("max_samples")
        return self.hub.submit(self.backend, "", shots, input=payload, input_params=params)

    def get_job_status(self, job_id: str) -> dict[str, Any]:
        self.hub.wait(job_id)
        status = {"status": "completed", "creation_datetime": 0.0, "start_time": 0.0}
        return {**status, "duration": 0, "progress": 1.0, "progress_message": ""}

    def get_job_results(self, job_id: str) -> Any:
        return self.hub.http.get(f"/jobs/{job_id}/result").json()


def document(hub: HubProcess, backend: str, payload: dict[str, Any], shots: int = 1000) -> Any:
    """Run a payload and return the Hub's result document."""
    return hub.run(backend, "", shots, input=payload)


def results(hub: HubProcess, backend: str, payload: dict[str, Any], shots: int = 1000) -> Any:
    """Run a payload and read its results as Perceval's RemoteJob does."""
    return deserialize(json.loads(document(hub, backend, payload, shots)["results"]), strict=False)


def older(circuit: Any, photons: list[int], command: str = "sample_count", **fields: Any) -> Any:
    """A payload as Perceval wrote it up to 0.12."""
    state = f":PCVL:BasicState:|{','.join(map(str, photons))}>"
    return {"command": command, "circuit": serialize(circuit), "input_state": state, **fields}


def newer(experiment: Any, command: str = "sample_count", **fields: Any) -> Any:
    """A payload as Perceval writes it since 0.13."""
    return {"command": command, "experiment": serialize(experiment), **fields}


def experiment(circuit: Any, photons: list[int], least: int | None = None, **more: Any) -> Any:
    """An experiment; heralds by mode, a post-selection, noise."""
    made = pcvl.Experiment(circuit)
    for mode, number in more.get("heralds", {}).items():
        made.add_herald(mode, number)
    made.with_input(pcvl.BasicState(photons))
    if least is not None:
        made.min_detected_photons_filter(least)
    if "postselect" in more:
        made.set_postselection(more["postselect"])
    made.noise = more.get("noise")
    return made


def remote(hub: HubProcess, backend: str, made: Any, **options: Any) -> tuple[Sampler, Handler]:
    """Perceval's sampler of an experiment, on a remote processor of the Hub."""
    handler = Handler(hub, backend)
    processor = RemoteProcessor(rpc_handler=handler, m=made.circuit_size)
    processor.experiment = made
    return Sampler(processor, max_shots_per_call=options.get("max_shots", 10_000)), handler


def computer(hub: HubProcess, backend: str) -> tuple[RemoteComputer, Handler]:
    """Perceval's newest remote class (1.3), on the Hub."""
    from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer

    handler = Handler(hub, backend)
    return RemoteComputer(RPCBasedCommunicationLayer(handler)), handler


def calibrated(hub: HubProcess) -> Any:
    """Belenos's noise, from its calibration."""
    body = hub.http.get(f"/backends/{BELENOS}/calibration").json()
    return pcvl.NoiseModel(**body["calibration"]["noise"])


# --- exact distributions


def splitter(theta: float = math.pi / 2, *, modes: int = 2, first: int = 0) -> Matrix:
    """Perceval's BS (Rx) on two neighbouring modes."""
    matrix = np.eye(modes, dtype=complex)
    cosine, sine = math.cos(theta / 2), 1j * math.sin(theta / 2)
    matrix[first : first + 2, first : first + 2] = [[cosine, sine], [sine, cosine]]
    return matrix


def phase(angle: float, *, modes: int = 2, mode: int = 0) -> Matrix:
    """A phase shifter."""
    matrix = np.eye(modes, dtype=complex)
    matrix[mode, mode] = cmath.exp(1j * angle)
    return matrix


def unitary(seed: int, modes: int) -> Matrix:
    """A random unitary."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(modes, modes)) + 1j * rng.normal(size=(modes, modes))
    q, r = np.linalg.qr(normal)
    whole: Matrix = q * (np.diag(r) / abs(np.diag(r)))
    return whole


def exact(matrix: Matrix, photons: list[int]) -> States:
    """Chances of output states: squared permanents of the matrix, a row for each photon out, a column for each in."""
    columns = [mode for mode, number in enumerate(photons) for _ in range(number)]
    norm = math.prod(math.factorial(number) for number in photons)
    found = {}
    for rows in itertools.combinations_with_replacement(range(len(photons)), len(columns)):
        amplitude = sum(
            math.prod(matrix[row, column] for row, column in zip(order, columns, strict=True))
            for order in itertools.permutations(rows)
        )
        state = tuple(rows.count(mode) for mode in range(len(photons)))
        out = math.prod(math.factorial(number) for number in state)
        found[state] = abs(amplitude) ** 2 / (norm * out)
    return found


def clicks(chances: States) -> States:
    """What threshold detectors make of states."""
    found: States = {}
    for state, chance in chances.items():
        seen = tuple(min(1, number) for number in state)
        found[seen] = found.get(seen, 0.0) + chance
    return found


def selected(chances: States, keep: Any) -> tuple[States, float]:
    """States that pass a test, their chances normalised, and the chance to pass."""
    kept = {state: chance for state, chance in chances.items() if keep(state)}
    total = sum(kept.values())
    return {state: chance / total for state, chance in kept.items()}, total


def states(distribution: Any) -> States:
    """A distribution or counts of Perceval's, as chances by state."""
    items = {tuple(state): float(value) for state, value in distribution.items()}
    total = sum(items.values())
    return {state: value / total for state, value in items.items()}


def distance(first: States, second: States) -> float:
    """Total variation."""
    return sum(abs(first.get(s, 0) - second.get(s, 0)) for s in first.keys() | second.keys()) / 2
