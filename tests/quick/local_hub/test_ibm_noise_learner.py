"""IBM's noise learner: rates against the errors in the device's properties, read by IBM's decoder."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit_ibm_runtime.noise_learner import NoiseLearner
from qiskit_ibm_runtime.options import EstimatorOptions, NoiseLearnerOptions, SamplerOptions
from qiskit_ibm_runtime.results import NoiseLearnerResult

from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.ibm_hub import isa, run, target


def _circuit() -> QuantumCircuit:
    """The pair (0, 1) twice, then it and (3, 4) at once."""
    circuit = QuantumCircuit(156)
    circuit.cz(0, 1)
    circuit.barrier()
    circuit.cz(0, 1)
    circuit.barrier()
    circuit.cz(0, 1)
    circuit.cz(3, 4)
    return circuit


def test_rates_are_those_of_the_devices_errors(hub: HubProcess) -> None:
    options = {"max_layers_to_learn": None, "support_qiskit": True}
    answer = run(hub, "noise-learner", circuits=[_circuit()], options=options)
    assert answer["metadata"]["synthetic"] is True
    first, second = answer["data"]
    assert (first.qubits, second.qubits) == ([0, 1], [0, 1, 3, 4])
    device = target(hub, "ibm.qpu.fez")
    # A Pauli's fidelity falls by exp(-2 r) for each generator that anticommutes with it: eight of fifteen.
    fidelity = math.exp(-2 * 8 * first.error.rates[0])
    assert math.isclose(fidelity, 1 - 4 / 3 * device["cz"][0, 1].error, rel_tol=1e-9)
    assert len(first.error.generators) == 15
    assert np.ptp(first.error.rates) == 0
    only = [str(label)[:2] == "II" for label in second.error.generators]
    np.testing.assert_allclose(second.error.rates[only], first.error.rates)


def test_the_most_frequent_layers_come_first(hub: HubProcess) -> None:
    answer = run(hub, "noise-learner", circuits=[_circuit()], options={"max_layers_to_learn": 1})
    assert [layer.qubits for layer in answer["data"]] == [[0, 1]]


def test_an_estimator_takes_what_was_learned(hub: HubProcess) -> None:
    learned = run(hub, "noise-learner", circuits=[_circuit()])
    options = EstimatorOptions()
    options.resilience.pec_mitigation = True
    options.resilience.layer_noise_model = NoiseLearnerResult(learned["data"])
    given = EstimatorOptions._get_program_inputs(dataclasses.asdict(options))
    result = run(hub, "estimator", pubs=[(_circuit(), "Z" * 156)], **given)
    assert "resilience.layer_noise_model" in result.metadata["local_hub"]["not_simulated"]


def test_every_option_of_ibms_classes_is_accepted(ideal_hub: HubProcess) -> None:
    circuit = QuantumCircuit(1)
    circuit.sx(0)
    decoupling = {
        "enable": True,
        "sequence_type": "XY4",
        "extra_slack_distribution": "edges",
        "scheduling_method": "asap",
        "skip_reset_qubits": True,
    }
    twirling = {
        "enable_gates": True,
        "enable_measure": True,
        "num_randomizations": 10,
        "shots_per_randomization": 20,
        "strategy": "active",
    }
    both: dict[str, Any] = {"dynamical_decoupling": decoupling, "twirling": twirling}
    both["simulator"] = {"seed_simulator": 3, "basis_gates": ["cz"], "coupling_map": [[0, 1]]}
    both["experimental"] = {"something": 1}
    both["execution"] = {"init_qubits": True, "rep_delay": 1e-4}
    sampler = SamplerOptions(
        **{**both, "execution": {**both["execution"], "meas_type": "classified"}}
    )
    given = SamplerOptions._get_program_inputs(dataclasses.asdict(sampler))
    measured = isa(ideal_hub, "ibm.qpu.fez", circuit.measure_all(inplace=False))
    data = run(ideal_hub, "sampler", pubs=[(measured,)], **given)[0].data
    assert data.meas.num_shots == 200
    learning = {
        "max_layers_to_learn": None,
        "shots_per_randomization": 8,
        "num_randomizations": 4,
        "layer_pair_depths": [0, 3],
    }
    resilience = {
        "measure_mitigation": True,
        "measure_noise_learning": {"num_randomizations": 5, "shots_per_randomization": "auto"},
        "zne_mitigation": True,
        "zne": {
            "amplifier": "pea",
            "noise_factors": (1, 2, 3),
            "extrapolator": "linear",
            "extrapolated_noise_factors": [0.0, 1.0],
        },
        "pec": {"max_overhead": None, "noise_gain": "auto"},
        "layer_noise_learning": learning,
    }
    estimator = EstimatorOptions(
        **both, resilience=resilience, resilience_level=2, seed_estimator=1
    )
    estimator.default_precision = 0.1
    given = EstimatorOptions._get_program_inputs(dataclasses.asdict(estimator))
    result = run(ideal_hub, "estimator", pubs=[(circuit, "Z"), (circuit, "Z", [], 0.1)], **given)
    # Numbers of twirling go before the defaults of the options; the precision of a PUB is obeyed.
    assert [pub.metadata["shots"] for pub in result] == [200, 100]
    learner = NoiseLearnerOptions(**learning, twirling_strategy="all", experimental={"a": 1})
    options = NoiseLearner._get_inputs_options(dataclasses.asdict(learner))
    answer = run(ideal_hub, "noise-learner", circuits=[circuit], options=options)
    assert answer["metadata"]["input_options"]["layer_pair_depths"] == [0, 3]
