"""What a circuit may do on a device's own qubits: which there are, which are coupled, and its native gates.

The rules are those of the ``paradigm`` of its capabilities document. Inside a verbatim box nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from braket.circuits import Instruction

from shared_transport.errors import ValidationError

from . import Facts
from .names import plain

__all__ = ["PhysicalRules"]

_PAIR = 2


@dataclass(frozen=True)
class PhysicalRules:
    """A device's own qubits and gates.

    Attributes:
        device: Its id, for messages.
        native: The names of its native gates; empty where nobody says.
        neighbours: The qubits that each qubit is coupled with; None where all are, or nobody says.
        whole_box: Whether a verbatim box has to hold the whole circuit.
    """

    device: str
    native: Mapping[str, str]
    neighbours: Mapping[int, Collection[int]] | None
    whole_box: bool

    @classmethod
    def of(cls, device: Facts, action: Any) -> PhysicalRules:
        """Read them from the device document."""
        paradigm: Any = getattr(device.capabilities, "paradigm", None)
        connectivity = getattr(paradigm, "connectivity", None)
        graph = None
        if connectivity is not None and not connectivity.fullyConnected:
            graph = {
                int(qubit): frozenset(map(int, others))
                for qubit, others in connectivity.connectivityGraph.items()
            }
        names = getattr(paradigm, "nativeGateSet", None) or ()
        return cls(
            device.id,
            {plain(name): name for name in names if plain(name) != "barrier"},
            graph,
            getattr(action, "supportsPartialVerbatimBox", None) is False,
        )

    def check_qubits(self, qubits: Collection[int]) -> None:
        """Refuse qubits that the device does not have.

        Raises:
            ValidationError: There is one.
        """
        missing = [q for q in qubits if self.neighbours is not None and q not in self.neighbours]
        if missing:
            raise ValidationError(
                f"{self.device} has no qubit {missing[0]}.",
                hint="device.topology_graph.nodes lists its qubits.",
            )

    def check_native(self, instruction: Instruction) -> None:
        """Refuse what cannot stand in a verbatim box.

        Raises:
            ValidationError: The gate is not native, or its qubits are not coupled.
        """
        name = instruction.operator.name
        qubits = [int(qubit) for qubit in instruction.target]
        modified = bool(instruction.control) or instruction.power != 1
        if self.native and (plain(name) not in self.native or modified):
            raise ValidationError(
                f"{name} on qubits {qubits} is not native to {self.device}: a verbatim box is not compiled.",
                hint=f"Its native gates are {', '.join(sorted(self.native.values()))}.",
            )
        self.check_qubits(qubits)
        if len(qubits) == _PAIR and self.neighbours is not None:
            first, second = qubits
            if second not in self.neighbours[first] and first not in self.neighbours[second]:
                others = ", ".join(map(str, sorted(self.neighbours[first])))
                raise ValidationError(
                    f"{name} on qubits {qubits}: they are not coupled on {self.device}.",
                    hint=f"Qubit {first} is coupled with {others}.",
                )

    def check_outside(self, instruction: Instruction) -> None:
        """Refuse what stands beside a verbatim box, where that has to hold everything.

        Raises:
            ValidationError: It has to.
        """
        if self.whole_box:
            raise ValidationError(
                f"{instruction.operator.name} is outside of the verbatim box.",
                hint=f"On {self.device} a verbatim box holds the whole circuit.",
            )
