"""The text of a fault: which requests it means, what it says, what is wrong with it; and what it draws."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.types import Message, Receive, Scope, Send

from local_hub.faults.board import Faults
from local_hub.faults.middleware import FaultMiddleware
from local_hub.faults.operations import LOGIN, OPERATIONS, name_of
from local_hub.faults.spec import KINDS, Moment, parse_fault
from tests.quick.local_hub.hub_process import ROOT

CONTRACT = json.loads((ROOT / "tests/contract/contract.json").read_text(encoding="utf-8"))


def test_the_operations_are_those_of_the_contract() -> None:
    methods = ("get", "post", "put", "patch", "delete")
    expected = {
        item[method]["operationId"]: (method.upper(), path)
        for path, item in CONTRACT["paths"].items()
        for method in methods
        if method in item
    }
    assert set(OPERATIONS) == {*expected, LOGIN}
    for name, (method, template) in expected.items():
        path = template.replace("{", "").replace("}", "")
        assert name_of(method, path) == name
    assert name_of("POST", "/oauth/token") == LOGIN
    assert name_of("GET", "/nowhere") == "GET /nowhere"


@pytest.mark.parametrize(
    ("text", "method", "path", "expected"),
    [
        ("503", "GET", "/jobs", True),
        ("503:createJob", "POST", "/jobs", True),
        ("503:createJob", "GET", "/jobs", False),
        ("503:getJob,cancelJob", "DELETE", "/jobs/5", True),
        ("503:GET /jobs/*", "GET", "/jobs/5", True),
        ("503:GET /jobs/*", "GET", "/jobs/5/status", False),
        ("503:GET /quantum/jobs/{id}/status", "GET", "/jobs/5/status", True),
        ("503:/jobs/*", "DELETE", "/jobs/5", True),
        ("503:DELETE", "DELETE", "/sessions/5", True),
        ("503:DELETE", "GET", "/sessions/5", False),
        ("503:getBackend", "GET", "/backends/least-busy", False),
        ("503:getLeastBusyBackend", "GET", "/backends/least-busy", True),
        ("503:GET /jobs/*.x", "GET", "/jobs/5", False),
    ],
)
def test_which_requests_a_text_means(text: str, method: str, path: str, expected: bool) -> None:
    assert parse_fault(text).concerns(method, path) is expected


def test_what_a_text_says() -> None:
    fault = parse_fault("late-listing : seconds=0.5-2 : times=3 : skip=1 : probability=.5 : seed=9")
    assert (fault.kind, fault.moment, str(fault.requests[0])) == (
        "late-listing",
        Moment.NEW_JOB,
        "createJob",
    )
    assert (fault.times, fault.skip, fault.probability, fault.seed) == (3, 1, 0.5, 9)
    assert str(fault.seconds) == "0.5-2"
    assert [parse_fault(kind).retry_after for kind in ("429", "503", "503:retry-after=7")] == [
        1,
        None,
        7,
    ]
    for kind in KINDS:
        needs = kind in ("delay", "slow-queue", "late-listing")
        assert parse_fault(f"{kind}:seconds=1" if needs else kind).kind == kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no kind of fault: use"),
        ("reset-afer", "use reset-after"),
        ("418", "'418' is no kind of fault"),
        ("503:creatJob", "use createJob"),
        ("503:", "'' names no operation"),
        ("503:FETCH /jobs", "names no operation"),
        ("503:createJob:getJob", "'getJob' is no option"),
        ("503:chance=2", "'chance' is no option: use probability"),
        ("503:times=1:times=2", "times comes twice"),
        ("503:times=0", "times is '0': write a whole number of at least 1"),
        ("503:times=-1", "times is '-1'"),
        ("503:times=1.5", "times is '1.5'"),
        ("503:skip=x", "skip is 'x'"),
        ("503:probability=1.2", "probability is '1.2': write a number from 0 to 1"),
        ("503:probability=nan", "probability is 'nan'"),
        ("503:seconds=1", "503 takes no seconds"),
        ("delay", "delay needs a time: add seconds=2"),
        ("delay:seconds=2-1", "'2-1' is no time"),
        ("delay:seconds=inf", "'inf' is no time"),
        ("delay:seconds=-1", "'-1' is no time"),
        ("drop:retry-after=1", "drop has no answer"),
        ("slow-queue:getJob:seconds=1", "slow-queue strikes new jobs only: leave getJob out"),
    ],
)
def test_a_wrong_text_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="cannot be read") as caught:
        parse_fault(text)
    assert words in str(caught.value)


def test_what_is_drawn_follows_from_the_seed() -> None:
    def drawn(seed: int | None, text: str = "503:probability=0.5") -> list[bool]:
        faults = Faults([parse_fault(text)], seed=seed)
        return [faults.strike("GET", "/jobs", Moment.BEFORE) is not None for _ in range(200)]

    first = drawn(7)
    assert first == drawn(7) != drawn(8)
    assert drawn(None) == drawn(0)
    assert drawn(7, "503:probability=0.5:seed=3") == drawn(8, "503:probability=0.5:seed=3")
    # 200 throws of a fair coin: 60 to 140 heads but for one run in a hundred million.
    assert 60 <= sum(first) <= 140
    assert not any(drawn(7, "503:probability=0"))
    assert all(drawn(7, "503:probability=1"))


def test_without_faults_a_request_passes_untouched() -> None:
    """The same callables go on: the way without faults has no wrapper in it."""
    passed: list[tuple[Scope, Receive, Send]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append((scope, receive, send))

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    faults = Faults([parse_fault("503:createJob:times=1")])
    middleware = FaultMiddleware(app, faults, "/quantum")
    admin = {"type": "http", "method": "POST", "path": "/quantum/admin/faults"}
    console = {"type": "http", "method": "GET", "path": "/"}
    for scope in (admin, console):
        asyncio.run(middleware(scope, receive, send))
    assert faults.strike("POST", "/jobs", Moment.BEFORE) is not None
    assert faults.idle
    api = {"type": "http", "method": "POST", "path": "/quantum/jobs"}
    asyncio.run(middleware(api, receive, send))
    assert [entry[0] for entry in passed] == [admin, console, api]
    assert all(entry[1] is receive and entry[2] is send for entry in passed)
