import copy
import json
import pickle

import pytest

from shared_transport import errors
from shared_transport.answers import error_of
from shared_transport.errors import (
    AuthenticationError,
    ConfigurationError,
    HubError,
    MissingExtraError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SubmissionUncertainError,
    TransportError,
    ValidationError,
)
from shared_transport.operations import get_backend, get_job
from shared_transport.steps import Failure
from tests.quick.transport.tools import answer

JOB = get_job("j1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, ValidationError) for status in (400, 409, 413, 415, 422)],
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (429, RateLimitError),
        *[(status, ServerError) for status in (500, 501, 502, 503, 504, 507, 599)],
        *[(status, ServerError) for status in (301, 302, 307, 304, 405, 418)],
    ],
)
def test_each_status_has_its_class_and_says_what_is_known(status, kind):
    error = error_of(JOB, answer(status, {"detail": "Because."}, x_request_id="r-7"))
    assert type(error) is kind
    assert (error.operation, error.status, error.request_id) == ("getJob", status, "r-7")
    assert error.hub_says == "Because."
    for part in ("j1", "Because.", "getJob", str(status), "r-7"):
        assert part in str(error)


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_where_there_is_a_way_out_it_is_said(status):
    error = error_of(JOB, answer(status))
    assert error.hint
    assert error.hint in str(error)


def test_what_it_is_about_is_named():
    assert "backend 'aws.sim.sv9'" in str(error_of(get_backend("aws.sim.sv9"), answer(404)))


def test_no_answer_is_a_transport_error():
    error = error_of(JOB, Failure("Connection refused (https://hub.test)", sent=False))
    assert type(error) is TransportError
    assert (error.operation, error.status) == ("getJob", None)
    assert "Connection refused" in str(error)
    assert "QHUB_QUANTUM_BASE_URL" in error.hint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "d", "title": "t", "message": "m"}, "d"),
        ({"title": "t", "message": "m"}, "t"),
        ({"detail": "", "title": "t"}, "t"),
        ({"detail": None, "title": "t"}, "t"),
        ({"message": "m"}, "m"),
        (
            {"detail": [{"loc": ["shots"], "msg": "too many"}]},
            '[{"loc": ["shots"], "msg": "too many"}]',
        ),
        ({"other": 1}, None),
        (b"upstream connect error", "upstream connect error"),
        (b"<html>502 Bad Gateway</html>", None),
        (b"", None),
        (b'{"detail": "cut', '{"detail": "cut'),
        (b"\xff", "\ufffd"),
        (b'"just text"', "just text"),
        (b"x" * 9000, "x" * 500),
    ],
)
def test_the_hubs_own_words(body, words):
    assert error_of(JOB, answer(500, body)).hub_says == words


def test_words_that_are_too_deep_are_no_reason_to_fail():
    assert isinstance(error_of(JOB, answer(500, b"[" * 200_000)), ServerError)


@pytest.mark.parametrize(
    "header", ["X-Request-Id", "x-correlation-id", "Request-Id", "traceparent"]
)
def test_the_request_id_is_found(header):
    assert error_of(JOB, answer(500, **{header: "r-1"})).request_id == "r-1"


def test_the_tree():
    kinds = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(kind, HubError) for kind in kinds)
    assert issubclass(MissingExtraError, ConfigurationError)
    assert issubclass(MissingExtraError, ImportError)
    assert issubclass(ValidationError, ValueError)
    assert issubclass(TransportError, ConnectionError)
    assert issubclass(errors.WaitTimeoutError, TimeoutError)


# --- pickles  ---

FACTS = {
    "hint": "Do this.",
    "operation": "getJob",
    "status": 418,
    "request_id": "r",
    "hub_says": "No \u00e4.",
    "job_id": "j",
}


def one_of(kind):
    if kind is MissingExtraError:
        return kind("The thing", "braket")
    if kind is SubmissionUncertainError:
        return kind("What happened.", token="abc", **FACTS)
    return kind("What happened.", **FACTS)


@pytest.mark.parametrize("kind", [getattr(errors, name) for name in errors.__all__])
def test_every_error_pickles_with_all_it_knows(kind):
    error = one_of(kind)
    error.__notes__ = ["a note"]
    ways = [
        lambda e, p=p: pickle.loads(pickle.dumps(e, p))
        for p in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    for way in (*ways, copy.copy, copy.deepcopy):
        again = way(error)
        assert type(again) is kind
        assert again.__dict__ == error.__dict__
        assert (again.args, str(again), repr(again)) == (error.args, str(error), repr(error))
        for name in ("msg", "errno", "strerror"):
            assert getattr(again, name, None) == getattr(error, name, None)


def test_a_subclass_of_a_plugin_pickles_too():
    again = pickle.loads(pickle.dumps(OurOwn("Odd.", extra=5)))
    assert (again.extra, again.message) == (5, "Odd.")


class OurOwn(HubError):
    def __init__(self, message, *, extra):
        super().__init__(message)
        self.extra = extra


def test_a_missing_extra_says_the_pip_line():
    error = MissingExtraError("The bridge", "braket")
    assert "pip install 'qhub-plugins[braket]'" in str(error)
    assert "The bridge" in str(error)


def test_a_plain_error_is_its_sentence():
    assert str(HubError("It broke.")) == "It broke."
    assert json.dumps(str(HubError("It broke.", hint="Mend it."))) == '"It broke. Mend it."'
