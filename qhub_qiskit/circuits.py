"""Reading a circuit: its gates as plain data, its measurements as a classical layout, its faults by name.

Every system's encoder starts here, so that what a backend cannot do is refused in one place, before anything
is sent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from qiskit.circuit import (
    CircuitInstruction,
    Gate,
    ParameterExpression,
    QuantumCircuit,
    Qubit,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator
from qiskit.transpiler import Target

from shared_transport.bits import ClassicalLayout
from shared_transport.errors import ValidationError

__all__ = ["Acceptance", "GateList", "PlainGate", "Program", "read_circuit"]

PlainGate: TypeAlias = tuple[str, tuple[float, ...], tuple[int, ...]]
GateList: TypeAlias = list[PlainGate]

_NEVER_TRANSPILED = frozenset(
    {
        "reset", "delay", "if_else", "while_loop", "for_loop", "switch_case", "box", "break_loop",
        "continue_loop", "store", "initialize",
    }
)  # fmt: skip
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


@dataclass(frozen=True)
class Program:
    """A circuit that a backend can execute, as plain data.

    Attributes:
        gates: Name, parameters in radians, and qubits of each gate, barrier, reset and delay (its parameter is
            in seconds), in order. Measurements are all at the end and stand in `layout`; of a `dynamic` circuit
            the list is empty.
        layout: Which qubit each classical bit holds in the end; of a `dynamic` circuit, which bit: itself.
        num_qubits: Number of qubits, each an index into the device's list of qubits.
        name: The circuit's name.
        dynamic: Whether it uses a qubit after its measurement, or has control flow: then only `circuit` tells
            what it does.
        circuit: The circuit as it was given.
        metadata: The circuit's metadata.
        header: What a Qiskit result header says of the circuit beside `layout`, name and metadata.
    """

    gates: GateList
    layout: ClassicalLayout
    num_qubits: int
    name: str
    dynamic: bool
    circuit: QuantumCircuit
    metadata: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)

    @property
    def active_qubits(self) -> list[int]:
        """The qubits that something but a barrier touches, ascending. Only of circuits that are not dynamic."""
        active = {q for name, _, qubits in self.gates if name != "barrier" for q in qubits}
        active.update(q for q in self.layout.measured if isinstance(q, int))
        return sorted(active)

    def compacted(self) -> Program:
        """The same program over its active qubits alone, in their order.

        A simulator's effort doubles with each qubit, idle or not.
        """
        active = self.active_qubits
        if len(active) == self.num_qubits:
            return self
        place = {qubit: position for position, qubit in enumerate(active)}
        gates = [
            (name, params, tuple([place[q] for q in qubits if q in place]))
            for name, params, qubits in self.gates
        ]
        sources = tuple(None if s is None else place[s] for s in self.layout.sources)  # type: ignore[index]
        layout = ClassicalLayout(self.layout.registers, sources)
        return Program(
            gates,
            layout,
            len(place),
            self.name,
            False,
            self.circuit,
            self.metadata,
            self.header,
        )


@dataclass(frozen=True)
class Acceptance:
    """What a backend accepts, ready to hold many circuits against it.

    Attributes:
        target: What the backend can do.
        backend: The backend's id, for messages.
        labels: The vendor's label of each qubit, for messages.
        midway: Whether a qubit may be used after its measurement.
    """

    target: Target
    backend: str
    labels: tuple[str, ...]
    midway: bool
    places: Mapping[str, frozenset[tuple[int, ...]] | None] = field(init=False)
    own_gates: Mapping[str, type] = field(init=False)
    bounded: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = self.target.operation_names
        places: dict[str, frozenset[tuple[int, ...]] | None] = {}
        own: dict[str, type] = {}
        standard = get_standard_gate_name_mapping()
        for name in names:
            qargs = self.target[name]
            everywhere = qargs is None or None in qargs
            places[name] = None if everywhere else frozenset(qargs)
            operation = self.target.operation_from_name(name)
            if name not in standard and not isinstance(operation, type):
                own[name] = type(operation)
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "own_gates", own)
        bounded = [name for name in names if self.target.gate_has_angle_bounds(name)]
        object.__setattr__(self, "bounded", frozenset(bounded))

    def on(self, qubits: Sequence[int]) -> str:
        """Qubits in words: their numbers, and the vendor's labels where those differ."""
        word = "qubit" if len(qubits) == 1 else "qubits"
        text = f"{word} {', '.join(map(str, qubits))}"
        labels = [self.labels[q] if q < len(self.labels) else str(q) for q in qubits]
        return text if labels == list(map(str, qubits)) else f"{text} ({', '.join(labels)})"


def read_circuit(
    circuit: QuantumCircuit, accepts: Acceptance, *, needs_measurement: bool = True
) -> Program:
    """Read a circuit for a backend.

    Args:
        circuit: The circuit; its qubit i is the device's qubit i.
        accepts: What the backend accepts.
        needs_measurement: Whether a circuit without measurement is refused.

    Raises:
        ValidationError: The backend cannot execute it; the error names the instruction, the qubit, the
            backend and the way out.
    """
    _check_size(circuit, accepts)
    place = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    bit_number = {bit: i for i, bit in enumerate(circuit.clbits)}
    sources: list[int | None] = [None] * len(circuit.clbits)
    measured: set[int] = set()
    dynamic = False
    gates: GateList = []
    all_numbers: list[float] = []
    bounded = accepts.bounded
    accepted: dict[str, dict[tuple[Qubit, ...], tuple[int, ...]]] = defaultdict(dict)
    for instruction in circuit.data:
        name = instruction.name
        on = instruction.qubits
        qubits = accepted[name].get(on, ())
        if not qubits:
            qubits = tuple([place[q] for q in on])
            if name != "barrier":
                _check_place(name, qubits, accepts)
            accepted[name][on] = qubits
        if name == "measure":
            sources[bit_number[instruction.clbits[0]]] = qubits[0]
            measured.add(qubits[0])
            continue
        if name == "barrier":
            gates.append((name, (), qubits))
            continue
        if not instruction.is_standard_gate():
            if _is_control_flow(instruction):
                dynamic = True
                if _writes(instruction):
                    measured.update(qubits)
                _check_blocks(instruction, qubits, accepts)
                continue
            _check_kind(instruction, name, qubits, accepts)
        if measured and not measured.isdisjoint(qubits):
            dynamic = True
            if not accepts.midway:
                raise _midway(name, next(q for q in qubits if q in measured), accepts)
        params = instruction.params
        numbers: tuple[float, ...]
        if name == "delay":
            numbers = (_seconds(instruction.operation, accepts),)
        else:
            numbers = tuple(params)
            all_numbers += params
        if name in bounded:
            numbers = _numbers(params, circuit, name)
            if not accepts.target.supported_angle_bound(name, list(numbers)):
                raise _out_of_bounds(name, numbers, qubits, accepts)
        gates.append((name, numbers, qubits))
    # All at once, which is several times as fast.
    if not ({*map(type, all_numbers)} <= {float} and all(map(math.isfinite, all_numbers))):
        gates = [(name, _numbers(params, circuit, name), qubits) for name, params, qubits in gates]
    if needs_measurement and not measured:
        raise ValidationError(
            f"The circuit {circuit.name!r} measures nothing, so {accepts.backend} would have nothing to return.",
            hint="Add measurements: circuit.measure_all().",
        )
    registers = tuple((r.name, r.size) for r in circuit.cregs)
    return Program(
        [] if dynamic else gates,
        ClassicalLayout(registers, tuple(range(len(sources)) if dynamic else sources)),
        circuit.num_qubits,
        circuit.name,
        dynamic,
        circuit,
        dict(circuit.metadata or {}),
        {
            "n_qubits": circuit.num_qubits,
            "qreg_sizes": [[r.name, r.size] for r in circuit.qregs],
            "global_phase": float(circuit.global_phase)
            if not isinstance(circuit.global_phase, ParameterExpression)
            else 0.0,
        },
    )


def _check_size(circuit: QuantumCircuit, accepts: Acceptance) -> None:
    width = accepts.target.num_qubits
    if width is not None and circuit.num_qubits > width:
        raise ValidationError(
            f"The circuit {circuit.name!r} has {circuit.num_qubits} qubits; {accepts.backend} has {width}.",
            hint="Use fewer qubits or a larger backend.",
        )
    if circuit.parameters:
        names = ", ".join(sorted(p.name for p in circuit.parameters))
        raise ValidationError(
            f"The circuit {circuit.name!r} has unbound parameters: {names}.",
            hint="Bind them: circuit.assign_parameters({...}).",
        )


def _check_place(name: str, qubits: tuple[int, ...], accepts: Acceptance) -> None:
    on = accepts.places.get(name, frozenset())
    if on is not None and qubits not in on:
        raise _cannot(name, qubits, accepts)


def _check_kind(
    instruction: CircuitInstruction, name: str, qubits: tuple[int, ...], accepts: Acceptance
) -> None:
    """That an instruction is what its name says: a namesake may do something else."""
    if name in ("reset", "delay"):
        return
    kind = accepts.own_gates.get(name)
    if kind is None or not _is_one(instruction.operation, kind):
        whose = "Qiskit's standard gate" if kind is None else "the backend's gate"
        raise ValidationError(
            f"The instruction {name!r} on {accepts.on(qubits)} is not {whose} of that name.",
            hint="Give it another name or decompose it: transpile(circuit, backend).",
        )


def _is_one(operation: Any, kind: type) -> bool:
    """Whether an instruction is a gate of a vendor: of its class, or as QPY restores one, by what it does."""
    if isinstance(operation, kind):
        return True
    if type(operation) is not Gate or operation.definition is None:
        return False
    if any(isinstance(param, ParameterExpression) for param in operation.params):
        return False
    return bool(np.allclose(Operator(operation).data, kind(*operation.params).to_matrix()))


def _check_blocks(
    instruction: CircuitInstruction, qubits: tuple[int, ...], accepts: Acceptance
) -> None:
    """That all within a control-flow instruction can be executed."""
    for block in instruction.operation.blocks:
        outer = dict(zip(block.qubits, qubits, strict=True))
        for inner in block.data:
            name = inner.name
            on = tuple([outer[q] for q in inner.qubits])
            if name == "barrier":
                continue
            _check_place(name, on, accepts)
            if _is_control_flow(inner):
                _check_blocks(inner, on, accepts)
            elif name != "measure" and not inner.is_standard_gate():
                _check_kind(inner, name, on, accepts)


def _is_control_flow(instruction: CircuitInstruction) -> bool:
    return bool(instruction.is_control_flow())


def _writes(instruction: CircuitInstruction) -> bool:
    """Whether a control-flow instruction measures something."""
    return any(
        inner.name == "measure" or (_is_control_flow(inner) and _writes(inner))
        for block in instruction.operation.blocks
        for inner in block.data
    )


def _cannot(name: str, qubits: tuple[int, ...], accepts: Acceptance) -> ValidationError:
    backend = accepts.backend
    if not qubits:
        problem = f"{backend} has no instruction {name!r}."
    elif name in accepts.places:
        problem = f"{backend} has no {name!r} on {accepts.on(qubits)}."
    else:
        problem = f"{backend} has no instruction {name!r} (on {accepts.on(qubits)})."
    if name in _NEVER_TRANSPILED:
        hint = f"The transpiler cannot replace {name!r}: leave it out or use a backend that declares it."
    else:
        hint = "Transpile first: backend.run(transpile(circuit, backend))."
    return ValidationError(problem, hint=hint)


def _midway(name: str, qubit: int, accepts: Acceptance) -> ValidationError:
    return ValidationError(
        f"{accepts.backend} has no mid-circuit measurement: {name!r} acts on {accepts.on([qubit])} after it "
        "was measured.",
        hint="Measure at the end, or use a backend that declares it.",
    )


def _out_of_bounds(
    name: str, angles: tuple[float, ...], qubits: tuple[int, ...], accepts: Acceptance
) -> ValidationError:
    return ValidationError(
        f"{accepts.backend} has no {name!r} with the angle {', '.join(map('{:g}'.format, angles))} "
        f"(on {accepts.on(qubits)}).",
        hint="Transpile first: backend.run(transpile(circuit, backend)).",
    )


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


def _seconds(delay: Any, accepts: Acceptance) -> float:
    """A delay's duration in seconds."""
    unit = delay.unit
    factor = accepts.target.dt if unit == "dt" else _SECONDS.get(unit)
    try:
        seconds = float(delay.duration) * float(factor) if factor else math.nan
    except TypeError:
        seconds = math.nan
    if math.isfinite(seconds) and seconds >= 0:
        return seconds
    raise ValidationError(
        f"The duration {delay.duration!r} {unit} of a delay cannot be told in seconds on {accepts.backend}.",
        hint="Give it in s, ms, us, ns or ps.",
    )
