"""IBM's SamplerV2 against exact states, on all eight backends, through IBM's own encoder and decoder."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter, Qubit
from qiskit.quantum_info import Statevector

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.ibm_hub import FEZ, NAMES, isa, post, run, target, verdict


def _interference() -> QuantumCircuit:
    """Three qubits whose outcome depends on every phase."""
    circuit = QuantumCircuit(3)
    for qubit, angle in enumerate((0.4, 1.3, 2.1)):
        circuit.ry(angle, qubit)
        circuit.rz(0.3 + angle, qubit)
    circuit.cx(0, 1)
    circuit.t(1)
    circuit.cx(1, 2)
    circuit.sx(0)
    circuit.h(2)
    return circuit


def _exact(circuit: QuantumCircuit) -> dict[str, float]:
    return {k: float(v) for k, v in Statevector(circuit).probabilities_dict().items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_backend(ideal_hub: HubProcess, name: str) -> None:
    backend = f"ibm.qpu.{name}"
    circuit = _interference()
    measured = circuit.measure_all(inplace=False)
    result = run(
        ideal_hub, "sampler", backend, pubs=[(isa(ideal_hub, backend, measured), None, 20_000)]
    )
    assert total_variation(result[0].data.meas.get_counts(), _exact(circuit)) < 0.02


def test_registers_crossed_partial_and_wide(ideal_hub: HubProcess) -> None:
    qubits = QuantumRegister(3, "q")
    wide, single = ClassicalRegister(70, "wide"), ClassicalRegister(1, "single")
    circuit = QuantumCircuit(qubits, wide, single)
    circuit.compose(_interference(), qubits, inplace=True)
    circuit.measure(2, wide[0])
    circuit.measure(0, wide[69])
    circuit.measure(1, single[0])
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 20_000)])[0].data
    assert (data.wide.num_bits, data.single.num_bits) == (70, 1)
    together: dict[str, int] = {}
    for long, short in zip(data.wide.get_bitstrings(), data.single.get_bitstrings(), strict=True):
        assert set(long[1:-1]) == {"0"}
        key = long[-1] + short + long[0]  # qubits 2, 1, 0
        together[key] = together.get(key, 0) + 1
    assert total_variation(together, _exact(_interference())) < 0.02


def test_parameters_are_broadcast_in_their_shape(ideal_hub: HubProcess) -> None:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.ry(b, 0)  # alphabetical order of parameters, not order of use
    circuit.ry(a, 1)
    circuit.measure_all()
    values = np.array([[[0.0, 0.0], [math.pi, 0.0]], [[0.0, math.pi], [math.pi, math.pi]]])
    pub = (isa(ideal_hub, FEZ, circuit, optimization_level=0), values)
    data = run(ideal_hub, "sampler", pubs=[pub], shots=50)[0].data
    assert data.meas.array.shape == (2, 2, 50, 1)
    assert [[set(data.meas.get_bitstrings((i, j))) for j in range(2)] for i in range(2)] == [
        [{"00"}, {"10"}],
        [{"01"}, {"11"}],
    ]


def test_shots_of_a_pub_the_options_and_the_job(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    one = isa(ideal_hub, FEZ, circuit)

    def shots(**given: object) -> list[int]:
        return [entry.data.meas.num_shots for entry in run(ideal_hub, "sampler", **given)]

    assert shots(pubs=[(one, None, 7), (one,)], shots=11) == [7, 11]
    assert shots(pubs=[(one,)], shots=11, options={"default_shots": 13}) == [13]


def test_dynamic_circuits(ideal_hub: HubProcess) -> None:
    """A state is teleported: its phases decide the last bit."""
    qubits, bits, out = (
        QuantumRegister(3, "q"),
        ClassicalRegister(2, "m"),
        ClassicalRegister(1, "out"),
    )
    circuit = QuantumCircuit(qubits, bits, out)
    circuit.ry(1.1, 0)
    circuit.rz(0.6, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure([0, 1], bits)
    with circuit.if_test((bits[1], 1)):
        circuit.x(2)
    with circuit.if_test((bits[0], 1)):
        circuit.z(2)
    circuit.sx(2)
    circuit.measure(2, out[0])
    plain = QuantumCircuit(1)
    plain.ry(1.1, 0)
    plain.rz(0.6, 0)
    plain.sx(0)
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 20_000)])[0].data
    assert total_variation(data.out.get_counts(), _exact(plain)) < 0.02
    assert len(data.m.get_counts()) == 4


def test_reset_and_a_qubit_measured_twice(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "c"))
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.measure(0, 1)
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 50)])[0].data
    assert data.c.get_counts() == {"01": 50}


def test_fractional_gates(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(2)
    circuit.rx(0.7, 0)
    circuit.rx(1.9, 1)
    circuit.rzz(0.9, 0, 1)
    circuit.rx(0.5, 0)
    measured = isa(ideal_hub, FEZ, circuit.measure_all(inplace=False), fractional=True)
    assert {"rx", "rzz"} <= set(measured.count_ops())
    data = run(ideal_hub, "sampler", pubs=[(measured, None, 20_000)])[0].data
    assert total_variation(data.meas.get_counts(), _exact(circuit)) < 0.02


def test_a_hundred_qubits_of_clifford_gates(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(100)
    circuit.h(0)
    for qubit in range(99):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 400)])[0].data
    counts = data.meas.get_counts()
    assert set(counts) == {"0" * 100, "1" * 100}
    assert abs(counts["0" * 100] - 200) < 60


def test_too_many_qubits_for_noise_are_simulated_without_and_it_is_said(hub: HubProcess) -> None:
    circuit = QuantumCircuit(13)
    circuit.x(range(13))
    circuit.measure_all()
    result = run(hub, "sampler", pubs=[(isa(hub, FEZ, circuit), None, 100)])
    assert result[0].data.meas.get_counts() == {"1" * 13: 100}
    assert "none, since it uses 13 qubits" in result.metadata["local_hub"]["noise"][0]


def test_loops_and_cases(ideal_hub: HubProcess) -> None:
    """A loop with its index in an angle, a case for two values, and a default."""
    qubits, bits, out = QuantumRegister(4, "q"), ClassicalRegister(2, "m"), ClassicalRegister(2)
    circuit = QuantumCircuit(qubits, bits, out)
    with circuit.for_loop(range(1, 4)) as turn:
        circuit.sx(0)
        circuit.rz(turn * 0.3, 0)
    circuit.sx(0)
    circuit.measure(0, bits[0])
    with circuit.switch(bits) as case:
        with case(0, 2):
            circuit.x(1)
        with case(case.DEFAULT):
            circuit.x(2)
    circuit.measure([1, 2], out)
    plain = QuantumCircuit(1)
    for turn in range(1, 4):
        plain.sx(0)
        plain.rz(turn * 0.3, 0)
    plain.sx(0)
    data = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 20_000)])[0].data
    exact = _exact(plain)
    wanted = {"01": exact["0"], "10": exact["1"]}
    assert total_variation(data[out.name].get_counts(), wanted) < 0.02


def test_a_result_says_when_what_was_measured(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    one = isa(ideal_hub, FEZ, circuit)
    turned = QuantumCircuit(1)
    turned.rx(Parameter("a"), 0)
    turned.measure_all()
    two = isa(ideal_hub, FEZ, turned)
    before = datetime.now(UTC)
    result = run(ideal_hub, "sampler", pubs=[(one, None, 7), (two, np.zeros((2, 3, 1)), 5)])
    spans = result.metadata["execution"]["execution_spans"]
    assert before <= spans.start <= spans.stop <= datetime.now(UTC)
    assert spans.pub_idxs == [0, 1]
    assert [span.size for span in spans.sort()] == [7, 30]
    assert spans[1].mask(1).shape == (2, 3, 5)
    assert spans[1].mask(1).all()
    assert result.metadata["version"] == 2


def test_names_and_metadata_come_back(ideal_hub: HubProcess) -> None:
    register = ClassicalRegister(1, "größe")
    circuit = QuantumCircuit(
        QuantumRegister(1), register, metadata={"tag": [1, {"a": None}], "z": 2 + 1j}
    )
    circuit.x(0)
    circuit.measure(0, 0)
    result = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 3)])[0]
    assert result.data["größe"].get_counts() == {"1": 3}
    assert result.metadata["circuit_metadata"] == {"tag": [1, {"a": None}], "z": 2 + 1j}


@pytest.mark.parametrize("name", ["my reg", "class", "shape", "items", "self", "1st"])
def test_a_register_that_no_field_can_be_is_refused(ideal_hub: HubProcess, name: str) -> None:
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, name))
    circuit.measure(0, 0)
    answer = post(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit), None, 3)])
    assert verdict(ideal_hub, answer).startswith(
        f"`pubs[0]` has a classical register named {name!r}"
    )


def _refusals() -> dict[str, tuple[QuantumCircuit, str]]:
    silent = QuantumCircuit(2)
    silent.x(0)
    loop = QuantumCircuit(1, 1)
    loop.measure(0, 0)
    with loop.while_loop((loop.clbits[0], 1)):
        loop.measure(0, 0)
    far = QuantumCircuit(156, 1)
    far.cz(0, 100)
    far.measure(0, 0)
    foreign = QuantumCircuit(156, 1)
    foreign.h(0)
    foreign.measure(0, 0)
    steep = QuantumCircuit(156, 1)
    steep.rzz(2.0, 0, 1)
    steep.measure(0, 0)
    endless = QuantumCircuit(1, 1)
    with endless.for_loop(range(10**12)):
        endless.x(0)
    endless.measure(0, 0)
    nowhere = QuantumCircuit(1, 1)
    nowhere.rz(math.nan, 0)
    nowhere.measure(0, 0)
    variable = QuantumCircuit(1, 1)
    variable.add_var("v", False)
    variable.measure(0, 0)
    return {
        "no measurement": (silent, "measures nothing"),
        "while": (loop, "while_loop is not supported by ibm.qpu.fez"),
        "coupling": (far, "cz on qubits 0, 100 is not supported by ibm.qpu.fez"),
        "gate": (foreign, "h on qubit 0 is none of ibm.qpu.fez's instructions"),
        "angle": (steep, "rzz(2.0) on qubits 0, 1: ibm.qpu.fez takes angles from 0 to pi/2"),
        "endless loop": (endless, "more than 1000000 instructions once its loops are unrolled"),
        "nan": (nowhere, "rz(nan) on qubit 0 is no number"),
        "variable": (variable, "has variables: ibm.qpu.fez takes none"),
    }


@pytest.mark.parametrize("kind", _refusals())
def test_what_the_device_refuses(ideal_hub: HubProcess, kind: str) -> None:
    circuit, said = _refusals()[kind]
    assert said in verdict(ideal_hub, post(ideal_hub, "sampler", pubs=[(circuit, None, 10)]))


def test_raw_voltages_are_refused_by_name(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    options = {"execution": {"meas_type": "kerneled"}}
    answer = post(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit),)], options=options)
    assert "`options.execution.meas_type` is 'kerneled'" in verdict(ideal_hub, answer)


def test_a_circuit_that_was_never_transpiled_is_here_and_it_is_said(ideal_hub: HubProcess) -> None:
    circuit = _interference()
    result = run(ideal_hub, "sampler", pubs=[(circuit.measure_all(inplace=False), None, 20_000)])
    assert total_variation(result[0].data.meas.get_counts(), _exact(circuit)) < 0.02
    assert result.metadata["local_hub"]["changes"] == [
        "pubs[0]: transpiled, since it was not in ibm.qpu.fez's gates"
    ]


def test_options_without_effect_are_listed(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    options = {
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "twirling": {"enable_gates": True, "num_randomizations": "auto"},
        "execution": {"init_qubits": True, "meas_type": "classified"},
    }
    result = run(ideal_hub, "sampler", pubs=[(isa(ideal_hub, FEZ, circuit),)], options=options)
    told = result.metadata["local_hub"]["not_simulated"]
    assert told == ["dynamical_decoupling", "twirling.enable_gates"]


@pytest.mark.parametrize("name", NAMES)
def test_ibms_client_reads_the_device(hub: HubProcess, name: str) -> None:
    made = target(hub, f"ibm.qpu.{name}", fractional=True)
    backend = hub.http.get(f"/backends/ibm.qpu.{name}").json()
    assert made.num_qubits == backend["configuration"]["qubit_count"]
    native = {gate["name"] for gate in backend["configuration"]["gates"]}
    assert native <= set(made.operation_names)
    pairs = {frozenset(pair) for pair in made.build_coupling_map().get_edges()}
    graph = backend["configuration"]["connectivity"]["graph"]
    assert pairs == {frozenset((int(a), int(b))) for a, others in graph.items() for b in others}
    assert made["sx"][(0,)].error > 0


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("program", ["sampler", "estimator"])
def test_values_that_are_no_numbers(ideal_hub: HubProcess, program: str, value: float) -> None:
    circuit = QuantumCircuit(1)
    circuit.rz(Parameter("a"), 0)
    if program == "sampler":
        circuit.measure_all()
    middle = [] if program == "sampler" else ["Z"]
    answer = post(ideal_hub, program, pubs=[(circuit, *middle, np.array([value]))])
    assert "`pubs[0]` has NaN or Infinity among its values of a" in verdict(ideal_hub, answer)


def test_bits_without_a_register(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit([Qubit()], [Clbit()])
    circuit.measure(0, 0)
    answer = post(ideal_hub, "sampler", pubs=[(circuit,)])
    assert "`pubs[0]` measures into bits without a register" in verdict(ideal_hub, answer)
