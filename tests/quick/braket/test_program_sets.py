"""Program sets: one task, behind which there are one or several jobs of the Hub.

Exact values come from Amazon's local simulator; sampled ones have 2,000 shots and bounds of six standard errors.
"""

import json
import math
import pickle
from typing import Any

import httpx
import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter
from braket.circuits.observables import H, X, Y, Z
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program
from braket.ir.openqasm import ProgramSet as ProgramSetIR
from braket.program_sets import CircuitBinding, ProgramSet
from braket.task_result import ProgramSetExecutableFailure
from braket.tasks import ProgramSetQuantumTaskResult
from braket.tasks.program_set_quantum_task_result import MeasuredEntry

import qhub_qiskit
from qhub_braket import HubDevice, HubProvider
from shared_transport import HubClient, JobRequest, Settings, ValidationError
from shared_transport.models import ShotsRange

SHOTS = 2000
SIX_ERRORS = 6 / math.sqrt(SHOTS)
theta = FreeParameter("theta")
TURNED = Circuit().rx(0, theta).ry(1, 0.4).cnot(0, 1)
TERMS = [(2.0, X(0) @ Z(1)), (-0.5, Z(0) @ Z(1)), (1.5, Y(0))]
SUM = TERMS[0][0] * TERMS[0][1] + TERMS[1][0] * TERMS[1][1] + TERMS[2][0] * TERMS[2][1]
FLIP = (
    "OPENQASM 3.0;\nbit[2] b;\nqubit[3] q;\nx q[2];\nb[0] = measure q[2];\nb[1] = measure q[0];\n"
)
INPUT = "OPENQASM 3.0;\ninput float a;\nbit[1] b;\nqubit[1] q;\nrx(a) q[0];\nb[0] = measure q[0];\n"


def everything() -> ProgramSet:
    """Every kind of entry: nine, one, one, two, four executables."""
    return ProgramSet(
        [
            CircuitBinding(TURNED, {"theta": [0.1, 1.2, 2.2]}, SUM),
            Circuit().x(0).cnot(0, 1).measure([1, 0]),
            FLIP,
            Program(source=INPUT, inputs={"a": [0.0, math.pi]}),
            CircuitBinding(TURNED, {"theta": [0.3, 0.9]}, [Z(0) @ Z(1), Y(1)]),
        ],
        shots_per_executable=SHOTS,
    )


def limited(device: HubDevice, **changes: Any) -> HubDevice:
    """The same device as if the Hub said otherwise of it."""
    backend = device.client.backends.get(device.arn)
    configuration = backend.configuration.model_copy(update=changes)
    return HubDevice(backend.model_copy(update={"configuration": configuration}), device.client)


@pytest.fixture(params=[None, 100, 5], ids=["a job each", "one job", "five to a job"])
def taking(request: pytest.FixtureRequest, device: HubDevice) -> tuple[HubDevice, int]:
    """sv1 as it takes programs, and the jobs that `everything` needs there."""
    jobs = {None: 17, 100: 1, 5: 4}[request.param]
    return limited(device, max_pubs_per_job=request.param), jobs


def exact(circuit: Circuit, observable: Any) -> float:
    value = circuit.copy().expectation(observable)
    return float(LocalSimulator().run(value, shots=0).result().values[0])


@pytest.mark.usefixtures("quiet")
def test_every_kind_of_entry(taking: tuple[HubDevice, int]) -> None:
    device, jobs = taking
    task = device.run(everything())
    assert len(task.id.split(",")) == jobs
    result = task.result()
    assert isinstance(result, ProgramSetQuantumTaskResult)
    assert result.num_executables == 17
    assert [len(entry) for entry in result.entries] == [9, 1, 1, 2, 4]
    assert task.state() == "COMPLETED"

    sums, crossed, flipped, angles, listed = result.entries
    for number, angle in enumerate((0.1, 1.2, 2.2)):
        bound = TURNED.make_bound_circuit({"theta": angle})
        expected = sum(factor * exact(bound, term) for factor, term in TERMS)
        assert sums.expectation(number) == pytest.approx(expected, abs=4 * SIX_ERRORS)
    assert crossed.entries[0].measured_qubits == [1, 0]
    assert crossed.entries[0].counts == {"11": SHOTS}
    assert flipped.entries[0].measured_qubits == [2, 0]
    assert flipped.entries[0].counts == {"10": SHOTS}
    assert [entry.counts for entry in angles.entries] == [{"0": SHOTS}, {"1": SHOTS}]
    values = [entry.expectation for entry in listed.entries]
    wanted = [
        exact(TURNED.make_bound_circuit({"theta": angle}), term)
        for angle in (0.3, 0.9)
        for term in (Z(0) @ Z(1), Y(1))
    ]
    np.testing.assert_allclose(values, wanted, atol=SIX_ERRORS)


def test_it_is_what_brakets_own_simulator_returns(taking: tuple[HubDevice, int]) -> None:
    device, _ = taking
    ours = device.run(everything()).result()
    theirs = LocalSimulator().run(everything()).result()
    assert ours.programs == theirs.programs
    assert ours.num_executables == theirs.num_executables
    assert [len(p.executables) for p in ours.task_metadata.programMetadata] == [9, 1, 1, 2, 4]
    assert ours.task_metadata.requestedShots == ours.task_metadata.successfulShots == 17 * SHOTS
    assert ours.task_metadata.totalFailedExecutables == 0
    for one, other in zip(ours.entries, theirs.entries, strict=True):
        assert one.inputs == other.inputs
        assert one.observables == other.observables
        assert one.shots_per_executable == other.shots_per_executable == SHOTS
        assert one.additional_metadata.action is not None or one.additional_metadata is not None
        for mine, reference in zip(one.entries, other.entries, strict=True):
            assert isinstance(mine, MeasuredEntry)
            for name in ("program", "inputs", "observable", "measured_qubits"):
                assert getattr(mine, name) == getattr(reference, name), name
            assert mine.measurements.shape == reference.measurements.shape
            assert mine.measurements.dtype == reference.measurements.dtype
            assert sum(mine.probabilities.values()) == pytest.approx(1)


def test_a_set_is_opened_by_its_id(taking: tuple[HubDevice, int], provider: HubProvider) -> None:
    device, jobs = taking
    task = device.run(everything())
    known = task.result()
    result = provider.task(task.id).result()
    assert [len(entry) for entry in result.entries] == [9, 1, 1, 2, 4]
    for one, other in zip(result.entries, known.entries, strict=True):
        for mine, theirs in zip(one.entries, other.entries, strict=True):
            assert mine.counts == theirs.counts
            np.testing.assert_array_equal(mine.measurements, theirs.measurements)
            assert "input" not in mine.program
    assert pickle.loads(pickle.dumps(task)).result().entries[0].expectation(1) == (
        known.entries[0].expectation(1)
    )
    fresh = pickle.loads(pickle.dumps(device.run(everything())))
    assert isinstance(fresh.result().entries[0].expectation(2), float)
    if jobs == 17:
        one = provider.task(task.id.split(",")[9]).result()
        assert one.measurement_counts == {"11": SHOTS}


@pytest.mark.parametrize(
    "id", ["aws.sim.sv1", "aws.sim.dm1", "aws.rigetti.cepheus", "aws.ionq.forte"]
)
def test_one_job_as_the_hub_says_of_its_backends(ideal: HubProvider, id: str) -> None:
    shots = 400
    angles = [0.1, 1.2, 2.2]
    listed = CircuitBinding(TURNED, {"theta": angles}, [Z(0) @ Z(1), Y(1)])
    crossed = Circuit().x(0).cnot(0, 1).x(2).measure([2, 0])
    task = ideal.get_device(id).run(ProgramSet([listed, crossed], shots_per_executable=shots))
    assert "," not in task.id
    assert task.metadata()["shots"] == 7 * shots
    values, words = task.result().entries
    wanted = [
        exact(TURNED.make_bound_circuit({"theta": angle}), term)
        for angle in angles
        for term in (Z(0) @ Z(1), Y(1))
    ]
    measured = [entry.expectation for entry in values.entries]
    np.testing.assert_allclose(measured, wanted, atol=6 / math.sqrt(shots))  # six standard errors
    assert words.entries[0].measured_qubits == [2, 0]
    assert words.entries[0].counts == {"11": shots}
    counts = qhub_qiskit.HubProvider(client=ideal.client).job(task.id).result().get_counts()
    assert [{word[::-1]: n for word, n in one.items()} for one in counts] == [
        dict(one.counts) for entry in task.result().entries for one in entry.entries
    ]


def test_metadata_and_tags(taking: tuple[HubDevice, int]) -> None:
    device, jobs = taking
    task = device.run(everything(), name="all", tags={"a": "b"})
    task.result()
    metadata = task.metadata()
    assert metadata["quantumTaskArn"] == task.id
    assert metadata["shots"] == 17 * SHOTS
    assert metadata["name"] == "all"
    assert metadata["tags"] == ["a=b"]
    assert metadata["status"] == "COMPLETED"
    assert metadata["createdAt"] <= metadata["endedAt"]
    assert len(metadata["hub"]) == jobs or jobs == 1


def test_a_set_in_brakets_ir(device: HubDevice) -> None:
    programs = [Program(source=INPUT, inputs={"a": [math.pi, 0.0]}), Program(source=FLIP)]
    result = device.run(ProgramSetIR(programs=programs), shots=30).result()
    counts = [[one.counts for one in entry.entries] for entry in result.entries]
    assert counts == [[{"1": 10}, {"0": 10}], [{"10": 10}]]
    assert result.entries[0].entries[0].inputs == {"a": math.pi}


def test_a_set_of_one(device: HubDevice) -> None:
    task = device.run(ProgramSet(Circuit().x(0)), shots=3)
    assert task.result().entries[0].entries[0].counts == {"1": 3}
    again = HubProvider(client=device.client).task(task.id).result()
    assert again.entries[0].entries[0].counts == {"1": 3}


@pytest.mark.parametrize("id", ["aws.rigetti.cepheus", "aws.ionq.forte"])
def test_on_a_qpu_without_rewiring(ideal: HubProvider, id: str) -> None:
    one = limited(ideal.get_device(id), max_pubs_per_job=100)
    program_set = ProgramSet([Circuit().x(3), CircuitBinding(Circuit().x(3).h(4), None, X(4))], 20)
    task = one.run(program_set, disable_qubit_rewiring=True)
    sent = ideal.client.jobs.input(task.id)["qasm"]
    assert all("x $3;" in text for text in sent)
    result = task.result()
    assert result.entries[0].entries[0].measured_qubits == [3]
    assert result.entries[1].entries[0].expectation == 1.0


def test_several_sets_in_a_batch(device: HubDevice) -> None:
    sets = [ProgramSet([Circuit().x(0), Circuit().i(0)], 4), ProgramSet([Circuit().x(0)], 2)]
    first, second = device.run_batch(sets).results()
    assert [entry.entries[0].counts for entry in first.entries] == [{"1": 4}, {"0": 4}]
    assert second.entries[0].entries[0].counts == {"1": 2}


def test_shots_decide_how_many_fit_into_a_job(device: HubDevice) -> None:
    few = limited(device, max_pubs_per_job=100, total_shots_range=ShotsRange(min=1, max=25))
    task = few.run(ProgramSet([Circuit().x(0)] * 6, 10))
    assert len(task.id.split(",")) == 3
    assert [e.entries[0].counts for e in task.result().entries] == [{"1": 10}] * 6
    large = limited(device, max_pubs_per_job=100, shots_range=ShotsRange(min=1, max=15))
    assert len(large.run(ProgramSet([Circuit().x(0)] * 4, 10)).id.split(",")) == 4


def test_a_set_of_another_client(provider: HubProvider) -> None:
    job = provider.client.jobs.create(
        JobRequest(backend_id="aws.sim.sv1", shots=10, input={"qasm": [FLIP, FLIP]})
    )
    result = provider.task(job.id).result()
    assert [entry.entries[0].counts for entry in result.entries] == [{"10": 5}, {"10": 5}]


class TestRefusals:
    @pytest.mark.parametrize(
        ("program_set", "shots", "says"),
        [
            (ProgramSet([Circuit().x(0)]), None, "has no shots"),
            (ProgramSet([Circuit().x(0)] * 3), 10, "cannot be shared by 3"),
            (ProgramSet([Circuit().x(0)] * 3), 0, "cannot be shared by 3"),
            (ProgramSet([Circuit().x(0)] * 3), 1.5, "whole number"),
            (ProgramSet([Circuit().x(0)] * 3, 10), 60, "the program set says 10"),
            (ProgramSet([Circuit().x(0)] * 3, 200_000), None, "shots=200000"),
            (ProgramSet([], 10), None, "no program"),
            (ProgramSet([Circuit()], 10), None, "cannot be written"),
            (ProgramSet([17], 10), None, "cannot hold a number"),
            (ProgramSet(["OPENQASM 2.0;"], 10), None, "OpenQASM 2"),
            (ProgramSet([Circuit().rx(0, theta)], 10), None, "'theta'"),
            (ProgramSet([Circuit().h(range(40))], 10), None, "40 qubits"),
            (
                ProgramSet([CircuitBinding(Circuit().h(0), None, [X() @ Z()])], 10),
                None,
                "cannot be written",
            ),
            (ProgramSet([CircuitBinding(Circuit().h(0), None, [H(0)])], 10), None, "into angles"),
        ],
    )
    def test_before_anything_is_sent(
        self,
        device: HubDevice,
        monkeypatch: pytest.MonkeyPatch,
        program_set: ProgramSet,
        shots: Any,
        says: str,
    ) -> None:
        monkeypatch.setattr(device.client.jobs, "create", None)
        with pytest.raises(ValidationError, match=says):
            device.run(program_set, shots=shots)

    def test_inputs_beside_the_sets_own(self, device: HubDevice) -> None:
        with pytest.raises(ValidationError, match="does not take inputs"):
            device.run(ProgramSet([Circuit().x(0)], 10), inputs={"theta": 1.0})

    def test_a_set_on_a_device_of_atoms(self, provider: HubProvider) -> None:
        with pytest.raises(ValidationError, match=r"not run a .*ProgramSet\. It runs programs of"):
            provider.get_device("aws.quera.aquila").run(ProgramSet([Circuit().x(0)], 10))


def test_a_set_that_breaks_off_carries_what_was_created(device: HubDevice) -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=device.properties.json())
        sent.append(json.loads(request.content)["input"]["qasm"])
        if "x q[0]" in sent[-1]:
            return httpx.Response(422, json={"detail": "no more"})
        return httpx.Response(201, json={"id": f"job-{len(sent)}"})

    settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
    client = HubClient(settings, transport=httpx.MockTransport(answer))
    other = HubDevice(limited(device, max_pubs_per_job=None)._backend, client)
    with pytest.raises(ValidationError, match="no more") as caught:
        other.run(ProgramSet([Circuit().h(0), Circuit().x(0)], 5))
    assert caught.value.job.id.startswith("job-")
    assert caught.value.job.id in caught.value.__notes__[0]


def test_failed_executables_stand_in_their_place() -> None:
    """A result of a device, of which one executable failed."""
    from qhub_braket.systems.aws import decode
    from shared_transport import Job

    def executable(**more: Any) -> dict[str, Any]:
        return {"inputsIndex": 0, "measuredQubits": [0], **more}

    def program(*results: dict[str, Any]) -> dict[str, Any]:
        source = {
            "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
            "source": FLIP,
        }
        return {"source": source, "executableResults": list(results), "additionalMetadata": {}}

    failure = {
        "braketSchemaHeader": {
            "name": "braket.task_result.program_set_executable_failure",
            "version": "1",
        },
        "inputsIndex": 0,
        "failureMetadata": {"failureReason": "lost", "retryable": True, "category": "DEVICE"},
    }
    document = {
        "braketSchemaHeader": {
            "name": "braket.task_result.program_set_task_result",
            "version": "1",
        },
        "programResults": [
            program(executable(measurements=[[1], [0]])),
            program(failure),
            program(executable(measurementProbabilities={"0": 0.5, "1": 0.5})),
        ],
        "taskMetadata": {
            "id": "t",
            "deviceId": "d",
            "requestedShots": 6,
            "successfulShots": 4,
            "programMetadata": [{"executables": [{}]}] * 3,
            "totalFailedExecutables": 1,
        },
    }
    first, second, third = decode(json.dumps(document).encode(), Job(id="1")).entries
    assert first.entries[0].counts == {"1": 1, "0": 1}
    assert isinstance(second.entries[0], ProgramSetExecutableFailure)
    assert third.entries[0].counts == {"0": 1, "1": 1}
    assert third.entries[0].probabilities_from_device
