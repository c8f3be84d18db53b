"""IonQ's gateset `qis`, as a circuit that Aer runs without a transpiler.

What each gate means (IonQ's API reference and the encoders of its Qiskit and Cirq packages):

- `v` is the square root of X with the phase of Qiskit's `sx`, `vi` its inverse, `si` and `ti` those of `s` and `t`;
- `z` with a `rotation` is diag(1, exp(i rotation)); the other rotations are exp(-i rotation/2 P), in radians;
- `cnot` is `x`, and must have controls; any other gate may have up to seven, `swap` one;
- a gate on one qubit that is given several targets acts on each of them;
- `pauliexp` is exp(-i time sum_j coefficients[j] terms[j]) of terms that commute. The last letter of a term belongs to
  the first target.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qiskit.circuit import Gate, QuantumCircuit
from qiskit.circuit.library import (
    CSwapGate,
    HGate,
    PhaseGate,
    RXGate,
    RXXGate,
    RYGate,
    RYYGate,
    RZGate,
    RZZGate,
    SdgGate,
    SGate,
    SwapGate,
    SXdgGate,
    SXGate,
    TdgGate,
    TGate,
    XGate,
    YGate,
    ZGate,
)
from qiskit.synthesis import OneQubitEulerDecomposer

from local_hub.engines.base import Refused

_FIXED: dict[str, Gate] = {
    "x": XGate(),
    "not": XGate(),
    "cnot": XGate(),
    "y": YGate(),
    "z": ZGate(),
    "h": HGate(),
    "s": SGate(),
    "si": SdgGate(),
    "t": TGate(),
    "ti": TdgGate(),
    "v": SXGate(),
    "vi": SXdgGate(),
}
_ROTATIONS: dict[str, Callable[[float], Gate]] = {"rx": RXGate, "ry": RYGate, "rz": RZGate}
_PAIRS: dict[str, Callable[[float], Gate]] = {"xx": RXXGate, "yy": RYYGate, "zz": RZZGate}
_MOST_CONTROLS = 7
_MOST_TERMS = 1000
_EXPONENTIAL_FIELDS = ("terms", "coefficients", "time")


class CircuitBuilder:
    """Reads gates one by one.

    Attributes:
        circuit: What was read so far.
    """

    def __init__(self, width: int, most_gates: int) -> None:
        """Start with an empty circuit.

        Args:
            width: How many qubits it has.
            most_gates: How many gates this machine takes, after expansion.
        """
        self.circuit = QuantumCircuit(width)
        self._width = width
        self._most_gates = most_gates
        self._euler = OneQubitEulerDecomposer("U")

    def add(self, position: int, application: dict[str, Any]) -> None:
        """Append the gate at a position of the list.

        Raises:
            Refused: the gate does not exist in this form.
        """
        name = (application.get("gate") or application["type"]).lower()
        _Reader(self, f"gate {position} (`{name}`)", name, application).append()

    def check_qubits(self, where: str, targets: Sequence[int], controls: Sequence[int]) -> None:
        """Refuse qubits that the circuit does not have or that are named twice."""
        for qubit in (*targets, *controls):
            if not 0 <= qubit < self._width:
                raise Refused(
                    f"{where}: the circuit has no qubit {qubit}, only 0 to {self._width - 1}."
                )
        if len({*targets, *controls}) < len(targets) + len(controls):
            raise Refused(f"{where} names a qubit twice.")

    def append(self, gate: Gate, qubits: Sequence[int]) -> None:
        """Append a gate that Aer knows."""
        if len(self.circuit.data) >= self._most_gates:
            raise Refused(
                f"The circuit has more than {self._most_gates} gates, this machine's local limit: make it shorter."
            )
        self.circuit.append(gate, qubits, copy=False)

    def controlled(self, gate: Gate, controls: Sequence[int], target: int) -> None:
        """Append a gate on one qubit, controlled or not."""
        if not controls:
            self.append(gate, [target])
            return
        theta, phi, lam, phase = self._euler.angles_and_phase(gate.to_matrix())
        # Aer's own gate: exp(i phase) U(theta, phi, lam) where all controls are 1.
        self.append(Gate("mcu", len(controls) + 1, [theta, phi, lam, phase]), [*controls, target])

    def pauli_rotation(
        self, letters: dict[int, str], angle: float, controls: Sequence[int]
    ) -> None:
        """Append exp(-i angle/2 P), P being the product of Pauli letters on qubits, controlled or not.

        Only the rotation in the middle needs the controls: without it the rest undoes itself.
        """
        if not letters:
            self._phase(-angle / 2, controls)
            return
        *others, last = letters
        for qubit, letter in letters.items():
            if letter == "Y":
                self.append(_FIXED["si"], [qubit])
            if letter != "Z":
                self.append(_FIXED["h"], [qubit])
        for qubit in others:
            self.append(_CX, [qubit, last])
        self.controlled(RZGate(angle), controls, last)
        for qubit in reversed(others):
            self.append(_CX, [qubit, last])
        for qubit, letter in letters.items():
            if letter != "Z":
                self.append(_FIXED["h"], [qubit])
            if letter == "Y":
                self.append(_FIXED["s"], [qubit])

    def _phase(self, angle: float, controls: Sequence[int]) -> None:
        """Append exp(i angle) where all controls are 1; without controls nobody can see it."""
        if controls:
            self.controlled(PhaseGate(angle), controls[:-1], controls[-1])


class _Reader:
    """One gate of the list."""

    def __init__(
        self, builder: CircuitBuilder, where: str, name: str, application: dict[str, Any]
    ) -> None:
        self._builder = builder
        self._where = where
        self._name = name
        self._application = application
        self._targets: list[int] = application["targets"]
        self._controls: list[int] = application.get("controls") or []

    def append(self) -> None:
        name, builder = self._name, self._builder
        builder.check_qubits(self._where, self._targets, self._controls)
        self._check_controls()
        if name == "pauliexp":
            self._forbid("rotation")
            self._append_exponential()
            return
        self._forbid(*_EXPONENTIAL_FIELDS)
        if name == "swap":
            self._forbid("rotation")
            self._need_a_pair()
            builder.append(
                CSwapGate() if self._controls else SwapGate(), [*self._controls, *self._targets]
            )
        elif name in _PAIRS:
            self._need_a_pair()
            angle = self._rotation()
            if self._controls:
                letters = dict.fromkeys(self._targets, name[0].upper())
                builder.pauli_rotation(letters, angle, self._controls)
            else:
                builder.append(_PAIRS[name](angle), self._targets)
        else:
            gate = self._gate()
            for target in self._targets:
                builder.controlled(gate, self._controls, target)

    def _gate(self) -> Gate:
        name = self._name
        if name in _ROTATIONS:
            return _ROTATIONS[name](self._rotation())
        if name == "z" and self._application.get("rotation") is not None:
            return PhaseGate(self._rotation())
        self._forbid("rotation")
        return _FIXED[name]

    def _append_exponential(self) -> None:
        missing = [name for name in _EXPONENTIAL_FIELDS if self._application.get(name) is None]
        if missing:
            raise Refused(f"{self._where} needs `{missing[0]}`.")
        terms: list[str] = [term.upper() for term in self._application["terms"]]
        coefficients: list[float] = self._application["coefficients"]
        time: float = self._application["time"]
        if len(terms) != len(coefficients):
            raise Refused(
                f"{self._where} has {len(terms)} terms and {len(coefficients)} coefficients: give one to each."
            )
        if len(terms) > _MOST_TERMS:
            raise Refused(
                f"{self._where} has {len(terms)} terms, above the local limit of {_MOST_TERMS}: use several gates."
            )
        for term in terms:
            if len(term) != len(self._targets) or set(term) - set("IXYZ"):
                raise Refused(
                    f"{self._where}: the term {term[:40]!r} should be {len(self._targets)} letters of I, X, Y, Z, "
                    "one for each target, the last for the first target."
                )
        self._check_commuting(terms)
        for term, coefficient in zip(terms, coefficients, strict=True):
            angle = 2 * time * coefficient
            if not np.isfinite(angle):
                raise Refused(
                    f"{self._where}: `time` times the coefficient of {term} is too large."
                )
            letters = {
                qubit: letter
                for qubit, letter in zip(self._targets, reversed(term), strict=True)
                if letter != "I"
            }
            self._builder.pauli_rotation(letters, angle, self._controls)

    def _check_commuting(self, terms: list[str]) -> None:
        letters = np.array([list(term) for term in terms])
        flips = np.isin(letters, ("X", "Y")).astype(np.int64)
        signs = np.isin(letters, ("Z", "Y")).astype(np.int64)
        crossed = flips @ signs.T
        clashes = np.argwhere((crossed + crossed.T) % 2)
        if len(clashes):
            first, second = clashes[0]
            raise Refused(
                f"{self._where}: the terms {terms[first]} and {terms[second]} do not commute: give each its own gate."
            )

    def _check_controls(self) -> None:
        most = 1 if self._name == "swap" else _MOST_CONTROLS
        if len(self._controls) > most:
            raise Refused(
                f"{self._where} has {len(self._controls)} controls; at most {most} are taken: decompose it."
            )
        if self._name == "cnot" and not self._controls:
            raise Refused(f"{self._where} has no control: add `controls`, or use `x`.")

    def _need_a_pair(self) -> None:
        if len(self._targets) != 2:
            raise Refused(f"{self._where} has {len(self._targets)} targets; it takes two.")

    def _rotation(self) -> float:
        rotation = self._application.get("rotation")
        if rotation is None:
            raise Refused(f"{self._where} has no angle: add `rotation`, in radians.")
        return float(rotation)

    def _forbid(self, *fields: str) -> None:
        for field in fields:
            if self._application.get(field) is not None:
                raise Refused(f"{self._where} takes no `{field}`: remove it.")


_CX = XGate().control(1)
