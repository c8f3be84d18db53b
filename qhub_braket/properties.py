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

__all__ = ["is_open", "parse_capabilities", "topology"]

_DEVICE_SCHEMA = re.compile(r"braket\.device_schema(\.[a-z0-9_]+)+")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def parse_capabilities(document: Mapping[str, Any], backend_id: str) -> DeviceCapabilities:
    """Read a device document into the `DeviceCapabilities` class that its schema header names.

    Raises:
        ValidationError: The document is another vendor's, without a Braket schema header.
        ServerError: It has the header, and does not fit the schema.
    """
    header = document.get("braketSchemaHeader")
    name = header.get("name") if isinstance(header, dict) else None
    # The name decides which module Braket imports, so it must be one of the device schemas.
    if not isinstance(name, str) or not _DEVICE_SCHEMA.fullmatch(name):
        raise ValidationError(
            f"The device document of {backend_id} is not one of Braket's, so there are no Braket properties.",
            hint="provider.client.backends.config(id) gives it as it is.",
        )
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
    import networkx  # type: ignore[import-untyped]

    if connectivity.fullyConnected:
        return networkx.complete_graph(int(paradigm.qubitCount), create_using=networkx.DiGraph)
    graph = networkx.DiGraph()
    for qubit, neighbours in connectivity.connectivityGraph.items():
        graph.add_node(int(qubit))
        graph.add_edges_from((int(qubit), int(neighbour)) for neighbour in neighbours)
    return graph
