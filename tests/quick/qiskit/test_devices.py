"""Targets of quantum computers: native gates, figures, labels; and what is written for them."""

from __future__ import annotations

import io
import json
import math
import warnings
from pathlib import Path

import httpx
import numpy as np
import pytest
from pydantic import SecretStr
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.circuit.library import RGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Operator
from qiskit.transpiler import CouplingMap

from qhub_qiskit import HubBackend, HubProvider, StaleTargetWarning
from qhub_qiskit.gates import GPI2Gate, GPIGate
from shared_transport import HubClient, Settings, ValidationError
from shared_transport.models import Backend

CATALOG = Path(__file__).parents[3] / "local_hub" / "catalog"


def document(kind: str, backend_id: str):
    return json.loads((CATALOG / kind / f"{backend_id}.json").read_text())


class OneDevice:
    """Says what a Hub would say of one made-up device."""

    def __init__(self, config: dict, calibrations: list[dict]) -> None:
        self.config = config
        self.calibrations = calibrations

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/config"):
            return httpx.Response(200, json=self.config)
        if request.url.path.endswith("/calibration"):
            return httpx.Response(200, json=self.calibrations.pop(0))
        assert request.method == "POST"
        return httpx.Response(201, json={"id": "job", "status": "PENDING"})


def made_up(hub: OneDevice, described: dict) -> HubBackend:
    settings = Settings(base_url="http://127.0.0.1:9/quantum", token=SecretStr("t"), journal=None)
    client = HubClient(settings, transport=httpx.MockTransport(hub))
    return HubBackend(client, Backend.model_validate(described))


def test_iqm_target_has_the_calibrations_figures(provider):
    backend = provider.get_backend("iqm.qpu.garnet")
    target = backend.target
    config = document("devices", "iqm.qpu.garnet")
    observed = {one["dut_field"]: one["value"] for one in config["calibrationData"]["observations"]}
    assert set(target.operation_names) == {"r", "cz", "measure", "reset", "delay"}
    assert backend.qubit_labels == tuple(config["qubits"])
    first = observed["metrics.irb.cz.crf.QB1__QB2.fidelity"]
    assert target["cz"][(0, 1)].error == target["cz"][(1, 0)].error == pytest.approx(1 - first)
    assert target["cz"][(0, 1)].duration == observed["gates.cz.crf.QB1__QB2.duration"]
    assert target.qubit_properties[4].t1 == observed["characterization.model.QB5.t1_time"]
    readout = observed["metrics.ssro.measure.constant.QB3.fidelity"]
    assert target["measure"][(2,)].error == pytest.approx(1 - readout)
    assert len(target["cz"]) == 2 * len(config["gates"]["cz"]["implementations"]["crf"]["loci"])


def test_rigetti_target_has_the_figures_of_its_newest_calibration(provider):
    backend = provider.get_backend("aws.rigetti.cepheus")
    newest = backend.calibration().calibration
    target = backend.target
    assert set(target.operation_names) == {"x", "sx", "sxdg", "rz", "cz", "measure"}
    zero = newest["oneQubitProperties"]["0"]
    assert target.qubit_properties[0].t1 == zero["T1"]["value"]
    by_kind = {one["fidelityType"]["name"]: one["fidelity"] for one in zero["oneQubitFidelity"]}
    assert target["measure"][(0,)].error == pytest.approx(1 - by_kind["READOUT"])
    assert target["sx"][(0,)].error == pytest.approx(1 - by_kind["RANDOMIZED_BENCHMARKING"])
    pair = newest["twoQubitProperties"]["0-1"]["twoQubitGateFidelity"][0]["fidelity"]
    assert target["cz"][(0, 1)].error == pytest.approx(1 - pair)
    assert CouplingMap(list(target["cz"])).is_symmetric


def test_ionq_target_has_its_means_and_gates_of_its_own(provider):
    backend = provider.get_backend("aws.ionq.forte")
    target = backend.target
    means = backend.calibration().calibration
    pulses = {"GPi", "x", "GPi2", "sx", "sxdg"}
    assert set(target.operation_names) == {*pulses, "rz", "rzz", "measure"}
    assert target["rzz"][(5, 3)].error == pytest.approx(1 - means["fidelity"]["2Q"]["mean"])
    assert {target[name][(7,)].duration for name in pulses} == {means["timing"]["1Q"]}
    assert (target["rz"][(7,)].duration, target["rz"][(7,)].error) == (
        0,
        0,
    )  # it is none of the pulses
    assert backend.get_translation_stage_plugin() == "qhub_ionq"


@pytest.mark.parametrize("gate", [GPIGate(0.7), GPI2Gate(-1.3)])
def test_own_gates_are_what_their_definitions_say(gate):
    assert Operator(gate) == Operator(gate.definition)
    both = QuantumCircuit(1)
    both.append(gate, [0])
    both.append(gate.inverse(), [0])
    assert Operator(both) == Operator(np.eye(2))


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("backend_id", ["iqm.qpu.garnet", "aws.ionq.forte", "aws.rigetti.cepheus"])
def test_translation_is_exact_native_and_keeps_parameters(provider, backend_id, level):
    """Unmeasured circuits: the same unitary up to a global phase, free parameters bound afterwards."""
    backend = provider.get_backend(backend_id)
    chance = np.random.default_rng(level)
    angles = ParameterVector("a", 4)
    circuit = QuantumCircuit(3)
    standard = get_standard_gate_name_mapping()
    for name in ("h", "ry", "cx", "rzz", "u", "swap", "cp", "sx", "rx", "ccx", "iswap"):
        gate = standard[name]
        values = chance.uniform(-3, 3, len(gate.params)).tolist()
        qubits = chance.choice(3, gate.num_qubits, replace=False).tolist()
        circuit.append(gate.base_class(*values), qubits)
        circuit.rx(angles[len(circuit) % 4], int(chance.integers(3)))
        circuit.rz(angles[(len(circuit) + 1) % 4] / 2, int(chance.integers(3)))
    ready = transpile(circuit, backend, optimization_level=level, seed_transpiler=3)
    assert set(ready.count_ops()) <= set(backend.target.operation_names)
    values = chance.uniform(-3, 3, 4)
    bound = ready.assign_parameters(values)
    layout = ready.layout.final_index_layout(filter_ancillas=True)
    start = ready.layout.initial_index_layout(filter_ancillas=True)
    touched = sorted(
        {*start, *layout, *(bound.find_bit(q).index for i in bound.data for q in i.qubits)}
    )
    place = {qubit: i for i, qubit in enumerate(touched)}
    small = QuantumCircuit(len(touched))
    for one in bound.data:
        small.append(one.operation, [place[bound.find_bit(q).index] for q in one.qubits])
    # The transpiled circuit from its first places to its last ones, against the circuit itself.
    forward = QuantumCircuit(len(touched))
    forward.compose(circuit.assign_parameters(values), [place[q] for q in start], inplace=True)
    routed = Operator(small)
    ends = list(range(len(touched)))
    for a, b in zip(start, layout, strict=True):
        ends[place[a]] = place[b]
    rest = [q for q in range(len(touched)) if q not in {place[b] for b in layout}]
    for qubit in range(len(touched)):
        if qubit not in {place[a] for a in start}:
            ends[qubit] = rest.pop(0)
    moved = QuantumCircuit(len(touched))
    swaps = list(ends)
    for i in range(len(swaps)):
        while swaps[i] != i:
            j = swaps[i]
            moved.swap(i, j)
            swaps[i], swaps[j] = swaps[j], swaps[i]
    assert routed.equiv(Operator(forward.compose(moved)))


def gapped() -> tuple[dict, dict]:
    """Rigetti's documents as if of three qubits that are called 3, 5 and 9."""
    described = document("backends", "aws.rigetti.cepheus")
    described["id"] = "made.up.gaps"
    described["has_calibration"] = False
    described["configuration"].update(
        qubits=[{"id": "3"}, {"id": "5"}, {"id": "9"}],
        qubit_count=3,
        connectivity={
            "fully_connected": False,
            "graph": {"3": ["5"], "5": ["3", "9"], "9": ["5"]},
        },
    )
    return described, document("devices", "aws.rigetti.cepheus")


def test_labels_with_gaps_are_in_the_program_and_in_errors():
    described, config = gapped()
    backend = made_up(OneDevice(config, []), described)
    assert backend.qubit_labels == ("3", "5", "9")
    assert sorted(backend.target["cz"]) == [(0, 1), (1, 0), (1, 2), (2, 1)]
    circuit = QuantumCircuit(3, 2)
    circuit.sx(0)
    circuit.cz(1, 2)
    circuit.measure([2, 0], [0, 1])
    encoded = backend.encode(circuit)
    lines = encoded.input["qasm"].splitlines()
    assert "cz $5,$9;" in lines
    assert lines[-2:] == ["c[0] = measure $9;", "c[1] = measure $3;"]
    assert encoded.layouts[0].sources == (9, 3)
    circuit.cz(0, 2)
    with pytest.raises(ValidationError, match=r"'cz' on qubits 0, 2 \(3, 9\)"):
        backend.run(circuit)


def test_a_new_calibration_is_said_when_a_job_is_sent(monkeypatch):
    described, config = gapped()
    described["has_calibration"] = True
    told = [
        {"calibrated_at": when, "calibration": config["standardized"]}
        for when in ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")
    ]
    backend = made_up(OneDevice(config, told), described)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert backend.metadata_age is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backend.run(circuit)
        assert backend.metadata_age < 60
        monkeypatch.setattr("qhub_qiskit.backend._LOOK_AGAIN", -1.0)
        backend.run(circuit)
    with pytest.warns(StaleTargetWarning, match=r"calibrated at 2026-11-02.*refresh\(\)"):
        backend.run(circuit)


def test_a_qubit_that_went_out_of_order_is_named(provider, monkeypatch):
    """IBM's calibration is a document of properties; in a newer one a qubit is not operational."""
    fez = provider.get_backend("ibm.qpu.fez")
    config = fez.client.backends.config("ibm.qpu.fez")
    newest = fez.calibration().calibration
    broken = json.loads(json.dumps(newest))
    broken["qubits"][7].append({"name": "operational", "value": 0, "unit": ""})
    told = [
        {"calibrated_at": "2026-11-01T00:00:00Z", "calibration": newest},
        {"calibrated_at": "2026-11-02T00:00:00Z", "calibration": broken},
    ]
    described = fez.hub_backend.model_dump(mode="json", exclude_none=True)
    backend = made_up(OneDevice(config, told), described)
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert backend.target.num_qubits == 156
    monkeypatch.setattr("qhub_qiskit.backend._LOOK_AGAIN", -1.0)
    with pytest.warns(StaleTargetWarning, match="out of order since then: 7"):
        backend.run(circuit)


@pytest.mark.parametrize(
    ("backend_id", "native"), [("iqm.qpu.garnet", RGate), ("aws.ionq.forte", GPIGate)]
)
@pytest.mark.parametrize("level", range(4))
def test_a_native_gate_with_a_free_parameter_stays_one(provider, backend_id, native, level):
    """Its two rotations about Z cancel, which Qiskit's expressions do not say at once."""
    angle = Parameter("w")
    circuit = QuantumCircuit(1)
    circuit.append(native(0.3, angle) if native is RGate else native(angle), [0])
    ready = transpile(circuit, provider.get_backend(backend_id), optimization_level=level)
    assert list(ready.count_ops().values()) == [1]


def test_rotations_about_z_cost_no_pulse_where_nothing_is_measured(provider):
    angles = ParameterVector("a", 2)
    circuit = QuantumCircuit(2)
    circuit.ry(angles[0], 0)
    circuit.cx(0, 1)
    circuit.rz(angles[1], 1)
    for level in range(4):
        backend = provider.get_backend("aws.ionq.forte")
        found = transpile(circuit, backend, optimization_level=level).count_ops()
        assert found["GPi2"] <= 4
        assert "GPi" not in found


def test_a_small_rotation_beside_a_huge_one(provider):
    """sx rz(a) sx finds 1 with the chance cos(a / 2) ** 2."""
    circuit = QuantumCircuit(1, 1)
    circuit.sx(0)
    circuit.rz(1e16, 0)
    circuit.rz(0.9, 0)
    circuit.sx(0)
    circuit.measure(0, 0)
    backend = HubProvider.local(seed=7, noise=False).get_backend("aws.ionq.forte")
    counts = backend.run(circuit, shots=2000).result().get_counts()
    angle = math.atan2(math.sin(1e16), math.cos(1e16)) + 0.9
    # Six standard errors.
    assert abs(counts.get("1", 0) / 2000 - math.cos(angle / 2) ** 2) < 6 * 0.5 / 2000**0.5


@pytest.mark.parametrize("definition", [GPI2Gate(0.4).definition, None])
def test_own_gates_come_back_from_qpy_and_namesakes_are_none(provider, definition):
    circuit = QuantumCircuit(2, 1)
    circuit.append(GPI2Gate(0.3), [0])
    circuit.append(GPIGate(0.3), [0])
    circuit.measure(0, 0)
    file = io.BytesIO()
    qpy.dump(circuit, file)
    (again,) = qpy.load(io.BytesIO(file.getvalue()))
    backend = provider.get_backend("aws.ionq.forte")
    assert backend.encode(again).input == backend.encode(circuit).input
    namesake = Gate("GPi2", 1, [0.3])
    namesake.definition = definition
    other = QuantumCircuit(1, 1)
    other.append(namesake, [0])
    other.measure(0, 0)
    with pytest.raises(ValidationError, match="not the backend's gate"):
        backend.encode(other)
