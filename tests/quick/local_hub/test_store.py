"""The store by itself, in SQLite: lists, layouts, a full disk, and that every question has an index."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from local_hub.identity import JobIds
from local_hub.records import JobRecord, Scope, SessionRecord, SessionStatus, Status
from local_hub.store import Store
from local_hub.store.opening import CannotOpen
from local_hub.store.outages import Unavailable
from tests.quick.local_hub.hub_process import HubProcess

OWNER = Scope("user:owner")
OTHERS = (Scope("user:ada"), Scope("user:owner", str(uuid.uuid4())))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    one = Store(None, tmp_path)
    yield one
    one.close()


def job(**fields: Any) -> JobRecord:
    known: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "scope": OWNER,
        "backend_id": "aws.sim.sv1",
        "provider": "AWS",
        "input_format": "BRAKET_OPEN_QASM_V3",
        "shots": 10,
        "fingerprint": "f" * 64,
        "created_at": 1_700_000_000_000,
    }
    return JobRecord(**{**known, **fields})


def session(**fields: Any) -> SessionRecord:
    known: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "scope": OWNER,
        "backend_id": "ibm.qpu.fez",
        "provider": "IBM",
        "mode": "batch",
        "created_at": 1_700_000_000_000,
    }
    return SessionRecord(**{**known, **fields})


async def finish(store: Store, record: JobRecord, status: Status, result: bytes | None) -> None:
    ended = {"status": status, "started_at": 1, "ended_at": 8}
    await store.jobs.finish(JobRecord(**{**vars(record), **ended}), result)


def test_a_job_has_one_end_and_one_result_however_often_it_ends(store: Store) -> None:
    async def life() -> None:
        within = session(usage=0)
        await store.sessions.add(within)
        record = job(session_id=within.id, tags=["a"], input_params={"x": [1, None]}, name="n")
        await store.jobs.add(record, b"{}")
        assert store.jobs.get(record.id) == record
        await finish(store, record, Status.COMPLETED, b"first")
        await finish(store, record, Status.FAILED, b"second")
        await finish(store, record, Status.CANCELLED, None)
        ended = store.jobs.get(record.id)
        assert ended is not None
        assert ended.status is Status.COMPLETED
        assert await store.jobs.result(record.id) == b"first"
        assert store.jobs.unfinished() == []
        used = store.sessions.get(within.id)
        assert used is not None
        assert used.usage == 7

    asyncio.run(life())


def test_lists_are_what_filtering_and_sorting_everything_gives(store: Store) -> None:
    chance = random.Random(1)
    records: list[JobRecord | SessionRecord] = []

    async def fill() -> None:
        for number in range(120):
            scope = OWNER if number % 4 else chance.choice(OTHERS)
            common = {
                "scope": scope,
                "created_at": 1_700_000_000_000 + chance.randrange(20),
                "tags": chance.choice([None, ["a"], ["b", "a"], ['"'], ["c%"]]),
            }
            if number % 3:
                backend = chance.choice([("aws.sim.sv1", "AWS"), ("kipu.sim.qsim", "KIPU")])
                state = chance.choice(list(Status))
                fields = {"backend_id": backend[0], "provider": backend[1], "status": state}
                records.append(job(**common, **fields))
                await store.jobs.add(records[-1], b"{}")
            else:
                records.append(session(**common, status=chance.choice(list(SessionStatus))))
                await store.sessions.add(records[-1])

    asyncio.run(fill())
    numbers = {record.id: number for number, record in enumerate(records)}
    fields: dict[str, list[Any]] = {
        "status": ["COMPLETED", "OPEN", "NONE", "\0"],
        "backend_id": ["aws.sim.sv1", "ibm.qpu.fez"],
        "provider": ["AWS", "IBM", "KIPU"],
        "tag": ["a", "b", '"', "c%", "%", "d"],
        "type": ["JOB", "SESSION", "OTHER"],
    }
    orders: list[list[tuple[str, bool]]] = [
        [],
        [("createdAt", False)],
        [("created_at", True), ("unknown", False)],
        [("id", True)],
        [("created_at", False), ("id", True)],
    ]

    def lets_through(record: JobRecord | SessionRecord, filters: dict[str, list[str]]) -> bool:
        said = {
            "type": ["JOB" if isinstance(record, JobRecord) else "SESSION"],
            "tag": record.tags or [],
            "status": [record.status.value],
            "backend_id": [record.backend_id],
            "provider": [record.provider],
        }
        return all(set(said[name]) & set(values) for name, values in filters.items())

    def ordered(found: list[Any], order: list[tuple[str, bool]]) -> list[str]:
        """Sorted from the last criterion to the first: Python's sort is stable."""
        down = order[0][1] if order else True
        found = sorted(found, key=lambda one: numbers[one.id], reverse=down)
        if not order or (len(order) == 1 and order[0][0] == "id"):
            found = sorted(found, key=lambda one: one.created_at, reverse=True)
        for name, falling in reversed([one for one in order if one[0] != "unknown"]):
            key = "id" if name == "id" else "created_at"
            found = sorted(found, key=lambda one, key=key: getattr(one, key), reverse=falling)
        return [one.id for one in found]

    for scope in (OWNER, *OTHERS):
        mine = [record for record in records if record.scope == scope]
        for order in orders:
            jobs = [record for record in mine if isinstance(record, JobRecord)]
            expected = ordered(jobs, order)
            for page in range(len(expected) // 7 + 2):
                read = store.jobs.page(scope, page, 7, order)
                assert [one.id for one in read.content] == expected[7 * page : 7 * page + 7]
                assert read.total == len(expected)
        for _ in range(150):
            names = chance.sample(sorted(fields), chance.randrange(4))
            filters = {
                name: chance.sample(fields[name], chance.randrange(1, len(fields[name])))
                for name in names
            }
            passed = [record for record in mine if lets_through(record, filters)]
            for kinds in (("JOB",), ("SESSION",)):
                # Jobs and sessions are numbered apart, so only one kind has a whole order of its own.
                only = [one for one in passed if lets_through(one, {"type": list(kinds)})]
                both = {**filters, "type": [k for k in kinds if k in filters.get("type", kinds)]}
                order = chance.choice(orders)
                expected = ordered(only, order) if both["type"] else []
                page = chance.randrange(3)
                read_workloads = store.workloads.page(scope, page, 5, order, both)
                assert [row["id"] for row in read_workloads.content] == (
                    expected[5 * page : 5 * page + 5]
                )
                assert read_workloads.total == len(expected)
            everything = store.workloads.page(scope, 0, 1000, [], filters)
            assert {row["id"] for row in everything.content} == {one.id for one in passed}
            times = [row["created_at"] for row in everything.content]
            assert times == sorted(times, reverse=True)
            by_id = [
                row["id"]
                for page in range(-(-len(passed) // 4))
                for row in store.workloads.page(scope, page, 4, [("id", False)], filters).content
            ]
            assert by_id == sorted(one.id for one in passed)


def test_totals_are_right_while_jobs_come_and_end(store: Store) -> None:
    chance = random.Random(2)
    states: dict[str, tuple[JobRecord, Status]] = {}

    def check() -> None:
        for state in Status:
            expected = sum(now is state for _, now in states.values())
            page = store.workloads.page(OWNER, 0, 5, [], {"status": [state.value]})
            assert page.total == expected
        tagged = [one for one, _ in states.values() if one.tags]
        assert store.workloads.page(OWNER, 0, 5, [], {"tag": ["a"]}).total == len(tagged)
        assert store.jobs.page(OWNER, 0, 5, []).total == len(states)
        assert store.jobs.page(OTHERS[0], 0, 5, []).total == 0

    async def life() -> None:
        for number in range(150):
            unfinished = [one for one, state in states.values() if not state.is_final]
            if chance.random() < 0.5 or not unfinished:
                new = job(created_at=number, tags=chance.choice([None, ["a"]]))
                await store.jobs.add(new, b"{}")
                states[new.id] = (new, Status.PENDING)
            else:
                # Mostly the oldest, as a queue does.
                old = unfinished[0] if chance.random() < 0.8 else chance.choice(unfinished)
                state = chance.choice([Status.COMPLETED, Status.FAILED, Status.CANCELLED])
                await finish(store, old, state, b"{}")
                states[old.id] = (old, state)
            check()

    asyncio.run(life())


def test_jobs_that_are_to_be_listed_late_are_left_out(store: Store) -> None:
    records = [job(created_at=number) for number in range(5)]

    async def fill() -> None:
        for record in records:
            await store.jobs.add(record, b"{}")

    asyncio.run(fill())
    store.jobs.unlisted = store.workloads.unlisted = lambda: [records[4].id, records[2].id]
    seen = [records[number].id for number in (3, 1, 0)]
    for page in (
        [one.id for one in store.jobs.page(OWNER, 0, 20, []).content],
        [row["id"] for row in store.workloads.page(OWNER, 0, 20, [], {}).content],
    ):
        assert page == seen
    assert store.jobs.page(OWNER, 0, 20, []).total == 3


def test_every_question_has_an_index(store: Store) -> None:
    asked: list[tuple[str, Any]] = []

    def remember(_: Any, __: Any, text: str, values: Any, *___: Any) -> None:
        if text.startswith("SELECT"):
            asked.append((text, values))

    engine = store._database.engine
    sa.event.listen(engine, "before_cursor_execute", remember)
    for scope in (OWNER, OTHERS[1]):
        for order in ([], [("created_at", False)], [("id", True)]):
            store.jobs.page(scope, 0, 20, order)
            for filters in (
                {},
                *({name: ["x"]} for name in ("status", "backend_id", "provider", "tag")),
                {"status": ["x", "y"], "tag": ["z"]},
            ):
                store.workloads.page(scope, 0, 20, order, filters)
    store.jobs.get("x")
    store.jobs.of_session("x")
    store.jobs.unfinished()
    store.jobs.times_seen("x")
    store.sessions.get("x")
    store.accounts.token("x")
    store.accounts.account_of("x")
    asyncio.run(store.jobs.result("x"))
    asyncio.run(store.jobs.input("x"))
    sa.event.remove(engine, "before_cursor_execute", remember)
    assert len(asked) > 40
    with engine.connect() as connection:
        for text, values in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
            scans = [row.detail for row in plan if row.detail.startswith("SCAN")]
            # What is scanned is what an index has found before.
            assert not [scan for scan in scans if "jobs" in scan or "sessions" in scan], text


def test_pages_are_sorted_by_an_index(store: Store) -> None:
    mine = "FROM jobs WHERE account = 'a' AND service_execution = ''"
    with store._database.engine.connect() as connection:
        for condition, order in (
            ("", "created_at DESC, number DESC"),
            ("", "created_at, number"),
            ("", "id"),
            ("AND status = 'FAILED'", "created_at DESC, number DESC"),
            ("AND backend_id = 'x'", "created_at DESC, number DESC"),
            ("AND provider = 'x'", "created_at DESC, number DESC"),
        ):
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN SELECT * {mine} {condition} ORDER BY {order} LIMIT 20"
            ).all()
            assert [row.detail for row in plan if "TEMP B-TREE" in row.detail] == []


def test_a_full_disk(tmp_path: Path) -> None:
    store = Store(None, tmp_path)
    kept = job()

    async def life() -> None:
        await store.jobs.add(kept, b"{}")
        connection = store._database._writer._connection
        assert connection is not None
        raw: Any = connection.connection.dbapi_connection
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.execute(f"PRAGMA max_page_count={pages}")
        refused = job()
        with pytest.raises(Unavailable, match=r"full.*nothing was stored") as caught:
            await store.jobs.add(refused, b"x" * 100_000)
        assert caught.value.status == 507
        assert store.jobs.get(refused.id) is None
        assert await store.jobs.input(refused.id) is None
        # What has happened is kept in memory until there is room, and nothing more is taken.
        ending = asyncio.ensure_future(finish(store, kept, Status.COMPLETED, b"y" * 100_000))
        with pytest.raises(Unavailable, match="under way, but not stored yet"):
            await store.patiently(ending)
        with pytest.raises(Unavailable, match="full"):
            await store.jobs.add(job(), b"")
        found = store.jobs.get(kept.id)
        assert found is not None
        assert found.status is Status.PENDING
        raw.execute("PRAGMA max_page_count=1000000")
        await asyncio.wait_for(ending, 10)
        assert await store.jobs.result(kept.id) == b"y" * 100_000
        await store.jobs.add(refused, b"x" * 100_000)

    asyncio.run(life())
    assert store.jobs.page(OWNER, 0, 20, []).total == 2
    store.close()


def test_another_layout_is_refused(tmp_path: Path) -> None:
    Store(None, tmp_path).close()
    with sqlite3.connect(tmp_path / "hub.sqlite") as connection:
        connection.execute("UPDATE hub SET layout = 0")
    with pytest.raises(
        CannotOpen, match=r"hub.sqlite was written .*layout 0.* another state folder"
    ):
        Store(None, tmp_path)


def test_tables_without_a_layout_are_refused_and_an_unfinished_start_is_finished(
    tmp_path: Path,
) -> None:
    with sqlite3.connect(tmp_path / "hub.sqlite") as connection:
        connection.execute("CREATE TABLE jobs (id TEXT)")
    with pytest.raises(CannotOpen, match="no layout version"):
        Store(None, tmp_path)
    with sqlite3.connect(tmp_path / "hub.sqlite") as connection:
        connection.execute("DROP TABLE jobs")
        connection.execute("CREATE TABLE hub (layout INTEGER NOT NULL, opened INTEGER NOT NULL)")
    store = Store(None, tmp_path)
    assert store.jobs.page(OWNER, 0, 20, []).total == 0
    store.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_text("no database at all\n" * 100)
    hub = HubProcess("--state", str(tmp_path))
    assert "hub.sqlite cannot be used" in hub.info["error"]
    assert hub.process.wait(10) == 1


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:top/secret@h/d", "mysql://u:secret@h/d", "secret", "postgresql://u:secret@h"],
)
def test_a_database_that_cannot_be_named_is_not_repeated(url: str, tmp_path: Path) -> None:
    hub = HubProcess("--state", str(tmp_path), "--database", url)
    assert "postgresql://USER@HOST:PORT/NAME" in hub.info["error"]
    assert "secret" not in hub.info["error"]
    assert hub.process.wait(10) == 1


def test_a_seeded_id_is_never_given_twice_though_a_job_could_not_be_stored() -> None:
    stored: list[str] = []
    ids = JobIds(7, lambda _: len(stored), stored.__contains__)
    first, lost, third = (ids.next("mark") for _ in range(3))
    stored += [first, third]
    again = JobIds(7, lambda _: len(stored), stored.__contains__)
    assert again.next("mark") not in (first, third)
    assert lost not in stored
