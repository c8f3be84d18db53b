"""AWS gate model: OpenQASM 3 in Braket's dialect, run by Amazon's default simulators.

Amazon's local simulators run more than the service does. What a device refuses is refused here: a gate or a second
measurement on a measured qubit, classical control, reset; on a quantum computer also modifiers, unitaries, and in
verbatim boxes all that is not native. `include` never opens a file. What the service compiles is simulated as it is.

Source of the rules: Amazon Braket's developer guide ("OpenQASM support") and the device's own capabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
from braket.default_simulator.operation import GateOperation
from numpy.typing import NDArray

from local_hub.catalog import newest_calibration
from local_hub.engines import braket_results as results
from local_hub.engines.base import Prepared, Refused, Task
from local_hub.engines.braket_noise import Noise
from local_hub.engines.braket_program import Program, interpret
from local_hub.engines.braket_rules import Rules

_MOST_EXECUTABLES_WORDS = "give one job fewer programs, or send several jobs"


def prepare(task: Task) -> Prepared:
    """Interpret an OpenQASM 3 program, or a set of them, and hold it against the device's rules.

    Raises:
        Refused: a program is not OpenQASM, or the device or this machine does not take it.
    """
    rules = Rules.of(task.backend_id)
    sources = task.input["qasm"]
    if isinstance(sources, str):
        return PreparedProgram(task, Execution.of(sources, task.shots, task, rules))
    if len(sources) > rules.executables:
        raise Refused(
            f"the program set has {len(sources)} programs; {task.backend_id} takes "
            f"{rules.executables}: {_MOST_EXECUTABLES_WORDS}."
        )
    if task.shots % len(sources) or not task.shots or task.shots > rules.set_shots:
        raise Refused(
            f"`shots` is {task.shots} for {len(sources)} programs: it is the total of a program set, "
            f"a multiple of their number, and at most {rules.set_shots}."
        )
    return PreparedSet(
        task,
        [
            Execution.of(source, task.shots // len(sources), task, rules, number=number)
            for number, source in enumerate(sources)
        ],
    )


@dataclass
class PreparedProgram:
    """A program that the device takes."""

    task: Task
    execution: Execution

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate and write Braket's `GateModelTaskResult`. Runs once: the simulator rewrites the circuit."""
        started = datetime.now(UTC)
        outcome = self.execution.run(np.random.default_rng(seed))
        metadata = {
            "braketSchemaHeader": {"name": "braket.task_result.task_metadata", "version": "1"},
            "id": job_id,
            "shots": self.task.shots,
            "deviceId": self.task.backend_id,
            "createdAt": _timestamp(started),
            "endedAt": _timestamp(datetime.now(UTC)),
            "status": "COMPLETED",
        }
        return results.document(
            {
                "resultTypes": outcome.result_types,
                "measuredQubits": outcome.measured,
                "taskMetadata": metadata,
                "additionalMetadata": self.execution.metadata,
            },
            outcome.measurements,
        )


@dataclass
class PreparedSet:
    """A program set that the device takes."""

    task: Task
    executions: list[Execution]

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate and write Braket's `ProgramSetTaskResult`. Runs once."""
        started = datetime.now(UTC)
        rng = np.random.default_rng(seed)
        outcomes = [execution.run(rng) for execution in self.executions]
        metadata = {
            "braketSchemaHeader": {
                "name": "braket.task_result.program_set_task_metadata",
                "version": "1",
            },
            "id": job_id,
            "deviceId": self.task.backend_id,
            "requestedShots": self.task.shots,
            "successfulShots": self.task.shots,
            "programMetadata": [{"executables": [{}]} for _ in outcomes],
            "createdAt": _timestamp(started),
            "endedAt": _timestamp(datetime.now(UTC)),
            "status": "COMPLETED",
            "totalFailedExecutables": 0,
        }
        programs = [
            (execution.source, execution.metadata, outcome.measured, outcome.measurements)
            for execution, outcome in zip(self.executions, outcomes, strict=True)
        ]
        return results.set_document(programs, metadata)


@dataclass(frozen=True)
class Outcome:
    """What came of a program.

    Attributes:
        measured: Its measured qubits, as the program numbers them.
        measurements: A row of bits a shot, as JSON; None without shots.
        result_types: Its result types with their values.
    """

    measured: list[int]
    measurements: bytes | None
    result_types: list[dict[str, Any]]


@dataclass
class Execution:
    """One program on a device.

    Attributes:
        source: As it was sent.
        program: As it was read.
        noise: The device's errors, or None for an ideal simulation.
        metadata: What the result says beside the result.
        shots: How often to measure.
    """

    source: str
    program: Program
    noise: Noise | None
    metadata: dict[str, Any]
    shots: int

    @classmethod
    def of(
        cls, source: str, shots: int, task: Task, rules: Rules, *, number: int | None = None
    ) -> Execution:
        """Read a program and hold it against the rules.

        Raises:
            Refused: the device or this machine does not take it; with the program's number in a set.
        """
        try:
            return cls._of(source, shots, task, rules, in_a_set=number is not None)
        except Refused as refusal:
            if number is None:
                raise
            raise Refused(f"Program {number}: {refusal}") from refusal

    @classmethod
    def _of(cls, source: str, shots: int, task: Task, rules: Rules, *, in_a_set: bool) -> Execution:
        program = interpret(source, rules)
        circuit = program.circuit
        if in_a_set and circuit.results:
            raise Refused("result types are not taken in a program set: measure instead.")
        used = circuit.num_qubits
        _check_size(used, task, rules)
        if task.params.get("disable_qubit_rewiring"):
            if not rules.is_device:
                raise Refused(
                    f"`disable_qubit_rewiring` is not supported: {task.backend_id} has no physical qubits."
                )
            for qubit in circuit.qubit_set:
                rules.check_qubit(qubit)
            program.physical = True
        results.check(circuit, shots, task.limits, rules)
        metadata: dict[str, Any] = {
            "action": {
                "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
                "source": source,
            }
        }
        noise = None
        if rules.is_device and task.noise:
            most = task.limits["noisy_qubits"]
            if used <= most:
                noise = Noise.of(newest_calibration(task.backend_id))
                said = "simulated with the noise of the newest calibration"
            else:
                said = f"simulated without noise: {used} qubits, and up to {most} are simulated with it"
            metadata["localHub"] = {"noise": said}
        return cls(source, program, noise, metadata, shots)

    def run(self, rng: np.random.Generator) -> Outcome:
        """Simulate. Runs once: the simulator rewrites the circuit."""
        circuit, shots = self.program.circuit, self.shots
        measured = list(circuit.measured_qubits) or sorted(circuit.qubit_set)
        requested = [result.copy(deep=True) for result in circuit.results]
        operations = self._operations()
        exact = not any(not isinstance(operation, GateOperation) for operation in operations)
        simulator = StateVectorSimulator() if exact else DensityMatrixSimulator()
        circuit.instructions[:] = operations
        # The simulator's own step: it renumbers the qubits in use to 0, 1, 2, ...
        columns: dict[int, int] = simulator._map_circuit_to_contiguous_qubits(circuit)
        simulation = simulator.initialize_simulation(
            qubit_count=circuit.num_qubits, shots=shots, batch_size=1
        )
        simulation.evolve(circuit.instructions)
        measurements = None
        if shots:
            rotations = circuit.basis_rotation_instructions
            if rotations:
                simulation.evolve(rotations)
            bits = results.bits_of(
                results.draw(simulation.probabilities, shots, rng), circuit.num_qubits
            )
            bits = self._misread(bits, sorted(columns, key=columns.__getitem__), rng)
            selected = bits[:, [columns[qubit] for qubit in measured]]
            measurements = results.bit_matrix_json(selected)
            values = [results.sampled_value(result, bits) for result in circuit.results]
        else:
            values = [results.exact_value(result, simulation) for result in circuit.results]
        kinds = [
            {"type": wish.dict(exclude_none=True), "value": value}
            for wish, value in zip(requested, values, strict=True)
        ]
        return Outcome(measured, measurements, kinds)

    def _operations(self) -> list[Any]:
        """The circuit's operations, with the device's errors after each gate."""
        operations: list[Any] = []
        for operation in self.program.circuit.instructions:
            operations.append(operation)
            if self.noise is not None and isinstance(operation, GateOperation):
                operations += self.noise.after(operation, physical=self.program.physical)
        return operations

    def _misread(
        self, bits: NDArray[np.uint8], qubits: list[int], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        if self.noise is None:
            return bits
        return self.noise.misread(bits, qubits, rng, physical=self.program.physical)


def _check_size(used: int, task: Task, rules: Rules) -> None:
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


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
