"""What a run would be, before it is one: whether a program fits a device, what is sent, what it costs.

Nothing is submitted. Whether it fits is decided by the checks that `run` makes, and what it would send is made by the
code that `run` sends with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from braket.ahs import AnalogHamiltonianSimulation
from braket.circuits import Circuit
from braket.circuits.compiler_directive import CompilerDirective
from braket.circuits.measure import Measure
from braket.circuits.serialization import IRType, SerializableProgram
from braket.ir.ahs import Program as AhsProgram
from braket.ir.openqasm import Program

from shared_transport.errors import HubError, ValidationError
from shared_transport.explanation import Explanation, Explanations, Success
from shared_transport.models import BackendStateInfo
from shared_transport.parallel import at_once
from shared_transport.prices import Prices, price_of

from .program_sets import entries_of, is_program_set
from .run_options import check_options, checked_inputs, limits_of, shots_of
from .systems import RunOptions, options_of, system_of_backend
from .systems.bridge.reading import read_openqasm
from .systems.openqasm import bind_inputs
from .systems.rules import check_width

if TYPE_CHECKING:
    from .device import HubDevice
    from .provider import HubProvider

__all__ = ["explain", "explain_everywhere"]

_COMPILED = Success(None, "the device compiles the program to its own gates")


def explain(
    device: HubDevice,
    task_specification: Any,
    shots: int | None = None,
    inputs: Mapping[str, float] | None = None,
    *,
    prices: Prices | None = None,
    options: Mapping[str, Any] | None = None,
) -> Explanation:
    """What `HubDevice.run` would do with a program.

    Args:
        device: The device.
        task_specification: The program.
        shots: As for `run`, and so is `inputs`.
        inputs: Values of the program's parameters.
        prices: What you pay, by device id or pattern: ``{"aws.sim.*": {"per_second": 0.00125}, "aws.ionq.forte":
            {"per_task": 0.3, "per_shot": 0.08}}``. The Hub tells no prices: without one there is none.
        options: Further keywords of `run`.

    Returns:
        Where the plugin compiles a program for the device, depth, gates and the estimate of success are those of what
        is sent. Elsewhere the device compiles it: they are those of the program as it is written, of a program set
        those of all that it runs, and nobody estimates its success.

    Raises:
        ValidationError: What was given as a price is none.
        HubError: The device could not be asked.
    """
    price = price_of(prices, device.arn)
    state = device.client.backends.status(device.arn)
    told = {**_described(device, state), **_counted(task_specification, inputs or {}, device.arn)}
    try:
        planned = device._plan(task_specification, shots, inputs, options or {})
        told.update(_executed(device, task_specification, shots, inputs, options or {}))
        # `run` sends a text in Braket's dialect as it is: only the device counts its qubits.
        check_width(told.get("qubits"), device.arn, told["backend_qubits"])
    except ValidationError as problem:
        return Explanation(
            device.arn, False, problem.message, problem.hint, **{"shots": shots, **told}
        )
    requests, total = planned.requests, planned.shots
    told["input_format"] = str(requests[0].input_format)
    if prices is not None:
        told["price_basis"] = "none was given for this device"
        if price is not None:
            each = told.get("seconds")
            told["price"], told["price_basis"] = price.of(
                tasks=len(requests), shots=total, seconds=None if each is None else each * total
            )
    return Explanation(fits=True, backend=device.arn, requests=requests, **{**told, "shots": total})


def explain_everywhere(
    provider: HubProvider,
    task_specification: Any,
    shots: int | None = None,
    inputs: Mapping[str, float] | None = None,
    *,
    prices: Prices | None = None,
    where: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Explanations:
    """The same for all devices.

    Args:
        provider: The provider.
        task_specification: As for `explain`, and so are the others.
        shots: As for `explain`.
        inputs: As for `explain`.
        prices: As for `explain`.
        where: Only the devices that `HubProvider.devices` gives for these arguments, such as ``{"provider": "AWS"}``.
        options: Further keywords of `run`.

    Raises:
        ValidationError: What was given as a price is none.
        HubError: The devices could not be listed.
    """
    from .device import HubDevice

    devices = [
        HubDevice(described, provider.client) for described in provider.devices(**(where or {}))
    ]
    for device in devices:
        price_of(prices, device.arn)  # what is no price is an error, not a row

    def row(device: HubDevice) -> Explanation:
        try:
            return explain(
                device, task_specification, shots, inputs, prices=prices, options=options
            )
        except HubError as problem:
            return Explanation(device.arn, None, str(problem), problem.hint)

    at_once(_read, devices)
    return Explanations([row(device) for device in devices])


def _read(device: HubDevice) -> None:
    """Read a device's document ahead of its turn; where that fails, its turn says why."""
    try:
        device._capabilities()
    except HubError:
        return


def _described(device: HubDevice, state: BackendStateInfo) -> dict[str, Any]:
    configuration = device._backend.configuration
    formats = configuration.supported_input_formats
    return {
        "backend_qubits": configuration.qubit_count,
        "input_format": str(formats[0]) if formats else None,
        "shots_range": limits_of(device._backend),
        "status": None if state.status is None else str(state.status),
        "queue": state.queue_size,
        "queue_seconds": state.queue_avg_time,
        "success": Success() if device._backend.simulator else _COMPILED,
    }


def _executed(
    device: HubDevice, program: Any, shots: Any, inputs: Any, options: Mapping[str, Any]
) -> dict[str, Any]:
    """What is executed, where the plugin itself compiles the program."""
    system = system_of_backend(device._backend)
    executed = getattr(system, "executed", None)
    if executed is None or is_program_set(program):
        return {}
    run = RunOptions(
        shots_of(device._backend, shots),
        checked_inputs(inputs),
        bool(options.get("disable_qubit_rewiring")),
        check_options(options, options_of(system)),
    )
    told: dict[str, Any] = executed(program, run, device._facts())
    return told


def _counted(program: Any, inputs: Mapping[str, Any], device_id: str) -> dict[str, Any]:
    """Qubits, depth and gates, as far as the program says them."""
    if isinstance(program, AnalogHamiltonianSimulation):
        return {"name": "a program of atoms", "qubits": len(list(program.register))}
    if isinstance(program, AhsProgram):
        return {"name": "a program of atoms", "qubits": len(program.setup.ahs_register.sites)}
    try:
        if not is_program_set(program):
            return _counted_circuits([(_as_circuit(program, inputs, device_id), 1)], "a circuit")
        circuits = [
            (_as_circuit(entry.run, entry.inputs[0], device_id), len(entry.inputs))
            for entry in entries_of(program)
        ]
    except ValidationError:
        return {}  # what is wrong with it, `run` says
    name = f"a program set of {sum(times for _, times in circuits)} executables"
    return _counted_circuits(circuits, name)


def _as_circuit(program: Any, inputs: Mapping[str, Any], device_id: str) -> Circuit:
    """A program as Braket's circuit.

    Raises:
        ValidationError: It is none.
    """
    if isinstance(program, Circuit):
        return program
    if isinstance(program, Program):
        program, inputs = program.source, {**(program.inputs or {}), **inputs}
    elif isinstance(program, SerializableProgram):
        program = program.to_ir(ir_type=IRType.OPENQASM)
    if not isinstance(program, str):
        raise ValidationError(f"A {type(program).__name__} is no circuit.")
    return read_openqasm(bind_inputs(program, inputs), device_id).circuit


def _counted_circuits(circuits: list[tuple[Circuit, int]], name: str) -> dict[str, Any]:
    gates: Counter[str] = Counter()
    two = larger = 0
    for circuit, times in circuits:
        for instruction in circuit.instructions:
            if isinstance(instruction.operator, CompilerDirective):
                continue
            gates[instruction.operator.name] += times
            if not isinstance(instruction.operator, Measure):
                touched = len(instruction.target) + len(instruction.control)
                two += times * (touched == 2)
                larger += times * (touched > 2)
    return {
        "name": name,
        "qubits": max(circuit.qubit_count for circuit, _ in circuits),
        "depth": max(circuit.depth for circuit, _ in circuits),
        "gates": dict(gates.most_common()),
        "two_qubit_gates": two,
        "larger_gates": larger,
    }
