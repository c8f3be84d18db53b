"""What an AWS gate model device takes, as its own capability document says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_hub.catalog import device_document
from local_hub.engines.base import Refused

# Rigetti calibrates rx at quarter turns only (Amazon Braket's developer guide, "verbatim compilation").
_QUARTER_TURNS_ONLY = frozenset({"rx"})
_TOLERANCE = 1e-6
_PAIR = 2


@dataclass(frozen=True)
class Rules:
    """The rules of a device.

    Attributes:
        device: Its id, for messages.
        is_device: Whether it is a quantum computer rather than a simulator.
        gates: Gates that it takes outside verbatim boxes, in lower case.
        native: Gates that it takes inside verbatim boxes, in lower case; empty where it has no such boxes.
        pragmas: Pragmas that it takes, by the document's words.
        result_types: Result types that it takes, in lower case, with the observables that it takes in them.
        neighbours: The qubits that each qubit is coupled with; None where all are.
        qubit_count: How many qubits it has.
        whole_box: Whether a verbatim box has to hold the whole circuit.
        executables: How many programs a program set may have; 0 where it takes no sets.
        set_shots: How many shots a program set may have in all.
    """

    device: str
    is_device: bool
    gates: frozenset[str]
    native: frozenset[str]
    pragmas: frozenset[str]
    result_types: Mapping[str, frozenset[str]]
    neighbours: Mapping[int, frozenset[int]] | None
    qubit_count: int
    whole_box: bool
    executables: int
    set_shots: int

    @classmethod
    def of(cls, backend_id: str) -> Rules:
        """Read the rules of a backend from its device document."""
        document = device_document(backend_id)
        openqasm = document["action"]["braket.ir.openqasm.program"]
        sets = document["action"].get("braket.ir.openqasm.program_set", {})
        paradigm = document["paradigm"]
        connectivity = paradigm.get("connectivity", {"fullyConnected": True})
        graph = None
        if not connectivity["fullyConnected"]:
            graph = {
                int(qubit): frozenset(map(int, others))
                for qubit, others in connectivity["connectivityGraph"].items()
            }
        return cls(
            backend_id,
            is_device="nativeGateSet" in paradigm,
            gates=_lower(openqasm["supportedOperations"]),
            native=_lower(paradigm.get("nativeGateSet", ())),
            pragmas=frozenset(openqasm["supportedPragmas"]),
            result_types={
                kind["name"].lower(): _lower(kind.get("observables") or ())
                for kind in openqasm["supportedResultTypes"]
            },
            neighbours=graph,
            qubit_count=int(paradigm["qubitCount"]),
            whole_box=not openqasm["supportsPartialVerbatimBox"],
            executables=int(sets.get("maximumExecutables", 0)),
            set_shots=int(sets.get("maximumTotalShots", 0)),
        )

    @property
    def has_noise(self) -> bool:
        """Whether programs may have noise: then the state is a density matrix."""
        return any(pragma.startswith("braket_noise") for pragma in self.pragmas)

    @property
    def has_verbatim(self) -> bool:
        """Whether programs may have verbatim boxes."""
        return "verbatim" in self.pragmas

    def check_gate(self, name: str) -> None:
        """Refuse a gate that the service does not compile for this device.

        Raises:
            Refused: the gate is not among those of the device.
        """
        if name.lower() not in self.gates:
            known = ", ".join(sorted(self.gates))
            raise Refused(f"gate `{name}` is not supported by {self.device}: it takes {known}.")

    def check_native(self, name: str, qubits: Sequence[int], angles: Sequence[float]) -> None:
        """Refuse what cannot be in a verbatim box.

        Raises:
            Refused: the gate is not native, its angle is not calibrated, or its qubits are not coupled.
        """
        if name.lower() not in self.native:
            known = ", ".join(sorted(self.native - {"barrier"}))
            raise Refused(
                f"gate `{name}` is not native to {self.device}: a verbatim box takes {known} only."
            )
        if self.neighbours is not None and name.lower() in _QUARTER_TURNS_ONLY:
            turns = angles[0] / (math.pi / 2)
            if abs(turns - round(turns)) > _TOLERANCE:
                raise Refused(
                    f"`{name}({angles[0]})` is not native to {self.device}: "
                    "the angle has to be a multiple of pi/2 in a verbatim box."
                )
        if len(qubits) == _PAIR:
            self.check_coupling(name, qubits)

    def check_coupling(self, name: str, qubits: Sequence[int]) -> None:
        """Refuse a gate on qubits that are not coupled.

        Raises:
            Refused: they are not.
        """
        first, second = qubits
        if self.neighbours is None or second in self.neighbours.get(first, ()):
            return
        others = ", ".join(f"${other}" for other in sorted(self.neighbours.get(first, ())))
        raise Refused(
            f"gate `{name}` on $%d and $%d: they are not coupled on {self.device}; ${first} is with {others}."
            % (first, second)
        )

    def check_result(self, kind: str, observable: Sequence[Any]) -> None:
        """Refuse a result type, or an observable in it.

        Raises:
            Refused: the device does not take it.
        """
        if kind not in self.result_types:
            known = ", ".join(sorted(self.result_types))
            raise Refused(
                f"result type {kind} is not supported by {self.device}: it takes {known}."
            )
        for factor in observable:
            name = factor if isinstance(factor, str) else "hermitian"
            if name not in self.result_types[kind]:
                known = ", ".join(sorted(self.result_types[kind]))
                raise Refused(
                    f"observable {name} is not supported by {self.device}: it takes {known}."
                )

    def check_qubit(self, qubit: int) -> None:
        """Refuse a physical qubit that the device does not have.

        Raises:
            Refused: it does not.
        """
        if self.neighbours is not None and not self.neighbours.get(qubit):
            raise Refused(f"qubit ${qubit} is none of {self.device}'s: see its connectivity.")
        if qubit >= self.qubit_count:
            raise Refused(f"qubit ${qubit} is none of {self.device}'s {self.qubit_count} qubits.")


def _lower(names: Any) -> frozenset[str]:
    return frozenset(str(name).lower() for name in names)
