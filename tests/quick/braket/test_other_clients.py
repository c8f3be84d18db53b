"""Jobs on the bridge's backends that other clients created, opened as Braket's tasks.

Expected probabilities are those of Qiskit's exact simulation of the circuit; bounds are those of test_bridge.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from typing import Any

import httpx
import numpy as np
import pytest
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2, transpile
from qiskit.quantum_info import Statevector

import qhub_qiskit
from qhub_braket import HubProvider, HubQuantumTask
from qhub_braket.systems import system_of_job
from shared_transport import HubClient, JobRequest, ServerError, Settings, ValidationError
from shared_transport.models import Job
from tests.quick.braket.test_bridge import DEVICES, PHOTONIC, SHOTS, bound, distance
from tests.quick.braket.test_bridge_jobs import environment

pytestmark = pytest.mark.usefixtures("quiet")

# The classical bits that `crossed` writes, and the qubit of each; bits 0 and 3 are never written.
WRITTEN = {1: 2, 2: 0, 4: 1}


def crossed() -> QuantumCircuit:
    """Three qubits of different probabilities into three of five bits in two registers, in another order."""
    bits = ClassicalRegister(2, "a"), ClassicalRegister(3, "b")
    circuit = QuantumCircuit(QuantumRegister(3, "q"), *bits, name="crossed")
    circuit.ry(0.7, 0)
    circuit.rx(1.9, 1)
    circuit.h(2)
    circuit.cx(0, 1)
    circuit.rz(0.4, 1)
    circuit.cx(1, 2)
    circuit.ry(0.6, 2)
    for bit, qubit in WRITTEN.items():
        circuit.measure(qubit, bit)
    return circuit


def exactly(circuit: QuantumCircuit, qubits: list[int]) -> np.ndarray:
    """Exact probabilities of these qubits' words, the first one as the most significant bit."""
    state = Statevector(circuit.remove_final_measurements(inplace=False))
    return np.asarray(state.probabilities(qubits[::-1]))


def three_words() -> list[QuantumCircuit]:
    """Circuits that give 00, 10 and 01, bit 0 leftmost."""
    circuits = [QuantumCircuit(2, 2) for _ in range(3)]
    circuits[1].x(0)
    circuits[2].x(1)
    for circuit in circuits:
        circuit.measure([0, 1], [0, 1])
    return circuits


def of_qiskit(provider: HubProvider) -> qhub_qiskit.HubProvider:
    return qhub_qiskit.HubProvider(client=provider.client)


def created(provider: HubProvider, backend: str, shots: int, **job: Any) -> str:
    """The id of a job without any tag of ours."""
    return provider.client.jobs.create(JobRequest(backend_id=backend, shots=shots, **job)).id


class TestOfQiskitsPlugin:
    @pytest.mark.parametrize("id", DEVICES)
    def test_a_circuit(self, ideal: HubProvider, id: str) -> None:
        backend = of_qiskit(ideal).get_backend(id)
        job = backend.run(transpile(crossed(), backend, seed_transpiler=5), shots=SHOTS)
        result = ideal.task(job.job_id()).result()
        assert isinstance(result, GateModelQuantumTaskResult)
        words = {word.replace(" ", "")[::-1]: n for word, n in job.result().get_counts().items()}
        # IBM's input says registers alone: its bits that are never written are columns of zeros.
        bits = list(range(5)) if id.startswith("ibm") else list(WRITTEN)
        kept = {"".join(word[bit] for bit in bits): n for word, n in words.items()}
        assert dict(result.measurement_counts) == kept
        assert result.measurements.shape == (SHOTS, len(bits))
        exact = exactly(crossed(), list(WRITTEN.values()))
        if len(bits) == 5:
            assert not result.measurements[:, [0, 3]].any()
            written = np.zeros((2, 2, 2, 2, 2))
            written[0, :, :, 0, :] = exact.reshape(2, 2, 2)
            exact = written.reshape(-1)
        assert distance(result, exact) < bound(8, SHOTS)
        assert result.task_metadata.shots == SHOTS
        assert result.task_metadata.deviceId == id

    @pytest.mark.parametrize("id", ["azure.ionq.simulator", "kipu.sim.qsim", "qudora.sim.xg1"])
    def test_qubits_that_the_input_numbers(self, ideal: HubProvider, id: str) -> None:
        backend = of_qiskit(ideal).get_backend(id)
        job = backend.run(transpile(crossed(), backend, optimization_level=0), shots=20)
        assert ideal.task(job.job_id()).result().measured_qubits == list(WRITTEN.values())

    @pytest.mark.parametrize("id", ["ibm.qpu.miami", "iqm.qpu.garnet"])
    def test_qubits_that_the_input_does_not_number(self, ideal: HubProvider, id: str) -> None:
        backend = of_qiskit(ideal).get_backend(id)
        job = backend.run(transpile(crossed(), backend), shots=20)
        bits = list(range(5)) if id.startswith("ibm") else list(WRITTEN)
        assert ideal.task(job.job_id()).result().measured_qubits == bits

    def test_on_aws(self, ideal: HubProvider) -> None:
        backend = of_qiskit(ideal).get_backend("aws.sim.sv1")
        job = backend.run(transpile(crossed(), backend, optimization_level=0), shots=SHOTS)
        result = ideal.task(job.job_id()).result()
        assert result.measured_qubits == list(WRITTEN.values())
        assert distance(result, exactly(crossed(), result.measured_qubits)) < bound(8, SHOTS)

    def test_photons(self, ideal: HubProvider) -> None:
        backend = of_qiskit(ideal).get_backend(PHOTONIC)
        circuit = QuantumCircuit(2, 3)
        circuit.ry(0.8, 0)
        circuit.ry(1.7, 1)
        circuit.cx(0, 1)
        circuit.measure([1, 0], [0, 2])
        shots = 40_000
        job = backend.run(transpile(circuit, backend, optimization_level=0), shots=shots)
        result = ideal.task(job.job_id()).result()
        kept = len(result.measurements)
        # One in nine, within six standard deviations of the binomial distribution.
        assert abs(kept - shots / 9) < 6 * math.sqrt(shots * 8 / 81)
        assert result.measured_qubits == [1, 0]
        assert distance(result, exactly(circuit, [1, 0])) < bound(4, kept)

    @pytest.mark.parametrize("id", ["ibm.qpu.fez", "iqm.qpu.garnet", "qudora.sim.xg1"])
    def test_several_circuits_of_one_job(self, ideal: HubProvider, id: str) -> None:
        backend = of_qiskit(ideal).get_backend(id)
        job = backend.run(transpile(three_words(), backend), shots=30)
        assert "," not in job.job_id()
        self.check(ideal.task(job.job_id()).result())

    def test_several_jobs_of_one_list(self, ideal: HubProvider) -> None:
        backend = of_qiskit(ideal).get_backend("kipu.sim.qsim")
        job = backend.run(three_words(), shots=30)
        assert job.job_id().count(",") == 2
        self.check(ideal.task(job.job_id()).result())

    @staticmethod
    def check(result: Any) -> None:
        assert isinstance(result, ProgramSetQuantumTaskResult)
        counts = [[one.counts for one in entry.entries] for entry in result.entries]
        assert counts == [[{"00": 30}], [{"10": 30}], [{"01": 30}]]
        assert [entry.entries[0].measured_qubits for entry in result.entries] == [[0, 1]] * 3
        assert result.task_metadata.successfulShots == 90


class TestWithoutTags:
    @pytest.mark.parametrize("id", ["azure.ionq.simulator", "ibm.qpu.fez", "kipu.sim.qsim"])
    def test_what_qiskits_plugin_sends(self, ideal: HubProvider, id: str) -> None:
        backend = of_qiskit(ideal).get_backend(id)
        asked = transpile(crossed(), backend, optimization_level=0, initial_layout=[0, 1, 2])
        sent = backend.encode(asked, shots=SHOTS)
        job = created(ideal, id, SHOTS, input=sent.input, input_params=sent.params or None)
        result = ideal.task(job).result()
        if id.startswith("ibm"):
            assert result.measured_qubits == [0, 1, 2, 3, 4]
            exact = np.zeros((2, 2, 2, 2, 2))
            exact[0, :, :, 0, :] = exactly(crossed(), [2, 0, 1]).reshape(2, 2, 2)
        else:
            assert result.measured_qubits == [0, 1, 2]
            exact = exactly(crossed(), [0, 1, 2])
        assert distance(result, exact.reshape(-1)) < bound(8, SHOTS)

    @pytest.mark.parametrize("id", ["kipu.sim.qsim", "qudora.sim.xg1"])
    def test_openqasm_2(self, ideal: HubProvider, id: str) -> None:
        text = qasm2.dumps(crossed())
        job = created(ideal, id, SHOTS, input={"qasm": text}, input_format="OPEN_QASM_V2")
        result = ideal.task(job).result()
        if id.startswith("kipu"):  # which returns the bits that are written, and no other
            assert result.measured_qubits == [2, 0, 1]
            assert distance(result, exactly(crossed(), [2, 0, 1])) < bound(8, SHOTS)
        else:
            assert result.measured_qubits == [0, 1, 2, 3, 4]
            assert not result.measurements[:, [0, 3]].any()
        assert result.additional_metadata.action.source == text

    def test_openqasm_3_with_every_bit_written(self, ideal: HubProvider) -> None:
        text = (
            'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[2] a;\nbit b;\n'
            "x q[0];\nry(0.8) q[2];\na[1] = measure q[0];\na[0] = measure q[2];\nb = measure q[1];\n"
        )
        circuit = QuantumCircuit(3)
        circuit.x(0)
        circuit.ry(0.8, 2)
        job = created(
            ideal,
            "qudora.sim.xg1",
            SHOTS,
            input={"qasm": text},
            input_format="OPEN_QASM_V3",
            input_params={"language": "OpenQASM3"},
        )
        result = ideal.task(job).result()
        assert result.measured_qubits == [2, 0, 1]
        assert distance(result, exactly(circuit, [2, 0, 1])) < bound(8, SHOTS)

    def test_several_programs_of_one_job(self, ideal: HubProvider) -> None:
        head = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
        texts = [
            head + "x q[0];\nmeasure q -> c;\n",
            head + "x q[1];\nmeasure q[1] -> c[0];\nmeasure q[0] -> c[1];\n",
        ]
        job = created(
            ideal, "qudora.sim.xg1", 20, input={"qasm": texts}, input_format="OPEN_QASM_V2"
        )
        first, second = (entry.entries[0] for entry in ideal.task(job).result().entries)
        assert (first.measured_qubits, first.counts) == ([0, 1], {"10": 10})
        assert (second.measured_qubits, second.counts) == ([1, 0], {"10": 10})
        assert [first.program, second.program] == texts

    @pytest.mark.parametrize(
        ("registers", "qubits"),
        [(None, [0, 1, 2]), ({"m": [2, 0]}, [2, 0]), ({"m": [1], "n": [2]}, [1, 2])],
    )
    def test_ionqs_json(self, ideal: HubProvider, registers: Any, qubits: list[int]) -> None:
        circuit = QuantumCircuit(3)
        circuit.x(0)
        circuit.ry(0.9, 1)
        circuit.cx(1, 2)
        written = {
            "gateset": "qis",
            "qubits": 3,
            "circuit": [
                {"gate": "x", "targets": [0]},
                {"gate": "ry", "rotation": 0.9, "targets": [1]},
                {"gate": "cnot", "targets": [2], "controls": [1]},
            ],
            **({} if registers is None else {"registers": registers}),
        }
        result = ideal.task(created(ideal, "azure.ionq.simulator", SHOTS, input=written)).result()
        assert result.measured_qubits == qubits
        assert distance(result, exactly(circuit, qubits)) < bound(2 ** len(qubits), SHOTS)
        assert result.additional_metadata.action is None

    @pytest.mark.parametrize("keys", [("m_2_0_1", "m_2_0_0"), ("second", "first")])
    def test_iqms_json(self, ideal: HubProvider, keys: tuple[str, str]) -> None:
        """Its keys name bits: of a register where they have IQM's own form, else each one its own."""
        flip = {"angle_t": 0.5, "phase_t": 0.0}
        instructions = [
            {"name": "prx", "qubits": ["QB4"], "args": flip},
            {"name": "measure", "qubits": ["QB4"], "args": {"key": keys[0]}},
            {"name": "measure", "qubits": ["QB9"], "args": {"key": keys[1]}},
        ]
        written = {"circuits": [{"name": "c", "instructions": instructions}]}
        result = ideal.task(created(ideal, "iqm.qpu.garnet", 20, input=written)).result()
        assert result.measured_qubits == [0, 1]
        assert result.measurement_counts == {"01" if keys[0] == "m_2_0_1" else "10": 20}

    def test_in_another_process_by_the_id_alone(self, ideal: HubProvider) -> None:
        text = qasm2.dumps(crossed())
        job = created(ideal, "kipu.sim.qsim", 50, input={"qasm": text})
        code = "import sys; from qhub_braket import HubQuantumTask\n"
        code += "result = HubQuantumTask(sys.argv[1]).result()\n"
        code += "print(result.measured_qubits, result.measurements.tolist())"
        there = subprocess.run(
            [sys.executable, "-c", code, job],
            env=environment(ideal),
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert there.returncode == 0, there.stderr
        here = ideal.task(job).result()
        assert there.stdout.strip() == f"[2, 0, 1] {here.measurements.tolist()}"


TEXT = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; measure q[1] -> c[0]; measure q[0] -> c[1];'


class TestWhatTheHubLeavesOut:
    def test_a_sparse_job_is_read_by_what_its_backend_takes(self) -> None:
        answers: dict[str, Any] = {
            "/jobs/1/status": {"status": "COMPLETED"},
            "/jobs/1/result": {"counts": {"01": 3, "11": 2}},
            "/jobs/1/input": {"qasm": TEXT},
            "/jobs/1": {"backend_id": "new"},
            "/backends/new": {
                "id": "new",
                "provider": "KIPU",
                "configuration": {"supported_input_formats": ["OPEN_QASM_V2"]},
            },
        }

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json=answers[request.url.path.removeprefix("/quantum")])

        settings = Settings.resolve(base_url="http://127.0.0.1:1/quantum", token="t")
        client = HubClient(settings, transport=httpx.MockTransport(answer))
        result = HubQuantumTask("1", client).result()
        assert result.task_metadata.id == "1"
        assert result.measured_qubits == [1, 0]
        # Kipu's words have the first measured bit leftmost, and so have Braket's.
        assert result.measurement_counts == {"01": 3, "11": 2}

    def test_a_program_whose_measurements_are_not_read(self) -> None:
        """What a loop measures is in the result; whose bit it is, the text does not say plainly."""
        text = "OPENQASM 3.0; qubit[3] q; bit[3] b; for int i in [0:2] { b[i] = measure q[2 - i]; }"
        job = Job(id="j", provider="NEWCOMER", input_format="OPEN_QASM_V3", shots=5)
        content = json.dumps({"counts": {"011": 5}}).encode()
        result = system_of_job(job).decode(content, job, lambda: {"qasm": text})
        assert result.measured_qubits == [0, 1, 2]
        assert result.measurement_counts == {"110": 5}

    def test_a_qubit_that_is_measured_twice(self) -> None:
        text = "OPENQASM 3.0; qubit q; bit[2] b; b[0] = measure q; reset q; x q; b[1] = measure q;"
        job = Job(id="j", provider="NEWCOMER", input_format="OPEN_QASM_V3", shots=5)
        content = json.dumps({"counts": {"10": 5}}).encode()
        result = system_of_job(job).decode(content, job, lambda: {"qasm": text})
        assert result.measured_qubits == [0, 1]
        assert result.measurement_counts == {"01": 5}

    def test_more_bits_than_a_byte_and_only_some_written(self) -> None:
        rng = np.random.default_rng(4)
        memory = ["".join(map(str, row)) for row in rng.integers(0, 2, (70_000, 19))]
        bits = [17, 3, 11, 0, 8, 9, 14, 2, 5, 18]
        lines = [f"b[{bit}] = measure q[{number}];" for number, bit in enumerate(bits)]
        text = f"OPENQASM 3.0; qubit[10] q; bit[19] b; {' '.join(lines)}"
        job = Job(id="j", provider="KIPU", input_format="OPEN_QASM_V2", shots=len(memory))
        counts = Counter(word[:10] for word in memory)
        content = json.dumps({"counts": counts}).encode()
        result = system_of_job(job).decode(content, job, lambda: {"qasm": text})
        assert result.measured_qubits == [bits.index(bit) for bit in sorted(bits)]
        assert result.measurement_counts == counts
        assert result.measurements.sum() == sum(word[:10].count("1") for word in memory)


class TestWithoutCounts:
    def test_a_state_vector(self, ideal: HubProvider) -> None:
        backend = of_qiskit(ideal).get_backend("kipu.sim.qsim")
        circuit = QuantumCircuit(1)
        circuit.h(0)
        job = backend.run(circuit, mode="statevector")
        with pytest.raises(
            ValidationError, match=r"gave statevector, not measured qubits.*qhub_qiskit gives"
        ):
            ideal.task(job.job_id()).result()

    def test_photons_of_no_qubits(self, ideal: HubProvider) -> None:
        backend = of_qiskit(ideal).get_backend(PHOTONIC)
        circuit = QuantumCircuit(1, 1)
        circuit.h(0)
        circuit.measure(0, 0)
        sent = backend.encode(transpile(circuit, backend), shots=50)
        job = created(ideal, PHOTONIC, 50, input=sent.input, input_params=sent.params)
        with pytest.raises(ValidationError, match=r"gave photon_counts.*result\(\)\.data\(\)"):
            ideal.task(job).result()

    def test_a_job_of_another_of_ibms_programs(self, ideal: HubProvider) -> None:
        backend = of_qiskit(ideal).get_backend("ibm.qpu.miami")
        sent = backend.encode(transpile(three_words()[0], backend), shots=5)
        params = {"program_id": "estimator"}
        job = Job(id="j", provider="IBM", input_format="QISKIT_QPY", input_params=params)
        with pytest.raises(ServerError, match=r"estimator has no counts: qiskit_ibm_runtime reads"):
            system_of_job(job).decode(b"{}", job, lambda: sent.input)

    @pytest.mark.parametrize(
        ("input_format", "written", "content", "says"),
        [
            ("IONQ_CIRCUIT_V1", {}, {"histogram": {"0": 1}}, "input of job j cannot be read"),
            ("IONQ_CIRCUIT_V1", {"qubits": 1}, {}, "result of job j cannot be read"),
            ("IQM_JOB_INPUT_V1", {"circuits": 3}, {}, "input of job j cannot be read"),
            ("QISKIT_QPY", {"circuits": []}, {}, "input of job j cannot be read"),
            ("OPEN_QASM_V3", {"qasm": "bit[2] b;"}, {"counts": {"0": 1}}, "result of job j cannot"),
            ("OPEN_QASM_V3", {"text": ""}, {"counts": {"0": 1}}, "input of job j cannot be read"),
        ],
    )
    def test_documents_that_are_none(
        self, input_format: str, written: Any, content: Any, says: str
    ) -> None:
        job = Job(id="j", provider="NEWCOMER", input_format=input_format, shots=5)
        with pytest.raises(ServerError, match=says) as caught:
            system_of_job(job).decode(json.dumps(content).encode(), job, lambda: written)
        assert caught.value.job_id == "j"
        assert "client.jobs." in str(caught.value)

    def test_a_program_that_measures_nothing(self) -> None:
        job = Job(id="j", provider="NEWCOMER", input_format="OPEN_QASM_V3", shots=5)
        content = json.dumps({"counts": {"": 5}}).encode()
        with pytest.raises(ValidationError, match="Job j measured no qubits"):
            system_of_job(job).decode(content, job, lambda: {"qasm": "OPENQASM 3.0; qubit q;"})
