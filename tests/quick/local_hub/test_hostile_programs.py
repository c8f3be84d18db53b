"""Hostile programs, and bodies that are wrong by chance: the server and its worker go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.quick.local_hub.hub_process import BELL2, BELL3, HubProcess
from tests.quick.local_hub.mutations import bombard

SV1, QSIM, QUDORA = "aws.sim.sv1", "kipu.sim.qsim", "qudora.sim.xg1"
SECRET = "canary-5d1f"
# Every system that reads OpenQASM, and how a program gets there.
QASM: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("3", backend, {})
        for backend in (SV1, "aws.sim.dm1", "aws.rigetti.cepheus", "aws.ionq.forte")
    ),
    ("2", QSIM, {}),
    ("2", QUDORA, {"input_format": "OPEN_QASM_V2"}),
    ("3", QUDORA, {"input_format": "OPEN_QASM_V3"}),
    ("3", "ibm.qpu.fez", {"input_params": {"program_id": "sampler"}}),
]


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    """A Hub whose worker has Amazon's simulator loaded."""
    process = HubProcess("--seed", "7", "--workers", "1", "--sessions", "all", "--ideal")
    process.run(SV1, BELL3)
    yield process
    assert process.run(SV1, BELL3)["measurements"]
    assert len(process.workers()) == 1
    assert process.close() == 0


@pytest.mark.parametrize(("version", "backend", "fields"), QASM, ids=lambda value: str(value)[:20])
def test_no_program_reads_a_file(
    hub: HubProcess, tmp_path: Path, version: str, backend: str, fields: dict[str, Any]
) -> None:
    file = tmp_path / "gates.inc"
    file.write_text(f"// {SECRET}\ngate secret a {{ x a; }}\n{SECRET}\n")
    register = (
        "qreg q[1]; creg c[1]; measure q -> c;"
        if version == "2"
        else "qubit[1] q; bit[1] c; c = measure q;"
    )
    for name in (
        str(file),
        f"../../../../../../../..{file}",
        "/etc/passwd",
        "/dev/zero",
        f"file://{file}",
    ):
        text = f'OPENQASM {version}.0;\ninclude "{name}";\n{register}\n'
        given = {"pubs": [[text, None, 10]]} if backend.startswith("ibm") else {"qasm": text}
        answer = hub.http.post(
            "/jobs", json={"backend_id": backend, "shots": 10, "input": given, **fields}
        )
        told = answer.text
        if answer.status_code == 201:  # the worker was not warm yet
            job_id = answer.json()["id"]
            assert hub.wait(job_id) == "FAILED"
            told = hub.http.get(f"/jobs/{job_id}/result").text
        else:
            assert answer.status_code == 422
        assert "include" in told or "import" in told
        assert SECRET not in told
        assert "root:" not in told
        assert "simulation failed" not in told


def test_a_slow_verdict_comes_later_with_the_same_words(hub: HubProcess) -> None:
    def program(turns: int) -> str:
        return f"OPENQASM 3.0;\nqubit[2] q;\nfor int i in [1:{turns}] {{ h q[0]; }}\nreset q[0];\n"

    hub.run(SV1, BELL3)
    at_once = hub.post(SV1, program(2))
    assert at_once.status_code == 422
    assert "Line 4" in at_once.json()["detail"]
    began = time.monotonic()
    later = hub.post(SV1, program(15_000))
    assert later.status_code == 201
    assert time.monotonic() - began >= 1
    assert hub.wait(later.json()["id"]) == "FAILED"
    error = hub.http.get(f"/jobs/{later.json()['id']}/result").json()["error"]
    assert error["message"] == at_once.json()["detail"]


def test_a_nul_in_a_program_is_the_programs_error(hub: HubProcess) -> None:
    hub.run(SV1, BELL3)
    answer = hub.post(SV1, "OPENQASM 3.0;\nqubit\0 q;\n")
    assert (answer.status_code, "The program" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("line", ["h q[99999999999999999999];", "rx(18446744073709551616) q[0];"])
def test_a_number_that_overflows_the_parser(hub: HubProcess, line: str) -> None:
    program = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\n{line}\n'
    hub.run(QSIM, BELL2)
    workers = hub.workers()
    answer = hub.post(QSIM, program)
    assert (answer.status_code, "Line 4" in answer.json()["detail"]) == (422, True)
    assert hub.workers() == workers


@pytest.mark.parametrize(
    ("backend", "program"),
    [
        # Gates made of two of the gates before: 2**60 in all.
        (
            QSIM,
            'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate g0 a { h a; }\n'
            + "".join(f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}\n" for n in range(1, 60))
            + "qreg q[1];\ncreg c[1];\ng59 q[0];\nmeasure q -> c;\n",
        ),
        (SV1, "OPENQASM 3.0;\nqubit[1] q;\nrx(9 ** 9 ** 9 ** 9) q[0];\n"),
        (SV1, "OPENQASM 3.0;\nqubit[1] q;\nfor int i in [0:1000000000] { x q[0]; }\n"),
    ],
)
def test_a_program_without_end_can_be_cancelled(
    hub: HubProcess, backend: str, program: str
) -> None:
    job_id = hub.submit(backend, program)
    hub.wait(job_id, "RUNNING")
    assert hub.http.get("/backends").status_code == 200
    assert hub.http.delete(f"/jobs/{job_id}").status_code == 204
    assert hub.http.get(f"/jobs/{job_id}/status").json() == {"status": "CANCELLED"}


@pytest.mark.parametrize(
    ("backend", "given", "params", "field"),
    [
        (
            "azure.ionq.simulator",
            {"gateset": "qis", "qubits": 10**30, "circuit": []},
            {},
            "input.qubits",
        ),
        (SV1, {"qasm": BELL3}, {"qubit_count": 35}, "input_params.qubit_count"),
    ],
)
def test_the_server_itself_counts_declared_qubits(
    hub: HubProcess, backend: str, given: dict[str, Any], params: dict[str, Any], field: str
) -> None:
    body = {"backend_id": backend, "shots": 10, "input": given, "input_params": params}
    answer = hub.http.post("/jobs", json=body)
    assert answer.status_code == 422
    assert f"`{field}`" in answer.json()["detail"]


def test_bodies_with_something_wrong(hub: HubProcess) -> None:
    bombard(hub, 200, seed=4)
