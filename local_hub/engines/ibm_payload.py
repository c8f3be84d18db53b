"""Reading what IBM's `RuntimeEncoder` wrote, as data from strangers.

IBM's own decoder is for trusted input: it builds any class that a payload names. This one knows circuits, arrays and
complex numbers, and nothing else. QPY before version 13 is refused, since its parameter expressions are evaluated as
Python (`sympy.parse_expr`); numpy files hold no pickles; packed data is unpacked up to a limit.

Source of the format: qiskit_ibm_runtime's `json` module and Qiskit's documentation of QPY.
"""

from __future__ import annotations

import base64
import binascii
import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, qpy
from qiskit.exceptions import QiskitError

from local_hub.engines.base import Refused

# Bytes of one circuit or array after unpacking.
LARGEST = 64 * 2**20
_OLDEST_QPY = 13
_QPY_MAGIC = b"QISKIT"
_PAIR = 2


def decode(value: Any, where: str) -> Any:
    """Replace typed objects in a JSON value by what they stand for.

    Args:
        value: Parsed JSON.
        where: What it is, for messages, such as ``pubs[0][1]``.

    Raises:
        Refused: a type is unknown, or its content cannot be read.
    """
    if isinstance(value, list):
        return [decode(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if "__type__" not in value:
        return {name: decode(entry, f"{where}.{name}") for name, entry in value.items()}
    kind, content = value["__type__"], value.get("__value__")
    if kind == "QuantumCircuit":
        return _circuit(content, where)
    if kind == "ndarray":
        return _array(content, where)
    if kind == "complex":
        return _complex(content, where)
    if kind == "ObservablesArray":
        return decode(content, where)
    raise Refused(
        f"`{where}` is of type {str(kind)[:50]!r}: QuantumCircuit, ndarray, complex and ObservablesArray are taken."
    )


def _circuit(content: Any, where: str) -> QuantumCircuit:
    data = _unpacked(content, where)
    if data[: len(_QPY_MAGIC)] != _QPY_MAGIC or len(data) <= len(_QPY_MAGIC):
        raise Refused(f"`{where}` is not QPY.")
    version = data[len(_QPY_MAGIC)]
    if not _OLDEST_QPY <= version <= qpy.common.QPY_VERSION:
        raise Refused(
            f"`{where}` is QPY version {version}: {_OLDEST_QPY} to {qpy.common.QPY_VERSION} are taken."
        )
    try:
        circuits = qpy.load(io.BytesIO(data))
    except MemoryError:
        raise
    except (
        QiskitError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        struct.error,
        EOFError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise Refused(f"`{where}` is QPY that cannot be read: {error}") from error
    if len(circuits) != 1 or not isinstance(circuits[0], QuantumCircuit):
        raise Refused(f"`{where}` holds {len(circuits)} programs: one circuit is taken.")
    return circuits[0]


def _array(content: Any, where: str) -> NDArray[Any]:
    if isinstance(content, list):
        try:
            return np.asarray(decode(content, where), dtype=float)
        except (ValueError, TypeError) as error:
            raise Refused(f"`{where}` is no array of numbers: {error}.") from error
    data = _unpacked(content, where)
    try:
        array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError, RecursionError) as error:
        raise Refused(f"`{where}` is no numpy array: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise Refused(f"`{where}` is no array of numbers.")
    return array


def _complex(content: Any, where: str) -> complex:
    numbers = isinstance(content, list) and all(
        isinstance(part, int | float) and not isinstance(part, bool) for part in content
    )
    if not numbers or len(content) != _PAIR:
        raise Refused(f"`{where}` is no complex number: [real, imaginary].")
    return complex(*content)


def _unpacked(content: Any, where: str) -> bytes:
    if not isinstance(content, str):
        raise Refused(f"`{where}` has no text to decode.")
    try:
        packed = base64.b64decode(content, validate=True)
        stream = zlib.decompressobj()
        data = stream.decompress(packed, LARGEST)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Refused(f"`{where}` is not base64 of zlib data: {error}") from error
    if stream.unconsumed_tail:
        raise Refused(f"`{where}` is larger than {LARGEST // 2**20} MB when unpacked.")
    if not stream.eof:
        raise Refused(f"`{where}` is cut off.")
    return data
