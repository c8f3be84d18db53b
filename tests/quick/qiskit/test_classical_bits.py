"""Classical bits: the same circuit gives the same keys as in Aer, whose counts are the reference here.

The circuits are deterministic, so that counts have to be equal, not close.
"""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit
from qiskit_aer import AerSimulator

SHOTS = 20


def excited(*qubits: int, width: int = 4, clbits: object = None) -> QuantumCircuit:
    registers = clbits if isinstance(clbits, list) else [ClassicalRegister(width, "c")]
    circuit = QuantumCircuit(QuantumRegister(width, "q"), *registers)
    for qubit in qubits:
        circuit.x(qubit)
    return circuit


def crossed() -> QuantumCircuit:
    circuit = excited(0, 1, width=3)
    circuit.measure([0, 1, 2], [2, 0, 1])
    return circuit


def partial() -> QuantumCircuit:
    circuit = excited(2, width=4)
    circuit.measure(2, 1)
    return circuit


def several_registers() -> QuantumCircuit:
    circuit = excited(
        0, 3, clbits=[ClassicalRegister(n, name) for n, name in ((1, "z"), (3, "a"), (2, "m"))]
    )
    circuit.measure([3, 0, 1], [0, 5, 2])
    return circuit


def interleaved_order() -> QuantumCircuit:
    """Measured in an order that is neither that of the qubits nor that of the bits."""
    circuit = excited(1, 2, width=4)
    for qubit, bit in ((3, 0), (1, 3), (0, 2), (2, 1)):
        circuit.measure(qubit, bit)
    return circuit


def last_write_wins() -> QuantumCircuit:
    circuit = excited(0, width=3)
    circuit.measure(0, 0)
    circuit.measure(1, 0)
    circuit.measure(2, 1)
    circuit.measure(0, 1)
    return circuit


def one_qubit_into_two_bits() -> QuantumCircuit:
    circuit = excited(1, width=3)
    circuit.measure(1, 0)
    circuit.measure(1, 2)
    circuit.measure(0, 1)
    return circuit


def awkward_names() -> QuantumCircuit:
    names = ("q", "measure", "bits of mine", "ß", "cx")
    circuit = excited(2, 4, width=5, clbits=[ClassicalRegister(1, name) for name in names])
    circuit.measure(range(5), range(5))
    return circuit


def awkward_single_name() -> QuantumCircuit:
    circuit = excited(1, width=2, clbits=[ClassicalRegister(2, "pi")])
    circuit.measure([0, 1], [0, 1])
    return circuit


def bits_without_register() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.add_bits([Clbit(), Clbit()])
    circuit.add_register(ClassicalRegister(2, "r"))
    circuit.x([0, 2])
    circuit.measure([0, 1, 2], [3, 0, 1])
    return circuit


def overlapping_registers() -> QuantumCircuit:
    bits = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit(QuantumRegister(3, "q"), bits)
    circuit.add_register(ClassicalRegister(bits=bits[:2], name="low"))
    circuit.add_register(ClassicalRegister(bits=bits[1:], name="high"))
    circuit.x(1)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def empty_register_between() -> QuantumCircuit:
    registers = [ClassicalRegister(n, name) for n, name in ((1, "a"), (4, "unused"), (1, "b"))]
    circuit = excited(1, clbits=registers)
    circuit.measure([0, 1], [0, 5])
    return circuit


def sixty_six_bits() -> QuantumCircuit:
    circuit = excited(1, 3, clbits=[ClassicalRegister(66, "wide")])
    circuit.measure([0, 1, 2, 3], [0, 65, 31, 64])
    return circuit


def more_than_ten() -> QuantumCircuit:
    """Bits 2 and 10: an order by text would swap them."""
    circuit = excited(2, 5, width=12)
    circuit.measure(range(12), range(12))
    return circuit


def idle_qubits() -> QuantumCircuit:
    circuit = QuantumCircuit(20, 2)
    circuit.x(17)
    circuit.measure([17, 3], [0, 1])
    return circuit


def barriers_and_late_measurement() -> QuantumCircuit:
    circuit = excited(0, width=2)
    circuit.measure(0, 0)
    circuit.barrier()
    circuit.x(1)
    circuit.measure(1, 1)
    return circuit


CIRCUITS = [
    crossed,
    partial,
    several_registers,
    interleaved_order,
    last_write_wins,
    one_qubit_into_two_bits,
    awkward_names,
    awkward_single_name,
    bits_without_register,
    overlapping_registers,
    empty_register_between,
    sixty_six_bits,
    more_than_ten,
    idle_qubits,
    barriers_and_late_measurement,
]


@pytest.mark.parametrize("make", CIRCUITS, ids=lambda make: make.__name__)
def test_keys_are_those_of_aer(backend, provider, make):
    circuit = make()
    aer = AerSimulator().run(circuit, shots=SHOTS, memory=True).result()
    job = backend.run(circuit, shots=SHOTS, memory=True)
    here = job.result()
    assert here.get_counts() == aer.get_counts()
    assert here.data()["counts"] == aer.data()["counts"]
    assert here.get_memory() == aer.get_memory()
    header, reference = here.results[0].header, aer.results[0].header
    assert {key: header[key] for key in reference} == reference
    reopened = provider.job(job.job_id()).result()
    assert reopened.get_counts() == aer.get_counts()


def test_integer_counts(backend):
    circuit = several_registers()
    aer = AerSimulator().run(circuit, shots=SHOTS).result().get_counts()
    assert (
        backend.run(circuit, shots=SHOTS).result().get_counts().int_outcomes() == aer.int_outcomes()
    )


def test_a_list_keeps_each_circuits_registers_and_metadata(backend, provider):
    circuits = [crossed(), several_registers(), partial()]
    for number, circuit in enumerate(circuits):
        circuit.name = f"circuit {number}"
        circuit.metadata = {"number": number}
    aer = AerSimulator().run(circuits, shots=SHOTS).result()
    job = backend.run(circuits, shots=SHOTS)
    for result in (job.result(), provider.job(job.job_id()).result()):
        assert result.get_counts() == aer.get_counts()
        assert [r.header["name"] for r in result.results] == ["circuit 0", "circuit 1", "circuit 2"]
        assert [r.header["metadata"]["number"] for r in result.results] == [0, 1, 2]
        assert result.get_counts("circuit 2") == aer.get_counts("circuit 2")
