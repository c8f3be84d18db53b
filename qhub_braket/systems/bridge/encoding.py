"""From a Braket program to a job's input: read, written as a Qiskit circuit, transpiled, encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from braket.circuits import Circuit
from qiskit.circuit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.transpiler import generate_preset_pass_manager

from qhub_braket.systems import Encoded, Facts, RunOptions
from qhub_qiskit import HubBackend
from shared_transport.errors import ValidationError

from .gates import to_qiskit
from .joining import system_of
from .programs import BridgedProgram, read_program
from .record import BridgedCircuit, record_tags

__all__ = ["encoded"]

# The same program becomes the same job.
_SEED = 11
_LEVELS = (0, 1, 2, 3)
_MEMO = "bridge"
# Seconds.
_FRESH = 600.0


def encoded(task_specification: Any, options: RunOptions, device: Facts) -> Encoded:
    """Turn a program into a job's input.

    Raises:
        ValidationError: It is of a kind that is not supported, or the device does not run it.
    """
    level = _level(options.system)
    program = read_program(task_specification, options, device)
    backend = _backend(device)
    circuit = _fitted(program, backend, level)
    try:
        # The outcome of each shot, where a system lets one choose between that and counts.
        sent = backend.encode(circuit, shots=options.shots, memory=True)
    except ValidationError as problem:
        refused = problem
    else:
        input_format = sent.input_format or system_of(device).input_format
        record = BridgedCircuit(
            layout=sent.layouts[0],
            qubits=program.measured,
            result_types=tuple(_result_types(program.circuit)),
            source=program.source,
            inputs=program.inputs,
        )
        room = (device.backend.provider, str(input_format))
        tags = record_tags(record, room, options.shots, device.id)
        return Encoded(sent.input, input_format, sent.params or None, tags)
    if program.verbatim:
        hint = "A verbatim box holds the device's native gates alone; without the box, others are translated."
    else:
        hint = "Use fewer qubits or gates; run(..., optimization_level=3) may save some."
    raise ValidationError(refused.message, hint=hint)


def _level(given: Mapping[str, Any]) -> int:
    level = given.get("optimization_level")
    if level is None:
        return 1
    if isinstance(level, bool) or level not in _LEVELS:
        raise ValidationError(
            f"optimization_level={level!r} is not possible.", hint="It is 0, 1, 2 or 3."
        )
    return int(level)


def _backend(device: Facts) -> HubBackend:
    """The device as Qiskit's backend. Its documents are read anew when they are old: devices are calibrated."""
    backend = device.memo.get(_MEMO)
    if not isinstance(backend, HubBackend):
        backend = device.memo[_MEMO] = HubBackend(device.client, device.backend)
    elif (backend.metadata_age or 0.0) > _FRESH:
        backend.refresh()
    return backend


def _result_types(circuit: Circuit) -> list[dict[str, Any]]:
    return [result_type.to_ir().dict() for result_type in circuit.result_types]


def _fitted(program: BridgedProgram, backend: HubBackend, level: int) -> QuantumCircuit:
    """The program in the device's gates, on its qubits."""
    if not program.physical:
        qubits = sorted(int(qubit) for qubit in program.circuit.qubits)
        place = {qubit: position for position, qubit in enumerate(qubits)}
        circuit = to_qiskit(program.circuit, program.inputs, program.measured, place, len(qubits))
        return _transpiled(circuit, backend, optimization_level=level)
    place = {int(qubit): int(qubit) for qubit in program.circuit.qubits}
    width = backend.target.num_qubits or max(place) + 1
    beyond = sorted(qubit for qubit in place if qubit >= width)
    if beyond:
        raise ValidationError(
            f"The program names the physical qubit {beyond[0]}; {backend.name} has qubits 0 to {width - 1}."
        )
    circuit = to_qiskit(program.circuit, program.inputs, program.measured, place, width)
    if program.verbatim:
        return circuit
    _check_couplings(circuit, backend)
    return _transpiled(
        circuit,
        backend,
        optimization_level=level,
        initial_layout=list(range(width)),
        routing_method="none",
    )


def _transpiled(circuit: QuantumCircuit, backend: HubBackend, **how: Any) -> QuantumCircuit:
    passes = generate_preset_pass_manager(backend=backend, seed_transpiler=_SEED, **how)
    try:
        return passes.run(circuit)
    except QiskitError as problem:
        reason = str(problem.message).rstrip(".")
    raise ValidationError(
        f"The program cannot be brought to {backend.name}: {reason}.",
        hint="Without disable_qubit_rewiring, qubits are chosen that fit."
        if "initial_layout" in how
        else "Use fewer qubits or a larger device.",
    )


def _check_couplings(circuit: QuantumCircuit, backend: HubBackend) -> None:
    """That qubits which may not be exchanged for others are coupled where a gate joins two."""
    coupling = backend.target.build_coupling_map()
    if coupling is None:
        return
    pairs = set(coupling.get_edges())
    for instruction in circuit.data:
        if instruction.name == "barrier" or len(instruction.qubits) != 2:
            continue
        a, b = (circuit.find_bit(qubit).index for qubit in instruction.qubits)
        if (a, b) not in pairs and (b, a) not in pairs:
            raise ValidationError(
                f"{backend.name} does not couple qubits {a} and {b}, which {instruction.name} joins.",
                hint="Leave disable_qubit_rewiring out, and qubits are chosen that fit; device.topology_graph has "
                "the couplings.",
            )
