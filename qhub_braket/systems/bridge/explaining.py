"""What the bridge makes of a program, before it is sent: depth, gates and figures on the device."""

from __future__ import annotations

from typing import Any

from qhub_braket.systems import Facts, RunOptions
from qhub_qiskit.explain import executed_of

from .encoding import _backend, _fitted, _level
from .programs import read_program

__all__ = ["executed"]


def executed(task_specification: Any, options: RunOptions, device: Facts) -> dict[str, Any]:
    """Of a program in the device's gates, on its qubits, the fields of an `Explanation` that tell of it.

    Raises:
        ValidationError: The device does not run it.
    """
    program = read_program(task_specification, options, device)
    backend = _backend(device)
    return executed_of(_fitted(program, backend, _level(options.system)), backend)
