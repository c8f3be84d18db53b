"""IQM Garnet and Emerald without noise, against exact states in numpy; and what they refuse."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import ROOT, HubProcess
from tests.quick.local_hub.iqm_circuits import (
    EMERALD,
    GARNET,
    PATH,
    QUARTER,
    Instruction,
    batch,
    cc_prx,
    counts,
    cz,
    distribution,
    in_turns,
    measure,
    prx,
    random_gates,
    run,
)

BODIES = ROOT / "tests/contract/bodies"


@pytest.fixture(scope="module")
def ideal() -> Iterator[HubProcess]:
    """A Hub without noise, its worker warm."""
    process = HubProcess("--seed", "7", "--workers", "1", "--ideal")
    run(process, [prx("QB1"), measure("m", "QB1")])
    yield process
    assert process.close() == 0


# --- gates, phases, order of bits


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, math.pi, -2.2, 2 * math.pi, 9.0])
@pytest.mark.parametrize("phase", [0.0, 0.7, math.pi / 2, -1.9, math.pi])
def test_prx(ideal: HubProcess, angle: float, phase: float) -> None:
    """Read along z, and along x and y after a quarter turn: all that can be known of the state."""
    gate = prx("QB3", angle, phase)
    readings = [[gate], [gate, prx("QB3", math.pi / 2)], [gate, prx("QB3", **QUARTER)]]
    entries = run(ideal, *([*gates, measure("m", "QB3")] for gates in readings), shots=10_000)
    for gates, entry in zip(readings, entries, strict=True):
        assert total_variation(entry["counts"], distribution(gates, ["QB3"])) < 0.02


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dialect", ["radians", "turns"])
def test_random_circuits(ideal: HubProcess, seed: int, dialect: str) -> None:
    gates = random_gates(seed)
    circuit = [*gates, measure("m", *PATH)]
    sent = circuit if dialect == "radians" else in_turns(circuit)
    # 64 outcomes and 20,000 shots: the expected distance is about 0.02.
    assert total_variation(counts(ideal, sent, 20_000), distribution(gates, PATH)) < 0.04


def test_a_large_angle_in_turns_is_exact(ideal: HubProcess) -> None:
    turns = {"angle_t": 1_000_000_000_000.5, "phase_t": 0}
    circuit = [{"name": "prx", "qubits": ["QB1"], "args": turns}, measure("m", "QB1")]
    assert counts(ideal, circuit) == {"1": 100}


@pytest.mark.parametrize(("backend", "couplers"), [(GARNET, 30), (EMERALD, 90)])
def test_cz_on_every_coupler(ideal: HubProcess, backend: str, couplers: int) -> None:
    """X on one qubit; its cz flips the other's superposition, so that both read 1."""
    graph = ideal.http.get(f"/backends/{backend}").json()["configuration"]["connectivity"]["graph"]
    pairs = [(first, second) for first, others in graph.items() for second in others]
    assert len(pairs) == 2 * couplers
    circuits = [
        [
            prx(first),
            prx(second, **QUARTER),
            cz(first, second),
            prx(second, -math.pi / 2, math.pi / 2),
            measure("m", first, second),
        ]
        for first, second in pairs
    ]
    entries = run(ideal, *circuits, shots=5, to=backend)
    assert [entry["counts"] for entry in entries] == [{"11": 5}] * len(pairs)


def test_bits_are_in_the_order_of_keys_and_of_the_qubits_in_each(ideal: HubProcess) -> None:
    circuit = [
        prx("QB12"),
        prx("QB1"),
        measure("z", "QB20", "QB12"),
        measure("a", "QB7"),
        measure("k", "QB1", "QB4", "QB2"),
    ]
    (entry,) = run(ideal, circuit, shots=9)
    assert entry == {"counts": {"010100": 9}, "measurement_keys": ["z", "a", "k"]}


def test_several_circuits_have_an_entry_each(ideal: HubProcess) -> None:
    one, two = [prx("QB1"), measure("x", "QB1")], [measure("y", "QB2", "QB3")]
    assert run(ideal, one, two, one, shots=4) == [
        {"counts": {"1": 4}, "measurement_keys": ["x"]},
        {"counts": {"00": 4}, "measurement_keys": ["y"]},
        {"counts": {"1": 4}, "measurement_keys": ["x"]},
    ]


def test_ghz_on_twenty_qubits(ideal: HubProcess) -> None:
    row = ["QB2", "QB1", "QB4", "QB3", "QB8", "QB13", "QB14", "QB18", "QB19", "QB20", "QB16"]
    row += ["QB17", "QB12", "QB7", "QB6", "QB5"]
    tails = [("QB8", "QB9"), ("QB9", "QB10"), ("QB16", "QB11"), ("QB14", "QB15")]
    circuit = [prx(row[0], **QUARTER)]
    for source, target in [*itertools.pairwise(row), *tails]:
        turn = prx(target, **QUARTER)
        circuit += [turn, cz(source, target), prx(target, -math.pi / 2, math.pi / 2)]
    names = [f"QB{n}" for n in range(1, 21)]
    found = counts(ideal, [*circuit, measure("m", *names)], 1_000)
    assert set(found) == {"0" * 20, "1" * 20}
    assert found["0" * 20] == pytest.approx(500, abs=80)


# --- what comes after a measurement


def test_a_qubit_is_measured_again_after_gates(ideal: HubProcess) -> None:
    circuit = [
        prx("QB1"),
        measure("a", "QB1"),
        prx("QB1"),
        measure("b", "QB1"),
        prx("QB1"),
        measure("c", "QB1"),
        measure("d", "QB1"),
    ]
    assert counts(ideal, circuit) == {"1011": 100}


def test_a_measurement_ends_a_superposition(ideal: HubProcess) -> None:
    half, back = prx("QB1", math.pi / 2), prx("QB1", -math.pi / 2)
    assert counts(ideal, [half, back, measure("b", "QB1")], 10) == {"0": 10}
    found = counts(ideal, [half, measure("a", "QB1"), back, measure("b", "QB1")], 8_000)
    assert total_variation(found, dict.fromkeys(["00", "01", "10", "11"], 0.25)) < 0.03


def test_reset(ideal: HubProcess) -> None:
    circuit = [
        prx("QB1"),
        prx("QB2"),
        {"name": "reset", "locus": ["QB1"]},
        measure("m", "QB1", "QB2"),
    ]
    assert counts(ideal, circuit) == {"01": 100}


def test_cc_prx_acts_where_a_one_was_read(ideal: HubProcess) -> None:
    angle, turned = 1.1, 2.0
    circuit = [
        prx("QB1", angle),
        prx("QB5"),
        measure("a", "QB5", "QB1", feedback_key="f"),
        cc_prx("QB2", "f", "QB1", angle=turned, phase=0.3),
        cc_prx("QB4", "f", "QB5"),
        measure("b", "QB2", "QB4"),
    ]
    one, two = math.sin(angle / 2) ** 2, math.sin(turned / 2) ** 2
    exact = {"1001": 1 - one, "1101": one * (1 - two), "1111": one * two}
    assert total_variation(counts(ideal, circuit, 10_000), exact) < 0.02


def test_teleportation(ideal: HubProcess) -> None:
    """An unknown state goes from QB1 to QB5 through a Bell pair, corrected by feedback."""
    source, middle, target = "QB1", "QB2", "QB5"
    hadamard = [{"angle": math.pi / 2, "phase": math.pi / 2}, {"angle": math.pi, "phase": 0.0}]
    unknown = [prx(source, 1.234, 0.567)]
    circuit = [
        *unknown,
        *(prx(middle, **gate) for gate in hadamard),
        *(prx(target, **gate) for gate in hadamard),
        cz(middle, target),
        *(prx(target, **gate) for gate in hadamard),
        *(prx(middle, **gate) for gate in hadamard),
        cz(source, middle),
        *(prx(middle, **gate) for gate in hadamard),
        *(prx(source, **gate) for gate in hadamard),
        measure("bell", source, middle, feedback_key="bell"),
        cc_prx(target, "bell", middle),
        # z is a half turn about x, then one about y.
        cc_prx(target, "bell", source),
        cc_prx(target, "bell", source, phase=math.pi / 2),
    ]
    for axis in ([], [prx(target, math.pi / 2)], [prx(target, **QUARTER)]):
        found = counts(ideal, [*circuit, *axis, measure("out", target)], 8_000)
        ones = sum(number for bits, number in found.items() if bits[2] == "1") / 8_000
        moved = [*unknown, *(prx(source, **turn["args"]) for turn in axis)]
        assert ones == pytest.approx(distribution(moved, [source])["1"], abs=0.025)


def test_barriers_and_delays_change_nothing_without_noise(ideal: HubProcess) -> None:
    circuit = [
        prx("QB1", math.pi / 2),
        {"name": "barrier", "locus": ["QB1", "QB20"]},
        {"name": "delay", "locus": ["QB1", "QB2"], "args": {"duration": 1e-3}},
        prx("QB1", math.pi / 2),
        measure("m", "QB1"),
    ]
    assert counts(ideal, circuit) == {"1": 100}


# --- dialects and options


def test_logical_names(ideal: HubProcess) -> None:
    names = {"alice": "QB9", "bob": "QB4"}
    circuit = [prx("bob"), cz("alice", "bob"), measure("m", "alice", "bob")]
    pairs = [{"logical_name": name, "physical_name": qubit} for name, qubit in names.items()]
    for mapping in (pairs, names):
        assert counts(ideal, circuit, qubit_mapping=mapping) == {"01": 100}


def test_old_names_and_implementations(ideal: HubProcess) -> None:
    circuit = [
        {"name": "phased_rx", "qubits": ["QB1"], "args": {"angle_t": 0.5, "phase_t": 0.25}},
        {**prx("QB2"), "implementation": "drag_crf", "metadata": {"why": "a test"}},
        {"name": "measurement", "qubits": ["QB1", "QB2"], "args": {"key": "m"}},
    ]
    assert counts(ideal, circuit) == {"11": 100}


@pytest.mark.parametrize("path", ["job_iqm.json", "as-sent-today/job_iqm_run_request_dump.json"])
def test_bodies_that_clients_send(ideal: HubProcess, path: str) -> None:
    body = json.loads((BODIES / path).read_text())
    answer = ideal.http.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["id"]
    assert ideal.wait(job_id) == "COMPLETED"
    (entry,) = ideal.http.get(f"/jobs/{job_id}/result").json()["measurement_counts"]
    assert entry["measurement_keys"] == ["m_2_0_0"]
    assert set(entry["counts"]) == {"00", "11"}
    assert sum(entry["counts"].values()) == 1_000


def test_options_may_be_parameters(ideal: HubProcess) -> None:
    params = {
        "calibration_set_id": None,
        "qubit_mapping": [{"logical_name": "a", "physical_name": "QB3"}],
        "custom_settings": None,
        "heralding_mode": "zeros",
        "move_gate_validation": "strict",
        "move_gate_frame_tracking": "full",
        "dd_mode": "enabled",
        "dd_strategy": {
            "merge_contiguous_waits": True,
            "gate_sequences": [[9, "XYXYYXYX", "asap"], [2, [[3.14, 0.0], [3.14, 1.57]], "center"]],
        },
        "active_reset_cycles": 1,
    }
    job_input = batch([prx("a"), measure("m", "a")])
    document = ideal.run(GARNET, "", 7, input=job_input, input_params=params)
    # Without noise every heralding measurement reads 0.
    assert document["measurement_counts"] == [{"counts": {"1": 7}, "measurement_keys": ["m"]}]
    said = document["metadata"]["localHub"]
    assert "without noise" in said["noise"]
    assert [words.split()[:2] for words in said["options"]] == [
        ["dynamical", "decoupling"],
        ["active", "reset"],
    ]


def test_the_calibration_set_in_use_may_be_named(ideal: HubProcess) -> None:
    used = ideal.http.get(f"/backends/{GARNET}/config").json()["calibration_set_id"]
    job_input = batch([measure("m", "QB1")], calibration_set_id=used)
    document = ideal.run(GARNET, "", 5, input=job_input)
    assert document["metadata"]["calibration_set_id"] == used


def test_a_circuit_may_be_as_long_as_it_says(ideal: HubProcess) -> None:
    """100 quarter turns take 2 us; QB1's T2 is 9.18 us."""
    circuit = [*[prx("QB1", math.pi / 2)] * 100, measure("m", "QB1")]
    assert counts(ideal, circuit, max_circuit_duration_over_t2=0.22) == {"0": 100}
    assert counts(ideal, circuit, max_circuit_duration_over_t2=0) == {"0": 100}
    answer = ideal.post(GARNET, "", input=batch(circuit, max_circuit_duration_over_t2=0.21))
    assert answer.status_code == 422
    assert "2 us, 0.218 times the shortest T2" in answer.json()["detail"]


def test_the_same_seed_gives_the_same_document() -> None:
    job_input = batch([*random_gates(5), measure("m", *PATH)])
    documents = []
    for _ in range(2):
        hub = HubProcess("--seed", "11", "--workers", "1")
        documents.append([hub.run(GARNET, "", 500, input=job_input) for _ in range(2)])
        assert hub.close() == 0
    assert documents[0] == documents[1]
    assert documents[0][0] != documents[0][1]


# --- refusals

READ = measure("m", "QB1")


@pytest.mark.parametrize(
    ("instructions", "words"),
    [
        ([cz("QB1", "QB3"), READ], ["instruction 0", "`cz`", "QB1 and QB3", "QB2, QB4"]),
        ([cz("QB1", "QB1"), READ], ["twice"]),
        ([prx("QB21"), READ], ["no qubit QB21", "QB1 to QB20"]),
        ([{**prx("QB1"), "locus": ["QB1", "QB2"]}, READ], ["`prx` acts on 1"]),
        ([{"name": "h", "locus": ["QB1"]}, READ], ["`h`", "prx"]),
        ([{"name": "move", "locus": ["QB1", "QB2"]}, READ], ["`move`", "resonator", "`cz`"]),
        ([{"name": "prx", "args": {}}, READ], ["no qubits", "`locus`"]),
        ([{**prx("QB1"), "args": {"angle_t": 0.5}}, READ], ["lacks", "`phase_t`", "radians"]),
        ([{**prx("QB1"), "args": {"angle": 1, "angle_t": 1}}, READ], ["both `angle`"]),
        ([{**prx("QB1"), "args": {"theta": 1}}, READ], ["no argument `theta`"]),
        ([{**prx("QB1"), "args": {"angle": "1", "phase": 0}}, READ], ["`angle`", "number"]),
        ([{**prx("QB1"), "args": {"angle": 10**400, "phase": 0}}, READ], ["`angle`", "finite"]),
        ([{**prx("QB1"), "implementation": "magic"}, READ], ["magic", "drag_crf"]),
        ([READ, READ], ["instruction 1", "key m", "twice"]),
        ([{"name": "measure", "locus": ["QB1"]}], ["`measure` lacks", "`key`"]),
        ([prx("QB1")], ["measures nothing", "`measure`"]),
        ([], ["`instructions` is empty"]),
        ([cc_prx("QB1", "f", "QB2"), READ], ["`cc_prx`", "no earlier", "f"]),
        (
            [measure("k", "QB2", feedback_key="f"), cc_prx("QB1", "f", "QB3"), READ],
            ["feedback key f is not on QB3"],
        ),
        (
            [{"name": "delay", "locus": ["QB1"], "args": {"duration": -1}}, READ],
            ["`delay`", "negative"],
        ),
        ([measure(str(n), *PATH) for n in range(200)], ["1000 bits", "local limit"]),
        ([{**READ, "qubits": ["QB2"]}], ["`qubits` and `locus`"]),
    ],
)
def test_refused_circuits(
    ideal: HubProcess, instructions: list[Instruction], words: list[str]
) -> None:
    answer = ideal.post(GARNET, "", input=batch([measure("good", "QB1")], instructions))
    assert answer.status_code == 422, answer.text
    for word in words:
        assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    ("options", "params", "words"),
    [
        ({"shots": 3}, {}, ["`input.shots` is 3", "100"]),
        ({"dd_mode": "enabled"}, {"dd_mode": "disabled"}, ["`dd_mode` differs"]),
        ({"custom_settings": {"a": 1}}, {}, ["`custom_settings`"]),
        ({"calibration_set_id": str(UUID(int=5))}, {}, ["`calibration_set_id`", "newest"]),
        ({"calibration_set_id": "new"}, {}, ["`input.calibration_set_id`", "UUID"]),
        ({"heralding_mode": "ones"}, {}, ["`input.heralding_mode`", "'zeros'"]),
        ({"qubit_mapping": {"a": "QB1", "b": "QB1"}}, {}, ["`qubit_mapping`", "twice"]),
        ({"qubit_mapping": {"QB1": "QB99"}}, {}, ["QB99", GARNET]),
        ({"qubit_mapping": {"a": "QB1"}}, {}, ["QB1", "does not map it"]),
        ({"active_reset_cycles": -1}, {}, ["`input.active_reset_cycles`"]),
        ({}, {"unknown": 1}, ["`input_params.unknown`"]),
        ({"unknown": 1}, {}, ["`input.unknown`"]),
    ],
)
def test_refused_options(
    ideal: HubProcess, options: dict[str, Any], params: dict[str, Any], words: list[str]
) -> None:
    answer = ideal.post(GARNET, "", input=batch([READ], **options), input_params=params)
    assert answer.status_code == 422, answer.text
    for word in words:
        assert word in answer.json()["detail"]


def test_what_this_machine_cannot_hold(ideal: HubProcess) -> None:
    names = [f"QB{n}" for n in range(1, 26)]
    answer = ideal.post(EMERALD, "", input=batch([measure("m", *names)]))
    assert answer.status_code == 422
    assert "25 qubits, above this machine's local limit of 24" in answer.json()["detail"]
    many = [{"name": "prx"}] * 100_001
    answer = ideal.post(GARNET, "", input=batch(many))
    assert answer.status_code == 422
    assert "100001 instructions, above this machine's local limit" in answer.json()["detail"]


@pytest.mark.parametrize(
    "args",
    [
        '{"angle": NaN, "phase": 0}',
        '{"angle": 1e999, "phase": 0}',
        f'{{"angle": 1{"0" * 5_000}, "phase": 0}}',
        '{"angle": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"angle": {"$ref": "/etc/hostname"}, "phase": 0}',
        f'{{"{"x" * 100_000}": 0}}',
    ],
    ids=["nan", "infinity", "digits", "depth", "reference", "name"],
)
def test_hostile_arguments_are_refused_in_few_words(ideal: HubProcess, args: str) -> None:
    gate = f'{{"name": "prx", "qubits": ["QB1"], "args": {args}}}'
    body = (
        f'{{"backend_id": "{GARNET}", "shots": 1, "input": {{"circuits": '
        f'[{{"name": "c", "instructions": [{gate}]}}]}}}}'
    )
    answer = ideal.http.post("/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert len(answer.json()["detail"]) < 600
    assert counts(ideal, [READ], 3) == {"0": 3}
