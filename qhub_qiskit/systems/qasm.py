"""OpenQASM as text: writing measured circuits, and reading back what a text says of classical bits.

Our own loops, for speed and for exactness about registers. Both versions of the language share them: each
system's room gives its own spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qhub_qiskit.circuits import GateList, Program
from shared_transport.bits import ClassicalLayout

from .qasm_gates import Language

__all__ = [
    "Written",
    "declared_bits",
    "gate_lines",
    "is_plain",
    "measured_text",
    "one_register",
    "read_bits",
    "read_layout",
]

_PLAIN_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_END = re.compile(r"[;{}]")
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


@dataclass(frozen=True)
class Written:
    """A circuit as a text, for a service that returns all declared bits.

    Attributes:
        text: The program.
        layout: Which declared bit each of the circuit's classical bits reads, counted through the registers.
        said: What `read_bits` reads from the text.
    """

    text: str
    layout: ClassicalLayout
    said: ClassicalLayout


def gate_lines(
    gates: GateList, names: Mapping[str, str], qubits: str, separator: str = ","
) -> list[str]:
    """Write gates, one line each.

    Args:
        gates: The gates; those that `names` does not have are left out, and so is what acts on no qubit
            (a barrier over qubits that are not sent).
        names: The language's name for each of Qiskit's.
        qubits: Name of the qubit register.
        separator: What stands between two qubits.
    """
    lines = []
    label = _Labels(qubits)
    for name, params, operands in gates:
        word = names.get(name)
        if word is None or not operands:
            continue
        if len(operands) == 1:
            where = label[operands[0]]
        else:
            where = separator.join([label[q] for q in operands])
        if params:
            lines.append(f"{word}({','.join(map(repr, params))}) {where};")
        else:
            lines.append(f"{word} {where};")
    return lines


def measured_text(program: Program, language: Language) -> Written:
    """Write a circuit that measures at its end.

    Each measured qubit is measured once, in ascending order into one register, so that a result is the same
    whether a service orders its bits by qubit or by classical bit, and whatever a measurement leaves behind.

    Args:
        program: The circuit, without what `Language.statements` does not have.
        language: The version of the language.

    """
    columns = sorted(q for q in program.layout.measured if isinstance(q, int))
    register = one_register(program.layout, language.words)
    place: dict[object, int] = {qubit: position for position, qubit in enumerate(columns)}
    used = {name for name, _, _ in program.gates}
    lines = [
        *language.head(used, program.num_qubits, [(register, len(columns))]),
        *gate_lines(program.gates, language.statements, "q"),
        *[language.measure(q, f"{register}[{place[q]}]") for q in columns],
    ]
    sources = tuple(None if s is None else place[s] for s in program.layout.sources)
    return Written(
        "\n".join(lines) + "\n",
        ClassicalLayout(program.layout.registers, sources),
        declared_bits([(register, len(columns))]),
    )


def one_register(layout: ClassicalLayout, taken: Iterable[str]) -> str:
    """The name under which one register holds the whole classical memory: the circuit's own if it can be.

    Args:
        layout: The classical bits.
        taken: Names that are not free in this language, such as those of gates.
    """
    if len(layout.registers) == 1:
        name = layout.registers[0][0]
        if is_plain(name) and name not in taken:
            return name
    return "c"


def is_plain(name: str) -> bool:
    """Whether every version of the language takes a name for a register."""
    return _PLAIN_NAME.fullmatch(name) is not None and name not in _RESERVED


def read_layout(text: str) -> ClassicalLayout:
    """Read registers and measurements from an OpenQASM 2 or 3 text.

    Qubits are numbered through the quantum registers in the order of their declaration; ``$3`` is 3.
    """
    qubits: dict[str, list[int]] = {}
    bits: dict[str, list[int]] = {}
    sources: list[int | None] = []
    for statement in _END.split(_COMMENT.sub(" ", text)):
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


def read_bits(text: str) -> ClassicalLayout:
    """The registers of an OpenQASM 2 or 3 text, each of whose bits is a column of the result by itself."""
    return declared_bits(read_layout(text).registers)


def declared_bits(registers: Iterable[tuple[str, int]]) -> ClassicalLayout:
    """Declared registers, each of whose bits is a column of the result by itself."""
    registers = tuple(registers)
    return ClassicalLayout(registers, tuple(range(sum(size for _, size in registers))))


class _Labels(dict[int, str]):
    """A qubit's operand by its number, written once."""

    def __init__(self, register: str) -> None:
        super().__init__()
        self._register = register

    def __missing__(self, qubit: int) -> str:
        text = self[qubit] = f"{self._register}[{qubit}]"
        return text


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
