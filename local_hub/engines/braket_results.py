"""Braket's result document: samples, result types, and JSON that is written fast.

A matrix of measurements is written by numpy, not by an encoder that visits each bit: every bit is one byte between
separators at a fixed stride, `[0,1,1],[1,0,1],...`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from braket.default_simulator.observables import TensorProduct
from braket.default_simulator.openqasm.circuit import Circuit
from braket.default_simulator.result_types import (
    _from_braket_observable,
    from_braket_result_type,
)
from braket.default_simulator.state_vector_simulation import StateVectorSimulation
from numpy.typing import NDArray

from local_hub.engines.base import Refused
from local_hub.engines.braket_rules import Rules

_EXACT_ONLY = {
    "statevector": "state_vector",
    "amplitude": "amplitude",
    "densitymatrix": "density_matrix",
}
_SIZE_LIMITS = {
    "statevector": "state_vector_qubits",
    "densitymatrix": "density_matrix_qubits",
    "probability": "probability_qubits",
}
_HEADER = {"name": "braket.task_result.gate_model_task_result", "version": "1"}


def check(circuit: Circuit, shots: int, limits: dict[str, int], rules: Rules) -> None:
    """Hold the requested result types against the device, the shots, the measurements and this machine.

    Raises:
        Refused: they do not go together.
    """
    if not shots and not circuit.results:
        raise Refused(
            "shots=0 needs at least one result type, such as `#pragma braket result state_vector`."
        )
    if not shots and circuit.measured_qubits:
        raise Refused(
            "shots=0 cannot measure: remove the measurements, or ask for at least one shot."
        )
    if circuit.results and circuit.measured_qubits:
        raise Refused(
            "a program has either measurements or result types, not both: remove one kind."
        )
    for result in circuit.results:
        kind = str(result.type.value)
        rules.check_result(kind, getattr(result, "observable", None) or ())
        if shots and kind in _EXACT_ONLY:
            raise Refused(f"result type {_EXACT_ONLY[kind]} is exact: it needs shots=0.")
        if not shots and kind == "sample":
            raise Refused("result type sample needs at least one shot.")
        targets = getattr(result, "targets", None)
        width = len(targets) if targets else circuit.num_qubits
        limit = limits.get(_SIZE_LIMITS.get(kind, ""), width)
        if width > limit:
            raise Refused(
                f"result type {kind} of {width} qubits is above this machine's local limit of {limit}."
            )
        for state in getattr(result, "states", None) or ():
            if len(state) != circuit.num_qubits:
                raise Refused(
                    f"amplitude {state} has {len(state)} bits; the program uses {circuit.num_qubits} qubits."
                )
    if shots:
        try:
            rotations = circuit.basis_rotation_instructions
        except ValueError as error:
            raise Refused(f"The result types contradict each other: {error}.") from error
        rotated = {qubit for rotation in rotations for qubit in rotation.targets}
        for result in circuit.results:
            if result.type == "probability":
                _check_unrotated(result.targets or circuit.qubit_set, rotated)


def _check_unrotated(qubits: Iterable[int], rotated: Collection[int]) -> None:
    """Refuse the probability of qubits that an observable measures in another basis."""
    for qubit in qubits:
        if qubit in rotated:
            raise Refused(
                f"The result types contradict each other: a probability of qubit {qubit}, and an observable that is "
                "measured in another basis. Ask for them in two programs."
            )


def draw(
    probabilities: NDArray[np.float64], shots: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw basis states. The last of the cumulated probabilities is 1 by definition, not by luck of rounding."""
    cumulated = np.cumsum(probabilities)
    drawn = np.searchsorted(cumulated, rng.random(shots) * cumulated[-1], side="right")
    samples: NDArray[np.int64] = np.minimum(drawn, len(cumulated) - 1).astype(np.int64)
    return samples


def bits_of(samples: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """Spell basis states out, shape (shots, width); column 0 is the most significant bit."""
    bits = np.empty((len(samples), width), dtype=np.uint8)
    for column in range(width):
        bits[:, column] = (samples >> (width - 1 - column)) & 1
    return bits


def bit_matrix_json(bits: NDArray[np.uint8]) -> bytes:
    """Write a matrix of bits as JSON."""
    rows, width = bits.shape
    text = np.full((rows, 2 * width + 2), ord(","), dtype=np.uint8)
    text[:, 0] = ord("[")
    text[:, 1 : 2 * width : 2] = bits + ord("0")
    text[:, 2 * width] = ord("]")
    return b"[" + text.tobytes()[:-1] + b"]"


def exact_value(result: Any, simulation: StateVectorSimulation) -> Any:
    """Compute a result type from the state, as JSON: complex numbers are [re, im]."""
    targets = list(getattr(result, "targets", None) or ())
    ascending = sorted(targets)
    places = [ascending.index(target) for target in targets]
    if result.type in ("probability", "densitymatrix") and places != sorted(places):
        # Braket 1.41's simulator permutes targets by the inverse of what they say.
        value = from_braket_result_type(result.copy(update={"targets": ascending})).calculate(
            simulation
        )
        sides = 1 if result.type == "probability" else 2
        axes = [side * len(places) + place for side in range(sides) for place in places]
        value = value.reshape([2] * len(axes)).transpose(axes).reshape(value.shape)
    else:
        value = from_braket_result_type(result).calculate(simulation)
    if isinstance(value, dict):
        return {state: _pair(amplitude) for state, amplitude in value.items()}
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            return np.stack([value.real, value.imag], axis=-1).tolist()
        return value.tolist()
    if isinstance(value, list):
        return [float(entry) for entry in value]
    return float(value)


def sampled_value(result: Any, bits: NDArray[np.uint8]) -> Any:
    """Compute a result type from samples that were taken in the observable's basis.

    Args:
        result: The requested result type; its targets are columns of `bits`.
        bits: One row a shot, one column a qubit.
    """
    width = bits.shape[1]
    if result.type == "probability":
        targets = list(result.targets) if result.targets else list(range(width))
        counts = np.bincount(_index(bits, targets), minlength=2 ** len(targets))
        return (counts / len(bits)).tolist()
    if result.targets:
        return _statistic(result, bits, list(result.targets))
    return [_statistic(result, bits, [column]) for column in range(width)]


def document(entries: dict[str, Any], measurements: bytes | None) -> bytes:
    """Write the whole document; `measurements` is JSON already, and left out when there are none."""
    head = json.dumps({"braketSchemaHeader": _HEADER}, separators=(",", ":")).encode()
    rest = json.dumps(entries, separators=(",", ":"), allow_nan=False).encode()
    parts = [head[:-1]]
    if measurements is not None:
        parts += [b',"measurements":', measurements]
    return b"".join([*parts, b",", rest[1:]])


def set_document(
    programs: Sequence[tuple[str, dict[str, Any], list[int], bytes | None]],
    metadata: dict[str, Any],
) -> bytes:
    """Write the document of a program set.

    Args:
        programs: Source, metadata, measured qubits and measurements (as JSON) of each.
        metadata: That of the task.
    """
    written = []
    for source, additional, measured, measurements in programs:
        head = {
            "braketSchemaHeader": {"name": "braket.task_result.program_result", "version": "1"},
            "source": {
                "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
                "source": source,
            },
            "additionalMetadata": {k: v for k, v in additional.items() if k != "action"},
        }
        executable = {
            "braketSchemaHeader": {
                "name": "braket.task_result.program_set_executable_result",
                "version": "1",
            },
            "inputsIndex": 0,
            "measuredQubits": measured,
        }
        inner = _with(executable, "measurements", measurements or b"null")
        written.append(_with(head, "executableResults", b"[" + inner + b"]"))
    header = {"name": "braket.task_result.program_set_task_result", "version": "1"}
    whole = {"braketSchemaHeader": header, "taskMetadata": metadata}
    return _with(whole, "programResults", b"[" + b",".join(written) + b"]")


def _with(entries: dict[str, Any], name: str, value: bytes) -> bytes:
    """An object as JSON, with one more entry that is JSON already."""
    text = json.dumps(entries, separators=(",", ":"), allow_nan=False).encode()
    return text[:-1] + b',"' + name.encode() + b'":' + value + b"}"


def _statistic(result: Any, bits: NDArray[np.uint8], targets: list[int]) -> Any:
    observable = _from_braket_observable(result.observable, targets)
    factors = observable.factors if isinstance(observable, TensorProduct) else (observable,)
    samples = np.ones(len(bits))
    for factor in factors:
        samples *= np.real(factor.eigenvalues)[_index(bits, list(factor.measured_qubits))]
    if result.type == "sample":
        return samples.tolist()
    return float(np.var(samples) if result.type == "variance" else np.mean(samples))


def _index(bits: NDArray[np.uint8], columns: list[int]) -> NDArray[np.int64]:
    index = np.zeros(len(bits), dtype=np.int64)
    for column in columns:
        index = (index << 1) | bits[:, column]
    return index


def _pair(value: complex) -> list[float]:
    return [float(value.real), float(value.imag)]
