"""Every backend of the catalog: its documents, its calibrations, its queue; and that scripts write the catalog."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.catalog import common
from tests.quick.local_hub.contract import component, conforms, schema
from tests.quick.local_hub.hub_process import BELL2, ROOT, HubProcess

# Those that the API maps to an input.
BACKENDS = sorted(
    {
        backend
        for case in schema("CreateJobRequest")["allOf"]
        for backend in case["if"]["properties"]["backend_id"]["enum"]
    }
)
IBM = [backend for backend in BACKENDS if backend.startswith("ibm.")]
IQM = [backend for backend in BACKENDS if backend.startswith("iqm.")]
CALIBRATED = [
    *(
        "aws.ionq.forte",
        "aws.quera.aquila",
        "aws.rigetti.cepheus",
        *IBM,
        *IQM,
        "quandela.qpu.belenos",
    ),
]
BRAKET = {
    "aws.sim.sv1": "GateModelSimulatorDeviceCapabilities",
    "aws.sim.dm1": "GateModelSimulatorDeviceCapabilities",
    "aws.rigetti.cepheus": "RigettiDeviceCapabilities",
    "aws.ionq.forte": "IonqDeviceCapabilities",
    "aws.quera.aquila": "QueraDeviceCapabilities",
}
# Made from what vendors publish alone; the others have figures from a seeded script and say so.
NOT_SYNTHETIC = {"aws.sim.sv1", "aws.sim.dm1", "quandela.sim.altair"}
SCRIPTS = ["aws", "azure_ionq", "ibm", "iqm", "quandela", "qudora"]
# Written by hand from the SDK's published document and from qsim's own documentation.
BY_HAND = {"aws.sim.sv1", "kipu.sim.qsim"}


def text(hub: HubProcess, backend: str, what: str) -> str:
    answer = hub.http.get(f"/backends/{backend}/{what}")
    assert answer.status_code == 200
    return answer.text


def document(hub: HubProcess, backend: str, what: str) -> Any:
    return json.loads(text(hub, backend, what))


# --- documents


def test_all_twenty_are_there(hub: HubProcess) -> None:
    assert len(BACKENDS) == 20
    assert [item["id"] for item in hub.http.get("/backends").json()] == BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_conforms_and_says_everything(hub: HubProcess, backend: str) -> None:
    found = hub.http.get(f"/backends/{backend}").json()
    conforms(found, component("Backend"))
    assert set(schema("Backend")["properties"]) <= set(found)
    assert found["id"] == backend
    assert found["has_calibration"] == (backend in CALIBRATED)
    configuration = found["configuration"]
    assert 0 <= configuration["shots_range"]["min"] < configuration["shots_range"]["max"]
    assert configuration["qubit_count"] > 0
    assert configuration["supported_input_formats"]
    times = [*found["availability"]]
    assert times
    for name in ("start", "end"):
        assert all(datetime.strptime(item[name], "%H:%M:%S") for item in times)
    public = {item["id"]: item for item in hub.anonymous.get("/backends").json()}[backend]
    conforms(public, component("Backend"))
    hidden = ("queue_size", "availability", "has_calibration")
    assert public == {
        **{key: value for key, value in found.items() if key not in hidden},
        "has_calibration": False,
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_status_conforms(hub: HubProcess, backend: str) -> None:
    status = document(hub, backend, "status")
    conforms(status, component("BackendStateInfo"))
    assert status["status"] == "ONLINE"
    assert status["queue_size"] == hub.http.get(f"/backends/{backend}").json()["queue_size"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_device_document_says_whether_it_is_synthetic(hub: HubProcess, backend: str) -> None:
    assert document(hub, backend, "config").get("synthetic", False) == (
        backend not in NOT_SYNTHETIC
    )


@pytest.mark.parametrize("backend", sorted(BRAKET))
def test_amazon_reads_it(hub: HubProcess, backend: str) -> None:
    from braket.schema_common import BraketSchemaBase

    read = BraketSchemaBase.parse_raw_schema(text(hub, backend, "config"))
    assert type(read).__name__ == BRAKET[backend]
    configuration = hub.http.get(f"/backends/{backend}").json()["configuration"]
    assert read.paradigm.qubitCount == configuration["qubit_count"]
    shots = configuration["shots_range"]
    assert tuple(read.service.shotsRange) == (shots["min"], shots["max"])


@pytest.mark.parametrize("backend", IBM)
def test_ibm_reads_it(hub: HubProcess, backend: str) -> None:
    from qiskit_ibm_runtime.utils.backend_decoder import (
        configuration_from_server_data,
        properties_from_server_data,
    )

    read = document(hub, backend, "config")
    # Read here: IBM's reader passes over the zone.
    told_at = datetime.fromisoformat(read["properties"]["last_update_date"])
    configuration = configuration_from_server_data(read["config"])
    properties = properties_from_server_data(read["properties"])
    told = hub.http.get(f"/backends/{backend}").json()["configuration"]
    assert configuration.n_qubits == told["qubit_count"] == len(properties.qubits)
    assert configuration.backend_name == read["properties"]["backend_name"]
    for first, second in configuration.coupling_map:
        assert 0 <= first < configuration.n_qubits
        assert 0 < properties.gate_error("cz", [first, second]) <= 1
    assert told_at == datetime.fromisoformat(document(hub, backend, "calibration")["calibrated_at"])


@pytest.mark.parametrize("backend", IQM)
def test_iqm_reads_it(hub: HubProcess, backend: str) -> None:
    """As IQM's client reads a `DynamicQuantumArchitecture` (iqm-client, `iqm.iqm_client.models`)."""
    read = document(hub, backend, "config")
    qubits = read["qubits"]
    assert (
        len(qubits) == hub.http.get(f"/backends/{backend}").json()["configuration"]["qubit_count"]
    )
    assert read["calibration_set_id"]
    assert read["computational_resonators"] == []
    for gate in read["gates"].values():
        assert gate["default_implementation"] in gate["implementations"]
        for implementation in gate["implementations"].values():
            for locus in implementation["loci"]:
                assert set(locus) <= set(qubits)
    assert {"prx", "cz", "measure"} <= set(read["gates"])
    for observation in read["calibrationData"]["observations"]:
        assert {"dut_field", "value"} <= set(observation)


def test_perceval_reads_it(hub: HubProcess) -> None:
    """As Perceval's remote platforms read their details (perceval-quandela, `RemoteProcessor`)."""
    for backend in ("quandela.sim.altair", "quandela.qpu.belenos"):
        read = document(hub, backend, "config")
        assert read["type"] == ("simulator" if ".sim." in backend else "qpu")
        assert read["status"] == "available"
        assert read["specs"]["available_commands"]
        constraints = read["specs"]["constraints"]
        assert constraints["max_mode_count"] >= constraints["max_photon_count"] > 0


@pytest.mark.parametrize("backend", ["azure.ionq.simulator", "kipu.sim.qsim", "qudora.sim.xg1"])
def test_simulators_without_a_vendors_format_say_their_size(hub: HubProcess, backend: str) -> None:
    read = document(hub, backend, "config")
    count = hub.http.get(f"/backends/{backend}").json()["configuration"]["qubit_count"]
    assert count in (read.get("qubits"), read.get("qubit_count"), read.get("max_n_qubits"))
    assert read["description"]


# --- calibrations


@pytest.mark.parametrize("backend", CALIBRATED)
def test_a_calibration_of_any_time(hub: HubProcess, backend: str) -> None:
    history = json.loads(catalog_file("calibrations", backend))
    moments = [datetime.fromisoformat(item["calibrated_at"]) for item in history]
    assert len(moments) >= 3
    assert moments == sorted(set(moments))

    def at(moment: datetime | str | None) -> Any:
        sent = moment.isoformat() if isinstance(moment, datetime) else moment
        query = {} if sent is None else {"effectiveAt": sent}
        answer = hub.http.get(f"/backends/{backend}/calibration", params=query)
        if answer.status_code == 204:
            assert answer.content == b""
            return None
        assert answer.status_code == 200
        conforms(answer.json(), component("CalibrationResponse"))
        assert answer.json()["backend_id"] == backend
        return {key: value for key, value in answer.json().items() if key != "backend_id"}

    moment = timedelta(seconds=1)
    assert at(moments[0] - moment) is None
    assert at(datetime(1970, 1, 1).isoformat() + "Z") is None
    for number, (begin, item) in enumerate(zip(moments, history, strict=True)):
        assert at(begin) == item
        end = moments[number + 1] if number + 1 < len(moments) else begin + timedelta(days=9_999)
        assert at(end - moment) == item
    assert at(None) == history[-1]
    # Without a zone UTC is meant, and another zone is reckoned with.
    assert at(moments[1].isoformat().removesuffix("+00:00")) == history[1]
    early = (moments[1] - moment).isoformat().removesuffix("+00:00")
    assert at(f"{early}-00:01") == history[1]
    assert at(f"{early}+00:01") == history[0]
    calibrations = [json.dumps(item["calibration"]) for item in history]
    assert len(set(calibrations)) == len(calibrations)


@pytest.mark.parametrize("backend", sorted(set(BACKENDS) - set(CALIBRATED)))
def test_simulators_have_none(hub: HubProcess, backend: str) -> None:
    assert hub.http.get(f"/backends/{backend}/calibration").status_code == 204


# --- queues


@pytest.fixture
def slow() -> Iterator[HubProcess]:
    """A Hub whose jobs last long."""
    process = HubProcess("--workers", "1", "--job-seconds", "60")
    yield process
    assert process.close() == 0


def test_queues_and_the_least_busy(slow: HubProcess) -> None:
    def least(minimum: int = 0) -> Any:
        query = {"provider": "IBM", "minQubits": minimum}
        found = slow.http.get("/backends/least-busy", params=query).json()
        conforms(found, component("Backend"))
        return found

    body = json.loads((ROOT / "tests/contract/bodies/job_ibm_sampler.json").read_text())
    seen = []
    for _ in IBM:
        found = least()
        assert found["queue_size"] == 0
        seen.append(found["id"])
        # One runs for a minute, the other waits.
        for _ in range(2):
            answer = slow.http.post("/jobs", json={**body, "backend_id": found["id"]})
            assert answer.status_code == 201, answer.text
        slow.wait(answer.json()["id"], "PENDING")
        end = slow.http.get(f"/backends/{found['id']}").json()["queue_size"]
        assert end >= 1
    assert sorted(seen) == IBM
    assert least()["queue_size"] >= 1
    large = least(150)
    assert large["configuration"]["qubit_count"] >= 150
    others = [item for item in slow.http.get("/backends").json() if item["id"] not in IBM]
    assert {item["queue_size"] for item in others} == {0}
    simulator = [slow.submit("kipu.sim.qsim", BELL2) for _ in range(2)]
    assert slow.http.get("/backends/kipu.sim.qsim/status").json()["status"] == "ONLINE"
    for job_id in simulator:
        assert slow.http.delete(f"/jobs/{job_id}").status_code == 204


# --- scripts


def catalog_file(kind: str, backend: str, folder: Path = common.CATALOG) -> bytes:
    import gzip

    path = folder / kind / f"{backend}.json"
    if path.exists():
        return path.read_bytes()
    return gzip.decompress(path.with_name(path.name + ".gz").read_bytes())


def test_the_scripts_write_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "CATALOG", tmp_path)
    for name in SCRIPTS:
        importlib.import_module(f"scripts.catalog.{name}").main()
    real = ROOT / "local_hub" / "catalog"
    written = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*.json*")}
    kept = {path.relative_to(real): path for path in real.rglob("*.json*")}
    by_hand = {path for path in kept if path.name.removesuffix(".json") in BY_HAND}
    assert set(written) == set(kept) - by_hand
    assert len(by_hand) == 3 * len(BY_HAND)
    for name, path in written.items():
        assert path.read_bytes() == kept[name].read_bytes(), f"{name} differs"
