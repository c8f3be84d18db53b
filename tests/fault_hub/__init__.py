"""A Hub that does everything wrong that a Hub, and the way to it, can do; and that knows the truth.

`FaultHub` is a plain object under a clock of its own. It executes operations at the level of
`shared_transport.steps` (`send`, `sleep`, `clock`), keeps real jobs and sessions, and does to each request what
was scripted or drawn by its seed. What the client believes is compared with `jobs` and `sessions` afterwards.

`RawFaultServer` does it on real sockets of the loopback interface, and `serve` puts a `FaultHub` behind one.
"""

from tests.fault_hub.faults import (
    AFTER_ACCEPT,
    BEFORE_ACCEPT,
    DOUBTS,
    KILLED_AFTER,
    KILLED_BEFORE,
    LATER,
    NO_DOUBT,
    REFUSED,
    Fault,
    ProcessKilled,
    quick,
    says,
)
from tests.fault_hub.hub import FaultHub
from tests.fault_hub.resources import START, TERMINAL
from tests.fault_hub.sockets import (
    RawFaultServer,
    Request,
    answers,
    closes,
    hangs,
    in_turn,
    resets,
    says_raw,
    serve,
)
from tests.fault_hub.world import Entry, World

__all__ = [
    "AFTER_ACCEPT",
    "BEFORE_ACCEPT",
    "DOUBTS",
    "KILLED_AFTER",
    "KILLED_BEFORE",
    "LATER",
    "NO_DOUBT",
    "REFUSED",
    "START",
    "TERMINAL",
    "Entry",
    "Fault",
    "FaultHub",
    "ProcessKilled",
    "RawFaultServer",
    "Request",
    "World",
    "answers",
    "closes",
    "hangs",
    "in_turn",
    "quick",
    "resets",
    "says",
    "says_raw",
    "serve",
]
