"""Translation to native gates that have no rotation about Z, as plugins of Qiskit's transpiler.

`IqmTranslation` (``qhub_iqm``) reaches {r, cz}, `IonqTranslation` (``qhub_ionq``) {GPi, GPi2, rz, rzz}. Qiskit's own
translation brings a circuit to gates that `VirtualZ` reads; the pass then follows rotations about Z in a frame of each
qubit, instead of executing them. A frame commutes with diagonal gates and is dropped at a measurement and a reset,
which it cannot change. Where a qubit is left unmeasured, its frame becomes gates (of IQM two pi pulses, of IonQ an rz,
which costs none), so that the whole circuit stays the same unitary up to a global phase. Source of the technique:
McKay et al., "Efficient Z gates for quantum computing", Phys. Rev. A 96, 022330 (2017).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from qiskit.circuit import Gate, ParameterExpression, Qubit
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import CZGate, RGate, RZGate, RZZGate
from qiskit.dagcircuit import DAGCircuit, DAGOpNode
from qiskit.transpiler import PassManager, PassManagerConfig
from qiskit.transpiler.basepasses import TransformationPass
from qiskit.transpiler.passes import (
    BasisTranslator,
    HighLevelSynthesis,
    Optimize1qGatesDecomposition,
    UnitarySynthesis,
)
from qiskit.transpiler.preset_passmanagers.plugin import PassManagerStagePlugin

from .gates import GPI2Gate, GPIGate

__all__ = ["IonqTranslation", "IqmTranslation", "VirtualZ"]

Angle: TypeAlias = "float | ParameterExpression"
Pulses: TypeAlias = "list[Gate]"

# Below this an angle (in radians) is rounding: its error in any probability is under 1e-20.
_NOTHING = 1e-10
_HALF = math.pi / 2

# One-qubit gates as (theta, phi, lam) of Qiskit's UGate: Rz(phi) Ry(theta) Rz(lam), up to a global phase.
_AS_U: dict[str, Callable[..., tuple[Angle, Angle, Angle]]] = {
    "u": lambda theta, phi, lam: (theta, phi, lam),
    "r": lambda theta, phi: (theta, phi - _HALF, _HALF - phi),
    "rz": lambda phi: (0.0, phi, 0.0),
    "GPi": lambda phi: (math.pi, phi - _HALF, _HALF - phi),
    "GPi2": lambda phi: (_HALF, phi - _HALF, _HALF - phi),
}
_KEEPS_FRAME = frozenset({"barrier", "delay"})
_DROPS_FRAME = frozenset({"measure", "reset"})
_AROUND = ("measure", "reset", "delay", "barrier")


class VirtualZ(TransformationPass):
    """Replace one-qubit gates by pulses about axes in the equator, following rotations about Z in a frame.

    Attributes:
        basis: The gates that it reads, for the translation before it.
    """

    basis: tuple[str, ...]

    @abstractmethod
    def pulses(self, theta: Angle, lam: Angle) -> tuple[Pulses, Angle]:
        """Pulses for Ry(theta) Rz(lam), and the rotation about Z that remains to follow them."""

    @abstractmethod
    def rotation(self, angle: Angle) -> Pulses:
        """Pulses for Rz(angle)."""

    @abstractmethod
    def coupling(self, name: str, params: Sequence[Angle]) -> tuple[Gate | None, Angle] | None:
        """A two-qubit gate as the native one and a rotation about Z of each qubit; None for other gates."""

    def run(self, dag: DAGCircuit) -> DAGCircuit:
        """Run the pass."""
        new = dag.copy_empty_like()
        frames: dict[Qubit, Angle] = dict.fromkeys(dag.qubits, 0.0)
        for node in dag.topological_op_nodes():
            self._add(node, new, frames)
        self._realise(dag.qubits, new, frames)
        return new

    def _add(self, node: DAGOpNode, new: DAGCircuit, frames: dict[Qubit, Angle]) -> None:
        name, qubits = node.name, node.qargs
        if name in _AS_U:
            theta, phi, lam = _AS_U[name](*node.params)
            if _is_turns(theta):  # -1 at an odd number of them is a global phase
                frames[qubits[0]] = _reduced(frames[qubits[0]] + phi + lam)
                return
            pulses, rest = self.pulses(theta, lam + frames[qubits[0]])
            for pulse in pulses:
                new.apply_operation_back(pulse, qubits, check=False)
            frames[qubits[0]] = _reduced(rest + phi)
            return
        if (native := self.coupling(name, node.params)) is not None:
            gate, angle = native
            if gate is not None:
                new.apply_operation_back(gate, qubits, check=False)
            for qubit in qubits:
                frames[qubit] = _reduced(frames[qubit] + angle)
            return
        if name in _DROPS_FRAME:
            frames[qubits[0]] = 0.0
        elif name not in _KEEPS_FRAME:
            self._realise(qubits, new, frames)
        new.apply_operation_back(node.op, qubits, node.cargs, check=False)

    def _realise(
        self, qubits: Sequence[Qubit], new: DAGCircuit, frames: dict[Qubit, Angle]
    ) -> None:
        for qubit in qubits:
            if not _is_turns(frames[qubit]):
                for pulse in self.rotation(frames[qubit]):
                    new.apply_operation_back(pulse, (qubit,), check=False)
            frames[qubit] = 0.0


class VirtualZForR(VirtualZ):
    """To r (IQM's prx) and cz: any gate is one pulse, U(theta, phi, lam) = Rz(phi + lam) R(theta, pi/2 - lam)."""

    basis = ("u", "r", "rz", "cz")

    def pulses(self, theta: Angle, lam: Angle) -> tuple[Pulses, Angle]:
        """One."""
        return [RGate(_reduced(theta), _reduced(_HALF - lam))], lam

    def rotation(self, angle: Angle) -> Pulses:
        """Two pi pulses."""
        return [RGate(math.pi, 0.0), RGate(math.pi, _reduced(angle / 2))]

    def coupling(self, name: str, params: Sequence[Angle]) -> tuple[Gate | None, Angle] | None:
        """Cz as it is."""
        return (CZGate(), 0.0) if name == "cz" else None


class VirtualZForGpi(VirtualZ):
    """To GPi, GPi2, rz and rzz (IonQ's zz).

    A gate is one pulse where it turns by pi/2 or pi, else two GPi2 pulses: U(theta, phi, lam) =
    Rz(phi + pi) Rx(pi/2) Rz(theta + pi) Rx(pi/2) Rz(lam), up to a global phase.
    """

    basis = ("u", "r", "rz", "cz", "cp", "rzz", "GPi", "GPi2")

    def pulses(self, theta: Angle, lam: Angle) -> tuple[Pulses, Angle]:
        """One or two."""
        axis = _HALF - lam
        turn = _reduced(theta)
        for angle, gate in ((math.pi, GPIGate), (_HALF, GPI2Gate)):
            if _is_turns(turn - angle):
                return [gate(_reduced(axis))], lam
            if _is_turns(turn + angle):
                return [gate(_reduced(axis + math.pi))], lam
        middle = theta + lam + math.pi
        return [GPI2Gate(_reduced(-lam)), GPI2Gate(_reduced(-middle))], middle + math.pi

    def rotation(self, angle: Angle) -> Pulses:
        """The rotation, which costs no pulse: whoever writes the program follows it."""
        return [RZGate(_reduced(angle))]

    def coupling(self, name: str, params: Sequence[Angle]) -> tuple[Gate | None, Angle] | None:
        """Rzz, and those that differ from it by rotations about Z.

        A known angle is brought to within pi/2 of 0, the smallest that does the same: Rzz(a + pi) is
        Rzz(a) Z Z. The further an ion gate turns, the larger its error.
        """
        if name == "rzz":
            angle, frame = params[0], 0.0
        elif name == "cz":
            angle, frame = _HALF, -_HALF
        elif name == "cp":
            angle, frame = -params[0] / 2, params[0] / 2
        else:
            return None
        if _number(angle) is None:
            return RZZGate(angle), frame
        # Of -pi/2 and pi/2, which do the same, the latter: some checks of Qiskit programs know no negative rzz.
        halves = math.ceil(float(angle) / math.pi - 0.5 - _NOTHING)
        angle = float(angle) - halves * math.pi
        frame = frame + halves * math.pi
        return (None if abs(angle) < _NOTHING else RZZGate(angle)), frame


class _Translation(PassManagerStagePlugin):
    """Qiskit's own translation to what a pass reads, then the pass."""

    virtual_z: type[VirtualZ]

    def pass_manager(
        self, pass_manager_config: PassManagerConfig, optimization_level: int | None = None
    ) -> PassManager:
        """The stage, for every optimization level."""
        given = pass_manager_config
        last = self.virtual_z()
        basis = [*last.basis, *_AROUND]
        # Without the target, which is full of gates that Qiskit's synthesis does not know. Directions do not
        # matter: the native two-qubit gates are symmetric.
        return PassManager(
            [
                UnitarySynthesis(
                    ["u", "cz"],
                    approximation_degree=given.approximation_degree,
                    coupling_map=given.coupling_map,
                    plugin_config=given.unitary_synthesis_plugin_config,
                    method=given.unitary_synthesis_method,
                ),
                HighLevelSynthesis(
                    hls_config=given.hls_config,
                    coupling_map=given.coupling_map,
                    use_qubit_indices=True,
                    equivalence_library=SessionEquivalenceLibrary,
                    basis_gates=basis,
                    qubits_initially_zero=given.qubits_initially_zero,
                ),
                BasisTranslator(SessionEquivalenceLibrary, basis),
                Optimize1qGatesDecomposition(
                    basis=["u"]
                ),  # a run of gates is one before it is pulses
                last,
            ]
        )


class IqmTranslation(_Translation):
    """The plugin ``qhub_iqm``: r and cz."""

    virtual_z = VirtualZForR


class IonqTranslation(_Translation):
    """The plugin ``qhub_ionq``: GPi, GPi2, rz and rzz."""

    virtual_z = VirtualZForGpi


def _number(angle: Any) -> float | None:
    """The angle as a number, or None for one with free parameters; those that cancel are not free."""
    try:
        return float(angle)
    except TypeError:
        return None


def _reduced(angle: Angle) -> Angle:
    """A known angle in -pi to pi: a whole turn is a global phase at most."""
    number = _number(angle)
    return angle if number is None else math.remainder(number, 2 * math.pi)


def _is_turns(angle: Angle) -> bool:
    """Whether the angle is known, and a whole number of turns."""
    number = _number(angle)
    return number is not None and abs(math.remainder(number, 2 * math.pi)) < _NOTHING
