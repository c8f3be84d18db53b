"""IQM's noise against density matrices in numpy, from the figures IQM publishes of Garnet; the catalog documents.

The expected channel of a gate is relaxation for its duration, then a depolarizing channel with the published parameter.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator

from local_hub.engines.iqm_calibration import Calibration
from scripts.catalog import common, iqm
from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.contract import component, conforms
from tests.quick.local_hub.hub_process import HubProcess
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
    measure,
    prx,
    run,
)

Matrix = NDArray[np.complex128]
PRX_SECONDS, CZ_SECONDS = 20e-9, 40e-9
# Garnet's pair with the worst cz, and its depolarizing parameter.
PAIR, PAIR_CZ = ["QB6", "QB11"], 0.01401
X = np.array([[0, 1], [1, 0]], dtype=complex)
Z = np.diag([1, -1]).astype(complex)
PAULIS = [np.eye(2, dtype=complex), X, 1j * X @ Z, Z]


def times(qubit: str) -> tuple[float, float]:
    """T1 and T2."""
    index = int(qubit[2:]) - 1
    return iqm.GARNET_T1[index] * 1e-9, iqm.GARNET_T2[index] * 1e-9


def misread(qubit: str) -> tuple[float, float]:
    """Chances to read 0 as 1, and 1 as 0."""
    index = int(qubit[2:]) - 1
    return iqm.GARNET_READ_0[index] * 1e-4, iqm.GARNET_READ_1[index] * 1e-4


def on(operator: Matrix, place: int, width: int) -> Matrix:
    """An operator on one of some qubits, the first most significant."""
    factors = [np.eye(2, dtype=complex)] * width
    factors[place] = operator
    whole = factors[0]
    for factor in factors[1:]:
        whole = np.kron(whole, factor)
    return whole


def relax(rho: Matrix, qubit: str, place: int, width: int, seconds: float) -> Matrix:
    t1, t2 = times(qubit)
    kept, coherence = math.exp(-seconds / t1), math.exp(-seconds / t2)
    damping = [
        np.diag([1, math.sqrt(kept)]).astype(complex),
        np.array([[0, math.sqrt(1 - kept)], [0, 0]], dtype=complex),
    ]
    more = coherence / math.sqrt(kept)
    dephasing = [math.sqrt((1 + more) / 2) * PAULIS[0], math.sqrt((1 - more) / 2) * Z]
    for kraus in (damping, dephasing):
        wide = [on(operator, place, width) for operator in kraus]
        rho = sum((k @ rho @ k.conj().T for k in wide), np.zeros_like(rho))
    return rho


def depolarize(rho: Matrix, places: list[int], width: int, parameter: float) -> Matrix:
    mixed = np.zeros_like(rho)
    for choice in itertools.product(PAULIS, repeat=len(places)):
        operator = np.eye(2**width, dtype=complex)
        for pauli, place in zip(choice, places, strict=True):
            operator = on(pauli, place, width) @ operator
        mixed += operator @ rho @ operator.conj().T / 4 ** len(places)
    return (1 - parameter) * rho + parameter * mixed


def noisy(circuit: list[Instruction], qubits: list[str]) -> dict[str, float]:
    """The exact distribution of reading all qubits after a circuit."""
    width = len(qubits)
    rho = np.zeros((2**width, 2**width), dtype=complex)
    rho[0, 0] = 1
    for instruction in circuit:
        args, places = instruction["args"], [qubits.index(q) for q in instruction["locus"]]
        seconds = args.get("duration", 0.0)
        if instruction["name"] == "prx":
            axis = math.cos(args["phase"]) * X + math.sin(args["phase"]) * PAULIS[2]
            half = args["angle"] / 2
            matrix = math.cos(half) * PAULIS[0] - 1j * math.sin(half) * axis
            gate, seconds = on(matrix, places[0], width), PRX_SECONDS
            parameter = iqm.GARNET_PRX[int(instruction["locus"][0][2:]) - 1] * 1e-5
            rho = gate @ rho @ gate.conj().T
        elif instruction["name"] == "cz":
            projectors = [on(np.diag([0, 1]).astype(complex), place, width) for place in places]
            gate, seconds, parameter = (
                np.eye(2**width) - 2 * projectors[0] @ projectors[1],
                CZ_SECONDS,
                PAIR_CZ,
            )
            rho = gate @ rho @ gate.conj().T
        for qubit, place in zip(instruction["locus"], places, strict=True):
            rho = relax(rho, qubit, place, width, seconds)
        if instruction["name"] in ("prx", "cz"):
            rho = depolarize(rho, places, width, parameter)
    return read(np.real(np.diag(rho)), qubits)


def read(chances: NDArray[np.float64], qubits: list[str]) -> dict[str, float]:
    """What is read of qubits whose values have some chances."""
    confusion = np.eye(1)
    for qubit in qubits:
        zero, one = misread(qubit)
        confusion = np.kron(confusion, np.array([[1 - zero, one], [zero, 1 - one]]))
    found = confusion @ chances
    return {f"{n:0{len(qubits)}b}": float(chance) for n, chance in enumerate(found)}


def pair_circuit() -> list[Instruction]:
    """Phases and entanglement on the pair, its cz in both orders."""
    gates = [prx(PAIR[0], 0.9, 0.4), prx(PAIR[1], 1.7, -0.8)]
    for turn in range(9):
        gates += [cz(*PAIR), prx(PAIR[0], 0.3 * turn, 0.2), cz(*reversed(PAIR))]
        gates += [prx(PAIR[1], 1.1, 0.5 * turn)]
    return gates


# --- noise


def test_errors_of_prx(hub: HubProcess) -> None:
    gates = [prx("QB6")] * 200
    exact = noisy(gates, ["QB6"])
    assert exact["1"] > 0.2
    found = counts(hub, [*gates, measure("m", "QB6")], 20_000)
    assert total_variation(found, exact) < 0.015


def test_errors_of_cz(hub: HubProcess) -> None:
    gates = pair_circuit()
    exact = noisy(gates, PAIR)
    assert (
        total_variation({k: round(1e6 * v) for k, v in exact.items()}, distribution(gates, PAIR))
        > 0.1
    )
    found = counts(hub, [*gates, measure("m", *PAIR)], 20_000)
    assert total_variation(found, exact) < 0.015


def _observations(fields: dict[str, float]) -> list[dict[str, Any]]:
    return [{"dut_field": name, "value": value, "invalid": False} for name, value in fields.items()]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_each_qubit_of_a_cz_relaxes_with_its_own_times(order: tuple[int, int]) -> None:
    """QB1 lives for one cz, QB2 for a million: no chance of the channel on the wrong qubit."""
    fields = {"metrics.irb.cz.crf.QB1__QB2.fidelity": 1.0, "gates.cz.crf.QB1__QB2.duration": 1e-6}
    for qubit, t1 in (("QB1", 1e-6), ("QB2", 1.0)):
        fields |= {f"characterization.model.{qubit}.t1_time": t1}
        fields |= {f"characterization.model.{qubit}.t2_time": t1}
        fields |= {f"metrics.rb.prx.drag_crf.{qubit}.fidelity": 1.0}
        fields |= {f"gates.prx.drag_crf.{qubit}.duration": 0.0}
        fields |= {f"metrics.ssro.measure.constant.{qubit}.error_0_to_1": 0.0}
        fields |= {f"metrics.ssro.measure.constant.{qubit}.error_1_to_0": 0.0}
    document = {"calibrationSetId": "a", "observations": _observations(fields)}
    calibration = Calibration(document, ["QB1", "QB2"])
    circuit = QuantumCircuit(2)
    circuit.x([0, 1])
    circuit.cz(*order)
    circuit.measure_all()
    simulator = AerSimulator(noise_model=calibration.noise([0, 1], [order]))
    found = simulator.run(circuit, shots=10_000, seed_simulator=3).result().get_counts()
    exact = {"11": math.exp(-1), "10": 1 - math.exp(-1)}
    assert total_variation(found, exact) < 0.02


def test_errors_are_the_same_shot_by_shot(hub: HubProcess) -> None:
    """A gate after a measurement makes Aer run each shot alone: the same noise, by another way."""
    gates = pair_circuit()
    circuit = [measure("a", "QB1"), prx("QB1"), *gates, measure("m", *PAIR)]
    found: dict[str, int] = {}
    for bits, number in counts(hub, circuit, 6_000).items():
        found[bits[1:]] = found.get(bits[1:], 0) + number
    assert total_variation(found, noisy(gates, PAIR)) < 0.025


def test_misread_bits(hub: HubProcess) -> None:
    qubits = ["QB20", "QB1", "QB13"]
    gates = [prx("QB1")]
    found = counts(hub, [*gates, measure("m", *qubits)], 20_000)
    assert total_variation(found, noisy(gates, qubits)) < 0.01
    assert found["010"] < 19_000


def test_a_delay_is_relaxation(hub: HubProcess) -> None:
    t1, t2 = times("QB4")
    wait = {"name": "delay", "locus": ["QB4"]}
    decay = [prx("QB4"), {**wait, "args": {"duration": t1}}]
    ramsey = [prx("QB4", math.pi / 2), {**wait, "args": {"duration": t2 / 2}}]
    ramsey += [prx("QB4", math.pi / 2)]
    for gates, least, most in ((decay, 0.3, 0.45), (ramsey, 0.7, 0.85)):
        exact = noisy(gates, ["QB4"])
        assert least < exact["1"] < most
        found = counts(hub, [*gates, measure("m", "QB4")], 20_000)
        assert total_variation(found, exact) < 0.015


def test_feedback_follows_what_was_read(hub: HubProcess) -> None:
    """QB1 is 0; where it is misread as 1, QB2 turns."""
    circuit = [
        measure("a", "QB1", feedback_key="f"),
        cc_prx("QB2", "f", "QB1"),
        measure("b", "QB2"),
    ]
    found = counts(hub, circuit, 20_000)
    ones = found["10"] + found["11"]
    assert ones / 20_000 == pytest.approx(misread("QB1")[0], abs=0.005)
    assert found["11"] / ones == pytest.approx(1 - misread("QB2")[1], abs=0.05)


def test_errors_of_cc_prx(hub: HubProcess) -> None:
    turns = [cc_prx("QB6", "f", "QB1")] * 60
    circuit = [prx("QB1"), measure("a", "QB1", feedback_key="f"), *turns, measure("b", "QB6")]
    found = counts(hub, circuit, 2_000)
    ones = found["11"] / (found["10"] + found["11"])
    assert ones == pytest.approx(noisy([prx("QB6")] * 60, ["QB6"])["1"], abs=0.04)


def test_heralding_keeps_the_shots_that_began_with_zeros(hub: HubProcess) -> None:
    circuit = [*(prx(qubit) for qubit in PATH), measure("m", *PATH)]
    found = counts(hub, circuit, 20_000, heralding_mode="zeros")
    passed = math.prod(1 - misread(qubit)[0] for qubit in PATH)
    deviation = math.sqrt(20_000 * passed * (1 - passed))
    assert sum(found.values()) == pytest.approx(20_000 * passed, abs=5 * deviation)
    assert sum(counts(hub, circuit, 20_000).values()) == 20_000


def test_a_job_without_a_shot_left_fails(hub: HubProcess) -> None:
    """One shot on 12 qubits passes heralding three times of four; of 40 circuits some do not."""
    names = [f"QB{n}" for n in range(1, 13)]
    job_input = batch(*[[measure("m", *names)]] * 40, heralding_mode="zeros")
    job_id = hub.submit(GARNET, "", 1, input=job_input)
    assert hub.wait(job_id) == "FAILED"
    error = hub.http.get(f"/jobs/{job_id}/result").json()["error"]["message"]
    assert "no shot passed heralding" in error


def test_large_circuits_are_simulated_without_noise_and_say_so(hub: HubProcess) -> None:
    row = ["QB3", "QB8", "QB13", "QB14", "QB9", "QB10", "QB15", "QB16", "QB11", "QB12", "QB17"]
    extra = ["QB7", "QB6"]
    circuit = [prx(row[0], **QUARTER)]
    path = [*row[:9], "QB12", "QB17"]
    for source, target in [*itertools.pairwise(path), ("QB12", "QB7"), ("QB7", "QB6")]:
        circuit += [prx(target, **QUARTER), cz(source, target)]
        circuit += [prx(target, -math.pi / 2, math.pi / 2)]
    large = [*circuit, measure("m", *path, *extra)]
    small = [prx("QB1"), measure("m", "QB1")]
    document = hub.run(GARNET, "", 2_000, input=batch(small, large))
    said = document["metadata"]["localHub"]["noise"]
    assert "of more than 12 qubits: circuit 1" in said
    first, second = (entry["counts"] for entry in document["measurement_counts"])
    assert set(first) == {"0", "1"}
    assert set(second) == {"0" * 13, "1" * 13}


def test_emerald_is_noisy_too(hub: HubProcess) -> None:
    first, second = "QB53", "QB54"
    circuit = [prx(first, **QUARTER), prx(second, **QUARTER), cz(first, second)]
    circuit += [prx(second, -math.pi / 2, math.pi / 2), measure("m", first, second)]
    found = run(hub, circuit, shots=20_000, to=EMERALD)[0]["counts"]
    values = _values(hub.http.get(f"/backends/{EMERALD}/calibration").json()["calibration"])
    zero = [values[f"metrics.ssro.measure.constant.{q}.error_0_to_1"] for q in (first, second)]
    one = [values[f"metrics.ssro.measure.constant.{q}.error_1_to_0"] for q in (first, second)]
    # Half the time each of 00 and 11 is there, and one bit of it misread; the gates' errors come on top.
    misread_once = sum(
        (errors[0] * (1 - errors[1]) + errors[1] * (1 - errors[0])) / 2 for errors in (zero, one)
    )
    unequal = (found["01"] + found["10"]) / 20_000
    assert misread_once < unequal < misread_once + 0.03


# --- the catalog


def _values(calibration: dict[str, Any]) -> dict[str, float]:
    return {item["dut_field"]: item["value"] for item in calibration["observations"]}


@pytest.mark.parametrize(("backend", "qubits", "couplers"), [(GARNET, 20, 30), (EMERALD, 54, 90)])
def test_backends(hub: HubProcess, backend: str, qubits: int, couplers: int) -> None:
    document = hub.http.get(f"/backends/{backend}").json()
    conforms(document, component("Backend"))
    configuration = document["configuration"]
    names = [qubit["id"] for qubit in configuration["qubits"]]
    assert names == [f"QB{n}" for n in range(1, qubits + 1)]
    assert "synthetic" in document["documentation"]["description"]
    graph = configuration["connectivity"]["graph"]
    assert list(graph) == names
    # A connected square lattice: its matrix is symmetric, and no walk of odd length returns.
    matrix = np.array([[int(second in graph[first]) for second in names] for first in names])
    assert (matrix == matrix.T).all()
    assert matrix.sum() == 2 * couplers
    assert matrix.sum(axis=0).max() == 4
    spectrum = np.linalg.eigvalsh(matrix.astype(float))
    assert np.allclose(spectrum, -spectrum[::-1])
    assert spectrum[-1] - spectrum[-2] > 1e-6


@pytest.mark.parametrize("backend", [GARNET, EMERALD])
def test_config_is_iqms_architecture_with_its_calibration(hub: HubProcess, backend: str) -> None:
    config = hub.http.get(f"/backends/{backend}/config").json()
    backend_document = hub.http.get(f"/backends/{backend}").json()
    graph = backend_document["configuration"]["connectivity"]["graph"]
    assert config["synthetic"] is True
    assert config["computational_resonators"] == []
    assert config["qubits"] == list(graph)
    assert set(config["gates"]) == {"prx", "cz", "measure", "cc_prx"}
    for gate, info in config["gates"].items():
        (implementation,) = info["implementations"]
        assert info["default_implementation"] == implementation
        loci = info["implementations"][implementation]["loci"]
        if gate == "cz":
            pairs = {frozenset((a, b)) for a, others in graph.items() for b in others}
            assert {frozenset(locus) for locus in loci} == pairs
        else:
            assert loci == [[qubit] for qubit in config["qubits"]]
    observed = config["calibrationData"]
    assert observed["calibrationSetId"] == config["calibration_set_id"]
    values = _values(observed)
    cz_name = config["gates"]["cz"]["default_implementation"]
    for qubit in config["qubits"]:
        assert 1e-6 < values[f"characterization.model.{qubit}.t2_time"] < 1e-4
        assert 0.99 < values[f"metrics.rb.prx.drag_crf.{qubit}.fidelity"] < 1
    for first, second in config["gates"]["cz"]["implementations"][cz_name]["loci"]:
        assert 0.9 < values[f"metrics.irb.cz.{cz_name}.{first}__{second}.fidelity"] < 1


@pytest.mark.parametrize("backend", [GARNET, EMERALD])
def test_calibrations_have_a_history(hub: HubProcess, backend: str) -> None:
    path = f"/backends/{backend}/calibration"
    newest = hub.http.get(path).json()
    conforms(newest, component("CalibrationResponse"))
    config = hub.http.get(f"/backends/{backend}/config").json()
    assert newest["calibration"]["observations"] == config["calibrationData"]["observations"]
    ids = set()
    for day in ("2026-10-06", "2026-10-27", "2026-11-17"):
        found = hub.http.get(path, params={"effectiveAt": f"{day}T00:00:00Z"}).json()
        assert found["calibrated_at"] < day
        assert found["calibration"]["synthetic"] is True
        ids.add(found["calibration"]["calibrationSetId"])
    assert len(ids) == 3
    earlier = hub.http.get(path, params={"effectiveAt": "2026-01-01T00:00:00Z"})
    assert earlier.status_code == 204


def test_the_script_writes_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = common.CATALOG
    monkeypatch.setattr(common, "CATALOG", tmp_path)
    iqm.main()
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*.json"))
    assert len(written) == 8
    for path in written:
        assert (tmp_path / path).read_bytes() == (shipped / path).read_bytes()
