"""Results that are filled without visiting each bit are equal to Braket's own."""

import copy
import dataclasses
import json
import pickle
import threading

import numpy as np
import pytest
from braket.circuits import Circuit
from braket.tasks import GateModelQuantumTaskResult

from qhub_braket import HubDevice, HubProvider, task_jobs
from qhub_braket.results import Outcomes, PackedResult
from qhub_braket.systems.aws import decode
from shared_transport import HubClient, Job


def document(bits: np.ndarray) -> bytes:
    return json.dumps(
        {
            "measurements": bits.tolist(),
            "measuredQubits": list(range(bits.shape[1])),
            "taskMetadata": {"id": "t", "shots": len(bits), "deviceId": "d"},
            "additionalMetadata": {"action": {"source": "OPENQASM 3.0;"}},
        }
    ).encode()


def drawn(shots: int, qubits: int) -> np.ndarray:
    chance = np.random.default_rng(qubits)
    # Few distinct words where there are many qubits, so that words repeat.
    words = chance.integers(0, 2, (7, qubits))
    return words[chance.integers(0, 7, shots)]


@pytest.mark.parametrize("qubits", [1, 2, 7, 8, 9, 31, 63, 64, 65, 108])
def test_everything_is_equal_to_brakets_own(qubits: int) -> None:
    content = document(drawn(500, qubits))
    ours = decode(content, Job(id="1"))
    theirs = GateModelQuantumTaskResult.from_string(content.decode())
    assert isinstance(ours, PackedResult)
    assert ours == theirs
    for field in dataclasses.fields(GateModelQuantumTaskResult):
        mine, reference = getattr(ours, field.name), getattr(theirs, field.name)
        assert type(mine) is type(reference), field.name
        if isinstance(reference, np.ndarray):
            assert mine.dtype == reference.dtype
            np.testing.assert_array_equal(mine, reference)
        else:
            assert mine == reference, field.name
    assert list(ours.measurement_counts.items()) == list(theirs.measurement_counts.items())
    assert list(ours.measurement_probabilities) == list(theirs.measurement_probabilities)
    assert repr(ours) == repr(theirs).replace("GateModelQuantumTaskResult", "PackedResult")


@pytest.mark.parametrize("asked", [(), ("measurement_counts",), ("measurements",)])
def test_copies_and_pickles(asked: tuple[str, ...]) -> None:
    result = decode(document(drawn(50, 5)), Job(id="1"))
    for name in asked:
        getattr(result, name)
    for again in (
        copy.copy(result),
        copy.deepcopy(result),
        pickle.loads(pickle.dumps(result)),
        dataclasses.replace(result, values=[1]),
    ):
        np.testing.assert_array_equal(again.measurements, result.measurements)
        assert again.measurement_counts == result.measurement_counts


def test_fields_can_be_set_as_on_any_dataclass() -> None:
    result = decode(document(drawn(50, 5)), Job(id="1"))
    result.measurement_counts["11111"] += 1
    assert result.measurement_counts["11111"] >= 1
    result.measurement_counts = {"0": 1}
    assert result.measurement_counts == {"0": 1}
    assert result.measurements is result.measurements


def test_pieces_of_different_lengths_are_one_array() -> None:
    bits = drawn(20, 3).astype(np.uint8)
    whole = Outcomes.of([bits[:13], bits[13:]])
    assert (whole.shots, whole.columns) == (20, 3)
    np.testing.assert_array_equal(whole.measurements(), bits)
    with pytest.raises(ValueError, match="cannot be joined"):
        Outcomes.of([bits, bits[:, :2]])


def test_many_shots_come_through_a_file(
    device: HubDevice, provider: HubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[str] = []
    counting = HubClient(
        provider.client.settings,
        event_hooks={"request": [lambda request: paths.append(request.url.path)]},
    )
    large = HubDevice(device.arn, counting)
    assert task_jobs.SHOTS_IN_MEMORY < 100_000
    result = large.run(Circuit().h(range(6)), shots=100_000).result()
    assert paths[-1].endswith("/result-stream")
    assert result.measurements.shape == (100_000, 6)
    assert sum(result.measurement_counts.values()) == 100_000
    # Of each bit's mean: six standard errors.
    np.testing.assert_allclose(result.measurements.mean(axis=0), 0.5, atol=3 / 100_000**0.5)
    large.run(Circuit().h(0), shots=100).result()
    assert paths[-1].endswith("/result")


def test_threads_read_one_result() -> None:
    bits = drawn(20_000, 20)
    result = decode(document(bits), Job(id="1"))
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.append(sum(result.measurement_counts.values())))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [20_000] * 6
