"""Several programs of a set as one job, where a backend takes several PUBs: those of IBM, IQM and QUDORA do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qhub_braket.systems import Encoded, Facts
from qhub_qiskit.systems import system_for
from qhub_qiskit.systems.base import Device, System

from .record import joined_tags

__all__ = ["joined", "per_job", "system_of"]


def system_of(device: Facts) -> System[Any]:
    """Qiskit's room for a device."""
    formats = [str(word) for word in device.backend.configuration.supported_input_formats]
    return system_for(device.backend.provider, formats, device.id)


def per_job(device: Facts, shots: int) -> int:
    """How many programs of so many shots one job takes."""
    return system_of(device).circuits_per_job(Device(device.backend), shots)


def joined(programs: Sequence[Encoded], shots: int) -> Encoded | None:
    """Make one job of several programs, which are all of one backend and have the same options.

    Args:
        programs: The programs.
        shots: Those of each. A list has them once for all its circuits; of texts the job has the total.

    Returns:
        The job; None where what is to be known of the programs exceeds the 4 kB that travel with a job.
    """
    if len(programs) == 1:
        return programs[0]
    tags = joined_tags([program.tags for program in programs])
    if tags is None:
        return None
    first = programs[0]
    if "qasm" in first.input:
        texts = {"qasm": [program.input["qasm"] for program in programs]}
        return Encoded(texts, first.input_format, first.input_params, tags)
    job_input = {
        name: [entry for program in programs for entry in program.input[name]]
        if isinstance(value, list)
        else value
        for name, value in first.input.items()
    }
    return Encoded(job_input, first.input_format, first.input_params, tags, shots)
