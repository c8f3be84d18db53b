"""The provider: finding backends and jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from qhub_qiskit import HubProvider
from shared_transport import InputFormat, JobRequest, NotFoundError, ValidationError


def flip(name: str = "flip") -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name=name)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory) -> HubProvider:
    """A Hub whose jobs are this module's alone."""
    return HubProvider.local(seed=11, state=tmp_path_factory.mktemp("hub"))


def names(backends):
    return {backend.name for backend in backends}


def test_every_backend_but_the_analog_one(provider):
    every = {described.id for described in provider.client.backends.list()}
    assert names(provider.backends()) == every - {"aws.quera.aquila"}
    with pytest.raises(ValidationError, match=r"analog device.*\n?.*qhub_braket"):
        provider.get_backend("aws.quera.aquila")


def test_filters(provider):
    assert names(provider.backends("aws.sim.sv1")) == {"aws.sim.sv1"}
    assert names(provider.backends("aws.sim.*")) == {"aws.sim.sv1", "aws.sim.dm1"}
    assert names(provider.backends(provider="kipu")) == {"kipu.sim.qsim"}
    ionq = names(provider.backends(hardware_provider="IonQ"))
    assert ionq == {"aws.ionq.forte", "azure.ionq.simulator"}
    trapped = provider.backends(technology="trapped_ion", simulator=True)
    assert names(trapped) == {"azure.ionq.simulator", "qudora.sim.xg1"}
    assert all(backend.num_qubits >= 100 for backend in provider.backends(min_num_qubits=100))
    wide = provider.backends(filters=lambda backend: backend.num_qubits == 34)
    assert names(wide) == {"aws.sim.sv1"}
    assert provider.backends("nothing.*") == []


def test_least_busy(provider):
    assert provider.least_busy(provider="AWS", simulator=True).name.startswith("aws.sim.")
    with pytest.raises(NotFoundError, match="No operational backend fits name"):
        provider.least_busy(name="nothing.*")


def test_least_busy_of_ibm_is_the_hubs_choice(provider):
    chosen = provider.least_busy(provider="IBM", min_num_qubits=150)
    assert chosen.name == provider.client.backends.least_busy("IBM", min_qubits=150).id


def test_jobs_are_listed_filtered_and_regrouped(own_hub):
    sv1 = own_hub.get_backend("aws.sim.sv1")
    qsim = own_hub.get_backend("kipu.sim.qsim")
    before = datetime.now(UTC) - timedelta(seconds=2)
    single = sv1.run(flip("single"), shots=5, tags=["a", "b"])
    several = qsim.run([flip(), flip("second"), flip()], shots=7, name="several", memory=True)
    for job in (single, several):
        job.result()
    listed = list(own_hub.jobs())
    assert {job.job_id() for job in listed} == {single.job_id(), several.job_id()}
    (found,) = own_hub.jobs(backend=qsim)
    assert found.job_id() == several.job_id()
    assert found.result().get_counts() == several.result().get_counts()
    assert found.result().get_memory(1) == several.result().get_memory(1)
    assert [one.header["name"] for one in found.result().results] == ["flip", "second", "flip"]

    def ids(**conditions):
        return [job.job_id() for job in own_hub.jobs(**conditions)]

    assert ids(tags=["b", "a"]) == [single.job_id()]
    assert ids(name="several") == ids(backend="kipu.sim.qsim") == [several.job_id()]
    assert len(ids(status="COMPLETED")) == len(ids(status=[JobStatus.DONE])) == 2
    assert len(ids(status="DONE")) == 2
    assert ids(status="FAILED") == ids(tags=["c"]) == ids(session="none") == []
    assert len(ids(limit=1)) == 1
    assert len(ids(created_after=before)) == 2
    assert ids(created_after=datetime.now(UTC) + timedelta(hours=1)) == []
    assert ids(created_before=before - timedelta(hours=1)) == []
    with pytest.raises(ValidationError, match="has no zone"):
        own_hub.jobs(created_after=datetime(2026, 1, 1))


def test_jobs_of_analog_programs_are_left_out_and_those_of_other_clients_are_not(own_hub):
    other = own_hub.client.jobs.create(
        JobRequest(
            backend_id="aws.sim.sv1",
            shots=9,
            input={"qasm": "OPENQASM 3.0; bit[2] b; qubit[2] q; x q[1]; b = measure q;"},
            input_format=InputFormat.BRAKET_OPEN_QASM_V3,
            name="other",
        )
    )
    (found,) = own_hub.jobs(name="other")
    assert found.job_id() == other.id
    assert found.result().get_counts() == {"10": 9}
