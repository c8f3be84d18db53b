"""Kipu: OpenQASM 2, drawn by Qiskit."""

from __future__ import annotations

from collections.abc import Iterator

from local_hub.engines.base import Task
from local_hub.engines.openqasm2 import read
from local_hub.engines.pictures.base import Drawing, preparing
from local_hub.engines.pictures.qiskit_text import drawn


def draw(task: Task) -> Iterator[Drawing]:
    """Draw the program."""
    yield drawn(read(task.input["qasm"], task.qubit_count, task.backend_id))


prepare = preparing(draw)
