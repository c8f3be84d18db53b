"""What a device document says, read with Braket's own schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from braket.device_schema import DeviceCapabilities
from braket.schema_common import BraketSchemaBase
from pydantic.v1 import ValidationError as SchemaError

from shared_transport.errors import ServerError, ValidationError

__all__ = [
    "emulator_of",
    "is_open",
    "parse_capabilities",
    "pulse_frames",
    "pulse_ports",
    "topology",
]

_DEVICE_SCHEMA = re.compile(r"braket\.device_schema(\.[a-z0-9_]+)+")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def parse_capabilities(document: Mapping[str, Any], backend_id: str) -> DeviceCapabilities | None:
    """Read a device document into the `DeviceCapabilities` class that its schema header names.

    Returns:
        The document; None for another vendor's, without a Braket schema header.

    Raises:
        ServerError: It has the header, and does not fit the schema.
    """
    header = document.get("braketSchemaHeader")
    name = header.get("name") if isinstance(header, dict) else None
    # The name decides which module Braket imports, so it must be one of the device schemas.
    if not isinstance(name, str) or not _DEVICE_SCHEMA.fullmatch(name):
        return None
    try:
        return BraketSchemaBase.parse_raw_schema(json.dumps(document))
    except SchemaError as problem:
        reason = (
            f"{len(problem.errors())} fields do not fit, the first is {problem.errors()[0]['loc']}"
        )
    except (ImportError, AttributeError):
        reason = "the installed amazon-braket-schemas does not know this schema"
    raise ServerError(
        f"The device document of {backend_id} cannot be read as {name}: {reason}.",
        hint="Update amazon-braket-schemas.",
    )


def is_open(capabilities: DeviceCapabilities, moment: datetime | None = None) -> bool:
    """Whether one of the device's execution windows holds at a moment (now, if absent).

    Windows are in UTC; one that ends before it starts goes over midnight and belongs to the day it starts on.
    """
    moment = (moment or datetime.now(UTC)).astimezone(UTC)
    today, now = moment.weekday(), moment.time().replace(microsecond=0)
    service = getattr(capabilities, "service", None)
    return any(
        _holds(window, today, now) for window in getattr(service, "executionWindows", None) or ()
    )


def _holds(window: Any, today: int, now: time) -> bool:
    start, end, day = window.windowStartHour, window.windowEndHour, window.executionDay
    if start <= end:
        return start <= now <= end and _falls_on(day, today)
    if now >= start:
        return _falls_on(day, today)
    return now <= end and _falls_on(day, (today - 1) % 7)


def _falls_on(execution_day: Any, weekday: int) -> bool:
    word = str(getattr(execution_day, "value", execution_day))
    if word == "Everyday":
        return True
    if word == "Weekdays":
        return weekday < 5
    if word == "Weekend":
        return weekday >= 5
    return word == _DAYS[weekday]


def topology(capabilities: DeviceCapabilities) -> Any:
    """The device's couplings as a `networkx.DiGraph` of qubit numbers, or None where it has none to state."""
    paradigm: Any = getattr(capabilities, "paradigm", None)
    connectivity = getattr(paradigm, "connectivity", None)
    if connectivity is None:
        return None
    import networkx  # type: ignore[import-untyped]  # it has no types

    if connectivity.fullyConnected:
        return networkx.complete_graph(int(paradigm.qubitCount), create_using=networkx.DiGraph)
    graph = networkx.DiGraph()
    for qubit, neighbours in connectivity.connectivityGraph.items():
        graph.add_node(int(qubit))
        graph.add_edges_from((int(qubit), int(neighbour)) for neighbour in neighbours)
    return graph


def pulse_ports(capabilities: DeviceCapabilities) -> dict[str, Any]:
    """The device's ports for pulses as `braket.pulse.Port`, by their ids."""
    described = getattr(getattr(capabilities, "pulse", None), "ports", None)
    if not described:
        return {}
    from braket.pulse import Port

    return {
        name: Port(port_id=name, dt=port.dt, properties=json.loads(port.json()))
        for name, port in described.items()
    }


def pulse_frames(capabilities: DeviceCapabilities) -> dict[str, Any]:
    """The device's frames for pulses as `braket.pulse.Frame`, by their ids."""
    described = getattr(getattr(capabilities, "pulse", None), "frames", None)
    if not described:
        return {}
    from braket.pulse import Frame

    ports = pulse_ports(capabilities)
    return {
        name: Frame(
            frame_id=name,
            port=ports[frame.portId],
            frequency=frame.frequency,
            phase=frame.phase,
            is_predefined=True,
            properties=json.loads(frame.json()),
        )
        for name, frame in described.items()
    }


def emulator_of(capabilities: DeviceCapabilities, device: str, *, simulator: bool) -> Any:
    """Braket's own emulator of a device, as `AwsDevice.emulator` makes it.

    Raises:
        ValidationError: Braket has none for it.
    """
    reason = "it is a simulator"
    if not simulator:
        from braket.emulation.local_emulator import LocalEmulator

        try:
            # A copy: Braket writes what it standardizes into the document.
            return LocalEmulator.from_device_properties(capabilities.copy(deep=True))
        except (ValueError, TypeError, LookupError, AttributeError) as problem:
            reason = str(problem).rstrip(".")
    raise ValidationError(
        f"Braket has no emulator of {device}: {reason}.",
        hint="LocalSimulator() runs circuits, LocalSimulator('braket_ahs') programs of atoms.",
    )
