"""The values inside a QPY file, walked through without making them: parameters, their expressions, conditions.

Source of the format: Qiskit's documentation of QPY, versions 13 to 17.
"""

from __future__ import annotations

from struct import Struct, unpack_from
from typing import Any

from local_hub.engines.base import Refused

# Nodes of one parameter expression: giving its parameters values takes time that grows with the third power.
MOST_NODES = 600
# Elements of one parameter vector.
_MOST_ELEMENTS = 1_000_000
# Nesting of one classical expression, and nodes of it.
_DEEPEST = 64
_MOST_TERMS = 10_000

_PARAMETER = Struct(">H16s")
_VECTOR_ELEMENT = Struct(">HQ16sQ")
_EXPRESSION = Struct(">QQ")
_SYMBOL = Struct(">ccQ")
_OPERATION = Struct(">Bc16sc16s")
_COUNT = Struct(">Q")
_ITEM = Struct(">HcH")
_BYTE, _HALF, _WORD = Struct(">c"), Struct(">H"), Struct(">I")

_BINARY = frozenset({0, 1, 2, 3, 4, 18, 19, 20})
_UNARY = frozenset({5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 17})
_GRADIENT, _SUBSTITUTE, _MARKER = 13, 15, 255


class Malformed(Exception):
    """The file is not as its format says. The text says where, without a full stop."""


class Reader:
    """Bytes that are read once, from their beginning to their end.

    Attributes:
        at: How many are read.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left(self) -> int:
        """How many are not read."""
        return len(self._data) - self.at

    def unpack(self, form: Struct) -> tuple[Any, ...]:
        """Read a fixed structure.

        Raises:
            Malformed: the bytes end before.
        """
        if form.size > self.left:
            raise Malformed("it is cut off")
        values = form.unpack_from(self._data, self.at)
        self.at += form.size
        return values

    def array(self, letter: str, count: int) -> tuple[Any, ...]:
        """Read numbers of eight bytes. Raises as `unpack` does."""
        start = self.at
        self.skip(8 * count)
        return unpack_from(f">{count}{letter}", self._data, start)

    def skip(self, count: int) -> None:
        """Pass over bytes. Raises as `unpack` does."""
        if count > self.left:
            raise Malformed("it is cut off")
        self.at += count

    def text(self, count: int) -> str:
        """Read text. Raises as `unpack` does, and for what is not UTF-8."""
        start = self.at
        self.skip(count)
        try:
            return self._data[start : self.at].decode()
        except UnicodeDecodeError:
            raise Malformed("a name is not UTF-8") from None

    def part(self, count: int) -> Reader:
        """Read bytes that are a value of their own. Raises as `unpack` does."""
        start = self.at
        self.skip(count)
        return Reader(self._data[start : self.at])


def parameter(reader: Reader, kind: bytes, where: str) -> int:
    """Walk through a parameter, an element of a parameter vector, or an expression of them.

    Args:
        reader: Its bytes.
        kind: The letter of its kind.
        where: What the file is, for messages.

    Returns:
        How many nodes it has at most.

    Raises:
        Malformed: it is none of these, or not as the format says.
        Refused: it would grow too large.
    """
    if kind == b"e":
        nodes = _expression(reader, where, depth=0)
    elif kind in (b"p", b"v"):
        _symbol(reader, kind)
        nodes = 1
    else:
        raise Malformed(f"a parameter is of kind {kind!r}")
    if reader.left:
        raise Malformed("a parameter has another length than it says")
    return nodes


def _symbol(reader: Reader, kind: bytes) -> None:
    if kind == b"p":
        name_size, _ = reader.unpack(_PARAMETER)
        reader.text(name_size)
        return
    name_size, size, identity, index = reader.unpack(_VECTOR_ELEMENT)
    reader.text(name_size)
    if not index < size <= _MOST_ELEMENTS or int.from_bytes(identity, "big") < index:
        raise Malformed("an element is outside of its parameter vector")


def _expression(reader: Reader, where: str, depth: int) -> int:
    if depth > 1:
        raise Malformed("an expression has substitutions inside substitutions")
    symbols, size = reader.unpack(_EXPRESSION)
    operations = reader.part(size)
    for _ in range(symbols):
        key, _, value_size = reader.unpack(_SYMBOL)
        if key == b"e":
            _expression(reader, where, depth + 1)
        elif key in (b"p", b"v"):
            _symbol(reader, key)
        else:
            raise Malformed("an expression has a symbol of no known kind")
        reader.skip(value_size)
    return _nodes(operations, where, depth)


def _nodes(reader: Reader, where: str, depth: int) -> int:
    """How many nodes the expression has at most that a list of operations makes."""
    stack: list[int] = []

    def operand(kind: bytes) -> int:
        if kind != b"n":
            return 1
        if not stack:
            raise Malformed("an expression takes more than it has")
        return stack.pop()

    while reader.left:
        code, left, _, right, _ = reader.unpack(_OPERATION)
        if code == _MARKER:
            continue
        if code == _SUBSTITUTE:
            # The field of the left operand is the length of the mapping.
            reader.at -= _OPERATION.size
            reader.skip(2)
            (size,) = reader.unpack(_COUNT)
            reader.skip(_OPERATION.size - 2 - _COUNT.size)
            stack.append(operand(b"n") * _substitutes(reader.part(size), where, depth))
        elif code in _UNARY:
            stack.append(operand(left) + 1)
        elif code == _GRADIENT:
            operand(right)
            stack.append(4 * operand(left) ** 2)
        elif code in _BINARY:
            stack.append(operand(right) + operand(left) + 1)
        else:
            raise Malformed("an expression has an operation of no known kind")
        if stack[-1] > MOST_NODES:
            raise Refused(
                f"`{where}` has an expression of parameters with more than {MOST_NODES} terms and operations: "
                "bind parameters before sending it, or simplify it."
            )
    if len(stack) != 1:
        raise Malformed("an expression does not come to one value")
    return stack[0]


def _substitutes(reader: Reader, where: str, depth: int) -> int:
    """The nodes of the largest of the expressions that take symbols' places."""
    (count,) = reader.unpack(_COUNT)
    largest = 1
    for _ in range(count):
        key_size, kind, size = reader.unpack(_ITEM)
        reader.skip(key_size)
        inner = reader.part(size)
        if kind == b"e":
            largest = max(largest, _expression(inner, where, depth + 1))
        elif kind in (b"p", b"v"):
            _symbol(inner, kind)
        else:
            raise Malformed("a substitution is of no known kind")
    return largest


def classical(reader: Reader) -> None:
    """Walk through an expression of classical bits, such as a condition.

    Raises:
        Malformed: it is not as the format says, or nested too deeply.
    """
    waiting = [0]  # depths of the nodes that are still to come
    terms = 0
    while waiting:
        depth = waiting.pop()
        terms += 1
        if depth > _DEEPEST or terms > _MOST_TERMS:
            raise Malformed("a classical expression is too large or nested too deeply")
        waiting += [depth + 1] * _node(reader)
    if reader.left:
        raise Malformed("a classical expression has another length than it says")


def _node(reader: Reader) -> int:
    """Read one node and tell how many operands follow it."""
    (kind,) = reader.unpack(_BYTE)
    if reader.unpack(_BYTE) == (b"u",):
        reader.unpack(_WORD)
    if kind == b"x":
        _variable(reader)
        return 0
    if kind == b"v":
        _literal(reader)
        return 0
    if kind in (b"c", b"u", b"b"):
        reader.unpack(_BYTE)
        return 2 if kind == b"b" else 1
    if kind == b"i":
        return 2
    raise Malformed("a classical expression has a node of no known kind")


def _variable(reader: Reader) -> None:
    (kind,) = reader.unpack(_BYTE)
    if kind == b"C":
        reader.unpack(_WORD)
    elif kind == b"R":
        reader.text(reader.unpack(_HALF)[0])
    else:
        raise Malformed("a classical expression has a variable that the circuit has not")


def _literal(reader: Reader) -> None:
    (kind,) = reader.unpack(_BYTE)
    if kind == b"i":
        reader.skip(reader.unpack(_BYTE)[0][0])
    elif kind == b"b":
        reader.skip(1)
    elif kind == b"f":
        reader.skip(8)
    elif kind == b"t":
        reader.skip(9)
    else:
        raise Malformed("a classical expression has a value of no known kind")
