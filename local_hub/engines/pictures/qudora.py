"""QUDORA: OpenQASM 2 or 3, drawn by Qiskit."""

from __future__ import annotations

from collections.abc import Iterator

from local_hub.engines import openqasm2, openqasm3
from local_hub.engines.base import Task
from local_hub.engines.pictures.base import Drawing, preparing
from local_hub.engines.pictures.qiskit_text import drawn


def draw(task: Task) -> Iterator[Drawing]:
    """Draw each program."""
    sources = task.input["qasm"]
    programs = [sources] if isinstance(sources, str) else sources
    language = task.params.get("language")
    is_three = language == "OpenQASM3" or (not language and task.input_format == "OPEN_QASM_V3")
    for number, source in enumerate(programs):
        if is_three:
            circuit = openqasm3.read(source, task.qubit_count, task.backend_id, task.limits)
        else:
            circuit = openqasm2.read(source, task.qubit_count, task.backend_id)
        yield drawn(circuit, f"Program {number}" if len(programs) > 1 else "")


prepare = preparing(draw)
