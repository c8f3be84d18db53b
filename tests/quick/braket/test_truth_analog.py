"""Programs of atoms on aws.quera.aquila, without noise, against Amazon's local simulator of them."""

import json
import math
import pickle
from decimal import Decimal

import numpy as np
import pytest
from braket.ahs import (
    AnalogHamiltonianSimulation,
    AtomArrangement,
    DrivingField,
    LocalDetuning,
    Pattern,
)
from braket.ahs.atom_arrangement import SiteType
from braket.ahs.field import Field
from braket.device_schema.quera import QueraDeviceCapabilities
from braket.devices import LocalSimulator
from braket.tasks import AnalogHamiltonianSimulationQuantumTaskResult
from braket.timings.time_series import TimeSeries

from qhub_braket import HubDevice, HubProvider
from qhub_braket.systems.aws_analog import decode
from shared_transport import Job, ServerError

pytestmark = pytest.mark.usefixtures("quiet")

SHOTS = 1000
# Six standard errors of the difference of two shares of 1,000 shots each.
BOUND = 6 * math.sqrt(2 * 0.25 / SHOTS)


@pytest.fixture(scope="module")
def aquila(ideal: HubProvider) -> HubDevice:
    return ideal.get_device("aws.quera.aquila")


def series(*points: tuple[float, float]) -> TimeSeries:
    """Times in microseconds, values in 1e6 rad/s."""
    result = TimeSeries()
    for time, value in points:
        result.put(time * 1e-6, value * 1e6)
    return result


def program(
    sites: list[tuple[float, float]], shift: list[float] | None = None, empty: int | None = None
) -> AnalogHamiltonianSimulation:
    """A pulse of 1 us on sites in micrometres."""
    register = AtomArrangement()
    for number, (x, y) in enumerate(sites):
        kind = SiteType.VACANT if number == empty else SiteType.FILLED
        register.add([x * 1e-6, y * 1e-6], kind)
    hamiltonian = DrivingField(
        amplitude=series((0, 0), (0.1, 6.4), (0.9, 6.4), (1, 0)),
        phase=series((0, 0), (1, 0)),
        detuning=series((0, -4), (1, 8)),
    )
    if shift is not None:
        hamiltonian = hamiltonian + LocalDetuning(
            Field(series((0, 0), (0.3, 20), (0.7, 20), (1, 0)), Pattern(shift))
        )
    return AnalogHamiltonianSimulation(register, hamiltonian)


PROGRAMS = {
    "one atom": program([(0, 0)]),
    "a blockaded pair": program([(0, 0), (0, 5)]),
    "an empty site": program([(0, 0), (6.5, 0), (13, 0)], empty=1),
    "a triangle": program([(0, 0), (6, 0), (0, 7)]),
    "local detuning": program([(0, 0), (8, 0), (0, 9)], shift=[0.0, 1.0, 0.4]),
}


def shares(result: AnalogHamiltonianSimulationQuantumTaskResult) -> dict[str, float]:
    return {word: count / SHOTS for word, count in result.get_counts().items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_counts_agree_with_the_local_simulator(aquila: HubDevice, name: str) -> None:
    result = aquila.run(PROGRAMS[name].discretize(aquila), shots=SHOTS).result()
    assert isinstance(result, AnalogHamiltonianSimulationQuantumTaskResult)
    assert len(result.measurements) == SHOTS
    local = LocalSimulator("braket_ahs").run(PROGRAMS[name], shots=SHOTS, steps=250).result()
    measured, expected = shares(result), shares(local)
    assert set(measured) | set(expected) != set()
    for word in set(measured) | set(expected):
        assert measured.get(word, 0) == pytest.approx(expected.get(word, 0), abs=BOUND), word


def test_the_program_in_brakets_ir_is_the_same_job(aquila: HubDevice, ideal: HubProvider) -> None:
    wanted = PROGRAMS["local detuning"].discretize(aquila)
    tasks = [aquila.run(one, shots=10) for one in (wanted, wanted.to_ir())]
    first, second = (ideal.client.jobs.input(task.id) for task in tasks)
    assert first == second
    assert [len(task.result().measurements) for task in tasks] == [10, 10]


def test_numbers_are_numbers_on_the_wire(aquila: HubDevice, ideal: HubProvider) -> None:
    wanted = PROGRAMS["local detuning"].discretize(aquila)
    assert '"8E-6"' in wanted.to_ir().json() or '"0.00000800"' in wanted.to_ir().json()
    task = aquila.run(wanted, shots=1)
    sent = ideal.client.jobs.input(task.id)["ahs_program"]
    ir = json.loads(wanted.to_ir().json())

    def same(number: object, text: object) -> None:
        if isinstance(text, dict):
            assert isinstance(number, dict)
            for key in set(text) - {"braketSchemaHeader"}:
                same(number[key], text[key])
        elif isinstance(text, list):
            assert len(number) == len(text)
            for one, other in zip(number, text, strict=True):
                same(one, other)
        elif isinstance(number, str):
            assert number == text == "uniform"
        else:
            assert type(number) in (int, float)
            assert float(Decimal(text)) == number

    same(sent, ir)
    assert "localDetuning" in sent["hamiltonian"]


def test_results_in_every_way(aquila: HubDevice, ideal: HubProvider) -> None:
    task = aquila.run(PROGRAMS["an empty site"].discretize(aquila), shots=20)
    result = task.result()
    again = ideal.task(task.id).result()
    assert again == result
    assert pickle.loads(pickle.dumps(task)).result() == result
    for shot in result.measurements:
        assert shot.status == "Success"
        assert shot.pre_sequence.tolist() == [1, 0, 1]
        assert shot.post_sequence[1] == 0
    assert result.task_metadata.shots == 20
    assert result.additional_metadata.queraMetadata.numSuccessfulShots == 20
    assert result.get_counts().keys() <= {"geg", "ger", "reg", "rer"}


def test_a_batch_of_programs(aquila: HubDevice) -> None:
    programs = [PROGRAMS["one atom"].discretize(aquila), PROGRAMS["a triangle"].discretize(aquila)]
    results = aquila.run_batch(programs, shots=[3, 4]).results()
    assert [len(result.measurements) for result in results] == [3, 4]
    assert [len(result.measurements[0].post_sequence) for result in results] == [1, 3]


def test_default_shots_and_properties(aquila: HubDevice) -> None:
    assert isinstance(aquila.properties, QueraDeviceCapabilities)
    assert aquila.topology_graph is None
    assert aquila.type == "QPU"
    assert aquila.run(PROGRAMS["one atom"].discretize(aquila)).metadata()["shots"] == 1000


def test_noise_is_seen(provider: HubProvider) -> None:
    noisy = provider.get_device("aws.quera.aquila")
    far = program([(0, 0), (20, 0)]).discretize(noisy)
    rows = [shot.pre_sequence for shot in noisy.run(far, shots=1000).result().measurements]
    filled = np.mean(rows)
    assert 0.95 < filled < 1.0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no json", "Expecting value"),
        (b"[]", "pop"),
        (b"{}", "taskMetadata"),
        (b'{"measurements": [{"shotMetadata": {"shotStatus": "Success"}}]}', "taskMetadata"),
    ],
)
def test_documents_that_are_none(content: bytes, says: str) -> None:
    with pytest.raises(ServerError, match=says) as caught:
        decode(content, Job(id="job-1"))
    assert caught.value.job_id == "job-1"


@pytest.mark.parametrize("bits", [[0, 2], [0.5], ["1"], [[0, 1]], "01"])
def test_sequences_that_are_no_bits(bits: object) -> None:
    document = {
        "taskMetadata": {"id": "t", "shots": 1, "deviceId": "d"},
        "measurements": [
            {
                "shotMetadata": {"shotStatus": "Success"},
                "shotResult": {"preSequence": [1], "postSequence": bits},
            }
        ],
    }
    with pytest.raises(ServerError, match="sequence"):
        decode(json.dumps(document).encode(), Job(id="job-1"))
