"""What is refused before anything is sent: by an error that names the thing and the way out."""

import doctest
import inspect
from typing import Any

import numpy as np
import pytest
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField
from braket.circuits import Circuit, FreeParameter, Observable
from braket.circuits import result_types as rt
from braket.ir.openqasm import Program
from braket.program_sets import ProgramSet
from braket.pulse import PulseSequence

from qhub_braket import HubDevice
from qhub_braket.systems import kinds
from shared_transport import JobFailedError, ValidationError
from tests.quick.braket.refused import refusal

# Values that make sense where there is one for every keyword.
NONSENSE = {"quiet": True, "tags": ["a"], "poll_timeout_seconds": 5, "poll_interval_seconds": 5}
BELL = Circuit().h(0).cnot(0, 1)
theta = FreeParameter("theta")


@pytest.mark.usefixtures("untouched")
class TestBeforeSending:
    @pytest.mark.parametrize("shots", [-1, 100_001, 10**12])
    def test_shots_outside_the_range(self, device: HubDevice, shots: int) -> None:
        said = refusal(device, BELL, shots)
        assert f"shots={shots}" in said
        assert "0 to 100000" in said

    @pytest.mark.parametrize("shots", [1.5, "10", True, [1], 10.0])
    def test_shots_that_are_no_whole_number(self, device: HubDevice, shots: Any) -> None:
        assert f"not {shots!r}" in refusal(device, BELL, shots)

    def test_an_s3_folder_in_the_place_of_shots(self, device: HubDevice) -> None:
        assert "the Hub keeps the results" in refusal(device, BELL, ("bucket", "folder"))

    def test_too_many_qubits(self, device: HubDevice) -> None:
        said = refusal(device, Circuit().h(range(35)), shots=1)
        assert "35 qubits" in said
        assert "has 34" in said

    def test_noise_on_a_state_vector_simulator(self, device: HubDevice) -> None:
        said = refusal(device, Circuit().h(0).phase_flip(0, 0.1), shots=1)
        assert "PhaseFlip on qubits [0]" in said
        assert "cnot" in said

    def test_a_verbatim_box_without_physical_qubits(self, device: HubDevice) -> None:
        said = refusal(device, Circuit().add_verbatim_box(Circuit().h(0)), shots=1)
        assert "StartVerbatimBox" in said

    def test_an_adjoint_gradient(self, device: HubDevice) -> None:
        circuit = Circuit().rx(0, theta).adjoint_gradient(Observable.Z(), [[0]], ["theta"])
        said = refusal(device, circuit, shots=0, inputs={"theta": 0.1})
        assert "AdjointGradient" in said
        assert "Expectation" in said

    def test_an_adjoint_gradient_in_a_program(self, device: HubDevice) -> None:
        source = (
            Circuit().rx(0, theta).adjoint_gradient(Observable.Z(), [[0]], ["theta"]).to_ir().source
        )
        assert "adjoint_gradient" in refusal(
            device, Program(source=source, inputs={"theta": 0.1}), 0
        )

    @pytest.mark.parametrize("wish", [rt.StateVector(), rt.Amplitude(["0"]), rt.DensityMatrix()])
    def test_exact_result_types_with_shots(self, device: HubDevice, wish: Any) -> None:
        said = refusal(device, Circuit().h(0).add_result_type(wish), shots=10)
        assert wish.name in said
        assert "shots=0" in said

    def test_samples_without_shots(self, device: HubDevice) -> None:
        circuit = Circuit().h(0).sample(Observable.Z(), 0)
        assert "Sample needs at least 1 shots" in refusal(device, circuit, shots=0)

    def test_no_shots_and_a_measurement(self, device: HubDevice) -> None:
        said = refusal(device, Circuit().h(0).measure(0), shots=0)
        assert "measures its qubits" in said
        assert "shots=1000" in said

    def test_no_shots_and_no_result_type(self, device: HubDevice) -> None:
        assert "asks for no result type" in refusal(device, BELL)
        assert "asks for no result type" in refusal(device, BELL, 0)

    def test_observables_that_exclude_each_other(self, device: HubDevice) -> None:
        circuit = Circuit().h(0).expectation(Observable.X(), 0).expectation(Observable.Z(), 0)
        assert "simultaneously" in refusal(device, circuit, shots=10)

    @pytest.mark.parametrize("shots", [0, 10])
    def test_observables_with_a_coefficient(self, device: HubDevice, shots: int) -> None:
        circuit = Circuit().h(0).expectation(2 * Observable.X(0))
        said = refusal(device, circuit, shots=shots)
        assert "the coefficient 2 for Expectation" in said
        assert "multiply the value" in said
        summed = Circuit().h(0).h(1).expectation(Observable.X(0) + Observable.Z(1))
        assert "a sum of observables for Expectation" in refusal(device, summed, shots=shots)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_angles_that_are_no_finite_numbers(self, device: HubDevice, value: float) -> None:
        said = refusal(device, Circuit().h(range(3)).zz(0, 2, value), shots=10)
        assert f"A parameter of ZZ on qubits [0, 2] is {value}" in said

    def test_a_parameter_without_a_value_in_a_program_set(self, device: HubDevice) -> None:
        program_set = ProgramSet([Circuit().rx(0, theta)])
        said = refusal(device, program_set, shots=10)
        assert "without a value: 'theta'" in said
        assert "CircuitBinding(circuit, input_sets=...)" in said

    def test_a_circuit_without_instructions(self, device: HubDevice) -> None:
        assert "at least one" in refusal(device, Circuit(), shots=10)

    def test_parameters_without_values(self, device: HubDevice) -> None:
        circuit = Circuit().rx(0, theta).ry(0, FreeParameter("phi"))
        assert "without a value: 'phi'." in refusal(device, circuit, 10, {"theta": 1})
        assert "'theta'" in refusal(device, circuit, 10)
        assert "'theta'" in refusal(device, Program(source=circuit.to_ir().source), 10)

    @pytest.mark.parametrize("inputs", [[0.1], {"theta": "0.1"}, {"theta": float("nan")}, {1: 0.1}])
    def test_inputs_that_are_no_numbers(self, device: HubDevice, inputs: Any) -> None:
        assert "nput" in refusal(device, Circuit().rx(0, theta), shots=10, inputs=inputs)

    def test_texts_that_are_not_openqasm_3(self, device: HubDevice) -> None:
        assert "OpenQASM 2" in refusal(device, "OPENQASM 2.0; qreg q[1];", shots=10)
        assert "not the name of a file" in refusal(device, "bell.qasm", shots=10)
        assert "not OpenQASM 3" in refusal(device, Program(source="h q;"), shots=10)

    def test_disable_qubit_rewiring_without_physical_qubits(self, device: HubDevice) -> None:
        for program in (BELL, BELL.to_ir(), BELL.to_ir().source):
            assert "disable_qubit_rewiring" in refusal(
                device, program, 10, disable_qubit_rewiring=True
            )

    @pytest.mark.parametrize(
        ("program", "kind"),
        [
            (None, "None"),
            (17, "a number"),
            (b"OPENQASM 3.0;", "bytes"),
            ([BELL], "a list"),
            (np.eye(2), "a numpy.ndarray"),
            (PulseSequence(), "a braket.pulse.pulse_sequence.PulseSequence"),
            (
                AnalogHamiltonianSimulation(AtomArrangement().add([0, 0]), DrivingField(0, 0, 0)),
                "a braket.ahs.analog_hamiltonian_simulation.AnalogHamiltonianSimulation",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_other_kinds_of_program(self, device: HubDevice, program: Any, kind: str) -> None:
        said = refusal(device, program, shots=10)
        assert said.startswith(f"aws.sim.sv1 does not run {kind}. It runs ")
        assert ("run_batch takes several" in said) == isinstance(program, list)
        assert "braket.circuits.Circuit" in said
        assert "OpenQASM 3" in said

    @pytest.mark.parametrize(
        "keyword",
        [
            "s3_destination_folder",
            "gate_definitions",
            "reservation_arn",
            "experimental_capabilities",
            "device_parameters",
            "logger",
        ],
    )
    def test_keywords_of_aws_devices_that_mean_nothing_here(
        self, device: HubDevice, keyword: str
    ) -> None:
        assert f"does not honour {keyword}." in refusal(device, BELL, 10, **{keyword: {"a": 1}})

    def test_each_keyword_of_amazons_devices_is_known(self, device: HubDevice) -> None:
        from braket.aws import AwsDevice, AwsQuantumTask, AwsQuantumTaskBatch

        named = {
            name
            for function in (
                AwsDevice.run,
                AwsDevice.run_batch,
                AwsQuantumTask.create,
                AwsQuantumTask.__init__,
                AwsQuantumTaskBatch.__init__,
            )
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        }
        # What an AwsDevice gives its tasks itself.
        of_the_device = {"self", "aws_session", "device_arn", "arn", "max_workers"}
        ours = set(inspect.signature(HubDevice.run_batch).parameters)
        assert {"reservation_arn", "device_parameters", "logger", "max_connections"} <= named
        for name in named - of_the_device - ours - {"task_specification"}:
            with pytest.raises((ValidationError, AssertionError)) as caught:
                device.run(BELL, 10, **{name: NONSENSE.get(name, "nonsense")})
            said = str(caught.value)
            honoured = isinstance(caught.value, AssertionError) and "a job was sent" in said
            assert honoured or name in said, said
            assert "has no keyword" not in said

    def test_an_unknown_keyword(self, device: HubDevice) -> None:
        assert "Did you mean 'shots'?" in refusal(device, BELL, shot=10)
        said = refusal(device, BELL, 10, zzz=10)
        assert "'zzz'" in said
        assert "poll_timeout_seconds" in said

    @pytest.mark.parametrize("tags", ["text", [1]])
    def test_tags_that_are_no_texts(self, device: HubDevice, tags: Any) -> None:
        assert "tags" in refusal(device, BELL, 10, tags=tags)

    def test_options_of_the_wrong_kind(self, device: HubDevice) -> None:
        assert "poll_timeout_seconds" in refusal(device, BELL, 10, poll_timeout_seconds=0)
        assert "poll_interval_seconds" in refusal(device, BELL, 10, poll_interval_seconds="1")
        assert "name has to be a text" in refusal(device, BELL, 10, name=3)

    def test_batches(self, device: HubDevice) -> None:
        with pytest.raises(ValidationError, match="2 programs, 3 shots"):
            device.run_batch([BELL, BELL], shots=[1, 2, 3])
        for name in ("max_parallel", "max_connections"):
            for value in (0, -1, 1.5, True, "2"):
                with pytest.raises(ValidationError, match=name):
                    device.run_batch([BELL], shots=1, **{name: value})
        with pytest.raises(ValidationError, match="shots=-1"):
            device.run_batch([BELL, BELL], shots=[1, -1])
        for programs in ([BELL], []):
            with pytest.raises(ValidationError, match="'shot'"):
                device.run_batch(programs, shot=1)


def test_the_words_for_kinds() -> None:
    outcome = doctest.testmod(kinds)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_none_as_a_braket_library_passes_it_is_no_refusal(device: HubDevice) -> None:
    task = device.run(BELL, shots=5, s3_destination_folder=None, gate_definitions={}, quiet=True)
    assert sum(task.result().measurement_counts.values()) == 5


def test_what_only_the_hub_can_see_it_refuses_in_its_own_words(device: HubDevice) -> None:
    source = "OPENQASM 3.0;\nqubit[2] q;\nh q[0];\nfrobnicate q[1];\nbit b;\nb = measure q[0];"
    with pytest.raises((ValidationError, JobFailedError)) as caught:
        device.run(source, shots=10).result()
    assert "Line 4" in str(caught.value)
    assert "frobnicate" in str(caught.value)


def test_a_parameter_may_look_like_no_number(device: HubDevice) -> None:
    circuit = Circuit().rx(0, FreeParameter("nan")).x(1)
    result = device.run(circuit, shots=5, inputs={"nan": 0.0}).result()
    assert result.measurement_counts == {"01": 5}
