"""The target of an IBM backend, from its device document.

Source of the form: IBM's backend configuration and backend properties ("IBM server format"), as
`qiskit_ibm_runtime.utils.backend_converter` reads them. Here it is read straight into what `Target` takes: building
one is a matter of milliseconds for 156 qubits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from qiskit.circuit import Delay, Parameter
from qiskit.circuit.controlflow import CONTROL_FLOW_OP_NAMES, get_control_flow_name_mapping
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from shared_transport.errors import ServerError

if TYPE_CHECKING:
    from .base import Device

__all__ = ["faulty_qubits", "ibm_target", "supported"]

Places: TypeAlias = dict[tuple[int, ...], InstructionProperties | None]

# Gates that IBM's own backends leave out unless `use_fractional_gates` is asked for: with them in the target, the
# transpiler makes circuits that go neither with control flow nor with twirling.
_FRACTIONAL = frozenset({"rx", "rzz"})
_UNITS = {
    "": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ps": 1e-12,
    "Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9,
}  # fmt: skip
_TIMING = ("granularity", "min_length", "pulse_alignment", "acquire_alignment")


def ibm_target(device: Device) -> Target:
    """Build the target.

    It has the native gates but for the fractional ones (``rx``, ``rzz``), as IBM's own backends have by default, and
    what the document names of measurement, reset, delay and control flow. Instructions that Qiskit does not know
    (``measure_2``, ``reset_2``) are left out, as is whatever the document calls out of order.

    Args:
        device: What the Hub says of the backend, with its device document.

    Raises:
        ServerError: The document has no ``config``.
    """
    config, properties = _documents(device)
    names = [*config.get("basis_gates", ()), *supported(device)]
    gates = {gate["name"]: gate for gate in config.get("gates", ())}
    width = int(config["n_qubits"])
    faulty = _faulty(properties)
    figures = _gate_figures(properties, faulty)
    qubits = [_by_name(entries) for entries in properties.get("qubits", ())]
    measure = {
        (q,): InstructionProperties(
            error=entry.get("readout_error"), duration=entry.get("readout_length")
        )
        for q, entry in enumerate(qubits)
        if q not in faulty
    }
    dt = config.get("dt")
    timing = config.get("timing_constraints") or {}
    target = Target(
        description=device.backend.id,
        num_qubits=width,
        dt=dt * 1e-9 if dt is not None else None,  # the document's is in nanoseconds
        qubit_properties=_qubit_properties(qubits) if len(qubits) == width else None,
        **{name: timing[name] for name in _TIMING if name in timing},
    )
    standard, control_flow = get_standard_gate_name_mapping(), get_control_flow_name_mapping()
    everywhere: Places = {(q,): None for q in range(width) if q not in faulty}
    for name in dict.fromkeys(names):
        if name in CONTROL_FLOW_OP_NAMES and name in control_flow:
            target.add_instruction(control_flow[name], name=name)
        elif name == "measure":
            target.add_instruction(standard[name], measure or everywhere, name=name)
        elif name == "delay":
            target.add_instruction(Delay(Parameter("duration")), everywhere, name=name)
        elif name == "reset":
            places = _working(everywhere, figures, name, faulty) if name in figures else everywhere
            target.add_instruction(standard[name], places, name=name)
        elif name in standard and name not in _FRACTIONAL:
            places = _working(gates.get(name, {}).get("coupling_map") or (), figures, name, faulty)
            if places:
                target.add_instruction(standard[name], places, name=name)
    return target


def supported(device: Device) -> tuple[str, ...]:
    """The instructions that the backend has, in Qiskit's words: by its document, else by the Hub's description."""
    config = device.config.get("config") or {}
    return tuple(config.get("supported_instructions") or sorted(device.declared | {"measure"}))


def faulty_qubits(device: Device) -> frozenset[str]:
    """Labels of the qubits that the newest properties call not operational: a calibration is such a document."""
    calibrated = "qubits" in device.calibration
    properties = device.calibration if calibrated else device.config.get("properties") or {}
    labels = device.labels
    return frozenset(labels[q] if q < len(labels) else str(q) for q in _faulty(properties))


# Stands for a gate that is out of order, where the configuration names it all the same.
_BROKEN = InstructionProperties()


def _documents(device: Device) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    config = device.config.get("config")
    if not config or "n_qubits" not in config:
        raise ServerError(
            f"The device document of {device.backend.id} has no configuration, so its gates are not known.",
            hint="Try again later: backend.refresh().",
            operation="getBackendConfig",
        )
    return config, device.config.get("properties") or {}


def _by_name(entries: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Measured figures by name, in SI units."""
    return {entry["name"]: entry["value"] * _UNITS[entry.get("unit") or ""] for entry in entries}


def _faulty(properties: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(
        q
        for q, entries in enumerate(properties.get("qubits", ()))
        if any(entry["name"] == "operational" and not entry["value"] for entry in entries)
    )


def _gate_figures(properties: Mapping[str, Any], faulty: frozenset[int]) -> dict[str, Places]:
    """Error and duration in seconds of each gate, by its qubits."""
    figures: dict[str, Places] = {}
    for gate in properties.get("gates", ()):
        name, place = gate["gate"], tuple(gate["qubits"])
        if name in _FRACTIONAL or not faulty.isdisjoint(place):
            continue
        told = _by_name(gate["parameters"])
        figures.setdefault(name, {})[place] = (
            InstructionProperties(error=told.get("gate_error"), duration=told.get("gate_length"))
            if told.get("operational", True)
            else _BROKEN
        )
    return figures


def _working(
    declared: Iterable[Sequence[int]],
    figures: Mapping[str, Places],
    name: str,
    faulty: frozenset[int],
) -> Places:
    """Where a gate works, of the places that the configuration declares and those that have figures."""
    places: Places = {place: None for place in map(tuple, declared) if faulty.isdisjoint(place)}
    places |= figures.get(name, {})
    return {place: figure for place, figure in places.items() if figure is not _BROKEN}


def _qubit_properties(qubits: Iterable[Mapping[str, float]]) -> list[QubitProperties]:
    return [
        QubitProperties(t1=q.get("T1"), t2=q.get("T2"), frequency=q.get("frequency"))
        for q in qubits
    ]
