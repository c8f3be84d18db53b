"""All eight devices against exact simulation: without noise, and with the device's own.

Circuits are random ones in the device's own gates, anywhere on it. Bounds are standard errors: see `circuits`.
"""

from __future__ import annotations

import numpy as np
import pytest
from qiskit_ibm_runtime import EstimatorV2, SamplerV2

from qhub_qiskit import HubRuntimeService
from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.ibm_hub import NAMES
from tests.quick.local_hub.test_truth_ibm_noise import _circuit, _expected, _pair, _without_noise
from tests.quick.qiskit.runtime.circuits import assert_counts_fit, assert_values_fit, random_native

SHOTS = 20_000
PRECISION = 0.01
FRACTIONAL = ("aachen", "boston", "fez", "kingston", "marrakesh", "pittsburgh")
CASES = [(name, False) for name in NAMES] + [(name, True) for name in FRACTIONAL]


@pytest.mark.parametrize(("name", "fractional"), CASES)
def test_without_noise(ideal: HubRuntimeService, name: str, fractional: bool) -> None:
    backend = ideal.backend(f"ibm_{name}", use_fractional_gates=fractional)
    rng = np.random.default_rng([NAMES.index(name), fractional])
    natives = [
        random_native(backend.target, seed=seed, gates=50) for seed in rng.integers(1e6, size=3)
    ]
    used = {gate for native in natives for gate in native.circuit.count_ops()}
    assert used >= {"cz", "rz", "sx", "x", *({"rx", "rzz"} if fractional else ())}
    orders = [[int(place) for place in rng.permutation(4)] for _ in natives]
    labels = [["".join(rng.choice(list("IXYZ"), 4)) for _ in range(5)] for _ in natives]
    # Both jobs are on their way before either is waited for.
    sampled = SamplerV2(backend).run(
        [native.measured(order) for native, order in zip(natives, orders, strict=True)], shots=SHOTS
    )
    estimated = EstimatorV2(backend).run(
        [
            (native.circuit, [native.observable(label) for label in chosen])
            for native, chosen in zip(natives, labels, strict=True)
        ],
        precision=PRECISION,
    )
    for native, order, pub in zip(natives, orders, sampled.result(), strict=True):
        assert_counts_fit(pub.data.a.get_counts(), native.probabilities(order), SHOTS)
    for native, chosen, pub in zip(natives, labels, estimated.result(), strict=True):
        exact = [native.value(label) for label in chosen]
        assert_values_fit(pub.data.evs, exact, round(1 / PRECISION**2))
        assert pub.metadata["shots"] == round(1 / PRECISION**2)


@pytest.mark.parametrize("name", ["fez", "miami"])
def test_with_the_devices_noise(noisy: HubRuntimeService, name: str) -> None:
    """The channels are made from what the backend's target says: T1, T2, durations, errors of gates and readout.

    Forty thousand shots over four outcomes lie 0.003 off on average in total variation; four times that.
    """
    backend = noisy.backend(f"ibm_{name}")
    target = backend.target
    pair = _pair(target)
    circuit = _circuit(target, pair)
    bare = circuit.remove_final_measurements(inplace=False)
    places = [["I"] * target.num_qubits for _ in range(3)]
    for word, letters in zip(places, ("ZI", "IZ", "ZZ"), strict=True):
        for qubit, letter in zip(pair, reversed(letters), strict=True):
            word[-1 - qubit] = letter
    observables = ["".join(word) for word in places]
    sampled = SamplerV2(backend).run([circuit], shots=40_000)
    options = {"resilience_level": 0}
    estimated = EstimatorV2(backend, options=options).run([(bare, observables)], precision=0.002)
    expected = _expected(target, circuit, pair)
    counts = sampled.result()[0].data.c.get_counts()
    assert total_variation(counts, expected) < 0.012
    assert total_variation(counts, _without_noise(circuit, pair)) > 0.03
    signs = [[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
    exact = np.array([np.dot(row, [expected[f"{n:02b}"] for n in range(4)]) for row in signs])
    assert_values_fit(estimated.result()[0].data.evs, exact, 250_000)
