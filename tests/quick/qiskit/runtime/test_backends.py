"""`service.backends` with every filter, and `least_busy`."""

from __future__ import annotations

import json

import pytest
from qiskit.providers import QiskitBackendNotFoundError
from qiskit_ibm_runtime import RuntimeEncoder, SamplerV2

from qhub_qiskit import HubRuntimeService
from shared_transport import JobRequest
from shared_transport.models import InputFormat
from tests.quick.local_hub.ibm_hub import NAMES
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic
from tests.quick.qiskit.runtime.trouble import Trouble

EVERY = {f"ibm.qpu.{name}" for name in NAMES}
SMALL = {"ibm.qpu.berlin", "ibm.qpu.miami"}  # 120 qubits; the others have 156


def names(backends: list[object]) -> set[str]:
    return {backend.name for backend in backends}


def occupied(service: HubRuntimeService, name: str) -> str:
    """The id of a job that was sent to a backend without reading its documents."""
    job_input = {"pubs": [[flip(1)]], "version": 2}
    request = JobRequest(
        backend_id=name,
        shots=1,
        input=json.loads(json.dumps(job_input, cls=RuntimeEncoder)),
        input_format=InputFormat.QISKIT_QPY,
        input_params={"program_id": "sampler"},
    )
    return service.client.jobs.create(request).id


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, EVERY),
        ({"name": "ibm_fez"}, {"ibm.qpu.fez"}),
        ({"name": "ibm.qpu.fez"}, {"ibm.qpu.fez"}),
        ({"name": "aws.sim.sv1"}, set()),
        ({"name": "nothing"}, set()),
        ({"min_num_qubits": 120}, EVERY),
        ({"min_num_qubits": 121}, EVERY - SMALL),
        ({"min_num_qubits": 157}, set()),
        ({"filters": lambda backend: backend.configuration().n_qubits == 120}, SMALL),
        ({"filters": lambda backend: "z" in backend.name}, {"ibm.qpu.fez"}),
        ({"simulator": False}, EVERY),
        ({"simulator": True}, set()),
        ({"n_qubits": 120}, SMALL),
        ({"operational": True}, EVERY),
        ({"operational": True, "simulator": False, "min_num_qubits": 121}, EVERY - SMALL),
        ({"backend_name": "ibm_fez"}, {"ibm.qpu.fez"}),
        ({"include_mocks": True, "name": "ibm_fez"}, {"ibm.qpu.fez"}),
        ({"min_num_qubits": 121, "filters": lambda backend: "i" in backend.name[8:]},
         {"ibm.qpu.kingston", "ibm.qpu.pittsburgh"}),
    ],
)  # fmt: skip
def test_filters(ideal: HubRuntimeService, given: dict[str, object], expected: set[str]) -> None:
    assert names(ideal.backends(**given)) == expected


def test_dynamic_circuits_are_told_by_the_configuration(ideal: HubRuntimeService) -> None:
    """As IBM's own service tells them: by a word among the supported features."""
    able = ideal.backends(dynamic_circuits=True)
    others = ideal.backends(dynamic_circuits=False)
    assert names(able) | names(others) == EVERY
    assert not names(able) & names(others)
    assert able
    assert all("if_else" in one.configuration().supported_instructions for one in able)


def test_states_of_backends(trouble: Trouble) -> None:
    trouble.state("ibm.qpu.fez", "OFFLINE")
    trouble.state("ibm.qpu.boston", "PAUSED")
    service = trouble.fresh()
    assert names(service.backends(operational=True)) == EVERY - {"ibm.qpu.fez"}
    assert names(service.backends(operational=False)) == {"ibm.qpu.fez"}
    assert names(service.backends(status_msg="paused")) == {"ibm.qpu.boston"}
    status = service.backend("ibm_fez").status()
    assert not status.operational
    assert status.status_msg == "offline"


def test_a_paused_backend_warns_as_at_ibm(trouble: Trouble) -> None:
    trouble.state("ibm.qpu.boston", "PAUSED")
    backend = trouble.fresh().backend("ibm_boston")
    with pytest.warns(UserWarning, match=r"boston currently has a status of paused"):
        job = SamplerV2(backend).run([flip(backend.num_qubits)], shots=1)
    job.cancel()


def test_the_status_is_asked_for_once_in_some_seconds(
    watched: tuple[HubRuntimeService, Traffic],
) -> None:
    service, traffic = watched
    sampler = SamplerV2(service.backend("ibm_fez"))
    jobs = [sampler.run([flip(156)], shots=1) for _ in range(4)]
    assert [job.result()[0].data.c.get_counts() for job in jobs] == [{"1": 1}] * 4
    assert traffic.count("POST /jobs") == 4
    assert traffic.count("GET /backends/.+/status") == 1


def test_least_busy_has_the_shortest_queue(trouble: Trouble) -> None:
    trouble.fault("slow-queue:seconds=30")
    service = trouble.fresh()
    waiting = [occupied(service, name) for name in EVERY - {"ibm.qpu.kingston"}]
    for least in (
        trouble.fresh().least_busy(),
        trouble.fresh().least_busy(min_num_qubits=150),
        trouble.fresh().least_busy(operational=True, simulator=False),
        trouble.fresh().least_busy(filters=lambda one: one.configuration().n_qubits > 130),
    ):
        assert least.name == "ibm.qpu.kingston"
        assert least.status().pending_jobs == 0
    small = trouble.fresh().least_busy(n_qubits=120)
    assert small.name in SMALL
    assert small.status().pending_jobs == 1
    for job_id in waiting:
        service.client.jobs.cancel(job_id)


def test_least_busy_is_operational(trouble: Trouble) -> None:
    for name in EVERY - {"ibm.qpu.pittsburgh"}:
        trouble.state(name, "OFFLINE")
    assert trouble.fresh().least_busy().name == "ibm.qpu.pittsburgh"
    assert trouble.fresh().least_busy(simulator=False).name == "ibm.qpu.pittsburgh"
    assert trouble.fresh().least_busy(name="ibm_pittsburgh").name == "ibm.qpu.pittsburgh"
    for conditions in ({"n_qubits": 120}, {"min_num_qubits": 200}, {"filters": lambda one: False}):
        with pytest.raises(QiskitBackendNotFoundError, match="No backend matches"):
            trouble.fresh().least_busy(**conditions)


@pytest.mark.parametrize(
    "conditions", [{}, {"operational": True, "simulator": False}, {"filters": lambda one: True}]
)
def test_least_busy_is_not_paused(trouble: Trouble, conditions: dict[str, object]) -> None:
    """As IBM's: a paused backend is operational, and no job begins on it."""
    for name in EVERY - {"ibm.qpu.pittsburgh"}:
        trouble.state(name, "PAUSED")
    assert trouble.fresh().least_busy(**conditions).name == "ibm.qpu.pittsburgh"


def test_the_hub_chooses_the_least_busy_where_it_can(
    watched: tuple[HubRuntimeService, Traffic],
) -> None:
    service, traffic = watched
    service.least_busy(min_num_qubits=150)
    assert traffic.sent == ["GET /backends/least-busy"]
