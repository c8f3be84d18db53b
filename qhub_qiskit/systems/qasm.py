"""OpenQASM as text: writing measured circuits, and reading back what a text says of classical bits.

Our own loops, for speed and for exactness about registers. Both versions of the language share them: each
system's room gives its own spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from qhub_qiskit.circuits import GateList
from shared_transport.bits import ClassicalLayout

__all__ = ["gate_lines", "one_register", "read_layout"]

_PLAIN_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_DECLARATION = re.compile(
    r"(?:(qreg|creg)\s+(\w+)\s*\[\s*(\d+)\s*\]"
    r"|(qubit|bit)\s*(?:\[\s*(\d+)\s*\])?\s*(\w+))"
)
_MEASURE_V2 = re.compile(r"measure\s+(\S+?)\s*->\s*(\S+)")
_MEASURE_V3 = re.compile(r"(?:(\S+?)\s*=\s*)?measure\s+(\S+)")
_OPERAND = re.compile(r"(\$\d+|\w+)(?:\s*\[\s*(\d+)\s*\])?")

# Words that no register may have in OpenQASM 2, 3 or Braket's dialect: keywords, constants and functions
# (openqasm.com/language, sections "lexical structure" and "types"); gate names are added by the callers.
_RESERVED = frozenset(
    """
    angle array barrier bit bool box break cal case complex const continue creg ctrl default defcal
    defcalgrammar def delay duration durationof else end euler extern false float for gate gphase if imag
    in include input int inv let measure mutable negctrl nop opaque output pi pow pragma qreg qubit readonly
    real reset return sizeof stretch switch tau true uint void while sin cos tan exp ln sqrt arcsin arccos
    arctan ceiling floor log mod popcount rotl rotr
    """.split()
)


def gate_lines(
    gates: GateList, names: Mapping[str, str], qubits: str, separator: str = ","
) -> list[str]:
    """Write gates, one line each.

    Args:
        gates: The gates; those that `names` does not have (barriers) are left out.
        names: The language's name for each of Qiskit's.
        qubits: Name of the qubit register.
        separator: What stands between two qubits.
    """
    lines = []
    for name, params, operands in gates:
        word = names.get(name)
        if word is None:
            continue
        where = separator.join([f"{qubits}[{q}]" for q in operands])
        if params:
            lines.append(f"{word}({','.join(map(repr, params))}) {where};")
        else:
            lines.append(f"{word} {where};")
    return lines


def one_register(layout: ClassicalLayout, taken: Iterable[str]) -> str:
    """The name under which one register holds the whole classical memory: the circuit's own if it can be.

    Args:
        layout: The classical bits.
        taken: Names that are not free in this language, such as those of gates.
    """
    if len(layout.registers) == 1:
        name = layout.registers[0][0]
        if _PLAIN_NAME.fullmatch(name) and name not in _RESERVED and name not in taken:
            return name
    return "c"


def read_layout(text: str) -> ClassicalLayout:
    """Read registers and measurements from an OpenQASM 2 or 3 text.

    Qubits are numbered through the quantum registers in the order of their declaration; ``$3`` is 3.
    """
    qubits: dict[str, list[int]] = {}
    bits: dict[str, list[int]] = {}
    sources: list[int | None] = []
    for statement in _COMMENT.sub(" ", text).split(";"):
        statement = statement.strip()
        if found := _DECLARATION.fullmatch(statement):
            kind, name = found[1] or found[4], found[2] or found[6]
            size = int(found[3] or found[5] or 1)
            if kind in ("qreg", "qubit"):
                start = sum(map(len, qubits.values()))
                qubits[name] = list(range(start, start + size))
            else:
                bits[name] = list(range(len(sources), len(sources) + size))
                sources += [None] * size
        elif "measure" in statement:
            if found := _MEASURE_V2.fullmatch(statement):
                source, into = found[1], found[2]
            elif (found := _MEASURE_V3.fullmatch(statement)) and found[1]:
                into, source = found[1], found[2]
            else:
                continue
            for bit, qubit in zip(_operand(into, bits), _operand(source, qubits), strict=False):
                sources[bit] = qubit
    registers = tuple((name, len(members)) for name, members in bits.items())
    return ClassicalLayout(registers, tuple(sources))


def _operand(text: str, registers: Mapping[str, list[int]]) -> list[int]:
    """The numbers that ``name``, ``name[i]`` or ``$i`` stand for; none for what is not declared."""
    found = _OPERAND.fullmatch(text)
    if found is None:
        return []
    if found[1].startswith("$"):
        return [int(found[1][1:])]
    members = registers.get(found[1], [])
    if found[2] is None:
        return members
    return members[int(found[2]) : int(found[2]) + 1]
