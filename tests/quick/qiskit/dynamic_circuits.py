"""Dynamic circuits: deterministic ones, so that counts have to be equal, and random ones."""

from __future__ import annotations

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, IfElseOp
from qiskit.circuit.classical import expr


def used_after_measurement() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    circuit.measure(1, 1)
    return circuit


def measured_three_times() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 3)
    circuit.x(0)
    circuit.measure(0, 2)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    return circuit


def bit_overwritten() -> QuantumCircuit:
    """Bit 0 is 1 when it is asked, and 0 in the end."""
    circuit = QuantumCircuit(3, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(2)
    circuit.measure(1, 0)
    circuit.cx(0, 1)
    circuit.ccx(0, 1, 2)
    circuit.measure(2, 1)
    return circuit


def reset_midway() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.x([0, 1])
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.cx(0, 1)
    circuit.measure(0, 1)
    return circuit


def branches_on_a_register() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(4, "q"), *registers(2, 3))
    circuit.x([0, 1])
    circuit.measure([0, 1], [2, 4])
    for value in (2, 5):
        with circuit.if_test((circuit.cregs[1], value)) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.x(3)
    circuit.measure([2, 3], [0, 1])
    return circuit


def nested_with_a_measurement_inside() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.x([0, 1])
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.measure(1, 1)
        with circuit.if_test((circuit.clbits[1], 0)) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.cx(1, 2)
    circuit.cx(1, 0)
    circuit.measure(0, 0)
    circuit.measure(2, 2)
    return circuit


def registers_that_share_bits() -> QuantumCircuit:
    """A condition on a register that cannot be declared, with an else branch."""
    bits = [Clbit() for _ in range(4)]
    circuit = QuantumCircuit(QuantumRegister(4, "q"), bits)
    circuit.add_register(ClassicalRegister(bits=bits[:3], name="low"))
    circuit.add_register(ClassicalRegister(bits=bits[1:], name="high"))
    circuit.x([0, 2])
    circuit.measure([0, 1, 2], [0, 1, 2])
    for register, value in (("low", 5), ("low", 4), ("high", 2), ("high", 6)):
        chosen = next(r for r in circuit.cregs if r.name == register)
        with circuit.if_test((chosen, value)) as otherwise:
            circuit.x(3)
        with otherwise:
            circuit.cx(0, 1)
    circuit.measure([3, 1], [3, 1])
    return circuit


def awkward_registers() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(3, "bit"))
    circuit.add_bits([Clbit()])
    for name in ("q", "measure", "c", "ß and more"):
        circuit.add_register(ClassicalRegister(2, name))
    circuit.add_bits([Clbit()])
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, 5)
    circuit.measure(0, 9)
    with circuit.if_test((circuit.cregs[2], 1)):
        circuit.x(1)
    with circuit.if_test((circuit.clbits[9], 1)):
        circuit.x(2)
    with circuit.if_test((circuit.cregs[1], 1)):
        circuit.x(2)
    circuit.measure([1, 2], [3, 8])
    return circuit


def a_block_with_bits_of_its_own() -> QuantumCircuit:
    """The body's qubits and bits are other objects, crossed."""
    body = QuantumCircuit(2, 2)
    body.cx(1, 0)
    body.measure(0, 1)
    circuit = QuantumCircuit(3, 3)
    circuit.x(2)
    circuit.measure(2, 0)
    circuit.append(IfElseOp((circuit.clbits[0], True), body), [1, 2], [2, 1])
    circuit.measure(2, 2)
    return circuit


def simple_expressions() -> QuantumCircuit:
    circuit = QuantumCircuit(5, 6)
    low = ClassicalRegister(2, "low")
    circuit.add_register(low)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(0, low[1])
    first, second = circuit.clbits[:2]
    for target, condition in enumerate(
        (expr.lift(first), expr.logic_not(second), expr.equal(low, 2), expr.equal(3, low)), start=1
    ):
        with circuit.if_test(condition):
            circuit.x(target)
    circuit.measure([1, 2, 3, 4], [2, 3, 4, 5])
    return circuit


def barriers_and_idle_qubits() -> QuantumCircuit:
    circuit = QuantumCircuit(20, 2)
    circuit.x(17)
    circuit.barrier()
    circuit.measure(17, 0)
    circuit.barrier(3, 4)
    circuit.cx(17, 11)
    circuit.measure(11, 1)
    return circuit


def registers(*sizes: int) -> list[ClassicalRegister]:
    return [ClassicalRegister(size, f"r{i}") for i, size in enumerate(sizes)]


DYNAMIC = [
    used_after_measurement,
    measured_three_times,
    bit_overwritten,
    reset_midway,
    branches_on_a_register,
    nested_with_a_measurement_inside,
    registers_that_share_bits,
    awkward_registers,
    a_block_with_bits_of_its_own,
    simple_expressions,
    barriers_and_idle_qubits,
]


def random_dynamic(seed: int) -> QuantumCircuit:
    """Gates, measurements, resets and branches in any order, on four qubits and two registers."""
    random = np.random.default_rng(seed)
    circuit = QuantumCircuit(QuantumRegister(4, "q"), *registers(2, 2))

    def step(depth: int) -> None:
        some, other = (int(q) for q in random.choice(4, 2, replace=False))
        kind = random.integers(0, 6 if depth < 2 else 4)
        if kind == 0:
            circuit.u(*random.uniform(-3, 3, 3), some)
        elif kind == 1:
            circuit.cx(some, other)
        elif kind == 2:
            circuit.measure(some, int(random.integers(0, 4)))
        elif kind == 3:
            circuit.reset(some) if random.random() < 0.3 else circuit.ry(2.0, some)
        else:
            condition = (
                (circuit.clbits[int(random.integers(0, 4))], int(random.integers(0, 2)))
                if kind == 4
                else (circuit.cregs[int(random.integers(0, 2))], int(random.integers(0, 4)))
            )
            with circuit.if_test(condition) as otherwise:
                step(depth + 1)
                step(depth + 1)
            with otherwise:
                step(depth + 1)

    for _ in range(14):
        step(0)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit
