"""Holding QPY against its format and a device's size before Qiskit reads it, since it comes from strangers.

Qiskit's reader makes whatever a file declares: a register of four thousand million bits, any class of its circuit
library with any arguments, an expression that grows without an end. This module walks the whole file first, makes
nothing, and lets through only what a circuit in a device's instruction set can hold: standard gates, measurements,
resets, barriers, delays and control flow, every count backed by bytes.

Source of the format: Qiskit's documentation of QPY, versions 13 to 17. Version 13 is the first whose parameter
expressions are lists of operations; before, they are text that a parser evaluates, or symengine's own archive. Version
17 is the newest that IBM's service takes (`SERVICE_MAX_SUPPORTED_QPY_VERSION` in qiskit_ibm_runtime).
"""

from __future__ import annotations

import functools
from struct import Struct

from qiskit import qpy
from qiskit.circuit.library import get_standard_gate_name_mapping

from local_hub.engines.base import Refused
from local_hub.engines.ibm_qpy_values import Malformed, Reader, classical, parameter

OLDEST, NEWEST = 13, min(17, qpy.common.QPY_VERSION)
# Bits of one circuit in and out of registers; the qubits are the device's.
MOST_CLBITS = 10_000
_MOST_REGISTER_BITS = 100_000
_MOST_INSTRUCTIONS = 1_000_000
# Control flow inside control flow.
_DEEPEST = 16

_FILE = Struct(">6sBBBBQcc")
_OFFSET = Struct(">Q")
_HEADER = Struct(">HcHIIQIQI")
_REGISTER = Struct(">c?IH?")
_INSTRUCTION = Struct(">HHHIIBHqII")
_COUNT16, _COUNT32, _COUNT64 = Struct(">H"), Struct(">I"), Struct(">Q")
_VALUE = Struct(">cQ")
_LAYOUT = Struct(">?iiiIi")
_LAYOUT_BIT = Struct(">ii")

_ANNOTATED = 0b1000_0000
_CONDITION = 0b11
_NO_CONDITION, _REGISTER_CONDITION, _EXPRESSION_CONDITION = 0, 1, 2
_MOST_CONTROLS = 4
_FIRST_WITH_OFFSETS, _FIRST_WITH_ANNOTATIONS = 16, 15

_FLOW = frozenset(
    {
        *("IfElseOp", "WhileLoopOp", "ForLoopOp", "SwitchCaseOp", "BreakLoopOp", "ContinueLoopOp"),
        *("if_else", "while_loop", "for_loop", "switch_case", "break_loop", "continue_loop"),
    }
)
_BARRIERS = frozenset({"Barrier", "barrier"})
_DELAYS = frozenset({"Delay", "delay"})


def check(data: bytes, where: str, backend_id: str, qubit_count: int) -> None:
    """Walk through a QPY file.

    Args:
        data: The file.
        where: What it is, for messages, such as ``pubs[0][0]``.
        backend_id: The device's id, for messages.
        qubit_count: How many qubits the device has.

    Raises:
        Refused: it is not QPY of one circuit, or holds what no circuit in the device's instruction set holds.
    """
    try:
        _Walk(data, where, backend_id, qubit_count).file()
    except Malformed as error:
        raise Refused(f"`{where}` is QPY that cannot be read: {error}.") from error


@functools.cache
def _standard() -> dict[str, tuple[int, int, int]]:
    """Qiskit's standard gates, measure and reset by the name of their class: qubits, bits, parameters."""
    known = {}
    for name, gate in get_standard_gate_name_mapping().items():
        shape = (gate.num_qubits, gate.num_clbits, len(gate.params))
        known[gate.base_class.__name__] = known[name] = shape
    for name in (*_DELAYS, *_BARRIERS):
        known.pop(name, None)
    return known


@functools.lru_cache(maxsize=512)
def _bits(count: int) -> Struct:
    return Struct(">" + "cI" * count)


class _Walk:
    """One pass over one file."""

    def __init__(self, data: bytes, where: str, backend_id: str, qubit_count: int) -> None:
        self._reader = Reader(data)
        self._where = where
        self._backend_id = backend_id
        self._qubit_count = qubit_count
        self._version = 0
        self._instructions = 0
        self._register_bits = 0

    def file(self) -> None:
        reader = self._reader
        preface, self._version, *_, programs, encoding, kind = reader.unpack(_FILE)
        if preface != b"QISKIT":
            raise Refused(f"`{self._where}` is not QPY.")
        if not OLDEST <= self._version <= NEWEST:
            raise Refused(
                f"`{self._where}` is QPY version {self._version}: {OLDEST} to {NEWEST} are taken."
            )
        if programs != 1 or kind != b"q":
            raise Refused(f"`{self._where}` holds {programs} programs: one circuit is taken.")
        if encoding not in b"pe":
            raise Malformed("it names an unknown encoding of symbols")
        if self._version >= _FIRST_WITH_OFFSETS:
            (offset,) = reader.unpack(_OFFSET)
            if offset != reader.at:
                raise Malformed("its circuit does not begin where its table says")
        self._circuit(depth=0, shape=None)
        if reader.left:
            raise Malformed(f"{reader.left} bytes follow the circuit")

    def _circuit(self, depth: int, shape: tuple[int, int] | None) -> None:
        """Walk through a circuit; one in a block has as many bits as its instruction."""
        if depth > _DEEPEST:
            raise Refused(
                f"`{self._where}` has more than {_DEEPEST} levels of control flow: simplify it."
            )
        reader = self._reader
        sizes = reader.unpack(_HEADER)
        name_size, phase_kind, phase_size, qubits, clbits, metadata_size = sizes[:6]
        registers, instructions, variables = sizes[6:]
        if qubits > self._qubit_count:
            raise Refused(
                f"`{self._where}` has {qubits} qubits; {self._backend_id} has {self._qubit_count}."
            )
        if clbits > MOST_CLBITS:
            raise Refused(f"`{self._where}` has {clbits} classical bits: at most {MOST_CLBITS}.")
        if shape is not None and shape != (qubits, clbits):
            raise Malformed("a block has other bits than its instruction")
        reader.text(name_size)
        self._angle(phase_kind, phase_size)
        reader.skip(metadata_size)
        for _ in range(registers):
            self._register(qubits, clbits)
        if variables:
            raise Refused(f"`{self._where}` has variables: {self._backend_id} takes none.")
        if self._version >= _FIRST_WITH_ANNOTATIONS and reader.unpack(_COUNT32) != (0,):
            raise Refused(f"`{self._where}` has annotations: {self._backend_id} takes none.")
        (definitions,) = reader.unpack(_COUNT64)
        if definitions:
            raise Refused(
                f"`{self._where}` has gates with definitions of their own, which are none of "
                f"{self._backend_id}'s instructions: transpile first."
            )
        for _ in range(instructions):
            self._instruction(qubits, clbits, depth)
        if reader.unpack(_COUNT16) != (0,):
            raise Refused(f"`{self._where}` has pulse calibrations: {self._backend_id} takes none.")
        self._layout()

    def _register(self, qubits: int, clbits: int) -> None:
        kind, _, size, name_size, _ = self._reader.unpack(_REGISTER)
        if kind not in b"qc":
            raise Malformed("a register is neither of qubits nor of bits")
        self._register_bits += size
        if self._register_bits > _MOST_REGISTER_BITS:
            raise Refused(f"`{self._where}` has registers of more than {_MOST_REGISTER_BITS} bits.")
        self._reader.text(name_size)
        indices = self._reader.array("q", size)
        if any(not -1 <= index < (qubits if kind == b"q" else clbits) for index in indices):
            raise Malformed("a register has a bit that the circuit has not")

    def _instruction(self, qubits: int, clbits: int, depth: int) -> None:
        self._instructions += 1
        if self._instructions > _MOST_INSTRUCTIONS:
            raise Refused(f"`{self._where}` has more than {_MOST_INSTRUCTIONS} instructions.")
        reader = self._reader
        sizes = reader.unpack(_INSTRUCTION)
        name_size, label_size, parameters, quantum, classical_, extras = sizes[:6]
        register_size, _, controls, control_state = sizes[6:]
        name = reader.text(name_size)
        reader.text(label_size)
        self._check_kind(name, (quantum, classical_, parameters), controls, control_state)
        if extras & _ANNOTATED:
            raise Refused(f"`{self._where}` has annotations: {self._backend_id} takes none.")
        condition = extras & _CONDITION
        if condition == _REGISTER_CONDITION:
            reader.text(register_size)
        elif condition == _EXPRESSION_CONDITION:
            kind, size = reader.unpack(_VALUE)
            if kind != b"x":
                raise Malformed("a condition is no expression")
            classical(reader.part(size))
        elif condition != _NO_CONDITION:
            raise Malformed("a condition is of no known kind")
        if quantum > qubits or classical_ > clbits:
            raise Malformed(f"{name} has more bits than the circuit")
        args = reader.unpack(_bits(quantum + classical_))
        if args[::2] != (b"q",) * quantum + (b"c",) * classical_:
            raise Malformed(f"{name} has its bits in no known order")
        places, bits = args[1 : 2 * quantum : 2], args[2 * quantum + 1 :: 2]
        if any(place >= qubits for place in places) or any(bit >= clbits for bit in bits):
            raise Malformed(f"{name} is on a bit that the circuit has not")
        if len(set(places)) != quantum or len(set(bits)) != classical_:
            raise Malformed(f"{name} is on the same bit twice")
        for _ in range(parameters):
            kind, size = reader.unpack(_VALUE)
            if name in _FLOW:
                self._flow_value(kind, size, depth, (quantum, classical_))
            elif name in _DELAYS and kind not in (b"f", b"i"):
                raise Refused(
                    f"`{self._where}` has a delay whose length is no number, and QPY does not keep its unit: "
                    "bind parameters before sending it."
                )
            else:
                self._angle(kind, size)

    def _check_kind(
        self, name: str, shape: tuple[int, int, int], controls: int, control_state: int
    ) -> None:
        if name in _FLOW:
            return
        quantum, clbits, parameters = shape
        if name in _BARRIERS:
            good = not clbits and parameters <= 1
        elif name in _DELAYS:
            good = (quantum, clbits, parameters) == (1, 0, 1)
        elif name not in _standard():
            raise Refused(
                f"`{self._where}` has a {name[:60]}, which is none of {self._backend_id}'s instructions: "
                "transpile first."
            )
        else:
            good = _standard()[name] == shape
        if not good:
            raise Malformed(f"{name} has {quantum} qubits, {clbits} bits, {parameters} parameters")
        if controls > _MOST_CONTROLS or control_state != (1 << controls) - 1:
            raise Refused(
                f"`{self._where}` has a {name} with controls on 0, which is none of {self._backend_id}'s "
                "instructions: transpile first."
            )

    def _angle(self, kind: bytes, size: int) -> None:
        """A number, a parameter or an expression of parameters."""
        if kind in (b"f", b"i"):
            self._reader.skip(size)
        else:
            parameter(self._reader.part(size), kind, self._where)

    def _flow_value(self, kind: bytes, size: int, depth: int, shape: tuple[int, int]) -> None:
        """What control flow holds beside its condition: blocks, ranges, targets and cases."""
        reader = self._reader
        end = reader.at + size
        if kind == b"q":
            self._circuit(depth + 1, shape)
        elif kind == b"t":
            (count,) = reader.unpack(_COUNT64)
            for _ in range(count):
                inner, inner_size = reader.unpack(_VALUE)
                if depth > _DEEPEST:
                    raise Malformed("its tuples are nested too deeply")
                self._flow_value(inner, inner_size, depth + 1, shape)
        elif kind == b"x":
            classical(reader.part(size))
        elif kind in (b"p", b"v"):
            parameter(reader.part(size), kind, self._where)
        elif kind in (b"i", b"r", b"R", b"d", b"z"):
            reader.skip(size)
        else:
            raise Malformed(f"control flow holds a value of kind {kind!r}")
        if reader.at != end:
            raise Malformed("a value has another length than it says")

    def _layout(self) -> None:
        reader = self._reader
        _, initial, mapping, final, registers, _ = reader.unpack(_LAYOUT)
        for _ in range(registers):
            kind, _, size, name_size, _ = reader.unpack(_REGISTER)
            self._register_bits += size
            if kind not in b"qc" or self._register_bits > _MOST_REGISTER_BITS:
                raise Malformed("its layout has a register of too many bits")
            reader.text(name_size)
            reader.skip(8 * size)
        for _ in range(max(initial, 0)):
            _, name_size = reader.unpack(_LAYOUT_BIT)
            reader.text(max(name_size, 0))
        reader.skip(4 * (max(mapping, 0) + max(final, 0)))
