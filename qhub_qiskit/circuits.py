"""Reading a circuit: its gates as plain data, its measurements as a classical layout, its faults by name.

Every system's encoder starts here, so that what a backend cannot do is refused in one place, before anything
is sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from qiskit.circuit import ParameterExpression, QuantumCircuit
from qiskit.transpiler import Target

from shared_transport.bits import ClassicalLayout
from shared_transport.errors import ValidationError

__all__ = ["GateList", "Program", "read_circuit"]

Gate: TypeAlias = tuple[str, tuple[float, ...], tuple[int, ...]]
GateList: TypeAlias = list[Gate]

_MEASURES_MIDWAY = "mid-circuit measurement"


@dataclass(frozen=True)
class Program:
    """A circuit that a backend can execute, as plain data.

    Attributes:
        gates: Name, parameters in radians, and qubits of each gate and barrier, in order; measurements are
            all at the end and stand in `layout`.
        layout: Which qubit each classical bit holds in the end.
        num_qubits: Number of qubits, each an index into the device's list of qubits.
        name: The circuit's name.
        metadata: The circuit's metadata.
        header: What a Qiskit result header says of the circuit beside `layout`, name and metadata.
    """

    gates: GateList
    layout: ClassicalLayout
    num_qubits: int
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)

    def compacted(self) -> Program:
        """The same program over its active qubits alone, in their order.

        A simulator's effort doubles with each qubit, idle or not.
        """
        active = {q for name, _, qubits in self.gates if name != "barrier" for q in qubits}
        active.update(q for q in self.layout.measured if isinstance(q, int))
        if len(active) == self.num_qubits:
            return self
        place = {qubit: position for position, qubit in enumerate(sorted(active))}
        gates = [
            (name, params, tuple(place[q] for q in qubits if q in place))
            for name, params, qubits in self.gates
        ]
        sources = tuple(None if s is None else place[s] for s in self.layout.sources)  # type: ignore[index]
        layout = ClassicalLayout(self.layout.registers, sources)
        return Program(gates, layout, len(place), self.name, self.metadata, self.header)


def read_circuit(
    circuit: QuantumCircuit, target: Target, backend: str, *, needs_measurement: bool = True
) -> Program:
    """Read a circuit for a backend.

    Args:
        circuit: The circuit; its qubit i is the device's qubit i.
        target: What the backend can do.
        backend: The backend's id, for messages.
        needs_measurement: Whether a circuit without measurement is refused.

    Raises:
        ValidationError: The backend cannot execute it; the error names the instruction, the qubit, the
            backend and the way out.
    """
    _check_size(circuit, target, backend)
    number = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    bit_number = {bit: i for i, bit in enumerate(circuit.clbits)}
    sources: list[int | None] = [None] * len(circuit.clbits)
    measured: set[int] = set()
    gates: GateList = []
    known = _places(target)
    for instruction in circuit.data:
        name = instruction.name
        qubits = tuple([number[q] for q in instruction.qubits])
        if name == "measure":
            sources[bit_number[instruction.clbits[0]]] = qubits[0]
            measured.add(qubits[0])
            continue
        if name == "barrier":
            gates.append((name, (), qubits))
            continue
        if name not in known or (known[name] is not None and qubits not in known[name]):  # type: ignore[operator]
            raise _cannot(name, qubits, known, backend)
        if not instruction.is_standard_gate():
            raise ValidationError(
                f"The instruction {name!r} on {_on(qubits)} is not Qiskit's standard gate of that name.",
                hint="Give it another name or decompose it: transpile(circuit, backend).",
            )
        if not measured.isdisjoint(qubits):
            touched = next(q for q in qubits if q in measured)
            raise ValidationError(
                f"{backend} has no {_MEASURES_MIDWAY}: {name!r} acts on qubit {touched} after it was measured.",
                hint="Measure at the end, or use a backend that declares it.",
            )
        params = instruction.params
        gates.append((name, _numbers(params, circuit, name) if params else (), qubits))
    if needs_measurement and not measured:
        raise ValidationError(
            f"The circuit {circuit.name!r} measures nothing, so {backend} would have nothing to return.",
            hint="Add measurements: circuit.measure_all().",
        )
    return Program(
        gates,
        ClassicalLayout(tuple((r.name, r.size) for r in circuit.cregs), tuple(sources)),
        circuit.num_qubits,
        circuit.name,
        dict(circuit.metadata or {}),
        {
            "n_qubits": circuit.num_qubits,
            "qreg_sizes": [[r.name, r.size] for r in circuit.qregs],
            "global_phase": float(circuit.global_phase)
            if not isinstance(circuit.global_phase, ParameterExpression)
            else 0.0,
        },
    )


def _check_size(circuit: QuantumCircuit, target: Target, backend: str) -> None:
    width = target.num_qubits
    if width is not None and circuit.num_qubits > width:
        raise ValidationError(
            f"The circuit {circuit.name!r} has {circuit.num_qubits} qubits; {backend} has {width}.",
            hint="Use fewer qubits or a larger backend.",
        )
    if circuit.parameters:
        names = ", ".join(sorted(p.name for p in circuit.parameters))
        raise ValidationError(
            f"The circuit {circuit.name!r} has unbound parameters: {names}.",
            hint="Bind them: circuit.assign_parameters({...}).",
        )


def _places(target: Target) -> dict[str, frozenset[tuple[int, ...]] | None]:
    """Where each instruction is possible; None means on any qubits."""
    places: dict[str, frozenset[tuple[int, ...]] | None] = {}
    for name in target.operation_names:
        qargs = target[name]
        everywhere = qargs is None or None in qargs
        places[name] = None if everywhere else frozenset(qargs)
    return places


def _cannot(
    name: str, qubits: tuple[int, ...], known: Iterable[str], backend: str
) -> ValidationError:
    if name in known:
        problem = f"{backend} has no {name!r} on {_on(qubits)}."
    else:
        problem = f"{backend} has no instruction {name!r} (on {_on(qubits)})."
    if name in _NEVER_TRANSPILED:
        hint = f"The transpiler cannot replace {name!r}: leave it out or use a backend that declares it."
    else:
        hint = "Transpile first: backend.run(transpile(circuit, backend))."
    return ValidationError(problem, hint=hint)


_NEVER_TRANSPILED = frozenset(
    {
        "reset", "delay", "if_else", "while_loop", "for_loop", "switch_case", "box", "break_loop",
        "continue_loop", "store", "initialize",
    }
)  # fmt: skip


def _numbers(params: Iterable[Any], circuit: QuantumCircuit, name: str) -> tuple[float, ...]:
    try:
        numbers = tuple([float(p) for p in params])
    except TypeError:
        numbers = (math.nan,)
    if all(map(math.isfinite, numbers)):
        return numbers
    raise ValidationError(
        f"A parameter of {name!r} in the circuit {circuit.name!r} is not a finite real number.",
        hint="Bind all parameters to finite numbers.",
    )


def _on(qubits: tuple[int, ...]) -> str:
    word = "qubit" if len(qubits) == 1 else "qubits"
    return f"{word} {', '.join(map(str, qubits))}"
