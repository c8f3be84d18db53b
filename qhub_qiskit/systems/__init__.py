"""The rooms of the vendor systems, and the registry that chooses one.

Chosen by what the Hub says of a backend: its provider and input formats; by the format alone for a provider
that is not yet known.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from shared_transport.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .base import System

__all__ = ["system_for"]

# A new system is a module here and a line: input format, provider (None: whoever takes the format), module, class.
_ROOMS = (
    ("BRAKET_OPEN_QASM_V3", None, "aws_gate_model", "AwsGateModel"),
    ("OPEN_QASM_V2", "KIPU", "kipu", "Kipu"),
    ("IONQ_CIRCUIT_V1", None, "azure_ionq", "AzureIonq"),
    ("OPEN_QASM_V3", "QUDORA", "qudora", "Qudora"),
    ("OPEN_QASM_V2", "QUDORA", "qudora", "Qudora"),
    ("OPEN_QASM_V3", None, "open_qasm", "OpenQasm3"),
    ("OPEN_QASM_V2", None, "open_qasm", "OpenQasm2"),
    ("QISKIT_QPY", None, "ibm", "Ibm"),
    ("IQM_JOB_INPUT_V1", None, "iqm", "Iqm"),
    ("PERCEVAL", None, "quandela", "Quandela"),
)
# The format of a device that runs no circuits.
_ATOMS = "BRAKET_AHS_PROGRAM"


def system_for(provider: str | None, formats: Sequence[str], backend: str) -> System[Any]:
    """Choose the room for a backend or a job.

    Args:
        provider: The provider by the Hub's word.
        formats: The input formats that the backend supports, or the one that a job has.
        backend: The backend's id, for messages.

    Raises:
        ValidationError: No room fits.
    """
    for owner_asked in (provider, None):
        for input_format, owner, module, name in _ROOMS:
            if owner == owner_asked and input_format in formats:
                room = getattr(importlib.import_module(f".{module}", __name__), name)
                return room()  # type: ignore[no-any-return]
    if _ATOMS in formats:
        raise ValidationError(
            f"{backend} takes {_ATOMS}: it is an analog device, which runs no circuits, only programs of atoms.",
            hint="Use qhub_braket (AnalogHamiltonianSimulation).",
        )
    served = ", ".join(dict.fromkeys(input_format for input_format, *_ in _ROOMS))
    raise ValidationError(
        f"{backend} takes {', '.join(formats) or 'no input format that the Hub names'} from provider "
        f"{provider}; qhub_qiskit has no encoder for that.",
        hint=f"It writes {served}.",
    )
