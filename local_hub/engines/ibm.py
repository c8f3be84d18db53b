"""IBM: SamplerV2 and EstimatorV2 by Qiskit Aer, NoiseLearner from the device's own errors.

Options that a simulation cannot honour (twirling, dynamical decoupling, error mitigation by extrapolation or
cancellation) are accepted, as on the device, and listed in the result's metadata under `local_hub`, beside what noise a
PUB was simulated with. Delays relax by their qubit's T1 and T2; idle times that no delay fills do not, and there is no
crosstalk. Readout errors are as likely from 0 to 1 as from 1 to 0, as in IBM's own Target.

Source of the rules: IBM's documentation of its primitives and qiskit_ibm_runtime's encoders and decoders, which read
the result as it is written here.
"""

from __future__ import annotations

import json
import re
from typing import Any, Protocol

from qiskit import QuantumCircuit
from qiskit_ibm_runtime import RuntimeEncoder

from local_hub.engines.base import Prepared, Refused, Task
from local_hub.engines.ibm_device import device_of
from local_hub.engines.ibm_estimator import EstimatorJob
from local_hub.engines.ibm_noise_learner import NoiseLearnerJob
from local_hub.engines.ibm_payload import decode
from local_hub.engines.ibm_sampler import SamplerJob
from local_hub.engines.openqasm3 import read

_VERSION = re.compile(r"OPENQASM\s+3(\.\d+)?\s*;")
_OPTIONS = {
    "sampler": {
        *("default_shots", "dynamical_decoupling", "execution", "twirling", "simulator"),
        "experimental",
    },
    "estimator": {
        *("seed_estimator", "default_precision", "default_shots", "dynamical_decoupling"),
        *("resilience", "execution", "twirling", "simulator", "experimental"),
    },
    "noise-learner": {
        *("simulator", "max_layers_to_learn", "shots_per_randomization", "num_randomizations"),
        *("layer_pair_depths", "twirling_strategy", "experimental", "support_qiskit"),
    },
}


def prepare(task: Task) -> Prepared:
    """Read PUBs or circuits and hold them against the device.

    Raises:
        Refused: they cannot be read, or the device or this machine does not take them.
    """
    program = task.params["program_id"]
    key = "circuits" if program == "noise-learner" else "pubs"
    if key not in task.input:
        raise Refused(f"`program_id` {program} needs `input.{key}`.")
    unknown = sorted(set(task.input.get("options", {})) - _OPTIONS[program])
    if unknown:
        known = ", ".join(sorted(_OPTIONS[program]))
        raise Refused(f"`options.{unknown[0]}` is none of the {program}'s: {known}.")
    entries = [
        _entry(entry, f"{key}[{index}]", task) for index, entry in enumerate(task.input[key])
    ]
    device = device_of(task.backend_id)
    if program == "sampler":
        return _Encoded(SamplerJob.of(task, device, entries))
    if program == "estimator":
        return _Encoded(EstimatorJob.of(task, device, entries))
    return _Encoded(NoiseLearnerJob.of(task, device, entries))


class _Job(Protocol):
    def run(self, seed: int) -> Any: ...


class _Encoded:
    """A job whose result is written as IBM writes it."""

    def __init__(self, job: _Job) -> None:
        self._job = job

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate and write the result."""
        return json.dumps(self._job.run(seed), cls=RuntimeEncoder).encode()


def _program(text: str, task: Task) -> QuantumCircuit:
    """Read OpenQASM 3. The Hub's own sample job uses the standard gates and includes nothing: it is meant to run."""
    try:
        return read(text, task.qubit_count, task.backend_id, task.limits)
    except Refused as refusal:
        version = _VERSION.search(text)
        if version is None or "include" in text:
            raise
        # On the version's line, so that the others keep their numbers.
        whole = f'{text[: version.end()]} include "stdgates.inc";{text[version.end() :]}'
        try:
            return read(whole, task.qubit_count, task.backend_id, task.limits)
        except Refused:
            raise refusal from None


def _entry(value: Any, where: str, task: Task) -> list[Any]:
    """A PUB or a circuit, as a list that begins with a circuit."""
    parts = decode(value, where, task.backend_id, task.qubit_count)
    parts = parts if isinstance(parts, list) else [parts]
    if parts and isinstance(parts[0], str):
        parts[0] = _program(parts[0], task)
    if not parts or not isinstance(parts[0], QuantumCircuit):
        raise Refused(f"`{where}` has to begin with a circuit: QPY, or a text in OpenQASM 3.")
    if parts[0].num_vars or parts[0].num_stretches:
        raise Refused(f"`{where}` has variables: {task.backend_id} takes none.")
    if any(isinstance(part, QuantumCircuit) for part in parts[1:]):
        raise Refused(f"`{where}` has more than one circuit.")
    return parts
