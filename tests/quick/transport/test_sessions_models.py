"""Sessions and workloads: what is read of them is lenient, what is asked for is strict."""

import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_transport import operations
from shared_transport.errors import ValidationError
from shared_transport.models import (
    Page,
    SdkProvider,
    Session,
    SessionMode,
    SessionStatus,
    SessionStatusAnswer,
    Workload,
)
from shared_transport.requests import SessionRequest
from tests.contract_check import check_request
from tests.quick.transport.tools import CONTRACT, answer

ID = "5904a9f2-f43b-453d-9d08-beedcdb93e54"
NOON = datetime(2023, 10, 1, 12, tzinfo=UTC)
TEXT = "2023-10-01 12:00:00"
# The examples of the API's description, property by property.
SESSION = {
    "id": ID,
    "backend_id": "aws.sim.sv1",
    "provider": "IBM",
    "status": "ACTIVE",
    "mode": "dedicated",
    "created_at": TEXT,
    "started_at": TEXT,
    "closed_at": TEXT,
    "expires_at": TEXT,
    "usage_time_millis": 12500,
    "provider_id": "session-abcd-1234-efgh-5678",
    "tags": ["experiment", "prod"],
    "metadata": {"k": "v"},
    "sdk_provider": "QISKIT",
    "final": False,
    "final_not_aborted": False,
}
WORKLOAD = {
    "id": ID,
    "type": "JOB",
    "backend_id": "aws.sim.sv1",
    "provider": "IBM",
    "status": "RUNNING",
    "started_at": TEXT,
    "ended_at": TEXT,
    "created_at": TEXT,
    "sdk_provider": "QISKIT",
}
SCHEMAS = CONTRACT["components"]["schemas"]
MODELS = [Session, SessionStatusAnswer, Workload, Page[Workload]]


def test_the_examples_have_every_property_of_the_description():
    assert set(SESSION) == set(SCHEMAS["Session"]["properties"])
    assert set(WORKLOAD) == set(SCHEMAS["WorkloadResponse"]["properties"])


def test_a_session_is_read():
    session = Session.model_validate_json(json.dumps(SESSION))
    assert (session.id, session.backend_id, session.provider) == (ID, "aws.sim.sv1", "IBM")
    assert session.status is SessionStatus.ACTIVE
    assert session.mode is SessionMode.DEDICATED
    times = (session.created_at, session.started_at, session.closed_at, session.expires_at)
    assert times == (NOON,) * 4
    assert session.usage_time_millis == 12500
    assert session.provider_id == "session-abcd-1234-efgh-5678"
    assert (session.tags, session.metadata) == (["experiment", "prod"], {"k": "v"})
    assert not session.ended
    assert session.model_extra == {"final": False, "final_not_aborted": False}


def test_a_workload_is_read():
    workload = Workload.model_validate_json(json.dumps(WORKLOAD))
    assert (workload.id, workload.type, workload.status) == (ID, "JOB", "RUNNING")
    assert workload.created_at == workload.started_at == workload.ended_at == NOON


@pytest.mark.parametrize(
    ("schema", "field", "kind"),
    [
        ("Session", "status", SessionStatus),
        ("SessionStatusResponse", "status", SessionStatus),
        ("Session", "mode", SessionMode),
        ("CreateSessionRequest", "mode", SessionMode),
        ("CreateSessionRequest", "sdk_provider", SdkProvider),
    ],
)
def test_every_word_of_the_contract_is_known(schema, field, kind):
    assert set(SCHEMAS[schema]["properties"][field]["enum"]) <= {member.value for member in kind}


def test_which_states_end_a_session():
    ended = {status for status in SessionStatus if Session(status=status).ended}
    assert ended == {SessionStatus.CLOSED, SessionStatus.ABORTED, SessionStatus.DETACHED}
    assert not Session().ended
    assert not Session.model_validate({"status": "NAPPING"}).ended
    assert Session.model_validate({"status": "detached"}).ended


def test_both_spellings_and_words_nobody_knows():
    for spelling in ("DEDICATED", "Dedicated", "dedicated"):
        assert Session.model_validate({"mode": spelling}).mode is SessionMode.DEDICATED
    session = Session.model_validate({"status": "NAPPING", "mode": "shared", "carbon": 1})
    assert (session.status, session.mode, session.model_extra) == (
        "NAPPING",
        "shared",
        {"carbon": 1},
    )


@pytest.mark.parametrize("model", MODELS)
def test_absent_and_null_are_the_same(model):
    for document in ({}, dict.fromkeys(model.model_fields)):
        assert model.model_validate_json(json.dumps(document)).model_dump() == model().model_dump()


WRONG = [True, 3, -1.5, "odd", "", [], [None], [[1]], {}, {"a": None}]


@pytest.mark.parametrize("model", MODELS)
def test_a_value_of_another_type_never_raises(model):
    for field, wrong in itertools.product(model.model_fields, WRONG):
        model.model_validate({field: wrong})
        model.model_validate_json(json.dumps({field: wrong}))


NAMES = sorted({name for model in MODELS for name in model.model_fields})
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["ACTIVE", "dedicated", TEXT, "0001-01-01T00:00:00+12:00", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), VALUES, max_size=6))
def test_any_object_is_read(document):
    operations.get_session("s").read(answer(200, document))
    operations.get_session_status("s").read(answer(200, document))
    assert len(operations.get_session_jobs("s").read(answer(200, document))) == 1
    assert len(operations.get_workloads().read(answer(200, {"content": [document]})).content) == 1


# --- the request  ---

ASKED = {"backend_id": "ibm.qpu.fez", "provider": "IBM", "mode": "batch"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"mode": "dedicated", "ttl": 3600, "tags": ["experiment"], "metadata": {"k": "v"}},
        {"sdk_provider": "BRAKET"},
        {"metadata": {"nothing": None}},
    ],
)
def test_a_request_satisfies_the_contract(more):
    body = operations.create_session(SessionRequest(**{**ASKED, **more})).body
    check_request("POST", "/sessions", (), {"content-type": "application/json"}, body)
    assert json.loads(body) == {"sdk_provider": "CLIENT", **ASKED, **more}


def test_absent_and_empty_things_are_left_out():
    body = SessionRequest(**ASKED, ttl=None, tags=[], metadata={}).to_json()
    assert json.loads(body) == {"sdk_provider": "CLIENT", **ASKED}


@pytest.mark.parametrize(
    "change",
    [
        {"ttl": 0},
        {"ttl": -1},
        {"ttl": True},
        {"ttl": 1.0},
        {"ttl": "60"},
        {"mode": "alone"},
        {"mode": None},
        {"provider": ""},
        {"provider": None},
        {"backend_id": ""},
        {"tags": "demo"},
        {"metadata": [1]},
        {"sdk_provider": "COBOL"},
        {"max_time": 3},
    ],
    ids=str,
)
def test_what_the_api_does_not_know_is_refused(change):
    with pytest.raises(ValidationError, match="session cannot be created"):
        SessionRequest(**{**ASKED, **change})


@pytest.mark.parametrize("absent", ["backend_id", "provider"])
def test_what_the_api_requires_is_required(absent):
    with pytest.raises(ValidationError, match=absent):
        SessionRequest(**{name: value for name, value in ASKED.items() if name != absent})
