"""`explain`: what is sent against what `run` sends, figures against the documents they come from, and no POST."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField
from braket.circuits import Circuit, FreeParameter
from braket.circuits.serialization import IRType
from braket.ir.openqasm import Program
from braket.program_sets import CircuitBinding, ProgramSet
from braket.timings import TimeSeries

from qhub_braket.explain import explain, explain_everywhere
from qhub_braket.systems import bridge
from qhub_braket.systems.bridge.explaining import executed
from shared_transport import HubError, ServerError, ValidationError
from shared_transport.prices import Price

CATALOG = Path(__file__).parents[3] / "local_hub" / "catalog"


def ghz() -> Circuit:
    return Circuit().h(0).cnot(0, 1).cnot(0, 2)


def atoms() -> AnalogHamiltonianSimulation:
    register = AtomArrangement()
    for place in ((0.0, 0.0), (6.0e-6, 0.0), (12.0e-6, 0.0)):
        register.add(place)
    times, omega = (0.0, 1e-6, 2e-6, 3e-6), (0.0, 6e6, 6e6, 0.0)
    series = {name: TimeSeries() for name in ("amplitude", "phase", "detuning")}
    for time, value in zip(times, omega, strict=True):
        series["amplitude"].put(time, value)
        series["phase"].put(time, 0.0)
        series["detuning"].put(time, 1e6)
    return AnalogHamiltonianSimulation(register, DrivingField(**series))


def program_set() -> ProgramSet:
    angle = FreeParameter("a")
    rotated = CircuitBinding(Circuit().rx(0, angle).cnot(0, 1), {"a": [0.1, 0.2, 0.3]})
    return ProgramSet([ghz(), rotated], shots_per_executable=20)


@pytest.fixture(autouse=True)
def bridge_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bridge's room tells what it executes."""
    monkeypatch.setattr(bridge, "executed", executed, raising=False)


@pytest.mark.parametrize(
    ("device_id", "program", "shots", "options"),
    [
        ("aws.sim.sv1", ghz(), 30, {"name": "mine", "tags": {"a": "b"}}),
        ("aws.sim.sv1", Circuit().h(0).probability(), 0, {}),
        ("aws.rigetti.cepheus", ghz(), None, {"disable_qubit_rewiring": False}),
        ("iqm.qpu.garnet", ghz(), 30, {"optimization_level": 2}),
        ("kipu.sim.qsim", "OPENQASM 3.0; qubit[2] q; h q[0]; cnot q[0], q[1];", 30, {}),
        ("aws.quera.aquila", atoms(), 30, {}),
        ("aws.sim.sv1", program_set(), None, {}),
    ],
)
def test_what_would_be_sent_is_what_run_sends_and_nothing_is_sent(
    provider, requests, device_id, program, shots, options
):
    device = provider.get_device(device_id)
    explained = explain(device, program, shots, options=options)
    assert requests.methods == {"GET"}
    assert explained.fits
    task = device.run(program, shots, **options)
    told = [json.loads(text) for text in explained.json]
    in_order = sorted(map(json.dumps, requests.bodies))  # several are sent at once
    assert sorted(map(json.dumps, told)) == in_order
    assert explained.shots == sum(body["shots"] for body in told)
    assert explained.input_format == told[0]["input_format"]
    task.cancel()


@pytest.mark.parametrize(
    ("device_id", "program", "shots", "options"),
    [
        ("aws.sim.sv1", Circuit().h(range(35)), 10, {}),
        ("aws.sim.sv1", ghz(), 0, {}),
        ("aws.sim.sv1", ghz(), 10**7, {}),
        ("aws.sim.sv1", ghz(), 10, {"shotz": 3}),
        ("aws.sim.sv1", atoms(), 10, {}),
        ("aws.sim.sv1", 7, 10, {}),
        ("aws.sim.sv1", "OPENQASM 2.0;", 10, {}),
        ("aws.sim.sv1", ProgramSet([]), 10, {}),
        ("aws.ionq.forte", Circuit().ccnot(0, 1, 2), 10, {}),
        ("iqm.qpu.garnet", Circuit().rx(0, FreeParameter("a")), 10, {}),
        ("quandela.qpu.belenos", Circuit().ccnot(0, 1, 2), 10, {}),
    ],
)
def test_why_a_program_does_not_fit_is_what_run_says(provider, device_id, program, shots, options):
    device = provider.get_device(device_id)
    explained = explain(device, program, shots, options=options)
    with pytest.raises(ValidationError) as refused:
        device.run(program, shots, **options)
    assert explained.fits is False
    assert explained.why == refused.value.message
    assert explained.hint == refused.value.hint
    assert explained.requests == ()
    assert "does not fit" in str(explained)


def lines(circuit: Circuit) -> Counter[str]:
    """Gates by what Braket writes: one line each, beginning with the gate's name."""
    source = circuit.to_ir(ir_type=IRType.OPENQASM).source
    words = [line.split()[0].split("(")[0] for line in source.splitlines()[1:] if " q[" in line]
    return Counter(word for word in words if word not in ("qubit", "bit"))


def test_gates_are_counted_as_they_are_written(device):
    circuit = Circuit().h(0).rx(1, 0.3).cnot(0, 1).ccnot(0, 1, 2).cnot(1, 2).measure([0, 1, 2])
    explained = explain(device, circuit, 10)
    counted = {name.lower(): number for name, number in explained.gates.items()}
    measured = counted.pop("measure")
    assert measured == 3
    written = lines(circuit)
    assert counted == {name: n for name, n in written.items() if not name.startswith("b[")}
    assert (explained.qubits, explained.depth) == (3, circuit.depth)
    assert (explained.two_qubit_gates, explained.larger_gates) == (2, 1)
    text = Program(source=circuit.to_ir(ir_type=IRType.OPENQASM).source)
    same = explain(device, text, 10)
    assert dict(same.gates) == dict(explained.gates)
    assert same.qubits == 3


def test_a_program_with_inputs_and_a_set_are_counted(device):
    text = "OPENQASM 3.0; input float a; qubit[2] q; rx(a) q[0]; cnot q[0], q[1];"
    explained = explain(device, text, 10, {"a": 0.3})
    assert dict(explained.gates) == {"Rx": 1, "CNot": 1}
    several = explain(device, program_set())
    assert several.name == "a program set of 4 executables"
    assert dict(several.gates) == {"CNot": 2 + 3, "H": 1, "Rx": 3}
    assert several.shots == 80
    assert several.qubits == 3


def test_atoms_are_counted(provider):
    aquila = provider.get_device("aws.quera.aquila")
    assert explain(aquila, atoms(), 10).qubits == 3
    assert explain(aquila, atoms().to_ir(), 10).qubits == 3


def test_what_the_bridge_sends_is_what_its_figures_are_of(provider):
    """By the JSON that would be sent and IQM's own calibration set."""
    explained = explain(provider.get_device("iqm.qpu.garnet"), ghz(), 100)
    config = json.loads((CATALOG / "devices" / "iqm.qpu.garnet.json").read_text())
    told = {one["dut_field"]: one["value"] for one in config["calibrationData"]["observations"]}
    (circuit,) = json.loads(explained.json[0])["input"]["circuits"]
    kept, counted = [], Counter()
    ends: Counter[str] = Counter()
    for one in circuit["instructions"]:
        if one["name"] == "barrier":
            continue
        labels = sorted(one["qubits"], key=lambda label: int(label[2:]))
        counted[one["name"].replace("prx", "r")] += 1
        for label in labels:
            ends[label] = max(ends[other] for other in labels) + 1
        if one["name"] == "prx":
            fields = [f for f in told if "metrics.rb.prx" in f and f"{labels[0]}." in f]
        elif one["name"] == "measure":
            fields = [f"metrics.ssro.measure.constant.{labels[0]}.fidelity"]
        else:
            fields = [f"metrics.irb.cz.crf.{labels[0]}__{labels[1]}.fidelity"]
        kept.append(told[fields[0]])
    assert explained.success.estimate == pytest.approx(np.prod(kept), rel=1e-12)
    assert dict(explained.gates) == dict(counted)
    assert explained.two_qubit_gates == counted["cz"] >= 2


def test_nobody_estimates_what_the_device_compiles(provider):
    explained = explain(provider.get_device("aws.rigetti.cepheus"), ghz(), 10)
    assert explained.success.estimate is None
    assert "the device compiles" in explained.success.basis


def test_prices_are_the_users(provider, device):
    prices = {"aws.sim.*": Price(0.3, 0.001), "iqm.*": {"per_second": 2.0}}
    assert explain(device, ghz(), 10, prices=prices).price == pytest.approx(0.3 + 0.01)
    assert explain(device, program_set(), prices=prices).price == pytest.approx(0.3 + 0.08)
    garnet = explain(provider.get_device("iqm.qpu.garnet"), ghz(), 10, prices=prices)
    assert garnet.price == pytest.approx(10 * garnet.seconds * 2.0)
    assert explain(device, ghz(), 10).price_basis is None
    with pytest.raises(ValidationError, match="no dictionary"):
        explain_everywhere(provider, ghz(), 10, prices={"*": 3})


def test_every_device_is_a_row_and_is_only_read(provider, requests, monkeypatch):
    config = provider.client.backends.config

    def broken(backend_id: str) -> Any:
        if backend_id == "aws.sim.dm1":
            raise ServerError("dm1 is on fire")
        return config(backend_id)

    monkeypatch.setattr(provider.client.backends, "config", broken)
    rows = explain_everywhere(provider, ghz(), 50)
    assert requests.methods == {"GET"}
    assert {row.backend for row in rows} == {described.id for described in provider.devices()}
    assert rows["aws.sim.dm1"].fits is None
    assert "on fire" in rows["aws.sim.dm1"].why
    assert rows["aws.quera.aquila"].fits is False
    assert rows["aws.sim.sv1"].fits
    known = [row.success.estimate for row in rows.fitting if row.success.estimate is not None]
    assert len(known) >= 8
    assert known == sorted(known, reverse=True)
    assert max(map(len, str(rows).splitlines())) <= 80
    json.dumps(rows.to_dict())
    some = explain_everywhere(provider, ghz(), 50, where={"provider": "AWS"})
    assert {row.backend.split(".")[0] for row in some} == {"aws"}


@pytest.mark.parametrize(("qubits", "fits"), [(34, True), (40, False)])
def test_a_text_with_more_qubits_than_the_device_does_not_fit(device, qubits, fits):
    text = f"OPENQASM 3.0; bit[{qubits}] b; qubit[{qubits}] q; h q; b = measure q;"
    told = explain(device, text, 10)
    assert told.fits is fits
    if not fits:
        assert told.why == f"The circuit uses {qubits} qubits; aws.sim.sv1 has 34."
        # The Hub refuses it at once where an engine is loaded, else when it runs.
        with pytest.raises(HubError, match=f"uses {qubits} qubits; aws.sim.sv1 has 34"):
            device.run(text, shots=10).result()
