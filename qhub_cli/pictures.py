"""A job's circuits as text: drawn by the SDK of their format, as they were sent where that is not installed."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from shared_transport.errors import MissingExtraError, ValidationError
from shared_transport.extras import require_extra
from shared_transport.loading import keeping_handlers

from .programs import parse_qasm
from .versions import install_line

if TYPE_CHECKING:
    from qiskit.circuit import Gate, QuantumCircuit

    from shared_transport.client import HubClient
    from shared_transport.models import Job

__all__ = ["Drawing", "draw_circuits"]

MOST_CIRCUITS = 8
MOST_OPERATIONS = 400
MOST_QUBITS = 64
_LONGEST_PROGRAM = 100_000
_LOOP = re.compile(r"\b(for|while)\b")
_LONGEST_TEXT = 5_000
_WIDEST = 200
_STANDARD_GATES = ';\ninclude "stdgates.inc";'
_OLDEST_QPY = 13  # what is older may hold expressions that are executed to be read


@dataclass(frozen=True)
class Drawing:
    """A circuit as text.

    Attributes:
        title: What it is.
        text: Lines for a font of one width.
    """

    title: str
    text: str


def draw_circuits(client: HubClient, job: Job, width: int) -> Iterator[Drawing]:
    """Draw a job's circuits, the first ones where there are many.

    Args:
        client: The Hub.
        job: The job.
        width: Where long circuits are folded.

    Raises:
        HubError: The Hub does not give the input.
    """
    document = client.jobs.input(job.id)
    draw = _BY_FORMAT.get(str(job.input_format), _as_sent)
    reason = ""
    try:
        drawings = list(islice(draw(document, job, min(width, _WIDEST)), MOST_CIRCUITS + 1))
    except MissingExtraError as missing:
        reason = f"as it was sent; to have it drawn: {install_line(missing.extra)}"
    except _unreadable() as problem:
        reason = f"as it was sent; not drawn: {problem}"
    if reason:
        drawings = [Drawing(f"{one.title} ({reason})", one.text) for one in _as_sent(document, job)]
    yield from drawings[:MOST_CIRCUITS]
    if len(drawings) > MOST_CIRCUITS:
        yield Drawing(f"and more circuits; these are the first {MOST_CIRCUITS}", "")


def _unreadable() -> tuple[type[Exception], ...]:
    """What readers of documents raise over one that is not of their format; Qiskit's own where it is loaded."""
    usual = (
        *(ValidationError, LookupError, TypeError, ValueError, AttributeError),
        *(ArithmeticError, RuntimeError),
    )
    qiskit = sys.modules.get("qiskit.exceptions")
    return usual if qiskit is None else (*usual, qiskit.QiskitError)


def _as_sent(document: Mapping[str, Any], job: Job, width: int = 0) -> Iterator[Drawing]:
    for title, text in _programs(document):
        yield Drawing(title, _clipped(text))
    if "qasm" not in document:
        yield Drawing("Input", _clipped(json.dumps(document, indent=1, ensure_ascii=False)))


def _programs(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of an input of OpenQASM."""
    found = document.get("qasm", [])
    for number, text in enumerate([found] if isinstance(found, str) else found):
        yield ("Circuit" if isinstance(found, str) else f"Circuit {number}"), str(text)


def _of_qiskit(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    language = str((job.input_params or {}).get("language") or job.input_format)
    for title, text in _programs(document):
        circuit = parse_qasm(text, 2 if "2" in language else 3, title)
        yield _drawn(circuit, title, width)


def _of_braket(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    require_extra("Drawing Braket's circuits", "braket", "braket.circuits")
    from braket.circuits import Circuit
    from braket.ir.openqasm import Program

    for title, text in _programs(document):
        if _LOOP.search(text) or len(text) > _LONGEST_PROGRAM:
            yield Drawing(f"{title} (as sent: Braket would unroll it)", _clipped(text))
            continue
        circuit = Circuit.from_ir(Program(source=text))
        # Braket's time grows with the gates times the qubits.
        if len(circuit.instructions) > MOST_OPERATIONS or circuit.qubit_count > MOST_QUBITS:
            size = f"{len(circuit.instructions)} operations on {circuit.qubit_count} qubits"
            yield Drawing(f"{title} ({size}, as sent)", _clipped(text))
        else:
            yield Drawing(title, str(circuit.diagram()))


def _of_runtime(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    """The circuits of IBM's PUBs, and of its noise learner."""
    require_extra("Drawing Qiskit's circuits", "qiskit", "qiskit.circuit")
    for number, entry in enumerate(document.get("pubs") or document.get("circuits") or ()):
        first = entry[0] if isinstance(entry, list) else entry
        first = first.get("circuit", first) if isinstance(first, dict) else first
        if isinstance(first, str):
            # IBM takes a program that names its gates without the file that defines them.
            text = first if "stdgates.inc" in first else first.replace(";", _STANDARD_GATES, 1)
            yield _drawn(parse_qasm(text, 3, f"PUB {number}"), f"Circuit {number}", width)
        else:
            yield _drawn(_load_qpy(first), f"Circuit {number}", width)


def _load_qpy(value: Mapping[str, str]) -> QuantumCircuit:
    import base64
    import io
    import zlib

    from qiskit import qpy

    try:
        data = zlib.decompress(base64.b64decode(value["__value__"]))
    except zlib.error as problem:
        reason = f"{problem}"
    else:
        if data[:6] == b"QISKIT" and data[6] >= _OLDEST_QPY:
            (circuit,) = qpy.load(io.BytesIO(data))
            return circuit
        reason = f"it is older than version {_OLDEST_QPY}"
    raise ValidationError(f"This QPY is not read: {reason}.")


def _of_ionq(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    require_extra("Drawing IonQ's circuits", "qiskit", "qiskit.circuit")
    from qiskit.circuit import QuantumCircuit

    circuit = QuantumCircuit(document["qubits"])
    for step in document["circuit"]:
        name = str(step.get("gate") or step["type"])
        controls = _list(step, "control")
        targets = _list(step, "target")
        box = _gate("c" * len(controls) + name, len(controls + targets), step.get("rotation"))
        circuit.append(box, controls + targets)
    yield _drawn(circuit, "Circuit", width)


def _of_iqm(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    require_extra("Drawing IQM's circuits", "qiskit", "qiskit.circuit")
    from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister

    for number, one in enumerate(document["circuits"]):
        steps = one["instructions"]
        loci = [step.get("qubits") or step.get("locus") or [] for step in steps]
        wires = {
            q: QuantumRegister(1, q) for q in dict.fromkeys(q for locus in loci for q in locus)
        }
        measured = sum(
            len(locus) for step, locus in zip(steps, loci, strict=True) if _measures(step)
        )
        circuit = QuantumCircuit(*wires.values(), ClassicalRegister(measured, "bits"))
        bits = iter(range(measured))
        for step, locus in zip(steps, loci, strict=True):
            qubits = [wires[q][0] for q in locus]
            if _measures(step):
                circuit.measure(qubits, [next(bits) for _ in qubits])
            elif step["name"] == "barrier":
                circuit.barrier(qubits)
            else:
                circuit.append(_gate(step["name"], len(qubits), *_angles(step)), qubits)
        yield _drawn(circuit, f"Circuit {number} ({one.get('name')})", width)


def _measures(step: Mapping[str, Any]) -> bool:
    return str(step["name"]).startswith("measure")


def _angles(step: Mapping[str, Any]) -> Iterator[float]:
    """Angle and phase in radians; the API's schema has them in turns (``angle_t``)."""
    arguments = step.get("args") or {}
    for name in ("angle", "phase"):
        if f"{name}_t" in arguments:
            yield math.tau * float(arguments[f"{name}_t"])
        elif name in arguments:
            yield float(arguments[name])


def _list(step: Mapping[str, Any], name: str) -> list[int]:
    """One qubit or several, under either of the names that IonQ has for them."""
    return list(step.get(f"{name}s") or ([step[name]] if name in step else []))


def _gate(name: str, width: int, *parameters: float | None) -> Gate:
    """Qiskit's gate of this name, so that it is drawn as usual; else a box with the name."""
    from qiskit.circuit import Gate
    from qiskit.circuit.library import get_standard_gate_name_mapping

    given = [value for value in parameters if value is not None]
    usual = {
        "cnot": "cx",
        "not": "x",
        "si": "sdg",
        "ti": "tdg",
        "v": "sx",
        "vi": "sxdg",
        "ccnot": "ccx",
    }
    known = get_standard_gate_name_mapping().get(usual.get(name, name))
    if isinstance(known, Gate) and known.num_qubits == width and not given and not known.params:
        return known
    return Gate(name, width, given)


def _of_photons(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    require_extra("Drawing photonic circuits", "qiskit", "perceval")
    with keeping_handlers():
        from perceval import Experiment
        from perceval.rendering import Format
        from perceval.rendering.pdisplay import pdisplay_circuit, pdisplay_experiment
        from perceval.serialization import deserialize

        found = deserialize(document.get("experiment") or document["circuit"])
        show = pdisplay_experiment if isinstance(found, Experiment) else pdisplay_circuit
        text = str(show(found, output_format=Format.TEXT, recursive=True, nsimplify=False))
        state = document.get("input_state")
        title = f"Circuit, input {deserialize(state)}" if state else "Circuit"
    yield Drawing(title, text)


def _of_atoms(document: Mapping[str, Any], job: Job, width: int) -> Iterator[Drawing]:
    """Where the atoms are, and between which values the fields go."""
    program = document["ahs_program"]
    register = program["setup"]["ahs_register"]
    atoms = zip(register["sites"], register["filling"], strict=False)
    lines = [
        f"{1e6 * float(x):10.3f} {1e6 * float(y):10.3f} µm  {'atom' if filled else 'empty'}"
        for (x, y), filled in islice(atoms, MOST_QUBITS)
    ]
    yield Drawing(f"{len(register['sites'])} sites", "\n".join(lines))
    lines = []
    for driving in program["hamiltonian"]["drivingFields"]:
        for name, field in driving.items():
            values = [float(value) for value in field["time_series"]["values"]]
            end = 1e6 * float(field["time_series"]["times"][-1])
            lines.append(f"{name}: {min(values):g} to {max(values):g} in {end:g} µs")
    yield Drawing("Fields", "\n".join(lines))


def _drawn(circuit: QuantumCircuit, title: str, width: int) -> Drawing:
    """A circuit drawn by Qiskit, as far as somebody reads it; wires that nothing acts on are left out."""
    head = circuit.copy_empty_like()
    wires: set[object] = set()
    for entry in circuit.data:
        wires.update(entry.qubits if entry.name != "barrier" else ())
        if len(head.data) == MOST_OPERATIONS or len(wires) > MOST_QUBITS:
            title = f"{title} (the first {len(head.data)} of {len(circuit.data)} operations)"
            break
        head.append(entry)
    text = head.draw("text", fold=width, idle_wires=False, cregbundle=True).single_string()
    return Drawing(title, text or "(no operation)")


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} … (cut off here)"


_BY_FORMAT: Mapping[str, Callable[[Mapping[str, Any], Job, int], Iterator[Drawing]]] = {
    "OPEN_QASM_V2": _of_qiskit,
    "OPEN_QASM_V3": _of_qiskit,
    "BRAKET_OPEN_QASM_V3": _of_braket,
    "BRAKET_AHS_PROGRAM": _of_atoms,
    "IONQ_CIRCUIT_V1": _of_ionq,
    "IQM_JOB_INPUT_V1": _of_iqm,
    "QISKIT_QPY": _of_runtime,
    "PERCEVAL": _of_photons,
}
