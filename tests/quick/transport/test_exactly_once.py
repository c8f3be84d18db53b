"""After doubt: what is there is adopted, what is not there is sent again only where that is certain."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared_transport.errors import SubmissionUncertainError
from shared_transport.journal import Journal
from shared_transport.requests import JobRequest
from shared_transport.retry import RetryPolicy
from shared_transport.steps import Failure
from shared_transport.submission import Submitter
from tests.quick.transport.tools import Stage, answer

REQUEST = JobRequest(backend_id="aws.sim.sv1", shots=1, input={"qasm": "x"})
START = datetime(2026, 1, 1, tzinfo=UTC)
LOST = Failure("lost", sent=True)


class Hub:
    """Keeps jobs; each POST has a fate: is it created, is it answered. Listed jobs may appear late."""

    def __init__(self, stage, fates, *, late=0.0, oldest_first=False, drops_tags=False, before=0):
        self.stage = stage
        self.fates = list(fates)
        self.late = late
        self.oldest_first = oldest_first
        self.drops_tags = drops_tags
        self.jobs = []
        for number in range(before):
            self._create(
                {"tags": ["qhub-token:another"]}, f"old{number}", stage.now - 1000 + number
            )
        self.posts = 0
        self.cancelled = []

    def _create(self, body, identifier, when):
        tags = [] if self.drops_tags else body["tags"]
        self.jobs.append((when, {"id": identifier, "tags": tags, "created_at": self._text(when)}))

    def _text(self, seconds):
        return (START + timedelta(seconds=int(seconds))).strftime("%Y-%m-%d %H:%M:%S")

    def __call__(self, operation):
        date = format_datetime(START + timedelta(seconds=self.stage.now), usegmt=True)
        if operation.method == "POST":
            self.posts += 1
            created, reply = self.fates.pop(0)
            if created:
                self._create(json.loads(operation.body), f"new{self.posts}", self.stage.now)
            return answer(201, {"id": f"new{self.posts}"}) if reply is None else reply
        if operation.method == "DELETE":
            self.cancelled.append(operation.path)
            return answer(204)
        if operation.path != "/jobs":
            return answer(200, {"id": operation.path.rpartition("/")[2]})
        shown = [job for when, job in self.jobs if when + self.late <= self.stage.now]
        if not self.oldest_first:
            shown.reverse()
        size, page = 20, int(dict(operation.params)["page"])
        body = {
            "content": shown[page * size : (page + 1) * size],
            "page": page,
            "size": size,
            "total_pages": -(-len(shown) // size),
        }
        return answer(200, body, date=date)


def submit(hub, stage, *, token=None, journal=None):
    submitter = Submitter(
        RetryPolicy(),
        journal or Journal(None),
        clock=stage.clock,
        now=stage.clock,
        jitter=lambda: 0.5,
    )
    return stage.run(submitter.job(REQUEST, token), hub)


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("late", [0.0, 2.5, 5.0])
@pytest.mark.parametrize("before", [0, 1, 30, 250])
@pytest.mark.parametrize("reply", [LOST, answer(502), answer(504), answer(201, {})], ids=str)
def test_what_arrived_is_adopted(reply, before, late, oldest_first):
    stage = Stage()
    hub = Hub(stage, [(True, reply)], late=late, oldest_first=oldest_first, before=before)
    assert submit(hub, stage).id == "new1"
    assert hub.posts == 1


@pytest.mark.parametrize("reply", [LOST, answer(502), answer(503), answer(504)], ids=str)
def test_what_did_not_arrive_is_sent_again_where_tags_come_back(reply):
    stage = Stage()
    hub = Hub(stage, [(False, reply), (True, None)], before=3)
    assert submit(hub, stage).id == "new2"
    assert hub.posts == 2


@pytest.mark.parametrize("created", [True, False])
def test_where_tags_are_dropped_nothing_is_sent_twice(created):
    stage = Stage()
    hub = Hub(stage, [(created, LOST)], drops_tags=True, before=30)
    with pytest.raises(SubmissionUncertainError):
        submit(hub, stage)
    assert hub.posts == 1
    assert stage.now - 1000 >= 10


def test_if_two_appear_the_younger_is_cancelled():
    """The first one becomes visible only after the settle time, beside the second."""
    stage = Stage()
    hub = Hub(stage, [(True, LOST), (True, None)], late=10.05, before=3)
    stage.now += 100
    job = submit(hub, stage)
    assert hub.posts == 2
    assert job.id == "new1"
    assert hub.cancelled == ["/jobs/new2"]


def test_a_token_of_ones_own_never_creates_a_second_job(tmp_path):
    stage = Stage()
    path = tmp_path / "jobs.jsonl"
    hub = Hub(stage, [(True, None)])
    journal = Journal(path, now=stage.clock)
    assert submit(hub, stage, token="mine", journal=journal).id == "new1"
    assert submit(hub, stage, token="mine", journal=Journal(path, now=stage.clock)).id == "new1"
    assert hub.posts == 1


def test_a_process_killed_between_post_and_answer_finds_its_job(tmp_path):
    class Killed(BaseException):
        pass

    stage = Stage()
    path = tmp_path / "jobs.jsonl"
    hub = Hub(stage, [(True, None)], late=4.0, before=2)

    def dies(operation):
        hub(operation)
        raise Killed

    with pytest.raises(Killed):
        submit(dies, stage, token="mine", journal=Journal(path, now=stage.clock))
    assert submit(hub, stage, token="mine", journal=Journal(path, now=stage.clock)).id == "new1"
    assert hub.posts == 1


def test_the_journal_is_the_owners_alone_and_survives_a_torn_line(tmp_path):
    path = tmp_path / "state" / "jobs.jsonl"
    journal = Journal(path)
    journal.sending("t", kind="job", backend_id="b", hub="h")
    with open(path, "a") as file:
        file.write('{"token": "t", "id"\n')
    journal.created("t", "j")
    assert journal.id_of("t") == "j"
    assert journal.first_sent("t") is not None
    assert journal.id_of("other") is None
    assert path.stat().st_mode & 0o077 == 0
