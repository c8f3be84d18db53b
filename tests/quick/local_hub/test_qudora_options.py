"""Options of qudora.sim.xg1's jobs: the language, lists of programs, misread bits, the seed."""

from __future__ import annotations

from qiskit import qasm2

from tests.quick.local_hub.circuits import total_variation
from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.qudora_programs import (
    HEAD2,
    V3,
    XG1,
    bell,
    counts,
    measured,
    refusal,
    with_gates,
)


def test_the_language_counts_more_than_the_format(hub: HubProcess) -> None:
    for fields in (V3, {"input_params": {"language": "OpenQASM3"}}):
        assert set(counts(hub, bell("3"), 100, **fields)) == {"00", "11"}
        assert "says OPENQASM 2.0" in refusal(hub, bell("2"), **fields)
    for params in ({}, {"language": "OpenQASM2"}, {"backend_settings": {}}):
        assert set(counts(hub, bell("2"), 100, input_params=params)) == {"00", "11"}
    text = refusal(hub, bell("3"))
    assert "says OPENQASM 3.0" in text
    assert "set `input_params.language` to OpenQASM3" in text
    both = counts(hub, bell("2"), 100, **V3, input_params={"language": "OpenQASM2"})
    assert set(both) == {"00", "11"}


def test_a_bare_program_as_clients_send_it(hub: HubProcess) -> None:
    body = {
        "backend_id": XG1,
        "shots": 100,
        "input": bell("2"),
        "input_format": "OPEN_QASM_V2",
        "input_params": {"backend_settings": {}},
        "sdk_provider": "QISKIT",
    }
    answer = hub.http.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["id"]
    assert hub.wait(job_id) == "COMPLETED"
    assert set(hub.http.get(f"/jobs/{job_id}/result").json()["counts"]) == {"00", "11"}


def test_a_list_of_programs_gives_a_list(hub: HubProcess) -> None:
    one = f"{HEAD2}qreg q[1]; creg c[1];\nx q[0];\nmeasure q -> c;\n"
    answer = hub.run(XG1, "", 300, input={"qasm": [one, bell("2"), bell("2")]})
    assert answer[0] == {"counts": {"1": 100}, "memory": ["1"] * 100}
    for document in answer[1:]:
        assert set(document["counts"]) == {"00", "11"}
        assert sum(document["counts"].values()) == len(document["memory"]) == 100
    assert answer[1]["memory"] != answer[2]["memory"], "each program is drawn for itself"
    assert hub.run(XG1, "", 4, input={"qasm": [one]})["counts"] == {"1": 4}
    assert "total" in refusal(hub, "", 10, input={"qasm": [one, one, one]})
    assert "takes 100 a job" in refusal(hub, "", 101, input={"qasm": [one] * 101})
    assert "Program 1: " in refusal(hub, "", 2, input={"qasm": [one, "nonsense"]})


def test_misread_bits(hub: HubProcess) -> None:
    params = {"backend_settings": {"measurement_error_probability": 0.2}}
    found = counts(hub, bell("2"), input_params=params)
    # Both right or both wrong: 0.8 squared plus 0.2 squared, shared by 00 and 11.
    expected = {"00": 0.34, "11": 0.34, "01": 0.16, "10": 0.16}
    assert total_variation(found, expected) < 0.02
    assert total_variation(found, {"00": 0.5, "11": 0.5}) > 0.25
    sure = {"backend_settings": {"measurement_error_probability": 1}}
    one = f"{HEAD2}qreg q[2]; creg c[2];\nx q[0];\nmeasure q -> c;\n"
    assert counts(hub, one, 9, input_params=sure) == {"10": 9}


def test_the_seed_decides_whatever_the_cores() -> None:
    programs = [bell("2"), *(qasm2.dumps(measured(with_gates(["cx", "t"], 3, s))) for s in (1, 2))]
    dynamic = f"{HEAD2}qreg q[1]; creg c[2];\nh q[0];\nmeasure q[0]->c[0];\nh q[0];\nmeasure q[0]->c[1];\n"
    documents = []
    for cores in ("1", "2"):
        own = HubProcess("--seed", "11", "--workers", cores)
        try:
            documents.append(own.run(XG1, "", 800, input={"qasm": [*programs, dynamic]}))
        finally:
            own.close()
    assert documents[0] == documents[1]
