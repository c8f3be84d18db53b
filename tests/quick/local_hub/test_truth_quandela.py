"""Quandela's platforms against permanents in numpy, and with noise against Perceval on circuits built here.

Counts of N samples over k states differ from the truth by about sqrt(k / N) / 2 in total variation: tolerances are
twice that or more, at fixed seeds.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from pathlib import Path
from typing import Any

import perceval as pcvl
import pytest
from exqalibur.serialization import circuit_pb2
from perceval.serialization import deserialize, serialize

from local_hub.engines import load_engine
from local_hub.engines.base import Task
from scripts.catalog import common, quandela
from tests.quick.local_hub.contract import component, conforms
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


# --- noise


def calibrated(hub: HubProcess) -> Any:
    """Belenos's noise, from its calibration."""
    body = hub.http.get(f"/backends/{BELENOS}/calibration").json()
    return pcvl.NoiseModel(**body["calibration"]["noise"])


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


# --- refusals


def message(kind: str, content: Any) -> str:
    """A protobuf message as Perceval serializes it."""
    return f":PCVL:{kind}:" + base64.b64encode(content.SerializeToString()).decode()


def zipped(text: bytes) -> str:
    return ":PCVL:zip:" + base64.b64encode(zlib.compress(text, 9)).decode()


def with_phase(**fields: Any) -> str:
    """A circuit with one phase shifter whose parameter is as given."""
    circuit = circuit_pb2.Circuit(n_mode=2)
    parameter = circuit.components.add(n_mode=1).phase_shifter.phi
    for inner in fields.pop("of", ()):
        parameter.expr_parameters.add(symbol=inner, name=inner)
    for name, value in fields.items():
        setattr(parameter, name, value)
    return message("ACircuit", circuit)


def deep(levels: int) -> str:
    circuit = circuit_pb2.Circuit(n_mode=2)
    for _ in range(levels):
        outer = circuit_pb2.Circuit(n_mode=2)
        outer.components.add(n_mode=2).circuit.CopyFrom(circuit)
        circuit = outer
    return message("ACircuit", circuit)


def lossy() -> str:
    circuit = circuit_pb2.Circuit(n_mode=2)
    circuit.components.add(n_mode=1).loss_channel.loss.real_value = 0.1
    return message("ACircuit", circuit)


def with_many(components: int) -> str:
    """A circuit of many phase shifters."""
    circuit = circuit_pb2.Circuit(n_mode=2)
    for _ in range(components):
        circuit.components.add(n_mode=1).phase_shifter.phi.real_value = 0.1
    return message("ACircuit", circuit)


BOMB = zipped(b":PCVL:ACircuit:" + b"A" * 100_000_000)
CALL = "__import__('os').system('true')"
STATE = ":PCVL:BasicState:"
SELECT = ":PCVL:PostSelect:"
NOISE = ":PCVL:NoiseModel:"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"circuit": BOMB}, "`circuit` unpacks to more than"),
        ({"input_state": BOMB}, "`input_state` unpacks to more than"),
        ({"circuit": ":PCVL:zip:AAAA"}, "`circuit`: what follows :PCVL:zip:"),
        ({"circuit": ":PCVL:ACircuit:*"}, "`circuit` is not base64"),
        ({"circuit": ":PCVL:ACircuit://///w=="}, "`circuit` does not hold"),
        ({"circuit": ":PCVL:Matrix:AAAA"}, "`circuit` is a Matrix"),
        ({"circuit": "|1,1>"}, "`circuit` is not an object serialized"),
        (
            {"circuit": message("ACircuit", circuit_pb2.Circuit(n_mode=2**31 - 1))},
            "takes 1 to 20",
        ),
        ({"circuit": deep(20)}, "nested more than 16 deep"),
        ({"circuit": deep(90)}, "`circuit` does not hold"),
        ({"circuit": lossy()}, "component 0` is a loss channel"),
        ({"circuit": with_phase(expression="x", name=CALL, of=["a"])}, "is not arithmetic"),
        ({"circuit": with_phase(expression="x", name="9**9**9*a", of=["a"])}, "powers are at most"),
        ({"circuit": with_phase(expression=CALL)}, "neither a value nor"),
        ({"circuit": with_phase(symbol="x:99999999", name="x")}, "is not the name of a parameter"),
        ({"circuit": with_phase(real_value=math.nan)}, "not a finite number"),
        ({"circuit": with_phase(symbol="x", name="x")}, "parameter x has no value"),
        ({"input_state": f"{STATE}|1,1,1>"}, "Input length not compatible"),
        ({"input_state": f"{STATE}|99999999999,1>"}, "not a plain Fock state"),
        ({"input_state": f"{STATE}|{{P:H}},1>"}, "not a plain Fock state"),
        ({"input_state": f"{STATE}|9,2>"}, "has 11 photons"),
        ({"input_state": ":PCVL:StateVector:(1,0)*|1,0>"}, "is a StateVector"),
        ({"postselect": SELECT + "(" * 900 + "[0]==1" + ")" * 900}, "nested too deeply"),
        ({"postselect": SELECT + "NOT " * 400 + "[0]==1"}, "nested too deeply"),
        ({"postselect": f"{SELECT}[0]==1 & {CALL}"}, "not a post-selection"),
        ({"postselect": f"{SELECT}[0,7]==1"}, "names mode 7"),
        ({"noise": f'{NOISE}{{"g2": 2}}'}, "`noise` is not a noise model"),
        ({"noise": NOISE + "[" * 1_900}, "`noise` is not a noise model"),
        ({"heralds": {"7": 1}}, "`heralds` names mode 7"),
        ({"command": "run"}, "`command` 'run'"),
        ({"parameters": {"speed": 1}}, "`parameters.speed`"),
        ({"max_shots": 10**12}, "`max_shots` is 1000000000000"),
        ({"command": "samples", "max_shots": 10**8}, "above this machine's local limit"),
        ({"job_context": {"result_mapping": ["os", "system"]}}, "`job_context`"),
        ({"iterator": [{"circuit_params": {"a": 1}}]}, "`iterator.0.circuit_params.a`"),
        ({"iterator": [{"max_shots": 9}] * 1_001}, "above this machine's local limit of 1000"),
        (
            {"circuit": with_many(100), "iterator": [{"max_shots": 9}] * 900},
            "above this machine's local limit of 50000",
        ),
        ({"circuit": with_many(5_001)}, "more than 5000 components"),
        ({"iterator": [{"speed": 1}]}, "`input.iterator.0.speed`"),
        ({"experiment": ":PCVL:Experiment:"}, "needs either `experiment`"),
        ({"computation": "pcvlar 0 1 0"}, "`computation`"),
        ({"speed": 1}, "`input.speed` is not known"),
    ],
)
def test_refusals(hub: HubProcess, change: dict[str, Any], words: str) -> None:
    results(
        hub, ALTAIR, older(pcvl.BS(), [1, 1])
    )  # the worker has the engine: it answers within the POST
    answer = hub.post(ALTAIR, "", 100, input={**older(pcvl.BS(), [1, 1]), **change})
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"]


def test_what_belenos_alone_refuses(hub: HubProcess) -> None:
    results(hub, BELENOS, older(pcvl.BS(), [1, 1]))
    counting = pcvl.Experiment(pcvl.BS())
    counting.add(0, pcvl.Detector.pnr())
    counting.with_input(pcvl.BasicState([1, 1]))
    for payload, words in (
        (older(pcvl.BS(), [1, 1], "probs"), "`command` 'probs'"),
        (older(pcvl.BS(), [2, 0]), "several photons in a mode"),
        (newer(counting), "is not a threshold detector"),
        (older(pcvl.Circuit(25), [1] + [0] * 24), "25 modes; qpu:belenos takes 1 to 24"),
        (older(pcvl.Circuit(24), [1] * 13 + [0] * 11), "13 photons"),
        (older(pcvl.Circuit(24), [1, 0] * 12), "this machine's local limit"),
    ):
        answer = hub.post(BELENOS, "", 100, input=payload)
        assert answer.status_code == 422, answer.text
        assert words in answer.json()["detail"]


# --- the catalog


@pytest.mark.parametrize(("backend", "modes", "photons"), [(ALTAIR, 20, 10), (BELENOS, 24, 12)])
def test_documents(hub: HubProcess, backend: str, modes: int, photons: int) -> None:
    said = hub.http.get(f"/backends/{backend}").json()
    conforms(said, component("Backend"))
    photonic = said["configuration"]["photonic_properties"]
    assert photonic == {
        "max_modes": modes,
        "min_modes": 1,
        "max_photons": photons,
        "min_photons": 1,
    }
    details = hub.http.get(f"/backends/{backend}/config").json()
    assert details["specs"]["constraints"]["max_mode_count"] == modes
    assert said["has_calibration"] is (backend == BELENOS)
    assert (details.get("synthetic") is True) is (backend == BELENOS)
    # Perceval reads them: limits, detectors, and the noise of the performance figures.
    _, handler = remote(hub, backend, experiment(pcvl.BS(), [1, 1], 2))
    specs = pcvl.runtime.PlatformSpecs(deserialize(handler.fetch_platform_details()["specs"]))
    if backend == BELENOS:
        chip = specs.architecture
        assert chip.circuit_size == 24
        assert chip.input_state.n == 12
        assert {type(detector) for detector in chip.detectors} == {pcvl.Detector}
        assert details["perfs"]["HOM (%)"] == pytest.approx(
            100 * calibrated(hub).indistinguishability
        )


def test_calibrations_have_a_history(hub: HubProcess) -> None:
    path = f"/backends/{BELENOS}/calibration"
    conforms(hub.http.get(path).json(), component("CalibrationResponse"))
    figures = set()
    for day in ("2026-10-06", "2026-10-27", "2026-11-17"):
        found = hub.http.get(path, params={"effectiveAt": f"{day}T00:00:00Z"}).json()
        assert found["calibrated_at"] < day
        assert found["calibration"]["synthetic"] is True
        figures.add(found["calibration"]["noise"]["transmittance"])
    assert len(figures) == 3
    earlier = hub.http.get(path, params={"effectiveAt": "2026-01-01T00:00:00Z"})
    assert earlier.status_code == 204


def test_the_script_writes_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = common.CATALOG
    monkeypatch.setattr(common, "CATALOG", tmp_path)
    quandela.main()
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*.json"))
    assert len(written) == 7
    for path in written:
        assert (tmp_path / path).read_bytes() == (shipped / path).read_bytes()
