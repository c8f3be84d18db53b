"""Every system against exact simulation, through the local Hub without noise.

Distributions are held against Qiskit's `Statevector`; where a circuit has one certain outcome, keys are held against
Aer's and have to be equal. A distance is half the sum of absolute differences: with n shots and k outcomes its mean is
about sqrt(k / (2 pi n)), and it exceeds that by t with a chance below exp(-2 n t^2) (McDiarmid). `bound` allows the
mean and the t of a chance of 10^-9.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from qiskit import (
    ClassicalRegister,
    QuantumCircuit,
    QuantumRegister,
    generate_preset_pass_manager,
    transpile,
)
from qiskit.circuit import Clbit, Gate, ParameterVector
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from qhub_qiskit import HubBackend, HubProvider

SYSTEMS = (
    "aws.sim.sv1",
    "aws.sim.dm1",
    "aws.rigetti.cepheus",
    "aws.ionq.forte",
    "azure.ionq.simulator",
    "ibm.qpu.fez",
    "iqm.qpu.garnet",
    "kipu.sim.qsim",
    "quandela.sim.altair",
    "qudora.sim.xg1",
)
PHOTONIC = "quandela.sim.altair"
ONE_QUBIT = ("x", "y", "z", "h", "s", "sdg", "t", "tdg")
ROTATIONS = ("rx", "ry", "rz", "p")
SHOTS = 4000


@pytest.fixture(scope="session")
def exact_hub() -> HubProvider:
    return HubProvider.local(seed=7, noise=False)


@pytest.fixture(params=SYSTEMS)
def system(request: pytest.FixtureRequest, exact_hub: HubProvider) -> HubBackend:
    return exact_hub.get_backend(request.param)


def most_of(backend: HubBackend) -> tuple[int, int]:
    """Qubits and two-qubit gates of a random circuit: few where each costs most of the shots."""
    return (3, 1) if backend.name == PHOTONIC else (5, 8)


def shots_of(backend: HubBackend, circuit: QuantumCircuit) -> int:
    """Enough for some thousand that come back: a photonic CNOT succeeds once in nine times or less."""
    entangling = sum(len(one.qubits) == 2 for one in circuit.data)
    return SHOTS * (14**entangling if backend.name == PHOTONIC else 1)


def random_circuit(seed: int, qubits: int, entangling: int) -> QuantumCircuit:
    chance = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits)
    left = entangling
    for _ in range(4 * qubits):
        qubit = int(chance.integers(qubits))
        kind = chance.integers(3)
        if kind == 0:
            getattr(circuit, str(chance.choice(ONE_QUBIT)))(qubit)
        elif kind == 1:
            getattr(circuit, str(chance.choice(ROTATIONS)))(float(chance.uniform(-3.2, 3.2)), qubit)
        elif left and qubits > 1:
            left -= 1
            first, second = chance.choice(qubits, 2, replace=False).tolist()
            getattr(circuit, str(chance.choice(["cx", "cz"])))(first, second)
    return circuit


def native_circuit(seed: int, backend: HubBackend, qubits: int, entangling: int) -> QuantumCircuit:
    """All of the target's gates on a row of coupled qubits, as wide as the device, not to be transpiled."""
    chance = np.random.default_rng(seed)
    target = backend.target
    gates = [one for one in target.operations if isinstance(one, Gate) and one.num_qubits <= 2]
    two = [one.name for one in gates if one.num_qubits == 2]
    row = [0]
    while len(row) < qubits:  # to a neighbour of the last one that is not in it yet
        row.append(
            next(
                q
                for q in range(target.num_qubits)
                if q not in row
                and any(
                    target.instruction_supported(name, pair)
                    for name in two
                    for pair in ((row[-1], q), (q, row[-1]))
                )
            )
        )
    circuit = QuantumCircuit(target.num_qubits)
    todo = [*(one for one in gates if one.num_qubits == 1)] * 4
    todo += [one for one in gates if one.num_qubits == 2 for _ in range(max(1, entangling // 3))]
    chance.shuffle(todo)
    left = entangling
    for gate in todo:
        left -= gate.num_qubits == 2
        if left < 0 and gate.num_qubits == 2:
            continue
        places = (
            [(q,) for q in row] if gate.num_qubits == 1 else list(itertools.permutations(row, 2))
        )
        places = [place for place in places if target.instruction_supported(gate.name, place)]
        angles = chance.uniform(-3.2, 3.2, len(gate.params)).tolist()
        if target.gate_has_angle_bounds(gate.name):
            while not target.supported_angle_bound(gate.name, angles):
                angles = chance.uniform(-3.2, 3.2, len(gate.params)).tolist()
        circuit.append(gate.base_class(*angles), places[int(chance.integers(len(places)))])
    return circuit


def with_map(circuit: QuantumCircuit, seed: int) -> QuantumCircuit:
    """Measured into one to four registers, crossed, partly, a bit perhaps twice, a qubit perhaps into two bits."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, 4, chance.integers(1, 5)).tolist()
    names = [f"r{i}" for i in chance.permutation(len(sizes))]
    registers = [ClassicalRegister(size, name) for size, name in zip(sizes, names, strict=True)]
    whole = QuantumCircuit(QuantumRegister(circuit.num_qubits, "q"), *registers)
    whole.compose(circuit, range(circuit.num_qubits), inplace=True)
    for _ in range(int(chance.integers(1, circuit.num_qubits + 2))):
        whole.measure(int(chance.integers(circuit.num_qubits)), int(chance.integers(sum(sizes))))
    return whole


def exact(circuit: QuantumCircuit) -> dict[str, float]:
    """Probabilities of the keys, by the state vector and the last write to each bit."""
    bits = {bit: i for i, bit in enumerate(circuit.clbits)}
    qubits = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    written = {
        bits[one.clbits[0]]: qubits[one.qubits[0]] for one in circuit.data if one.name == "measure"
    }
    state = Statevector(_unmeasured(circuit))
    found: Counter[str] = Counter()
    for index, chance in enumerate(state.probabilities()):
        word = [
            str(index >> written[bit] & 1) if bit in written else "0" for bit in range(len(bits))
        ]
        key, place = [], 0
        for register in circuit.cregs:
            key.append("".join(reversed(word[place : place + register.size])))
            place += register.size
        found[" ".join(reversed(key))] += chance
    return dict(found)


def _unmeasured(circuit: QuantumCircuit) -> QuantumCircuit:
    bare = QuantumCircuit(circuit.num_qubits)
    for one in circuit.data:
        if one.name != "measure":
            bare.append(one.operation, [circuit.find_bit(q).index for q in one.qubits])
    return bare


def distance(counts: dict[str, int], expected: dict[str, float]) -> float:
    shots = sum(counts.values())
    return 0.5 * sum(
        abs(counts.get(k, 0) / shots - expected.get(k, 0)) for k in {*counts, *expected}
    )


def bound(shots: int, outcomes: int) -> float:
    return math.sqrt(outcomes / (2 * math.pi * shots)) + math.sqrt(math.log(1e9) / (2 * shots))


@pytest.mark.parametrize("seed", range(3))
def test_random_circuits_and_measurement_maps(system, seed):
    qubits, entangling = most_of(system)
    circuits = [
        with_map(random_circuit(10 * seed + i, qubits, entangling), 10 * seed + i) for i in range(3)
    ]
    ready = transpile(circuits, system, seed_transpiler=seed, optimization_level=1)
    job = system.run(ready, shots=max(shots_of(system, one) for one in circuits), memory=True)
    result = job.result()
    for place, circuit in enumerate(circuits):
        counts, expected = result.get_counts(place), exact(circuit)
        shots = sum(counts.values())
        assert shots > 200
        assert distance(counts, expected) < bound(shots, len(expected)), circuit.draw()
        assert Counter(result.get_memory(place)) == counts
    again = HubProvider(client=system.client).job(job.job_id()).result()
    assert again.get_counts() == result.get_counts()


@pytest.mark.parametrize("seed", range(3))
def test_native_gates_as_they_are(system, seed):
    qubits, entangling = most_of(system)
    circuit = native_circuit(seed, system, qubits, entangling)
    active = sorted({circuit.find_bit(q).index for one in circuit.data for q in one.qubits})
    small = QuantumCircuit(len(active))
    for one in circuit.data:
        places = [active.index(circuit.find_bit(q).index) for q in one.qubits]
        small.append(one.operation, places)
    bits = ClassicalRegister(len(active), "c")
    for whole, places in ((circuit, active), (small, range(len(active)))):
        whole.add_register(bits)
        whole.measure(places, bits)
    counts = system.run(circuit, shots=shots_of(system, circuit)).result().get_counts()
    expected = exact(small)
    shots = sum(counts.values())
    assert shots > 200
    assert distance(counts, expected) < bound(shots, len(expected)), small.draw()


@pytest.mark.parametrize("level", range(4))
def test_every_level_of_the_transpiler(system, level):
    qubits, entangling = most_of(system)
    circuit = random_circuit(77, qubits, entangling)
    circuit.measure_all()
    manager = generate_preset_pass_manager(level, backend=system, seed_transpiler=2)
    counts = system.run(manager.run(circuit), shots=shots_of(system, circuit)).result().get_counts()
    expected = exact(circuit)
    assert distance(counts, expected) < bound(sum(counts.values()), len(expected))


def test_parameters_are_bound_before_and_after_the_transpiler(system):
    angles = ParameterVector("θ", 11)  # by index: θ[10] comes after θ[9]
    circuit = QuantumCircuit(2, 2)
    for number, angle in enumerate(angles):
        circuit.rx(angle, number % 2)
        circuit.rz(2 * angle, number % 2)
    circuit.measure([0, 1], [1, 0])
    values = np.linspace(0.1, 2.3, 11)
    expected = exact(circuit.assign_parameters(values))
    late = transpile(circuit, system, seed_transpiler=1).assign_parameters(values)
    early = transpile(circuit.assign_parameters(values), system, seed_transpiler=1)
    for ready in (late, early):
        counts = system.run(ready, shots=SHOTS).result().get_counts()
        assert distance(counts, expected) < bound(sum(counts.values()), 4)


def test_awkward_registers_give_aers_keys(system):
    """One certain outcome: keys are equal to Aer's, not close."""
    shared = QuantumRegister(3, "q")
    loose = [Clbit(), Clbit()]
    circuit = QuantumCircuit(
        shared, ClassicalRegister(2, "measure"), loose, ClassicalRegister(3, "π 1")
    )
    circuit.x([0, 2])
    circuit.measure([0, 1, 2, 0], [4, 0, 2, 1])
    ready = transpile(circuit, system, seed_transpiler=1, optimization_level=1)
    reference = AerSimulator().run(circuit, shots=20).result()
    ours = system.run(ready, shots=20).result()
    assert ours.get_counts() == reference.get_counts()
    assert ours.results[0].header["creg_sizes"] == reference.results[0].header["creg_sizes"]
    assert ours.results[0].header["memory_slots"] == reference.results[0].header["memory_slots"]


def test_what_a_room_says_of_its_input_is_what_it_reads_from_it(system):
    circuit = QuantumCircuit(2, 3)
    circuit.x(0)
    circuit.measure([0, 1], [2, 0])
    encoded = system.encode(transpile(circuit, system, optimization_level=1))
    if encoded.said is not None:
        assert encoded.said == system._system.layouts(encoded.input)
    job = system.run(transpile(circuit, system, optimization_level=1), shots=20)
    assert job.result().get_counts() == {"100": 20}
