"""What the admin API's part for tests reads and says: faults, latency, backends' states."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr

from local_hub.backend_states import State
from local_hub.faults.board import Faults, PlacedFault


class NewFault(BaseModel):
    """A fault to be added, as `--fault` writes it."""

    model_config = ConfigDict(extra="forbid")

    fault: Annotated[StrictStr, Field(max_length=1000)]


class FaultState(BaseModel):
    """A fault in force.

    Attributes:
        seen: Requests that it met, among those that it concerns.
        struck: How many of them it struck.
        struck_operations: The same by the operation's id.
        spent: Whether it struck as often as it should, and never strikes again.
    """

    id: str
    fault: str
    kind: str
    seen: int
    struck: int
    struck_operations: dict[str, int]
    spent: bool

    @classmethod
    def of(cls, placed: PlacedFault) -> FaultState:
        """Say what is known of a fault."""
        return cls(
            id=placed.id,
            fault=placed.fault.text,
            kind=placed.fault.kind,
            seen=placed.seen,
            struck=placed.times,
            struck_operations=dict(placed.struck),
            spent=placed.spent,
        )


class NewLatency(BaseModel):
    """The latency from now on: seconds, two bounds as text, or null for none."""

    model_config = ConfigDict(extra="forbid")

    seconds: StrictFloat | StrictInt | StrictStr | None


class FaultList(BaseModel):
    """All faults in force, and the latency as `--latency` writes it."""

    latency: str | None
    faults: list[FaultState]

    @classmethod
    def of(cls, faults: Faults) -> FaultList:
        """Say what is in force."""
        latency = None if faults.latency is None else str(faults.latency)
        return cls(latency=latency, faults=[FaultState.of(placed) for placed in faults.all()])


class Window(BaseModel):
    """A time in which a backend is available, as `Backend.availability` has them."""

    model_config = ConfigDict(extra="forbid")

    granularity: StrictStr
    start: StrictStr
    end: StrictStr


class NewBackendState(BaseModel):
    """A backend's state from now on.

    Attributes:
        status: Its status.
        availability: The windows that its document shows; absent for the usual ones, none while OFFLINE or RETIRED.
    """

    model_config = ConfigDict(extra="forbid")

    status: State
    availability: list[Window] | None = None

    def windows(self) -> list[dict[str, Any]] | None:
        """The windows as they are served."""
        if self.availability is None:
            return None
        return [window.model_dump() for window in self.availability]


class AdminBackend(BaseModel):
    """A backend's state and queue."""

    id: str
    status: State
    queue_size: int
