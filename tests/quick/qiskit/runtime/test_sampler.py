"""What IBM's SamplerV2 gives back, against exact simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.primitives import PrimitiveResult
from qiskit_ibm_runtime import SamplerV2
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMRuntimeError
from qiskit_ibm_runtime.execution_span import ExecutionSpans

from qhub_qiskit import HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.qiskit.runtime.circuits import assert_counts_fit, flip, random_native
from tests.quick.qiskit.runtime.traffic import Traffic

Watched = tuple[HubIBMBackend, Traffic]


def test_registers_keep_their_names_sizes_and_order(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    registers = [ClassicalRegister(*given) for given in ((3, "c"), (1, "alpha"), (9, "shared"))]
    circuit = QuantumCircuit(QuantumRegister(156, "q"), *registers)
    circuit.x([0, 2, 5])
    circuit.measure([5, 0, 1], [0, 2, 3])  # c: bits 0 and 2; alpha: 0
    circuit.measure([2, 1], [registers[2][8], registers[2][0]])
    circuit.metadata = {"who": ["I", 1]}
    circuit.name = "named"
    result = SamplerV2(backend).run([circuit], shots=30).result()
    assert isinstance(result, PrimitiveResult)
    (pub,) = result
    assert set(pub.data) == {"c", "alpha", "shared"}
    assert pub.data.c.get_counts() == {"101": 30}
    assert pub.data.alpha.get_counts() == {"0": 30}
    assert pub.data.shared.get_counts() == {"100000000": 30}
    assert pub.data.shared.get_bitstrings() == ["100000000"] * 30
    assert pub.join_data(["c", "alpha"]).get_counts() == {"0101": 30}
    assert pub.metadata["circuit_metadata"] == {"who": ["I", 1]}
    assert isinstance(result.metadata["execution"]["execution_spans"], ExecutionSpans)


def test_two_registers_are_correlated_shot_by_shot(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    native, order = random_native(backend.target, seed=3), [2, 0, 3, 1]
    data = SamplerV2(backend).run([native.measured(order, 1, 3)], shots=20_000).result()[0].data
    pairs = zip(data.b.get_bitstrings(), data.a.get_bitstrings(), strict=True)
    counts: dict[str, int] = {}
    for left, right in pairs:
        counts[left + right] = counts.get(left + right, 0) + 1
    assert_counts_fit(counts, native.probabilities(order), 20_000)


def turned() -> QuantumCircuit:
    """Bit 0 is 1 with probability sin²(b/2), bit 1 with sin²(a/2): by name, a is the first parameter."""
    first, second = Parameter("b"), Parameter("a")
    circuit = QuantumCircuit(156, 2)
    for qubit, angle in ((0, first), (1, second)):
        circuit.sx(qubit)
        circuit.rz(angle + math.pi, qubit)  # sx rz(t + pi) sx is ry(t), up to phases
        circuit.sx(qubit)
    circuit.measure([0, 1], [0, 1])
    return circuit


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 2)])
def test_parameters_are_broadcast(watched_fez: Watched, shape: tuple[int, ...]) -> None:
    backend, _ = watched_fez
    values = np.linspace(0.3, 2.9, 2 * math.prod(shape)).reshape(*shape, 2)
    bits = SamplerV2(backend).run([(turned(), values)], shots=5_000).result()[0].data.c
    assert bits.shape == shape
    assert (bits.num_shots, bits.num_bits) == (5_000, 2)
    for place in np.ndindex(shape):
        one, zero = np.sin(values[place] / 2) ** 2  # of bit 1 and of bit 0
        exact = {
            f"{left}{right}": (one if left else 1 - one) * (zero if right else 1 - zero)
            for left in (0, 1)
            for right in (0, 1)
        }
        assert_counts_fit(bits.get_counts(place), exact, 5_000)


def test_parameters_by_name(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    given = {"b": [0.0, math.pi], "a": [math.pi, 0.0]}
    bits = SamplerV2(backend).run([(turned(), given)], shots=10).result()[0].data.c
    assert [bits.get_counts(place) for place in range(2)] == [{"10": 10}, {"01": 10}]


def test_shots_of_each_pub_of_the_call_and_of_the_options(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    sampler = SamplerV2(backend)

    def shots(*pubs: Any, **given: Any) -> list[int]:
        return [pub.data.c.num_shots for pub in sampler.run(pubs, **given).result()]

    circuit = flip(156)
    assert shots((circuit, None, 5), circuit) == [5, 4096]
    assert shots((circuit, None, 5), (circuit, None, 9), circuit, shots=7) == [5, 9, 7]
    sampler.options.default_shots = 11
    assert shots(circuit, (circuit, None, 3)) == [11, 3]
    sampler.options.twirling.enable_gates = True
    sampler.options.twirling.num_randomizations = 4
    sampler.options.twirling.shots_per_randomization = 6
    assert shots(circuit) == [24]
    assert shots(circuit, shots=2) == [2]
    assert [body["shots"] for body in traffic.bodies] == [4096, 9, 11, 24, 2]


def test_many_pubs_keep_their_places(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    circuits = [flip(156, excited=(number % 4,), bits=4) for number in range(12)]
    result = SamplerV2(backend).run(circuits, shots=6).result()
    assert [pub.data.c.get_counts() for pub in result] == [
        {f"{1 << number % 4:04b}": 6} for number in range(12)
    ]
    assert traffic.count("POST /jobs") == 1


def coin(backend_width: int) -> QuantumCircuit:
    """A coin decides in the middle of the circuit: bit 1 repeats it, bit 2 is its opposite, bit 3 is reset."""
    circuit = QuantumCircuit(backend_width, 4)
    circuit.sx(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.x(2)
    circuit.measure([1, 2], [1, 2])
    circuit.reset(0)
    circuit.measure(0, 3)
    return circuit


def test_a_dynamic_circuit(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    counts = SamplerV2(backend).run([coin(156)], shots=10_000).result()[0].data.c.get_counts()
    assert_counts_fit(counts, {"0100": 0.5, "0011": 0.5}, 10_000)


def test_a_loop_and_a_switch(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    circuit = QuantumCircuit(156, 3)
    with circuit.for_loop(range(3)):
        circuit.x(0)
    circuit.measure(0, 0)
    with circuit.switch(circuit.cregs[0]) as case:
        with case(1):
            circuit.x(1)
        with case(case.DEFAULT):
            circuit.x(2)
    circuit.measure([1, 2], [1, 2])
    assert SamplerV2(backend).run([circuit], shots=8).result()[0].data.c.get_counts() == {"011": 8}


def test_dynamical_decoupling_of_a_dynamic_circuit_is_refused_by_ibms_class(
    watched_fez: Watched,
) -> None:
    backend, traffic = watched_fez
    sampler = SamplerV2(backend, options={"dynamical_decoupling": {"enable": True}})
    with pytest.raises(IBMInputValueError, match=r"[Dd]ynamical decoupling"):
        sampler.run([coin(156)])
    assert traffic.count("POST .*") == 0


def test_fractional_gates(ideal: HubRuntimeService) -> None:
    backend = ideal.backend("ibm_fez", use_fractional_gates=True)
    native, order = random_native(backend.target, seed=8), [0, 1, 2, 3]
    assert {"rx", "rzz"} <= set(native.circuit.count_ops())
    counts = SamplerV2(backend).run([native.measured(order)], shots=20_000).result()[0].data.a
    assert_counts_fit(counts.get_counts(), native.probabilities(order), 20_000)
    wide = QuantumCircuit(156, 1)
    wide.rzz(3.0, 0, 1)
    wide.measure(0, 0)
    with pytest.raises(ValueError, match="rzz"):
        SamplerV2(backend).run([wide])


def test_what_the_target_does_not_know_is_not_sent(watched_fez: Watched) -> None:
    backend, traffic = watched_fez
    for gate in ("h", "rx"):
        circuit = QuantumCircuit(156, 1)
        getattr(circuit, gate)(*([0.1] if gate == "rx" else []), 0)
        circuit.measure(0, 0)
        with pytest.raises(IBMInputValueError, match=gate):
            SamplerV2(backend).run([circuit])
    far = QuantumCircuit(156, 1)
    far.cz(0, 100)
    far.measure(0, 0)
    with pytest.raises(IBMInputValueError, match="0, 100"):
        SamplerV2(backend).run([far])
    assert traffic.count("POST .*") == 0


def test_the_hubs_refusal_is_ibms_error_in_the_hubs_words(watched_fez: Watched) -> None:
    backend, _ = watched_fez
    with pytest.raises(IBMRuntimeError, match=r"Failed to run program.*1 to 100000") as caught:
        SamplerV2(backend).run([flip(156)], shots=10_000_000)
    assert type(caught.value) is IBMRuntimeError
