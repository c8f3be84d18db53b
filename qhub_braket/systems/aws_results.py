"""What AWS gate-model devices answer: a task result, or that of a program set, as Braket's own objects.

Values that a document leaves to the client are Braket's own computation. Only measurements, which may be many, pass
its bit-by-bit validation by: they are read as arrays.

Sources: the schemas ``braket.task_result.gate_model_task_result`` and ``braket.task_result.program_set_task_result``.
"""

from __future__ import annotations

import json
import re
from itertools import starmap
from typing import Any

import numpy as np
from braket.program_sets import ParameterSets
from braket.task_result import GateModelTaskResult, ProgramSetTaskResult
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult
from braket.tasks.program_set_quantum_task_result import CompositeEntry

from qhub_braket.program_set_results import measured_entry
from qhub_braket.results import Outcomes, PackedResult
from shared_transport.bit_rows import read_bit_rows

__all__ = ["read_document"]

_ROWS = re.compile(rb'(?<!\\)"measurements"\s*:\s*\[\s*\[')
_SET = "braket.task_result.program_set_task_result"


def read_document(content: bytes) -> GateModelQuantumTaskResult | ProgramSetQuantumTaskResult:
    """Read a result document.

    Raises:
        ValueError, TypeError, AttributeError, LookupError, pydantic.v1.ValidationError: It is not one of these
            schemas, or its values do not fit together.
    """
    if _SET.encode() in content:
        document = json.loads(content)
        if _name(document) == _SET:
            return _set_result(document)
    outcomes = None
    if _ROWS.search(content):
        document, pieces = read_bit_rows(content, "measurements")
        outcomes = Outcomes.of(pieces)
    else:
        document = json.loads(content)
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
        if document.get("measurements"):
            raise ValueError("its measurements are not rows of bits")
    document["measurements"] = None
    result = GateModelTaskResult.parse_obj(document)
    GateModelQuantumTaskResult.cast_result_types(result)
    _cast_density_matrices(result)
    if outcomes is None or not result.taskMetadata.shots:
        return GateModelQuantumTaskResult.from_object(result)
    return _packed(result, outcomes)


def _packed(result: GateModelTaskResult, outcomes: Outcomes) -> PackedResult:
    packed = PackedResult.of(
        outcomes,
        result.measuredQubits,
        task_metadata=result.taskMetadata,
        additional_metadata=result.additionalMetadata,
        result_types=result.resultTypes or [],
        outputs=result.outputs,
    )
    action = result.additionalMetadata.action
    wishes = getattr(action, "results", None)
    if wishes and not packed.result_types:
        # A program of Braket's older language says itself what is asked for; its devices leave it to the client.
        packed.result_types = GateModelQuantumTaskResult._calculate_result_types(
            action.json(), packed.measurements, packed.measured_qubits
        )
        packed.__post_init__()
    packed.values = [entry.value for entry in packed.result_types]
    return packed


def _cast_density_matrices(result: GateModelTaskResult) -> None:
    """Make complex arrays of density matrices. Braket's own cast knows the other complex result types."""
    for entry in result.resultTypes or ():
        if entry.type.type == "densitymatrix":
            entry.value = np.array([list(starmap(complex, row)) for row in entry.value])


def _set_result(document: dict[str, Any]) -> ProgramSetQuantumTaskResult:
    """A program set's result, an entry for each program that the document has."""
    rows = [
        [one.pop("measurements", None) for one in program["executableResults"]]
        for program in document["programResults"]
    ]
    result = ProgramSetTaskResult.parse_obj(document)
    metadata = result.taskMetadata
    executables = sum(len(program.executables) for program in metadata.programMetadata)
    shots = metadata.requestedShots // max(1, executables)
    entries = []
    for program, measured in zip(result.programResults, rows, strict=True):
        inputs = program.source.inputs or {}
        entries.append(
            CompositeEntry(
                entries=[
                    measured_entry(one, bits, program.source, shots)
                    for one, bits in zip(program.executableResults, measured, strict=True)
                ],
                program=program.source,
                inputs=ParameterSets(inputs),
                observables=None,
                shots_per_executable=shots,
                additional_metadata=program.additionalMetadata,
            )
        )
    return ProgramSetQuantumTaskResult(
        entries=entries, task_metadata=metadata, num_executables=executables, program_set=None
    )


def _name(document: Any) -> Any:
    header = document.get("braketSchemaHeader") if isinstance(document, dict) else None
    return header.get("name") if isinstance(header, dict) else None
