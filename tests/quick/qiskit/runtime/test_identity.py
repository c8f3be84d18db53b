"""Service and backends are IBM's own classes, and the Hub's."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.providers import QiskitBackendNotFoundError
from qiskit.transpiler import Target
from qiskit_ibm_runtime import IBMBackend, QiskitRuntimeService, SamplerV2
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.models import BackendProperties, BackendStatus, QasmBackendConfiguration
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from qhub_qiskit import HubBackend, HubProvider, HubRuntimeService
from qhub_qiskit.runtime.backend import HubIBMBackend
from tests.quick.local_hub.ibm_hub import NAMES
from tests.quick.qiskit.runtime.circuits import flip
from tests.quick.qiskit.runtime.traffic import Traffic

Watched = tuple[HubRuntimeService, Traffic]
FRACTIONAL = {"rx", "rzz"}


def ibms_target(service: HubRuntimeService, name: str, fractional: bool | None = False) -> Target:
    """What IBM's converters make of the Hub's documents."""
    document = service.client.backends.config(name)
    newest = service.client.backends.calibration(name)
    assert newest is not None
    return convert_to_target(
        configuration_from_server_data(
            copy.deepcopy(document["config"]), use_fractional_gates=fractional
        ),
        properties_from_server_data(
            copy.deepcopy(newest.calibration), use_fractional_gates=fractional
        ),
    )


def figures(target: Target) -> dict[str, Any]:
    """Everything that a target says, as something that can be compared."""
    gates = {
        name: {
            places: (None if entry is None else (entry.error, entry.duration))
            for places, entry in (target[name] or {}).items()
        }
        for name in target.operation_names
    }
    qubits = [(one.t1, one.t2, one.frequency) for one in target.qubit_properties]
    whole = (
        "num_qubits",
        "dt",
        "granularity",
        "min_length",
        "pulse_alignment",
        "acquire_alignment",
    )
    return {"gates": gates, "qubits": qubits, **{name: getattr(target, name) for name in whole}}


def test_they_are_instances_of_ibms_classes(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    assert isinstance(ideal, QiskitRuntimeService)
    assert isinstance(fez, IBMBackend)
    assert isinstance(fez, HubBackend)
    assert fez.service is ideal
    assert (fez.name, fez.backend_name) == ("ibm.qpu.fez", "ibm_fez")


@pytest.mark.parametrize("name", NAMES)
def test_both_names_give_a_backend_with_the_target_of_ibms_converters(
    ideal: HubRuntimeService, name: str
) -> None:
    by_ibm, by_hub = ideal.backend(f"ibm_{name}"), ideal.backend(f"ibm.qpu.{name}")
    assert by_ibm.name == by_hub.name == f"ibm.qpu.{name}"
    assert by_ibm.hub_backend == by_hub.hub_backend
    assert figures(by_ibm.target) == figures(ibms_target(ideal, f"ibm.qpu.{name}"))
    assert by_ibm.target.num_qubits >= 120


def test_a_provider_gives_the_same_backend(fez: HubIBMBackend) -> None:
    provider = HubProvider.local(seed=7, noise=False)
    backend = provider.get_backend("ibm.qpu.fez")
    assert isinstance(backend, HubIBMBackend)
    assert backend.provider is provider
    assert isinstance(backend.service, HubRuntimeService)
    assert backend.service.client is provider.client
    assert figures(backend.target) == figures(fez.target)
    (listed,) = provider.backends("ibm.qpu.fez")
    assert isinstance(listed, HubIBMBackend)
    counts = SamplerV2(backend).run([flip(156)], shots=9).result()[0].data.c.get_counts()
    assert counts == {"1": 9}


def test_what_is_no_backend_of_ibms_is_not_found(ideal: HubRuntimeService) -> None:
    with pytest.raises(QiskitBackendNotFoundError, match="ibm_fez"):
        ideal.backend("ibm_fezz")
    with pytest.raises(QiskitBackendNotFoundError):
        ideal.backend("kipu.sim.qsim")


@pytest.mark.parametrize("choice", [True, False, None])
def test_fractional_gates_reach_the_target(ideal: HubRuntimeService, choice: bool | None) -> None:
    backend = ideal.backend("ibm_fez", use_fractional_gates=choice)
    assert figures(backend.target) == figures(ibms_target(ideal, "ibm.qpu.fez", choice))
    offered = FRACTIONAL & set(backend.target.operation_names)
    assert offered == (FRACTIONAL if choice is not False else set())
    assert FRACTIONAL & set(backend.configuration().basis_gates) == offered
    (listed,) = ideal.backends("ibm_fez", use_fractional_gates=choice)
    assert FRACTIONAL & set(listed.configuration().basis_gates) == offered
    found = ideal.least_busy(
        filters=lambda one: one.name == "ibm.qpu.fez", use_fractional_gates=choice
    )
    assert FRACTIONAL & set(found.configuration().basis_gates) == offered


def test_a_backend_without_fractional_gates_says_so(ideal: HubRuntimeService) -> None:
    with pytest.raises(IBMInputValueError, match=r"miami.*fractional"):
        ideal.backend("ibm_miami", use_fractional_gates=True)
    assert not FRACTIONAL & set(ideal.backend("ibm_miami").target.operation_names)


def test_fractional_gates_outlive_a_refresh_and_a_pickle(ideal: HubRuntimeService) -> None:
    backend = ideal.backend("ibm_fez", use_fractional_gates=True)
    backend.refresh()
    assert set(backend.target.operation_names) >= FRACTIONAL
    again = pickle.loads(pickle.dumps(backend))
    assert set(again.target.operation_names) >= FRACTIONAL


def test_configuration(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    document = ideal.client.backends.config("ibm.qpu.fez")["config"]
    configuration = fez.configuration()
    assert isinstance(configuration, QasmBackendConfiguration)
    assert configuration.backend_name == document["backend_name"] == "ibm_fez"
    assert configuration.n_qubits == document["n_qubits"] == 156
    assert not configuration.simulator
    assert configuration.coupling_map == document["coupling_map"]
    # IBM's __getattr__ finds there what the class itself has not.
    for name in (
        "backend_version",
        "basis_gates",
        "processor_type",
        "rep_delay_range",
        "simulator",
    ):
        assert getattr(fez, name) == getattr(configuration, name)
    assert fez.online_date == configuration.online_date
    assert fez.dtm == configuration.dtm
    assert fez.meas_map == configuration.meas_map
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = fez.no_such_thing


def test_properties(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    document = ideal.client.backends.calibration("ibm.qpu.fez").calibration
    properties = fez.properties()
    assert isinstance(properties, BackendProperties)
    told = {entry["name"]: entry for entry in document["qubits"][3]}
    # IBM gives seconds, its document microseconds.
    assert properties.t1(3) == pytest.approx(told["T1"]["value"] * 1e-6)
    assert properties.readout_error(3) == told["readout_error"]["value"]
    assert properties.t1(3) == fez.qubit_properties(3).t1
    assert fez.properties() is properties
    assert fez.properties(refresh=True) is not properties


def test_status(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    status = fez.status()
    assert isinstance(status, BackendStatus)
    assert (status.operational, status.status_msg) == (True, "active")
    assert status.pending_jobs >= 0
    assert status.backend_name == "ibm.qpu.fez"


def test_older_calibrations(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    newest = ideal.client.backends.calibration("ibm.qpu.fez")
    earlier = newest.calibrated_at - timedelta(days=1)
    before = ideal.client.backends.calibration("ibm.qpu.fez", effective_at=earlier)
    assert before.calibration["qubits"] != newest.calibration["qubits"]
    properties = fez.properties(datetime=earlier)
    expected = properties_from_server_data(copy.deepcopy(before.calibration))
    assert properties.to_dict() == expected.to_dict()
    assert properties.to_dict() != fez.properties().to_dict()
    history = fez.target_history(datetime=earlier)
    assert history.qubit_properties[0].t1 == properties.t1(0) != fez.target.qubit_properties[0].t1
    assert figures(fez.target_history()) == figures(fez.target)


def test_a_time_without_a_zone_is_local(
    ideal: HubRuntimeService, fez: HubIBMBackend, tokyo: None
) -> None:
    """At the hour of the calibration by UTC the clocks of Tokyo show nine hours more."""
    at = ideal.client.backends.calibration("ibm.qpu.fez").calibrated_at
    by_the_wall = (at + timedelta(minutes=1)).astimezone().replace(tzinfo=None)
    assert fez.properties(datetime=by_the_wall).to_dict() == fez.properties().to_dict()
    as_if_utc = (at + timedelta(minutes=1)).astimezone(UTC).replace(tzinfo=None)
    assert fez.properties(datetime=as_if_utc).to_dict() != fez.properties().to_dict()


def test_a_zone_counts(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    at = ideal.client.backends.calibration("ibm.qpu.fez").calibrated_at + timedelta(seconds=1)
    for hours in (-9, 0, 9):
        zone = timezone(timedelta(hours=hours))
        there = fez.properties(datetime=at.astimezone(zone))
        assert there.to_dict() == fez.properties().to_dict()


def test_before_the_first_calibration_there_are_no_properties(fez: HubIBMBackend) -> None:
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    assert fez.properties(datetime=long_ago) is None
    assert fez.target_history(datetime=long_ago).num_qubits == 156


@pytest.mark.parametrize("given", [{"refresh": "yes"}, {"datetime": "yesterday"}])
def test_arguments_of_another_type_are_ibms_type_errors(
    fez: HubIBMBackend, given: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        fez.properties(**given)


def test_copies_are_itself(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    assert copy.copy(fez) is copy.deepcopy(fez) is fez
    assert copy.copy(ideal) is copy.deepcopy(ideal) is ideal
    assert copy.deepcopy({"backend": [fez]})["backend"][0] is fez


def test_they_pickle_without_the_token(ideal: HubRuntimeService, fez: HubIBMBackend) -> None:
    text = pickle.dumps((ideal, fez))
    assert ideal.client.settings.token is not None
    assert ideal.client.settings.token.get_secret_value().encode() not in text
    service, backend = pickle.loads(text)
    assert isinstance(service, HubRuntimeService)
    assert isinstance(backend, HubIBMBackend)
    assert figures(backend.target) == figures(fez.target)
    counts = SamplerV2(backend).run([flip(156)], shots=7).result()[0].data.c.get_counts()
    assert counts == {"1": 7}
    assert service.backend("ibm_fez").name == fez.name


def test_a_pickle_keeps_the_options_of_run(ideal: HubRuntimeService) -> None:
    backend = ideal.backend("ibm_fez")
    backend.set_options(shots=77)
    assert pickle.loads(pickle.dumps(backend)).options.shots == 77
    assert ideal.backend("ibm_fez").options.shots != 77


def test_run_gives_counts(fez: HubIBMBackend) -> None:
    """IBM's own `run` is an error; here it is the Hub's."""
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    circuit = transpile(bell, fez, seed_transpiler=1)
    counts = fez.run(circuit, shots=1000).result().get_counts()
    assert set(counts) == {"00", "11"}
    assert abs(counts["00"] - 500) < 6 * 16  # binomial: 16 is the standard deviation


def test_listing_reads_no_device_documents(watched: Watched) -> None:
    service, traffic = watched
    backends = service.backends()
    assert [backend.name for backend in backends] == [f"ibm.qpu.{name}" for name in NAMES]
    service.backends(min_num_qubits=130)
    service.backends("ibm_fez")
    service.backend("ibm.qpu.fez")
    HubProvider(client=service.client).backends("ibm.*")
    assert traffic.count("GET /backends") == len(traffic.sent) == 5
    assert backends[3].target.num_qubits == 156
    assert traffic.count("GET /backends/.+/config") == 1


def test_a_backend_reads_its_documents_once(watched: Watched) -> None:
    service, traffic = watched
    backend = service.backend("ibm_fez")
    traffic.forget()
    for _ in range(3):
        assert backend.target.num_qubits == backend.configuration().n_qubits
        assert backend.properties() is not None
        assert backend.simulator is False
    SamplerV2(backend).run([flip(156)], shots=1).result()
    assert traffic.count("GET /backends/.+/config") == 1
    assert traffic.count("GET /backends/.+/calibration") == 1
    backend.refresh()
    assert backend.target.num_qubits == 156
    assert traffic.count("GET /backends/.+/config") == 2
