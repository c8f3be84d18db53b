"""Writing is strict: what the API does not know is refused here, and nothing is sent as null."""

import json

import jsonschema
import pytest

from shared_transport.errors import ValidationError
from shared_transport.models import InputFormat, SdkProvider
from shared_transport.requests import JobRequest, SessionRequest
from tests.quick.transport.tools import CONTRACT

OPENQASM3 = """OPENQASM 3.0;
bit[2] b;
qubit[2] q;
h q[0];
cnot q[0], q[1];
b[0] = measure q[0];
b[1] = measure q[1];
"""
OPENQASM2 = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0],q[1];
measure q -> c;
"""
AWS = {
    "backend_id": "aws.sim.sv1",
    "shots": 1000,
    "input": {"qasm": OPENQASM3},
    "input_format": "BRAKET_OPEN_QASM_V3",
}
KIPU = {
    "backend_id": "kipu.sim.qsim",
    "shots": 1000,
    "input": {"qasm": OPENQASM2},
    "input_format": "OPEN_QASM_V2",
}
BODIES = {
    "aws qasm3": {
        **AWS,
        "name": "bell",
        "input_params": {"disable_qubit_rewiring": False, "qubit_count": 2},
        "tags": ["demo"],
        "sdk_provider": "CLIENT",
    },
    "aws qasm3 without parameters": AWS,
    "aws qasm3 with parameters": {**AWS, "input_params": {"disable_qubit_rewiring": False}},
    "kipu sample": {**KIPU, "input_params": {"mode": "sample", "cpu_threads": 0}},
    "kipu amplitudes": {
        **KIPU,
        "shots": 1,
        "input_params": {"mode": "amplitudes", "bitstrings": ["00", "11"]},
    },
}
VALIDATOR = jsonschema.Draft202012Validator(
    {"$ref": "#/components/schemas/CreateJobRequest", "components": CONTRACT["components"]},
    format_checker=jsonschema.FormatChecker(),
)


def nulls(value):
    if isinstance(value, dict):
        return any(map(nulls, value.values()))
    return any(map(nulls, value)) if isinstance(value, list) else value is None


def test_the_validator_can_refuse():
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**AWS, "input": {"program": "x"}})


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_each_kind_of_body_satisfies_the_contract(body):
    sent = json.loads(JobRequest(**body).to_json())
    VALIDATOR.validate(sent)
    assert sent == {"sdk_provider": "CLIENT", **body}
    assert not nulls(sent)


def test_absent_things_are_left_out():
    sent = json.loads(
        JobRequest(**AWS, input_params={}, tags=[], name=None, session_id=None).to_json()
    )
    assert sent == {**AWS, "sdk_provider": "CLIENT"}


def test_everything_is_sent_under_its_name():
    body = {
        **AWS,
        "name": "Schr\u00f6dinger",
        "tags": ["a", "b"],
        "session_id": "5904a9f2-f43b-453d-9d08-beedcdb93e54",
        "sdk_provider": "BRAKET",
    }
    sent = json.loads(JobRequest(**body).to_json())
    assert sent == body
    VALIDATOR.validate(sent)


def test_tags_are_a_set():
    """The contract: uniqueItems."""
    sent = json.loads(JobRequest(**AWS, tags=("a", "b", "a")).to_json())
    assert sent["tags"] == ["a", "b"]


def test_words_may_be_given_as_members_or_text():
    request = JobRequest(
        **{**AWS, "input_format": InputFormat.QOQO}, sdk_provider=SdkProvider.QISKIT
    )
    assert json.loads(request.to_json())["input_format"] == "QOQO"
    assert JobRequest(**AWS, sdk_provider="QISKIT").sdk_provider is SdkProvider.QISKIT


@pytest.mark.parametrize(
    "change",
    [
        {"shots": -1},
        {"shots": True},
        {"shots": 1.0},
        {"shots": "1000"},
        {"shots": None},
        {"backend_id": ""},
        {"backend_id": None},
        {"backend_id": 5},
        {"input": OPENQASM3},
        {"input": None},
        {"input": [1]},
        {"input_format": "OPEN_QASM_V9"},
        {"input_params": "mode=sample"},
        {"tags": [1]},
        {"tags": "demo"},
        {"sdk_provider": "COBOL"},
        {"shotz": 3},
        {"backendId": "aws.sim.sv1"},
    ],
    ids=str,
)
def test_what_the_api_does_not_know_is_refused(change):
    with pytest.raises(ValidationError):
        JobRequest(**{**AWS, **change})


@pytest.mark.parametrize("absent", ["backend_id", "shots", "input"])
def test_what_the_api_requires_is_required(absent):
    with pytest.raises(ValidationError):
        JobRequest(**{name: value for name, value in AWS.items() if name != absent})


def test_zero_shots_can_be_written_for_backends_that_allow_them():
    assert json.loads(JobRequest(**{**AWS, "shots": 0}).to_json())["shots"] == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_has_not_is_refused_and_never_becomes_null(number):
    with pytest.raises(ValueError, match=r"(?i)nan|inf|finite|json"):
        JobRequest(**{**AWS, "input_params": {"angles": [number]}}).to_json()
    with pytest.raises(ValueError, match=r"(?i)nan|inf|finite|json"):
        JobRequest(**{**AWS, "input": {"angle": number}}).to_json()


def test_a_request_cannot_be_changed_after_it_was_checked():
    request = JobRequest(**AWS)
    with pytest.raises(ValueError, match="frozen"):
        request.shots = -5


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_what_has_no_json_form_is_named(value):
    job = JobRequest(backend_id="b", shots=1, input={"qasm": value})
    with pytest.raises(
        ValidationError, match=f"job cannot be written as JSON.*{type(value).__name__}"
    ):
        job.to_json()


def test_a_session_lives_no_longer_than_the_api_can_say():
    with pytest.raises(ValidationError, match="ttl"):
        SessionRequest(backend_id="b", provider="IBM", ttl=1 << 31)
