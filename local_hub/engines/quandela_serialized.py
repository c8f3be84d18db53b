"""Perceval's serialized objects, read as what they are: texts of strangers.

A text is `:PCVL:<kind>:<content>`, or that compressed behind `:PCVL:zip:`. Perceval's own reader unpacks without bound,
gives expressions to sympy (which evaluates them as Python), and crashes the process on deep nesting. Here sizes are
bounded first, the protobuf message is walked, and only what stays within simple rules is handed to Perceval.
"""

from __future__ import annotations

import ast
import binascii
import json
import math
import re
import zlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from exqalibur import PostSelect
from exqalibur.serialization import circuit_pb2
from google.protobuf.message import DecodeError
from perceval import FockState, NoiseModel

from local_hub.engines.base import Refused

# What Perceval raises when an object cannot be.
PERCEVAL_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
_SHOWN = 60
_ZIP = ":PCVL:zip:"
_TEXT = re.compile(r":PCVL:(\w+):(.*)", re.DOTALL)
_STATE = re.compile(r"\|(\d{1,3}(?:,\d{1,3})*)>")
_NAME = re.compile(r"[\w\\{}^'.-]{1,64}")
_SELECTION = re.compile(r"[\w\s\[\],()=<>!&|^]*")
_LONGEST_SELECTION, _DEEPEST_SELECTION, _MOST_NEGATIONS = 2_000, 20, 30
_LONGEST_NOISE = 2_000
_LONGEST_EXPRESSION, _MOST_POWERS, _LARGEST_POWER = 200, 3, 8
_FUNCTIONS = frozenset({"sin", "cos", "tan", "sqrt"})
_DEEPEST_CIRCUIT = 16
_NOT_LINEAR = {
    "time_delay": "a time delay",
    "loss_channel": "a loss channel",
    "ff_circuit_provider": "feed-forward",
    "ff_configurator": "feed-forward",
    "compiled_circuit": "a compiled circuit",
    "wave_plate": "a wave plate",
    "half_wave_plate": "a wave plate",
    "quarter_wave_plate": "a wave plate",
    "polarization_rotator": "a polarization rotator",
    "polarized_beam_splitter": "a polarizing beam splitter",
}


def unpack(field: str, text: str, kind: str, most: int) -> str:
    """The content of a serialized object.

    Args:
        field: Where it comes from, for messages.
        text: The object as it was sent.
        kind: What it must be, in Perceval's words: `Experiment`, `BasicState`, ...
        most: How many characters it may unpack to.

    Raises:
        Refused: it is damaged, too large, or something else.
    """
    if text.startswith(_ZIP):
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(_bytes(field, text.removeprefix(_ZIP)), most + 1)
            text = content.decode()
        except (zlib.error, UnicodeDecodeError):
            raise Refused(
                f"`{field}`: what follows {_ZIP} does not unpack; send it again."
            ) from None
        if len(content) <= most and not unpacker.eof:
            raise Refused(f"`{field}`: what follows {_ZIP} ends too early; send it again.")
    if len(text) > most:
        raise Refused(
            f"`{field}` unpacks to more than {most} characters, this machine's local limit: make it smaller."
        )
    match = _TEXT.fullmatch(text)
    if match is None:
        raise Refused(f"`{field}` is not an object serialized by Perceval (`:PCVL:{kind}:...`).")
    if match[1] != kind:
        raise Refused(f"`{field}` is a {match[1][:_SHOWN]}; a {kind} is wanted.")
    return match[2]


def message(field: str, text: str, kind: str, most: int) -> Any:
    """The protobuf message of a serialized `Experiment` or `ACircuit`; nothing in it is checked yet.

    Raises:
        Refused: it is damaged, too large, or something else.
    """
    empty = circuit_pb2.Experiment() if kind == "Experiment" else circuit_pb2.Circuit()
    try:
        empty.ParseFromString(_bytes(field, unpack(field, text, kind, most)))
    except DecodeError:
        raise Refused(f"`{field}` does not hold a {kind} that Perceval can read.") from None
    return empty


def state(field: str, text: str) -> FockState:
    """An input state: photons by mode.

    Raises:
        Refused: it is not one, or one of another kind.
    """
    for kind in ("SVDistribution", "StateVector"):
        if text.startswith(f":PCVL:{kind}:"):
            raise Refused(f"`{field}` is a {kind}: a platform sends plain photons (`|1,0,1>`).")
    plain = unpack(field, text, "BasicState", 4_000).replace(" ", "")
    if not _STATE.fullmatch(plain):
        raise Refused(f"`{field}`: {plain[:_SHOWN]} is not a plain Fock state such as |1,0,1>.")
    try:
        return FockState(plain)
    except PERCEVAL_ERRORS as error:
        raise Refused(f"`{field}`: {_short(error)}.") from None


def noise(field: str, text: str) -> NoiseModel:
    """A noise model.

    Raises:
        Refused: it is not one.
    """
    content = unpack(field, text, "NoiseModel", _LONGEST_NOISE)
    try:
        fields = json.loads(content, parse_constant=_no_constant)
        if not isinstance(fields, dict):
            raise Refused(f"`{field}` is not a noise model: an object of figures is wanted.")
        return NoiseModel(**fields)
    except (*PERCEVAL_ERRORS, RecursionError) as error:
        raise Refused(f"`{field}` is not a noise model: {_short(error)}.") from None


def selection(field: str, text: str, modes: int) -> PostSelect:
    """A post-selection, read by Perceval's own parser (which evaluates nothing) once it is short and flat.

    Raises:
        Refused: it is not one, or names a mode that there is not.
    """
    content = unpack(field, text, "PostSelect", _LONGEST_SELECTION)
    depth = deepest = 0
    for letter in content:
        depth += (letter == "(") - (letter == ")")
        deepest = max(deepest, depth)
    negations = content.count("!") + content.lower().count("not")
    if deepest > _DEEPEST_SELECTION or negations > _MOST_NEGATIONS:
        raise Refused(f"`{field}` is nested too deeply: write it flatter.")
    unknown = not _SELECTION.fullmatch(content) or re.search(r"\d{4}", content)
    if unknown:
        raise Refused(f"`{field}`: {content[:_SHOWN]!r} is not a post-selection of Perceval's.")
    try:
        read = PostSelect(content)
    except PERCEVAL_ERRORS:
        raise Refused(
            f"`{field}`: {content[:_SHOWN]!r} is not a post-selection of Perceval's."
        ) from None
    beyond = [mode for mode in sorted(read.modes) if mode >= modes]
    if beyond:
        raise Refused(f"`{field}` names mode {beyond[0]}; the circuit has {modes}, from 0 on.")
    return read


class CircuitCheck:
    """Walks the components of a circuit, before Perceval makes objects of them."""

    def __init__(self, most_components: int) -> None:
        self._left = most_components
        self._most = most_components

    @property
    def seen(self) -> int:
        """How many components there were so far."""
        return self._most - self._left

    def check(self, field: str, components: Any, modes: int, depth: int = 0) -> None:
        """Hold components against their circuit's modes and against what is simulated.

        Raises:
            Refused: one of them cannot be.
        """
        if depth > _DEEPEST_CIRCUIT:
            raise Refused(f"`{field}`: circuits are nested more than {_DEEPEST_CIRCUIT} deep.")
        for number, component in enumerate(components):
            self._left -= 1
            if self._left < 0:
                raise Refused(
                    f"`{field}` has more than {self._most} components, this machine's local limit: make it smaller."
                )
            where = f"{field}: component {number}"
            kind = component.WhichOneof("type")
            if kind is None:
                raise Refused(f"`{where}` is of no kind that Perceval 1.3 knows.")
            if kind in _NOT_LINEAR:
                raise Refused(
                    f"`{where}` is {_NOT_LINEAR[kind]}, which the platform does not take."
                )
            self._check_one(where, component, kind, modes, depth)

    def _check_one(self, where: str, component: Any, kind: str, modes: int, depth: int) -> None:
        content = getattr(component, kind)
        size = _size(where, component, kind)
        start = component.starting_mode
        if size < 1 or start < 0 or start + size > modes:
            raise Refused(
                f"`{where}` ({kind}) is on modes {start} to {start + size - 1}; the circuit has {modes}, from 0 on."
            )
        if kind == "circuit":
            self.check(where, content.components, size, depth + 1)
        for name, parameter in _parameters(content):
            _check_parameter(f"{where}, {name}", parameter)


def _size(where: str, component: Any, kind: str) -> int:
    content = getattr(component, kind)
    if kind == "permutation":
        if sorted(content.permutations) != list(range(len(content.permutations))):
            raise Refused(f"`{where}` is not a permutation of its modes.")
        return len(content.permutations)
    if kind == "unitary":
        return _check_matrix(where, content)
    if kind == "circuit":
        return int(content.n_mode)
    if kind == "barrier":
        return int(component.n_mode)
    return 2 if kind == "beam_splitter" else 1


def _check_matrix(where: str, content: Any) -> int:
    matrix = content.mat
    if content.use_polarization:
        raise Refused(f"`{where}` uses polarization, which the platform does not take.")
    if matrix.HasField("symbolic"):
        raise Refused(f"`{where}` is a matrix of symbols: give it numbers.")
    values = matrix.numeric.data
    if matrix.rows != matrix.cols or len(values) != matrix.rows * matrix.cols:
        raise Refused(f"`{where}` is not a square matrix.")
    if not all(
        math.isfinite(value.real_value) and math.isfinite(value.imaginary_value) for value in values
    ):
        raise Refused(f"`{where}` has a number that is not finite.")
    return int(matrix.rows)


def _parameters(content: Any) -> Iterator[tuple[str, Any]]:
    for descriptor, value in content.ListFields():
        kind = descriptor.message_type
        if kind is not None and kind.name == "Parameter":
            yield descriptor.name, value


def _check_parameter(where: str, parameter: Any) -> None:
    kind = parameter.WhichOneof("type")
    if kind == "real_value":
        if not math.isfinite(parameter.real_value):
            raise Refused(f"`{where}` is not a finite number.")
        names = [parameter.name] if parameter.name else []
    elif kind == "symbol":
        names = [parameter.symbol, parameter.name]
    elif kind == "expression" and parameter.expr_parameters:
        _check_expression(where, parameter.name)
        for inner in parameter.expr_parameters:
            if inner.WhichOneof("type") == "expression":
                raise Refused(f"`{where}` is an expression of expressions: write it out.")
            _check_parameter(where, inner)
        return
    else:
        raise Refused(f"`{where}` has neither a value nor parameters.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise Refused(f"`{where}`: {name[:_SHOWN]!r} is not the name of a parameter.")


def _check_expression(where: str, text: str) -> None:
    """Let arithmetic pass, and nothing else: Perceval has sympy evaluate it as Python."""
    if len(text) > _LONGEST_EXPRESSION:
        raise Refused(f"`{where}` is longer than {_LONGEST_EXPRESSION} letters: shorten it.")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Refused(f"`{where}`: {text[:_SHOWN]!r} is not arithmetic.") from None
    powers = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            powers += 1
            small = (
                isinstance(node.right, ast.Constant)
                and isinstance(node.right.value, int | float)
                and node.right.value <= _LARGEST_POWER
            )
            if powers > _MOST_POWERS or not small:
                raise Refused(
                    f"`{where}`: powers are at most {_MOST_POWERS}, each a number up to {_LARGEST_POWER}."
                )
        if not _is_arithmetic(node):
            raise Refused(f"`{where}`: {text[:_SHOWN]!r} is not arithmetic of numbers and names.")


def _is_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        value = node.value
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords
    if isinstance(node, ast.Name):
        return "__" not in node.id
    return isinstance(
        node,
        ast.Expression
        | ast.BinOp
        | ast.UnaryOp
        | ast.Load
        | ast.Add
        | ast.Sub
        | ast.Mult
        | ast.Div
        | ast.Pow
        | ast.USub
        | ast.UAdd,
    )


def _bytes(field: str, text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(
            f"`{field}` is not base64: it was damaged on the way; send it again."
        ) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a figure")


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
