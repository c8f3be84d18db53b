from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared_transport.errors import (
    AuthenticationError,
    NotFoundError,
    RateLimitError,
    ServerError,
    TransportError,
    ValidationError,
)
from shared_transport.operations import cancel_job, get_job
from shared_transport.retry import RetryPolicy, retry_after, with_retries
from shared_transport.steps import Failure
from tests.quick.transport.tools import Stage, answer

POLICY = RetryPolicy(attempts=50, deadline=1e9)
LOST = Failure("lost", sent=True)
REFUSED = Failure("refused", sent=False)


def delay(outcome, *, attempt=1, policy=POLICY, repeatable=True, elapsed=0.0, jitter=0.5):
    return policy.delay(attempt, outcome, repeatable=repeatable, elapsed=elapsed, jitter=jitter)


# --- the pure function  ---


def test_delays_grow_up_to_the_ceiling():
    delays = [delay(LOST, attempt=n) for n in range(1, 12)]
    assert delays[0] == pytest.approx(0.075)
    assert all(later == pytest.approx(3 * sooner) for sooner, later in pairwise(delays[:4]))
    assert delays == sorted(delays)
    assert max(delays) == delays[-1] == pytest.approx(0.75 * POLICY.ceiling)


def test_jitter_spreads_them_and_never_past_the_ceiling():
    assert delay(LOST, jitter=0.0) == pytest.approx(0.05)
    assert delay(LOST, jitter=0.999) == pytest.approx(0.1, rel=0.01)
    assert delay(LOST, attempt=40, jitter=0.999) <= POLICY.ceiling


def test_even_unlucky_delays_grow():
    assert delay(LOST, attempt=2, jitter=0.0) > delay(LOST, attempt=1, jitter=0.999)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_sent_again(status):
    assert delay(answer(status)) > 0


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422])
def test_what_will_not_change_is_not(status):
    assert delay(answer(status)) is None


@pytest.mark.parametrize(
    "outcome", [LOST, *[answer(s) for s in (408, 500, 502, 503, 504)]], ids=str
)
def test_a_post_in_doubt_is_never_sent_again(outcome):
    assert delay(outcome) is not None
    assert delay(outcome, repeatable=False) is None


@pytest.mark.parametrize("outcome", [REFUSED, answer(429), answer(429, retry_after="1")], ids=str)
def test_a_post_that_created_nothing_is_sent_again(outcome):
    assert delay(outcome, repeatable=False) > 0


def test_the_number_of_attempts_is_bounded():
    policy = RetryPolicy(attempts=3)
    assert [delay(LOST, attempt=n, policy=policy) is None for n in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]
    assert delay(LOST, policy=RetryPolicy(attempts=1)) is None


def test_the_deadline_counts_the_wait():
    policy = RetryPolicy(deadline=10.0, first_delay=1.0)
    assert delay(LOST, policy=policy, elapsed=9.2) == pytest.approx(0.75)
    assert delay(LOST, policy=policy, elapsed=9.3) is None
    assert delay(answer(503, retry_after="7"), policy=policy, elapsed=4.0) is None


# --- Retry-After  ---


def test_seconds_are_honoured():
    assert delay(answer(503, retry_after="7")) == 7.0
    assert delay(answer(429, retry_after=" 7 ")) == 7.0
    assert delay(answer(429, retry_after="0")) == pytest.approx(0.075)


def test_it_is_never_sooner_than_the_back_off():
    assert delay(answer(429, retry_after="1"), attempt=20) == pytest.approx(7.5)


def test_a_date_is_honoured():
    when = datetime.now(UTC) + timedelta(seconds=30)
    assert 27 < delay(answer(503, retry_after=format_datetime(when, usegmt=True))) <= 30
    past = format_datetime(when - timedelta(hours=1), usegmt=True)
    assert delay(answer(503, retry_after=past)) == pytest.approx(0.075)


@pytest.mark.parametrize("text", ["61", "99999999999", "1" * 400, "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_what_takes_too_long_is_not_waited_for(text):
    assert delay(answer(429, retry_after=text)) is None
    assert delay(answer(429, retry_after=text), repeatable=False) is None


def test_the_limit_is_settable():
    assert (
        delay(answer(429, retry_after="100"), policy=RetryPolicy(retry_after_limit=100.0)) == 100.0
    )


@pytest.mark.parametrize(
    "text", ["", "soon", "1.5", "-3", "Wed, 99 Foo", "Wed, 21 Oct 2015 07:28:00 +9999"]
)
def test_what_cannot_be_read_counts_as_absent(text):
    assert delay(answer(429, retry_after=text)) == pytest.approx(0.075)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.text(st.characters(max_codepoint=255), max_size=40))
@example("\u00b2")
@example("1\u00b9")
def test_no_header_makes_it_fail(text):
    asked = retry_after(SimpleAnswer({"retry-after": text}))
    assert asked is None or asked >= 0


class SimpleAnswer:
    def __init__(self, headers):
        self.headers = headers


# --- the steps  ---


def play(outcomes, policy=POLICY):
    stage = Stage()
    steps = with_retries(get_job("j"), policy, clock=stage.clock, jitter=lambda: 0.5)
    return stage, lambda: stage.run(steps, outcomes)


def test_a_get_survives_what_passes():
    stage, run = play(
        [LOST, REFUSED, answer(503, retry_after="5"), answer(429), answer(200, {"id": "j"})]
    )
    assert run().id == "j"
    assert stage.slept == pytest.approx([0.075, 0.225, 5.0, 2.025])


def test_a_first_success_needs_no_sleep():
    stage, run = play([answer(200, {"id": "j"})])
    assert run().id == "j"
    assert stage.slept == []


@pytest.mark.parametrize(
    ("last", "kind"),
    [(answer(503), ServerError), (answer(429), RateLimitError), (LOST, TransportError)],
)
def test_in_the_end_the_last_outcome_is_the_error(last, kind):
    stage, run = play([answer(500), last, last], RetryPolicy(attempts=3))
    with pytest.raises(kind):
        run()
    assert len(stage.sent) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (401, AuthenticationError),
        (404, NotFoundError),
        (422, ValidationError),
    ],
)
def test_what_will_not_change_is_asked_once(status, kind):
    stage, run = play([answer(status)])
    with pytest.raises(kind):
        run()
    assert stage.slept == []


def test_the_deadline_bounds_all_attempts_together():
    stage = Stage()

    def slow(operation):
        stage.now += 30.0
        return LOST

    steps = with_retries(get_job("j"), RetryPolicy(attempts=99, deadline=100.0), clock=stage.clock)
    with pytest.raises(TransportError):
        stage.run(steps, slow)
    assert len(stage.sent) == 4
    assert stage.now - 1000.0 < 130


def test_an_unreadable_success_is_not_asked_again():
    stage, run = play([answer(200, b"<html>")])
    with pytest.raises(ServerError):
        run()
    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("first", "done"), [(LOST, True), (answer(504), True), (REFUSED, False), (answer(429), False)]
)
def test_a_cancellation_whose_answer_was_lost_was_done(first, done):
    stage = Stage()
    steps = with_retries(cancel_job("j"), POLICY, clock=stage.clock)
    outcomes = [first, answer(409, {"detail": "It is cancelled."})]
    if done:
        assert stage.run(steps, outcomes) is None
    else:
        with pytest.raises(ValidationError):
            stage.run(steps, outcomes)
