"""Reading what IBM's `RuntimeEncoder` wrote, as data from strangers.

IBM's own decoder is for trusted input: it builds any class that a payload names. This one knows circuits, arrays and
complex numbers, and nothing else. QPY is held against its format before Qiskit reads it (`ibm_qpy`); numpy files hold
numbers or text, no pickles, and as many bytes as they declare; packed data is unpacked up to a limit.

Source of the format: qiskit_ibm_runtime's `json` module.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit, qpy

from local_hub.engines import ibm_qpy
from local_hub.engines.base import Refused

# Bytes of one circuit or array after unpacking.
LARGEST = 64 * 2**20
_NUMPY_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_PAIR = 2
_DIMENSIONS = 32
# No IBM device has more qubits.
_WIDEST = 1_000


def decode(
    value: Any, where: str, backend_id: str = "the device", qubit_count: int = _WIDEST
) -> Any:
    """Replace typed objects in a JSON value by what they stand for.

    Args:
        value: Parsed JSON.
        where: What it is, for messages, such as ``pubs[0][1]``.
        backend_id: The device's id, for messages.
        qubit_count: How many qubits it has.

    Raises:
        Refused: a type is unknown, or its content cannot be read.
    """
    return _Decoder(backend_id, qubit_count).decode(value, where)


@dataclass(frozen=True)
class _Decoder:
    backend_id: str
    qubit_count: int

    def decode(self, value: Any, where: str) -> Any:
        if isinstance(value, list):
            return [self.decode(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "__type__" not in value:
            return {name: self.decode(entry, f"{where}.{name}") for name, entry in value.items()}
        kind, content = value["__type__"], value.get("__value__")
        if kind == "QuantumCircuit":
            return self._circuit(content, where)
        if kind == "ndarray":
            if isinstance(content, list):
                return self.decode(content, where)
            return _array(_unpacked(content, where), where)
        if kind == "complex":
            return _complex(content, where)
        if kind == "ObservablesArray":
            return self.decode(content, where)
        if kind == "BindingsArray":
            return self._bindings(content, where)
        raise Refused(
            f"`{where}` is of type {str(kind)[:50]!r}: QuantumCircuit, ndarray, complex, ObservablesArray and "
            "BindingsArray are taken."
        )

    def _circuit(self, content: Any, where: str) -> QuantumCircuit:
        data = _unpacked(content, where)
        ibm_qpy.check(data, where, self.backend_id, self.qubit_count)
        try:
            (circuit,) = qpy.load(io.BytesIO(data))
        except MemoryError:
            raise
        except Exception as error:
            # Qiskit names no errors of its reader; what it raises here is about the file.
            raise Refused(f"`{where}` is QPY that cannot be read: {error}") from error
        except BaseException as error:
            # A panic of its compiled reader is no `Exception`, and would end the worker.
            if type(error).__name__ != "PanicException":
                raise
            raise Refused(f"`{where}` is QPY that Qiskit cannot read.") from None
        if not isinstance(circuit, QuantumCircuit):
            raise Refused(f"`{where}` is no circuit.")
        return circuit

    def _bindings(self, content: Any, where: str) -> dict[tuple[str, ...], Any]:
        """Values by the names of the parameters that they are for."""
        data = content.get("data") if isinstance(content, dict) else None
        bindings = {}
        for key, value in data.items() if isinstance(data, dict) else ():
            try:
                names = json.loads(key)
            except ValueError:
                names = None
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise Refused(f"`{where}` has a key that is no list of parameters' names.")
            bindings[tuple(names)] = self.decode(value, f"{where}.data")
        return bindings


def _array(data: bytes, where: str) -> NDArray[Any]:
    stream = io.BytesIO(data)
    try:
        if data[: len(_NUMPY_MAGIC)] != _NUMPY_MAGIC:
            raise ValueError("it does not begin as one")
        version = np.lib.format.read_magic(stream)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise ValueError(f"its version is {version}")
        shape, _, dtype = readers[version](stream, max_header_size=_LONGEST_HEADER)
        if dtype.kind not in "fiubU" or len(shape) > _DIMENSIONS or min(shape, default=0) < 0:
            raise ValueError(f"it is of type {str(dtype)[:50]}, and numbers and text are taken")
        if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
            raise ValueError("it declares another size than it has")
        stream.seek(0)
        array: NDArray[Any] = np.load(stream, allow_pickle=False)
    except (ValueError, TypeError, EOFError, OSError, SyntaxError, RecursionError) as error:
        raise Refused(f"`{where}` is no array of numbers: {error}.") from error
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
    if stream.unconsumed_tail or (not stream.eof and len(data) == LARGEST):
        raise Refused(f"`{where}` is larger than {LARGEST // 2**20} MB when unpacked.")
    if not stream.eof:
        raise Refused(f"`{where}` is cut off.")
    return data
