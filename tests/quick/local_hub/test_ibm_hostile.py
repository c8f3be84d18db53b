"""QPY and arrays from strangers: refused in a sentence, quickly, with nothing run and the worker alive."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import struct
import time
import zlib
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter
from qiskit.circuit.library import UnitaryGate

from local_hub.engines.base import Refused
from local_hub.engines.ibm_payload import decode
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.ibm_hub import FEZ, verdict


def _plain() -> QuantumCircuit:
    a = Parameter("a")
    circuit = QuantumCircuit(3, 3)
    circuit.sx(0)
    circuit.rz(2 * a + 1, 1)
    circuit.cz(0, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(2)
    circuit.measure(2, 2)
    return circuit


def _qpy(circuit: QuantumCircuit, version: int = 17) -> bytes:
    stream = io.BytesIO()
    qpy.dump(circuit, stream, version=version)
    return stream.getvalue()


def _wide() -> bytes:
    """A file that declares a million qubits."""
    data = bytearray(_qpy(_plain()))
    struct.pack_into(">I", data, 28 + 5, 10**6)
    return bytes(data)


def _typed(data: bytes, kind: str = "QuantumCircuit") -> dict[str, str]:
    return {"__type__": kind, "__value__": base64.b64encode(zlib.compress(data)).decode()}


def _said(value: Any) -> str:
    start = time.monotonic()
    with pytest.raises(Refused) as refused:
        decode(value, "pubs[0][0]", FEZ, 156)
    assert time.monotonic() - start < 2
    return str(refused.value)


@pytest.mark.parametrize("version", range(13, 18))
def test_versions_that_are_read(version: int) -> None:
    read = decode(_typed(_qpy(_plain(), version)), "pubs[0][0]", FEZ, 156)
    assert read == _plain().assign_parameters({"a": read.parameters[0]})


def test_older_and_newer_versions_are_refused() -> None:
    data = bytearray(_qpy(_plain()))
    for version in (1, 10, 12, 18, 255):
        data[6] = version
        assert f"is QPY version {version}: 13 to 17 are taken" in _said(_typed(bytes(data)))


def test_every_cut_is_refused() -> None:
    data = _qpy(_plain())
    for end in range(0, len(data), 3):
        _said(_typed(data[:end]))


def test_flipped_bits_are_read_or_refused() -> None:
    """A thousand files with one to three flipped bits."""
    data = _qpy(_plain())
    chance = random.Random(5)
    refused = 0
    for _ in range(1000):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        try:
            decode(_typed(bytes(changed)), "pubs[0][0]", FEZ, 156)
        except Refused:
            refused += 1
    assert refused > 250


def test_declared_counts_are_not_believed() -> None:
    data = _qpy(_plain())
    header = 28  # file header, kind and table of a file of one circuit
    for offset, form in ((5, ">I"), (9, ">I"), (13, ">Q"), (21, ">I"), (25, ">Q"), (33, ">I")):
        changed = bytearray(data)
        struct.pack_into(form, changed, header + offset, 2**31)
        _said(_typed(bytes(changed)))


def test_a_million_qubits() -> None:
    assert "has 1000000 qubits; ibm.qpu.fez has 156" in _said(_typed(_wide()))


def test_gates_that_are_classes_with_any_arguments() -> None:
    matrix = QuantumCircuit(1)
    matrix.append(UnitaryGate(np.eye(2)), [0])
    inner = QuantumCircuit(1, name="mine")
    inner.x(0)
    custom = QuantumCircuit(1)
    custom.append(inner.to_gate(), [0])
    assert "is none of ibm.qpu.fez's instructions" in _said(_typed(_qpy(matrix)))
    assert "definitions of their own" in _said(_typed(_qpy(custom)))


def test_nested_control_flow() -> None:
    block = QuantumCircuit(1, 1)
    block.x(0)
    for _ in range(40):
        outer = QuantumCircuit(1, 1)
        outer.if_test((outer.clbits[0], 1), block, [0], [0])
        block = outer
    assert "more than 16 levels of control flow" in _said(_typed(_qpy(block)))


def test_expressions_that_explode() -> None:
    expression: Any = Parameter("x")
    for _ in range(14):
        expression = (expression * expression).sin()
    circuit = QuantumCircuit(1)
    circuit.rz(expression, 0)
    assert "more than 600 terms" in _said(_typed(_qpy(circuit)))


def test_bombs_and_pickles() -> None:
    assert "larger than 64 MB" in _said(_typed(b"QISKIT" + bytes(80 * 2**20)))
    stream = io.BytesIO()
    np.save(stream, np.array([_Evil()], dtype=object), allow_pickle=True)
    assert "is no array of numbers" in _said(_typed(stream.getvalue(), "ndarray"))
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    assert "another size" in _said(_typed(stream.getvalue(), "ndarray"))
    assert "QuantumCircuit, ndarray" in _said({"__type__": "settings", "__module__": "os"})
    assert "evil" not in os.environ


class _Evil:
    def __reduce__(self) -> Any:
        return os.putenv, ("evil", "1")


def test_the_worker_lives_on(ideal_hub: HubProcess) -> None:
    before = {process.pid for process in ideal_hub.workers()}
    for value in (_typed(_qpy(_plain())[:200]), _typed(_wide())):
        body = {"backend_id": FEZ, "shots": 1, "input": {"pubs": [[value]]}}
        body["input_params"] = {"program_id": "sampler"}
        answer = ideal_hub.http.post("/jobs", content=json.dumps(body))
        assert verdict(ideal_hub, answer).startswith("`pubs[0]")
    assert not before or {process.pid for process in ideal_hub.workers()} == before
