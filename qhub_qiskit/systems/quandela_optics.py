"""From a circuit to linear optics, by perceval-interop, and how often those work.

Two kinds of CNOT: the post-selected one works with probability 1/9 (T. C. Ralph et al., Phys. Rev. A 65, 062324,
2002) and the heralded one with 2/27 (E. Knill, Phys. Rev. A 66, 052306, 2002). The first needs no further photon,
but tells its failure only in the end, by a qubit without exactly one photon; later gates must not be able to mend
that. They cannot where no chain of later gates joins its two qubits: then the number of photons on each side is
fixed from there on. perceval-interop post-selects the CNOTs of which that holds, and heralds the others.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qiskit.circuit import QuantumCircuit

from shared_transport.bits import ClassicalLayout
from shared_transport.extras import require_extra
from shared_transport.loading import keeping_handlers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qhub_qiskit.circuits import GateList, Program

__all__ = ["GATES", "Optics", "plan_optics", "serialized_experiment"]

# Perceval's catalog has these exactly; another one-qubit gate would be approximated by a numerical search.
_ONE_QUBIT = ("h", "x", "y", "z", "s", "sdg", "t", "tdg", "rx", "ry", "rz", "p")
GATES = ("id", *_ONE_QUBIT, "cx", "cz", "swap")

_MYQLM = "perceval_interop.myqlm"
_MYQLM_NAMES = (
    "MyQLMConverter",
    "MyQLMHelper",
    "MyQLMSession",
    "QuandelaQPUHandler",
    "MyQLMCommunicationLayer",
)


@dataclass(frozen=True)
class Optics:
    """A circuit as it is converted: qubit i is the i-th pair of modes.

    Attributes:
        gates: One-qubit gates and ``cx`` alone, on pairs of modes.
        heralded: For each ``cx`` in order, whether it is a heralded one; else it is post-selected.
        layout: Which pair of modes each classical bit holds.
        num_qubits: Number of pairs.
    """

    gates: GateList
    heralded: tuple[bool, ...]
    layout: ClassicalLayout
    num_qubits: int

    @property
    def entangling_gates(self) -> int:
        """Number of CNOTs."""
        return len(self.heralded)

    @property
    def success_rate(self) -> float:
        """The probability that all gates work, without losses and noise."""
        heralded = sum(self.heralded)
        return float((2 / 27) ** heralded * (1 / 9) ** (len(self.heralded) - heralded))

    @property
    def modes(self) -> int:
        """Number of modes: two a qubit and two more a CNOT of either kind."""
        return 2 * (self.num_qubits + self.entangling_gates)

    @property
    def photons(self) -> int:
        """Number of photons that go in: one a qubit and two more a heralded CNOT."""
        return self.num_qubits + 2 * sum(self.heralded)


def plan_optics(program: Program) -> Optics:
    """Plan a circuit's optics.

    Args:
        program: The circuit, over its active qubits alone, with the gates of `GATES`.
    """
    pair = list(range(program.num_qubits))
    gates: GateList = []
    for name, params, qubits in program.gates:
        on = tuple([pair[q] for q in qubits])
        if (
            name == "swap"
        ):  # the photons stay where they are: from here on the other pair is the qubit
            a, b = qubits
            pair[a], pair[b] = pair[b], pair[a]
        elif (
            name == "cz"
        ):  # as a CNOT it may be post-selected: perceval-interop has only a heralded CZ
            gates += [("h", (), on[1:]), ("cx", (), on), ("h", (), on[1:])]
        elif name not in ("barrier", "id"):
            gates.append((name, params, on))
    sources = tuple(pair[s] if isinstance(s, int) else None for s in program.layout.sources)
    heralded = _heralded([on for name, _, on in gates if name == "cx"], program.num_qubits)
    layout = ClassicalLayout(program.layout.registers, sources)
    return Optics(gates, heralded, layout, program.num_qubits)


@keeping_handlers()
def serialized_experiment(optics: Optics) -> tuple[str, str]:
    """Make Perceval's experiment of a circuit: optics, photons that go in, heralds and post-selection.

    Returns:
        Perceval's version, and the experiment as text.

    Raises:
        MissingExtraError: Perceval or perceval-interop is not installed.
    """
    require_extra("Encoding for a photonic platform", "qiskit", "perceval", "perceval_interop")
    interop = _perceval_interop()
    from perceval.serialization import serialize  # a second: at first use
    from perceval.utils import PMetadata, PostSelect

    circuit = QuantumCircuit(optics.num_qubits)
    for name, params, qubits in optics.gates:
        getattr(circuit, name)(*params, *qubits)
    experiment = interop.QiskitConverter().convert(circuit)
    # Perceval 1.3 moves a gate's own condition to wrong modes (that of cx(2, 1) of three qubits to 6 and 7 instead of 4
    # and 5). Where the heralds are right, this one asks nothing of a heralded gate. Without gates too: a source that
    # gives two photons at once makes states that are no qubits.
    one_each = [f"[{2 * q},{2 * q + 1}]==1" for q in range(optics.num_qubits)]
    experiment.set_postselection(PostSelect(" & ".join(one_each)))
    return PMetadata.short_version(), serialize(experiment)


def _heralded(cnots: Sequence[tuple[int, ...]], qubits: int) -> tuple[bool, ...]:
    """Which CNOTs perceval-interop heralds: those whose qubits are joined by later ones."""
    group = list(range(qubits))
    needed: list[bool] = []
    for a, b in reversed(cnots):
        joined, left = group[a], group[b]
        needed.append(joined == left)
        group = [joined if one == left else one for one in group]
    return tuple(reversed(needed))


@cache
def _perceval_interop() -> Any:
    """perceval-interop, which imports only with myQLM (module ``qat``), or with a stand-in for its part of it."""
    if find_spec("qat") is not None or "perceval_interop" in sys.modules:
        return import_module("perceval_interop")
    stand_in = ModuleType(_MYQLM)
    for name in _MYQLM_NAMES:
        setattr(stand_in, name, None)
    sys.modules[_MYQLM] = stand_in
    try:
        return import_module("perceval_interop")
    finally:
        sys.modules.pop(_MYQLM, None)
