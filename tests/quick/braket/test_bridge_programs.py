"""The bridge: which programs it takes, on which qubits they run, and what it refuses by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField
from braket.circuits import Circuit, FreeParameter, Observable
from braket.circuits.serialization import IRType, SerializableProgram
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program
from braket.timings import TimeSeries

from qhub_braket import HubDevice, HubProvider
from qhub_braket.systems import Facts, RunOptions
from qhub_braket.systems.bridge import encode
from shared_transport import ValidationError
from tests.quick.braket.test_bridge import SHOTS, bound, distance, exactly, random_circuit
from tests.quick.braket.test_bridge_gates import final_state

theta, phi = FreeParameter("theta"), FreeParameter("phi")
HEAD = "OPENQASM 3.0;\n"


@pytest.fixture(scope="module")
def garnet(ideal: HubProvider) -> HubDevice:
    return ideal.get_device("iqm.qpu.garnet")


def facts_of(device: HubDevice) -> Facts:
    backend = device.client.backends.get(device.arn)
    return Facts(device.arn, backend.configuration.qubit_count, None, backend, device.client)


def gates_sent(device: HubDevice, circuit: Circuit, **options: Any) -> list[tuple[str, list[str]]]:
    """IQM's instructions, each with its qubits' labels."""
    (sent,) = encode(circuit, RunOptions(100, **options), facts_of(device)).input["circuits"]
    return [(one["name"], one["qubits"]) for one in sent["instructions"]]


@pytest.mark.parametrize("level", [None, 0, 1, 2, 3])
def test_controls_and_powers_at_each_level(kipu: HubDevice, level: int | None) -> None:
    circuit = Circuit().h([0, 1, 2]).ry(2, 0.9, control=[0, 1], control_state="01")
    circuit.v(0, power=0.4, control=2).rz(1, 0.7, power=0.5).h([0, 1]).gphase(0.3, control=[0, 2])
    circuit.h(2)
    result = kipu.run(circuit, shots=SHOTS, optimization_level=level).result()
    assert distance(result, np.abs(final_state(circuit)) ** 2) < bound(8, SHOTS)


@pytest.mark.parametrize("level", [4, -1, 1.5, True, "1"])
def test_a_level_that_there_is_not(kipu: HubDevice, level: Any) -> None:
    with pytest.raises(
        ValidationError, match=r"optimization_level=.* is not possible.*0, 1, 2 or 3"
    ):
        kipu.run(Circuit().h(0), shots=10, optimization_level=level)


def test_inputs_of_a_circuit(kipu: HubDevice) -> None:
    circuit = Circuit().rx(4, 2 * theta).ry(1, phi, control=4).x(0).measure([1, 4])
    given = {"theta": np.float64(0.6), "phi": np.pi, "unused": 3.0}
    result = kipu.run(circuit, shots=SHOTS, inputs=given).result()
    flipped = np.sin(0.6) ** 2
    assert distance(result, np.array([1 - flipped, 0, 0, flipped])) < bound(4, SHOTS)
    action = result.additional_metadata.action
    assert "input float theta;" in action.source
    assert action.inputs == {"theta": 0.6, "phi": np.pi}
    with pytest.raises(ValidationError, match=r"parameters without a value: 'phi'.*inputs={'phi'"):
        kipu.run(circuit, shots=10, inputs={"theta": 1})
    for value in (np.inf, np.nan, 1j, "1", None):
        with pytest.raises(ValidationError, match=r"parameter 'phi' cannot be .*one finite number"):
            kipu.run(circuit, shots=10, inputs={"theta": 1, "phi": value})


class Written(SerializableProgram):
    """A program that Braket's own libraries write as OpenQASM, as AutoQASM's are."""

    def to_ir(self, ir_type: IRType = IRType.OPENQASM) -> str:
        return (
            HEAD
            + "input int n; qubit[3] q; bit[2] b; x q[n]; b[0] = measure q[2]; b[1] = measure q[0];"
        )


@pytest.mark.parametrize("id", ["kipu.sim.qsim", "aws.sim.sv1"])
def test_a_program_that_is_written_as_openqasm(ideal: HubProvider, id: str) -> None:
    result = ideal.get_device(id).run(Written(), shots=10, inputs={"n": 2}).result()
    assert result.measured_qubits == [2, 0]
    assert result.measurement_counts == {"10": 10}


TEXTS = [
    "qubit[4] q; bit[2] b; x q[2]; x q[0]; i q[1]; b[0] = measure q[2]; b[1] = measure q[1];",
    "qubit[4] q; bit[2] b; x q[2]; b[1] = measure q[2]; b[0] = measure q[0];",
    "qubit[4] q; bit[4] b; x q[2]; b = measure q;",
    "qubit[4] q; bit[4] b; x q[2]; b[2:3] = measure q[1:2]; b[0] = measure q[0];",
    "qubit[4] q; x q[3]; measure q[3]; measure q[0];",
    "qubit a; qubit[2] q; bit[2] b; x q[1]; b = measure q;",
    "qubit[2] q; bit b = measure q[1];",
    "qubit[2] q; bit[2] b; x q[1]; b[0] = measure q[1]; b[0] = measure q[0];",
    "qubit[2] q; bit[2] b; x q[1]; b[0] = measure q[1]; x q[0]; b[1] = measure q[0];",
    "gate flip a { U(pi, 0, pi) a; } qubit[2] q; bit[2] b; ctrl @ flip q[0], q[1]; "
    "negctrl @ pow(3) @ flip q[0], q[1]; b = measure q;",
    "def flip(qubit a) { x a; } qubit[3] q; bit[3] b; for int i in [0:2:2] { flip(q[i]); } "
    "b = measure q;",
    "qubit[3] q; bit[3] b; int n = 1; n = n + 1; if (n > 1) { x q[n]; } b = measure q;",
    "qubit[2] q; bit[2] b;\n#pragma braket unitary([[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], "
    "[0, 0, 1, 0]]) q[1], q[0]\nbarrier q; b = measure q;",
]


@pytest.mark.parametrize("text", TEXTS)
def test_openqasm_gives_what_brakets_own_simulator_gives(kipu: HubDevice, text: str) -> None:
    here = kipu.run(HEAD + text, shots=10).result()
    local = LocalSimulator().run(Program(source=HEAD + text), shots=10).result()
    assert here.measured_qubits == [int(qubit) for qubit in local.measured_qubits]
    assert here.measurement_counts == local.measurement_counts
    assert len(here.measurement_counts) == 1
    assert here.additional_metadata.action.source == HEAD + text


def test_inputs_of_a_program(kipu: HubDevice) -> None:
    text = HEAD + "input float theta; input int n; qubit[2] q; bit[2] b; rx(n * theta) q[0]; "
    text += "cnot q[0], q[1]; b = measure q;"
    program = Program(source=text, inputs={"theta": 9.0, "n": 2})
    result = kipu.run(program, shots=SHOTS, inputs={"theta": 0.5, "other": 1.0}).result()
    flipped = np.sin(0.5) ** 2
    assert distance(result, np.array([1 - flipped, 0, 0, flipped])) < bound(4, SHOTS)
    assert result.additional_metadata.action == Program(source=text, inputs={"theta": 0.5, "n": 2})
    assert program.inputs["theta"] == 9.0
    with pytest.raises(ValidationError, match=r"parameters without a value: 'n'"):
        kipu.run(text, shots=10, inputs={"theta": 0.5})


def test_result_types_of_a_program(kipu: HubDevice) -> None:
    text = HEAD + "qubit[5] q; h q[4]; cnot q[4], q[2]; rx(0.7) q[2];\n"
    text += "#pragma braket result expectation y(q[2])\n"
    text += "#pragma braket result variance hermitian([[0, 1im], [-1im, 2]]) q[4]\n"
    result = kipu.run(text, shots=SHOTS).result()
    assert result.measured_qubits == [2, 4]
    expectation, variance = result.values
    # Both are exactly 0 and 2: half of a pair is evenly mixed. Six standard errors, as in test_bridge.
    assert expectation == pytest.approx(0, abs=6 / np.sqrt(SHOTS))
    spread = 2 * np.sqrt(2)
    assert variance == pytest.approx(2, abs=6 * spread**2 / 2 / np.sqrt(SHOTS))


def test_a_call_of_measure_begins_with_bit_zero_again_and_loses_nothing(kipu: HubDevice) -> None:
    circuit = Circuit().x(0).x(3).i([1, 2]).measure([3, 1]).measure([0, 2])
    result = kipu.run(circuit, shots=10).result()
    assert result.measured_qubits == [3, 1, 0, 2]
    assert result.measurement_counts == {"1010": 10}
    again = Circuit.from_ir(HEAD + TEXTS[1])
    assert kipu.run(again, shots=10).result().measured_qubits == [0, 2]


def test_the_same_program_becomes_the_same_job(garnet: HubDevice) -> None:
    circuit = random_circuit(5, list(range(8)))
    first, second = (encode(circuit, RunOptions(10), facts_of(garnet)) for _ in range(2))
    assert first == second
    assert first.input["circuits"][0]["instructions"].text == (
        second.input["circuits"][0]["instructions"].text
    )


def test_qubits_are_chosen_unless_rewiring_is_disabled(garnet: HubDevice) -> None:
    circuit = Circuit().h(19).cz(19, 18).h(18).measure([18, 19])
    assert garnet.topology_graph.has_edge(18, 19)
    for level in range(4):
        options = {"disable_qubit_rewiring": True, "system": {"optimization_level": level}}
        gates = gates_sent(garnet, circuit, **options)
        assert {label for _, labels in gates for label in labels} == {"QB19", "QB20"}
    result = garnet.run(circuit, shots=SHOTS, disable_qubit_rewiring=True).result()
    assert result.measured_qubits == [18, 19]
    assert distance(result, exactly(circuit_without_measure(circuit), [18, 19])) < bound(4, SHOTS)
    assert "cz $19, $18;" in result.additional_metadata.action.source


def circuit_without_measure(circuit: Circuit) -> Circuit:
    return Circuit([one for one in circuit.instructions if one.operator.name != "Measure"])


def test_physical_qubits_that_are_not_coupled_or_not_there(
    garnet: HubDevice, ideal: HubProvider
) -> None:
    assert not garnet.topology_graph.has_edge(0, 19)
    far = Circuit().h(0).cnot(0, 19)
    assert garnet.run(far, shots=10).result().measured_qubits == [0, 19]
    with pytest.raises(ValidationError, match=r"does not couple qubits 0 and 19.*topology_graph"):
        garnet.run(far, shots=10, disable_qubit_rewiring=True)
    with pytest.raises(ValidationError, match="cannot be brought to"):
        garnet.run(Circuit().ccnot(0, 1, 19), shots=10, disable_qubit_rewiring=True)
    for device in (garnet, ideal.get_device("kipu.sim.qsim")):
        with pytest.raises(ValidationError, match="qubit 40"):
            device.run(Circuit().h(40), shots=10, disable_qubit_rewiring=True)


def test_physical_qubits_of_a_program(garnet: HubDevice) -> None:
    text = HEAD + "bit[2] b; x $4; b[0] = measure $3; b[1] = measure $4;"
    with pytest.raises(
        ValidationError, match=r"names physical qubits.*disable_qubit_rewiring=True"
    ):
        garnet.run(text, shots=10)
    result = garnet.run(text, shots=10, disable_qubit_rewiring=True).result()
    assert result.measured_qubits == [3, 4]
    assert result.measurement_counts == {"01": 10}
    gates = gates_sent(garnet, text, disable_qubit_rewiring=True)
    assert {label for _, labels in gates for label in labels} == {"QB4", "QB5"}


def test_a_verbatim_box_is_sent_as_it_is(garnet: HubDevice) -> None:
    box = Circuit().prx(1, 0.3, 0.1).prx(1, 0.4, 0.1).cz(1, 0).prx(0, np.pi, 0)
    circuit = Circuit().add_verbatim_box(box)
    gates = gates_sent(garnet, circuit, system={"optimization_level": 3})
    assert gates[:4] == [
        ("prx", ["QB2"]),
        ("prx", ["QB2"]),
        ("cz", ["QB2", "QB1"]),
        ("prx", ["QB1"]),
    ]
    result = garnet.run(circuit, shots=SHOTS).result()
    text = (
        HEAD
        + "bit[2] b;\n#pragma braket verbatim\nbox { prx(0.3, 0.1) $1; prx(0.4, 0.1) $1; cz $1, $0; }"
    )
    assert gates_sent(garnet, text + " b[0] = measure $1;")[:3] == gates[:3]
    flipped = np.sin(0.35) ** 2
    assert distance(result, np.array([0, 0, 1 - flipped, flipped])) < bound(4, SHOTS)


def test_what_cannot_be_verbatim(garnet: HubDevice, kipu: HubDevice) -> None:
    for box, words in (
        (Circuit().h(0), r"H on qubits \[0\] is not native"),
        (Circuit().cz(0, 19), "not coupled"),
    ):
        with pytest.raises(ValidationError, match=words):
            garnet.run(Circuit().add_verbatim_box(box), shots=10)
    partly = Circuit().h(0).add_verbatim_box(Circuit().cz(0, 1))
    with pytest.raises(ValidationError, match="outside of the verbatim box"):
        garnet.run(partly, shots=10)
    # A simulator names no native gates; its target has them.
    with pytest.raises(ValidationError, match=r"no instruction 'unitary'.*native gates alone"):
        kipu.run(Circuit().add_verbatim_box(Circuit().gpi(0, 0.3)), shots=10)
    assert kipu.run(
        Circuit().add_verbatim_box(Circuit().x(3)), shots=5
    ).result().measurement_counts == {"1": 5}


REFUSED_CIRCUITS = {
    r"BitFlip on qubits \[1\]": Circuit().h(1).bit_flip(1, 0.1),
    "result type StateVector": Circuit().h(0).state_vector(),
    "result type Amplitude": Circuit().h(0).amplitude(["0"]),
    "result type DensityMatrix": Circuit().h(0).density_matrix(),
    "result type AdjointGradient": Circuit()
    .rx(0, theta)
    .adjoint_gradient(Observable.Z(0), parameters=[theta]),
    "sum of observables for Expectation": Circuit()
    .h(0)
    .expectation(Observable.X(0) + Observable.Z(0)),
    "the coefficient 2 for Expectation": Circuit().h(0).expectation(2 * Observable.X(0)),
    "cannot be measured simultaneously": Circuit()
    .h(0)
    .expectation(Observable.X(), 0)
    .expectation(Observable.Z(), 0),
    "40 qubits": Circuit().h(range(40)),
    "at least one": Circuit(),
}


@pytest.mark.parametrize("words", REFUSED_CIRCUITS)
def test_circuits_that_are_refused(kipu: HubDevice, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kipu.run(REFUSED_CIRCUITS[words], shots=10, inputs={"theta": 0.1})


REFUSED_TEXTS = {
    "qubit q; x q": "its syntax",
    "qubit[2] q; cx q[0], q[1];": "cx is not defined.*cnot for cx",
    'include "stdgates.inc"; qubit q; h q;': "includes 'stdgates.inc'",
    "qubit q; x q[3];": "out of range",
    "qubit q; rx(a) q;": "Undefined key: a",
    "qubit q; float a = 1 / 0; rx(a) q;": "by zero",
    "qubit[2] q; x q[1]; reset q[1];": r"resets qubits \[1\]",
    "qubit[2] q; bit b; b = measure q[1]; if (b == 1) { x q[0]; }": "condition on a measured bit",
    "qubit[2] q; bit b; b = measure q[1]; while (b) { x q[0]; }": "depends on a measured bit",
    "qubit[2] q; bit b; b = measure q[1]; for int i in [0:b] { x q[0]; }": "loop over a measured bit",
    "qubit[2] q; bit b; b = measure q[1]; bit c = b;": "computes with a measured bit",
    "qubit[2] q; bit[2] b; b[0] = measure q[1]; x q[1];": "applies x to qubit 1 after measuring it",
    "qubit[2] q; bit[2] b; b[0] = measure q[1]; b[1] = measure q[1];": "applies measure to qubit 1",
    "qubit[2] q; bit a; bit b; a = measure q[0]; b = measure q[1];": "more than one register",
    "output bit b; qubit q; b = measure q;": "declares the output 'b'",
    "qubit q; cc_prx(0.1, 0.2, 0) q;": "cannot be read",
    "qubit q; bit b; b = measure q;\n#pragma braket result expectation x(q)\n": "measure",
    "qubit q; h q;\n#pragma braket noise bit_flip(0.1) q\n": r"BitFlip on qubits \[0\]",
    "qubit q; h q;\n#pragma braket result state_vector\n": "result type StateVector",
}


@pytest.mark.parametrize("text", REFUSED_TEXTS)
def test_texts_that_are_refused(kipu: HubDevice, text: str) -> None:
    with pytest.raises(ValidationError, match=REFUSED_TEXTS[text]):
        kipu.run(HEAD + text, shots=10)


def test_other_kinds_of_programs_are_refused(kipu: HubDevice) -> None:
    flat = TimeSeries().put(0.0, 0.0).put(1e-6, 0.0)
    atoms = AtomArrangement().add((0.0, 0.0))
    analog = AnalogHamiltonianSimulation(atoms, DrivingField(flat, flat, flat))
    for program, kind in ((analog, "AnalogHamiltonianSimulation"), (3, "a number")):
        with pytest.raises(ValidationError, match=f"does not run .*{kind}.*It runs"):
            kipu.run(program, shots=10)


def test_zero_shots_are_refused(kipu: HubDevice) -> None:
    with pytest.raises(ValidationError, match="does not take shots=0"):
        kipu.run(Circuit().h(0).expectation(Observable.Z(), 0), shots=0)
    with pytest.raises(ValidationError, match=r"shots=0: it measures"):
        encode(Circuit().h(0), RunOptions(0), facts_of(kipu))


def test_what_photons_cannot_do(ideal: HubProvider) -> None:
    device = ideal.get_device("quandela.sim.altair")
    circuit = Circuit().h(0).cnot(0, 1).cnot(1, 2).cnot(2, 3).cnot(3, 4)
    with pytest.raises(
        ValidationError, match=r"takes 5 qubits.*runs up to 4.*optimization_level=3"
    ):
        device.run(circuit, shots=100)


def test_a_healthy_run_warns_of_nothing(
    kipu: HubDevice, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    kipu.run(HEAD + TEXTS[10], shots=10).result()
    kipu.run(Circuit().h(0).expectation(Observable.X(), 0), shots=10).result()
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
    assert list(recwarn) == []
