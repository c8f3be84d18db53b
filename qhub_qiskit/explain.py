"""What a run would be, before it is one: whether a circuit fits, how well it does, what is sent, what it costs.

Nothing is submitted. Whether it fits is decided by the checks that `run` makes, and what it would send is made by the
code that `run` sends with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from qiskit import transpile
from qiskit.circuit import CircuitInstruction, Gate, QuantumCircuit
from qiskit.exceptions import QiskitError

from shared_transport.errors import HubError, ValidationError
from shared_transport.explanation import Explanation, Explanations, Success
from shared_transport.models import Backend, BackendStateInfo
from shared_transport.parallel import at_once
from shared_transport.prices import Prices, price_of

from .circuits import read_circuit
from .systems import system_for

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from .backend import HubBackend
    from .options import RunOptions
    from .provider import HubProvider

__all__ = ["executed_of", "explain", "explain_everywhere", "success_of"]

# Keywords of `run` that are no options of the backend.
_RUN_ONLY = frozenset({"name", "tags", "session", "split_shots"})


def explain(
    backend: HubBackend,
    circuit: QuantumCircuit,
    *,
    prices: Prices | None = None,
    optimization_level: int | None = None,
    seed_transpiler: int | None = None,
    run: Mapping[str, Any],
) -> Explanation:
    """What `HubBackend.run` would do with a circuit. `HubBackend.explain` tells of the arguments.

    Raises:
        ValidationError: It is no circuit, or what was given as a price is none.
        HubError: The backend could not be asked.
    """
    _check(circuit)
    price = price_of(prices, backend.name)
    state = backend.client.backends.status(backend.name)
    told = _described(backend.hub_backend, state, circuit)
    told["input_format"] = str(backend._system.input_format)
    told["shots_range"] = backend._shots_range()
    fitted = _fitted(backend, circuit, run, optimization_level, seed_transpiler)
    if fitted.problem is not None:
        told.update(why=fitted.problem.message, hint=fitted.problem.hint)
    shots = run.get("shots")
    if shots is None or isinstance(shots, Integral):
        told["shots"] = backend.options.shots if shots is None else int(shots)
    if fitted.circuit is not None:
        told.update(executed_of(fitted.circuit, backend))
    requests = tuple(planned.request for planned in fitted.planned)
    if requests:
        told["input_format"] = str(requests[0].input_format)
    if prices is not None and requests:
        told["price_basis"] = "none was given for this backend"
        if price is not None:
            each = told.get("seconds")
            most = sum(request.shots for request in requests)
            told["price"], told["price_basis"] = price.of(
                tasks=len(requests), shots=most, seconds=None if each is None else each * most
            )
            if most > told["shots"]:  # the backend goes on until it has them
                told["price_basis"] = f"at most {told['price_basis']}"
    return Explanation(
        fits=fitted.problem is None,
        transpiled=None if fitted.circuit is None else fitted.circuit is not circuit,
        circuit=fitted.circuit if fitted.problem is None else None,
        requests=requests,
        **told,
    )


def explain_everywhere(
    provider: HubProvider,
    circuit: QuantumCircuit,
    *,
    prices: Prices | None = None,
    optimization_level: int | None = None,
    seed_transpiler: int | None = None,
    run: Mapping[str, Any],
    where: Mapping[str, Any],
) -> Explanations:
    """The same for all backends that fit conditions. `HubProvider.explain` tells of the arguments.

    Raises:
        ValidationError: It is no circuit, or what was given as a price is none.
        HubError: The backends could not be listed.
    """
    _check(circuit)
    backends = provider.backends(**where)
    rows = [] if where else _for_others(provider, {backend.name for backend in backends})
    how = {"optimization_level": optimization_level, "seed_transpiler": seed_transpiler}
    for backend, problem in zip(backends, at_once(_read, backends), strict=True):
        price_of(prices, backend.name)  # what is no price is an error, not a row
        try:
            if problem is not None:
                raise problem
            rows.append(explain(backend, circuit, prices=prices, run=run, **how))
        except HubError as missing:
            rows.append(Explanation(backend.name, None, str(missing), missing.hint))
    return Explanations(rows)


def executed_of(circuit: QuantumCircuit, backend: HubBackend) -> dict[str, Any]:
    """Of a circuit that a backend accepts, the fields of an `Explanation` that tell what is executed."""
    gates: Counter[str] = Counter()
    two = larger = 0
    for one in _instructions(circuit):
        gates[one.name] += 1
        two += len(one.qubits) == 2
        larger += len(one.qubits) > 2
    when = backend._calibrated_at
    by = "device's figures" if when is None else f"calibration of {when:%Y-%m-%d %H:%M} UTC"
    try:
        seconds: float | None = circuit.estimate_duration(backend.target, unit="s")
    except QiskitError:
        seconds = None  # the target does not know them all, or there is control flow
    return {
        "depth": circuit.depth(),
        "gates": dict(gates.most_common()),
        "two_qubit_gates": two,
        "larger_gates": larger,
        "success": success_of(circuit, backend.target, by),
        "seconds": seconds,
    }


def success_of(circuit: QuantumCircuit, target: Target, by: str = "device's figures") -> Success:
    """How likely one shot of a circuit sees no error: the product of 1 - error, as a target has it.

    Idle qubits, crosstalk, and what error mitigation makes up for are not in it.

    Args:
        circuit: A circuit that the target accepts.
        target: The target.
        by: What the target's figures are, for `Success.basis`.
    """
    kept, counted = 1.0, 0
    uncounted: Counter[str] = Counter()
    place = {qubit: number for number, qubit in enumerate(circuit.qubits)}
    for one in circuit.data:
        name = one.name
        if name in ("barrier", "delay"):
            continue
        if one.is_control_flow():
            return Success(None, f"which gates a {name} executes is known when it runs")
        error = _error(target, name, tuple(place[qubit] for qubit in one.qubits))
        if error is None:
            uncounted[name] += 1
        else:
            kept *= 1.0 - min(1.0, max(0.0, error))
            counted += 1
    if not counted:
        return Success()
    basis = f"the product of 1 - error over {counted} gates and readouts, by the {by}"
    if uncounted:
        left_out = ", ".join(f"{number} {name}" for name, number in uncounted.items())
        basis += f"; without figures, left out: {left_out}"
    return Success(kept, basis, dict(uncounted))


@dataclass(frozen=True)
class _Fitted:
    """A circuit held against a backend.

    Attributes:
        circuit: What the backend could execute; None if transpiling makes no such thing.
        planned: The jobs of a run of it.
        problem: Why `run` would refuse it.
    """

    circuit: QuantumCircuit | None
    planned: Sequence[Any] = ()
    problem: ValidationError | None = None


def _fitted(
    backend: HubBackend,
    circuit: QuantumCircuit,
    run: Mapping[str, Any],
    optimization_level: int | None,
    seed_transpiler: int | None,
) -> _Fitted:
    try:
        options = backend.options.changed(
            **{k: v for k, v in run.items() if k not in _RUN_ONLY and v is not None}
        )
    except ValidationError as refusal:
        return _Fitted(None, (), refusal)
    ready, problem = _ready(backend, circuit, options, optimization_level, seed_transpiler)
    if problem is not None:
        return _Fitted(None, (), problem)
    try:
        return _Fitted(ready, backend._plan(ready, **run))
    except ValidationError as refusal:
        return _Fitted(ready, (), refusal)


def _ready(
    backend: HubBackend,
    circuit: QuantumCircuit,
    options: RunOptions,
    optimization_level: int | None,
    seed_transpiler: int | None,
) -> tuple[QuantumCircuit, ValidationError | None]:
    """The circuit as it is where the backend takes it so, else transpiled; and what is still wrong with it."""
    try:
        backend._read(circuit, options)
    except ValidationError as problem:
        refusal = problem
    else:
        return circuit, None
    try:
        made = transpile(
            circuit,
            backend,
            optimization_level=optimization_level,
            seed_transpiler=seed_transpiler,
        )
    except (QiskitError, ValidationError) as problem:
        return circuit, _why_not(backend, circuit, refusal, problem)
    try:
        backend._read(made, options)
    except ValidationError as problem:
        return made, problem
    return made, None


def _why_not(
    backend: HubBackend, circuit: QuantumCircuit, refusal: ValidationError, problem: Exception
) -> ValidationError:
    """Why a circuit cannot be transpiled: what of it no transpiler replaces, else the transpiler's own words."""
    rest = circuit.copy_empty_like()
    for one in circuit.data:
        if not isinstance(one.operation, Gate) and one.name not in ("measure", "barrier"):
            rest.append(one)
    try:
        read_circuit(rest, backend._accepts(), needs_measurement=False)
    except ValidationError as exact:
        return exact
    words = getattr(problem, "message", str(problem))
    return ValidationError(f"{refusal.message} Transpiling does not help: {words}")


def _instructions(circuit: QuantumCircuit) -> Iterator[CircuitInstruction]:
    """All that is executed, once each, what stands within control flow too; no barriers."""
    for one in circuit.data:
        if one.is_control_flow():
            for block in one.operation.blocks:
                yield from _instructions(block)
        elif one.name != "barrier":
            yield one


def _error(target: Target, name: str, qubits: tuple[int, ...]) -> float | None:
    figures = (target[name] or {}).get(qubits)
    return None if figures is None else figures.error


def _described(
    described: Backend, state: BackendStateInfo, circuit: QuantumCircuit
) -> dict[str, Any]:
    return {
        "backend": described.id,
        "name": circuit.name,
        "qubits": circuit.num_qubits,
        "backend_qubits": described.configuration.qubit_count,
        "status": None if state.status is None else str(state.status),
        "queue": state.queue_size,
        "queue_seconds": state.queue_avg_time,
    }


def _for_others(provider: HubProvider, known: set[str]) -> list[Explanation]:
    """Backends that no circuit of Qiskit runs on, and why."""
    rows = []
    for described in provider.client.backends.list():
        if described.id in known:
            continue
        formats = list(map(str, described.configuration.supported_input_formats))
        try:
            system_for(described.provider, formats, described.id)
        except ValidationError as problem:
            rows.append(Explanation(described.id, False, problem.message, problem.hint))
    return rows


def _read(backend: HubBackend) -> HubError | None:
    """Read a backend's documents, which then are there, or say why not."""
    try:
        backend._accepts()
    except HubError as problem:
        return problem
    return None


def _check(circuit: object) -> None:
    if not isinstance(circuit, QuantumCircuit):
        raise ValidationError(
            f"explain() takes a QuantumCircuit, not {type(circuit).__name__}.",
            hint="Of a list, explain each circuit: [backend.explain(circuit) for circuit in circuits].",
        )
