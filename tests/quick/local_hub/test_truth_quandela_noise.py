"""Quandela's noise against Perceval's simulation of circuits built here; tolerances as in test_truth_quandela."""

from __future__ import annotations

import json
import math
from typing import Any

import perceval as pcvl
import pytest
from perceval.serialization import deserialize, serialize

from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.quandela_payloads import (
    ALTAIR,
    BELENOS,
    calibrated,
    distance,
    document,
    experiment,
    newer,
    older,
    results,
    states,
    unitary,
)


def noisy(matrix: Any, photons: list[int], least: int, noise: Any, *, click: bool = True) -> Any:
    """Perceval's own simulation of a unitary, on a processor built here, by another backend than the Hub's."""
    processor = pcvl.Processor("Naive", pcvl.Unitary(pcvl.Matrix(matrix)), noise=noise)
    if click:
        for mode in range(len(photons)):
            processor.add(mode, pcvl.Detector.threshold())
    processor.min_detected_photons_filter(least)
    processor.with_input(pcvl.BasicState(photons))
    return processor.probs()


@pytest.mark.parametrize("least", [1, 2])
def test_noise_of_belenos(hub: HubProcess, least: int) -> None:
    matrix, noise = unitary(12, 3), calibrated(hub)
    circuit = pcvl.Unitary(pcvl.Matrix(matrix))
    shots = 100_000 if least == 1 else 5_000_000
    found = results(
        hub, BELENOS, newer(experiment(circuit, [1, 1, 1], least), max_shots=shots), shots
    )
    expected = noisy(matrix, [1, 1, 1], least, noise)
    assert found["global_perf"] == pytest.approx(expected["global_perf"], rel=1e-3)
    assert distance(states(found["results"]), states(expected["results"])) < 0.01
    # Shots are pulses with a photon: of those, the filter passes as many as of the pulses, but for the empty ones.
    empty = (1 - noise.transmittance) ** 3
    passing = expected["global_perf"] / (1 - empty)
    # The second photon that g2 stands for makes a pulse a little less often empty.
    assert found["results"].total() == pytest.approx(shots * passing, rel=0.02)


def test_indistinguishability_shows_in_hong_ou_mandel(hub: HubProcess) -> None:
    """Two photons that leave a splitter apart: half of those that can be told apart, whose part is 1 - V."""
    noise = calibrated(hub)
    found = results(hub, BELENOS, newer(experiment(pcvl.BS(), [1, 1], 1), max_shots=20_000_000))
    apart, pulses = found["results"][pcvl.BasicState([1, 1])], 20_000_000
    pair = noise.transmittance**2 / (1 - (1 - noise.transmittance) ** 2)
    expected = pair * (1 - noise.indistinguishability) / 2
    # g2 adds photons that can be told apart: at most a photon more in either arm.
    extra = 3 * noise.g2 * pair
    assert expected < apart / pulses < expected + extra


def test_errors_of_phases(hub: HubProcess) -> None:
    """A bright fringe is dimmed by the phases' errors alone, each at most `phase_error`: many in a row show."""
    noise = calibrated(hub)
    circuit = pcvl.Circuit(2).add(0, pcvl.BS())
    for _ in range(1_500):
        circuit.add(0, pcvl.PS(1.0)).add(0, pcvl.PS(-1.0))
    circuit.add(0, pcvl.BS())
    found = results(hub, BELENOS, older(circuit, [1, 0], max_shots=100_000))["results"]
    dark = states(found).get((1, 0), 0.0)
    widest = 5 * noise.phase_error * math.sqrt(3_000 / 3)
    assert 0 < dark < math.sin(widest / 2) ** 2


def test_noise_of_a_payload_counts_on_the_simulator(hub: HubProcess) -> None:
    matrix, photons = unitary(13, 3), [1, 1, 0]
    noise = pcvl.NoiseModel(indistinguishability=0.6, g2=0.05, transmittance=0.4)
    circuit = pcvl.Unitary(pcvl.Matrix(matrix))
    expected = noisy(matrix, photons, 2, noise, click=False)
    figures = {"HOM": 0.6, "g2": 0.05, "transmittance": 0.4, "min_detected_photons": 2}
    for payload in (
        newer(experiment(circuit, photons, 2, noise=noise), "probs"),
        older(
            circuit,
            photons,
            "probs",
            noise=serialize(noise),
            parameters={"min_detected_photons": 2},
        ),
        older(circuit, photons, "probs", parameters=figures),
    ):
        found = results(hub, ALTAIR, payload)
        assert distance(states(found["results"]), states(expected["results"])) < 1e-4
        assert found["global_perf"] == pytest.approx(expected["global_perf"], rel=1e-4)


def test_noise_of_a_payload_is_left_out_on_the_computer(hub: HubProcess) -> None:
    noise = pcvl.NoiseModel(indistinguishability=0, transmittance=0.5)
    made = experiment(pcvl.Unitary(pcvl.Matrix(unitary(12, 3))), [1, 1, 1], 1, noise=noise)
    answer = document(hub, BELENOS, newer(made, max_shots=10_000))
    assert "payload's noise was left out" in answer["metadata"]["localHub"]["noise"]
    found = deserialize(json.loads(answer["results"]))
    expected = noisy(unitary(12, 3), [1, 1, 1], 1, calibrated(hub))
    assert found["global_perf"] == pytest.approx(expected["global_perf"], rel=1e-3)


def test_large_inputs_are_simulated_without_noise_and_say_so(hub: HubProcess) -> None:
    photons = [1, 0] * 7
    made = experiment(pcvl.Circuit(14).add(0, pcvl.BS()), photons, 7)
    answer = document(hub, BELENOS, newer(made, max_shots=2_000))
    said = answer["metadata"]["localHub"]["noise"]
    assert "without noise: of more than 6 photons" in said
    found = deserialize(json.loads(answer["results"]))["results"]
    assert found.total() == 2_000
    assert set(states(found)) == {tuple(photons), (0, 1, *photons[2:])}
