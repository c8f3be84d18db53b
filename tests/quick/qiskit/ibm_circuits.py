"""IBM's backends, and circuits with odd registers and control flow for them."""

from __future__ import annotations

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit
from qiskit.circuit.classical import expr

EVERY = ("fez", "boston", "marrakesh", "pittsburgh", "aachen", "berlin", "miami", "kingston")
SHOTS = 20


def flipped(*registers: ClassicalRegister | list[Clbit]) -> QuantumCircuit:
    """Qubits 0 and 2 are excited; each bit holds the qubit of its number modulo 4."""
    circuit = QuantumCircuit(QuantumRegister(4, "q"), *registers)
    circuit.x([0, 2])
    for bit in range(circuit.num_clbits):
        circuit.measure(bit % 4, bit)
    return circuit


def names(*words: str) -> QuantumCircuit:
    return flipped(*[ClassicalRegister(size, word) for size, word in enumerate(words, 1)])


def sharing_twice() -> QuantumCircuit:
    circuit = flipped([Clbit() for _ in range(4)])
    circuit.add_register(ClassicalRegister(bits=circuit.clbits[::-1], name="back"))
    circuit.add_register(ClassicalRegister(bits=circuit.clbits[1:3], name="middle"))
    return circuit


def nested(word: str) -> QuantumCircuit:
    register, last = ClassicalRegister(2, word), ClassicalRegister(2, "last")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), register, last)
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((register, 1)):
        circuit.x(1)
        circuit.measure(1, 1)
        with circuit.if_test((register, 3)) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.x(0)
    with circuit.switch(register) as case:
        with case(3):
            circuit.x(0)
        with case(case.DEFAULT):
            circuit.x(1)
    with circuit.if_test(expr.less(register, 2)):
        circuit.x(2)
    circuit.measure([0, 2], last)
    return circuit


def looped(word: str) -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(3, word), [Clbit()])
    with circuit.for_loop(range(3)):
        circuit.x(0)
        circuit.measure(0, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(1)
    circuit.measure(1, 2)
    circuit.reset(1)
    circuit.measure(1, 3)
    circuit.measure(0, 1)
    return circuit
