"""JSON that is written already goes to the wire as it stands, and reads like a list."""

import json
import pickle

import pytest

from shared_transport import JobRequest, ValidationError
from shared_transport.json_text import JsonArray, write_json
from shared_transport.models import InputFormat


def array(*values):
    return JsonArray(json.dumps(value, ensure_ascii=False) for value in values)


def refused(value):
    raise TypeError(type(value).__name__)


@pytest.mark.parametrize(
    "values", [(), (1,), ({"name": "prx", "qubits": ["QB1"]}, 'a "quoted" \\ word', None, "ä", [])]
)
def test_it_reads_like_a_list(values):
    written = array(*values)
    assert list(written) == list(values) == written == array(*values)
    assert len(written) == len(values)
    assert written[:1] == list(values[:1])
    assert repr(written) == repr(list(values))
    assert pickle.loads(pickle.dumps(written)) == written
    assert written != [*values, 1]


def test_several_arrays_each_stand_where_they_belong():
    body = {"a": [{"circuit": array(n, f"text {n}")} for n in range(100)], "é": array(), "z": [1.5]}
    read = json.loads(write_json(body, refused))
    assert read == {
        "a": [{"circuit": [n, f"text {n}"]} for n in range(100)],
        "é": [],
        "z": [1.5],
    }


def test_a_request_carries_it():
    request = JobRequest(
        backend_id="b",
        shots=1,
        input={"circuits": [{"instructions": array({"name": "cz"})}]},
        input_format=InputFormat.IQM_JOB_INPUT_V1,
    )
    assert json.loads(request.to_json())["input"] == {
        "circuits": [{"instructions": [{"name": "cz"}]}]
    }


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_has_no_json_form_is_still_refused(value):
    request = JobRequest(backend_id="b", shots=1, input={"a": array(1), "b": value})
    with pytest.raises(ValidationError, match="cannot be written as JSON"):
        request.to_json()
