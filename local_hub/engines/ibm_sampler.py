"""SamplerV2: bits of each classical register, for each PUB and each of its parameter sets.

Source of the rules on registers, decoupling and shots: qiskit_ibm_runtime's validation and the documentation of its
options; of the metadata's shape, the results that IBM shows in its guides.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ControlFlowOp, QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.execution_span import DoubleSliceSpan, ExecutionSpans

from local_hub.engines.base import Refused, Task
from local_hub.engines.ibm_device import Compact, Device, check_finite, check_size, noise_of
from local_hub.engines.ibm_fit import fitted
from local_hub.engines.ibm_options import Notes, PrimitiveOptions

# IBM's service takes so many executions (parameter sets times shots) in a job.
_MOST_EXECUTIONS = 10_000_000
_PARTS = 3
# Circuits that Aer gets at once: fewer calls, and a bound on what one call holds.
_AT_ONCE = 100
# Names that a result's fields cannot have, besides those of `DataBin` itself.
_TAKEN = frozenset(DataBin._RESTRICTED_NAMES) | {"self"}


@dataclass(frozen=True)
class SamplerJob:
    """PUBs that a device takes."""

    task: Task
    device: Device
    pubs: list[SamplerPub]
    options: PrimitiveOptions
    notes: Notes

    @classmethod
    def of(cls, task: Task, device: Device, entries: list[list[Any]]) -> SamplerJob:
        """Read PUBs: `[circuit, parameter values, shots]`.

        Raises:
            Refused: one is none, or the device does not take it.
        """
        options = PrimitiveOptions.of_sampler(task.input)
        kind = options.group("execution").get("meas_type", "classified")
        if kind != "classified":
            raise Refused(
                f"`options.execution.meas_type` is {kind!r}: a simulation has classified bits only."
            )
        default = (
            task.input.get("shots")
            or options.shots_of_twirling
            or options.given.get("default_shots")
            or task.shots
        )
        notes = Notes()
        pubs = []
        for index, entry in enumerate(entries):
            where = f"pubs[{index}]"
            fit = fitted(entry[0], device, where)
            if fit.places is not None:
                notes.changes.append(
                    f"{where}: transpiled, since it was not in {device.id}'s gates"
                )
            pubs.append(_pub([fit.circuit, *entry[1:]], where, default, device))
            if options.decoupling["enable"] and is_dynamic(fit.circuit):
                raise Refused(
                    f"`{where}` has control flow: {device.id} takes `options.dynamical_decoupling.enable` without it."
                )
        executions = sum(pub.shots * pub.parameter_values.size for pub in pubs)
        if executions > _MOST_EXECUTIONS:
            raise Refused(
                f"the job has {executions} executions (parameter sets times shots): at most {_MOST_EXECUTIONS}."
            )
        for index, pub in enumerate(pubs):
            check_size(Compact.of(pub.circuit), task, f"pubs[{index}]")
        return cls(task, device, pubs, options, notes)

    def run(self, seed: int) -> PrimitiveResult[SamplerPubResult]:
        """Simulate all PUBs."""
        rng = np.random.default_rng(seed if self.options.seed is None else self.options.seed)
        notes = Notes(changes=self.notes.changes)
        results, spans = [], []
        for index, pub in enumerate(self.pubs):
            start = datetime.now(UTC)
            results.append(self._run_pub(pub, f"pubs[{index}]", rng, notes))
            size = pub.parameter_values.size
            part = ((*pub.parameter_values.shape, pub.shots), slice(0, size), slice(0, pub.shots))
            spans.append(DoubleSliceSpan(start, datetime.now(UTC), {index: part}))
        told = {
            "noise": notes.noise,
            "changes": notes.changes,
            "not_simulated": self.options.not_simulated(),
        }
        metadata = {
            "execution": {"execution_spans": ExecutionSpans(spans)},
            "version": 2,
            "local_hub": told,
        }
        decoupling, twirling = self.options.decoupling, self.options.twirling
        if decoupling["enable"]:
            metadata["dynamical_decoupling"] = decoupling
        if twirling["enable_gates"] or twirling["enable_measure"]:
            metadata["twirling"] = twirling
        return PrimitiveResult(results, metadata=metadata)

    def _run_pub(
        self, pub: SamplerPub, where: str, rng: np.random.Generator, notes: Notes
    ) -> SamplerPubResult:
        compact = Compact.of(pub.circuit)
        noise = noise_of(compact, self.device, self.task, where, notes.noise)
        places = list(np.ndindex(pub.parameter_values.shape))
        rows: list[NDArray[np.uint8]] = []
        for first in range(0, len(places), _AT_ONCE):
            bound = []
            for place in places[first : first + _AT_ONCE]:
                circuit = pub.parameter_values.bind(compact.circuit, place)
                # Angles are known only now.
                self.device.check_numbers(circuit, compact.qubits, where)
                bound.append(circuit)
            rows += _simulate(bound, compact, pub.shots, noise, self.task, where, rng)
        return SamplerPubResult(
            _registers(pub, rows), metadata={"circuit_metadata": pub.circuit.metadata or {}}
        )


def is_dynamic(circuit: QuantumCircuit) -> bool:
    """Whether it has control flow."""
    return any(isinstance(instruction.operation, ControlFlowOp) for instruction in circuit.data)


def _simulate(
    circuits: list[QuantumCircuit],
    compact: Compact,
    shots: int,
    noise: Any,
    task: Task,
    where: str,
    rng: np.random.Generator,
) -> list[NDArray[np.uint8]]:
    """Run circuits without free parameters.

    Returns:
        The bits of each, shape (shots, classical bits), bit i in column i, the shots in no order.
    """
    width = compact.circuit.num_clbits
    if not compact.qubits:
        return [np.zeros((shots, width), dtype=np.uint8) for _ in circuits]
    simulator = AerSimulator(
        noise_model=noise,
        seed_simulator=int(rng.integers(1 << 31)),
        max_parallel_threads=task.cores,
    )
    if len(compact.qubits) > task.limits["qubits"]:
        found = []
        for circuit in circuits:
            check_size(Compact(circuit, compact.qubits), task, where)
            clifford = Compact(circuit, compact.qubits).clifford()
            assert clifford is not None
            found.append(clifford)
        circuits = found
        simulator.set_options(method="stabilizer")
    try:
        result = simulator.run(circuits, shots=shots).result()
    except QiskitError as error:
        raise Refused(f"`{where}` cannot be simulated: {error.message}") from error
    if not result.success:
        raise Refused(f"`{where}` cannot be simulated: {result.status}")
    rows = []
    for index in range(len(circuits)):
        counts: dict[str, int] = result.data(index)["counts"]
        size = -(-width // 8)
        packed = b"".join(int(key, 16).to_bytes(size, "little") for key in counts)
        words = np.frombuffer(packed, dtype=np.uint8).reshape(len(counts), size)
        bits = np.unpackbits(words, axis=1, bitorder="little")[:, :width]
        rows.append(np.repeat(bits, list(counts.values()), axis=0)[rng.permutation(shots)])
    return rows


def _pub(entry: list[Any], where: str, shots: int, device: Device) -> SamplerPub:
    if len(entry) > _PARTS:
        raise Refused(f"`{where}` has {len(entry)} parts: circuit, parameter values, shots.")
    try:
        pub = SamplerPub.coerce(tuple(entry), shots)
    except (ValueError, TypeError, QiskitError) as error:
        raise Refused(f"`{where}` is no PUB of a sampler: {error}") from error
    if not 1 <= pub.shots <= device.max_shots:
        raise Refused(
            f"`{where}` has {pub.shots} shots; {device.id} takes 1 to {device.max_shots}."
        )
    if not pub.parameter_values.size:
        raise Refused(f"`{where}` has an array without a set of parameter values.")
    if not pub.circuit.num_clbits or not _measures(pub.circuit):
        raise Refused(f"`{where}` measures nothing: add a measurement.")
    check_finite(pub.parameter_values, where)
    if not pub.circuit.cregs:
        raise Refused(f"`{where}` measures into bits without a register: add a register.")
    for register in pub.circuit.cregs:
        name = register.name
        if not name.isidentifier() or keyword.iskeyword(name) or name in _TAKEN:
            raise Refused(
                f"`{where}` has a classical register named {name[:60]!r}, which no field of a result can be: it has "
                "to be a Python name, no keyword and none of shape, size, ndim, keys, values, items, self. Rename it."
            )
        if not len(register):
            raise Refused(f"`{where}` has the classical register {name!r} of size 0: remove it.")
    return pub


def _measures(circuit: QuantumCircuit) -> bool:
    return any(
        instruction.operation.name == "measure"
        or (
            isinstance(instruction.operation, ControlFlowOp)
            and any(_measures(block) for block in instruction.operation.blocks)
        )
        for instruction in circuit.data
    )


def _registers(pub: SamplerPub, rows: list[NDArray[np.uint8]]) -> DataBin:
    """The bits of each register, shape (parameter sets..., shots, bytes), as IBM's: big-endian bytes."""
    shape = pub.parameter_values.shape
    everything = np.stack(rows)  # parameter sets, shots, classical bits
    index = {bit: number for number, bit in enumerate(pub.circuit.clbits)}
    fields = {}
    for register in pub.circuit.cregs:
        columns = [index[bit] for bit in register]
        size = -(-len(columns) // 8)
        padded = np.zeros((*everything.shape[:2], 8 * size), dtype=np.uint8)
        padded[..., 8 * size - len(columns) :] = everything[..., columns[::-1]]
        packed = np.packbits(padded, axis=-1)
        array = packed.reshape(*shape, pub.shots, size)
        fields[register.name] = BitArray(array, len(columns))
    return DataBin(**fields, shape=shape)
