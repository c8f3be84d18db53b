"""What is in a `PrimitiveResult`, read as data: no class that the document names is built.

Source of the format: qiskit_ibm_runtime's `RuntimeEncoder`.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_hub.engines.base import Refused

_LARGEST_ARRAY = 64 * 2**20  # bytes


def counts(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, int]]]:
    """The counts of each register of each PUB; of the first parameter set where there are several.

    Yields:
        A title, and the counts by bits, the last classical bit leftmost.
    """
    for title, shape, fields in _pubs(document):
        for name, field in fields.items():
            if isinstance(field, dict) and field.get("__type__") == "BitArray":
                bits = field["__value__"]
                array = _array(bits["array"])
                first = array[(0,) * len(shape)] if shape else array
                where = f", parameter set {[0] * len(shape)} of shape {shape}" if shape else ""
                yield f"{title}, register {name}{where}", _counted(first, int(bits["num_bits"]))


def expectations(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, NDArray[Any], NDArray[Any]]]:
    """The expectation values of each PUB, and their standard errors."""
    for title, _, fields in _pubs(document):
        if "evs" in fields and "stds" in fields:
            yield f"{title}, expectation values", _array(fields["evs"]), _array(fields["stds"])


def _pubs(document: Mapping[str, Any]) -> Iterator[tuple[str, list[int], Mapping[str, Any]]]:
    for number, pub in enumerate(document["__value__"]["pub_results"]):
        data = pub["__value__"]["data"]["__value__"]
        yield f"PUB {number}", list(data["shape"] or ()), data["fields"]


def _counted(packed: NDArray[Any], width: int) -> dict[str, int]:
    """Count shots; a shot is bytes, the most significant first."""
    rows = np.ascontiguousarray(packed.reshape(-1, packed.shape[-1]), dtype=np.uint8)
    if not width:
        return {}
    found, numbers = np.unique(rows, axis=0, return_counts=True)
    bits = np.unpackbits(found, axis=1)[:, -width:] + ord("0")
    return {
        row.tobytes().decode("ascii"): int(number)
        for row, number in zip(bits, numbers, strict=True)
    }


def _array(value: Any) -> NDArray[Any]:
    if not isinstance(value, dict):
        return np.asarray(value, dtype=float)
    stream = zlib.decompressobj()
    data = stream.decompress(base64.b64decode(value["__value__"]), _LARGEST_ARRAY)
    if stream.unconsumed_tail:
        raise Refused(f"an array is larger than {_LARGEST_ARRAY // 2**20} MB.")
    array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array
