"""`FaultHub`: a Hub under a clock of its own that does to requests what was scripted or drawn."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import httpx

from shared_transport.steps import Answer, Failure, Outcome, run_steps
from tests.contract_check import check_request
from tests.fault_hub.faults import REFUSED, WORKS, Fault, ProcessKilled
from tests.fault_hub.resources import START, TOKEN_TAG, Asked, Resources, as_json
from tests.fault_hub.world import Entry, World


class FaultHub(Resources):
    """A simulated Hub.

    Args:
        world: How it behaves when nothing fails.
        seed: Of everything that is drawn.
        real_time: Run by the real clock, as behind a socket, instead of a virtual one that starts at 0.

    Attributes:
        jobs: All jobs there are, as they were accepted: the truth.
        sessions: Likewise all sessions.
        requests: Time and operation of each request that the client made.
        faults: Time, operation and fault of each request that something was done to.
    """

    def __init__(self, world: World | None = None, *, seed: int = 0, real_time: bool = False):
        super().__init__(world if world is not None else World(), seed)
        self.requests: list[tuple[float, str]] = []
        self.faults: list[tuple[float, str, Fault]] = []
        self._now = 0.0
        self._zero = time.monotonic() if real_time else None
        self._lock = threading.RLock()
        self._scripts: dict[str, deque[Fault]] = {}
        self._chaos: list[tuple[float, tuple[Fault, ...], frozenset[str] | None]] = []
        self._outages: list[tuple[float, float, Fault]] = []
        self._waiting: list[tuple[float, Callable[[], object]]] = []

    # --- time  ---

    def clock(self) -> float:
        """Seconds since the start: the client's monotonic clock."""
        return self._now if self._zero is None else time.monotonic() - self._zero

    def now(self) -> float:
        """The client's wall clock, in seconds since the epoch."""
        return START.timestamp() + self.clock()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if seconds < 0:
            raise ValueError(f"sleep({seconds})")
        if self._zero is not None:
            time.sleep(seconds)
        else:
            self._now += seconds

    def run(self, steps: Any) -> Any:
        """Run steps against this Hub, under its clock."""
        return run_steps(steps, lambda step: self.send(step.operation), self.sleep)

    # --- what shall happen  ---

    def script(self, operation: str, *faults: Fault | None) -> None:
        """The next requests of this operation meet these faults in turn; None lets one through."""
        waiting = self._scripts.setdefault(operation, deque())
        waiting.extend(fault if fault is not None else WORKS for fault in faults)

    def chaos(
        self, probability: float, faults: Sequence[Fault], operations: Sequence[str] | None = None
    ) -> None:
        """Each request (of these operations) meets one of these faults with this probability."""
        names = frozenset(operations) if operations is not None else None
        self._chaos.append((probability, tuple(faults), names))

    def outage(self, begin: float, end: float, fault: Fault = REFUSED) -> None:
        """From begin to end, by `clock`, every request meets this fault."""
        self._outages.append((begin, end, fault))

    def populate(
        self, count: int, *, token: str | None = None, age: float = 1000.0, every: float = 1.0
    ) -> list[Entry]:
        """Let there be jobs from before, the oldest `age` seconds old; with `token`, as our own are."""
        entries = []
        for number in range(count):
            tags = [f"{TOKEN_TAG}{token}-{number}"] if token is not None else ["another's"]
            body = {"backend_id": "aws.sim.sv1", "shots": 1, "input": {}, "tags": tags}
            entry = self._create("job", body)
            entry.created = entry.listed = entry.starts = self.clock() - age + number * every
            entry.ends = entry.created + 0.5
            entries.append(entry)
        return entries

    # --- the truth  ---

    def of_token(self, token: str, *, kind: str = "job", stopped: bool = False) -> list[Entry]:
        """What carries a token and was not stopped (or whatever became of it)."""
        entries = self.jobs if kind == "job" else self.sessions
        return [e for e in entries if e.token == token and (stopped or e.alive)]

    def duplicates(self, kind: str = "job") -> dict[str, list[Entry]]:
        """Tokens that more than one living job or session carries."""
        self._catch_up()
        entries = self.jobs if kind == "job" else self.sessions
        counted = Counter(entry.token for entry in entries if entry.token and entry.alive)
        return {token: self.of_token(token, kind=kind) for token, n in counted.items() if n > 1}

    def settle(self) -> None:
        """Let so much time pass that all that was accepted exists and is listed."""
        while True:
            self._catch_up()
            times = [when for when, _ in self._waiting]
            times += [entry.listed for entry in (*self.jobs, *self.sessions)]
            rest = max(times, default=0.0) - self.clock()
            if rest <= 0:
                return
            self.sleep(rest + 1e-6)

    def count(self, operation: str) -> int:
        """How often an operation was requested, whether it arrived or not."""
        return sum(name == operation for _, name in self.requests)

    # --- requests  ---

    def send(self, operation: Any) -> Outcome:
        """Do to an operation what is its fate.

        Raises:
            ProcessKilled: The client's process dies here.
            AssertionError: The request is none that the contract describes.
        """
        return self.handle(
            operation.method, operation.path, operation.params, operation.body, operation.name
        )

    def handle(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        body: bytes | None,
        name: str | None = None,
    ) -> Outcome:
        """The same for a request by its parts."""
        handler, called, identifier = _route(method, path)
        name = name or called
        if self.world.checks and handler is not None:
            headers = {"X-Auth-Token": "x"}
            if body is not None:
                headers["Content-Type"] = "application/json"
            check_request(method, path, params, headers, body, short_ids=True)
        with self._lock:
            latency = self.random.uniform(*self.world.latency)
            self.requests.append((self.clock(), name))
            fault = self._fate(name)
            if fault is not WORKS:
                self.faults.append((self.clock(), name, fault))
            if fault.lost is not None and not fault.sent:
                self.sleep(fault.seconds)
                return Failure(fault.lost, sent=False)
        self.sleep(latency / 2)
        with self._lock:
            self._catch_up()
            reply: Answer | None = None

            def execute() -> Answer:
                return self._execute(handler, identifier, dict(params), params, body)

            if fault.arrives and not fault.later:
                reply = execute()
            elif fault.arrives:
                when = self.clock() + fault.seconds + fault.later
                self._waiting.append((when, execute))
        self.sleep(latency / 2 + fault.seconds)
        if fault.kills:
            raise ProcessKilled(name)
        if fault.lost is not None:
            return Failure(fault.lost, sent=fault.sent)
        return self._reply(fault, reply)

    def _fate(self, name: str) -> Fault:
        for begin, end, fault in self._outages:
            if begin <= self.clock() < end:
                return fault
        if self._scripts.get(name):
            return self._scripts[name].popleft()
        for probability, faults, names in self._chaos:
            if (names is None or name in names) and self.random.random() < probability:
                return self.random.choice(faults)
        return WORKS

    def _reply(self, fault: Fault, reply: Answer | None) -> Answer:
        status = fault.status if fault.status is not None else 0
        if reply is None or fault.status is not None:
            body = fault.body
            if body is None:
                body = as_json({"detail": HTTPStatus(status).phrase}) if status >= 300 else b""
        else:
            status, body = reply.status, reply.content if fault.body is None else fault.body
            if fault.no_id and status < 300:
                body = as_json({k: v for k, v in json.loads(body).items() if k != "id"})
        return self._answer(status, body, fault.retry_after)

    def _answer(self, status: int, body: bytes, retry_after: str | None = None) -> Answer:
        headers = {"content-type": "application/json"}
        if self.world.date:
            headers["date"] = format_datetime(
                self._server_time(self.clock()).replace(microsecond=0), usegmt=True
            )
        if retry_after is not None:
            headers["retry-after"] = retry_after
        return Answer(status, httpx.Headers(headers), body)

    def _execute(
        self,
        handler: str | None,
        identifier: str,
        query: Mapping[str, str],
        params: Sequence[tuple[str, str]],
        body: bytes | None,
    ) -> Answer:
        if handler is None:
            return self._answer(404, as_json({"detail": "There is no such operation."}))
        asked = Asked(identifier, query, [v for k, v in params if k == "sort"], body)
        status, document = getattr(self, handler)(asked)
        return self._answer(status, b"" if document is None else as_json(document))

    def _catch_up(self) -> None:
        """Execute what came late, at its time."""
        due = sorted((w for w in self._waiting if w[0] <= self.clock()), key=lambda w: w[0])
        self._waiting = [w for w in self._waiting if w[0] > self.clock()]
        for when, execute in due:
            now = self._now
            self._now = when
            try:
                execute()
            finally:
                self._now = now


_ROUTES = (
    ("POST", r"/jobs", "_create_job", "createJob"),
    ("GET", r"/jobs", "_search_jobs", "searchJobs"),
    ("GET", r"/jobs/([^/]+)", "_get_job", "getJob"),
    ("DELETE", r"/jobs/([^/]+)", "_cancel_job", "cancelJob"),
    ("GET", r"/jobs/([^/]+)/status", "_get_job_status", "getJobStatus"),
    ("GET", r"/jobs/([^/]+)/result", "_get_job_result", "getJobResult"),
    ("GET", r"/jobs/([^/]+)/result-stream", "_get_job_result", "getJobResultStream"),
    ("GET", r"/jobs/([^/]+)/input", "_get_job_input", "getJobInput"),
    ("POST", r"/sessions", "_create_session", "createSession"),
    ("GET", r"/sessions/([^/]+)", "_get_session", "getSession"),
    ("PATCH", r"/sessions/([^/]+)", "_update_session", "updateSessionState"),
    ("DELETE", r"/sessions/([^/]+)", "_close_session", "closeSession"),
    ("GET", r"/sessions/([^/]+)/status", "_get_session_status", "getSessionStatus"),
    ("GET", r"/sessions/([^/]+)/jobs", "_get_session_jobs", "getSessionJobs"),
    ("GET", r"/workloads", "_get_workloads", "getWorkloads"),
)


def _route(method: str, path: str) -> tuple[str | None, str, str]:
    for verb, pattern, handler, name in _ROUTES:
        found = re.fullmatch(pattern, path) if verb == method else None
        if found:
            return handler, name, unquote(found[1]) if found.groups() else ""
    return None, f"{method} {path}", ""
