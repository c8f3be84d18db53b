"""Quandela's platforms against permanents in numpy, by plain payloads and by Perceval's own remote classes.

Counts of N samples over k states differ from the truth by about sqrt(k / N) / 2 in total variation: tolerances are
twice that or more, at fixed seeds.
"""

from __future__ import annotations

import json
import math
from typing import Any

import perceval as pcvl
import pytest
from perceval.serialization import deserialize, serialize

from local_hub.engines import load_engine
from local_hub.engines.base import Task
from scripts.catalog import common
from tests.quick.local_hub.hub_process import ROOT, HubProcess
from tests.quick.local_hub.quandela_payloads import (
    ALTAIR,
    BELENOS,
    clicks,
    computer,
    distance,
    document,
    exact,
    experiment,
    newer,
    older,
    phase,
    remote,
    results,
    selected,
    splitter,
    states,
    unitary,
)

# Ralph's CNOT on two dual-rail qubits, with two more modes that no photon may enter or leave.
BELL = pcvl.catalog["postprocessed cnot"]


def interferometer() -> tuple[Any, Any]:
    """Three modes whose phases matter, for Perceval and in numpy."""
    circuit = pcvl.Circuit(3)
    circuit.add(0, pcvl.BS(1.1)).add(1, pcvl.PS(0.7)).add(1, pcvl.BS(2.0)).add(0, pcvl.PS(-1.9))
    circuit.add(0, pcvl.BS(0.6))
    matrix = splitter(1.1, modes=3)
    for factor in (
        phase(0.7, modes=3, mode=1),
        splitter(2.0, modes=3, first=1),
        phase(-1.9, modes=3, mode=0),
        splitter(0.6, modes=3),
    ):
        matrix = factor @ matrix
    return circuit, matrix


# --- exact


@pytest.mark.parametrize("photons", [[1, 0, 0], [1, 1, 0], [2, 0, 1], [1, 1, 1], [0, 3, 1]])
def test_probabilities_are_exact(hub: HubProcess, photons: list[int]) -> None:
    circuit, matrix = interferometer()
    for payload in (
        older(circuit, photons, "probs"),
        newer(experiment(circuit, photons), "probs"),
    ):
        found = results(hub, ALTAIR, payload)
        assert isinstance(found["results"], pcvl.BSDistribution)
        assert distance(states(found["results"]), exact(matrix, photons)) < 1e-9
        assert found["physical_perf"] == pytest.approx(1)


def test_random_unitary_of_five_photons(hub: HubProcess) -> None:
    matrix, photons = unitary(4, 6), [1, 2, 0, 1, 0, 1]
    circuit = pcvl.Unitary(pcvl.Matrix(matrix))
    found = results(hub, ALTAIR, older(circuit, photons, "probs"))["results"]
    assert distance(states(found), exact(matrix, photons)) < 1e-9


def test_hong_ou_mandel(hub: HubProcess) -> None:
    """Two photons leave a splitter together, and Altair counts them."""
    payload = older(pcvl.BS(), [1, 1], max_shots=20_000)
    found = results(hub, ALTAIR, payload)["results"]
    assert distance(states(found), {(2, 0): 0.5, (0, 2): 0.5}) < 0.015
    assert found.total() == 20_000


def test_belenos_without_noise_has_threshold_detectors(ideal_hub: HubProcess) -> None:
    circuit, matrix = interferometer()
    every = {"min_detected_photons": 1}
    found = results(
        ideal_hub, BELENOS, older(circuit, [1, 0, 1], max_shots=40_000, parameters=every)
    )
    assert distance(states(found["results"]), clicks(exact(matrix, [1, 0, 1]))) < 0.02
    assert found["results"].total() == 40_000
    said = document(ideal_hub, BELENOS, older(circuit, [1, 0, 1]))["metadata"]["localHub"]["noise"]
    assert "the Hub was started so" in said


@pytest.mark.parametrize("backend", [ALTAIR, BELENOS])
def test_a_bell_pair_by_post_selection(ideal_hub: HubProcess, backend: str) -> None:
    """Ralph's CNOT after a Hadamard: one ninth passes, half of it |00>, half |11>; a phase shows in the basis of X."""
    for turn, expected in ((0.0, {(1, 0, 1, 0): 0.5, (0, 1, 0, 1): 0.5}), (math.pi, None)):
        processor = pcvl.Processor("SLOS", 4)
        processor.add(0, pcvl.BS.H())
        processor.add(0, BELL.build_processor())
        if expected is None:
            # In the basis of X the pair's bits agree; with a phase of pi they differ.
            processor.add(0, pcvl.PS(turn))
            processor.add(0, pcvl.BS.H())
            processor.add(2, pcvl.BS.H())
            expected = {(1, 0, 0, 1): 0.5, (0, 1, 1, 0): 0.5}
        processor.with_input(pcvl.BasicState([1, 0, 1, 0]))
        processor.min_detected_photons_filter(2)
        found = results(
            ideal_hub, backend, newer(processor.experiment, max_shots=100_000, max_samples=90_000)
        )
        assert found["global_perf"] == pytest.approx(1 / 9, abs=1e-9)
        assert found["results"].total() == pytest.approx(100_000 / 9, abs=500)
        assert distance(states(found["results"]), expected) < 0.02


def test_heralds_and_post_selection(hub: HubProcess) -> None:
    matrix = unitary(9, 4)
    circuit = pcvl.Unitary(pcvl.Matrix(matrix))
    whole, passing = selected(
        exact(matrix, [0, 1, 1, 1]), lambda s: s[0] == 0 and s[3] == 1 and s[1] >= 1
    )
    expected = {state[1:3]: chance for state, chance in whole.items()}
    made = experiment(circuit, [1, 1], 2, heralds={0: 0, 3: 1}, postselect="[1]>=1")
    found = results(hub, ALTAIR, newer(made, "probs"))
    assert distance(states(found["results"]), expected) < 1e-9
    assert found["global_perf"] == pytest.approx(passing)
    # The same in the older form, where the input has the heralded modes too.
    fields = {"heralds": {"0": 0, "3": 1}, "postselect": ":PCVL:PostSelect:[1]>=1"}
    found = results(hub, ALTAIR, older(circuit, [0, 1, 1, 1], "probs", **fields))
    assert distance(states(found["results"]), expected) < 1e-9
    # A selection that passes often enough to count: the samples are what passes of the shots.
    found = results(hub, ALTAIR, newer(made, max_shots=50_000))
    deviation = math.sqrt(50_000 * passing * (1 - passing))
    assert found["results"].total() == pytest.approx(50_000 * passing, abs=5 * deviation)
    assert found["nb_shots_used"] == 50_000


@pytest.mark.parametrize("backend", [ALTAIR, BELENOS])
@pytest.mark.parametrize("command", ["sample_count", "samples"])
def test_a_seed_makes_results_repeatable(backend: str, command: str) -> None:
    payload = older(interferometer()[0], [1, 1, 0], command, max_shots=20_000)
    limits = json.loads((common.CATALOG / "limits" / f"{backend}.json").read_text())
    task = Task(backend, "PERCEVAL", payload, {}, 20_000, 10, limits)
    prepared = load_engine("quandela").prepare(task)
    first = prepared.run("job", 2**60 + 1)
    assert load_engine("quandela").prepare(task).run("job", 2**60 + 1) == first
    assert prepared.run("job", 2**60 + 2) != first


# --- shots and samples


def test_samples_bound_what_comes_back(hub: HubProcess) -> None:
    circuit, matrix = interferometer()
    found = results(hub, ALTAIR, older(circuit, [1, 1, 1], "samples", max_samples=700))
    assert isinstance(found["results"], pcvl.BSSamples)
    assert len(found["results"]) == found["nb_shots_used"] == 700
    counts = pcvl.utils.samples_to_sample_count(found["results"])
    assert distance(states(counts), exact(matrix, [1, 1, 1])) < 0.12
    half = older(pcvl.BS(), [1, 0], max_samples=1_000, max_shots=100_000)
    half["postselect"] = ":PCVL:PostSelect:[0]==1"
    found = results(hub, ALTAIR, half)
    assert found["results"].total() == 1_000
    assert found["nb_shots_used"] == pytest.approx(2_000, abs=250)


def test_the_example_of_the_api(hub: HubProcess) -> None:
    body = json.loads((ROOT / "tests/contract/bodies/job_quandela.json").read_text())
    answer = hub.http.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["id"]
    assert hub.wait(job_id) == "COMPLETED"
    document = hub.http.get(f"/jobs/{job_id}/result").json()
    found = deserialize(json.loads(document["results"]))["results"]
    matrix = splitter() @ phase(math.pi / 4) @ splitter()
    assert found.total() == 1000
    assert distance(states(found), exact(matrix, [1, 1])) < 0.05


def test_iterations(hub: HubProcess) -> None:
    """An interferometer whose phase is a parameter: its fringe, with what each iteration changes."""
    angle = pcvl.P("angle")
    circuit = pcvl.Circuit(2).add(0, pcvl.BS()).add(0, pcvl.PS(angle * 2)).add(0, pcvl.BS())
    made = experiment(circuit, [1, 0], 1)
    iterations = [
        {"circuit_params": {"angle": 0.3}},
        {"circuit_params": {"angle": 0.8}, "input_state": pcvl.BasicState([0, 1])},
        {
            "circuit_params": {"angle": 0.4},
            "input_state": pcvl.BasicState([1, 1]),
            "postselect": pcvl.PostSelect("[0]==1"),
            "min_detected_photons": 2,
        },
    ]
    payload = newer(made, "probs", iterator=serialize(iterations))
    found = results(hub, ALTAIR, payload)["results_list"]
    assert [entry["iteration"]["circuit_params"] for entry in found] == [
        iteration["circuit_params"] for iteration in iterations
    ]
    assert found[1]["iteration"]["input_state"] == pcvl.BasicState([0, 1])
    matrices = [splitter() @ phase(2 * a) @ splitter() for a in (0.3, 0.8, 0.4)]
    assert distance(states(found[0]["results"]), exact(matrices[0], [1, 0])) < 1e-9
    assert distance(states(found[1]["results"]), exact(matrices[1], [0, 1])) < 1e-9
    assert states(found[2]["results"]) == {(1, 1): 1.0}
    assert found[2]["logical_perf"] == pytest.approx(exact(matrices[2], [1, 1])[1, 1])


# --- Perceval's own remote classes


@pytest.mark.parametrize(
    ("backend", "command"),
    [(ALTAIR, "probs"), (ALTAIR, "samples"), (BELENOS, "sample_count"), (BELENOS, "probs")],
)
def test_percevals_sampler(ideal_hub: HubProcess, backend: str, command: str) -> None:
    """Belenos has no `probs`: Perceval asks for counts, and converts them by the `job_context` that comes back."""
    circuit, matrix = interferometer()
    sampler, handler = remote(ideal_hub, backend, experiment(circuit, [1, 1, 0], 2))
    job = getattr(sampler, command)
    found = job.execute_sync(5_000) if command != "probs" else job.execute_sync()
    assert handler.sent["payload"]["max_shots"] == 10_000
    kinds = {
        "probs": pcvl.BSDistribution,
        "samples": pcvl.BSSamples,
        "sample_count": pcvl.BSCount,
    }
    assert isinstance(found["results"], kinds[command])
    seen = found["results"]
    if command == "samples":
        seen = pcvl.utils.samples_to_sample_count(seen)
    chances = exact(matrix, [1, 1, 0])
    if backend == BELENOS:
        chances, _ = selected(clicks(chances), lambda state: sum(state) >= 2)
    assert distance(states(seen), chances) < (
        1e-6 if (backend, command) == (ALTAIR, "probs") else 0.05
    )


def test_percevals_remote_computer(ideal_hub: HubProcess) -> None:
    circuit, matrix = interferometer()
    machine, handler = computer(ideal_hub, BELENOS)
    factory = pcvl.ExecutionFactory(
        machine, experiment(circuit, [1, 0, 1], 2), max_shots_per_call=20_000
    )
    found = factory.sample_count.execute_sync(20_000)["results"]
    assert {"experiment", "command"} <= set(handler.sent["payload"])
    chances, _ = selected(clicks(exact(matrix, [1, 0, 1])), lambda state: sum(state) >= 2)
    assert distance(states(found), chances) < 0.03
