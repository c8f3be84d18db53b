"""aws.quera.aquila against the Schroedinger equation, solved here, and what the device refuses."""

from __future__ import annotations

import copy
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from braket.device_schema.quera import QueraDeviceCapabilities
from braket.task_result import AnalogHamiltonianSimulationTaskResult
from braket.tasks import AnalogHamiltonianSimulationQuantumTaskResult
from numpy.typing import NDArray
from scipy.linalg import expm

from tests.quick.local_hub.hub_process import HubProcess

AQUILA = "aws.quera.aquila"
BODIES = Path(__file__).parents[2] / "contract" / "bodies"
C6 = 5.42e-24  # rad/s m^6, as the device's document says


def _series(points: list[tuple[float, float]]) -> dict[str, Any]:
    """Times in microseconds; values in 1e6 rad/s."""
    return {
        "time_series": {
            "times": [round(t * 1e-6, 12) for t, _ in points],
            "values": [v * 1e6 for _, v in points],
        },
        "pattern": "uniform",
    }


def _program(sites: list[tuple[float, float]], filling: list[int]) -> dict[str, Any]:
    """A pulse of 1 us on sites in micrometres."""
    return {
        "setup": {
            "ahs_register": {
                "sites": [[round(x * 1e-6, 12), round(y * 1e-6, 12)] for x, y in sites],
                "filling": filling,
            }
        },
        "hamiltonian": {
            "drivingFields": [
                {
                    "amplitude": _series([(0, 0), (0.1, 6.4), (0.9, 6.4), (1, 0)]),
                    "detuning": _series([(0, -4), (1, 8)]),
                    "phase": {
                        **_series([(0, 0), (1, 0)]),
                        "time_series": {"times": [0.0, 1e-6], "values": [0.0, 0.0]},
                    },
                }
            ]
        },
    }


def _at(series: dict[str, Any], time: float) -> float:
    return float(np.interp(time, series["time_series"]["times"], series["time_series"]["values"]))


def _exact(program: dict[str, Any]) -> NDArray[np.float64]:
    """Probabilities of the atoms' states; bit k of the index says whether atom k is in the Rydberg state.

    H = Omega/2 sum (e^{i phi} |r><g| + h.c.) - Delta sum n - sum local n + sum C6/r^6 n n (Braket's AHS documentation,
    but for the phase's sign: there it is that of |g><r|, and Amazon's simulator computes with this one).
    """
    register = program["setup"]["ahs_register"]
    sites = [s for s, filled in zip(register["sites"], register["filling"], strict=True) if filled]
    field = program["hamiltonian"]["drivingFields"][0]
    local = (program["hamiltonian"].get("localDetuning") or [None])[0]
    count = len(sites)
    index = np.arange(2**count)
    rydberg = np.array([(index >> k) & 1 for k in range(count)], dtype=float)
    interaction = np.zeros(2**count)
    for a, b in combinations(range(count), 2):
        interaction += (
            C6 / np.linalg.norm(np.subtract(sites[a], sites[b])) ** 6 * rydberg[a] * rydberg[b]
        )
    state = np.zeros(2**count, dtype=complex)
    state[0] = 1
    end = field["amplitude"]["time_series"]["times"][-1]
    steps = 4000
    for step in range(steps):
        time = (step + 0.5) * end / steps
        omega, delta = _at(field["amplitude"], time), _at(field["detuning"], time)
        jumps = field["phase"]["time_series"]  # piecewise constant, unlike the others
        phi = jumps["values"][int(np.searchsorted(jumps["times"], time, side="right")) - 1]
        hamiltonian = np.diag(interaction - delta * rydberg.sum(axis=0)).astype(complex)
        if local is not None:
            weights = [
                w
                for w, f in zip(local["magnitude"]["pattern"], register["filling"], strict=True)
                if f
            ]
            strength = _at(local["magnitude"], time)
            hamiltonian -= np.diag(strength * (np.array(weights) @ rydberg))
        for k in range(count):
            for ground in index[rydberg[k] == 0]:
                excited = ground | (1 << k)
                hamiltonian[excited, ground] += omega / 2 * np.exp(1j * phi)
                hamiltonian[ground, excited] += omega / 2 * np.exp(-1j * phi)
        state = expm(-1j * hamiltonian * end / steps) @ state
    return np.asarray(np.abs(state) ** 2)


def _run(hub: HubProcess, program: Any, shots: int = 1000, **fields: Any) -> dict[str, Any]:
    document: dict[str, Any] = hub.run(
        AQUILA,
        "",
        shots,
        input={"ahs_program": program},
        input_format="BRAKET_AHS_PROGRAM",
        **fields,
    )
    return document


def _counted(document: dict[str, Any], filling: list[int]) -> NDArray[np.float64]:
    """Shares of the atoms' states, of the shots in which every site was filled as asked."""
    atoms = [k for k, filled in enumerate(filling) if filled]
    counts = np.zeros(2 ** len(atoms))
    for entry in document["measurements"]:
        shot = entry["shotResult"]
        if shot["preSequence"] == filling:
            counts[sum((1 - shot["postSequence"][site]) << k for k, site in enumerate(atoms))] += 1
    return np.asarray(counts / counts.sum())


CASES = {
    "one atom": ([(0, 0)], [1]),
    "a blockaded pair": ([(0, 0), (0, 5)], [1, 1]),
    "a weakly coupled pair": ([(0, 0), (9, 0)], [1, 1]),
    "an empty site": ([(0, 0), (6.5, 0), (13, 0)], [1, 0, 1]),
    "a triangle": ([(0, 0), (6, 0), (0, 7)], [1, 1, 1]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_evolution(ideal_hub: HubProcess, name: str) -> None:
    sites, filling = CASES[name]
    program = _program(sites, filling)
    document = _run(ideal_hub, program)
    exact = _exact(program)
    assert exact.max() < 0.95
    assert 0.5 * abs(_counted(document, filling) - exact).sum() < 0.05
    empty = [site for site, filled in enumerate(filling) if not filled]
    for entry in document["measurements"]:
        assert entry["shotResult"]["preSequence"] == filling
        assert [entry["shotResult"]["postSequence"][site] for site in empty] == [0] * len(empty)


def test_a_phase_jump_and_local_detuning(ideal_hub: HubProcess) -> None:
    sites, filling = [(0.0, 0.0), (8.0, 0.0)], [1, 1]
    program = _program(sites, filling)
    field = program["hamiltonian"]["drivingFields"][0]
    field["phase"]["time_series"] = {
        "times": [0.0, 0.5e-6, 0.55e-6, 1e-6],
        "values": [0.0, 0.0, 2.5, 2.5],
    }
    plain = _exact(program)
    magnitude = {**_series([(0, 0), (0.1, 9), (0.9, 9), (1, 0)]), "pattern": [1.0, 0.25]}
    program["hamiltonian"]["localDetuning"] = [{"magnitude": magnitude}]
    exact = _exact(program)
    assert 0.5 * abs(exact - plain).sum() > 0.1
    counted = _counted(_run(ideal_hub, program), filling)
    assert 0.5 * abs(counted - exact).sum() < 0.05


def test_braket_reads_the_result_and_the_device(hub: HubProcess) -> None:
    program = _program([(0, 0), (0, 5)], [1, 1])
    document = _run(hub, program, 200)
    parsed = AnalogHamiltonianSimulationTaskResult.parse_raw(json.dumps(document))
    result = AnalogHamiltonianSimulationQuantumTaskResult.from_object(parsed)
    assert len(result.measurements) == 200
    assert parsed.additionalMetadata.queraMetadata.numSuccessfulShots == 200
    sent = parsed.additionalMetadata.action.hamiltonian.drivingFields[0].amplitude
    assert [float(v) for v in sent.time_series.values] == [0.0, 6.4e6, 6.4e6, 0.0]
    text = hub.http.get(f"/backends/{AQUILA}/config").text
    device = QueraDeviceCapabilities.parse_raw(text)
    assert float(device.paradigm.rydberg.c6Coefficient) == C6


def test_the_noise_is_that_of_the_calibration(hub: HubProcess) -> None:
    """Atoms without any field stay in the ground state: what is seen is the noise alone."""
    program = _program([(0, 0), (20, 0), (40, 0)], [1, 1, 1])
    amplitude = program["hamiltonian"]["drivingFields"][0]["amplitude"]["time_series"]
    amplitude["values"] = [0.0, 0.0, 0.0, 0.0]
    document = _run(hub, program, 1000)
    calibration = hub.http.get(f"/backends/{AQUILA}/calibration").json()["calibration"]
    shots = [entry["shotResult"] for entry in document["measurements"]]
    before = np.array([shot["preSequence"] for shot in shots])
    after = np.array([shot["postSequence"] for shot in shots])
    assert 1 - before.mean() == pytest.approx(
        calibration["lattice"]["fillingErrorTypical"], abs=0.006
    )
    lost = calibration["rydberg"]["rydbergGlobal"]["groundDetectionError"]
    assert 1 - after[before == 1].mean() == pytest.approx(lost, abs=0.015)
    assert after[before == 0].sum() == 0
    assert "empty sites" in document["additionalMetadata"]["localHub"]["noise"]


def test_numbers_may_be_texts_as_braket_prints_them(ideal_hub: HubProcess) -> None:
    """The description's example, and the same as Braket's own IR writes it."""
    bodies = [
        BODIES / "job_aws_ahs_spec_example.json",
        BODIES / "as-sent-today" / "job_aws_ahs_braket_ir.json",
    ]
    for path in bodies:
        body = json.loads(path.read_text(encoding="utf-8"))
        document = _run(ideal_hub, body["input"]["ahs_program"], body["shots"])
        assert len(document["measurements"]) == body["shots"]


def _changed(change: Any) -> dict[str, Any]:
    program = copy.deepcopy(_program([(0, 0), (5, 0)], [1, 1]))
    change(program["setup"]["ahs_register"], program["hamiltonian"]["drivingFields"])
    return program


REFUSED = {
    "too near": (lambda r, f: r.update(sites=[[0, 0], [0, 3e-6]]), ["3e-06 m apart", "4e-06"]),
    "rows": (lambda r, f: r.update(sites=[[0, 0], [9e-6, 2e-6]]), ["rows"]),
    "too wide": (lambda r, f: r.update(sites=[[0, 0], [8e-5, 0]]), ["width"]),
    "grid": (lambda r, f: r.update(sites=[[0, 0], [5.0005e-6, 0]]), ["sites[1]", "1e-08"]),
    "filling": (lambda r, f: r.update(filling=[1]), ["1 entries for 2"]),
    "no atom": (lambda r, f: r.update(filling=[0, 0]), ["no atom"]),
    "no field": (lambda r, f: f.clear(), ["drivingFields", "0 entries"]),
    "amplitude": (
        lambda r, f: f[0]["amplitude"]["time_series"].update(values=[0.0, 2e7, 2e7, 0.0]),
        ["amplitude", "20000000.0"],
    ),
    "begins with": (
        lambda r, f: f[0]["amplitude"]["time_series"].update(values=[1e6, 1e6, 1e6, 0.0]),
        ["begin and to end with 0"],
    ),
    "too close in time": (
        lambda r, f: f[0]["detuning"].update(_series([(0, 0), (0.5, 1), (0.53, 2), (1, 0)])),
        ["detuning", "5e-08 s between"],
    ),
    "ends apart": (lambda r, f: f[0]["detuning"].update(_series([(0, 0), (2, 0)])), ["different"]),
    "too long": (
        lambda r, f: [f[0][n].update(_series([(0, 0), (5, 0)])) for n in f[0]],
        ["5e-06 s", "4e-06"],
    ),
    "starts late": (
        lambda r, f: f[0]["detuning"].update(_series([(0.5, 0), (1, 0)])),
        ["begins at 5e-07"],
    ),
    "lengths": (
        lambda r, f: f[0]["detuning"]["time_series"].update(values=[0.0]),
        ["2 times for 1 values"],
    ),
    "pattern": (lambda r, f: f[0]["phase"].update(pattern=[1.0, 0.0]), ["uniform"]),
    "too many atoms": (
        lambda r, f: r.update(sites=[[k * 5e-6, 0] for k in range(14)], filling=[1] * 14),
        ["14 atoms", "local limit of 13"],
    ),
    "no number": (lambda r, f: r.update(sites=[["a", 0], [0, 0]]), ["sites.0.0"]),
    "not finite": (lambda r, f: r.update(sites=[["inf", 0], [0, 0]]), ["sites.0.0", "finite"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_device_refuses(hub: HubProcess, name: str) -> None:
    change, words = REFUSED[name]
    answer = hub.post(AQUILA, "", 10, input={"ahs_program": _changed(change)})
    assert answer.status_code == 422, answer.text
    assert [word for word in words if word not in answer.json()["detail"]] == [], answer.text


def test_local_detuning_is_held_against_its_limits(hub: HubProcess) -> None:
    program = _program([(0, 0), (5, 0)], [1, 1])
    for points, pattern, words in [
        ([(0, 0), (0.05, 120), (0.9, 120), (1, 0)], [1.0, 0.0], ["at most 1.2566e+15"]),
        ([(0, 0), (0.5, 130), (1, 0)], [1.0, 0.0], ["130000000.0"]),
        ([(0, 0), (0.5, 10), (1, 0)], [1.0], ["each of the 2 sites"]),
        ([(0, 0), (0.5, 10), (1, 0)], [1.5, 0.0], ["1.5"]),
        ([(0, 0), (0.5, 10), (1, 5)], [1.0, 0.0], ["begin and to end with 0"]),
    ]:
        magnitude = {**_series(points), "pattern": pattern}
        program["hamiltonian"]["localDetuning"] = [{"magnitude": magnitude}]
        answer = hub.post(AQUILA, "", 10, input={"ahs_program": program})
        assert answer.status_code == 422, answer.text
        assert [word for word in words if word not in answer.json()["detail"]] == []


def test_gates_are_not_for_this_device(hub: HubProcess) -> None:
    answer = hub.post(AQUILA, "OPENQASM 3.0; qubit q; h q;", 10)
    assert (answer.status_code, "ahs_program" in answer.text) == (422, True)
