"""What goes over the wire to IBM's backends and comes back: options, circuits, jobs of other clients."""

from __future__ import annotations

import json

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, transpile
from qiskit.circuit import Clbit, Parameter
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import RuntimeDecoder, RuntimeEncoder

from qhub_qiskit.systems.ibm_wire import read_registers, write_circuit
from shared_transport import ValidationError
from shared_transport.errors import ServerError
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest
from tests.quick.qiskit.circuits import bell
from tests.quick.qiskit.ibm_circuits import SHOTS, flipped, looped, names, nested, sharing_twice


def test_options_go_out_under_the_contracts_names(fez):
    circuit = transpile(bell(), fez)
    encoded = fez.encode(
        circuit,
        shots=50,
        dynamical_decoupling={"enable": True, "sequence_type": "XY4"},
        twirling={"enable_gates": True, "num_randomizations": "auto"},
        execution={"rep_delay": 1e-4},
        max_execution_time=60,
    )
    assert encoded.input["options"] == {
        "dynamical_decoupling": {"enable": True, "sequence_type": "XY4"},
        "twirling": {"enable_gates": True, "num_randomizations": "auto"},
        "execution": {"rep_delay": 1e-4},
    }
    assert encoded.params == {"program_id": "sampler", "max_execution_time": 60}
    assert "options" not in fez.encode(circuit).input
    result = fez.run(circuit, shots=50, twirling={"enable_gates": True}).result()
    told = result.results[0].metadata
    assert told["twirling"]["enable_gates"] is True
    assert told["local_hub"]["not_simulated"] == ["twirling.enable_gates"]
    assert told["circuit_metadata"] == {}


def test_impossible_options_are_refused(fez):
    circuit = transpile(bell(), fez)
    with pytest.raises(ValidationError, match=r"twirling\.enable"):
        fez.run(circuit, twirling={"enable": True})
    with pytest.raises(ValidationError, match="sequence_type"):
        fez.run(circuit, dynamical_decoupling={"sequence_type": "YY"})
    with pytest.raises(ValidationError, match="twirling"):
        fez.run(circuit, twirlig={})
    with pytest.raises(ValidationError, match="control flow"):
        fez.run(transpile(looped("c"), fez), dynamical_decoupling={"enable": True})


@pytest.mark.parametrize("make", [lambda: nested("c"), lambda: names("a", "b"), bell])
def test_circuits_are_written_as_ibm_writes_them(fez, make):
    circuit = transpile(make(), fez)
    circuit.metadata = {"of": [1, 2]}
    ours = json.loads(json.dumps(write_circuit(circuit)), cls=RuntimeDecoder)
    assert (
        ours == json.loads(json.dumps(circuit, cls=RuntimeEncoder), cls=RuntimeDecoder) == circuit
    )
    assert ours.metadata == circuit.metadata
    theirs = json.loads(json.dumps(circuit, cls=RuntimeEncoder))
    registers, num_clbits = read_registers(theirs)
    place = {bit: number for number, bit in enumerate(circuit.clbits)}
    assert registers == tuple((r.name, tuple(place[bit] for bit in r)) for r in circuit.cregs)
    assert num_clbits == circuit.num_clbits


def test_metadata_that_is_not_json_stays_here(fez):
    circuit = names("c")
    circuit.metadata = {"array": np.arange(3)}
    result = fez.run(circuit, shots=SHOTS).result()
    assert result.results[0].header["metadata"]["array"].tolist() == [0, 1, 2]
    assert circuit.metadata["array"].tolist() == [0, 1, 2]


def of_another_client(provider, pubs, program="sampler"):
    """A job as qiskit_ibm_runtime sends it."""
    job_input = json.loads(json.dumps({"pubs": pubs, "version": 2}, cls=RuntimeEncoder))
    request = JobRequest(
        backend_id="ibm.qpu.fez",
        shots=SHOTS,
        input=job_input,
        input_format=InputFormat.QISKIT_QPY,
        input_params={"program_id": program},
    )
    return provider.job(provider.client.jobs.create(request).id)


def rotated(word: str) -> QuantumCircuit:
    circuit = names(word, "b")
    angle = Parameter("t")
    base = circuit.copy_empty_like()
    base.sx(1)
    base.rz(angle, 1)
    base.sx(1)
    return circuit.compose(base, front=True)


def test_a_job_of_another_client_is_opened(ideal):
    fixed = names("a", "b")
    # sx rz(0) sx is x, up to a phase.
    pubs = [SamplerPub.coerce((fixed,), SHOTS), SamplerPub.coerce((rotated("a"), [0.0]), SHOTS)]
    bound = rotated("a").assign_parameters([0.0])
    aer = AerSimulator().run([fixed, bound], shots=SHOTS).result()
    job = of_another_client(ideal, pubs)
    assert job.result().get_counts() == aer.get_counts()


def test_a_text_of_another_client_has_what_its_result_has(ideal):
    """A bit that is no array is no register: a sampler does not return it."""
    text = (
        "OPENQASM 3.0;\nbit[2] b;\nbit alone;\nbit[1] c;\nqubit[2] q;\nx q[0];\n"
        "b[0] = measure q[0];\nalone = measure q[0];\nc[0] = measure q[0];\n"
    )
    assert of_another_client(ideal, [[text]]).result().get_counts() == {"1 01": SHOTS}


def test_shared_bits_and_loose_ones_of_another_client(ideal):
    """Loose bits do not come back from a sampler: they read 0. Shared ones are read from the first register."""
    counts = of_another_client(ideal, [[sharing_twice()]]).result().get_counts()
    assert counts == AerSimulator().run(sharing_twice(), shots=SHOTS).result().get_counts()
    loose = flipped(ClassicalRegister(2, "a"), [Clbit()])
    assert of_another_client(ideal, [[loose]]).result().data()["counts"] == {"0x1": SHOTS}


def test_what_counts_cannot_hold_says_who_reads_it(ideal):
    several = of_another_client(ideal, [SamplerPub.coerce((rotated("a"), [[0.0], [1.0]]), SHOTS)])
    with pytest.raises(ServerError, match="sets of parameter values") as caught:
        several.result()
    assert "qiskit_ibm_runtime" in str(caught.value)
    circuit = QuantumCircuit(1)
    circuit.x(0)
    with pytest.raises(ServerError, match="estimator"):
        of_another_client(ideal, [[circuit, {"Z": 1.0}]], "estimator").result()
