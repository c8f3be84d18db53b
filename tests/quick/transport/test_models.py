"""Reading is lenient: whatever JSON object comes, it is read; what is understood is typed."""

import itertools
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_transport import operations
from shared_transport.models import (
    AccessType,
    Backend,
    BackendState,
    BackendStateInfo,
    BackendType,
    Calibration,
    Configuration,
    InputFormat,
    Job,
    JobStatus,
    JobStatusAnswer,
    Page,
    SdkProvider,
    is_terminal,
)
from tests.quick.transport.tools import CONTRACT, answer

ID = "5904a9f2-f43b-453d-9d08-beedcdb93e54"
# The examples of the API's description, property by property.
JOB = {
    "id": ID,
    "name": "My Quantum Job",
    "backend_id": "aws.sim.sv1",
    "provider": "IBM",
    "provider_job_id": "5678-1234-90ab-cdef-1234567890ab",
    "input_format": "openqasm.v3",
    "tags": ["experiment", "prod"],
    "status": "RUNNING",
    "created_at": "2023-10-01 12:00:00",
    "started_at": "2023-10-01 12:00:00",
    "ended_at": "2023-10-01 12:00:00",
    "runtime": 1250,
    "shots": 1000,
    "session_id": ID,
    "sdk_provider": "QISKIT",
}
CONFIGURATION = {
    "gates": [{"name": "cx", "native_gate": True}],
    "operations": ["measure", "reset", "barrier"],
    "qubit_count": 127,
    "connectivity": {"fully_connected": False, "graph": {"0": ["1", "2"], "1": ["0", "3"]}},
    "shots_range": {"min": 1, "max": 100000},
    "supported_input_formats": ["openqasm.v3"],
    "output_format": "IONQ_RESULT_V1",
    "memory_result_supported": True,
    "photonic_properties": {"max_modes": 12, "min_modes": 1, "max_photons": 6, "min_photons": 1},
    "qubits": [{"id": "0"}],
    "instructions": ["delay"],
}
BACKEND = {
    "id": "aws.sim.sv1",
    "internal_id": "ibm_brisbane",
    "provider": "IBM",
    "hardware_provider": "IBM",
    "name": "ibm_brisbane",
    "display_name": "IBM Brisbane",
    "type": "QPU",
    "technology": "SUPERCONDUCTING",
    "queue_size": 12,
    "updated_at": "2026-04-17",
    "access_type": "pay-per-use",
    "documentation": {
        "description": "127-qubit superconducting processor hosted on IBM Quantum.",
        "status_url": "https://status.ibm.com/quantum",
        "location": "Ehningen, DE",
        "sdks": ["QISKIT"],
        "eu_sovereignty": True,
    },
    "configuration": CONFIGURATION,
    "availability": [{"granularity": "DAILY", "start": "08:00:00", "end": "17:00:00"}],
    "has_calibration": True,
}
STATE = {"status": "ONLINE", "queue_avg_time": 45, "queue_size": 12}
NOON = datetime(2023, 10, 1, 12, tzinfo=UTC)


# --- the examples  ---


def test_the_examples_are_those_of_the_description():
    """Each property of the contract's schemas that has a model is in the data of this file."""
    for name, example in (("Job", JOB), ("Backend", BACKEND), ("Configuration", CONFIGURATION)):
        assert set(CONTRACT["components"]["schemas"][name]["properties"]) <= set(example) | {
            "input_params"
        }


def test_a_job_is_read():
    job = Job.model_validate_json(json.dumps(JOB))
    assert (job.id, job.shots, job.runtime) == (ID, 1000, 1250)
    assert job.input_format is InputFormat.OPEN_QASM_V3
    assert job.status is JobStatus.RUNNING
    assert job.created_at == job.started_at == job.ended_at == NOON
    assert job.tags == ["experiment", "prod"]
    assert not job.ended


def test_a_backend_is_read():
    backend = Backend.model_validate_json(json.dumps(BACKEND))
    assert backend.type is BackendType.QPU
    assert not backend.simulator
    assert backend.access_type is AccessType.PAY_PER_USE
    assert backend.updated_at == date(2026, 4, 17)
    assert backend.documentation["location"] == "Ehningen, DE"
    assert backend.availability == BACKEND["availability"]
    assert backend.has_calibration is True
    configuration = backend.configuration
    assert configuration.gates[0].name == "cx"
    assert configuration.gates[0].native_gate is True
    assert configuration.supported_input_formats == [InputFormat.OPEN_QASM_V3]
    assert (configuration.shots_range.min, configuration.shots_range.max) == (1, 100000)
    assert configuration.connectivity.graph == {"0": ["1", "2"], "1": ["0", "3"]}
    assert configuration.qubits[0].id == "0"
    assert configuration.photonic_properties["max_modes"] == 12


def test_state_status_calibration_and_page_are_read():
    state = BackendStateInfo.model_validate(STATE)
    assert (state.status, state.queue_avg_time, state.queue_size) == (BackendState.ONLINE, 45, 12)
    assert JobStatusAnswer.model_validate({"status": "RUNNING"}).status is JobStatus.RUNNING
    calibration = Calibration.model_validate(
        {"calibrated_at": "2026-01-02T03:04:05+02:00", "calibration": {"q": 1}}
    )
    assert calibration.calibrated_at == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert calibration.calibration == {"q": 1}
    page = Page[Job].model_validate(
        {"content": [JOB, {}], "page": 0, "size": 20, "total_elements": 137, "total_pages": 7}
    )
    assert [job.id for job in page.content] == [ID, ""]
    assert (page.page, page.size, page.total_elements, page.total_pages) == (0, 20, 137, 7)


# --- words  ---


@pytest.mark.parametrize(
    ("schema", "field", "kind"),
    [
        ("Job", "status", JobStatus),
        ("Job", "input_format", InputFormat),
        ("Job", "sdk_provider", SdkProvider),
        ("Backend", "type", BackendType),
        ("Backend", "access_type", AccessType),
        ("BackendStateInfo", "status", BackendState),
    ],
)
def test_every_word_of_the_contract_is_known(schema, field, kind):
    words = CONTRACT["components"]["schemas"][schema]["properties"][field]["enum"]
    assert set(words) <= {member.value for member in kind}


@pytest.mark.parametrize(
    "spelling", ["pay-per-use", "PAY_PER_USE", "pay_per_use", "Pay Per Use", "payPerUse"]
)
def test_both_spellings_of_an_access_type(spelling):
    assert Backend.model_validate({"access_type": spelling}).access_type is AccessType.PAY_PER_USE


@pytest.mark.parametrize(
    ("spelling", "member"),
    [
        ("openqasm.v2", InputFormat.OPEN_QASM_V2),
        ("OPEN_QASM_V3", InputFormat.OPEN_QASM_V3),
        ("braket.openqasm.v3", InputFormat.BRAKET_OPEN_QASM_V3),
        ("qiskit.qpy", InputFormat.QISKIT_QPY),
        ("AQT_JOB_INPUT_V1", InputFormat.AQT_JOB_INPUT_V1),
    ],
)
def test_both_spellings_of_an_input_format(spelling, member):
    assert Job.model_validate({"input_format": spelling}).input_format is member
    read = Configuration.model_validate({"supported_input_formats": [spelling, "NEW_V9", None, 3]})
    assert read.supported_input_formats == [member, "NEW_V9"]


def test_an_unknown_word_stays_the_word_that_came():
    job = Job.model_validate(
        {"status": "Teleporting", "input_format": "cobol.v1", "provider": "ACME"}
    )
    assert (job.status, job.input_format, job.provider) == ("Teleporting", "cobol.v1", "ACME")
    assert not job.ended
    assert Backend.model_validate({"type": "ORACLE"}).type == "ORACLE"
    assert BackendStateInfo.model_validate({"status": "ON_FIRE"}).status == "ON_FIRE"


def test_which_states_are_terminal():
    ended = {"COMPLETED", "FAILED", "CANCELLED", "ABORTED", "DETACHED"}
    assert {status.value for status in JobStatus if is_terminal(status)} == ended
    assert not is_terminal(None)
    assert not is_terminal("SOMETHING_NEW")
    assert Job.model_validate({"status": "detached"}).ended


def test_unknown_fields_are_kept():
    assert Job.model_validate({"id": "x", "carbon_grams": 7}).model_extra == {"carbon_grams": 7}


def test_the_moved_on_hub_is_read():
    job = Job.model_validate({"usage_time_millis": 12, "usage_time_state": "MEASURED"})
    assert (job.usage_time_millis, job.usage_time_state) == (12, "MEASURED")
    configuration = Configuration.model_validate(
        {"max_pubs_per_job": 5, "total_shots_range": {"max": 9}}
    )
    assert (configuration.max_pubs_per_job, configuration.total_shots_range.max) == (5, 9)
    assert Configuration().max_pubs_per_job is None
    backend = Backend.model_validate(
        {"documentation": {"sdks": [{"type": "QISKIT", "url": "https://x"}]}}
    )
    assert backend.documentation["sdks"][0]["type"] == "QISKIT"
    assert Backend.model_validate({"access_type": "FREE"}).access_type is AccessType.FREE


# --- times  ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-10-01 12:00:00", NOON),
        ("2023-10-01T12:00:00Z", NOON),
        ("2023-10-01T14:00:00+02:00", NOON),
        ("2023-10-01T12:00:00.250", NOON.replace(microsecond=250000)),
        ("2023-10-01", NOON.replace(hour=0)),
        ("yesterday", None),
        ("", None),
        (1696161600, None),
        (None, None),
        ("0001-01-01T00:00:00+12:00", None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_times_are_aware_and_utc(text, expected):
    read = Job.model_validate({"created_at": text}).created_at
    assert read == expected
    if read is not None:
        assert read.utcoffset().total_seconds() == 0


# --- nothing is guaranteed  ---

MODELS = [Backend, BackendStateInfo, Calibration, Configuration, Job, JobStatusAnswer, Page[Job]]


@pytest.mark.parametrize("model", MODELS)
def test_absent_and_null_are_the_same(model):
    nulls = dict.fromkeys(model.model_fields)
    for document in ({}, nulls):
        assert model.model_validate_json(json.dumps(document)).model_dump() == model().model_dump()


WRONG = [True, 3, -1.5, "odd", "", [], [None], [[1]], {}, {"a": None}]


@pytest.mark.parametrize("model", MODELS)
def test_a_value_of_another_type_never_raises(model):
    for field, wrong in itertools.product(model.model_fields, WRONG):
        model.model_validate({field: wrong})
        model.model_validate_json(json.dumps({field: wrong}))


def test_one_bad_field_costs_only_itself():
    """The id above all: a job that was created must not count as lost over another field."""
    job = Job.model_validate(
        {"id": "j1", "status": 7, "shots": "many", "tags": {"a": 1}, "created_at": []}
    )
    assert (job.id, job.shots, job.tags, job.created_at) == ("j1", None, [], None)
    assert not job.ended


def test_a_page_leaves_out_what_is_no_object():
    page = Page[Job].model_validate({"content": [None, 1, "x", [], {"id": "a"}, {"id": None}]})
    assert [job.id for job in page.content] == ["a", ""]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e400"])
def test_a_number_beyond_floats_never_raises(number):
    assert Job.model_validate_json(f'{{"id": "a", "shots": {number}}}').id == "a"


FIELDS = sorted({field for model in MODELS for field in model.model_fields})
WORDS = st.sampled_from(
    [
        "RUNNING",
        "openqasm.v3",
        "2023-10-01 12:00:00",
        "0001-01-01T00:00:00+12:00",
        "2026-04-17",
        "\u00b2",
        "",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), VALUES, max_size=6)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(OBJECTS)
def test_any_object_is_read(document):
    text = json.dumps(document).encode()
    for model in (Backend, Job, Page[Job]):
        model.model_validate(document)
        model.model_validate_json(text)
    assert len(operations.get_backends().read(answer(body=[document]))) == 1
    assert len(operations.search_jobs().read(answer(body={"content": [document]})).content) == 1
