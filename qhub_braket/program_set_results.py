"""Results of program sets: Braket's own objects, put together from what one or several jobs of the Hub measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from braket.circuits.observable import EULER_OBSERVABLE_PREFIX
from braket.circuits.observables import Sum
from braket.ir.openqasm import Program
from braket.program_sets import ParameterSets, ProgramSet
from braket.task_result import (
    ProgramSetExecutableFailure,
    ProgramSetExecutableResult,
    ProgramSetTaskMetadata,
)
from braket.task_result.program_set_executable_result_v1 import ProgramSetExecutableResultMetadata
from braket.task_result.program_set_task_metadata_v1 import ProgramMetadata
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult
from braket.tasks.measurement_utils import (
    measurement_counts_from_measurements,
    measurements_from_measurement_probabilities,
)
from braket.tasks.program_set_quantum_task_result import CompositeEntry, MeasuredEntry

from .program_sets import SetEntry
from .results import Outcomes

__all__ = ["assembled", "is_executable", "measured_entry"]


def measured_entry(
    executable: ProgramSetExecutableResult | ProgramSetExecutableFailure,
    rows: Any,
    program: Program,
    shots: int,
) -> MeasuredEntry | ProgramSetExecutableFailure:
    """The result of one executable, as a program set's document has it.

    Args:
        executable: What the document says, without its measurements.
        rows: The measurements, rows of bits; None where the document has probabilities instead.
        program: The program, with its lists of inputs.
        shots: How often it ran.

    Raises:
        ValueError: They are not rows of bits of one length, or there is nothing at all.
    """
    if isinstance(executable, ProgramSetExecutableFailure):
        return executable
    inputs = {name: values[executable.inputsIndex] for name, values in _lists(program).items()}
    fields: dict[str, Any] = {
        "measured_qubits": executable.measuredQubits,
        "program": program.source,
        "inputs": inputs or None,
        "observable": None,
    }
    if rows:
        outcomes = Outcomes.of([_bits(rows)])
        counts = outcomes.counts()
        return MeasuredEntry(
            measurements=outcomes.measurements(),
            counts=counts,
            probabilities={word: count / outcomes.shots for word, count in counts.items()},
            measurements_from_device=True,
            probabilities_from_device=False,
            **fields,
        )
    probabilities = executable.measurementProbabilities
    if not probabilities:
        raise ValueError("an executable has neither measurements nor measurementProbabilities")
    measurements = measurements_from_measurement_probabilities(probabilities, shots)
    return MeasuredEntry(
        measurements=measurements,
        counts=measurement_counts_from_measurements(measurements),
        probabilities=probabilities,
        measurements_from_device=False,
        probabilities_from_device=True,
        **fields,
    )


def assembled(
    results: Sequence[Any],
    entries: Sequence[SetEntry] | None,
    sizes: Any,
    program_set: Any,
    **task: Any,
) -> ProgramSetQuantumTaskResult:
    """One result of a program set whose executables ran in one or several jobs.

    Args:
        results: What each job gave, in their order: a gate-model result is one executable, a program set's result
            several.
        entries: The set's entries, or None where only the jobs are known: then each executable's program is the
            text that ran, with its inputs written in, and observables are not known.
        sizes: How many executables each entry has, as the tags of a job say it; where they do not, one.
        program_set: What was run, or None.
        **task: ``id`` and ``deviceId`` of the task.

    Raises:
        ValueError: There are not as many results as executables.
    """
    measured = [executable for result in results for executable in _executables(result)]
    if entries is not None:
        sizes = [len(entry.inputs) for entry in entries]
    elif not _fit(sizes, len(measured)):
        sizes = [1] * len(measured)
    if sum(sizes) != len(measured):
        raise ValueError(f"it has {len(measured)} results for {sum(sizes)} executables")
    succeeded = [one for one, _ in measured if isinstance(one, MeasuredEntry)]
    shots = max((len(one.measurements) for one in succeeded), default=0)
    composed = []
    start = 0
    for number, size in enumerate(sizes):
        group = measured[start : start + size]
        composed.append(_composite(group, entries[number] if entries is not None else None, shots))
        start += size
    created = [result.task_metadata.createdAt for result in results]
    ended = [result.task_metadata.endedAt for result in results]
    metadata = ProgramSetTaskMetadata(
        requestedShots=shots * len(measured),
        successfulShots=sum(len(one.measurements) for one in succeeded),
        programMetadata=[
            ProgramMetadata(executables=[ProgramSetExecutableResultMetadata()] * size)
            for size in sizes
        ],
        createdAt=min(filter(None, created), default=None),
        endedAt=max(filter(None, ended), default=None),
        status="COMPLETED",
        totalFailedExecutables=len(measured) - len(succeeded),
        **task,
    )
    return ProgramSetQuantumTaskResult(
        entries=composed,
        task_metadata=metadata,
        num_executables=len(measured),
        program_set=program_set if isinstance(program_set, ProgramSet) else None,
    )


def is_executable(result: Any, sizes: Any) -> bool:
    """Whether one job's result stands for itself: it is one executable of several of a set of these sizes."""
    return isinstance(result, GateModelQuantumTaskResult) and not _fit(sizes, 1)


def _fit(sizes: Any, executables: int) -> bool:
    """Whether these are sizes of entries, as our tags have them, for so many executables."""
    return (
        isinstance(sizes, list)
        and all(type(size) is int and size > 0 for size in sizes)
        and sum(sizes) == executables
    )


def _executables(result: Any) -> list[tuple[Any, Any]]:
    """The executables of one job, each with what the job's document says beside it."""
    if isinstance(result, ProgramSetQuantumTaskResult):
        return [
            (one, entry.additional_metadata) for entry in result.entries for one in entry.entries
        ]
    if not isinstance(result, GateModelQuantumTaskResult) or result.measurements is None:
        raise ValueError(f"a job of a program set gave a {type(result).__name__}")
    entry = MeasuredEntry(
        measurements=result.measurements,
        counts=result.measurement_counts,
        probabilities=result.measurement_probabilities,
        measured_qubits=result.measured_qubits,
        measurements_from_device=bool(result.measurements_copied_from_device),
        probabilities_from_device=bool(result.measurement_probabilities_copied_from_device),
        program=getattr(result.additional_metadata.action, "source", ""),
        inputs=None,
        observable=None,
    )
    return [(entry, result.additional_metadata)]


def _composite(
    group: Sequence[tuple[Any, Any]], entry: SetEntry | None, shots: int
) -> CompositeEntry:
    executables = [one for one, _ in group]
    beside = group[0][1] if group else None
    succeeded = [one for one in executables if isinstance(one, MeasuredEntry)]
    if entry is None:
        return CompositeEntry(
            entries=executables,
            program=Program(source=succeeded[0].program if succeeded else ""),
            inputs=ParameterSets({}),
            observables=None,
            shots_per_executable=shots,
            additional_metadata=beside,
        )
    observables = entry.observables
    terms = observables.summands if isinstance(observables, Sum) else observables
    for number, inputs in enumerate(entry.inputs):
        if isinstance(executables[number], MeasuredEntry):
            executables[number] = replace(
                executables[number],
                program=entry.program.source,
                inputs=dict(inputs) or None,
                observable=terms[number % len(terms)] if terms else None,
            )
    return CompositeEntry(
        entries=executables,
        program=entry.program,
        inputs=ParameterSets(_own_inputs(entry.program, len(terms) if terms else 0)),
        # Of a sum with a term missing there is no value; its other terms have theirs.
        observables=observables if len(succeeded) == len(executables) else terms,
        shots_per_executable=shots,
        additional_metadata=beside,
    )


def _own_inputs(program: Program, observables: int) -> dict[str, Any]:
    """A program's inputs without the angles that stand for observables, one for each set of parameters."""
    inputs = _lists(program)
    if not observables:
        return inputs
    return {
        name: values[::observables]
        for name, values in inputs.items()
        if not name.startswith(EULER_OBSERVABLE_PREFIX)
    }


def _lists(program: Program) -> dict[str, Any]:
    return program.inputs or {}


def _bits(rows: Any) -> Any:
    bits = np.array(rows)
    if bits.ndim != 2 or bits.dtype.kind != "i" or ((bits != 0) & (bits != 1)).any():
        raise ValueError("its measurements are not rows of bits")
    return bits.astype(np.uint8)
