"""Every option that the API's schema has, given to IBM's classes one by one, as it goes out and as it is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.transpiler import CouplingMap
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime import EstimatorV2, SamplerV2
from qiskit_ibm_runtime.exceptions import IBMRuntimeError, RuntimeInvalidStateError
from qiskit_ibm_runtime.noise_learner import NoiseLearner

from qhub_qiskit.runtime.backend import HubIBMBackend
from shared_transport import HubError
from tests.contract_check import CONTRACT
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic

Watched = tuple[HubIBMBackend, Traffic]
Path = tuple[str, ...]

SAMPLER, ESTIMATOR, LEARNER = CONTRACT["components"]["schemas"]["IBM_JobInput"]["anyOf"]
Z = "I" * 155 + "Z"
NOTHING = QuantumCircuit(156)
# Values of those options whose schema does not say what is possible.
GIVEN: dict[str, Any] = {
    "noise_factors": [1, 1.5, 3],
    "extrapolated_noise_factors": [0, 1, 2.5],
    "layer_pair_depths": [0, 2, 4],
    "coupling_map": [[0, 1], [1, 0]],
    "basis_gates": ["cz", "rz"],
    "noise_model": {"errors": []},
    "rep_delay": 1e-4,
    "experimental": {"something": 1},
}
# Those that other tests look at.
ELSEWHERE = {"layer_noise_model"}


def leaves(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each option of a schema and a value of it."""
    for name, inner in schema["properties"].items():
        here = (*path, name)
        if name in GIVEN:
            yield here, GIVEN[name]
        elif name in ELSEWHERE:
            continue
        elif "properties" in inner:
            yield from leaves(inner, here)
        else:
            for kind in inner.get("oneOf", [inner]):
                for value in values(kind):
                    yield here, value


def values(kind: Any) -> list[Any]:
    """Values of one kind: all of an enumeration."""
    if "enum" in kind:
        return list(kind["enum"])
    if kind["type"] == "array":
        return [[word] for word in kind["items"]["enum"]]
    return {"boolean": [True, False], "integer": [3], "number": [0.5]}[kind["type"]]


def cases(schema: Any) -> list[Any]:
    found = {
        f"{'.'.join(path)}={value}": (path, value)
        for path, value in leaves(schema["properties"]["options"])
    }
    return [pytest.param(*case, id=name) for name, case in found.items()]


def nested(path: Path, value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return value


def at(document: Any, path: Path) -> Any:
    for name in path:
        document = document[name]
    return document


@pytest.mark.parametrize(("path", "value"), cases(SAMPLER))
def test_sampler(watched_fez: Watched, path: Path, value: Any) -> None:
    backend, traffic = watched_fez
    sampler = SamplerV2(backend, options=nested(path, value))
    if path[-1] == "meas_type" and value != "classified":
        with pytest.raises(IBMRuntimeError, match="classified bits only"):
            sampler.run([flip(156)])
    else:
        result = sampler.run([flip(156)]).result()
        shots = 3 if path == ("default_shots",) else 4096
        assert result[0].data.c.get_counts() == {"1": shots}
        assert traffic.bodies[0]["shots"] == shots
    (body,) = traffic.bodies
    assert body["input"]["options"] == nested(path, value)
    assert body["input_params"] == {"program_id": "sampler", "log_level": "warning"}


@pytest.mark.parametrize(("path", "value"), cases(ESTIMATOR))
def test_estimator(watched_fez: Watched, path: Path, value: Any) -> None:
    backend, traffic = watched_fez
    options = nested(path, value)
    # IBM's classes want these as well.
    if "measure_noise_learning" in path:
        options["resilience"]["measure_mitigation"] = True
    if path[-1] == "extrapolator":
        options["resilience"]["zne"]["noise_factors"] = list(range(1, 9))
    estimator = EstimatorV2(backend, options=options)
    result = estimator.run([(NOTHING, Z)]).result()
    assert result[0].data.evs == pytest.approx(1, abs=1e-6)
    (body,) = traffic.bodies
    assert body["input"]["options"] == options
    assert body["input_params"] == {"program_id": "estimator", "log_level": "warning"}


@pytest.mark.parametrize(("path", "value"), cases(LEARNER))
def test_noise_learner(watched_fez: Watched, path: Path, value: Any) -> None:
    backend, traffic = watched_fez
    circuit = QuantumCircuit(156)
    circuit.cz(0, 1)
    if path == ("support_qiskit",):
        learner = NoiseLearner(backend)  # IBM's class says it by itself
        value = True
    else:
        learner = NoiseLearner(backend, options=nested(path, value))
    result = learner.run([circuit]).result()
    assert [layer.qubits for layer in result.data] == [[0, 1]]
    (body,) = traffic.bodies
    assert body["input"]["options"] == {**nested(path, value), "support_qiskit": True}
    assert body["input_params"] == {"program_id": "noise-learner", "log_level": "warning"}


@pytest.mark.parametrize("level", [0, 1, 2])
def test_resilience_levels(watched_fez: Watched, level: int) -> None:
    backend, traffic = watched_fez
    estimator = EstimatorV2(backend, options={"resilience_level": level})
    result = estimator.run([(NOTHING, Z)]).result()
    assert traffic.bodies[0]["input"]["resilience_level"] == level
    assert result.metadata["resilience"]["measure_mitigation"] is (level > 0)
    assert result.metadata["resilience"]["zne_mitigation"] is (level > 1)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
@pytest.mark.parametrize("kind", [SamplerV2, EstimatorV2, NoiseLearner])
def test_environment(watched_fez: Watched, kind: Any, level: str) -> None:
    backend, traffic = watched_fez
    primitive = kind(
        backend,
        options={
            "max_execution_time": 300,
            "environment": {"log_level": level, "job_tags": ["mine", "b c"]},
        },
    )
    work: dict[Any, Any] = {SamplerV2: flip(156), EstimatorV2: (NOTHING, Z), NoiseLearner: NOTHING}
    job = primitive.run([work[kind]])
    assert traffic.bodies[0]["input_params"] == {
        "program_id": job.primitive_id,
        "max_execution_time": 300,
        "log_level": level.lower(),
    }
    assert {"mine", "b c"} <= set(traffic.bodies[0]["tags"])
    assert job.tags == ["mine", "b c"]
    assert sorted(backend.service.job(job.job_id()).tags) == ["b c", "mine"]
    job.cancel() if job.status() == "QUEUED" else job.result()


def test_all_at_once_in_ibms_own_objects(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    estimator = EstimatorV2(backend)
    options = estimator.options
    options.default_precision = 0.1
    options.seed_estimator = 5
    options.dynamical_decoupling.enable = True
    options.dynamical_decoupling.sequence_type = "XY4"
    options.twirling.enable_gates = True
    options.twirling.num_randomizations = 8
    options.twirling.shots_per_randomization = "auto"
    options.resilience.measure_mitigation = True
    options.resilience.zne_mitigation = True
    options.resilience.zne.noise_factors = (1, 3, 5)
    options.resilience.zne.extrapolator = ("exponential", "linear")
    options.simulator.coupling_map = CouplingMap([[0, 1]])
    options.simulator.noise_model = NoiseModel()
    result = estimator.run([(NOTHING, Z)]).result()
    sent = traffic.bodies[0]["input"]["options"]
    assert sent["resilience"]["zne"]["extrapolator"] == ["exponential", "linear"]
    assert sent["resilience"]["zne"]["noise_factors"] == [1, 3, 5]
    assert sent["simulator"]["coupling_map"] == [[0, 1]]
    assert isinstance(sent["simulator"]["noise_model"], dict)
    assert result[0].metadata["shots"] == 100
    told = result.metadata
    assert told["dynamical_decoupling"]["sequence_type"] == "XY4"
    assert told["twirling"]["num_randomizations"] == 8
    assert told["local_hub"]["not_simulated"][0] == "dynamical_decoupling"


@pytest.mark.parametrize(
    ("kind", "options", "names"),
    [
        (NoiseLearner, {"max_layers_to_learn": None}, "max_layers_to_learn"),
        (EstimatorV2, {"resilience": {"pec": {"max_overhead": None}}}, "max_overhead"),
        (
            EstimatorV2,
            {"resilience": {"layer_noise_learning": {"max_layers_to_learn": None}}},
            "max_layers_to_learn",
        ),
    ],
)
def test_no_limit_is_nothing_that_the_api_can_be_told(
    watched_fez: Watched, kind: Any, options: dict[str, Any], names: str
) -> None:
    """IBM's None; the API's schema has numbers only."""
    backend, traffic = watched_fez
    primitive = kind(backend, options=options)
    with pytest.raises(HubError, match=names):
        primitive.run([NOTHING if kind is NoiseLearner else (NOTHING, Z)])
    assert traffic.count("POST .*") == 0


@pytest.mark.parametrize(
    ("given", "shots"),
    [
        ({"num_randomizations": 10, "shots_per_randomization": 10}, 100),
        ({"num_randomizations": 10, "shots_per_randomization": "auto"}, 5000),
        ({"num_randomizations": 10, "shots_per_randomization": 10, "enable_measure": False}, 5000),
    ],
)
def test_numbers_of_twirling_go_before_the_default_shots(
    watched_fez: Watched, given: dict[str, Any], shots: int
) -> None:
    """Of an estimator, which twirls measurements unless it is told not to."""
    backend, traffic = watched_fez
    options = {"default_shots": 5000, "twirling": given}
    result = EstimatorV2(backend, options=options).run([(NOTHING, Z)]).result()
    assert result[0].metadata["shots"] == shots
    assert abs(traffic.bodies[0]["shots"] - shots) <= 1
    exact = EstimatorV2(backend, options=options).run([(NOTHING, Z)], precision=0.2).result()
    assert exact[0].metadata["shots"] == 25


def test_a_job_that_lasts_longer_than_it_may_is_cancelled(fez: HubIBMBackend) -> None:
    """Its simulation takes ten seconds and more."""
    row = range(16)
    wide = QuantumCircuit(156, len(row))
    for layer in range(60):
        wide.sx(row)
        wide.rz(0.1 + layer, row)
        for qubit in row[layer % 2 : -1 : 2]:
            wide.cz(qubit, qubit + 1)
    wide.measure(row, row)
    job = SamplerV2(fez, options={"max_execution_time": 1}).run([(wide, None, 10_000)] * 25)
    job.wait_for_final_state(timeout=60)
    assert job.status() == "CANCELLED"
    with pytest.raises(RuntimeInvalidStateError):
        job.result()
