"""Native gates of vendors that Qiskit has not.

Angles are in radians, as everywhere in Qiskit and in Amazon Braket, whose spelling the names have. IonQ's own
interface counts in turns: gates of that convention are called ``gpi`` and ``gpi2`` in Qiskit, so that neither a
transpiler nor a backend can take one for the other.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Gate, Parameter, ParameterExpression, QuantumCircuit
from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
from qiskit.circuit.library import UGate

__all__ = ["GPI2Gate", "GPIGate", "native_gates"]


class GPIGate(Gate):
    """IonQ's GPI: a pi rotation about an axis in the equator, ``[[0, exp(-i phi)], [exp(i phi), 0]]``.

    Source: IonQ, "Getting started with native gates", and Braket's ``GPi``.
    """

    def __init__(self, phi: float | ParameterExpression, label: str | None = None) -> None:
        """Create the gate.

        Args:
            phi: Angle of the axis in radians; 0 is X, pi/2 is Y.
            label: A label for drawings.
        """
        super().__init__("GPi", 1, [phi], label=label)

    def inverse(self, annotated: bool = False) -> GPIGate:
        """Itself."""
        return GPIGate(self.params[0])

    def _define(self) -> None:
        definition = QuantumCircuit(1, global_phase=math.pi / 2)
        definition.r(math.pi, self.params[0], 0)
        self.definition = definition

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        turn = cmath.exp(1j * float(self.params[0]))
        return np.array([[0, turn.conjugate()], [turn, 0]], dtype=dtype or complex)


class GPI2Gate(Gate):
    """IonQ's GPI2: a pi/2 rotation about an axis in the equator, Qiskit's ``RGate(pi/2, phi)``.

    Source: as for `GPIGate`.
    """

    def __init__(self, phi: float | ParameterExpression, label: str | None = None) -> None:
        """Create the gate.

        Args:
            phi: Angle of the axis in radians; 0 is the square root of X up to a phase.
            label: A label for drawings.
        """
        super().__init__("GPi2", 1, [phi], label=label)

    def inverse(self, annotated: bool = False) -> GPI2Gate:
        """The rotation about the opposite axis."""
        return GPI2Gate(self.params[0] + math.pi)

    def _define(self) -> None:
        definition = QuantumCircuit(1)
        definition.r(math.pi / 2, self.params[0], 0)
        self.definition = definition

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        turn = cmath.exp(1j * float(self.params[0]))
        matrix = np.array([[1, -1j * turn.conjugate()], [-1j * turn, 1]]) / math.sqrt(2)
        return matrix.astype(dtype or complex)


def native_gates() -> dict[str, Gate]:
    """The gates of this module by name, with free parameters, as a target takes them."""
    return {"GPi": GPIGate(Parameter("phi")), "GPi2": GPI2Gate(Parameter("phi"))}


def _teach_qiskit() -> None:
    """Tell Qiskit how U becomes these gates: its first stage breaks large gates down to the target's own."""
    theta, phi, lam = (Parameter(name) for name in ("theta", "phi", "lam"))
    pulses = QuantumCircuit(1)
    # U = Rz(theta + phi + lam) GPI2(-(theta + lam + pi)) GPI2(-lam) up to a global phase.
    pulses.append(GPI2Gate(-lam), [0])
    pulses.append(GPI2Gate(-theta - lam - math.pi), [0])
    pulses.rz(theta + phi + lam, 0)
    pulses.global_phase = (phi + lam) / 2
    SessionEquivalenceLibrary.add_equivalence(UGate(theta, phi, lam), pulses)


_teach_qiskit()
