"""Options, noise and limits of Quandela's platforms: what travels, what comes back, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qhub_qiskit import HubBackend, HubEstimator, HubProvider
from shared_transport.errors import ServerError, ValidationError
from tests.quick.qiskit.circuits import bell


@pytest.fixture
def belenos(provider: HubProvider) -> HubBackend:
    return provider.get_backend("quandela.qpu.belenos")


def test_max_samples(altair: HubBackend) -> None:
    result = altair.run(bell(), shots=10_000, max_samples=20).result()
    assert sum(result.get_counts().values()) == 20
    assert result.results[0].metadata["shots_used"] < 10_000


def test_max_shots(altair: HubBackend) -> None:
    job = altair.run(bell(), shots=500, max_shots=100_000, memory=True)
    again = HubProvider(client=altair.client).job(job.job_id())
    for result in (job.result(), again.result()):
        assert sum(result.get_counts().values()) == len(result.get_memory()) == 500
        assert 500 < result.results[0].metadata["shots_used"] < 100_000
    assert job.result().get_memory() == again.result().get_memory()
    # Of 1,000 shots one in nine is kept.
    assert sum(altair.run(bell(), shots=500, max_shots=1000).result().get_counts().values()) < 300
    prices = {"quandela.*": {"per_shot": 0.5}}
    told = altair.explain(bell(), shots=500, max_shots=1000, prices=prices)
    assert (told.shots, told.price, told.price_basis) == (500, 500, "at most 1,000 x 0.5 a shot")


def test_all_shots_are_kept_where_photons_come_in_pairs(altair: HubBackend) -> None:
    """A source that gives two photons at once: without post-selection one in ten states would be no qubits."""
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.x(1)
    circuit.measure_all()
    job = altair.run(circuit, shots=1000, max_shots=10**6, parameters={"g2": 0.1})
    metadata = job.result().results[0].metadata
    assert (metadata["kept"], metadata["dropped"]) == (1000, 0)
    assert metadata["logical_perf"] < 0.95
    assert set(job.result().get_counts()) == {"10", "11"}


def test_options_travel(altair: HubBackend) -> None:
    encoded = altair.encode(
        bell(),
        shots=7,
        parameters={"transmittance": 0.5},
        job_group_name="group",
        max_duration=60,
        process_id="me",
    )
    assert encoded.input["parameters"] == {"transmittance": 0.5}
    assert encoded.input["max_shots"] == encoded.shots == 7
    assert encoded.params["platform_name"] == "sim:altair"
    assert encoded.params["job_group_name"] == "group"
    assert encoded.params["max_duration"] == 60
    assert encoded.params["process_id"] == "me"


def test_noise_of_the_payload(altair: HubBackend) -> None:
    result = altair.run(bell(), shots=200_000, parameters={"transmittance": 0.1}).result()
    # Both photons arrive with probability 0.01 and a shot is one where any does (0.19): 1/9 * 1/19 is kept.
    assert result.results[0].metadata["physical_perf"] == pytest.approx(0.01, rel=0.01)
    # Binomial, 200,000 at 0.00585: 1,170 with a deviation of 34; five of them.
    assert abs(sum(result.get_counts().values()) - 200_000 / 171) < 5 * 34


def test_belenos(belenos: HubBackend) -> None:
    result = belenos.run(bell(), shots=300_000).result()
    counts = result.get_counts()
    kept = sum(counts.values())
    # About 1 shot in 300 is kept. Its photons are 94 % indistinguishable: the wrong outcomes stay far below half.
    assert kept > 500
    assert counts["00"] + counts["11"] > 0.75 * kept
    rate = result.results[0].metadata["success_rate"]
    assert 0 < rate < result.results[0].header["expected_success_rate"]


def test_too_many_gates(altair: HubBackend) -> None:
    circuit = QuantumCircuit(2)
    for _ in range(5):
        circuit.cx(0, 1)
    circuit.measure_all()
    # 1/9 of the last, 2/27 of each of the four before it: 3.3e-6.
    with pytest.raises(ValidationError, match=r"5 two-qubit gates.*up to 4.*rate is 3\.3e-06"):
        altair.run(circuit)


def test_an_estimate_without_a_shot_is_an_error(belenos: HubBackend) -> None:
    """Of a single shot about one in 250 comes back: that three in a row do, nobody will see."""
    circuit = bell().remove_final_measurements(inplace=False)
    job = HubEstimator(belenos).run([(circuit, SparsePauliOp("ZZ"))] * 3, precision=1.0)
    with pytest.raises(ServerError, match="none of its shots") as caught:
        job.result()
    assert "smaller precision" in caught.value.hint


def test_too_many_qubits(belenos: HubBackend) -> None:
    circuit = QuantumCircuit(5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    with pytest.raises(ValidationError, match=r"belenos.*5 qubits|5 qubits.*belenos") as caught:
        belenos.run(circuit)
    # 1/9 each.
    assert "expected success rate is 0.00015" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"command": "probs"}, "no command 'probs'"),
        ({"seed_simulator": 1}, "seed_simulator"),
        ({"command": "probabilities"}, "command"),
        ({"max_samples": 0}, "max_samples"),
        ({"max_shots": 0}, "max_shots"),
        (
            {"shots": 10, "max_shots": 9},
            "max_shots=9 is not between shots=10 and .*belenos takes, 10",
        ),
        ({"max_shots": 10**9 + 1}, "max_shots=1000000001 is not between"),
        ({"max_samples": 9, "max_shots": 9000}, "do not go together"),
        ({"simulator": "SLOS"}, "no option"),
    ],
)
def test_options_refused(belenos: HubBackend, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        belenos.run(bell(), **options)


@pytest.mark.parametrize("option", ["max_samples", "max_shots"])
def test_probabilities_have_no_samples(altair: HubBackend, option: str) -> None:
    with pytest.raises(ValidationError, match=f"{option} goes with samples"):
        altair.run(bell(), command="probs", **{option: 9000})


def test_foreign_gate_refused(altair: HubBackend) -> None:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    circuit.measure_all()
    with pytest.raises(ValidationError, match=r"sx.*transpile"):
        altair.run(circuit)
