"""The console's files, and the pictures of jobs that it asks for. The page itself is tested in tests/system."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from braket.circuits import Circuit
from perceval import BS, BSCount, FockState
from perceval import Circuit as PercevalCircuit
from perceval.serialization import serialize
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import RuntimeEncoder

import local_hub.console
from local_hub.engines.pictures import histograms
from tests.quick.local_hub.hub_process import BELL2, BELL3, HEAVY3, HubProcess

FILES = ("/", "/console/console.css", "/console/console.js", "/console/parts.js")
SOURCES = sorted(Path(local_hub.console.__file__).parent.glob("*.*"))
NATIVE3 = """OPENQASM 3.0;
include "stdgates.inc";
qubit[156] q;
bit[2] left;
bit[3] right;
sx q[3];
cz q[3], q[4];
left[0] = measure q[3];
right[2] = measure q[4];
"""


def origin(hub: HubProcess) -> str:
    return str(hub.info["base_url"]).removesuffix("/quantum")


def ask_picture(hub: HubProcess, job_id: str, client: httpx.Client | None = None) -> httpx.Response:
    return (client or hub.http).get(f"{origin(hub)}/console/jobs/{job_id}/picture")


def picture(hub: HubProcess, job_id: str) -> Any:
    answer = ask_picture(hub, job_id)
    assert answer.status_code == 200, answer.text
    return answer.json()


def run(hub: HubProcess, backend: str, input: Any, shots: int = 100, **fields: Any) -> str:
    body = {"backend_id": backend, "input": input, "shots": shots, **fields}
    answer = hub.http.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    job_id = str(answer.json()["id"])
    assert hub.wait(job_id) == "COMPLETED", hub.http.get(f"/jobs/{job_id}/result").text
    return job_id


def result(hub: HubProcess, job_id: str) -> Any:
    return hub.http.get(f"/jobs/{job_id}/result").json()


def drawn(circuit: QuantumCircuit) -> str:
    return str(circuit.draw("text", fold=110, idle_wires=False).single_string())


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


# --- the files


@pytest.mark.parametrize("path", FILES)
def test_the_page_may_load_nothing_from_elsewhere(hub: HubProcess, path: str) -> None:
    answer = hub.anonymous.get(origin(hub) + path)
    assert answer.status_code == 200
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {
        "'self'"
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_files_name_no_other_host_and_write_no_html(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"https?://[\w.]+", text) in ([], ["http://www.w3.org"])
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text


# --- who may see a picture


def test_a_picture_is_its_owners_and_the_administrators(hub: HubProcess) -> None:
    made = [hub.http.post("/admin/users", json={"name": name}).json() for name in ("eve", "bob")]
    eve, bob = (hub.with_token(user["token"]) for user in made)
    with eve, bob:
        body = {"backend_id": "kipu.sim.qsim", "input": {"qasm": BELL2}, "shots": 10}
        job_id = eve.post("/jobs", json=body).json()["id"]
        while eve.get(f"/jobs/{job_id}/status").json()["status"] != "COMPLETED":
            pass
        assert ask_picture(hub, job_id, eve).json() == picture(hub, job_id)
        assert ask_picture(hub, job_id, bob).status_code == 404
    assert ask_picture(hub, job_id, hub.anonymous).status_code == 401
    for unknown in ("00000000-0000-4000-8000-000000000000", "x"):
        answer = ask_picture(hub, unknown)
        assert answer.status_code == 404
        assert unknown in answer.json()["detail"]


def test_jobs_come_before_pictures() -> None:
    hub = HubProcess("--workers", "1")
    try:
        drawable = run(hub, "kipu.sim.qsim", {"qasm": BELL2})
        heavy = hub.submit("aws.sim.sv1", HEAVY3)
        hub.wait(heavy, "RUNNING")
        answer = ask_picture(hub, drawable)
        assert answer.status_code == 503
        assert "idle" in answer.json()["detail"]
        assert answer.headers["Retry-After"] == "1"
        assert hub.http.get(f"/jobs/{heavy}/status").json()["status"] == "RUNNING"
        hub.http.delete(f"/jobs/{heavy}")
        assert picture(hub, drawable)["circuits"][0]["text"].strip()
    finally:
        hub.close()


# --- circuits and histograms, system by system


def test_openqasm_2_and_3(hub: HubProcess) -> None:
    for backend, qasm, params in (
        ("kipu.sim.qsim", BELL2, {}),
        ("qudora.sim.xg1", BELL2, {"input_format": "OPEN_QASM_V2"}),
        (
            "qudora.sim.xg1",
            'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;',
            {"input_format": "OPEN_QASM_V3"},
        ),
    ):
        job_id = run(hub, backend, {"qasm": qasm}, 500, **params)
        found = picture(hub, job_id)
        reference = bell()
        assert "c: 2" in found["circuits"][0]["text"]
        assert _lines(found["circuits"][0]["text"])[:5] == _lines(drawn(reference))[:5]
        counts = result(hub, job_id)["counts"]
        assert dict(found["histograms"][0]["values"]) == counts
        assert found["histograms"][0]["total"] == 500
        assert found["notes"] == []


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").split("\n")]


def test_braket_draws_its_own(hub: HubProcess) -> None:
    job_id = run(hub, "aws.sim.sv1", {"qasm": BELL3}, 300)
    found = picture(hub, job_id)
    circuit = Circuit().h(0).cnot(0, 1).measure(0).measure(1)
    assert found["circuits"] == [{"title": "", "text": str(circuit.diagram())}]
    rows = result(hub, job_id)["measurements"]
    texts = ["".join(map(str, row)) for row in rows]
    assert dict(found["histograms"][0]["values"]) == {
        text: texts.count(text) for text in set(texts)
    }


def test_a_large_program_of_brakets_is_shown_as_it_is(hub: HubProcess) -> None:
    source = "OPENQASM 3.0;\nqubit[2] q;\nfor int i in [0:600] { h q[0]; }\n"
    job_id = run(hub, "aws.sim.sv1", {"qasm": source})
    found = picture(hub, job_id)
    assert found["circuits"][0]["text"] == source
    assert "601 gates" in found["notes"][0]


def test_a_verbatim_box_on_a_device(hub: HubProcess) -> None:
    source = (
        "OPENQASM 3.0;\nbit[1] b;\n#pragma braket verbatim\nbox {\n  rx(pi/2) $1;\n}\n"
        "b[0] = measure $1;\n"
    )
    text = picture(hub, run(hub, "aws.rigetti.cepheus", {"qasm": source}))["circuits"][0]["text"]
    assert "StartVerbatim" in text
    assert "q1" in text


def test_ibms_circuits_and_registers(hub: HubProcess) -> None:
    circuit = QuantumCircuit(156)
    circuit.sx(3)
    circuit.cz(3, 4)
    circuit.measure_all()
    pubs = json.loads(json.dumps([(circuit, None, 50)], cls=RuntimeEncoder))
    job_id = run(
        hub,
        "ibm.qpu.fez",
        {"pubs": [[NATIVE3, None, 100], *pubs], "version": 2},
        input_params={"program_id": "sampler"},
    )
    found = picture(hub, job_id)
    assert [item["title"] for item in found["circuits"]] == ["PUB 0", "PUB 1"]
    text = found["circuits"][0]["text"]
    assert "q_3:" in text
    assert "q_5:" not in text
    assert "√X" in text
    titles = {item["title"]: item for item in found["histograms"]}
    assert set(titles) == {"PUB 0, register left", "PUB 0, register right", "PUB 1, register meas"}
    left = dict(titles["PUB 0, register left"]["values"])
    assert sum(left.values()) == 100
    assert set(left) <= {"00", "01"}
    assert set(dict(titles["PUB 0, register right"]["values"])) <= {"000", "100"}
    wide = titles["PUB 1, register meas"]
    assert wide["total"] == 50
    assert {len(key) for key, _ in wide["values"]} == {156}


def test_iqm_azure_and_aquila_and_unknown_inputs(hub: HubProcess) -> None:
    instructions = [
        {"name": "prx", "qubits": ["QB1"], "args": {"angle_t": 0.25, "phase_t": 0.0}},
        {"name": "cz", "qubits": ["QB1", "QB2"], "args": {}},
        {"name": "measure", "qubits": ["QB1", "QB2"], "args": {"key": "m"}},
    ]
    circuits = [{"name": "first", "instructions": instructions}]
    job_id = run(hub, "iqm.qpu.garnet", {"circuits": circuits}, 200)
    found = picture(hub, job_id)
    assert found["circuits"][0]["title"] == "Circuit 0 (first)"
    assert "prx(π/2,0)" in found["circuits"][0]["text"]
    counts = result(hub, job_id)["measurement_counts"][0]["counts"]
    assert dict(found["histograms"][0]["values"]) == counts

    gates = [
        {"gate": "h", "targets": [0]},
        {"gate": "x", "targets": [1], "controls": [0]},
        {"gate": "rz", "targets": [2], "rotation": 0.5},
        {"gate": "pauliexp", "targets": [0, 2], "terms": ["XX"], "coefficients": [0.5], "time": 0},
    ]
    job_id = run(hub, "azure.ionq.simulator", {"qubits": 3, "gateset": "qis", "circuit": gates})
    found = picture(hub, job_id)
    assert "pauliexp" in found["circuits"][0]["text"]
    assert "rz(0.5)" in found["circuits"][0]["text"]
    values = dict(found["histograms"][0]["values"])
    assert values == {"000": pytest.approx(0.5), "011": pytest.approx(0.5)}
    assert found["histograms"][0]["unit"] == "probability"


def test_perceval_draws_quandelas(hub: HubProcess) -> None:
    payload = {
        "command": "sample_count",
        "circuit": serialize(PercevalCircuit(2) // BS.H()),
        "input_state": ":PCVL:BasicState:|1,1>",
        "max_samples": 200,
        "parameters": {"min_detected_photons": 2},
    }
    found = picture(hub, run(hub, "quandela.sim.altair", payload, 200))
    assert found["circuits"][0]["text"].startswith("input |1,1>\n")
    assert "BS.H" in found["circuits"][0]["text"]
    # Two photons leave a balanced beam splitter together.
    assert set(dict(found["histograms"][0]["values"])) == {"|2,0>", "|0,2>"}
    assert found["histograms"][0]["total"] == 200


def test_what_cannot_be_read_is_shown_as_it_was_sent() -> None:
    hub = HubProcess("--workers", "1")
    try:
        source = 'OPENQASM 2.0;\ninclude "/etc/passwd";\nqreg q[1];\n'
        job_id = hub.submit("kipu.sim.qsim", source)  # the worker is cold: it is accepted first
        assert hub.wait(job_id) == "FAILED"
        found = picture(hub, job_id)
        assert found["circuits"] == [{"title": "", "text": source}]
        assert found["notes"][0].startswith("Shown as it was sent: ")
        assert found["notes"][1].startswith("The job failed: ")
        assert "root:" not in json.dumps(found)
    finally:
        hub.close()


# --- result documents by their shapes


def only(document: Any, width: int | None = None) -> histograms.Histogram:
    found, notes = histograms.read(document, width)
    assert notes == []
    assert len(found) == 1
    return found[0]


def test_the_most_frequent_outcomes_are_named_and_the_rest_counted() -> None:
    counts = {f"{number:08b}": number for number in range(101)}
    found = only({"counts": counts})
    assert len(found.values) == histograms.MOST_OUTCOMES
    assert found.values[0] == (f"{100:08b}", 100)
    assert found.more == 100 - histograms.MOST_OUTCOMES
    assert found.rest == sum(range(1, 37))
    assert found.total == sum(range(101))


@pytest.mark.parametrize(
    ("document", "unit", "values"),
    [
        ({"histogram": {"1": 0.25, "2": 0.75}}, "probability", {"01": 0.25, "10": 0.75}),
        (
            {"statevector": [[0.6, 0], [0, 0], [0, 0.8], [0, 0]]},
            "probability",
            {"00": 0.36, "10": 0.64},
        ),
        ({"amplitudes": {"01": [0.0, 0.5]}}, "probability", {"01": 0.25}),
        (
            {"measurements": [[0, 1], [0, 1], [1, 1]], "measuredQubits": [4, 7]},
            "shots",
            {"01": 2, "11": 1},
        ),
        (
            {
                "measurements": [
                    {"shotResult": {"preSequence": [1, 1, 0], "postSequence": [1, 0, 0]}}
                ]
            },
            "shots",
            {"gre": 1},
        ),
        (
            {"resultTypes": [{"type": {"type": "probability"}, "value": [0.0, 0.5, 0.0, 0.5]}]},
            "probability",
            {"01": 0.5, "11": 0.5},
        ),
        ({"results": json.dumps({"results": "?"})}, "shots", {"|1,0>": 3, "|0,2>": 1}),
    ],
)
def test_shapes(document: Any, unit: str, values: dict[str, float]) -> None:
    if "results" in document:
        counts = BSCount()
        counts[FockState([1, 0])] = 3
        counts[FockState([0, 2])] = 1
        document = {"results": json.dumps({"results": serialize(counts)})}
    found = only(document, 2)
    assert found.unit == unit
    assert dict(found.values) == pytest.approx(values)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"error": {"message": "too bad"}}, "The job failed: too bad"),
        ({"something": 1}, "The result has no counts."),
        (5, "The result has no counts."),
        ({"counts": 5}, "not known"),
        ({"__type__": "PrimitiveResult", "__value__": {}}, "not known"),
        (
            {
                "resultTypes": [
                    {
                        "type": {"type": "expectation", "observable": ["x"], "targets": [0]},
                        "value": 0.5,
                    }
                ]
            },
            "expectation x of qubits 0: 0.5",
        ),
    ],
)
def test_documents_without_a_histogram_say_so(document: Any, words: str) -> None:
    found, notes = histograms.read(document)
    assert found == []
    assert words in notes[0]
