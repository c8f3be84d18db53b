"""Writes docs/reference/features.md: what each backend does through each plugin, found out by doing it.

`python -m scripts.docs_features` runs small programs on every backend of a local Hub without noise. What works is
checked against its exact outcome and says "yes"; what is refused with a `ValidationError` says "no"; anything else ends
the script.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField
from braket.circuits import Circuit, Observable
from braket.program_sets import ProgramSet
from braket.timings.time_series import TimeSeries
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SparsePauliOp

from qhub_braket import HubDevice
from qhub_braket import HubProvider as BraketProvider
from qhub_qiskit import HubBackend, HubEstimator, HubProvider, HubSampler, HubSession
from shared_transport import ValidationError

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "features.md"
SHOTS = 400
# A photonic CNOT keeps one in nine shots, and each further two-qubit gate fewer.
PHOTONIC_SHOTS = 40_000
Backend = HubBackend
_LIMITS = Path(__file__).parents[1] / "local_hub" / "catalog" / "limits"
# The catalog's names of what people ask for.
_HELD = {
    "qubits": "qubits",
    "sample_qubits": "qubits",
    "noisy_qubits": "with noise",
    "statevector_qubits": "for a state vector",
    "atoms": "atoms",
    "noisy_atoms": "with noise",
    "noisy_photons": "photons with noise",
}


def page(hub: HubProvider) -> str:
    """The page's text.

    Args:
        hub: A local Hub, without noise.

    Raises:
        AssertionError: Something was not refused, but its outcome is wrong.
    """
    return "".join(_lines(hub))


def _lines(hub: HubProvider) -> Iterator[str]:
    described = sorted(hub.client.backends.list(), key=lambda backend: backend.id)
    qiskit = {backend.name: backend for backend in hub.backends()}
    yield "---\nhide:\n  - toc\n---\n\n"  # the tables are wide
    yield "# Backends and what they do\n\n"
    yield (
        "`python -m scripts.docs_features` writes this page, and a test does it again. Everything is tried on the\n"
        'local Hub, without noise, and its outcome compared with the exact one. "no" means that the plugin or the\n'
        "Hub refuses it before anything runs.\n\n"
    )
    yield "## What the Hub says\n\n"
    yield from _table(
        {
            one.id: [
                "simulator" if one.simulator else "QPU",
                str(one.configuration.qubit_count),
                _range(one.configuration.shots_range),
                " ".join(f"`{word}`" for word in one.configuration.supported_input_formats),
                "yes" if one.has_calibration else "no",
                _local(one.id),
            ]
            for one in described
        },
        ["", "qubits", "shots a job", "input", "calibration", "the local Hub holds"],
    )
    yield "\n## Through Qiskit\n\n"
    yield from _table(
        {one.id: _tried(_QISKIT, qiskit.get(one.id)) for one in described}, list(_QISKIT)
    )
    yield "\n## Through Braket\n\n"
    braket = BraketProvider(client=hub.client)
    yield from _table(
        {one.id: _tried(_BRAKET, braket.get_device(one.id)) for one in described}, list(_BRAKET)
    )


def _range(limits: Any) -> str:
    return f"{limits.min} to {limits.max:,}"


def _local(backend_id: str) -> str:
    """What this machine holds of it, by the catalog's own file."""
    limits = json.loads((_LIMITS / f"{backend_id}.json").read_text(encoding="utf-8"))
    words = [f"{limits[name]} {what}" for name, what in _HELD.items() if name in limits]
    assert words, backend_id
    return ", ".join(words)


def _table(rows: Mapping[str, list[str]], heads: list[str]) -> Iterator[str]:
    yield f"| backend | {' | '.join(heads)} |\n"
    yield "|---|" + "---|" * len(heads) + "\n"
    for name, cells in rows.items():
        yield f"| `{name}` | {' | '.join(cells)} |\n"


def _tried(probes: Mapping[str, Callable[[Any], object]], device: Any) -> list[str]:
    return ["no" if device is None else _try(probe, device) for probe in probes.values()]


def _try(probe: Callable[[Any], object], device: Any) -> str:
    try:
        answer = probe(device)
    except ValidationError:
        return "no"
    return answer if isinstance(answer, str) else "yes"


def _shots(backend: Backend) -> int:
    return PHOTONIC_SHOTS if "QUANDELA" in str(backend.hub_backend.provider) else SHOTS


def _ready(circuit: QuantumCircuit, backend: Backend) -> QuantumCircuit:
    return transpile(circuit, backend, optimization_level=1, seed_transpiler=1)


def _bell(measured: bool = True) -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


def _is_bell(counts: Mapping[str, int]) -> None:
    """Half of each, within six standard errors."""
    shots = sum(counts.values())
    assert set(counts) == {"00", "11"}, counts
    assert abs(counts["00"] - shots / 2) < 6 * math.sqrt(shots) / 2, counts


def _counts(backend: Backend) -> None:
    job = backend.run(_ready(_bell(), backend), shots=_shots(backend))
    _is_bell(job.result().get_counts())


def _memory(backend: Backend) -> None:
    result = backend.run(_ready(_bell(), backend), shots=_shots(backend), memory=True).result()
    memory = result.get_memory()
    assert {word: memory.count(word) for word in set(memory)} == result.get_counts()


def _list(backend: Backend) -> str:
    circuits = []
    for number in range(3):
        circuit = QuantumCircuit(2, 2)
        for qubit in range(2):
            if number >> qubit & 1:
                circuit.x(qubit)
        circuit.measure([0, 1], [0, 1])
        circuits.append(_ready(circuit, backend))
    job = backend.run(circuits, shots=20)
    words = [set(counts) for counts in job.result().get_counts()]
    assert words == [{"00"}, {"01"}, {"10"}], words
    return "one" if len(job.hub_jobs()) == 1 else "one each"


def _reset(backend: Backend) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.reset(0)
    circuit.measure(0, 0)
    assert set(_run(circuit, backend)) == {"0"}


def _midway(backend: Backend) -> None:
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.x(0)
    circuit.measure(0, 1)
    assert set(_run(circuit, backend)) == {"01"}


def _conditional(backend: Backend) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    assert set(_run(circuit, backend)) == {"11"}


def _run(circuit: QuantumCircuit, backend: Backend) -> dict[str, int]:
    if not {one.name for one in circuit.data} - {"measure"} <= _known(backend):
        raise ValidationError("The target does not have it.")
    counts: dict[str, int] = backend.run(_ready(circuit, backend), shots=20).result().get_counts()
    return counts


def _known(backend: Backend) -> set[str]:
    return {*backend.target.operation_names, "x"}


def _sampler(backend: Backend) -> None:
    job = HubSampler(backend).run([_ready(_bell(), backend)], shots=_shots(backend))
    _is_bell(job.result()[0].data.meas.get_counts())


def _estimator(backend: Backend) -> None:
    circuit = _ready(_bell(measured=False), backend)
    observable = SparsePauliOp("ZZ").apply_layout(circuit.layout)
    shots = _shots(backend)
    result = HubEstimator(backend).run([(circuit, observable)], precision=shots**-0.5).result()
    assert math.isclose(result[0].data.evs, 1.0)


def _session(backend: Backend) -> None:
    with HubSession(backend) as session:
        job = session.run(_ready(_bell(), backend), shots=SHOTS)
        _is_bell(job.result().get_counts())


def _ibm(backend: Backend) -> None:
    if not backend.runs_programs:
        raise ValidationError("It runs no programs of IBM's.")
    import warnings

    from qiskit_ibm_runtime import SamplerV2, Session

    with warnings.catch_warnings():
        # IBM announces successors of these classes, which the Hub does not take yet.
        warnings.simplefilter("ignore", DeprecationWarning)
        with Session(backend) as session:
            job = SamplerV2(mode=session).run([_ready(_bell(), backend)], shots=SHOTS)
    _is_bell(job.result()[0].data.meas.get_counts())


_QISKIT: Mapping[str, Callable[[Backend], object]] = {
    "`run`": _counts,
    "`memory=True`": _memory,
    "jobs for a list": _list,
    "`reset`": _reset,
    "measure midway": _midway,
    "`if_test`": _conditional,
    "`HubSampler`": _sampler,
    "`HubEstimator`": _estimator,
    "`HubSession`": _session,
    "IBM's primitives": _ibm,
}


def _device_shots(device: HubDevice) -> int:
    return PHOTONIC_SHOTS if device.provider_name == "QUANDELA" else SHOTS


def _circuit(device: HubDevice) -> None:
    task = device.run(Circuit().h(0).cnot(0, 1), shots=_device_shots(device))
    _is_bell(task.result().measurement_counts)


def _exact(device: HubDevice) -> None:
    circuit = Circuit().rx(0, 1.0).expectation(Observable.Z(), 0)
    assert np.isclose(device.run(circuit, shots=0).result().values[0], np.cos(1.0))


def _expectation(device: HubDevice) -> None:
    circuit = Circuit().h(0).cnot(0, 1).expectation(Observable.Z() @ Observable.Z(), [0, 1])
    assert np.isclose(device.run(circuit, shots=_device_shots(device)).result().values[0], 1.0)


def _program_set(device: HubDevice) -> str:
    task = device.run(ProgramSet([Circuit().x(0), Circuit().z(0)]), shots=200)
    found = [set(entry[0].counts) for entry in task.result()]
    assert found == [{"1"}, {"0"}], found
    return "one" if len(task.id.split(",")) == 1 else "one each"


def _noise(device: HubDevice) -> None:
    """A bit flip with a chance of a half, after which both outcomes are as likely."""
    counts = device.run(Circuit().x(0).bit_flip(0, 0.5), shots=SHOTS).result().measurement_counts
    assert abs(counts["0"] - SHOTS / 2) < 6 * math.sqrt(SHOTS) / 2, counts


def _atoms(device: HubDevice) -> None:
    """One atom and half a turn, driven on resonance: it is excited with certainty, but for the switching."""
    atoms = AtomArrangement()
    atoms.add([0.0, 0.0])
    ramp, amplitude = 0.1e-6, 1.0e7  # seconds, rad/s
    flat = np.pi / amplitude - ramp
    rabi, zero = TimeSeries(), TimeSeries()
    for time, value in (
        (0.0, 0.0),
        (ramp, amplitude),
        (ramp + flat, amplitude),
        (2 * ramp + flat, 0.0),
    ):
        rabi.put(time, value)
    for time in (0.0, 2 * ramp + flat):
        zero.put(time, 0.0)
    field = DrivingField(amplitude=rabi, phase=zero, detuning=zero)
    program = AnalogHamiltonianSimulation(register=atoms, hamiltonian=field)
    ran = program.discretize(device) if _is_analog(device) else program
    counts = device.run(ran, shots=100).result().get_counts()
    assert counts.get("r", 0) > 90, counts


def _is_analog(device: HubDevice) -> bool:
    return (
        "BRAKET_AHS_PROGRAM"
        in device.client.backends.get(device.arn).configuration.supported_input_formats
    )


_BRAKET: Mapping[str, Callable[[HubDevice], object]] = {
    "`Circuit`": _circuit,
    "`shots=0`": _exact,
    "expectation values": _expectation,
    "jobs for a `ProgramSet`": _program_set,
    "noise channels": _noise,
    "`AnalogHamiltonianSimulation`": _atoms,
}


if __name__ == "__main__":
    PAGE.write_text(page(HubProvider.local(seed=7, noise=False)), encoding="utf-8")
