"""Creating jobs and sessions, as steps: exactly once, or an error that says that nobody knows.

Each submission carries a token: a job among its tags, a session in its metadata. It is noted in the journal
before the request. Whether a request arrived is in doubt after a time-out, a lost connection, 502, 503, 504, or
an answer without an id; a refused connection and 429 are no doubt. In doubt, the newest entries of the Hub's
list are read for the token, again and again over the settle time:

- found: that is the job;
- not found, and this Hub is known to give tags back: it is sent again, with the same token;
- not found, and nobody knows whether this Hub gives tags back: `SubmissionUncertainError`.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from . import operations
from .answers import error_of, request_id_of, words_of
from .errors import (
    HubError,
    RateLimitError,
    ServerError,
    SubmissionUncertainError,
    TransportError,
)
from .journal import Journal
from .listing import NEWEST_FIRST, PAGE_SIZE, scan
from .models import Job, Page, Session, Workload
from .requests import JobRequest, SessionRequest
from .retry import RetryPolicy, with_retries
from .steps import Answer, Failure, Operation, Outcome, Send, Sleep, Steps
from .tags import TOKEN_PREFIX, token_tag

__all__ = ["TOKEN_KEY", "Submitter"]

_log = logging.getLogger(__name__)
T = TypeVar("T", Job, Session)
E = TypeVar("E")

TOKEN_KEY = "qhub_token"  # noqa: S105 - the name under which a session's metadata hold the token
MOST_PAGES = 50
# The Hub's times are whole seconds, and the Date of its answers may be one older than they are.
CLOCK_SLACK = timedelta(seconds=5)


@dataclass
class Submitter:
    """Creates jobs and sessions on one Hub, and remembers what it learned of it.

    Attributes:
        policy: How patiently requests are repeated.
        journal: Where submissions are noted.
        settle_time: Seconds in which what was accepted appears in the Hub's lists.
        hub: The Hub's address, for the journal.
        echoes_tags: True once the Hub gave a token back in a list or an answer.
    """

    policy: RetryPolicy
    journal: Journal
    settle_time: float = 10.0
    hub: str = ""
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    echoes_tags: bool = field(default=False)

    def job(self, request: JobRequest, token: str | None = None) -> Steps[Job]:
        """Create a job.

        Args:
            request: The job.
            token: A token of the caller's own: the same token never creates a second job, in whatever
                process. By default a fresh one.

        Returns:
            The job; its id is there.

        Raises:
            SubmissionUncertainError: Nobody knows whether the job exists; the error has the token.
            HubError: The job does not exist.
        """
        kind = _Jobs(request, token or _fresh(), self)
        return self._submit(kind, given=token is not None)

    def session(self, request: SessionRequest, token: str | None = None) -> Steps[Session]:
        """Create a session. Arguments and errors as for `job`."""
        kind = _Sessions(request, token or _fresh(), self)
        return self._submit(kind, given=token is not None)

    def _submit(self, kind: _Kind[T, Any], *, given: bool) -> Steps[T]:
        token = kind.token
        started = self.clock()
        if given:
            known = yield from self._of_an_earlier_run(kind)
            if known is not None:
                return known
        attempt = 0
        in_doubt = False
        while True:
            attempt += 1
            self.journal.sending(token, kind=kind.name, backend_id=kind.backend_id, hub=self.hub)
            sent = self.clock()
            outcome: Outcome = yield Send(kind.create)
            created = kind.read(outcome)
            if created is not None:
                self._note(kind, created)
                if in_doubt:
                    created = yield from self._the_only_one(kind, created)
                return created
            reason = _doubt(outcome)
            if reason is not None:
                in_doubt = True
                found = yield from self._look_up(kind, sent, reason, outcome)
                if found is not None:
                    return found
                if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
                    outcome = Failure(reason, sent=True)  # something answered in the Hub's place
            wait = self.policy.delay(
                attempt,
                outcome,
                # The look-up has settled it: what is not there did not arrive.
                repeatable=reason is not None,
                elapsed=self.clock() - started,
                jitter=self.jitter(),
            )
            if wait is None:
                raise error_of(kind.create, outcome)
            yield Sleep(wait)

    def _of_an_earlier_run(self, kind: _Kind[T, Any]) -> Steps[T | None]:
        """What the same token created before, in this process or another."""
        token = kind.token
        if identifier := self.journal.id_of(token):
            return (yield from with_retries(kind.get(identifier), self.policy, clock=self.clock))
        before = self.journal.first_sent(token)
        if before is not None:
            rest = before + self.settle_time - self.now()
        else:
            # Never sent from here. Without a journal nobody knows, so the settle time is waited for.
            rest = self.settle_time if self.journal.path is None else 0.0
        deadline = self.clock() + max(0.0, rest)
        found = yield from self._search(kind, None, deadline)
        if found is None and before is not None and not self.echoes_tags:
            raise self._uncertain(kind, "it was sent by an earlier run", None)
        return found

    def _look_up(
        self, kind: _Kind[T, Any], sent: float, reason: str, outcome: Outcome
    ) -> Steps[T | None]:
        """Find what may have been created. None: it was certainly not."""
        _log.warning("the answer to a new %s was lost (%s): looking for it", kind.name, reason)
        problem = reason
        try:
            found = yield from self._search(kind, sent, self.clock() + self.settle_time)
        except SubmissionUncertainError:
            raise
        except HubError as error:
            problem = f"{reason}; its list cannot be read: {error.message}"
        else:
            if found is not None or self.echoes_tags:
                return found
        raise self._uncertain(kind, problem, outcome)

    def _search(self, kind: _Kind[T, Any], sent: float | None, deadline: float) -> Steps[T | None]:
        """Look through the newest entries, again and again until the deadline."""
        pause = 0.25
        give_up = max(deadline, self.clock() + self.policy.deadline)
        while True:
            found: list[T] = []
            complete, problem = False, ""
            began = self.clock()
            try:
                complete = yield from kind.scan(sent, found)
            except (TransportError, ServerError, RateLimitError) as error:
                problem = error.message
            if found:
                best = yield from self._keep_the_oldest(kind, found)
                self._note(kind, best)
                _log.warning("the %s %s is there: adopted", kind.name, best.id)
                return best
            now = self.clock()
            # A look that began earlier may have missed what was listed since.
            if began >= deadline and not problem:
                if complete:
                    return None
                problem = f"it is not among the newest entries of {MOST_PAGES} pages"
                give_up = now
            if now >= give_up:
                raise self._uncertain(kind, problem, None)
            # After the deadline one whole look is still owed, however long the Hub is out of reach.
            yield Sleep(min(pause, deadline - now) if now < deadline else pause)
            pause = min(2.0, pause * 2)

    def _the_only_one(self, kind: _Kind[T, Any], created: T) -> Steps[T]:
        """After a second sending: if the first one has appeared meanwhile, the younger is cancelled."""
        found: list[T] = []
        try:
            yield from kind.scan(None, found)
        except HubError as problem:
            _log.warning("whether %s is there twice could not be checked: %s", created.id, problem)
            return created
        if all(entry.id == created.id for entry in found):
            return created
        found = [entry for entry in found if entry.id != created.id]
        found.append(created)
        return (yield from self._keep_the_oldest(kind, found))

    def _keep_the_oldest(self, kind: _Kind[T, Any], found: Sequence[T]) -> Steps[T]:
        latest = datetime.max.replace(tzinfo=UTC)
        oldest, *younger = sorted(found, key=lambda entry: (entry.created_at or latest, entry.id))
        for entry in younger:
            _log.warning(
                "the %s %s was created twice: the younger one, %s, is cancelled",
                kind.name,
                oldest.id,
                entry.id,
            )
            yield from with_retries(kind.cancel(entry.id), self.policy, clock=self.clock)
        return oldest

    def _note(self, kind: _Kind[T, Any], created: T) -> None:
        self.journal.created(kind.token, created.id)
        _log.info("%s %s created on %s", kind.name, created.id, kind.backend_id)
        if kind.is_marked(created):
            self.echoes_tags = True

    def _uncertain(
        self, kind: _Kind[Any, Any], reason: str, outcome: Outcome | None
    ) -> SubmissionUncertainError:
        answer = outcome if isinstance(outcome, Answer) else None
        return SubmissionUncertainError(
            f"A {kind.name} was sent to {kind.backend_id} and its answer was lost ({reason}): "
            "it may exist, so it was not sent again.",
            token=kind.token,
            hint=f"If it exists, it carries {kind.mark}: look among your newest before you send it again, "
            "or submit it with this token.",
            operation=kind.create.name,
            status=answer.status if answer else None,
            request_id=request_id_of(answer) if answer else None,
        )


class _Kind(ABC, Generic[T, E]):
    """What there is to know of jobs or of sessions to create them exactly once."""

    name: str
    mark: str

    def __init__(self, backend_id: str, token: str, submitter: Submitter) -> None:
        self.backend_id = backend_id
        self.token = token
        self.submitter = submitter

    create: Operation[T]

    @abstractmethod
    def get(self, identifier: str) -> Operation[T]: ...

    @abstractmethod
    def cancel(self, identifier: str) -> Operation[Any]: ...

    @abstractmethod
    def page(self, number: int) -> Operation[Page[E]]: ...

    @abstractmethod
    def is_marked(self, created: T) -> bool:
        """Whether it carries any token of ours: then this Hub gives tokens back."""

    @abstractmethod
    def pick(self, candidates: Sequence[E]) -> Steps[list[T]]:
        """Those among the listed entries that carry the token."""

    def read(self, outcome: Outcome) -> T | None:
        """What an answer says was created, or None."""
        if not isinstance(outcome, Answer) or not 200 <= outcome.status < 300:
            return None
        try:
            created = self.create.read(outcome)
        except HubError:
            return None
        return created if created.id else None

    def scan(self, sent: float | None, found: list[T]) -> Steps[bool]:
        """Read the list from its newest end, back to just before `sent`, and collect what carries the token.

        Returns:
            Whether all of it was read.
        """
        candidates: list[E] = []
        clock = self.submitter.clock

        def visit(entries: Sequence[E], answer: Answer) -> bool:
            candidates.extend(entries)
            return False

        def too_old(when: datetime, answer: Answer) -> bool:
            hub_time = _hub_time(answer)
            if sent is None or hub_time is None:
                return False
            return when < hub_time - timedelta(seconds=clock() - sent) - CLOCK_SLACK

        complete = yield from scan(self.page, visit, most_pages=MOST_PAGES, too_old=too_old)
        found.extend((yield from self.pick(candidates)))
        return complete


class _Jobs(_Kind[Job, Job]):
    name = "job"

    def __init__(self, request: JobRequest, token: str, submitter: Submitter) -> None:
        super().__init__(request.backend_id, token, submitter)
        tagged = request.model_copy(update={"tags": (*request.tags, token_tag(token))})
        self.create = operations.create_job(tagged)
        self.mark = f"the tag {token_tag(token)!r}"

    def get(self, identifier: str) -> Operation[Job]:
        return operations.get_job(identifier)

    def cancel(self, identifier: str) -> Operation[None]:
        return operations.cancel_job(identifier)

    def page(self, number: int) -> Operation[Page[Job]]:
        return operations.search_jobs(number, PAGE_SIZE, NEWEST_FIRST)

    def is_marked(self, created: Job) -> bool:
        return any(tag.startswith(TOKEN_PREFIX) for tag in created.tags)

    def pick(self, candidates: Sequence[Job]) -> Steps[list[Job]]:
        yield from ()
        if any(map(self.is_marked, candidates)):
            self.submitter.echoes_tags = True
        tag = token_tag(self.token)
        return list({job.id: job for job in candidates if tag in job.tags}.values())


class _Sessions(_Kind[Session, Workload]):
    name = "session"

    def __init__(self, request: SessionRequest, token: str, submitter: Submitter) -> None:
        super().__init__(request.backend_id, token, submitter)
        metadata = {**(request.metadata or {}), TOKEN_KEY: token}
        self.create = operations.create_session(request.model_copy(update={"metadata": metadata}))
        self.mark = f"{TOKEN_KEY} {token!r} in its metadata"
        self._others: set[str | None] = set()

    def get(self, identifier: str) -> Operation[Session]:
        return operations.get_session(identifier)

    def cancel(self, identifier: str) -> Operation[None]:
        return operations.close_session(identifier)

    def page(self, number: int) -> Operation[Page[Workload]]:
        return operations.get_workloads(number, PAGE_SIZE, NEWEST_FIRST)

    def is_marked(self, created: Session) -> bool:
        return TOKEN_KEY in (created.metadata or {})

    def pick(self, candidates: Sequence[Workload]) -> Steps[list[Session]]:
        """Workloads have no metadata: each session on the backend is asked for its own."""
        ours = []
        seen = set(self._others)
        for workload in candidates:
            elsewhere = workload.backend_id not in (None, self.backend_id)
            if workload.type == "JOB" or elsewhere or workload.id in seen:
                continue
            seen.add(workload.id)
            session = yield from with_retries(
                self.get(workload.id), self.submitter.policy, clock=self.submitter.clock
            )
            if session.id != workload.id:
                raise ServerError(
                    f"The Hub's answer about session {workload.id} is about something else.",
                    operation="getSession",
                )
            if self.is_marked(session):
                self.submitter.echoes_tags = True
            if (session.metadata or {}).get(TOKEN_KEY) == self.token:
                ours.append(session)
            else:
                self._others.add(session.id)
        return ours


def _fresh() -> str:
    return uuid.uuid4().hex


def _doubt(outcome: Outcome) -> str | None:
    """Why nobody knows whether a request arrived, or None where it certainly did not."""
    if isinstance(outcome, Failure):
        return outcome.reason if outcome.sent else None
    if 200 <= outcome.status < 300:
        return "its answer has no id"
    if outcome.status in (408, 502, 503, 504):
        return words_of(outcome) or f"HTTP {outcome.status}"
    return None


def _hub_time(answer: Answer) -> datetime | None:
    """The Hub's clock, by the Date of its answer."""
    try:
        when = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when
