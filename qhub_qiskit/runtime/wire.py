"""From the inputs of one of IBM's programs to a job of the Hub.

Sources: the API's schemas ``IBM_JobInput`` and ``IBM_JobInputParams``; circuits, arrays and results are written by
IBM's own `RuntimeEncoder`, whose QPY is of a version that IBM's service reads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qiskit_ibm_runtime import RuntimeEncoder

from shared_transport.json_text import JsonArray
from shared_transport.models import Backend, InputFormat, SdkProvider
from shared_transport.requests import JobRequest

from .errors import refuse

__all__ = ["PROGRAMS", "job_request"]

PROGRAMS = ("sampler", "estimator", "noise-learner")
_WAY_OUT = {
    "executor": "Use SamplerV2 or EstimatorV2 of qiskit_ibm_runtime.",
    "circuit-runner": "Use backend.run(circuits), or SamplerV2.",
    "qasm3-runner": "Use backend.run(circuits), or SamplerV2.",
}
# IBM's defaults, for the number of shots that every job of the Hub has.
_SHOTS = 4096
_PRECISION = 0.015625


def job_request(
    backend: Backend,
    program_id: str,
    inputs: Mapping[str, Any],
    *,
    log_level: str | None = None,
    max_execution_time: int | None = None,
    session_id: str | None = None,
    tags: Sequence[str] = (),
) -> JobRequest:
    """The job that runs a program.

    Args:
        backend: Where.
        program_id: ``sampler``, ``estimator`` or ``noise-learner``.
        inputs: The program's inputs, as IBM's primitives make them.
        log_level: Of the job's log at IBM.
        max_execution_time: Seconds after which the job is cancelled.
        session_id: The session that it belongs to.
        tags: The user's tags.

    Raises:
        NotOnHubError: The Hub does not run this program.
        ValidationError: An input has no JSON form.
    """
    if program_id not in PROGRAMS:
        instead = _WAY_OUT.get(program_id, f"It runs {', '.join(PROGRAMS)}.")
        refuse(f"program {program_id!r}", instead)
    if "schema_version" in inputs:
        refuse("NoiseLearnerV3", "Use NoiseLearner of qiskit_ibm_runtime.")
    _check_options(inputs.get("options") or {}, "options")
    params: dict[str, Any] = {"program_id": program_id}
    if log_level:
        params["log_level"] = log_level.lower()
    if max_execution_time is not None:
        params["max_execution_time"] = max_execution_time
    return JobRequest(
        backend_id=backend.id,
        shots=_shots(program_id, inputs, backend),
        input={name: _written(value) for name, value in inputs.items() if value is not None},
        input_format=InputFormat.QISKIT_QPY,
        input_params=params,
        name=_name(inputs),
        tags=tuple(tags),
        session_id=session_id,
        sdk_provider=SdkProvider.QISKIT,
    )


def _check_options(options: Mapping[str, Any], where: str) -> None:
    """That each has a value: the API has no word for none."""
    for name, value in options.items():
        if value is None:
            refuse(f"{where}.{name}=None", "Give it a value, or leave it out for IBM's default.")
        if isinstance(value, Mapping):
            _check_options(value, f"{where}.{name}")


def _written(value: Any) -> Any:
    """An input as IBM writes it. PUBs and circuits stay the text that IBM's encoder made: they may be large."""
    if isinstance(value, (str, int, float)):
        return value
    text = json.dumps(value, cls=RuntimeEncoder)
    return JsonArray.of_text(text) if isinstance(value, (list, tuple)) else json.loads(text)


def _shots(program_id: str, inputs: Mapping[str, Any], backend: Backend) -> int:
    """The number of shots by which the Hub counts a job: the most that one of its PUBs asks for.

    What is executed, the PUBs and options say. An estimator's follow from its precision, and a noise learner has none:
    theirs is kept within the backend's range.
    """
    options = inputs.get("options") or {}
    measured = program_id == "estimator" and inputs.get("resilience_level") != 0
    default = _of_twirling(options.get("twirling") or {}, measured) or options.get("default_shots")
    pubs = inputs.get("pubs") or ()
    if program_id == "sampler":
        return _most((getattr(pub, "shots", None) for pub in pubs), default or _SHOTS)
    usual = options.get("default_precision") or inputs.get("precision") or _PRECISION
    if default:
        usual = 1 / math.sqrt(default)
    finest = min((getattr(pub, "precision", None) or usual for pub in pubs), default=_PRECISION)
    allowed = backend.configuration.shots_range
    least, most = (allowed.min, allowed.max) if allowed else (None, None)
    shots = max(least or 1, math.ceil(1 / finest**2))
    return shots if most is None else min(shots, most)


def _of_twirling(twirling: Mapping[str, Any], measured: bool) -> int | None:
    """The shots that follow from numbers of twirling, which go before `default_shots`.

    Args:
        twirling: The options.
        measured: Whether measurements are twirled if they do not say it.
    """
    given = (twirling.get("num_randomizations"), twirling.get("shots_per_randomization"))
    numbers = [number for number in given if isinstance(number, int)]
    if not (twirling.get("enable_gates") or twirling.get("enable_measure", measured)):
        return None
    return math.prod(numbers) if len(numbers) == len(given) else None


def _most(given: Iterable[int | None], default: int) -> int:
    return max((shots or default for shots in given), default=default)


def _name(inputs: Mapping[str, Any]) -> str | None:
    """The name of the first circuit."""
    first = next(iter(inputs.get("pubs") or inputs.get("circuits") or ()), None)
    return getattr(getattr(first, "circuit", first), "name", None)
