"""Circuits that go on after a measurement: sent where they are supported, refused by name elsewhere.

The circuits have certain outcomes, so that counts have to be equal to Aer's.
"""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit_aer import AerSimulator

from qhub_qiskit import HubProvider
from shared_transport import ValidationError


@pytest.fixture(scope="module")
def exact_hub() -> HubProvider:
    return HubProvider.local(seed=7, noise=False)


def goes_on() -> QuantumCircuit:
    """The measured qubit has to be in the state that was measured."""
    circuit = QuantumCircuit(2, 4, name="goes on")
    circuit.x(0)
    circuit.measure(0, 2)
    circuit.cx(0, 1)
    circuit.measure(1, 0)
    circuit.x(0)
    circuit.measure(0, 3)
    return circuit


def resets() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 3, name="resets")
    circuit.x([0, 1])
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.cx(0, 1)
    circuit.measure(1, 1)
    circuit.measure(0, 2)
    return circuit


def overwrites() -> QuantumCircuit:
    """A bit is written in the middle, and again at the end."""
    circuit = QuantumCircuit(1, 1, name="overwrites")
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def conditional() -> QuantumCircuit:
    first, second = ClassicalRegister(2, "first"), ClassicalRegister(2, "second")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), first, second, name="conditional")
    circuit.x(0)
    circuit.measure([0, 1], first)
    with circuit.if_test((first, 1)):
        circuit.x(1)
    with circuit.if_test((first[1], 1)) as otherwise:
        circuit.x(2)
    with otherwise:
        circuit.x([1, 2])
    circuit.measure([1, 2], second)
    return circuit


SUPPORTED = [
    *[("ibm.qpu.fez", make) for make in (goes_on, resets, overwrites, conditional)],
    *[("qudora.sim.xg1", make) for make in (goes_on, resets, overwrites, conditional)],
    *[("iqm.qpu.garnet", make) for make in (goes_on, resets, overwrites)],
]


@pytest.mark.parametrize(("backend_id", "make"), SUPPORTED, ids=lambda v: getattr(v, "__name__", v))
def test_it_does_what_aer_does(exact_hub, backend_id, make):
    backend = exact_hub.get_backend(backend_id)
    circuit = make()
    ready = transpile(circuit, backend, seed_transpiler=1, optimization_level=1)
    job = backend.run(ready, shots=30, memory=True)
    expected = AerSimulator().run(circuit, shots=30).result().get_counts()
    assert len(expected) == 1
    assert job.result().get_counts() == expected
    assert set(job.result().get_memory()) == set(expected)
    assert exact_hub.job(job.job_id()).result().get_counts() == expected


@pytest.mark.parametrize(
    "backend_id",
    ["aws.sim.sv1", "aws.ionq.forte", "azure.ionq.simulator", "ibm.qpu.miami", "kipu.sim.qsim"],
)
@pytest.mark.parametrize(
    ("make", "words"),
    [(goes_on, "no mid-circuit measurement"), (resets, "'reset'"), (conditional, "'if_else'")],
)
def test_it_is_refused_by_name_elsewhere(exact_hub, backend_id, make, words):
    backend = exact_hub.get_backend(backend_id)
    with pytest.raises(ValidationError, match=rf"{backend_id} has no .*{words}|{words}") as caught:
        # Its own gates in the backend's words, its measurements where they were.
        backend.run(_translated(make(), backend), shots=5)
    assert backend.name in str(caught.value)


def _translated(circuit: QuantumCircuit, backend) -> QuantumCircuit:
    """The circuit with each gate replaced by the backend's, around what no transpiler replaces."""
    flips = {}
    for name, width in (("x", 1), ("cx", 2)):
        gate = QuantumCircuit(width)
        getattr(gate, name)(*range(width))
        flips[name] = transpile(gate, backend, initial_layout=range(width), optimization_level=0)
    made = QuantumCircuit(QuantumRegister(circuit.num_qubits, "q"), *circuit.cregs)
    for one in circuit.data:
        qubits = [circuit.find_bit(q).index for q in one.qubits]
        clbits = [circuit.find_bit(c).index for c in one.clbits]
        if one.name not in flips:
            made.append(one.operation, qubits, clbits)
            continue
        for inner in flips[one.name].data:
            place = [qubits[flips[one.name].find_bit(q).index] for q in inner.qubits]
            made.append(inner.operation, place)
    return made
