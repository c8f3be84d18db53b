"""Dynamic circuits as OpenQASM 3: measurements midway, `reset`, and `if` on bits and registers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from qiskit.circuit import CircuitInstruction, ClassicalRegister, Clbit, QuantumCircuit, Qubit
from qiskit.circuit.classical import expr

from qhub_qiskit.circuits import Program
from shared_transport.bits import ClassicalLayout
from shared_transport.errors import ValidationError

from .qasm import Written, declared_bits, is_plain
from .qasm_gates import OPENQASM_3

__all__ = ["dynamic_text"]

Condition: TypeAlias = tuple[tuple[int, ...], int]
"""Classical bits of the circuit, and the number that they hold; the first is the least significant."""

_INDENT = "  "


def dynamic_text(program: Program, backend: str, *, resets: bool) -> Written:
    """Write a dynamic circuit.

    Args:
        program: The circuit; its gates are among those of `OPENQASM_3`.
        backend: The backend's id, for messages.
        resets: Whether a measurement leaves its qubit in state 0. Then a qubit that is used later is brought
            back to the state that was measured, as Qiskit means it.

    Returns:
        The text over the qubits that are used. Registers are declared as the circuit has them where none shares
        a bit, else as one.

    Raises:
        ValidationError: Something cannot be written; the error names it.
    """
    circuit = program.circuit
    bits = _Bits.of(circuit)
    used = sorted({circuit.find_bit(q).index for q in _touched(circuit)})
    writer = _Writer(bits, backend, resets)
    qubits = {circuit.qubits[old]: new for new, old in enumerate(used)}
    clbits = {bit: i for i, bit in enumerate(circuit.clbits)}
    body = writer.block(circuit, qubits, clbits, alive=set(), depth=0)
    lines = [*OPENQASM_3.head(writer.gates, len(used), bits.declared), *body]
    return Written(
        "\n".join(lines) + "\n",
        ClassicalLayout(program.layout.registers, bits.columns),
        declared_bits(bits.declared),
    )


@dataclass(frozen=True)
class _Bits:
    """The classical bits as they are declared.

    Attributes:
        declared: Name and size of each register.
        words: For each of the circuit's bits, how it is written.
        columns: For each of the circuit's bits, its number among the declared ones.
        registers: The name of the register that consists of these bits of the circuit.
    """

    declared: tuple[tuple[str, int], ...]
    words: tuple[str, ...]
    columns: tuple[int, ...]
    registers: Mapping[tuple[int, ...], str]

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> _Bits:
        number = {bit: i for i, bit in enumerate(circuit.clbits)}
        groups = [(r.name, tuple(number[bit] for bit in r)) for r in circuit.cregs if r.size]
        owned = [i for _, members in groups for i in members]
        if len(set(owned)) < len(owned):
            groups = []  # registers of OpenQASM share no bits
        else:
            loose = tuple(sorted(set(number.values()) - set(owned)))
            groups += [("", loose)] if loose else []
        if not groups:
            groups = [("", tuple(range(len(number))))] if number else []
        names = _names([name for name, _ in groups])
        words, columns = [""] * len(number), [0] * len(number)
        column = 0
        for name, (_, members) in zip(names, groups, strict=True):
            for place, bit in enumerate(members):
                words[bit], columns[bit] = f"{name}[{place}]", column
                column += 1
        return cls(
            tuple((name, len(members)) for name, (_, members) in zip(names, groups, strict=True)),
            tuple(words),
            tuple(columns),
            {members: name for name, (_, members) in zip(names, groups, strict=True)},
        )


def _names(wanted: Sequence[str]) -> list[str]:
    """A name for each register: its own if the language takes it, else one that none has."""
    fine = [name if is_plain(name) and name not in OPENQASM_3.words else "" for name in wanted]
    free = (name for i in range(2 * len(wanted) + 1) if (name := f"c{i or ''}") not in fine)
    return [name or next(free) for name in fine]


class _Writer:
    """Writes blocks, and remembers which gates they use."""

    def __init__(self, bits: _Bits, backend: str, resets: bool) -> None:
        self.gates: set[str] = set()
        self._bits = bits
        self._backend = backend
        self._resets = resets

    def block(
        self,
        block: QuantumCircuit,
        qubits: Mapping[Qubit, int],
        clbits: Mapping[Clbit, int],
        *,
        alive: set[Qubit],
        depth: int,
    ) -> list[str]:
        """The statements of a circuit or of a branch.

        Args:
            block: The circuit.
            qubits: Which qubit of the text each of its qubits is.
            clbits: Which bit of the circuit each of its bits is.
            alive: Its qubits whose state matters after it.
            depth: How deep it is nested.
        """
        lines: list[str] = []
        restored = _restored(block, alive) if self._resets else frozenset()
        for position, instruction in enumerate(block.data):
            name = instruction.name
            operands = [qubits[q] for q in instruction.qubits if q in qubits]
            where = ",".join([f"q[{q}]" for q in operands])
            if name == "measure":
                bit = self._bits.words[clbits[instruction.clbits[0]]]
                lines.append(OPENQASM_3.measure(operands[0], bit))
                if position in restored:
                    lines.append(f"if ({bit}) {{ x {where}; }}")
            elif name == "if_else":
                lines += self._branches(instruction, qubits, clbits, depth)
            elif name in ("barrier", "reset"):
                lines += [f"{name} {where};"] if operands else []
            else:
                lines.append(f"{self._gate(instruction)} {where};")
        return [_INDENT * bool(depth) + line for line in lines]

    def _gate(self, instruction: CircuitInstruction) -> str:
        name = instruction.name
        word = OPENQASM_3.names.get(name)
        if word is None:
            raise ValidationError(
                f"{name!r} cannot be written in OpenQASM 3 for {self._backend}.",
                hint="Transpile first: backend.run(transpile(circuit, backend)).",
            )
        self.gates.add(name)
        if not instruction.params:
            return word
        angles = [float(angle) for angle in instruction.params]
        if not all(map(math.isfinite, angles)):
            raise ValidationError(
                f"A parameter of {name!r} is not a finite real number.",
                hint="Bind all parameters to finite numbers.",
            )
        return f"{word}({','.join(map(repr, angles))})"

    def _branches(
        self,
        instruction: CircuitInstruction,
        qubits: Mapping[Qubit, int],
        clbits: Mapping[Clbit, int],
        depth: int,
    ) -> list[str]:
        operation = instruction.operation
        condition = self._condition(operation.condition, clbits)
        branches = [
            self.block(
                block,
                {
                    inner: qubits[q]
                    for inner, q in zip(block.qubits, instruction.qubits, strict=True)
                    if q in qubits
                },
                {
                    inner: clbits[bit]
                    for inner, bit in zip(block.clbits, instruction.clbits, strict=True)
                },
                alive=set(block.qubits),
                depth=depth + 1,
            )
            for block in operation.blocks
        ]
        return self._if(condition, branches[0], branches[1] if len(branches) > 1 else [])

    def _if(self, condition: Condition, then: list[str], otherwise: list[str]) -> list[str]:
        """``if`` on a bit, on a register, or bit by bit where no register has just these bits."""
        bits, value = condition
        if value >> len(bits):
            return [line.removeprefix(_INDENT) for line in otherwise]  # they never hold that number
        if len(bits) == 1:
            text = self._bits.words[bits[0]] if value else "!" + self._bits.words[bits[0]]
        elif bits in self._bits.registers:
            text = f"{self._bits.registers[bits]} == {value}"
        else:
            inner = self._if((bits[1:], value >> 1), then, otherwise)
            then = [_INDENT + line for line in inner]
            text = self._bits.words[bits[0]] if value & 1 else "!" + self._bits.words[bits[0]]
        lines = [f"if ({text}) {{", *then, "}"]
        if otherwise:
            lines[-1:] = ["} else {", *otherwise, "}"]
        return lines

    def _condition(self, condition: Any, clbits: Mapping[Clbit, int]) -> Condition:
        read = _simple(condition)
        if read is None:
            raise ValidationError(
                f"The condition {condition} of an 'if_else' cannot be written for {self._backend}.",
                hint="Use a bit, its negation, or register == number.",
            )
        place, value = read
        bits = (place,) if isinstance(place, Clbit) else tuple(place)
        if not bits:
            raise ValidationError(
                f"The condition {condition} of an 'if_else' is on a register without bits.",
                hint="Leave the condition out.",
            )
        return tuple(clbits[bit] for bit in bits), value


def _simple(condition: Any) -> tuple[Clbit | ClassicalRegister, int] | None:
    """A condition as a bit or register and the number it holds; None if it is more than that."""
    if isinstance(condition, tuple):
        return condition[0], int(condition[1])
    if isinstance(condition, expr.Var) and isinstance(condition.var, Clbit):
        return condition.var, 1
    if isinstance(condition, expr.Unary) and condition.op in (
        expr.Unary.Op.LOGIC_NOT,
        expr.Unary.Op.BIT_NOT,
    ):
        read = _simple(condition.operand)
        return (read[0], 1 - read[1]) if read and isinstance(read[0], Clbit) else None
    if isinstance(condition, expr.Binary) and condition.op is expr.Binary.Op.EQUAL:
        sides = (_uncast(condition.left), _uncast(condition.right))
        for some, other in (sides, sides[::-1]):
            place = some.var if isinstance(some, expr.Var) else None
            if isinstance(place, (Clbit, ClassicalRegister)) and isinstance(other, expr.Value):
                return place, int(other.value)
    return None


def _uncast(node: Any) -> Any:
    """What a widening cast, which `expr.equal` adds, is applied to."""
    while isinstance(node, expr.Cast) and node.implicit:
        node = node.operand
    return node


def _restored(block: QuantumCircuit, alive: set[Qubit]) -> frozenset[int]:
    """Positions of the measurements whose qubit's state matters later."""
    needed, positions = set(alive), []
    for position in range(len(block.data) - 1, -1, -1):
        instruction = block.data[position]
        if instruction.name == "barrier":
            continue
        if instruction.name == "reset":
            needed.difference_update(instruction.qubits)
            continue
        if instruction.name == "measure" and instruction.qubits[0] in needed:
            positions.append(position)
        needed.update(instruction.qubits)
    return frozenset(positions)


def _touched(circuit: QuantumCircuit) -> Iterator[Qubit]:
    """The qubits that something but a barrier is on."""
    for instruction in circuit.data:
        if instruction.name != "barrier":
            yield from instruction.qubits
