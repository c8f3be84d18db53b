"""What IBM's primitives take and give, as JSON: circuits as QPY, results as packed bits.

Written and read without `qiskit_ibm_runtime`, whose decoder builds whatever class a document names. Nothing is
unpickled, and of another client's QPY only the registers are read.

Sources: the form that `qiskit_ibm_runtime.RuntimeEncoder` writes; Qiskit's documentation of QPY, versions 13 to 17.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from qiskit import qpy
from qiskit.circuit import QuantumCircuit

__all__ = ["Measured", "Registers", "read_registers", "read_result", "write_circuit"]

# Name and classical bits of each classical register.
Registers: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]

# The newest that IBM's service takes (`SERVICE_MAX_SUPPORTED_QPY_VERSION` in qiskit_ibm_runtime).
_NEWEST = min(17, qpy.QPY_VERSION)
# From 13 on the head of a file has one form, but for the table of offsets that came with 16.
_OLDEST_READ, _FIRST_WITH_OFFSETS = 13, 16
_FILE, _OFFSET = struct.Struct(">6sBBBBQcc"), struct.Struct(">Q")
_CIRCUIT, _REGISTER = struct.Struct(">HcHIIQIQI"), struct.Struct(">c?IH?")


@dataclass(frozen=True)
class Measured:
    """The outcomes of one PUB.

    Attributes:
        registers: By name of the register its packed bits, shape (parameter sets..., shots, bytes): big-endian, bit 0
            the lowest of the last byte; and how many bits there are.
        metadata: What the document says of the PUB.
    """

    registers: Mapping[str, tuple[NDArray[np.uint8], int]]
    metadata: Mapping[str, Any] = field(default_factory=dict)


def write_circuit(circuit: QuantumCircuit) -> dict[str, str]:
    """A circuit as `RuntimeEncoder` writes it. Metadata that is not JSON is left out."""
    if circuit.metadata and not _is_json(circuit.metadata):
        circuit = circuit.copy()
        circuit.metadata = {}
    file = io.BytesIO()
    qpy.dump(circuit, file, version=_NEWEST)
    packed = base64.b64encode(zlib.compress(file.getvalue()))
    return {"__type__": "QuantumCircuit", "__value__": packed.decode()}


def read_registers(circuit: Mapping[str, Any]) -> tuple[Registers, int]:
    """Read the classical registers of a circuit that any client wrote.

    Returns:
        The registers, and the number of classical bits.

    Raises:
        ValueError, KeyError, TypeError: It is no QPY of versions 13 to 17.
    """
    if circuit["__type__"] != "QuantumCircuit":
        raise ValueError(f"a {circuit['__type__']} is no circuit")
    try:
        data = zlib.decompress(base64.b64decode(circuit["__value__"]))
        return _registers(data)
    except (zlib.error, struct.error) as problem:
        raise ValueError(f"a circuit is no QPY: {problem}") from problem


def read_result(document: Any) -> tuple[list[Measured], dict[str, Any]]:
    """Read a sampler's result.

    Args:
        document: The parsed JSON of a `PrimitiveResult`.

    Returns:
        The outcomes of each PUB, and what the document says of all of them.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: It is none.
    """
    whole = _content(document, "PrimitiveResult")
    pubs = []
    for pub in whole["pub_results"]:
        content = _content(pub, "SamplerPubResult")
        fields = _content(content["data"], "DataBin")["fields"]
        registers = {name: _bits(_content(value, "BitArray")) for name, value in fields.items()}
        pubs.append(Measured(registers, _plain(content.get("metadata") or {})))
    return pubs, _plain(whole.get("metadata") or {})


def _registers(data: bytes) -> tuple[Registers, int]:
    magic, version, *_ = _FILE.unpack_from(data)
    if magic != b"QISKIT" or not _OLDEST_READ <= version <= 17:
        raise ValueError(f"QPY version {version} is not one of 13 to 17")
    at = _FILE.size + (_OFFSET.size if version >= _FIRST_WITH_OFFSETS else 0)
    name, _, phase, _, num_clbits, metadata, count, *_ = _CIRCUIT.unpack_from(data, at)
    at += _CIRCUIT.size + name + phase + metadata
    found = []
    for _ in range(count):
        kind, _, size, length, in_circuit = _REGISTER.unpack_from(data, at)
        at += _REGISTER.size
        word = data[at : at + length].decode()
        bits = np.frombuffer(data, ">i8", size, at + length).tolist()
        at += length + 8 * size
        if kind == b"c" and in_circuit:
            found.append((word, tuple(bits)))
    return tuple(found), num_clbits


def _bits(content: Mapping[str, Any]) -> tuple[NDArray[np.uint8], int]:
    packed = zlib.decompress(base64.b64decode(_content(content["array"], "ndarray")))
    array: NDArray[Any] = np.load(io.BytesIO(packed), allow_pickle=False)
    number = int(content["num_bits"])
    if array.dtype != np.uint8 or array.ndim < 2 or array.shape[-1] != -(-number // 8):
        raise ValueError(f"{number} bits do not lie in an array of {array.dtype} {array.shape}")
    return array, number


def _content(value: Any, kind: str) -> Any:
    """What a typed object holds."""
    if value["__type__"] != kind:
        raise ValueError(
            f"it holds a {value['__type__']}, not a sampler's {kind}: qiskit_ibm_runtime reads such jobs"
        )
    return value["__value__"]


def _plain(value: Any) -> Any:
    """Metadata without the marks of types; packed arrays stay as they came."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "__type__" in value:
        return _plain(value.get("__value__"))
    return {name: _plain(entry) for name, entry in value.items()}


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
