"""IBM: the circuits of PUBs and of the noise learner, drawn by Qiskit. Their parameters' values are not read."""

from __future__ import annotations

from collections.abc import Iterator

from qiskit import QuantumCircuit

from local_hub.engines.base import Refused, Task
from local_hub.engines.ibm_payload import decode
from local_hub.engines.openqasm3 import read
from local_hub.engines.pictures.base import Drawing, preparing
from local_hub.engines.pictures.qiskit_text import drawn


def draw(task: Task) -> Iterator[Drawing]:
    """Draw each circuit."""
    key, word = ("pubs", "PUB") if "pubs" in task.input else ("circuits", "Circuit")
    for number, entry in enumerate(task.input[key]):
        where = f"{key}[{number}]"
        first = entry[0] if isinstance(entry, list) and entry else entry
        circuit = decode(first, where)
        if isinstance(circuit, str):
            circuit = read(circuit, task.qubit_count, task.backend_id, task.limits)
        if not isinstance(circuit, QuantumCircuit):
            raise Refused(f"`{where}` does not begin with a circuit.")
        yield drawn(circuit, f"{word} {number}")


prepare = preparing(draw)
