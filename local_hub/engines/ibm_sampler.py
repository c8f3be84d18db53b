"""SamplerV2: bits of each classical register, for each PUB and each of its parameter sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ControlFlowOp, QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit_aer import AerSimulator

from local_hub.engines.base import Refused, Task
from local_hub.engines.ibm_device import Compact, Device, check_size
from local_hub.engines.ibm_options import not_simulated

# IBM's service takes so many executions (parameter sets times shots) in a job.
_MOST_EXECUTIONS = 10_000_000
_PARTS = 3


@dataclass(frozen=True)
class SamplerJob:
    """PUBs that a device takes."""

    task: Task
    device: Device
    pubs: list[SamplerPub]

    @classmethod
    def of(cls, task: Task, device: Device, entries: list[list[Any]]) -> SamplerJob:
        """Read PUBs: `[circuit, parameter values, shots]`.

        Raises:
            Refused: one is none, or the device does not take it.
        """
        options = task.input.get("options", {})
        kind = options.get("execution", {}).get("meas_type", "classified")
        if kind != "classified":
            raise Refused(
                f"`options.execution.meas_type` is {kind!r}: a simulation has classified bits only."
            )
        default = task.input.get("shots") or options.get("default_shots") or task.shots
        pubs = [
            _pub(entry, f"pubs[{index}]", default, device) for index, entry in enumerate(entries)
        ]
        executions = sum(pub.shots * pub.parameter_values.size for pub in pubs)
        if executions > _MOST_EXECUTIONS:
            raise Refused(
                f"the job has {executions} executions (parameter sets times shots): at most {_MOST_EXECUTIONS}."
            )
        for index, pub in enumerate(pubs):
            check_size(Compact.of(pub.circuit), task, f"pubs[{index}]")
        return cls(task, device, pubs)

    def run(self, seed: int) -> PrimitiveResult[SamplerPubResult]:
        """Simulate all PUBs."""
        rng = np.random.default_rng(seed)
        notes: list[str] = []
        results = [
            self._run_pub(pub, f"pubs[{index}]", rng, notes) for index, pub in enumerate(self.pubs)
        ]
        told = {"noise": notes, "not_simulated": not_simulated(self.task.input.get("options", {}))}
        return PrimitiveResult(results, metadata={"version": 2, "local_hub": told})

    def _run_pub(
        self, pub: SamplerPub, where: str, rng: np.random.Generator, notes: list[str]
    ) -> SamplerPubResult:
        compact = Compact.of(pub.circuit)
        noise = None
        if self.task.noise and compact.qubits:
            most = self.task.limits["noisy_qubits"]
            if len(compact.qubits) <= most:
                noise = compact.noise(self.device)
                notes.append(f"{where}: the noise of the newest calibration")
            else:
                notes.append(
                    f"{where}: none, since it uses {len(compact.qubits)} qubits, and up to {most} are simulated with it"
                )
        bound = [pub.parameter_values.bind(compact.circuit, place) for place in _places(pub)]
        for circuit in bound:
            # Angles are known only now.
            self.device.check_angles(circuit, compact.qubits, where)
        rows = [
            simulate(circuit, compact, pub.shots, noise, self.task, where, rng) for circuit in bound
        ]
        return SamplerPubResult(
            _registers(pub, rows), metadata={"circuit_metadata": pub.circuit.metadata or {}}
        )


def simulate(
    circuit: QuantumCircuit,
    compact: Compact,
    shots: int,
    noise: Any,
    task: Task,
    where: str,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Run a circuit without free parameters; bits of shape (shots, classical bits), bit i in column i."""
    width = circuit.num_clbits
    if not compact.qubits:
        return np.zeros((shots, width), dtype=np.uint8)
    simulator = AerSimulator(
        noise_model=noise,
        seed_simulator=int(rng.integers(1 << 31)),
        max_parallel_threads=task.cores,
    )
    if len(compact.qubits) > task.limits["qubits"]:
        check_size(Compact(circuit, compact.qubits), task, where)
        clifford = Compact(circuit, compact.qubits).clifford()
        assert clifford is not None
        circuit = clifford
        simulator.set_options(method="stabilizer")
    try:
        result = simulator.run(circuit, shots=shots).result()
        counts: dict[str, int] = result.data(0)["counts"] if result.success else {}
    except QiskitError as error:
        raise Refused(f"`{where}` cannot be simulated: {error.message}") from error
    if not result.success:
        raise Refused(f"`{where}` cannot be simulated: {result.status}")
    size = -(-width // 8)
    packed = b"".join(int(key, 16).to_bytes(size, "little") for key in counts)
    words = np.frombuffer(packed, dtype=np.uint8).reshape(len(counts), size)
    bits = np.unpackbits(words, axis=1, bitorder="little")[:, :width]
    rows = np.repeat(bits, list(counts.values()), axis=0)
    shuffled: NDArray[np.uint8] = rows[rng.permutation(shots)]
    return shuffled


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
    if not pub.circuit.num_clbits or not _measures(pub.circuit):
        raise Refused(f"`{where}` measures nothing: add a measurement.")
    if not all(register.name.isidentifier() for register in pub.circuit.cregs):
        names = ", ".join(register.name for register in pub.circuit.cregs)
        raise Refused(f"`{where}` has a classical register that is no Python name ({names}).")
    device.check(pub.circuit, where)
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


def _places(pub: SamplerPub) -> list[tuple[int, ...]]:
    return list(np.ndindex(pub.parameter_values.shape))


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
