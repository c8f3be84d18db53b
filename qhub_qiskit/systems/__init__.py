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

# A new system is a module here and a line: input format, provider, module, class.
_ROOMS = (
    ("BRAKET_OPEN_QASM_V3", "AWS", "aws_gate_model", "AwsGateModel"),
    ("OPEN_QASM_V2", "KIPU", "kipu", "Kipu"),
)
_KNOWN_PROVIDERS = frozenset(
    {"AZURE", "AWS", "IBM", "QRYD", "QUDORA", "QUANDELA", "IQM", "KIPU", "AQT"}
)


def system_for(provider: str | None, formats: Sequence[str], backend: str) -> System[Any]:
    """Choose the room for a backend or a job.

    Args:
        provider: The provider by the Hub's word.
        formats: The input formats that the backend supports, or the one that a job has.
        backend: The backend's id, for messages.

    Raises:
        ValidationError: No room fits.
    """
    for exact in (True, False):
        for input_format, owner, module, name in _ROOMS:
            fits = provider == owner if exact else provider not in _KNOWN_PROVIDERS
            if fits and input_format in formats:
                room = getattr(importlib.import_module(f".{module}", __name__), name)
                return room()  # type: ignore[no-any-return]
    raise ValidationError(
        f"{backend} takes {', '.join(formats) or 'no input format that the Hub names'} from provider "
        f"{provider}; qhub_qiskit has no encoder for that.",
        hint=f"It serves {', '.join(f'{owner} ({fmt})' for fmt, owner, _, _ in _ROOMS)}.",
    )
