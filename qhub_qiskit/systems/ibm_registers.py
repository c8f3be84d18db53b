"""Classical registers as IBM's sampler returns them: by name, a field of the result for each.

A register whose name cannot be a field, an empty one, bits in two registers or in none: where a circuit has such, a
copy is sent that has all its bits in one plain register, and the layout keeps the circuit's own.

Source of what a field may be called: Qiskit's `DataBin`, and the validation in qiskit_ibm_runtime.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from qiskit.circuit import ClassicalRegister, QuantumCircuit

from shared_transport.bits import ClassicalLayout

if TYPE_CHECKING:
    from qhub_qiskit.circuits import Program

    from .ibm_wire import Registers

__all__ = ["column", "layout_of", "sendable"]

PLAIN = "bits"
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = frozenset({"shape", "size", "ndim", "keys", "values", "items", "self", "shots"})


def column(register: str, bit: int) -> str:
    """The label of a register's bit among the columns of a result."""
    return f"{register}[{bit}]"


def layout_of(registers: Registers, num_clbits: int) -> ClassicalLayout:
    """The layout of a circuit whose result comes as it is sent.

    A bit in several registers is read from the first, and one in none is not returned.
    """
    sources: list[str | None] = [None] * num_clbits
    for name, bits in registers:
        for position, bit in enumerate(bits):
            if bit >= 0 and sources[bit] is None:
                sources[bit] = column(name, position)
    return ClassicalLayout(tuple((name, len(bits)) for name, bits in registers), tuple(sources))


def sendable(program: Program, *, midway: bool) -> tuple[QuantumCircuit, ClassicalLayout]:
    """The circuit that is sent, and where its result has the classical bits of the program's.

    Args:
        program: The program.
        midway: Whether the backend measures a qubit again. Where it does not, one that is measured into several bits
            is measured once.
    """
    circuit = program.circuit
    if not midway and _measures_again(circuit):
        return _measured_once(program)
    if _is_plain(circuit):
        place = {bit: number for number, bit in enumerate(circuit.clbits)}
        registers = tuple((r.name, tuple([place[bit] for bit in r])) for r in circuit.cregs)
        return circuit, layout_of(registers, circuit.num_clbits)
    everything = ((PLAIN, tuple(range(circuit.num_clbits))),)
    sources = layout_of(everything, circuit.num_clbits).sources
    return _in_one_register(circuit), ClassicalLayout(program.layout.registers, sources)


def _is_plain(circuit: QuantumCircuit) -> bool:
    """Whether each bit is in one register, and each register can be a field."""
    registers = circuit.cregs
    return (
        all(len(register) and _can_be_field(register.name) for register in registers)
        and sum(map(len, registers)) == circuit.num_clbits
        and len({bit for register in registers for bit in register}) == circuit.num_clbits
    )


def _can_be_field(name: str) -> bool:
    return bool(_FIELD.fullmatch(name)) and not keyword.iskeyword(name) and name not in _TAKEN


def _in_one_register(circuit: QuantumCircuit) -> QuantumCircuit:
    """A copy over the same bits, in one register.

    Conditions on a register go over to one of the same bits that Qiskit names.
    """
    copy = QuantumCircuit(circuit.qubits, circuit.clbits, *circuit.qregs, name=circuit.name)
    copy.add_register(ClassicalRegister(bits=circuit.clbits, name=PLAIN))
    copy.compose(circuit, copy.qubits, copy.clbits, inplace=True)
    copy.metadata = circuit.metadata
    return copy


def _measures_again(circuit: QuantumCircuit) -> bool:
    measured = [instruction.qubits for instruction in circuit.data if instruction.name == "measure"]
    return len(measured) > len(set(measured))


def _measured_once(program: Program) -> tuple[QuantumCircuit, ClassicalLayout]:
    """A copy that measures each qubit once: nothing happens between its measurements."""
    circuit = program.circuit
    columns = {qubit: number for number, qubit in enumerate(program.layout.measured)}
    register = ClassicalRegister(len(columns), PLAIN)
    copy = QuantumCircuit(
        circuit.qubits,
        *circuit.qregs,
        register,
        name=circuit.name,
        global_phase=circuit.global_phase,
        metadata=circuit.metadata,
    )
    for instruction in circuit.data:
        if instruction.name != "measure":
            copy.append(instruction)
    copy.measure(list(columns), list(columns.values()))
    sources = tuple(
        None if qubit is None else column(PLAIN, columns[qubit]) for qubit in program.layout.sources
    )
    return copy, ClassicalLayout(program.layout.registers, sources)
