"""The simulators: one module per vendor system, imported only inside workers.

An engine module has one function, `prepare(task) -> Prepared`: it reads the input, counts its qubits and holds it
against the device's rules. The `Prepared` object it returns then runs, as often as asked.

This module itself is light: the server reads the registry, and never loads an engine.
"""

from __future__ import annotations

import gc
import importlib
from typing import Protocol, cast

from local_hub.engines.base import Prepared, Task

# (provider, input format) -> the engine's module in this package, and in `local_hub.inputs` what the server checks.
_ENGINES: dict[tuple[str, str], str] = {
    ("AWS", "BRAKET_OPEN_QASM_V3"): "aws_gate_model",
    ("AZURE", "IONQ_CIRCUIT_V1"): "azure_ionq",
    ("QUANDELA", "PERCEVAL"): "quandela",
    ("QUDORA", "OPEN_QASM_V2"): "qudora",
    ("QUDORA", "OPEN_QASM_V3"): "qudora",
    ("AWS", "BRAKET_AHS_PROGRAM"): "aws_analog",
    ("IBM", "QISKIT_QPY"): "ibm",
    ("IQM", "IQM_JOB_INPUT_V1"): "iqm",
    ("KIPU", "OPEN_QASM_V2"): "kipu",
}
# Engines whose jobs are drawn, by modules of the same names.
_PICTURES = "pictures"
_DRAWN = frozenset(
    {"aws_gate_model", "aws_analog", "azure_ionq", "ibm", "iqm", "kipu", "quandela", "qudora"}
)


class Engine(Protocol):
    """What an engine module looks like."""

    def prepare(self, task: Task) -> Prepared:
        """Read and check a task's input.

        Raises:
            Refused: the device or this machine does not take it.
        """


def engine_name(provider: str, input_format: str) -> str:
    """Name the engine that takes a provider's input format.

    Raises:
        KeyError: no engine takes it.
    """
    return _ENGINES[provider, input_format]


def picture_engine(name: str) -> str:
    """Name what draws the jobs of an engine; it is loaded and run as an engine is."""
    return f"{_PICTURES}.{name if name in _DRAWN else 'plain'}"


def load_engine(name: str) -> Engine:
    """Import an engine and its vendor's SDK. Workers only."""
    if name.removeprefix(f"{_PICTURES}.") not in {*_ENGINES.values(), "plain"}:
        raise KeyError(name)
    # An SDK makes many objects that stay: looking through them again and again takes a tenth of the time to load it.
    gc.disable()
    try:
        return cast(Engine, importlib.import_module(f"local_hub.engines.{name}"))
    finally:
        gc.freeze()
        gc.enable()
