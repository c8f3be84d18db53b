"""Braket's device properties of backends whose own document is another vendor's, from what the Hub says of them.

Only the Hub's description goes in: neither Qiskit nor the device's own document is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from braket.device_schema import (
    DeviceActionType,
    DeviceCapabilities,
    DeviceConnectivity,
    DeviceExecutionWindow,
    DeviceServiceProperties,
    GateModelQpuParadigmProperties,
    OpenQASMDeviceActionProperties,
    ResultType,
)
from braket.device_schema.device_service_properties_v1 import DeviceDocumentation
from braket.device_schema.simulators import (
    GateModelSimulatorDeviceCapabilities,
    GateModelSimulatorParadigmProperties,
)

from shared_transport.models import Backend

__all__ = ["GateModelQpuDeviceCapabilities", "capabilities_of"]

# Each of Braket's gates is translated, so every device takes them all.
_OPERATIONS = (
    "GPhase U ccnot cnot cphaseshift cphaseshift00 cphaseshift01 cphaseshift10 cswap cv cy cz ecr gpi gpi2 h i iswap "
    "ms phaseshift prx pswap rx ry rz s si swap t ti unitary v vi x xx xy y yy z zz"
).split()
_MODIFIERS = (
    {"name": "ctrl"},
    {"name": "negctrl"},
    {"name": "pow", "exponent_types": ["int", "float"]},
    {"name": "inv"},
)
_PRAGMAS = (
    "verbatim",
    "braket_unitary_matrix",
    "braket_result_type_sample",
    "braket_result_type_expectation",
    "braket_result_type_variance",
    "braket_result_type_probability",
)
_OBSERVABLES = ("x", "y", "z", "h", "i", "hermitian")
# Braket's word for a gate, where the Hub's descriptions have another.
_WORDS: Mapping[str, str] = {
    "id": "i", "p": "phaseshift", "sdg": "si", "tdg": "ti", "sx": "v", "sxdg": "vi", "u": "U", "r": "prx",
    "cx": "cnot", "cp": "cphaseshift", "csx": "cv", "ccx": "ccnot", "rxx": "xx", "ryy": "yy", "rzz": "zz",
}  # fmt: skip
_DAYS: Mapping[str, str] = {
    "DAILY": "Everyday", "EVERYDAY": "Everyday", "WEEKDAYS": "Weekdays", "WEEKEND": "Weekend",
    "WEEKENDS": "Weekend", "MONDAY": "Monday", "TUESDAY": "Tuesday", "WEDNESDAY": "Wednesday",
    "THURSDAY": "Thursday", "FRIDAY": "Friday", "SATURDAY": "Saturday", "SUNDAY": "Sunday",
}  # fmt: skip
_MOST_SHOTS = 2**31 - 1


class GateModelQpuDeviceCapabilities(DeviceCapabilities):
    """Capabilities of a gate-model QPU of any vendor; Braket's own classes are each for one.

    Attributes:
        action: What it runs: OpenQASM programs.
        paradigm: Qubits, couplings and native gates. Qubit i is the device's i-th, as the Hub lists them.
    """

    action: dict[DeviceActionType | str, OpenQASMDeviceActionProperties]
    paradigm: GateModelQpuParadigmProperties


def capabilities_of(backend: Backend) -> DeviceCapabilities:
    """What Braket says of a device, from what the Hub says of the backend.

    Returns:
        `GateModelSimulatorDeviceCapabilities` for a simulator, else `GateModelQpuDeviceCapabilities`.
    """
    configuration = backend.configuration
    shots = configuration.shots_range
    least = max(1, (shots.min if shots else None) or 1)
    most = max(least, (shots.max if shots else None) or _MOST_SHOTS)
    common: dict[str, Any] = {
        "service": _service(backend, least, most),
        "action": {DeviceActionType.OPENQASM: _action(least, most)},
        "deviceParameters": {},
    }
    qubits = configuration.qubit_count or len(configuration.qubits)
    if backend.simulator:
        paradigm = GateModelSimulatorParadigmProperties(qubitCount=qubits)
        return GateModelSimulatorDeviceCapabilities(paradigm=paradigm, **common)
    return GateModelQpuDeviceCapabilities(
        paradigm=GateModelQpuParadigmProperties(
            connectivity=_connectivity(backend),
            qubitCount=qubits,
            nativeGateSet=_native_gates(backend),
        ),
        **common,
    )


def _service(backend: Backend, least: int, most: int) -> DeviceServiceProperties:
    about, updated = backend.documentation or {}, backend.updated_at
    return DeviceServiceProperties(
        executionWindows=_windows(backend),
        shotsRange=(least, most),
        deviceDocumentation=DeviceDocumentation(
            summary=about.get("description"), externalDocumentationUrl=about.get("url")
        ),
        deviceLocation=about.get("location"),
        updatedAt=datetime.combine(updated, time(0), UTC) if updated else None,
    )


def _windows(backend: Backend) -> list[DeviceExecutionWindow]:
    """The times at which it runs; where the Hub names none that can be read, it always does."""
    windows = [
        DeviceExecutionWindow(executionDay=_DAYS[word], windowStartHour=start, windowEndHour=end)
        for one in backend.availability
        if (word := str(one.get("granularity")).upper()) in _DAYS
        and (start := _time(one.get("start"))) is not None
        and (end := _time(one.get("end"))) is not None
    ]
    return windows or [
        DeviceExecutionWindow(
            executionDay="Everyday", windowStartHour=time(0), windowEndHour=time(23, 59, 59)
        )
    ]


def _time(word: Any) -> time | None:
    try:
        return time.fromisoformat(word)
    except (TypeError, ValueError):
        return None


def _action(least: int, most: int) -> OpenQASMDeviceActionProperties:
    limits = {"minShots": least, "maxShots": most}
    return OpenQASMDeviceActionProperties(
        actionType="braket.ir.openqasm.program",
        version=["1"],
        supportedOperations=_OPERATIONS,
        supportedModifiers=_MODIFIERS,
        supportedPragmas=_PRAGMAS,
        supportPhysicalQubits=True,
        supportsPartialVerbatimBox=False,
        disabledQubitRewiringSupported=True,
        maximumClassicalArrays=1,
        maximumOutputs=0,
        supportedResultTypes=[
            *(
                ResultType(name=name, observables=_OBSERVABLES, **limits)
                for name in ("Sample", "Expectation", "Variance")
            ),
            ResultType(name="Probability", **limits),
        ],
    )


def _native_gates(backend: Backend) -> list[str]:
    """The gates that the Hub calls native, in Braket's words where it has one."""
    gates = [
        gate for gate in backend.configuration.gates if gate.name and gate.native_gate is not False
    ]
    words = (gate.name.lower() for gate in gates if gate.name)
    return list(dict.fromkeys(_WORDS.get(word, word) for word in words))


def _connectivity(backend: Backend) -> DeviceConnectivity:
    """The couplings between the qubits' numbers: their places in the Hub's list of labels."""
    configuration = backend.configuration
    known = configuration.connectivity
    if known is None or known.fully_connected or not known.graph:
        return DeviceConnectivity(fullyConnected=True, connectivityGraph={})
    labels = [qubit.id for qubit in configuration.qubits if qubit.id is not None]
    order = labels or sorted(known.graph, key=lambda label: (len(label), label))
    place = {label: str(position) for position, label in enumerate(order)}
    graph = {
        place[label]: [place[other] for other in neighbours if other in place]
        for label, neighbours in known.graph.items()
        if label in place
    }
    return DeviceConnectivity(fullyConnected=False, connectivityGraph=graph)
