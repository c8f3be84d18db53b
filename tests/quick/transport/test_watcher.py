"""When a waiting client looks, and what it survives."""

import logging
from itertools import pairwise

import pytest

from shared_transport.errors import (
    AuthenticationError,
    HubError,
    NotFoundError,
    PermissionDeniedError,
)
from shared_transport.models import JobStatus
from shared_transport.steps import Failure
from shared_transport.watcher import PollingSchedule, Watch
from tests.quick.transport.tools import Stage, answer

SCHEDULE = PollingSchedule()
LOST = Failure("lost", sent=True)


def status(word):
    return answer(200, {"status": word})


def watch(stage, *, schedule=SCHEDULE, chance=0.0, on_status=None, **options):
    """Steps that watch one job, and the list that its end is put into."""
    ended = []
    watching = Watch(
        on_status=lambda job_id, word: on_status(word) if on_status else None,
        on_end=lambda job_id, outcome: ended.append(outcome),
        clock=stage.clock,
        chance=lambda: chance,
    )
    watching.add("j1", schedule, **options)
    return watching.steps(), ended


def wait(outcomes, **options):
    stage = Stage()
    steps, ended = watch(stage, **options)

    def run():
        stage.run(steps, outcomes)
        (end,) = ended
        if isinstance(end, HubError):
            raise end
        return end

    return stage, run


def looks_of_a_job(seconds, *, latency=0.0, **options):
    """When a job that ends after so many seconds was looked at, by its age."""
    stage = Stage(start=0.0)

    def hub(operation):
        assert operation.path == "/jobs/j1/status"
        word = "COMPLETED" if stage.now >= seconds else "RUNNING"
        stage.now += latency
        return status(word)

    steps, ended = watch(stage, **options)
    stage.run(steps, hub)
    assert ended == [JobStatus.COMPLETED]
    return stage.times


# --- the schedule  ---


def test_the_first_looks():
    looks = looks_of_a_job(0.3)
    assert looks == pytest.approx([0.010, 0.025, 0.045, 0.075, 0.115, 0.165, 0.230, 0.310])


def test_then_a_share_of_the_age_and_a_little():
    looks = looks_of_a_job(2.0)[7:]
    assert looks[0] == pytest.approx(0.310)
    for before, after in pairwise(looks):
        assert after - before == pytest.approx(0.15 * before + 0.05)


def test_the_ceiling():
    assert SCHEDULE.pause(10.0) == pytest.approx(1.55)
    assert SCHEDULE.pause(1e4) == SCHEDULE.pause(1e9) == 30.0
    assert PollingSchedule(ceiling=2.0).pause(1e4) == 2.0


def test_jitter_only_ever_comes_sooner():
    assert SCHEDULE.pause(10.0, chance=0.999) == pytest.approx(1.55 * 0.9, rel=1e-3)
    assert SCHEDULE.pause(1e9, chance=0.5) == pytest.approx(28.5)
    assert SCHEDULE.pause(0.0, chance=0.999) > 0


def test_a_qpu_far_away_is_first_looked_at_after_a_second():
    looks = looks_of_a_job(3.0, patient=True)
    assert looks[0] == pytest.approx(1.0)
    assert looks[1] >= 1.15
    assert len(looks) <= 10


def test_it_is_configurable():
    slow = PollingSchedule(first_looks=(5.0,), share=0.0, plus=7.0, jitter=0.0)
    stage, run = wait([status("RUNNING"), status("RUNNING"), status("COMPLETED")], schedule=slow)
    run()
    assert stage.slept == pytest.approx([5.0, 7.0, 7.0])


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("latency", [0.0, 0.002, 0.008])
@pytest.mark.parametrize(("seconds", "most"), [(0.3, 10), (2.0, 20)])
def test_short_jobs_are_noticed_soon_with_few_requests(seconds, most, latency, chance):
    looks = looks_of_a_job(seconds, chance=chance, latency=latency)
    assert len(looks) <= most
    assert looks[-1] - seconds <= 0.15 * seconds + 0.05


@pytest.mark.parametrize("seconds", [0.001, 0.0451, 0.12, 0.31, 0.97, 7.0, 60.0, 190.0])
def test_every_job_is_noticed_within_a_share_of_its_age(seconds):
    assert looks_of_a_job(seconds)[-1] - seconds <= 0.15 * seconds + 0.05


def test_a_long_job_costs_few_requests():
    assert len(looks_of_a_job(3600.0)) < 180


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("age", [1.5, 20.0, 3600.0])
def test_a_job_that_is_past_its_first_look_is_looked_at_at_once(age, patient):
    """The later jobs of a list, and a job that was opened again: they may have ended long ago."""
    stage, run = wait([status("COMPLETED")], age=age, patient=patient)
    run()
    assert sum(stage.slept) <= 0.011


def test_an_old_job_is_then_asked_at_the_pace_of_its_age():
    stage, run = wait([status("RUNNING"), status("RUNNING"), status("COMPLETED")], age=100.0)
    run()
    assert stage.slept[-1] >= 15.0


# --- what it sees  ---


@pytest.mark.parametrize("word", ["COMPLETED", "FAILED", "CANCELLED", "ABORTED", "DETACHED"])
def test_every_terminal_state_ends_it(word):
    _, run = wait([status("PENDING"), status(word)])
    assert run() == word


def test_a_word_that_nobody_knows_goes_on():
    seen = []
    _, run = wait(
        [
            status("TELEPORTING"),
            answer(200, {}),
            status(None),
            status("CANCELLING"),
            status("CANCELLED"),
        ],
        on_status=seen.append,
    )
    assert run() is JobStatus.CANCELLED
    assert seen == ["TELEPORTING", "UNKNOWN", "UNKNOWN", "CANCELLING", "CANCELLED"]


def test_an_outage_is_survived_and_said_once(caplog):
    outage = [
        LOST,
        Failure("refused", sent=False),
        *[answer(s) for s in (408, 429, 500, 502, 503, 504, 520)],
    ]
    _, run = wait([status("RUNNING"), *outage * 3, status("RUNNING"), LOST, status("COMPLETED")])
    with caplog.at_level(logging.WARNING):
        assert run() is JobStatus.COMPLETED
    assert len(caplog.records) == 2
    assert "j1" in caplog.text


def test_an_outage_of_hours_is_not_a_storm():
    stage = Stage(start=0.0)
    steps, _ = watch(stage)
    stage.run(steps, lambda operation: LOST if stage.now < 7200 else status("COMPLETED"))
    assert len(stage.sent) < 300


@pytest.mark.parametrize(
    ("code", "kind"),
    [(401, AuthenticationError), (403, PermissionDeniedError), (404, NotFoundError)],
)
def test_what_will_not_change_ends_it(code, kind):
    _, run = wait([status("RUNNING"), answer(code)])
    with pytest.raises(kind, match="j1"):
        run()


def test_there_is_no_hidden_time_out():
    assert looks_of_a_job(86400.0)[-1] >= 86400.0
