"""The simulated Hub's lists: orders, pages, jobs that are listed late, tags that are dropped."""

import random

import pytest

from shared_transport import operations
from tests.fault_hub import FaultHub, World
from tests.quick.transport.fault_hub_calls import SESSION, body_of, listed, post, request


def with_jobs(count=45, **world):
    hub = FaultHub(World(**world), seed=1)
    for number in range(count):
        post(hub, str(number))
        hub.sleep(1)
    return hub


def tokens(entries):
    return [int(entry["tags"][1].partition(":")[2]) for entry in entries]


@pytest.mark.parametrize("sort", ["created_at,desc", "created_at,asc"])
def test_the_order_is_the_hubs_own(sort):
    everything = list(range(45))
    assert tokens(listed(with_jobs(), sort=(sort,))) == everything[::-1]
    assert tokens(listed(with_jobs(order="oldest"), sort=(sort,))) == everything
    mixed = tokens(listed(with_jobs(order="random"), sort=(sort,)))
    assert sorted(mixed) == everything
    assert mixed not in (everything, everything[::-1])


def test_the_order_is_the_asked_one_only_where_that_is_said():
    hub = with_jobs(order="asked")
    assert tokens(listed(hub, sort=("createdAt,asc",))) == list(range(45))
    assert tokens(listed(hub, sort=("created_at,desc",))) == list(range(44, -1, -1))


def test_a_shuffled_list_is_another_one_each_time():
    hub = with_jobs(order="shuffled")
    first, second = (tokens(listed(hub, size=100)) for _ in range(2))
    assert sorted(first) == sorted(second)
    assert first != second


def test_pages_are_of_the_hubs_own_size():
    hub = with_jobs(page_size=7)
    document = body_of(hub.send(operations.search_jobs(6, 100)))
    assert {key: document[key] for key in ("page", "size", "total_elements", "total_pages")} == {
        "page": 6,
        "size": 7,
        "total_elements": 45,
        "total_pages": 7,
    }
    assert len(document["content"]) == 3
    hub = with_jobs(most_a_page=10, totals=False)
    document = body_of(hub.send(operations.search_jobs(0, 100)))
    assert (document["size"], len(document["content"])) == (10, 10)
    assert "total_pages" not in document
    assert len(listed(hub)) == 45


def test_a_job_may_be_listed_late_though_it_is_there():
    hub = FaultHub(World(listed_after=(5, 5)))
    job_id = post(hub)
    hub.sleep(4.9)
    assert listed(hub) == []
    assert hub.send(operations.get_job(job_id)).status == 200
    hub.sleep(0.2)
    assert [job["id"] for job in listed(hub)] == [job_id]


def test_how_late_is_drawn_by_the_seed():
    def delays(seed):
        hub = FaultHub(World(listed_after=(0, 5)), seed=seed)
        for number in range(50):
            post(hub, str(number))
        return [job.listed - job.created for job in hub.jobs]

    assert delays(1) == delays(1) != delays(2)
    assert 0 <= min(delays(1)) < 1
    assert 4 < max(delays(1)) <= 5


def test_dropped_tags_are_shown_nowhere_and_still_known_to_the_test():
    hub = FaultHub(World(drops_tags=True))
    answered = body_of(hub.send(operations.create_job(request("t1"))))
    shown = body_of(hub.send(operations.get_job(answered["id"])))
    assert answered["tags"] == shown["tags"] == listed(hub)[0]["tags"] == []
    assert len(hub.of_token("t1")) == 1
    session = body_of(hub.send(operations.create_session(SESSION)))
    assert session["metadata"] == {}


def test_jobs_from_before():
    hub = FaultHub()
    hub.populate(30, token="old")
    hub.populate(2)
    shown = listed(hub)
    assert len(shown) == 32
    assert shown[-1]["created_at"] == "2025-12-31 23:43:20"
    assert {job["status"] for job in shown} == {"COMPLETED"}
    assert hub.duplicates() == {}


def test_it_does_not_draw_from_anyone_elses_randomness():
    random.seed(1)
    before = random.getstate()
    with_jobs(5, order="shuffled", listed_after=(0, 5))
    assert random.getstate() == before
