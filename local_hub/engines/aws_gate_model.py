"""AWS gate model: OpenQASM 3 in Braket's dialect, run by Amazon's default simulator.

Amazon's local simulator runs more than SV1 does. What SV1 refuses is refused here: a gate or a second measurement on a
measured qubit, classical control, reset, noise, verbatim boxes, physical qubits. `include` never opens a file.

Source of the rules: Amazon Braket's developer guide ("OpenQASM support") and the simulator's own device properties.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from braket.default_simulator import StateVectorSimulator
from braket.default_simulator.openqasm.circuit import Circuit
from braket.default_simulator.openqasm.interpreter import Interpreter
from braket.default_simulator.openqasm.parser.openqasm_parser import parse

from local_hub.engines import braket_results as results
from local_hub.engines.base import Refused, Task
from local_hub.engines.braket_program import StrictContext, check_statement

_SIMULATOR = StateVectorSimulator()
_LONGEST_COMPLAINT = 200


def prepare(task: Task) -> PreparedProgram:
    """Interpret an OpenQASM 3 program and hold it against SV1's rules.

    Raises:
        Refused: the program is not OpenQASM, or SV1 or this machine does not take it.
    """
    source = task.input["qasm"]
    circuit = _interpret(source)
    used = circuit.num_qubits
    if not used:
        raise Refused("The program uses no qubit: apply a gate or measure one.")
    if used > task.qubit_count:
        raise Refused(f"The program uses {used} qubits; {task.backend_id} has {task.qubit_count}.")
    local = task.limits.get("qubits", task.qubit_count)
    if used > local:
        raise Refused(
            f"The program uses {used} qubits, above this machine's local limit of {local} for {task.backend_id}: "
            "make the circuit smaller, or run it on the real Hub."
        )
    declared = task.params.get("qubit_count")
    if declared is not None and declared < used:
        raise Refused(
            f"input_params.qubit_count says {declared}, but the program uses {used} qubits."
        )
    results.check(circuit, task.shots, task.limits)
    return PreparedProgram(task, circuit)


@dataclass
class PreparedProgram:
    """A program that SV1 takes."""

    task: Task
    circuit: Circuit

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate and write Braket's `GateModelTaskResult`. Runs once: the simulator rewrites the circuit."""
        started = datetime.now(UTC)
        circuit, shots = self.circuit, self.task.shots
        measured = list(circuit.measured_qubits)
        requested = [result.copy(deep=True) for result in circuit.results]
        # The simulator's own step: it renumbers the qubits in use to 0, 1, 2, ...
        columns: dict[int, int] = _SIMULATOR._map_circuit_to_contiguous_qubits(circuit)
        simulation = _SIMULATOR.initialize_simulation(
            qubit_count=circuit.num_qubits, shots=shots, batch_size=1
        )
        simulation.evolve(circuit.instructions)
        document: dict[str, Any] = {}
        measurements = None
        if shots:
            rotations = circuit.basis_rotation_instructions
            if rotations:
                simulation.evolve(rotations)
            samples = results.draw(simulation.probabilities, shots, np.random.default_rng(seed))
            bits = results.bits_of(samples, circuit.num_qubits)
            selected = bits[:, [columns[qubit] for qubit in measured]] if measured else bits
            measurements = results.bit_matrix_json(selected)
            values = [results.sampled_value(result, bits) for result in circuit.results]
        else:
            values = [results.exact_value(result, simulation) for result in circuit.results]
        document["resultTypes"] = [
            {"type": wish.dict(exclude_none=True), "value": value}
            for wish, value in zip(requested, values, strict=True)
        ]
        document["measuredQubits"] = measured or list(range(circuit.num_qubits))
        document["taskMetadata"] = {
            "braketSchemaHeader": {"name": "braket.task_result.task_metadata", "version": "1"},
            "id": job_id,
            "shots": shots,
            "deviceId": self.task.backend_id,
            "createdAt": _timestamp(started),
            "endedAt": _timestamp(datetime.now(UTC)),
            "status": "COMPLETED",
        }
        document["additionalMetadata"] = {
            "action": {
                "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
                "source": self.task.input["qasm"],
            }
        }
        return results.document(document, measurements)


def _interpret(source: str) -> Circuit:
    complaints = io.StringIO()  # ANTLR names line and column on stderr only
    try:
        with contextlib.redirect_stderr(complaints):
            program = parse(source)
    except MemoryError:
        raise
    except Exception as error:  # the parser raises its own, ANTLR's and Python's errors alike
        first = complaints.getvalue().partition("\n")[0][:_LONGEST_COMPLAINT]
        raise Refused(f"The program is not OpenQASM 3: {first or _words(error)}") from error
    context = StrictContext()
    interpreter = Interpreter(context)
    for statement in program.statements:
        line = statement.span.start_line if statement.span else None
        where = f"Line {line}: " if line else ""
        try:
            check_statement(statement)
            interpreter.visit(statement)
        except Refused as error:
            raise Refused(f"{where}{error}") from error
        except MemoryError:
            raise
        except (
            Exception
        ) as error:  # the interpreter reports a bad program by whatever Python raises
            raise Refused(f"{where}{_words(error)}") from error
    context.check_verbatim()
    circuit = context.circuit
    try:
        circuit.validate_single_measured_register()
    except ValueError as error:
        raise Refused(str(error)) from error
    return circuit


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    text = str(error.args[0]) if error.args and not isinstance(error, AttributeError) else ""
    return text if text else "it cannot be read."


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
